//go:build cgo && !purego

/* Byte shuffle (HDF5 filter 2, blosc) and the bit transposition of bitshuffle.
 * x86-64 uses SSE2, which every such processor has; elsewhere the plain loops are left
 * to the compiler's vectoriser. */
#include "shuffle_cgo.h"
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#define LOAD(p) _mm_loadu_si128((const __m128i *)(p))
#define STORE(p, v) _mm_storeu_si128((__m128i *)(p), v)
#endif

/* Plain loops with a constant element size, for the tail and for other processors. */
#define PLAIN(SIZE) \
	static void shuffle_plain##SIZE(uint8_t *restrict dst, const uint8_t *restrict src, size_t n, size_t from) { \
		for (size_t b = 0; b < SIZE; b++) \
			for (size_t i = from; i < n; i++) dst[b * n + i] = src[i * SIZE + b]; \
	} \
	static void unshuffle_plain##SIZE(uint8_t *restrict dst, const uint8_t *restrict src, size_t n, size_t from) { \
		for (size_t i = from; i < n; i++) \
			for (size_t b = 0; b < SIZE; b++) dst[i * SIZE + b] = src[b * n + i]; \
	}
PLAIN(2)
PLAIN(4)
PLAIN(8)

static void shuffle_any(uint8_t *restrict dst, const uint8_t *restrict src, size_t n, size_t size) {
	for (size_t b = 0; b < size; b++)
		for (size_t i = 0; i < n; i++) dst[b * n + i] = src[i * size + b];
}

static void unshuffle_any(uint8_t *restrict dst, const uint8_t *restrict src, size_t n, size_t size) {
	for (size_t b = 0; b < size; b++)
		for (size_t i = 0; i < n; i++) dst[i * size + b] = src[b * n + i];
}

#ifdef __SSE2__
/* unzip splits 32 bytes into the 16 at even and the 16 at odd places. */
static inline void unzip(__m128i *even, __m128i *odd, __m128i a, __m128i b) {
	const __m128i low = _mm_set1_epi16(0x00ff);
	*even = _mm_packus_epi16(_mm_and_si128(a, low), _mm_and_si128(b, low));
	*odd = _mm_packus_epi16(_mm_srli_epi16(a, 8), _mm_srli_epi16(b, 8));
}

static size_t shuffle_sse2(uint8_t *dst, const uint8_t *src, size_t n, size_t size) {
	size_t i = 0;
	if (size == 2) {
		for (; i + 16 <= n; i += 16) {
			__m128i p0, p1;
			unzip(&p0, &p1, LOAD(src + 2 * i), LOAD(src + 2 * i + 16));
			STORE(dst + i, p0);
			STORE(dst + n + i, p1);
		}
	} else if (size == 4) {
		for (; i + 16 <= n; i += 16) {
			const uint8_t *p = src + 4 * i;
			__m128i e0, o0, e1, o1, p0, p1, p2, p3;
			unzip(&e0, &o0, LOAD(p), LOAD(p + 16));
			unzip(&e1, &o1, LOAD(p + 32), LOAD(p + 48));
			unzip(&p0, &p2, e0, e1);
			unzip(&p1, &p3, o0, o1);
			STORE(dst + i, p0);
			STORE(dst + n + i, p1);
			STORE(dst + 2 * n + i, p2);
			STORE(dst + 3 * n + i, p3);
		}
	} else { /* 8 */
		for (; i + 16 <= n; i += 16) {
			const uint8_t *p = src + 8 * i;
			__m128i e[4], o[4], q[8], r[8];
			for (int k = 0; k < 4; k++) unzip(&e[k], &o[k], LOAD(p + 32 * k), LOAD(p + 32 * k + 16));
			unzip(&q[0], &q[1], e[0], e[1]); /* bytes 0,4 and 2,6 of elements 0-7 */
			unzip(&q[2], &q[3], e[2], e[3]);
			unzip(&q[4], &q[5], o[0], o[1]); /* bytes 1,5 and 3,7 */
			unzip(&q[6], &q[7], o[2], o[3]);
			unzip(&r[0], &r[4], q[0], q[2]);
			unzip(&r[2], &r[6], q[1], q[3]);
			unzip(&r[1], &r[5], q[4], q[6]);
			unzip(&r[3], &r[7], q[5], q[7]);
			for (int b = 0; b < 8; b++) STORE(dst + b * n + i, r[b]);
		}
	}
	return i;
}

