package leaky

import (
	"context"

	"example.com/leaky/lib"
)

type server struct{ client *lib.Client }

func newServer(ctx context.Context) (*server, error) {
	client, err := lib.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	return &server{client: client}, nil
}

func closed(ctx context.Context) (int, error) {
	client, err := lib.NewClient(ctx)
	if err != nil {
		return 0, err
	}
	defer client.Close()
	return client.Count(), nil
}
