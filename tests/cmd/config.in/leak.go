package leaky

import (
	"context"

	"example.com/leaky/lib"
)

func leak(ctx context.Context) (int, error) {
	client, err := lib.NewClient(ctx)
	if err != nil {
		return 0, err
	}
	return client.Count(), nil
}