static size_t unshuffle_sse2(uint8_t *dst, const uint8_t *src, size_t n, size_t size) {
	size_t i = 0;
	if (size == 2) {
		for (; i + 16 <= n; i += 16) {
			__m128i a = LOAD(src + i), b = LOAD(src + n + i);
			STORE(dst + 2 * i, _mm_unpacklo_epi8(a, b));
			STORE(dst + 2 * i + 16, _mm_unpackhi_epi8(a, b));
		}
	} else if (size == 4) {
		for (; i + 16 <= n; i += 16) {
			uint8_t *p = dst + 4 * i;
			__m128i a = LOAD(src + i), b = LOAD(src + n + i), c = LOAD(src + 2 * n + i), d = LOAD(src + 3 * n + i);
			__m128i ab0 = _mm_unpacklo_epi8(a, b), ab1 = _mm_unpackhi_epi8(a, b);
			__m128i cd0 = _mm_unpacklo_epi8(c, d), cd1 = _mm_unpackhi_epi8(c, d);
			STORE(p, _mm_unpacklo_epi16(ab0, cd0));
			STORE(p + 16, _mm_unpackhi_epi16(ab0, cd0));
			STORE(p + 32, _mm_unpacklo_epi16(ab1, cd1));
			STORE(p + 48, _mm_unpackhi_epi16(ab1, cd1));
		}
	} else { /* 8 */
		for (; i + 16 <= n; i += 16) {
			uint8_t *p = dst + 8 * i;
			__m128i two[8], four[8]; /* bytes (0,1) (2,3) (4,5) (6,7), then (0..3) (4..7) */
			for (int k = 0; k < 4; k++) {
				__m128i a = LOAD(src + 2 * k * n + i), b = LOAD(src + (2 * k + 1) * n + i);
				two[2 * k] = _mm_unpacklo_epi8(a, b);
				two[2 * k + 1] = _mm_unpackhi_epi8(a, b);
			}
			for (int k = 0; k < 2; k++)
				for (int h = 0; h < 2; h++) {
					four[4 * k + 2 * h] = _mm_unpacklo_epi16(two[4 * k + h], two[4 * k + 2 + h]);
					four[4 * k + 2 * h + 1] = _mm_unpackhi_epi16(two[4 * k + h], two[4 * k + 2 + h]);
				}
			for (int h = 0; h < 4; h++) {
				STORE(p + 32 * h, _mm_unpacklo_epi32(four[h], four[4 + h]));
				STORE(p + 32 * h + 16, _mm_unpackhi_epi32(four[h], four[4 + h]));
			}
		}
	}
	return i;
}
#else
static size_t shuffle_sse2(uint8_t *dst, const uint8_t *src, size_t n, size_t size) { return 0; }
static size_t unshuffle_sse2(uint8_t *dst, const uint8_t *src, size_t n, size_t size) { return 0; }
#endif

void codec_shuffle(uint8_t *dst, const uint8_t *src, size_t n, size_t size) {
	switch (size) {
	case 2: shuffle_plain2(dst, src, n, shuffle_sse2(dst, src, n, 2)); return;
	case 4: shuffle_plain4(dst, src, n, shuffle_sse2(dst, src, n, 4)); return;
	case 8: shuffle_plain8(dst, src, n, shuffle_sse2(dst, src, n, 8)); return;
	}
	shuffle_any(dst, src, n, size);
}

void codec_unshuffle(uint8_t *dst, const uint8_t *src, size_t n, size_t size) {
	switch (size) {
	case 2: unshuffle_plain2(dst, src, n, unshuffle_sse2(dst, src, n, 2)); return;
	case 4: unshuffle_plain4(dst, src, n, unshuffle_sse2(dst, src, n, 4)); return;
	case 8: unshuffle_plain8(dst, src, n, unshuffle_sse2(dst, src, n, 8)); return;
	}
	unshuffle_any(dst, src, n, size);
}

/* transpose8 exchanges rows and columns of an 8x8 bit matrix, one row a byte (byte 0 =
 * row 0, bit 0 = column 0): three rounds of exchanging 1, 2 and 4 bit squares. */
static inline uint64_t transpose8(uint64_t x) {
	uint64_t t;
	t = (x ^ (x >> 7)) & 0x00aa00aa00aa00aaULL;
	x ^= t ^ (t << 7);
	t = (x ^ (x >> 14)) & 0x0000cccc0000ccccULL;
	x ^= t ^ (t << 14);
	t = (x ^ (x >> 28)) & 0x00000000f0f0f0f0ULL;
	return x ^ t ^ (t << 28);
}

static inline uint64_t load64(const uint8_t *p) {
	uint64_t x = 0;
	for (int k = 0; k < 8; k++) x |= (uint64_t)p[k] << (8 * k);
	return x;
}

