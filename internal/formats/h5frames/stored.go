package h5frames

import "iter"

// checkStored looks at the storage of the frames that come from frames (place in the caller's
// list, flat number here). The cost is one look for all of a dataset that is stored whole.
func (r *Reader) checkStored(frames iter.Seq2[int, int]) (first, count int, missing error) {
	first = -1
	if err := r.ds.CheckSources(nil, nil); err == nil {
		return first, 0, nil
	}
	var s Scratch
	n := len(r.Leading)
	checked := map[int]error{} // by frame: a scan may visit one twice
	for place, k := range frames {
		err, seen := checked[k]
		if !seen {
			at := r.unravel(k, &s)
			for i := range s.count {
				s.count[i] = 1
			}
			s.count[n], s.count[n+1] = r.Rows, r.Cols
			err = r.ds.CheckSources(at, s.count)
			checked[k] = err
		}
		if err == nil {
			continue
		}
		if first < 0 {
			first, missing = place, err
		}
		count++
	}
	return first, count, missing
}
