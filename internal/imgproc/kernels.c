//go:build cgo && !purego

#include "kernels.h"

/* The results must be those of the Go loops to the last bit: no loop may add to a product, since
 * compilers make a fused multiply-add of that on some processors. */

/* On x86-64 each kernel is there twice, for processors with and without AVX2, and chosen when the
 * program starts. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define KERNEL __attribute__((target_clones("avx2", "default")))
#else
#define KERNEL
#endif

/* Each integer type, and the type in which its differences wrap around as they do in Go. */
#define EACH_INTEGER(DO) \
	DO(PIX_U8, uint8_t, uint8_t) DO(PIX_U16, uint16_t, uint16_t) DO(PIX_U32, uint32_t, uint32_t) DO(PIX_U64, uint64_t, uint64_t) \
	DO(PIX_I8, int8_t, uint8_t) DO(PIX_I16, int16_t, uint16_t) DO(PIX_I32, int32_t, uint32_t) DO(PIX_I64, int64_t, uint64_t)
#define EACH_FLOAT(DO) DO(PIX_F32, float, float) DO(PIX_F64, double, double)

/* clamp is 0 below 0 and keeps NaN. */
static inline float clamp(float f) { return f < 0 ? 0 : f; }

#define FUSED(CODE, T) \
	case CODE: { \
		const T *restrict p = src; \
		if (dark && flat) \
			for (size_t i = 0; i < n; i++) dst[i] = clamp((float)p[i] - dark[i]) / flat[i] * scale; \
		else if (flat) \
			for (size_t i = 0; i < n; i++) dst[i] = (float)p[i] / flat[i] * scale; \
		else if (dark) \
			for (size_t i = 0; i < n; i++) dst[i] = clamp((float)p[i] - dark[i]) * scale; \
		else \
			for (size_t i = 0; i < n; i++) dst[i] = (float)p[i] * scale; \
		return; \
	}

KERNEL void imgproc_fused(int type, float *restrict dst, const void *src, const float *restrict dark, const float *restrict flat, float scale, size_t n) {
	switch (type) {
		FUSED(PIX_U8, uint8_t)
		FUSED(PIX_U16, uint16_t)
		FUSED(PIX_I8, int8_t)
		FUSED(PIX_I16, int16_t)
		FUSED(PIX_F32, float)
	}
}

/* Frames may be corrected in place, so dst and src are not restrict; element i is only ever made
 * of elements i. */
#define SUBTRACT(CODE, T, WRAP) \
	case CODE: { \
		T *q = dst; \
		const T *p = src, *d = dark; \
		_Pragma("GCC ivdep") \
		for (size_t i = 0; i < n; i++) { \
			T v = (T)((WRAP)p[i] - (WRAP)d[i]); \
			q[i] = p[i] < d[i] ? 0 : v; \
		} \
		return; \
	}

/* The difference of two floats is below 0 just where one is below the other; asked in this way,
 * compilers make no branch of it. */
#define SUBTRACT_FLOAT(CODE, T, WRAP) \
	case CODE: { \
		T *q = dst; \
		const T *p = src, *d = dark; \
		_Pragma("GCC ivdep") \
		for (size_t i = 0; i < n; i++) { \
			T v = p[i] - d[i]; \
			q[i] = v < 0 ? 0 : v; \
		} \
		return; \
	}

KERNEL void imgproc_subtract(int type, void *dst, const void *src, const void *dark, size_t n) {
	switch (type) { EACH_INTEGER(SUBTRACT) EACH_FLOAT(SUBTRACT_FLOAT) }
}

#define CONVERT(CODE, T, WRAP) \
	case CODE: { \
		const T *restrict p = src; \
		for (size_t i = 0; i < n; i++) dst[i] = p[i]; \
		return; \
	}

KERNEL void imgproc_to_f32(int type, float *restrict dst, const void *src, size_t n) {
	switch (type) { EACH_INTEGER(CONVERT) EACH_FLOAT(CONVERT) }
}

KERNEL void imgproc_to_f64(int type, double *restrict dst, const void *src, size_t n) {
	switch (type) { EACH_INTEGER(CONVERT) EACH_FLOAT(CONVERT) }
}

