// Package ptyd writes, reads and inspects .ptyd files, the HDF5 layout in which ptypy takes
// prepared ptychography scans:
//
//	chunks/<k>/data       n x R x C   frames, one HDF5 chunk each
//	chunks/<k>/weights    n x R x C   uint8, 1 where a pixel is valid
//	chunks/<k>/positions  n x 2       float64, metres, (row direction, column direction)
//	chunks/<k>/indices    n           int64, number of the frame in the scan
//	meta                              what the reconstruction needs to know (scan.Meta)
//	info                              how the file came about (a tree of Nodes)
//
// Writer is a scan.Sink. The bytes that it writes depend on the frames and the options only:
// no time of day, worker count or temporary name is in them. Open reads what ptyprep and all
// versions of ptypy wrote; Inspect makes a report of it. docs/ptyd-format.md describes the
// layout in full.
package ptyd
