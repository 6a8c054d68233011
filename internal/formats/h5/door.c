#include "door.h"
#include "_cgo_export.h"
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

// A run of ptyprep may end while a file could not be closed (disk full). libhdf5 must then not
// try again from its exit handler, which is known to hang or to abort. The binding's
// initialisation calls H5open, so this has to come before any Go code.
__attribute__((constructor)) static void h5_no_exit_handler(void) { H5dont_atexit(); }

static char text[16384];

#ifdef M_ARENA_MAX
// libhdf5 works on whichever thread holds the lock. With an arena for each thread, as glibc has it,
// what one thread frees is of no use to the next, and memory in use grows with the threads.
__attribute__((constructor)) static void one_arena(void) { mallopt(M_ARENA_MAX, 1); }
#endif

void h5_enter(void)
{
	static __thread int quiet;
	if (!quiet) {
		H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
		quiet = 1;
	}
	text[0] = 0;
}

typedef struct {
	char *buf;
	size_t cap, len;
} sink;

static herr_t one_error(unsigned n, const H5E_error2_t *e, void *p)
{
	sink *s = p;
	char minor[128] = "";
	(void)n;
	H5Eget_msg(e->min_num, NULL, minor, sizeof minor);
	int k = snprintf(s->buf + s->len, s->cap - s->len, "%s\x1f%s\x1f%s\x1e", e->func_name ? e->func_name : "", minor,
			 e->desc ? e->desc : "");
	if (k > 0) {
		s->len += (size_t)k;
		if (s->len >= s->cap)
			s->len = s->cap - 1;
	}
	return 0;
}

void h5_note(void)
{
	static char now[sizeof text];
	sink s = {now, sizeof now, 0};
	now[0] = 0;
	H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, one_error, &s);
	H5Eclear2(H5E_DEFAULT);
	if (now[0] != 0)
		memcpy(text, now, s.len + 1);
}

const char *h5_errors(void)
{
	static char out[sizeof text];
	h5_note();
	memcpy(out, text, sizeof out);
	text[0] = 0;
	return out;
}

// ---- property lists

// h5_bound_cache bounds what libhdf5 keeps of a file's structure in memory. By itself it lets the
// cache grow with the number of chunks, to 32 MiB of blocks as stored and several times that as
// unpacked, for each file. Frames are visited in about the order in which they are stored, and the
// index blocks on the way to a few chunks take some ten kB.
int h5_bound_cache(hid_t fapl)
{
	H5AC_cache_config_t c;
	c.version = H5AC__CURR_CACHE_CONFIG_VERSION;
	if (H5Pget_mdc_config(fapl, &c) < 0)
		return -1;
	c.set_initial_size = 1;
	c.initial_size = c.max_size = 128 << 10;
	c.min_size = 64 << 10;
	return H5Pset_mdc_config(fapl, &c) < 0 ? -1 : 0;
}

hid_t h5_fapl(int lock)
{
	hid_t p = H5Pcreate(H5P_FILE_ACCESS);
	if (p < 0)
		return p;
#if H5_VERSION_GE(1, 10, 7)
	H5Pset_file_locking(p, lock != 0, 1);
#else
	(void)lock;
#endif
	h5_bound_cache(p); // without it there is more memory in use, nothing worse
	return p;
}

hid_t h5_fcpl(void)
{
	hid_t p = H5Pcreate(H5P_FILE_CREATE);
	if (p >= 0)
		H5Pset_obj_track_times(p, 0);
	return p;
}

hid_t h5_lapl(hid_t fapl)
{
	hid_t p = H5Pcreate(H5P_LINK_ACCESS);
	if (p >= 0) {
		H5Pset_elink_fapl(p, fapl);
		H5Pset_elink_acc_flags(p, H5F_ACC_RDONLY);
	}
	return p;
}

hid_t h5_dcpl(void)
{
	hid_t p = H5Pcreate(H5P_DATASET_CREATE);
	if (p >= 0)
		H5Pset_obj_track_times(p, 0);
	return p;
}

hid_t h5_lcpl(void)
{
	hid_t p = H5Pcreate(H5P_LINK_CREATE);
	if (p >= 0)
		H5Pset_create_intermediate_group(p, 1);
	return p;
}