#define REBIN(CODE, T, O) \
	case CODE: \
		for (size_t r = 0; r < rows; r++) { \
			const T *restrict up = (const T *)src + 4 * r * cols, *restrict lo = up + 2 * cols; \
			O *restrict q = (O *)dst + r * cols; \
			for (size_t c = 0; c < cols; c++) \
				q[c] = (O)(((double)up[2 * c] + (double)up[2 * c + 1] + (double)lo[2 * c] + (double)lo[2 * c + 1]) * 0.25); \
		} \
		return;
#define REBIN_F64(CODE, T) REBIN(CODE, T, double)

KERNEL void imgproc_rebin2(int type, void *dst, const void *src, size_t rows, size_t cols) {
	switch (type) {
		REBIN_F64(PIX_U8, uint8_t)
		REBIN_F64(PIX_U16, uint16_t)
		REBIN_F64(PIX_U32, uint32_t)
		REBIN_F64(PIX_U64, uint64_t)
		REBIN_F64(PIX_I8, int8_t)
		REBIN_F64(PIX_I16, int16_t)
		REBIN_F64(PIX_I32, int32_t)
		REBIN_F64(PIX_I64, int64_t)
		REBIN(PIX_F32, float, float)
		REBIN_F64(PIX_F64, double)
	}
}

KERNEL void imgproc_divide(int type, double *restrict p, const void *flat, size_t n) {
	if (type == PIX_F32) {
		const float *restrict f = flat;
		for (size_t i = 0; i < n; i++) p[i] /= (double)f[i];
	} else {
		const double *restrict f = flat;
		for (size_t i = 0; i < n; i++) p[i] /= f[i];
	}
}

KERNEL void imgproc_scale(double *p, double value, double mean, size_t n) {
	for (size_t i = 0; i < n; i++) p[i] = p[i] / value * mean;
}

/* Exponents of all ones. Blocks keep the loop free of exits without reading all of a bad frame. */
#define NOT_FINITE(T, EXPONENT) \
	const T *restrict q = p; \
	for (size_t i = 0; i < n;) { \
		size_t end = i + 4096 < n ? i + 4096 : n; \
		T bad = 0; \
		for (; i < end; i++) bad |= (T)((q[i] & EXPONENT) == EXPONENT); \
		if (bad) return 1; \
	} \
	return 0;

KERNEL int imgproc_any_not_finite(int type, const void *p, size_t n) {
	if (type == PIX_F32) {
		NOT_FINITE(uint32_t, 0x7f800000u)
	}
	NOT_FINITE(uint64_t, 0x7ff0000000000000u)
}

/* Tiles of 64 bytes a side: each line of the cache is loaded once and written once. */
#define TRANSPOSE(T) \
	{ \
		enum { tile = 64 / sizeof(T) }; \
		const T *restrict p = src; \
		T *restrict q = dst; \
		for (size_t r0 = 0; r0 < rows; r0 += tile) { \
			size_t r1 = r0 + tile < rows ? r0 + tile : rows; \
			for (size_t c0 = 0; c0 < cols; c0 += tile) { \
				size_t c1 = c0 + tile < cols ? c0 + tile : cols; \
				for (size_t c = c0; c < c1; c++) { \
					T *out = q + (flip_rows ? cols - 1 - c : c) * rows; \
					const T *in = p + c; \
					if (flip_cols) \
						for (size_t r = r0; r < r1; r++) out[rows - 1 - r] = in[r * cols]; \
					else \
						for (size_t r = r0; r < r1; r++) out[r] = in[r * cols]; \
				} \
			} \
		} \
		return; \
	}

KERNEL void imgproc_transpose(int size, void *dst, const void *src, size_t rows, size_t cols, int flip_rows, int flip_cols) {
	switch (size) {
	case 1: TRANSPOSE(uint8_t)
	case 2: TRANSPOSE(uint16_t)
	case 4: TRANSPOSE(uint32_t)
	case 8: TRANSPOSE(uint64_t)
	}
}
