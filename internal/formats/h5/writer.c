// The file driver of files being written: POSIX calls like libhdf5's own ("sec2"), but a
// failure of writing is remembered instead of being reported to the library. libhdf5 cannot
// close a file whose flush fails: handles and memory stay for the rest of the process, the
// name cannot be used again, and its exit handler may hang. Here it goes on as if nothing had
// happened, writes nothing more, and can be closed; Go looks at h5_writer.err after each call.
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "door.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
	H5FD_t pub; // has to be first
	h5_writer *w;
	int fd;
	haddr_t eoa, eof;
	dev_t device;
	ino_t inode;
} file;

static h5_writer *opening; // handed from h5_create to w_open, under the door's lock

static void fault(file *f, int err)
{
	if (f->w->err == 0)
		f->w->err = err ? err : EIO;
}

static H5FD_t *w_open(const char *name, unsigned flags, hid_t fapl, haddr_t maxaddr)
{
	struct stat st;
	h5_writer *w = opening;
	(void)fapl;
	(void)maxaddr;
	if (w == NULL || !(flags & H5F_ACC_RDWR))
		return NULL;
	// Not truncated before the lock is held: another process may be reading what is there.
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0) {
		w->err = errno;
		return NULL;
	}
	// Other errors than "held by somebody" mean that the file system has no locks.
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
		w->err = errno;
		w->locked = 1;
		close(fd);
		return NULL;
	}
	if (fstat(fd, &st) < 0 || ((flags & H5F_ACC_TRUNC) && ftruncate(fd, 0) < 0)) {
		w->err = errno;
		close(fd);
		return NULL;
	}
	file *f = calloc(1, sizeof *f);
	if (f == NULL) {
		w->err = ENOMEM;
		close(fd);
		return NULL;
	}
	f->w = w;
	f->fd = fd;
	f->eof = (flags & H5F_ACC_TRUNC) ? 0 : (haddr_t)st.st_size;
	f->device = st.st_dev;
	f->inode = st.st_ino;
	return &f->pub;
}

static herr_t w_close(H5FD_t *p)
{
	file *f = (file *)p;
	if (close(f->fd) < 0) // some file systems tell here that the quota is used up
		fault(f, errno);
	free(f);
	return 0;
}

static int w_cmp(const H5FD_t *a, const H5FD_t *b)
{
	const file *x = (const file *)a, *y = (const file *)b;
	if (x->device != y->device)
		return x->device < y->device ? -1 : 1;
	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	return 0;
}

static herr_t w_query(const H5FD_t *f, unsigned long *flags)
{
	(void)f;
	*flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
		 H5FD_FEAT_AGGREGATE_SMALLDATA | H5FD_FEAT_POSIX_COMPAT_HANDLE;
#ifdef H5FD_FEAT_DEFAULT_VFD_COMPATIBLE
	*flags |= H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
#endif
	return 0;
}

static haddr_t w_get_eoa(const H5FD_t *p, H5FD_mem_t type)
{
	(void)type;
	return ((const file *)p)->eoa;
}

static herr_t w_set_eoa(H5FD_t *p, H5FD_mem_t type, haddr_t addr)
{
	(void)type;
	((file *)p)->eoa = addr;
	return 0;
}

static haddr_t w_get_eof(const H5FD_t *p, H5FD_mem_t type)
{
	(void)type;
	return ((const file *)p)->eof;
}

static herr_t w_handle(H5FD_t *p, hid_t fapl, void **handle)
{
	(void)fapl;
	*handle = &((file *)p)->fd;
	return 0;
}

static herr_t w_read(H5FD_t *p, H5FD_mem_t type, hid_t dxpl, haddr_t addr, size_t size, void *buf)
{
	file *f = (file *)p;
	char *at = buf;
	(void)type;
	(void)dxpl;
	while (size > 0) {
		ssize_t n = pread(f->fd, at, size, (off_t)addr);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			fault(f, errno);
		if (n <= 0) { // beyond the end is zero
			memset(at, 0, size);
			return 0;
		}
		size -= (size_t)n;
		addr += (haddr_t)n;
		at += n;
	}
	return 0;
}

static herr_t w_write(H5FD_t *p, H5FD_mem_t type, hid_t dxpl, haddr_t addr, size_t size, const void *buf)
{
	file *f = (file *)p;
	const char *at = buf;
	(void)type;
	(void)dxpl;
	if (addr + size > f->eof)
		f->eof = addr + size;
	while (size > 0 && f->w->err == 0) {
		ssize_t n = pwrite(f->fd, at, size, (off_t)addr);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			fault(f, n < 0 ? errno : ENOSPC);
			break;
		}
		size -= (size_t)n;
		addr += (haddr_t)n;
		at += n;
	}
	return 0;
}

static herr_t w_truncate(H5FD_t *p, hid_t dxpl, hbool_t closing)
{
	file *f = (file *)p;
	(void)dxpl;
	(void)closing;
	if (f->eoa != f->eof) {
		if (f->w->err == 0 && ftruncate(f->fd, (off_t)f->eoa) < 0)
			fault(f, errno);
		f->eof = f->eoa;
	}
	return 0;
}

static herr_t w_lock(H5FD_t *p, hbool_t rw)
{
	(void)p;
	(void)rw;
	return 0; // w_open holds the lock until w_close
}

static herr_t w_unlock(H5FD_t *p)
{
	(void)p;
	return 0;
}

static const H5FD_class_t driver = {
#ifdef H5FD_CLASS_VERSION
	.version = H5FD_CLASS_VERSION,
	.value = (H5FD_class_value_t)511, // of the numbers for drivers that are not public
#endif
	.name = "ptyprep-writer",
	.maxaddr = ((haddr_t)1 << 62) - 1,
	.fc_degree = H5F_CLOSE_WEAK,
	.open = w_open,
	.close = w_close,
	.cmp = w_cmp,
	.query = w_query,
	.get_eoa = w_get_eoa,
	.set_eoa = w_set_eoa,
	.get_eof = w_get_eof,
	.get_handle = w_handle,
	.read = w_read,
	.write = w_write,
	.truncate = w_truncate,
	.lock = w_lock,
	.unlock = w_unlock,
	.fl_map = H5FD_FLMAP_DICHOTOMY,
};

hid_t h5_create(const char *name, hid_t fcpl, h5_writer *w)
{
	static hid_t id = -1;
	if (id < 0 && (id = H5FDregister(&driver)) < 0)
		return -1;
	hid_t fapl = H5Pcreate(H5P_FILE_ACCESS);
	if (fapl < 0)
		return -1;
	hid_t f = -1;
	if (H5Pset_driver(fapl, id, NULL) >= 0 && h5_bound_cache(fapl) >= 0) {
		opening = w;
		f = H5Fcreate(name, H5F_ACC_TRUNC, fcpl, fapl);
		opening = NULL;
	}
	if (f < 0)
		h5_note();
	H5Pclose(fapl);
	return f;
}