// h5_dxpl: whenever numbers or texts are converted, libhdf5 asks for two buffers of 1 MB and clears
// them, also for a single text; with buffers of our own it does neither. They may be shared, since
// every call holds the door's lock. An element that does not fit needs libhdf5's way.
hid_t h5_dxpl(size_t elem)
{
	static const size_t size = 1 << 20;
	static hid_t list = -1;
	if (elem > size)
		return H5P_DEFAULT;
	if (list < 0) {
		void *convert = malloc(size), *background = malloc(size);
		hid_t p = H5Pcreate(H5P_DATASET_XFER);
		if (convert == NULL || background == NULL || p < 0 || H5Pset_buffer(p, size, convert, background) < 0) {
			if (p >= 0)
				H5Pclose(p);
			free(convert);
			free(background);
			return H5P_DEFAULT;
		}
		list = p;
	}
	return list;
}

// ---- files

hid_t h5_open(const char *name, unsigned flags, hid_t fapl) { return H5Fopen(name, flags, fapl); }

// h5_close_leaks closes what was opened through this file handle and left open; it gives the number.
int h5_close_leaks(hid_t file)
{
	hid_t ids[64];
	const unsigned kinds = H5F_OBJ_DATASET | H5F_OBJ_GROUP | H5F_OBJ_DATATYPE | H5F_OBJ_ATTR | H5F_OBJ_LOCAL;
	int total = 0;
	for (int round = 0; round < 10000; round++) {
		ssize_t n = H5Fget_obj_ids(file, kinds, 64, ids);
		if (n <= 0)
			break;
		if (n > 64)
			n = 64;
		for (ssize_t i = 0; i < n; i++)
			while (H5Iis_valid(ids[i]) > 0 && H5Idec_ref(ids[i]) > 0)
				;
		total += (int)n;
	}
	return total;
}

int h5_is_sec2(hid_t object)
{
	int yes = 0;
	hid_t f = H5Iget_file_id(object);
	if (f < 0)
		return 0;
	hid_t p = H5Fget_access_plist(f);
	if (p >= 0) {
		yes = H5Pget_driver(p) == H5FD_SEC2;
		H5Pclose(p);
	}
	H5Fclose(f);
	return yes;
}

// ---- links

static herr_t one_link(hid_t g, const char *name, const H5L_info_t *info, void *op)
{
	h5_links *l = op;
	(void)g;
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 64;
		h5_link *v = realloc(l->v, cap * sizeof *v);
		if (v == NULL)
			return -1;
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n].type = info->type;
	if ((l->v[l->n].name = strdup(name)) == NULL)
		return -1;
	l->n++;
	return 0;
}

int h5_list(hid_t file, const char *group, hid_t lapl, h5_links *out)
{
	return H5Literate_by_name(file, group, H5_INDEX_NAME, H5_ITER_INC, NULL, one_link, out, lapl);
}

void h5_free_links(h5_links *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i].name);
	free(l->v);
	l->v = NULL;
	l->n = l->cap = 0;
}

int h5_link_info(hid_t file, const char *path, hid_t lapl, char **filename, char **target)
{
	H5L_info_t info;
	*filename = *target = NULL;
	if (H5Lget_info(file, path, &info, lapl) < 0)
		return -1;
	if (info.type != H5L_TYPE_SOFT && info.type != H5L_TYPE_EXTERNAL)
		return info.type;
	size_t n = info.u.val_size;
	if (n > (1u << 20))
		return -1;
	char *v = calloc(n + 1, 1);
	if (v == NULL)
		return -1;
	if (H5Lget_val(file, path, v, n, lapl) < 0) {
		free(v);
		return -1;
	}
	if (info.type == H5L_TYPE_SOFT) {
		*target = v;
		return info.type;
	}
	const char *f = NULL, *o = NULL;
	if (H5Lunpack_elink_val(v, n, NULL, &f, &o) < 0 || f == NULL || o == NULL) {
		free(v);
		return -1;
	}
	*filename = strdup(f);
	*target = strdup(o);
	free(v);
	return info.type;
}

int h5_object(hid_t file, const char *path, hid_t lapl, unsigned long *fileno, haddr_t *addr)
{
	H5O_info_t info;
	if (H5Oget_info_by_name2(file, path, &info, H5O_INFO_BASIC, lapl) < 0)
		return -1;
	*fileno = info.fileno;
	*addr = info.addr;
	return info.type < 0 ? 99 : info.type;
}

// ---- types

hid_t h5_native(int t)
{
	switch (t) {
	case 1: case 2: return H5T_NATIVE_UINT8; // pix.Bool is one byte too
	case 3: return H5T_NATIVE_UINT16;
	case 4: return H5T_NATIVE_UINT32;
	case 5: return H5T_NATIVE_UINT64;
	case 6: return H5T_NATIVE_INT8;
	case 7: return H5T_NATIVE_INT16;
	case 8: return H5T_NATIVE_INT32;
	case 9: return H5T_NATIVE_INT64;
	case 10: return H5T_NATIVE_FLOAT;
	case 11: return H5T_NATIVE_DOUBLE;
	}
	return -1;
}

