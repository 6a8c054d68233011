package h5

// #include "door.h"
import "C"

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unsafe"

	"gonum.org/v1/hdf5"
)

// Layout is how a dataset's elements are stored.
type Layout uint8

// The layouts.
const (
	UnknownLayout Layout = iota
	Compact              // in the header
	Contiguous
	Chunked
	Virtual // in other datasets
)

var layoutNames = [...]string{"unknown", "compact", "contiguous", "chunked", "virtual"}

// String gives the layout in words.
func (l Layout) String() string { return layoutNames[l] }

// FilterInfo is one step of a chunk's pipeline, in the order of writing.
type FilterInfo struct {
	ID        int
	Name      string // as stored in the file, may be empty
	Optional  bool
	Params    []uint32
	Available bool // libhdf5 can decode it here (built in, plug-in, or RegisterFilter)
}

// ExternalFile is a piece of raw storage outside the HDF5 file.
type ExternalFile struct {
	Name   string
	Offset int64 // of the first byte in that file
	Size   int64 // bytes, -1 unlimited
}

// VirtualSource is one mapping of a virtual dataset.
type VirtualSource struct {
	File, Dataset string // as stored; "." is the file itself; %b stands for a block number
	Start, Count  []int  // the box in the virtual dataset; nil when it is no box
}

// Info describes a dataset. It is a value of the moment of opening (or of the last Refresh)
// and must not be changed.
type Info struct {
	Path             string
	Type             TypeInfo
	Shape            []int // nil for a scalar; lengths per dimension, the slowest first
	MaxShape         []int // -1 unlimited; nil for a scalar
	Null             bool  // it has a type but no elements at all (Shape is nil)
	Layout           Layout
	Chunk            []int // Chunked only
	Filters          []FilterInfo
	External         []ExternalFile
	Virtual          []VirtualSource
	FillValueDefined bool // by the program that wrote it; zero is the default
}

// Len is the number of elements; a scalar has one.
func (in *Info) Len() int {
	n, ok := product(in.Shape)
	switch {
	case in.Null:
		return 0
	case !ok:
		return math.MaxInt
	}
	return n
}

// Rank is the number of dimensions, 0 for a scalar.
func (in *Info) Rank() int { return len(in.Shape) }

// product multiplies lengths; ok is false when the result does not fit.
func product(v []int) (n int, ok bool) {
	n = 1
	for _, k := range v {
		if k == 0 {
			return 0, true
		}
	}
	for _, k := range v {
		if k < 0 || n > math.MaxInt/k {
			return 0, false
		}
		n *= k
	}
	return n, true
}

// DatasetOptions says how a dataset is opened.
type DatasetOptions struct {
	// CacheBytes is libhdf5's cache of decoded chunks for this dataset, in bytes; the
	// default is 1 MiB. A reader that takes single frames out of chunks that hold several
	// wants it large enough for all chunks of one frame, or each chunk is inflated again
	// for every frame. ChunkBytes does not use it.
	CacheBytes int
}

// Dataset is an open dataset.
type Dataset struct {
	f       *File
	h       *hdf5.Dataset // nil when closed
	info    *Info
	opts    DatasetOptions
	touched bool // read through libhdf5's chunk cache, see fresh
	partial bool // edge chunks are stored unfiltered
	sec2    bool // the plain POSIX driver: addresses are offsets in one file
	beside  bool // relative names of external storage are looked up beside the file
}

// Dataset opens the dataset at path. What is missing on the way is told by a *NotFoundError.
func (f *File) Dataset(path string) (*Dataset, error) {
	return f.DatasetWith(path, DatasetOptions{})
}

// DatasetWith is Dataset with options.
func (f *File) DatasetWith(path string, o DatasetOptions) (*Dataset, error) {
	enter()
	defer leave()
	return f.dataset(path, o)
}

func (f *File) dataset(path string, o DatasetOptions) (*Dataset, error) {
	if f.h == nil {
		return nil, ErrClosed
	}
	kind, err := f.kind(path)
	if err != nil {
		return nil, err
	}
	if kind != DatasetKind {
		return nil, refuse(WrongType, "open", f.path, path, "it is a %v, not a dataset", kind)
	}
	d, err := f.openDataset(path, o, false)
	switch {
	case err == nil && d.externalBeside():
		if err := d.close(); err != nil {
			return nil, err
		}
	case err == nil || !strings.Contains(err.Error(), "external file prefix"):
		return d, err
	}
	// Once more, also when the dataset is open already, by somebody who came to this line.
	return f.openDataset(path, o, true)
}

