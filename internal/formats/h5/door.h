// What Go needs of libhdf5 beyond the gonum binding. Every function is called with the
// door's lock held and the goroutine locked to its thread, so that the error stack, which
// libhdf5 keeps per thread, can be read by h5_errors right after the call that failed.
#ifndef PTYPREP_H5_DOOR_H
#define PTYPREP_H5_DOOR_H

#define H5_USE_110_API 1 // the 1.10 names and structs also with a 1.12 or 1.14 library
#include <hdf5.h>
#include <stdint.h>
#include <stdlib.h>

#define H5_MAXRANK H5S_MAX_RANK

// h5_enter silences libhdf5's own error print-out for the calling thread.
void h5_enter(void);
// h5_errors gives the error stack, innermost record first,
// "function\x1fminor\x1fdescription\x1e". Valid until the next call. h5_note keeps the stack of
// this moment for it unless that is empty, because a later call that goes well clears it.
void h5_note(void);
const char *h5_errors(void);

// Property lists. lock: 1 lock, 0 do not; old libraries know only the first.
hid_t h5_fapl(int lock);
int h5_bound_cache(hid_t fapl);
hid_t h5_fcpl(void);
hid_t h5_lapl(hid_t fapl);
hid_t h5_dcpl(void);
hid_t h5_lcpl(void);
hid_t h5_dxpl(size_t elem); // for elements of that many bytes; not to be closed

hid_t h5_open(const char *name, unsigned flags, hid_t fapl);
// h5_writer is the state of a file being written, which Go owns until the file is closed.
typedef struct {
	int err;    // errno of the first failure: the file is not whole from then on
	int locked; // err says that another process has the file open
} h5_writer;
hid_t h5_create(const char *name, hid_t fcpl, h5_writer *w); // see writer.c
int h5_close_leaks(hid_t file);
int h5_is_sec2(hid_t object);

// h5_link_list is what h5_list fills; h5_free_links frees it.
typedef struct {
	int type; // H5L_type_t
	char *name;
} h5_link;
typedef struct {
	h5_link *v;
	size_t n, cap;
} h5_links;
int h5_list(hid_t file, const char *group, hid_t lapl, h5_links *out);
void h5_free_links(h5_links *l);
// h5_link_info gives the link's type or -1; soft: *target, external: *file and *target, to be freed.
int h5_link_info(hid_t file, const char *path, hid_t lapl, char **filename, char **target);
// h5_object gives the H5O_type_t of what path leads to, or -1, and where it is stored.
int h5_object(hid_t file, const char *path, hid_t lapl, unsigned long *fileno, haddr_t *addr);

hid_t h5_native(int t);  // memory type of a pix.Type
hid_t h5_native_bits(int size); // memory type of a bit field
hid_t h5_stored(int t);  // little-endian file type of a pix.Type
hid_t h5_bool(void);     // enum of int8 {FALSE 0, TRUE 1}; to be closed
hid_t h5_string(void);   // variable-length UTF-8; to be closed
hid_t h5_string_like(hid_t t); // variable-length with the character set of t; to be closed
hid_t h5_complex(int memory, const char *re, const char *im); // compound of two doubles; to be closed

// h5_chunk_size gives the stored bytes of the chunk at off, 0 when it was never written.
int h5_chunk_size(hid_t d, const hsize_t *off, hsize_t *size);
// h5_chunk reads the stored bytes of the chunk at off: 0 done, 1 buf is too small (size says
// what is needed), 2 the chunk was never written, -1 error.
int h5_chunk(hid_t d, const hsize_t *off, void *buf, size_t cap, hsize_t *size, uint32_t *mask);
// h5_missing_chunk looks at the chunks lo..hi (chunk coordinates, both included), row-major,
// beginning with *at, and stops at the first that was never written: 1 found (its coordinates
// are in at), 0 none, -1 error. h5_next_chunk steps at by one; it gives 0 after the last.
int h5_missing_chunk(hid_t d, int rank, const hsize_t *chunk, const hsize_t *lo, const hsize_t *hi, hsize_t *at);
int h5_next_chunk(int rank, const hsize_t *lo, const hsize_t *hi, hsize_t *at);

// h5_regular looks at selection s: 0 none, 1 regular hyperslab (arrays filled), 2 everything, 3 other.
int h5_regular(hid_t s, hsize_t *start, hsize_t *stride, hsize_t *count, hsize_t *block);
// h5_overlap counts the points of selection s within the box, and gives the bounds of those.
hssize_t h5_overlap(hid_t s, int rank, const hsize_t *off, const hsize_t *cnt, hsize_t *lo, hsize_t *hi);

// h5_write makes a dataset at path and writes it whole; rank < 0: scalar. chunk may be NULL.
int h5_write(hid_t file, const char *path, hid_t ftype, hid_t mtype, int rank, const hsize_t *dims,
	const hsize_t *chunk, int deflate, const void *data);
// h5_write_attr replaces the attribute name of the object at path.
int h5_write_attr(hid_t file, const char *path, const char *name, hid_t type, const void *data);

// Filters whose decoder is in Go.
#define H5_FILTER_SLOTS 16
int h5_register(int slot, int id, const char *name);

#endif
