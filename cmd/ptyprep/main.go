// Ptyprep prepares ptychography scans: it turns the raw files of a beamline into the .ptyd files
// that reconstruction codes read.
package main

import (
	"os"

	"ptyprep/cmd/ptyprep/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr)) }
