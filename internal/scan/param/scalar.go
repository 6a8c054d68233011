package param

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Numbers are those of YAML 1.2 (core schema), but whole numbers may have leading zeros and are
// decimal then. Python's and TOML's spellings of infinity and NaN are taken as well.
var (
	floatText = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)
	intText   = regexp.MustCompile(`^[-+]?([0-9]+|0x[0-9a-fA-F]+|0o[0-7]+|0b[01]+)$`)
	notFinite = regexp.MustCompile(`^[-+]?\.?(inf|Inf|INF|nan|NaN|NAN)$`)
)

// intLimit is where float64 stops holding every whole number.
const intLimit = 1 << 53

// parseInt reads a whole number: 12, 00074 (decimal), 0x1F, 0o17, and also 3.0 and 1e3.
// big says that it is one, but beyond 64 bits.
func parseInt(s string) (x int64, ok, big bool) {
	if intText.MatchString(s) {
		base := 10
		digits := strings.TrimLeft(s, "+-")
		if len(digits) > 2 && digits[0] == '0' {
			switch digits[1] {
			case 'x':
				base = 16
			case 'o':
				base = 8
			case 'b':
				base = 2
			}
		}
		if base != 10 {
			digits = digits[2:]
		}
		if strings.HasPrefix(s, "-") {
			digits = "-" + digits
		}
		x, err := strconv.ParseInt(digits, base, 64)
		return x, err == nil, err != nil
	}
	if f, ok := parseFloat(s); ok && f == math.Trunc(f) {
		if math.Abs(f) > intLimit {
			return 0, false, true
		}
		return int64(f), true, false
	}
	return 0, false, false
}

// parseFloat reads a number; one that overflows comes out as an infinity.
func parseFloat(s string) (float64, bool) {
	switch {
	case floatText.MatchString(s):
		f, _ := strconv.ParseFloat(s, 64)
		return f, true
	case intText.MatchString(s): // 0x10 and its like; decimal ones matched above
		i, ok, _ := parseInt(s)
		return float64(i), ok
	case notFinite.MatchString(s):
		sign := 1
		if s[0] == '-' {
			sign = -1
		}
		if strings.EqualFold(s[len(s)-3:], "nan") {
			return math.NaN(), true
		}
		return math.Inf(sign), true
	}
	return 0, false
}

// parseBool reads true and false. YAML 1.1's yes and no are left out on purpose: whoever writes
// `label: no` means a text.
func parseBool(s string) (value, ok bool) {
	switch s {
	case "true", "True", "TRUE":
		return true, true
	case "false", "False", "FALSE":
		return false, true
	}
	return false, false
}

// noneText reports whether the text means null where the type has none: what TOML files use, which
// know no null, and what Python users write.
func noneText(s string) bool { return s == "none" || s == "None" || s == "null" }