hid_t h5_native_bits(int size)
{
	switch (size) {
	case 1: return H5T_NATIVE_B8;
	case 2: return H5T_NATIVE_B16;
	case 4: return H5T_NATIVE_B32;
	case 8: return H5T_NATIVE_B64;
	}
	return -1;
}

hid_t h5_stored(int t)
{
	switch (t) {
	case 2: return H5T_STD_U8LE;
	case 3: return H5T_STD_U16LE;
	case 4: return H5T_STD_U32LE;
	case 5: return H5T_STD_U64LE;
	case 6: return H5T_STD_I8LE;
	case 7: return H5T_STD_I16LE;
	case 8: return H5T_STD_I32LE;
	case 9: return H5T_STD_I64LE;
	case 10: return H5T_IEEE_F32LE;
	case 11: return H5T_IEEE_F64LE;
	}
	return -1;
}

hid_t h5_bool(void)
{
	hid_t t = H5Tenum_create(H5T_STD_I8LE);
	signed char v = 0;
	if (t < 0)
		return t;
	H5Tenum_insert(t, "FALSE", &v);
	v = 1;
	H5Tenum_insert(t, "TRUE", &v);
	return t;
}

hid_t h5_string(void)
{
	hid_t t = H5Tcopy(H5T_C_S1);
	if (t < 0)
		return t;
	H5Tset_size(t, H5T_VARIABLE);
	H5Tset_cset(t, H5T_CSET_UTF8);
	return t;
}

hid_t h5_string_like(hid_t like)
{
	hid_t t = H5Tcopy(H5T_C_S1);
	if (t < 0)
		return t;
	H5Tset_size(t, H5T_VARIABLE);
	H5Tset_cset(t, H5Tget_cset(like));
	return t;
}

hid_t h5_complex(int memory, const char *re, const char *im)
{
	hid_t part = memory ? H5T_NATIVE_DOUBLE : H5T_IEEE_F64LE;
	hid_t t = H5Tcreate(H5T_COMPOUND, 16);
	if (t < 0)
		return t;
	H5Tinsert(t, re, 0, part);
	H5Tinsert(t, im, 8, part);
	return t;
}

// ---- chunks

static herr_t find_unallocated(unsigned n, const H5E_error2_t *e, void *p)
{
	(void)n;
	if (e->desc != NULL && (strstr(e->desc, "not allocated") != NULL || strstr(e->desc, "address isn't defined") != NULL))
		*(int *)p = 1;
	return 0;
}

// never_written reports that the call that just failed did so for want of a stored chunk:
// "chunk storage is not allocated", or "chunk address isn't defined" when the cache holds
// fill values in its place.
static int never_written(void)
{
	int yes = 0;
	H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, find_unallocated, &yes);
	if (yes)
		H5Eclear2(H5E_DEFAULT);
	return yes;
}

int h5_chunk_size(hid_t d, const hsize_t *off, hsize_t *size)
{
	*size = 0;
	if (H5Dget_chunk_storage_size(d, off, size) >= 0)
		return 0;
	*size = 0;
	return never_written() ? 0 : -1;
}

int h5_chunk(hid_t d, const hsize_t *off, void *buf, size_t cap, hsize_t *size, uint32_t *mask)
{
	if (h5_chunk_size(d, off, size) < 0)
		return -1;
	if (*size == 0)
		return 2;
	if (*size > cap)
		return 1;
	if (H5Dread_chunk(d, H5P_DEFAULT, off, mask, buf) >= 0)
		return 0;
	return never_written() ? 2 : -1;
}

int h5_next_chunk(int rank, const hsize_t *lo, const hsize_t *hi, hsize_t *at)
{
	for (int i = rank - 1; i >= 0; i--) {
		if (++at[i] <= hi[i])
			return 1;
		at[i] = lo[i];
	}
	return 0;
}

int h5_missing_chunk(hid_t d, int rank, const hsize_t *chunk, const hsize_t *lo, const hsize_t *hi, hsize_t *at)
{
	hsize_t off[H5_MAXRANK], size;
	do {
		for (int i = 0; i < rank; i++)
			off[i] = at[i] * chunk[i];
		if (h5_chunk_size(d, off, &size) < 0)
			return -1;
		if (size == 0)
			return 1;
	} while (h5_next_chunk(rank, lo, hi, at));
	return 0;
}

// ---- selections

