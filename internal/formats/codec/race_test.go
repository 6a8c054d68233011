//go:build race

package codec

// underRace: sync.Pool then forgets at random, so counts of allocations mean nothing.
const underRace = true
