// Package edf reads the ESRF data format: one or more blocks of text header and binary
// pixels, back to back in one file, as ID16A and its neighbours write it.
//
// Open parses the headers only; Frame pixels come out of File.Read in native byte order
// and in their stored type, rows x columns, row-major. The package holds to these rules:
//
//   - nothing is filled in: a file that ends before its pixels do is ErrTruncated;
//   - no memory is asked for from a header alone: sizes are checked against the file first;
//   - keys are compared without regard to case, the last of two equal keys wins (with a
//     warning), bytes that are not UTF-8 are read as Latin-1;
//   - a gzip-packed file is unpacked in memory, up to MaxUnpacked bytes.
//
// Write is the reverse, for simulated data.
//
// The byte layout, the variants that are read and those that are refused stand in
// docs/formats/edf.md.
package edf