int h5_regular(hid_t s, hsize_t *start, hsize_t *stride, hsize_t *count, hsize_t *block)
{
	switch (H5Sget_select_type(s)) {
	case H5S_SEL_NONE:
		return 0;
	case H5S_SEL_ALL:
		return 2;
	case H5S_SEL_HYPERSLABS:
		if (H5Sis_regular_hyperslab(s) > 0 && H5Sget_regular_hyperslab(s, start, stride, count, block) >= 0)
			return 1;
		return 3;
	default:
		return 3;
	}
}

hssize_t h5_overlap(hid_t s, int rank, const hsize_t *off, const hsize_t *cnt, hsize_t *lo, hsize_t *hi)
{
	hid_t c = H5Scopy(s);
	if (c < 0)
		return -1;
	hssize_t n = -1;
	(void)rank;
	if (H5Sselect_hyperslab(c, H5S_SELECT_AND, off, NULL, cnt, NULL) >= 0) {
		n = H5Sget_select_npoints(c);
		if (n > 0 && H5Sget_select_bounds(c, lo, hi) < 0)
			n = -1;
	}
	H5Sclose(c);
	return n;
}

// ---- writing

int h5_write(hid_t file, const char *path, hid_t ftype, hid_t mtype, int rank, const hsize_t *dims,
	     const hsize_t *chunk, int deflate, const void *data)
{
	hid_t lcpl = h5_lcpl(), dcpl = h5_dcpl(), d = -1;
	int r = -1;
	hid_t s = rank < 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, dims, NULL);
	if (s >= 0 && lcpl >= 0 && dcpl >= 0) {
		r = 0;
		if (chunk != NULL)
			r = H5Pset_chunk(dcpl, rank, chunk);
		if (r >= 0 && chunk != NULL && deflate > 0)
			r = H5Pset_deflate(dcpl, (unsigned)deflate);
		if (r >= 0)
			r = (d = H5Dcreate2(file, path, ftype, s, lcpl, dcpl, H5P_DEFAULT)) < 0 ? -1 : 0;
		if (r >= 0 && H5Sget_simple_extent_npoints(s) > 0)
			r = H5Dwrite(d, mtype, H5S_ALL, H5S_ALL, h5_dxpl(H5Tget_size(ftype)), data);
	}
	if (r < 0)
		h5_note();
	if (d >= 0 && H5Dclose(d) < 0 && r >= 0) {
		r = -1;
		h5_note();
	}
	if (s >= 0)
		H5Sclose(s);
	if (dcpl >= 0)
		H5Pclose(dcpl);
	if (lcpl >= 0)
		H5Pclose(lcpl);
	return r;
}

int h5_write_attr(hid_t file, const char *path, const char *name, hid_t type, const void *data)
{
	int r = -1;
	htri_t there = H5Aexists_by_name(file, path, name, H5P_DEFAULT);
	if (there < 0 || (there > 0 && H5Adelete_by_name(file, path, name, H5P_DEFAULT) < 0)) {
		h5_note();
		return -1;
	}
	hid_t s = H5Screate(H5S_SCALAR);
	hid_t a = H5Acreate_by_name(file, path, name, type, s, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	if (a >= 0)
		r = H5Awrite(a, type, data);
	if (r < 0)
		h5_note();
	if (a >= 0)
		H5Aclose(a);
	H5Sclose(s);
	return r;
}

// ---- filters

// libhdf5 does not tell a filter function which filter it is, so each slot has its own.
static size_t filter(int slot, unsigned flags, size_t n, const unsigned *params, size_t nbytes, size_t *size, void **buf)
{
	size_t got = 0;
	if (!(flags & H5Z_FLAG_REVERSE))
		return 0; // decoders only
	void *out = h5GoFilter(slot, n, (unsigned *)params, nbytes, *buf, &got);
	if (out == NULL)
		return 0;
	H5free_memory(*buf);
	*buf = out;
	*size = got;
	return got;
}

#define SLOT(k) \
	static size_t filter##k(unsigned f, size_t n, const unsigned *p, size_t nb, size_t *s, void **b) \
	{ \
		return filter(k, f, n, p, nb, s, b); \
	}
SLOT(0) SLOT(1) SLOT(2) SLOT(3) SLOT(4) SLOT(5) SLOT(6) SLOT(7)
SLOT(8) SLOT(9) SLOT(10) SLOT(11) SLOT(12) SLOT(13) SLOT(14) SLOT(15)

static const H5Z_func_t slots[H5_FILTER_SLOTS] = {filter0, filter1, filter2,  filter3,  filter4,  filter5,	filter6,  filter7,
						  filter8, filter9, filter10, filter11, filter12, filter13, filter14, filter15};

int h5_register(int slot, int id, const char *name)
{
	H5Z_class2_t c = {H5Z_CLASS_T_VERS, id, 1, 1, name, NULL, NULL, slots[slot]};
	return H5Zregister(&c);
}