static void bit_rows_plain(uint8_t *dst, const uint8_t *src, size_t n, size_t from) {
	for (size_t g = from; g < n / 8; g++) {
		uint64_t x = transpose8(load64(src + 8 * g));
		for (int k = 0; k < 8; k++) dst[k * (n / 8) + g] = (uint8_t)(x >> (8 * k));
	}
}

static void bit_planes_plain(uint8_t *dst, const uint8_t *src, size_t n, size_t from) {
	for (size_t g = from; g < n / 8; g++) {
		uint64_t x = 0;
		for (int k = 0; k < 8; k++) x |= (uint64_t)src[k * (n / 8) + g] << (8 * k);
		x = transpose8(x);
		for (int k = 0; k < 8; k++) dst[8 * g + k] = (uint8_t)(x >> (8 * k));
	}
}

#ifdef __SSE2__
static inline __m128i exchange(__m128i x, __m128i mask, int shift) {
	__m128i t = _mm_and_si128(_mm_xor_si128(x, _mm_srli_epi64(x, shift)), mask);
	return _mm_xor_si128(_mm_xor_si128(x, t), _mm_slli_epi64(t, shift));
}

/* transpose8 of two matrices */
static inline __m128i transpose8x2(__m128i x) {
	x = exchange(x, _mm_set1_epi64x(0x00aa00aa00aa00aaLL), 7);
	x = exchange(x, _mm_set1_epi64x(0x0000cccc0000ccccLL), 14);
	return exchange(x, _mm_set1_epi64x(0x00000000f0f0f0f0LL), 28);
}

/* 16 bytes of each of 8 rows: 8 registers, register j holding in its two halves the
 * 8 row bytes of groups 2j and 2j+1. */
static inline void gather(__m128i m[8], const uint8_t *src, size_t stride) {
	__m128i a[8], b[8];
	for (int k = 0; k < 4; k++) {
		__m128i p = LOAD(src + 2 * k * stride), q = LOAD(src + (2 * k + 1) * stride);
		a[k] = _mm_unpacklo_epi8(p, q);
		a[4 + k] = _mm_unpackhi_epi8(p, q);
	}
	for (int h = 0; h < 2; h++)
		for (int k = 0; k < 2; k++) {
			b[4 * h + k] = _mm_unpacklo_epi16(a[4 * h + 2 * k], a[4 * h + 2 * k + 1]);
			b[4 * h + 2 + k] = _mm_unpackhi_epi16(a[4 * h + 2 * k], a[4 * h + 2 * k + 1]);
		}
	for (int j = 0; j < 4; j++) {
		m[2 * j] = _mm_unpacklo_epi32(b[2 * j], b[2 * j + 1]);
		m[2 * j + 1] = _mm_unpackhi_epi32(b[2 * j], b[2 * j + 1]);
	}
}

static size_t bit_planes_sse2(uint8_t *dst, const uint8_t *src, size_t n) {
	size_t g = 0;
	for (; g + 16 <= n / 8; g += 16) {
		__m128i m[8];
		gather(m, src + g, n / 8);
		for (int j = 0; j < 8; j++) STORE(dst + 8 * g + 16 * j, transpose8x2(m[j]));
	}
	return g;
}

/* movemask takes the top bit of 16 bytes: doubling walks through the bits. */
static size_t bit_rows_sse2(uint8_t *dst, const uint8_t *src, size_t n) {
	size_t g = 0;
	for (; g + 2 <= n / 8; g += 2) {
		__m128i x = LOAD(src + 8 * g);
		for (int k = 7; k >= 0; k--) {
			uint16_t bits = (uint16_t)_mm_movemask_epi8(x);
			memcpy(dst + k * (n / 8) + g, &bits, 2);
			x = _mm_add_epi8(x, x);
		}
	}
	return g;
}
#else
static size_t bit_planes_sse2(uint8_t *dst, const uint8_t *src, size_t n) { return 0; }
static size_t bit_rows_sse2(uint8_t *dst, const uint8_t *src, size_t n) { return 0; }
#endif

void codec_bit_rows(uint8_t *dst, const uint8_t *src, size_t n, size_t planes) {
	for (size_t b = 0; b < planes; b++, dst += n, src += n) bit_rows_plain(dst, src, n, bit_rows_sse2(dst, src, n));
}

void codec_bit_planes(uint8_t *dst, const uint8_t *src, size_t n, size_t planes) {
	for (size_t b = 0; b < planes; b++, dst += n, src += n) bit_planes_plain(dst, src, n, bit_planes_sse2(dst, src, n));
}
