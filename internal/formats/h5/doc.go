// Package h5 is the one door to HDF5: nothing else in this module imports the HDF5 binding
// or calls libhdf5.
//
// libhdf5 runs under one lock and keeps its error messages per operating-system thread, so
// every function here takes one process-wide lock, stays on its thread for the time of the
// call, silences the library's own print-out on that thread, and collects the error text
// before it lets go. All functions and methods can be called from any number of goroutines;
// what should run in parallel (inflating, arithmetic) belongs outside: ChunkBytes hands out
// the stored bytes of a chunk in some hundredths of a millisecond.
//
// Rules that the rest of the module can rely on:
//
//   - Numbers arrive in native byte order in the type that was asked for, converted by
//     libhdf5; lengths, ranks and bounds are checked before memory is touched.
//   - libhdf5 answers with fill values, without an error, where a chunk was never written or
//     the source of a virtual dataset is missing. CheckSources finds those places.
//   - Files that are written hold no times: the same calls give the same bytes.
//   - A File knows the datasets that were opened through it and closes them; a handle that
//     is left over is an error of Close.
//   - Errors are *Error (with a Kind), *NotFoundError or *MissingError; texts are short and
//     name file and path.
package h5
