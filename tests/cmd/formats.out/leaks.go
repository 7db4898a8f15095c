package leaky

import (
	"context"

	"example.com/leaky/lib"
)

func safe(ctx context.Context) (int, error) {
	client, err := lib.NewClient(ctx)
	if err != nil {
		return 0, err
	}
	defer client.Close()
	return client.Count(), nil
}

func doubtful(ctx context.Context) int {
	client, _ := lib.NewClient(ctx)
	return client.Count()
}

func loop(ctx context.Context, n int) error {
	for range n {
		client, err := lib.NewClient(ctx)
		if err != nil {
			return err
		}
		client.Count()
		client.Close()
	}
	return nil
}

func silenced(ctx context.Context) int {
	client, _ := lib.NewClient(ctx) //unleak:ignore unclosed-client -- a test of silence
	return client.Count()
}
