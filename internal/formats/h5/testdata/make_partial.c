// Makes partial.h5: 5 x 4 uint16 in gzip chunks of 2 x 4, whose last, partial chunk is stored
// unfiltered with a filter mask of 0. h5py cannot ask for that.
// cc make_partial.c $(pkg-config --cflags --libs hdf5) && ./a.out
#include <hdf5.h>
int main(void)
{
	hsize_t dims[2] = {5, 4}, chunk[2] = {2, 4};
	unsigned short v[20];
	for (int i = 0; i < 20; i++)
		v[i] = (unsigned short)i;
	hid_t fapl = H5Pcreate(H5P_FILE_ACCESS);
	H5Pset_libver_bounds(fapl, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
	hid_t f = H5Fcreate("partial.h5", H5F_ACC_TRUNC, H5P_DEFAULT, fapl);
	hid_t p = H5Pcreate(H5P_DATASET_CREATE), s = H5Screate_simple(2, dims, NULL);
	H5Pset_chunk(p, 2, chunk);
	H5Pset_deflate(p, 4);
	H5Pset_chunk_opts(p, H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS);
	hid_t d = H5Dcreate2(f, "d", H5T_STD_U16LE, s, H5P_DEFAULT, p, H5P_DEFAULT);
	H5Dwrite(d, H5T_NATIVE_USHORT, H5S_ALL, H5S_ALL, H5P_DEFAULT, v);
	H5Dclose(d);
	return H5Fclose(f);
}
