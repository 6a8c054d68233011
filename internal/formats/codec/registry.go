package codec

import "fmt"

// UnknownError tells that a filter cannot be undone by this package. Hint says what
// to do: which plugin or package brings the filter to libhdf5.
type UnknownError struct {
	ID   int
	Name string // registered name, else the name stored in the file, else empty
	Hint string // what to install, without final period
}

// Error gives number, name and hint in one line.
func (e *UnknownError) Error() string {
	return fmt.Sprintf("%s has no built-in decoder: %s", filterTitle(e.ID, e.Name), e.Hint)
}

// Title names the filter: "filter 32013 (zfp)".
func (e *UnknownError) Title() string { return filterTitle(e.ID, e.Name) }

// newUnknownError finds name and hint for a filter without decoder.
func newUnknownError(f Filter) *UnknownError {
	e := &UnknownError{ID: f.ID, Name: FilterName(f.ID)}
	if e.Name == "" {
		e.Name = f.Name
	}
	e.Hint = hint(f.ID)
	return e
}

// hint says how libhdf5 can be taught the filter.
func hint(id int) string {
	switch id {
	case IDSzip:
		return "libhdf5 undoes it when it was built with szip (libaec); Debian's and conda-forge's are"
	case IDNbit, IDScaleOffset:
		return "libhdf5 undoes it by itself"
	}
	const rewrite = "or rewrite the file with h5repack -f GZIP=4"
	if inHDF5Plugin[id] {
		return "install its HDF5 plugin (pip install hdf5plugin, or the HDF Group's plugin package), set HDF5_PLUGIN_PATH to its folder, " + rewrite
	}
	if registered[id] != "" {
		return "install the HDF5 plugin of that name (https://github.com/HDFGroup/hdf5_plugins lists where it comes from), set HDF5_PLUGIN_PATH to its folder, " + rewrite
	}
	return "ask whoever wrote the file for its HDF5 plugin, set HDF5_PLUGIN_PATH to its folder, " + rewrite
}

// filterTitle names a filter in messages: "filter 32004 (lz4)".
func filterTitle(id int, name string) string {
	if n := FilterName(id); n != "" {
		name = n
	}
	if name == "" {
		return fmt.Sprintf("filter %d", id)
	}
	return fmt.Sprintf("filter %d (%s)", id, name)
}

// FilterName is the name under which the filter number is registered with The HDF
// Group, "" for a number that is not in the register.
func FilterName(id int) string { return registered[id] }

// registered holds the numbers below 256 that HDF5 itself defines and the plugin
// numbers registered with The HDF Group
// (https://github.com/HDFGroup/hdf5_plugins, docs/RegisteredFilterPlugins.md).
var registered = map[int]string{
	IDDeflate:     "deflate",
	IDShuffle:     "shuffle",
	IDFletcher32:  "fletcher32",
	IDSzip:        "szip",
	IDNbit:        "nbit",
	IDScaleOffset: "scaleoffset",
	257:           "hzip",
	258:           "fpzip (old number)",
	305:           "LZO",
	IDBzip2:       "bzip2",
	IDLZF:         "LZF",
	IDBlosc:       "blosc",
	32002:         "MAFISC",
	32003:         "Snappy",
	IDLZ4:         "LZ4",
	32005:         "APAX",
	32006:         "CBF",
	32007:         "JPEG-XR",
	IDBitshuffle:  "bitshuffle",
	32009:         "SPDP",
	32010:         "LPC-Rice",
	32011:         "CCSDS-123",
	32012:         "JPEG-LS",
	32013:         "zfp",
	32014:         "fpzip",
	IDZstd:        "zstd",
	32016:         "B3D",
	32017:         "SZ",
	32018:         "FCIDECOMP",
	32019:         "JPEG",
	32020:         "VBZ",
	32021:         "FAPEC",
	32022:         "BitGroom",
	32023:         "Granular BitRound",
	32024:         "SZ3",
	32025:         "Delta-Rice",
	IDBlosc2:      "blosc2",
	32027:         "FLAC",
	32028:         "SPERR",
	32029:         "TERSE/PROLIX",
	32030:         "FFMPEG",
	32031:         "JPEG2000",
	32032:         "BitRound",
}

// inHDF5Plugin marks the filters which the Python package hdf5plugin brings along
// and which this package cannot undo.
var inHDF5Plugin = map[int]bool{32013: true, 32017: true, 32018: true, 32024: true, IDBlosc2: true, 32028: true}
