package fix

import (
	"context"

	"example.com/leaky/lib"
)

func safe(ctx context.Context) (int, error) {
	client, err := lib.NewClient(ctx)
	if err != nil {
		return 0, err
	}
	return client.Count(), nil
}

func doubtful(ctx context.Context) int {
	client, _ := lib.NewClient(ctx)
	return client.Count()
}
