// Package store keeps things. func notCode() {}
package store

import "fmt"

import (
	"context"
	. "strings"
	_ "embed"

	js "encoding/json"
)

// Limit is how many.
const Limit = 10

const (
	// First is the first.
	First Kind = iota
	Second
	third, fourth = 3, "func a() {}"
)

var (
	ErrFull = fmt.Errorf("full")
	table   = map[string]int{
		"a": 1,

		"b": 2,
	}
)

// Kind says what.
type Kind int

type Alias = Kind

/*
Store holds items.

func inComment() {}
*/
type Store[K comparable, V any] struct {
	sync.Mutex
	items map[K]V `json:"items"`
	next  *Store[K, V]
}

type (
	// Reader reads.
	Reader interface {
		fmt.Stringer
		Read(ctx context.Context, p []byte) (n int, err error)
	}
	handler func(Reader) error
)

type Number interface{ ~int | ~float64 }

// Get finds one.
//
// It locks.
func (s *Store[K, V]) Get(
	ctx context.Context,
	key K,
) (value V, ok bool) {
	s.Lock()
	defer s.Unlock()
	text := `
func inRawString() {

}
`
	if v, found := s.items[key]; found && text != "" {
		return v, true
	} else if ctx.Err() != nil || s.next == nil {
		return
	}
	for range s.items {
	}
	switch any(key).(type) {
	case int, int64:
	case string:
	default:
	}
	select {
	case <-ctx.Done():
	default:
	}
	return s.next.Get(ctx, key)
}

func Map[T, U any](in []T, f func(T) U) []U {
	out := make([]U, 0, len(in))
	each := func(t T) { out = append(out, f(t)) }
	for _, t := range in {
		each(t)
	}
	return out
}

func init() {}

func assembly(x uint64) uint64
