package leaky

import (
	"context"

	"example.com/leaky/lib"
)

func silenced(ctx context.Context) (int, error) {
	client, err := lib.NewClient(ctx) //unleak:ignore unclosed-client -- the process ends right after
	if err != nil {
		return 0, err
	}
	return client.Count(), nil
}

// closed says that it leaks, which it does no more.
//
//unleak:ignore unclosed-client -- written before it was closed
func closed(ctx context.Context) (int, error) {
	client, err := lib.NewClient(ctx)
	if err != nil {
		return 0, err
	}
	defer client.Close()
	return client.Count(), nil
}

func mistyped(ctx context.Context) (int, error) {
	client, err := lib.NewClient(ctx) //unleak:ignore unclosed-cleint -- the process ends right after
	if err != nil {
		return 0, err
	}
	return client.Count(), nil
}

func linted(ctx context.Context) int {
	n := 1 //nolint:errcheck,unleak // once there was a client
	//unleak:ignore
	return n + len("//unleak:ignore unclosed-client")
}

func gone(ctx context.Context) (*lib.Client, error) {
	client, err := lib.NewClient(ctx) //unleak:ignore released-too-early -- only its address is asked for
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return client, nil
}

func open(ctx context.Context) (*lib.Client, error) {
	return lib.NewClient(ctx) //unleak:ignore released-too-early -- it was closed here once
}
