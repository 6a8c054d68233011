//go:build cgo && !purego

// Memory for ISA-L's streams.
//
// What ISA-L (2.30, levels 1 and 2) makes of some two in a thousand short inputs depends on bits 16
// to 31 of the address of its stream: where it builds a Huffman tree it reads memory of the stack
// that was never set, and a saved pointer to the stream lies there. Either stream is valid, but the
// same input must give the same bytes. So every stream gets an address of which the lower 32 bits
// are 0: one for each 4 GiB of a range that neither Go's heap nor the race detector uses.

#define _GNU_SOURCE
#include "deflate_cgo.h"

#ifdef __linux__
#include <stdatomic.h>
#include <sys/mman.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000 // an older kernel takes the address for a wish, which will do
#endif

static const uintptr_t base = (uintptr_t)0x1000 << 32;
static const unsigned places = 4096, tries = 256;

static int placed(const codec_isal *w) { return ((uintptr_t)w & 0xffffffff) == 0; }

codec_isal *codec_isal_alloc(void)
{
	static atomic_uint next;
	for (unsigned i = 0; i < tries; i++) {
		void *at = (void *)(base + ((uintptr_t)(atomic_fetch_add(&next, 1) % places) << 32));
		void *got = mmap(at, sizeof(codec_isal), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		if (got == at)
			return got;
		if (got != MAP_FAILED)
			munmap(got, sizeof(codec_isal));
	}
	return calloc(1, sizeof(codec_isal));
}

void codec_isal_free(codec_isal *w)
{
	if (placed(w))
		munmap(w, sizeof(codec_isal));
	else
		free(w);
}
#else
codec_isal *codec_isal_alloc(void) { return calloc(1, sizeof(codec_isal)); }
void codec_isal_free(codec_isal *w) { free(w); }
#endif
