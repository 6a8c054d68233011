/* Thin C layer over libdeflate and ISA-L: one call per chunk and plain results, so
 * that nothing of Go's memory has to be moved to the heap for an out parameter. */
#ifndef CODEC_DEFLATE_CGO_H
#define CODEC_DEFLATE_CGO_H

#include <isa-l.h>
#include <libdeflate.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* One goroutine's ISA-L stream; the level buffer (hash tables and token store) must
 * not be shared. */
typedef struct {
	struct isal_zstream z;
	uint8_t level_buf[ISAL_DEF_LVL3_EXTRA_LARGE];
} codec_isal;

/* codec_isal_alloc and codec_isal_free: see deflate_cgo.c. */
codec_isal *codec_isal_alloc(void);
void codec_isal_free(codec_isal *w);

/* codec_inflate returns the number of bytes put out, or minus libdeflate's code. */
static inline int64_t codec_inflate(struct libdeflate_decompressor *d, const void *in, size_t in_len, void *out, size_t out_len) {
	size_t got = 0;
	enum libdeflate_result r = libdeflate_zlib_decompress(d, in, in_len, out, out_len, &got);
	return r == LIBDEFLATE_SUCCESS ? (int64_t)got : -(int64_t)r;
}

static inline uint32_t codec_level_buf_size(int level) {
	switch (level) {
	case 1: return ISAL_DEF_LVL1_EXTRA_LARGE;
	case 2: return ISAL_DEF_LVL2_EXTRA_LARGE;
	case 3: return ISAL_DEF_LVL3_EXTRA_LARGE;
	}
	return 0;
}

/* codec_deflate writes a zlib stream and returns its length, or ISA-L's negative code. */
static inline int64_t codec_deflate(codec_isal *w, int level, const void *in, uint32_t in_len, void *out, uint32_t out_len) {
	struct isal_zstream *z = &w->z;
	// isal_deflate_stateless_init leaves some of the state as it was, and what a stream before this
	// one left there changes a few streams in ten thousand.
	memset(z, 0, sizeof *z);
	isal_deflate_stateless_init(z);
	z->level = level;
	z->level_buf = w->level_buf;
	z->level_buf_size = codec_level_buf_size(level);
	z->gzip_flag = IGZIP_ZLIB;
	z->flush = NO_FLUSH;
	z->end_of_stream = 1;
	z->next_in = (uint8_t *)in;
	z->avail_in = in_len;
	z->next_out = out;
	z->avail_out = out_len;
	int r = isal_deflate_stateless(z);
	return r == COMP_OK ? (int64_t)z->total_out : r;
}

#endif
