/* Byte and bit transposition of pixels; see shuffle_cgo.c. */
#ifndef CODEC_SHUFFLE_CGO_H
#define CODEC_SHUFFLE_CGO_H

#include <stddef.h>
#include <stdint.h>

/* n elements of size bytes into size planes of n bytes, and back. */
void codec_shuffle(uint8_t *dst, const uint8_t *src, size_t n, size_t size);
void codec_unshuffle(uint8_t *dst, const uint8_t *src, size_t n, size_t size);

/* bytes (a multiple of 8) of one byte plane into 8 bit rows of n/8 bytes, and back, for
 * `planes` planes of n bytes that follow each other. */
void codec_bit_rows(uint8_t *dst, const uint8_t *src, size_t n, size_t planes);
void codec_bit_planes(uint8_t *dst, const uint8_t *src, size_t n, size_t planes);

#endif
