package scan

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// makeCrew makes as many workers as are asked for and memory allows, at least one, and room for
// their results. A worker keeps its pixels in memory of its own, so that its core finds them in
// its cache; what it hands on is the packed frame alone.
func (r *run) makeCrew() {
	d, p := &r.plan.raw, r.plan
	// Two images take turns as source and result of a step: the frame as loaded and the corrected
	// one, then the cut, binned and turned ones. Packing needs another, and makes the result.
	whole, pixels := int64(d.Rows*d.Cols), int64(p.RawShape[0]*p.RawShape[1])
	cut := pixels * int64(max(p.Type.Size(), d.Type.Size()))
	loaded, corrected := whole*int64(d.RawType.Size()), whole*int64(d.Type.Size())
	out := pixels * int64(p.Type.Size()+1)
	worker := max(loaded, cut) + max(corrected, cut) + pixels*int64(p.Type.Size()) + out + d.FrameBytes
	workers := min(r.opt.Workers, p.Frames)
	slots := func() int { return min(workers+2, p.Frames) }
	for workers > 1 && d.FixedBytes+int64(workers)*worker+int64(slots())*out > r.opt.MemoryBytes {
		workers--
	}
	if workers < min(r.opt.Workers, p.Frames) {
		r.opt.Log.Info(fmt.Sprintf("memory: %d MiB are enough for %d worker(s) of %.1f MiB each", r.opt.MemoryBytes>>20, workers, float64(worker)/(1<<20)))
	}
	for range workers {
		r.crew = append(r.crew, NewFrame(0))
	}
	for range slots() {
		r.slots = append(r.slots, new(Frame))
	}
}

// take moves what a worker made of a frame into f, and leaves the worker what f held, to be used
// again.
func (f *Frame) take(from *Frame) {
	f.Index, f.notes, f.spent = from.Index, from.notes, from.spent
	from.notes, from.spent = counts{}, [NumStages]time.Duration{}
	f.Out, from.Out = from.Out, f.Out
}

// slot is the place of one result in the order of frames.
type slot struct {
	f    *Frame
	done chan error // nil when the frame is made
}

// queue hands out frame numbers, each together with a place for the result. The channels hold all
// slots, so that no send blocks.
type queue struct {
	free chan *slot
	line chan *slot // slots in the order of their frames

	mu       sync.Mutex
	next, hi int
}

// pull gives the next frame's slot, nil when there is no more.
func (q *queue) pull(ctx context.Context) (*slot, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.next == q.hi {
		return nil, nil
	}
	select {
	case s := <-q.free:
		s.f.Index = q.next
		q.line <- s
		if q.next++; q.next == q.hi {
			close(q.line)
		}
		return s, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// ordered sends frames lo..hi-1 through work on the workers and gives the results to emit in
// order. No more frames exist than there are workers, and no more results than slots, so memory
// does not grow with the scan. Of several frames that fail, the error is always that of the first
// in the scan: what a user reads does not depend on chance.
func (r *run) ordered(ctx context.Context, lo, hi int, work func(context.Context, *Frame) error, emit func(*Frame) error) error {
	if lo == hi {
		return nil
	}
	g, ctx := errgroup.WithContext(ctx)
	n := len(r.slots)
	q := &queue{free: make(chan *slot, n), line: make(chan *slot, n), next: lo, hi: hi}
	for _, f := range r.slots {
		q.free <- &slot{f: f, done: make(chan error, 1)}
	}
	for _, f := range r.crew {
		g.Go(func() error { return r.work(ctx, q, f, work) })
	}
	g.Go(func() error { return r.emit(ctx, q, emit) })
	err := g.Wait()
	if errors.Is(err, context.Canceled) && ctx.Err() != nil && context.Cause(ctx) != nil {
		return context.Cause(ctx)
	}
	return err
}

// work is one worker, with frame f as its memory.
func (r *run) work(ctx context.Context, q *queue, f *Frame, work func(context.Context, *Frame) error) error {
	job := func(f *Frame) error { return work(ctx, f) }
	for {
		s, err := q.pull(ctx)
		if s == nil {
			return err
		}
		f.Index = s.f.Index
		if err = r.guard(ctx, f, job); err == nil {
			s.f.take(f)
		}
		s.done <- err
	}
}

// emit hands results on in the order of frames. A slot that stands in line has a worker, which
// also answers when ctx has ended.
func (r *run) emit(ctx context.Context, q *queue, to func(*Frame) error) error {
	for {
		var s *slot
		select {
		case s = <-q.line:
			if s == nil {
				return nil
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if err := <-s.done; err != nil {
			return err
		}
		if err := r.guard(ctx, s.f, to); err != nil {
			return err
		}
		q.free <- s
	}
}