// openDataset opens a dataset that is known to be one. beside makes libhdf5 look for external
// storage beside the file instead of in the working directory.
func (f *File) openDataset(path string, o DatasetOptions, beside bool) (*Dataset, error) {
	dapl, err := f.accessList(o)
	if err != nil {
		return nil, err
	}
	defer dapl.Close()
	if beside {
		var cs cstrings
		defer cs.free()
		C.H5Pset_efile_prefix(hid(dapl), cs.of("${ORIGIN}"))
	}
	h, err := f.h.OpenDatasetWith(path, dapl)
	if err != nil {
		return nil, fail("open", f.path, path)
	}
	d := &Dataset{f: f, h: h, opts: o, beside: beside}
	if err := d.describe(path); err != nil {
		h.Close()
		return nil, err
	}
	f.datasets[d] = struct{}{}
	return d, nil
}

// fresh closes and opens the dataset when it was read. libhdf5 keeps fill values in its cache
// in the place of a chunk that was never written, and for unfiltered chunks then tells the
// size of a chunk that is not there; the same in the sources of a virtual dataset, which stay
// open as long as it does.
func (d *Dataset) fresh() error {
	if !d.touched || d.info.Layout != Virtual && len(d.info.Filters) > 0 {
		return nil
	}
	if err := d.close(); err != nil {
		return err
	}
	other, err := d.f.openDataset(d.info.Path, d.opts, d.beside)
	if err != nil {
		return err
	}
	delete(d.f.datasets, other)
	d.f.datasets[d] = struct{}{}
	d.h, d.info, d.touched = other.h, other.info, false
	return nil
}

// externalBeside reports that the files of external storage are not in the working
// directory, where libhdf5 looks for them, but beside the file that names them: a scan
// folder that was moved, or a command that was started elsewhere.
func (d *Dataset) externalBeside() bool {
	if len(d.info.External) == 0 || os.Getenv("HDF5_EXTFILE_PREFIX") != "" {
		return false
	}
	dir := filepath.Dir(d.file())
	beside := false
	for _, e := range d.info.External {
		if filepath.IsAbs(e.Name) || firstThere([]string{e.Name}) != "" {
			return false
		}
		beside = beside || firstThere([]string{filepath.Join(dir, e.Name)}) != ""
	}
	return beside
}

// accessList makes a property list that opens the targets of external links like f itself.
func (f *File) accessList(o DatasetOptions) (*hdf5.PropList, error) {
	p, err := hdf5.NewPropList(hdf5.P_DATASET_ACCESS)
	if err != nil {
		return nil, fail("open", f.path, "")
	}
	C.H5Pset_elink_fapl(hid(p), f.fapl)
	C.H5Pset_elink_acc_flags(hid(p), C.H5F_ACC_RDONLY)
	if o.CacheBytes > 0 {
		// libhdf5 asks for a prime number of slots, well above the number of chunks.
		const slots = 12421
		if err := p.SetChunkCache(slots, o.CacheBytes, 1); err != nil {
			e := fail("open", f.path, "")
			p.Close()
			return nil, e
		}
	}
	return p, nil
}

// Info describes the dataset.
func (d *Dataset) Info() *Info {
	enter()
	defer leave()
	return d.info
}

// Path is the path that the dataset was opened with.
func (d *Dataset) Path() string { return d.info.Path }

// Close closes the dataset. The File does so too; closing twice is no error.
func (d *Dataset) Close() error {
	enter()
	defer leave()
	return d.close()
}

func (d *Dataset) close() error {
	if d.h == nil {
		return nil
	}
	h := d.h
	d.h = nil
	delete(d.f.datasets, d)
	if err := h.Close(); err != nil {
		e := fail("close", d.f.path, d.info.Path)
		if d.f.w != nil {
			return d.f.broken(e)
		}
		return e
	}
	return nil
}

// File is the name of the file that holds the dataset: another one than File.Path when an
// external link led to it.
func (d *Dataset) File() string {
	enter()
	defer leave()
	return d.file()
}

func (d *Dataset) file() string {
	if d.h == nil {
		return d.f.path
	}
	return fileOf(hid(d.h))
}

// Refresh looks again at the shape of a dataset that another process is writing (SWMR).
func (d *Dataset) Refresh() error {
	enter()
	defer leave()
	if d.h == nil {
		return ErrClosed
	}
	if C.H5Drefresh(hid(d.h)) < 0 {
		return fail("refresh", d.f.path, d.info.Path)
	}
	return d.describe(d.info.Path)
}

// describe fills in d.info.
func (d *Dataset) describe(path string) error {
	in := &Info{Path: path}
	t, err := d.h.Datatype()
	if err != nil {
		return fail("open", d.f.path, path)
	}
	in.Type = typeInfo(hid(t))
	t.Close()
	if err := d.describeShape(in); err != nil {
		return err
	}
	p := C.H5Dget_create_plist(hid(d.h))
	if p < 0 {
		return fail("open", d.f.path, path)
	}
	defer C.H5Pclose(p)
	d.describeStorage(in, p)
	d.info = in
	return nil
}

