// Package left has leaks that no safe fix mends.
package left

import (
	"context"

	"example.com/leaky/lib"
)

func unchecked(ctx context.Context) int {
	// It never fails.
	client, _ := lib.NewClient(ctx)
	return client.Count()
}

func twice(ctx context.Context) int {
	one, _ := lib.NewClient(ctx)
	two, _ := lib.NewClient(ctx) // another
	return one.Count() + two.Count()
}

func sum(first int, client *lib.Client, _ error) int { return first + client.Count() }

func inBranch(ctx context.Context, really bool) int {
	if !really {
		return 0
	} else if client, err := lib.NewClient(ctx); err == nil && client.Count() > 0 {
		return client.Count()
	}
	return 1
}

func aligned(ctx context.Context) int {
	n := 1                          // one
	client, _ := lib.NewClient(ctx) // two
	return n + client.Count()
}

func safe(ctx context.Context) (int, error) {
	client, err := lib.NewClient(ctx)
	if err != nil {
		return 0, err
	}
	return client.Count(), nil
}
