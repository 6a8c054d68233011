// Package beam holds what recipes of beamlines have in common: names made of patterns, folders
// found by a marker, factors of motors, masks, means of darks and flats, and Scan, a scan.Source
// for frames that come one by one and are corrected in steps.
//
// A recipe opens its inputs, fills in a Scan with a function that reads frame k, and lists its
// corrections as Steps; reading in parallel, windows, masks, output types and warnings are
// Scan's business.
package beam