func (d *Dataset) describeShape(in *Info) error {
	s := d.h.Space()
	if s == nil {
		return fail("open", d.f.path, in.Path)
	}
	defer s.Close()
	switch s.SimpleExtentType() {
	case hdf5.S_SCALAR:
		return nil
	case hdf5.S_NULL:
		in.Null = true
		return nil
	}
	// The binding's SimpleExtentDims panics for rank 0, which "simple" allows.
	n := int(C.H5Sget_simple_extent_dims(hid(s), &scratch[0][0], &scratch[1][0]))
	if n < 0 {
		return fail("open", d.f.path, in.Path)
	}
	for i := range n {
		k, m := uint64(scratch[0][i]), uint64(scratch[1][i])
		if k > math.MaxInt {
			return refuse(Damaged, "open", d.f.path, in.Path, "length %d of dimension %d is absurd", k, i)
		}
		if m > math.MaxInt {
			m = math.MaxUint64 // H5S_UNLIMITED becomes -1
		}
		in.Shape, in.MaxShape = append(in.Shape, int(k)), append(in.MaxShape, int(m))
	}
	return nil
}

func (d *Dataset) describeStorage(in *Info, p C.hid_t) {
	switch C.H5Pget_layout(p) {
	case C.H5D_COMPACT:
		in.Layout = Compact
	case C.H5D_CONTIGUOUS:
		in.Layout = Contiguous
	case C.H5D_CHUNKED:
		in.Layout = Chunked
		n := C.H5Pget_chunk(p, C.H5_MAXRANK, &scratch[0][0])
		for i := range int(n) {
			in.Chunk = append(in.Chunk, int(scratch[0][i]))
		}
		var opts C.uint
		d.partial = C.H5Pget_chunk_opts(p, &opts) >= 0 && opts&C.H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS != 0
	case C.H5D_VIRTUAL:
		in.Layout = Virtual
		in.Virtual = virtualSources(p)
	}
	var fill C.H5D_fill_value_t
	in.FillValueDefined = C.H5Pfill_value_defined(p, &fill) >= 0 && fill == C.H5D_FILL_VALUE_USER_DEFINED
	in.Filters = filterInfos(p)
	in.External = externalFiles(p)
	d.sec2 = C.h5_is_sec2(hid(d.h)) != 0
}

func filterInfos(p C.hid_t) []FilterInfo {
	var fs []FilterInfo
	for i := range int(C.H5Pget_nfilters(p)) {
		var flags, cfg C.uint
		n := C.size_t(64)
		var params [64]C.uint
		var name [256]C.char
		id := C.H5Pget_filter2(p, C.uint(i), &flags, &n, &params[0], 256, &name[0], &cfg)
		if id < 0 {
			continue
		}
		f := FilterInfo{ID: int(id), Name: C.GoString(&name[0]), Optional: flags&C.H5Z_FLAG_OPTIONAL != 0}
		for _, v := range params[:min(n, 64)] {
			f.Params = append(f.Params, uint32(v))
		}
		f.Available = C.H5Zfilter_avail(id) > 0
		fs = append(fs, f)
	}
	return fs
}

func externalFiles(p C.hid_t) []ExternalFile {
	var es []ExternalFile
	for i := range int(C.H5Pget_external_count(p)) {
		name := (*C.char)(C.calloc(4097, 1))
		var off C.off_t
		var size C.hsize_t
		if C.H5Pget_external(p, C.uint(i), 4096, name, &off, &size) >= 0 {
			// H5F_UNLIMITED is the largest number and becomes -1.
			es = append(es, ExternalFile{C.GoString(name), int64(off), int64(size)})
		}
		C.free(unsafe.Pointer(name))
	}
	return es
}

func virtualSources(p C.hid_t) []VirtualSource {
	var n C.size_t
	if C.H5Pget_virtual_count(p, &n) < 0 {
		return nil
	}
	vs := make([]VirtualSource, int(n))
	for i := range vs {
		vs[i].File, vs[i].Dataset = virtualName(p, i)
		s := C.H5Pget_virtual_vspace(p, C.size_t(i))
		if s < 0 {
			continue
		}
		if sel := readSelection(s); sel.box() {
			for _, r := range sel.dims {
				vs[i].Start = append(vs[i].Start, r.start)
				vs[i].Count = append(vs[i].Count, r.len())
			}
		}
		C.H5Sclose(s)
	}
	return slices.Clip(vs)
}

// virtualName gives the source of mapping i as stored.
func virtualName(p C.hid_t, i int) (file, dataset string) {
	get := func(f func(buf *C.char, n C.size_t) C.ssize_t) string {
		n := f(nil, 0)
		if n <= 0 {
			return ""
		}
		buf := (*C.char)(C.calloc(C.size_t(n)+1, 1))
		defer C.free(unsafe.Pointer(buf))
		f(buf, C.size_t(n)+1)
		return C.GoString(buf)
	}
	file = get(func(b *C.char, n C.size_t) C.ssize_t { return C.H5Pget_virtual_filename(p, C.size_t(i), b, n) })
	dataset = get(func(b *C.char, n C.size_t) C.ssize_t { return C.H5Pget_virtual_dsetname(p, C.size_t(i), b, n) })
	return file, dataset
}
