package faults

import (
	"context"

	"example.com/faults/lib"
)

func broken(ctx context.Context) (int, error) {
	client, err := lib.NewClient(ctx
	if err != nil {
		return 0, err
	}
	return client.Count(), nil
}

func whole(ctx context.Context) (int, error) {
	client, err := lib.NewClient(ctx)
	if err != nil {
		return 0, err
	}
	return client.Count(), nil
}
