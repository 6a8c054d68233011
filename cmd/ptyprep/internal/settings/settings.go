// Package settings holds the settings of the tool: how it works, never what it computes. Each
// comes from the first of these that has it: the command line, the environment (PTYPREP_*), a
// configuration file, the default. A recipe cannot set them.
package settings

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"ptyprep/internal/formats/codec"
	"ptyprep/internal/scan"
)

// The names of the settings: flags as they are, keys of a configuration file with _ for -, and
// environment variables in capitals behind PTYPREP_.
const (
	Workers     = "workers"
	Memory      = "memory"
	Compression = "compression"
	Checksum    = "checksum"
	NoLock      = "no-lock"
	LogFormat   = "log-format"
	Progress    = "progress"
)

// Words of LogFormat and Progress.
const (
	LogText = "text"
	LogJSON = "json"

	ProgressAuto  = "auto"  // a bar on a terminal, lines elsewhere
	ProgressBar   = "bar"   // a bar
	ProgressPlain = "plain" // a line every few seconds
	ProgressNone  = "none"
)

// Setting declares one setting.
type Setting struct {
	Name    string
	Default string
	Bool    bool   // a flag without a value
	Help    string // the name of the value in backquotes
	Takes   string // the values there are, in words
	// check gives the value in its one spelling.
	check func(string) (string, error)
}

// Key is the setting's name in a configuration file.
func (s *Setting) Key() string { return strings.ReplaceAll(s.Name, "-", "_") }

// Env is the setting's environment variable.
func (s *Setting) Env() string { return envPrefix + strings.ToUpper(s.Key()) }

const envPrefix = "PTYPREP_"

// Table gives all settings.
func Table() []*Setting {
	return []*Setting{
		{Name: Workers, Default: "auto", Help: "`N` frames are worked on at the same time; auto: one for each core that may be used",
			Takes: "auto or a whole number in 1..1024", check: checkWorkers},
		{Name: Memory, Default: formatBytes(scan.DefaultMemoryBytes), Help: "`SIZE` that all frames in flight may take together, e.g. 512MiB or 2GB",
			Takes: "a size of 16MiB or more, as 512MiB, 2GB or 4G", check: checkMemory},
		{Name: Compression, Default: codec.Auto.String(), Help: "`TYPE` of compression: auto (fast deflate, with or without a byte shuffle as the first frames say), deflate:1 to deflate:9, lz4, bitshuffle-lz4, zstd:1 to zstd:22 or none; +shuffle behind puts a byte shuffle in front. Every HDF5 program reads deflate and none, the others need a plugin",
			Takes: "auto, none, deflate:1 to deflate:9, lz4, bitshuffle-lz4, zstd or zstd:1 to zstd:22, with +shuffle where wanted", check: checkCompression},
		{Name: Checksum, Default: "false", Bool: true, Help: "add a checksum (fletcher32) to each chunk of frames",
			Takes: "true or false", check: checkBool},
		{Name: NoLock, Default: "false", Bool: true, Help: "open HDF5 inputs without locking them, for file systems without locks and files that are still open elsewhere; the result is refused if an input changes meanwhile",
			Takes: "true or false", check: checkBool},
		{Name: LogFormat, Default: LogText, Help: "`FORMAT` of messages: text, or json (one object a line)",
			Takes: "text or json", check: oneOf(LogText, LogJSON)},
		{Name: Progress, Default: ProgressAuto, Help: "`KIND` of progress: auto (a bar on a terminal, lines elsewhere), bar, plain (a line every few seconds) or none",
			Takes: "auto, bar, plain or none", check: oneOf(ProgressAuto, ProgressBar, ProgressPlain, ProgressNone)},
	}
}

// WorkersOf reads a checked value of Workers; 0 stands for auto.
func WorkersOf(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}

func checkWorkers(s string) (string, error) {
	s = strings.ToLower(s)
	if s == "auto" || s == "0" {
		return "auto", nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 1024 {
		return "", errBad
	}
	return strconv.Itoa(n), nil
}

// CompressionOf reads a checked value of Compression.
func CompressionOf(text string) codec.Compression {
	c, _ := codec.ParseCompression(text)
	return c
}

// checkCompression leaves out checksums, which have a setting of their own.
func checkCompression(s string) (string, error) {
	c, err := codec.ParseCompression(s)
	if err != nil || c.Checksum {
		return "", errBad
	}
	return c.String(), nil
}

// BoolOf reads a checked boolean.
func BoolOf(text string) bool { return text == "true" }

func checkBool(s string) (string, error) {
	switch strings.ToLower(s) {
	case "1", "true", "yes", "on":
		return "true", nil
	case "0", "false", "no", "off":
		return "false", nil
	}
	return "", errBad
}

func oneOf(words ...string) func(string) (string, error) {
	return func(s string) (string, error) {
		for _, w := range words {
			if strings.EqualFold(s, w) {
				return w, nil
			}
		}
		return "", errBad
	}
}

// minMemory is less than a few frames of a common detector; a smaller bound is a slip of the unit.
const minMemory = 16 << 20

// BytesOf reads a checked value of Memory.
func BytesOf(text string) int64 {
	n, _ := parseBytes(text)
	return n
}

func checkMemory(s string) (string, error) {
	n, ok := parseBytes(s)
	if !ok || n < minMemory {
		return "", errBad
	}
	return formatBytes(n), nil
}

// units are the endings of a size: k, M, G, T alone count in 1024s, as ulimit and Slurm do.
var units = map[string]float64{
	"": 1, "b": 1,
	"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40,
	"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
	"kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
}

func parseBytes(s string) (int64, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	end := strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	if end < 0 {
		end = len(s)
	}
	x, err := strconv.ParseFloat(s[:end], 64)
	u, ok := units[strings.TrimSpace(s[end:])]
	if err != nil || !ok || x*u >= math.MaxInt64 {
		return 0, false
	}
	return int64(x * u), true
}

// formatBytes writes a size in the largest unit that leaves a whole number.
func formatBytes(n int64) string {
	for _, u := range []struct {
		name string
		size int64
	}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"GB", 1e9}, {"MiB", 1 << 20}, {"MB", 1e6}} {
		if n >= u.size && n%u.size == 0 {
			return fmt.Sprintf("%d%s", n/u.size, u.name)
		}
	}
	return strconv.FormatInt(n, 10)
}
