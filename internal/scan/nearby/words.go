// Package nearby finds what was most likely meant: the word nearest to a misspelt one, the file or
// folder that lies where one is missing.
package nearby

import "strings"

// Nearest finds the candidate that a misspelt word most likely means: the fewest insertions,
// deletions, replacements and swaps of neighbours, letter case not counting. At most one slip for
// each three letters is forgiven; the first candidate wins a draw.
func Nearest(word string, candidates []string) (string, bool) {
	best, least := "", 1+max(1, len(word)/3)
	for _, c := range candidates {
		if len(c)-len(word) >= least || len(word)-len(c) >= least {
			continue
		}
		if n := slips(strings.ToLower(word), strings.ToLower(c)); n < least {
			best, least = c, n
		}
	}
	return best, best != ""
}

// slips is the Damerau-Levenshtein distance (optimal string alignment) in bytes.
func slips(a, b string) int {
	before, last, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(last[j]+1, cur[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, last, cur = last, cur, before
	}
	return last[len(b)]
}
