package faults

// café

import (
	"context"

	"example.com/faults/lib"
)

func latin(ctx context.Context) (int, error) {
	client, err := lib.NewClient(ctx)
	if err != nil {
		return 0, err
	}
	return client.Count(), nil
}
