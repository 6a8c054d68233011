package fft

import "math"

// The passes. Each reads sub-sequence q of group p of the input at
// x[q + s*(p + m*j)], j = 0 .. r-1, and writes y[q + s*(r*p + k)] =
// exp(-2*pi*i*p*k/(r*m)) * sum_j x_j exp(-2*pi*i*j*k/r).
// For group 0 all factors are 1, and the last pass (m = 1) has no other group.

// lanes cuts the s numbers of place i out of x.
func lanes(x []complex128, i, s int) []complex128 { return x[i*s : i*s+s : i*s+s] }

func radix2(y, x, tw []complex128, m, s int) {
	for p := range m {
		w := complex(1, 0)
		if p > 0 {
			w = tw[p]
		}
		a := lanes(x, p, s)
		b := lanes(x, p+m, s)[:len(a)]
		y0 := lanes(y, 2*p, s)[:len(a)]
		y1 := lanes(y, 2*p+1, s)[:len(a)]
		for q, u := range a {
			v := b[q]
			y0[q] = u + v
			y1[q] = (u - v) * w
		}
	}
}

func radix3(y, x, tw []complex128, m, s int) {
	const h = 0.8660254037844386467637231707529361834714 // sin(60 degrees)
	for p := range m {
		w1, w2 := tw[2*p], tw[2*p+1]
		a := lanes(x, p, s)
		b := lanes(x, p+m, s)[:len(a)]
		c := lanes(x, p+2*m, s)[:len(a)]
		y0 := lanes(y, 3*p, s)[:len(a)]
		y1 := lanes(y, 3*p+1, s)[:len(a)]
		y2 := lanes(y, 3*p+2, s)[:len(a)]
		for q, u := range a {
			t := b[q] + c[q]
			d := b[q] - c[q]
			e := complex(real(u)-0.5*real(t), imag(u)-0.5*imag(t))
			f := complex(h*imag(d), -h*real(d)) // -i*h*d
			y0[q] = u + t
			y1[q] = (e + f) * w1
			y2[q] = (e - f) * w2
		}
	}
}

func radix4(y, x, tw []complex128, m, s int) {
	radix4plain(y, x, m, s)
	for p := 1; p < m; p++ {
		w1, w2, w3 := tw[3*p], tw[3*p+1], tw[3*p+2]
		a := lanes(x, p, s)
		b := lanes(x, p+m, s)[:len(a)]
		c := lanes(x, p+2*m, s)[:len(a)]
		d := lanes(x, p+3*m, s)[:len(a)]
		y0 := lanes(y, 4*p, s)[:len(a)]
		y1 := lanes(y, 4*p+1, s)[:len(a)]
		y2 := lanes(y, 4*p+2, s)[:len(a)]
		y3 := lanes(y, 4*p+3, s)[:len(a)]
		for q, va := range a {
			vc := c[q]
			t0, t1 := va+vc, va-vc
			vb, vd := b[q], d[q]
			t2, e := vb+vd, vb-vd
			t3 := complex(imag(e), -real(e)) // -i*(b-d)
			y0[q] = t0 + t2
			y1[q] = (t1 + t3) * w1
			y2[q] = (t0 - t2) * w2
			y3[q] = (t1 - t3) * w3
		}
	}
}

// radix4plain does group 0, which needs no factors.
func radix4plain(y, x []complex128, m, s int) {
	a := lanes(x, 0, s)
	b := lanes(x, m, s)[:len(a)]
	c := lanes(x, 2*m, s)[:len(a)]
	d := lanes(x, 3*m, s)[:len(a)]
	y0 := lanes(y, 0, s)[:len(a)]
	y1 := lanes(y, 1, s)[:len(a)]
	y2 := lanes(y, 2, s)[:len(a)]
	y3 := lanes(y, 3, s)[:len(a)]
	for q, va := range a {
		vc := c[q]
		t0, t1 := va+vc, va-vc
		vb, vd := b[q], d[q]
		t2, e := vb+vd, vb-vd
		t3 := complex(imag(e), -real(e))
		y0[q] = t0 + t2
		y1[q] = t1 + t3
		y2[q] = t0 - t2
		y3[q] = t1 - t3
	}
}

// radix4first is radix4 for s = 1, the first pass of a single line: the loop runs over
// the groups.
func radix4first(y, x, tw []complex128, m int) {
	a := x[:m]
	b := x[m : 2*m][:len(a)]
	c := x[2*m : 3*m][:len(a)]
	d := x[3*m : 4*m][:len(a)]
	for p, va := range a {
		w := tw[3*p : 3*p+3 : 3*p+3]
		o := y[4*p : 4*p+4 : 4*p+4]
		vc := c[p]
		t0, t1 := va+vc, va-vc
		vb, vd := b[p], d[p]
		t2, e := vb+vd, vb-vd
		t3 := complex(imag(e), -real(e))
		o[0] = t0 + t2
		o[1] = (t1 + t3) * w[0]
		o[2] = (t0 - t2) * w[1]
		o[3] = (t1 - t3) * w[2]
	}
}

