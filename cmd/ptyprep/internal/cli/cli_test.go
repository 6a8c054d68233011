package cli

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"
)

// The first signal ends the context with the signal as its cause, the second one the program.
func TestSecondSignal(t *testing.T) {
	exited := make(chan int, 1)
	ctx, stop := withSignals(t.Context(), func(n int) { exited <- n })
	defer stop()
	send := func(s syscall.Signal) {
		if err := syscall.Kill(syscall.Getpid(), s); err != nil {
			t.Fatal(err)
		}
	}
	send(syscall.SIGINT)
	select {
	case <-ctx.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("the context lives on")
	}
	var i *interrupt
	if err := context.Cause(ctx); !errors.As(err, &i) || i.status() != 130 || !errors.Is(err, context.Canceled) {
		t.Errorf("cause %v", err)
	}
	send(syscall.SIGTERM)
	select {
	case n := <-exited:
		if n != 143 {
			t.Errorf("exit status %d, want 143", n)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the second signal was not heard")
	}
}
