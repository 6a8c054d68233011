package param

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
)

// expandPath expands ~, ~user, $VAR and ${VAR} ($$ is a dollar sign) and puts dir before a relative
// path. It does not clean the path, since link/../x is not x.
func expandPath(path, dir string) (string, error) {
	s, err := expandVars(path)
	if err != nil {
		return "", err
	}
	// Only a tilde of the text itself means a home folder, not one that a variable brings.
	if strings.HasPrefix(path, "~") {
		if s, err = expandHome(s); err != nil {
			return "", err
		}
	}
	if s == "" || dir == "" || dir == "." || filepath.IsAbs(s) {
		return s, nil
	}
	for strings.HasPrefix(s, "./") && len(s) > 2 {
		s = s[2:]
	}
	return strings.TrimSuffix(dir, "/") + "/" + s, nil
}

func expandHome(s string) (string, error) {
	name, rest := s[1:], ""
	if i := strings.IndexByte(s, '/'); i >= 0 {
		name, rest = s[1:i], s[i:]
	}
	if name == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("the path begins with ~, but the home folder is not known: %w", err)
		}
		return home + rest, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return "", fmt.Errorf("the path begins with ~%s, but there is no such user (write ./~%s for a file of that name)", name, name)
	}
	return u.HomeDir + rest, nil
}

func expandVars(s string) (string, error) {
	if !strings.Contains(s, "$") {
		return s, nil
	}
	var out strings.Builder
	for {
		i := strings.IndexByte(s, '$')
		if i < 0 {
			out.WriteString(s)
			return out.String(), nil
		}
		out.WriteString(s[:i])
		s = s[i+1:]
		if strings.HasPrefix(s, "$") {
			out.WriteByte('$')
			s = s[1:]
			continue
		}
		name, rest, err := varName(s)
		if err != nil {
			return "", err
		}
		value, ok := os.LookupEnv(name)
		if !ok {
			return "", fmt.Errorf("the environment variable %s is not set", name)
		}
		out.WriteString(value)
		s = rest
	}
}

// varName takes the name off the text behind a dollar sign: VAR or {VAR}.
func varName(s string) (name, rest string, err error) {
	if strings.HasPrefix(s, "{") {
		end := strings.IndexByte(s, '}')
		if end > 1 && nameLen(s[1:end]) == end-1 {
			return s[1:end], s[end+1:], nil
		}
		return "", "", fmt.Errorf("${ begins a variable that is not closed or has no proper name; write $$ for a dollar sign")
	}
	n := nameLen(s)
	if n == 0 {
		return "", "", fmt.Errorf("$ without the name of a variable; write $$ for a dollar sign")
	}
	return s[:n], s[n:], nil
}

// nameLen is how many of the first bytes make the name of a variable.
func nameLen(s string) int {
	for i := range len(s) {
		c := s[i]
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return i
		}
	}
	return len(s)
}