func radix5(y, x, tw []complex128, m, s int) {
	c1, s1 := math.Cos(2*math.Pi/5), math.Sin(2*math.Pi/5)
	c2, s2 := math.Cos(4*math.Pi/5), math.Sin(4*math.Pi/5)
	for p := range m {
		w := tw[4*p : 4*p+4]
		a := lanes(x, p, s)
		b, c := lanes(x, p+m, s)[:len(a)], lanes(x, p+2*m, s)[:len(a)]
		d, e := lanes(x, p+3*m, s)[:len(a)], lanes(x, p+4*m, s)[:len(a)]
		y0 := lanes(y, 5*p, s)[:len(a)]
		y1, y2 := lanes(y, 5*p+1, s)[:len(a)], lanes(y, 5*p+2, s)[:len(a)]
		y3, y4 := lanes(y, 5*p+3, s)[:len(a)], lanes(y, 5*p+4, s)[:len(a)]
		for q, u := range a {
			t1, t2 := b[q]+e[q], c[q]+d[q]
			d1, d2 := b[q]-e[q], c[q]-d[q]
			e1 := complex(real(u)+c1*real(t1)+c2*real(t2), imag(u)+c1*imag(t1)+c2*imag(t2))
			e2 := complex(real(u)+c2*real(t1)+c1*real(t2), imag(u)+c2*imag(t1)+c1*imag(t2))
			f1 := complex(s1*imag(d1)+s2*imag(d2), -s1*real(d1)-s2*real(d2))
			f2 := complex(s2*imag(d1)-s1*imag(d2), -s2*real(d1)+s1*real(d2))
			y0[q] = u + t1 + t2
			y1[q] = (e1 + f1) * w[0]
			y2[q] = (e2 + f2) * w[1]
			y3[q] = (e2 - f2) * w[2]
			y4[q] = (e1 - f1) * w[3]
		}
	}
}

func radix7(y, x, tw []complex128, m, s int) {
	var cs, sn [7]float64
	for k := range 7 {
		sn[k], cs[k] = math.Sincos(2 * math.Pi * float64(k) / 7)
	}
	for p := range m {
		w := tw[6*p : 6*p+6]
		for q := range s {
			var t, d [4]complex128
			u := x[q+s*p]
			sum := u
			for j := 1; j <= 3; j++ {
				g, h := x[q+s*(p+m*j)], x[q+s*(p+m*(7-j))]
				t[j], d[j] = g+h, g-h
				sum += t[j]
			}
			y0 := q + s*7*p
			y[y0] = sum
			for k := 1; k <= 3; k++ {
				e, f := u, complex128(0)
				for j := 1; j <= 3; j++ {
					c, n := cs[j*k%7], sn[j*k%7]
					e += complex(c*real(t[j]), c*imag(t[j]))
					f += complex(n*imag(d[j]), -n*real(d[j]))
				}
				y[y0+s*k] = (e + f) * w[k-1]
				y[y0+s*(7-k)] = (e - f) * w[6-k]
			}
		}
	}
}

func radix8(y, x, tw []complex128, m, s int) {
	const h = 0.7071067811865475244008443621048490392848 // sqrt(1/2)
	for p := range m {
		w := tw[7*p : 7*p+7 : 7*p+7]
		for q := range s {
			i := q + s*p
			a, e := x[i], x[i+4*s*m]
			a, e = a+e, a-e
			b, f := x[i+s*m], x[i+5*s*m]
			b, f = b+f, b-f
			c, g := x[i+2*s*m], x[i+6*s*m]
			c, g = c+g, c-g
			d, k := x[i+3*s*m], x[i+7*s*m]
			d, k = d+k, d-k

			// even outputs: a transform of length 4 of a, b, c, d
			t0, t1 := a+c, a-c
			t2, u := b+d, b-d
			t3 := complex(imag(u), -real(u))
			o := y[q+s*8*p:]
			o[0] = t0 + t2
			o[2*s] = (t1 + t3) * w[1]
			o[4*s] = (t0 - t2) * w[3]
			o[6*s] = (t1 - t3) * w[5]

			// odd outputs: the same of e, f, g, k turned by 0, 45, 90, 135 degrees
			f = complex(h*(real(f)+imag(f)), h*(imag(f)-real(f)))
			g = complex(imag(g), -real(g))
			k = complex(h*(imag(k)-real(k)), -h*(real(k)+imag(k)))
			t0, t1 = e+g, e-g
			t2, u = f+k, f-k
			t3 = complex(imag(u), -real(u))
			o[s] = (t0 + t2) * w[0]
			o[3*s] = (t1 + t3) * w[2]
			o[5*s] = (t0 - t2) * w[4]
			o[7*s] = (t1 - t3) * w[6]
		}
	}
}
