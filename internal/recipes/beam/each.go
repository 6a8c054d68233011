package beam

import (
	"context"
	"runtime"
	"sync"
)

// Each calls work for 0..n-1 in parallel, e.g. to read the headers of n files; more goroutines
// than cores, as opening files on a network disk is waiting. After an error no further number is
// begun. Numbers are begun in order and those begun are finished, so that the error is always
// that of the lowest number that fails: messages do not depend on chance. A cancelled ctx ends
// it with its cause.
func Each(ctx context.Context, n int, work func(i int) error) error {
	var (
		mu     sync.Mutex
		next   int
		failed = n
		first  error
		wg     sync.WaitGroup
	)
	take := func() int {
		mu.Lock()
		defer mu.Unlock()
		if first != nil || next >= n || ctx.Err() != nil {
			return -1
		}
		next++
		return next - 1
	}
	for range min(n, 4*runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := take(); i >= 0; i = take() {
				err := work(i)
				mu.Lock()
				if err != nil && i < failed {
					failed, first = i, err
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if first == nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return first
}
