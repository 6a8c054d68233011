package mat5

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// WriteUint8 writes a MAT-file of level 5 (as "save -v6" does) with one variable: a matrix of
// rows x cols, row-major, of class uint8, as masks are kept in. Errors: a name that MATLAB does
// not take, sizes that do not fit.
func WriteUint8(w io.Writer, name string, data []byte, rows, cols int) error {
	if name == "" || len(name) > 63 {
		return fmt.Errorf("mat5: %q is no name of a variable", name)
	}
	if len(data) != rows*cols || rows < 1 || cols < 1 {
		return fmt.Errorf("mat5: %d numbers for a matrix of %d x %d", len(data), rows, cols)
	}
	const classUint8, miUint8 = 9, 2
	le := binary.LittleEndian
	var m bytes.Buffer // the matrix
	element := func(kind uint32, b []byte) {
		m.Write(le.AppendUint32(le.AppendUint32(nil, kind), uint32(len(b))))
		m.Write(b)
		m.Write(make([]byte, -len(b)&7)) // elements begin at multiples of 8 bytes
	}
	element(miUint32, le.AppendUint32(le.AppendUint32(nil, classUint8), 0))
	element(miInt32, le.AppendUint32(le.AppendUint32(nil, uint32(rows)), uint32(cols)))
	element(miInt8, []byte(name))
	columns := make([]byte, 0, len(data))
	for j := range cols {
		for i := range rows {
			columns = append(columns, data[i*cols+j])
		}
	}
	element(miUint8, columns)

	head := bytes.Repeat([]byte(" "), headerSize)
	copy(head, "MATLAB 5.0 MAT-file, written by ptyprep")
	copy(head[116:], make([]byte, 8)) // no subsystem
	le.PutUint16(head[124:], 0x0100)
	copy(head[126:], "IM")
	head = le.AppendUint32(le.AppendUint32(head, miMatrix), uint32(m.Len()))
	_, err := w.Write(append(head, m.Bytes()...))
	return err
}
