// Package spec reads SPEC data files (the logs in which SPEC, Sardana and bluesky note
// scans): file headers, scans with their motors, and the table of each scan.
//
// Open parses a whole log into memory; Log.Refresh follows one that grows. The rules:
//
//   - a scan lasts from its #S line to the next #S or #F or the end of the file; empty
//     lines, comments and messages inside do not end it, and no data line is lost to them;
//   - names may hold single blanks: they are split at two or more, and at any white space
//     only when that fits the number of values and the other does not;
//   - the last line of a file counts only with its line end: it may be cut in a number;
//   - when a scan number occurs more than once the last one is meant by its number, and
//     each is reachable as number.occurrence (74.1, 74.2);
//   - only what is asked for must be there: a scan without motors has a table all the same.
//
// The lines that are understood and the measured oddities stand in docs/formats/spec.md.
package spec
