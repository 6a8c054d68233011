package fft

// block is the number of columns that a column pass takes together: two cache lines of
// each row, and the factors of a pass are loaded once for all of them.
const block = 8

// Plan2 transforms arrays of Rows x Cols numbers, row-major.
type Plan2 struct {
	rows, cols *Plan // transforms of one column, of one row
}

// New2 makes the plan for arrays of rows x cols; a side below 1 is a programming error
// and panics.
func New2(rows, cols int) *Plan2 {
	p := &Plan2{rows: New(rows)}
	if p.cols = p.rows; cols != rows {
		p.cols = New(cols)
	}
	return p
}

// Shape gives the rows and columns of the arrays.
func (p *Plan2) Shape() (rows, cols int) { return p.rows.n, p.cols.n }

// Scratch2 is the work space of one worker for one Plan2.
type Scratch2 struct {
	w   []complex128 // of the passes
	col []complex128 // a block of columns: rows x block
}

// NewScratch makes the work space of one worker: about 16*block*16 bytes a row or column.
func (p *Plan2) NewScratch() *Scratch2 {
	return &Scratch2{
		w:   make([]complex128, max(p.cols.workLen(1), p.rows.workLen(block))),
		col: make([]complex128, p.rows.n*block),
	}
}

// Forward replaces a (Rows*Cols numbers) by its transform.
func (p *Plan2) Forward(a []complex128, s *Scratch2) {
	p.rowPass(a, s)
	for c := 0; c < p.cols.n; c += block {
		b := p.gather(a, c, s)
		p.columns(b, s)
		p.scatter(a, c, b, s)
	}
}

// Inverse replaces a (Rows*Cols numbers) by its inverse transform, with 1/(Rows*Cols).
func (p *Plan2) Inverse(a []complex128, s *Scratch2) {
	f := 1 / (float64(p.rows.n) * float64(p.cols.n))
	for c := 0; c < p.cols.n; c += block {
		b := p.gather(a, c, s)
		p.columns(b, s)
		p.scatterReversed(a, c, b, s, f)
	}
	p.rowPassInverse(a, s)
}

// Power writes the squared modulus of the transform of a, times f, to dst (Rows*Cols
// numbers each). It is Forward without the way back of the complex numbers to memory. Rows of
// a outside lo <= row < hi must be zero: they are not transformed, and stay zero; those inside
// are left with undefined contents.
func (p *Plan2) Power(dst []float64, a []complex128, lo, hi int, f float64, s *Scratch2) {
	n := p.cols.n
	for r := lo; r < hi; r++ {
		p.cols.forward(a[r*n:r*n+n:r*n+n], s.w)
	}
	for c := 0; c < n; c += block {
		b := p.gather(a, c, s)
		p.columns(b, s)
		for r := range p.rows.n {
			d := dst[r*n+c : r*n+c+b]
			for j, v := range s.col[r*b : r*b+b][:len(d)] {
				d[j] = (real(v)*real(v) + imag(v)*imag(v)) * f
			}
		}
	}
}

// Convolve replaces a by the inverse transform of its transform times kernel (Rows*Cols
// numbers, in the order of the transform; factor 1/(Rows*Cols) included).
func (p *Plan2) Convolve(a, kernel []complex128, s *Scratch2) {
	p.rowPass(a, s)
	n := p.cols.n
	f := 1 / (float64(p.rows.n) * float64(n))
	for c := 0; c < n; c += block {
		b := p.gather(a, c, s)
		p.columns(b, s)
		for r := range p.rows.n {
			k := kernel[r*n+c : r*n+c+b]
			l := s.col[r*b : r*b+b][:len(k)]
			for j, v := range k {
				l[j] *= v
			}
		}
		p.columns(b, s)
		p.scatterReversed(a, c, b, s, f)
	}
	p.rowPassInverse(a, s)
}

func (p *Plan2) rowPass(a []complex128, s *Scratch2) {
	n := p.cols.n
	for r := range p.rows.n {
		p.cols.forward(a[r*n:r*n+n:r*n+n], s.w)
	}
}

func (p *Plan2) rowPassInverse(a []complex128, s *Scratch2) {
	n := p.cols.n
	for r := range p.rows.n {
		p.cols.inverse(a[r*n:r*n+n:r*n+n], s.w)
	}
}

// gather copies the columns from c on, at most block, side by side into s.col and tells
// how many they are.
func (p *Plan2) gather(a []complex128, c int, s *Scratch2) int {
	n := p.cols.n
	b := min(block, n-c)
	for r := range p.rows.n {
		copy(s.col[r*b:r*b+b], a[r*n+c:r*n+c+b])
	}
	return b
}

// columns transforms the b columns in s.col.
func (p *Plan2) columns(b int, s *Scratch2) {
	if p.rows.blue == nil {
		p.rows.run(s.col, s.w, b)
		return
	}
	m := p.rows.n
	line := s.w[len(s.w)-m:] // behind the work space of Bluestein's transform
	for j := range b {
		for r := range m {
			line[r] = s.col[r*b+j]
		}
		p.rows.blue.run(line, s.w)
		for r := range m {
			s.col[r*b+j] = line[r]
		}
	}
}

// scatter copies b columns back.
func (p *Plan2) scatter(a []complex128, c, b int, s *Scratch2) {
	n := p.cols.n
	for r := range p.rows.n {
		copy(a[r*n+c:r*n+c+b], s.col[r*b:r*b+b])
	}
}

// scatterReversed copies b columns back, rows counted down from Rows, times f.
func (p *Plan2) scatterReversed(a []complex128, c, b int, s *Scratch2, f float64) {
	n, m := p.cols.n, p.rows.n
	for r := range m {
		from := m - r
		if r == 0 {
			from = 0
		}
		d := a[r*n+c : r*n+c+b]
		for j, v := range s.col[from*b : from*b+b][:len(d)] {
			d[j] = complex(real(v)*f, imag(v)*f)
		}
	}
}
