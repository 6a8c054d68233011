/* The loops over pixels that cost most, in C so that the compiler's vectoriser works on them.
 * kernels_go.go holds the same loops in Go, with the same results to the last bit. */
#ifndef IMGPROC_KERNELS_H
#define IMGPROC_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* Codes of pixel types, as package pix numbers them (Bool is seen as uint8). */
enum { PIX_U8 = 2, PIX_U16, PIX_U32, PIX_U64, PIX_I8, PIX_I16, PIX_I32, PIX_I64, PIX_F32, PIX_F64 };

/* dst = max(src - dark, 0) / flat * scale in float32; dark and flat may be NULL. */
void imgproc_fused(int type, float *dst, const void *src, const float *dark, const float *flat, float scale, size_t n);

/* dst = max(src - dark, 0), all of one type; dst may be src. */
void imgproc_subtract(int type, void *dst, const void *src, const void *dark, size_t n);

/* dst = src as float32 or float64. */
void imgproc_to_f32(int type, float *dst, const void *src, size_t n);
void imgproc_to_f64(int type, double *dst, const void *src, size_t n);

/* Means over 2 x 2 blocks of 2 rows x 2 cols pixels: float32 of float32, else float64. */
void imgproc_rebin2(int type, void *dst, const void *src, size_t rows, size_t cols);

/* p = p / flat, p in float64; flat in float32 or float64. */
void imgproc_divide(int type, double *p, const void *flat, size_t n);

/* p = p / value * mean. */
void imgproc_scale(double *p, double value, double mean, size_t n);

/* Whether any of n float32 or float64 is NaN or infinite. */
int imgproc_any_not_finite(int type, const void *p, size_t n);

/* The transpose of rows x cols elements of size 1, 2, 4 or 8 bytes, then its rows and then its
 * columns reversed. */
void imgproc_transpose(int size, void *dst, const void *src, size_t rows, size_t cols, int flip_rows, int flip_cols);

#endif
