//go:build !linux

package atomicfile

import "errors"

// renameNoReplace is known to Linux only; renameNew goes another way elsewhere.
func renameNoReplace(_, _ string) error { return errors.ErrUnsupported }
