package proof

import (
	"context"
	"slices"

	"example.com/proof/lib/cl"
)

// The channel is closed with the client.
func givesItsChannel(ctx context.Context) (<-chan string, error) {
	c, err := cl.NewClient(ctx) // fate
	if err != nil {
		return nil, err
	}
	return c.Events(), nil
}

func readsItsChannel(ctx context.Context) (string, error) {
	c, err := cl.NewClient(ctx) // safe
	if err != nil {
		return "", err
	}
	return <-c.Events(), nil
}

// The context ends with the client.
func givesItsContext(ctx context.Context) (context.Context, error) {
	c, err := cl.NewClient(ctx) // fate
	if err != nil {
		return nil, err
	}
	return c.Context(ctx), nil
}

var noted []*cl.Client

func note(c *cl.Client) bool {
	noted = append(noted, c)
	return false
}

func isNew(c *cl.Client) bool { return c.Use() == nil }

// The function that is called back keeps it.
func keptByCallback(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // against 4 "`note`"
	if err != nil {
		return err
	}
	slices.IndexFunc([]*cl.Client{c}, note)
	return nil
}

func lentToCallback(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // safe
	if err != nil {
		return err
	}
	slices.IndexFunc([]*cl.Client{c}, isNew)
	return nil
}

func lentToAnything(ctx context.Context, look func(c *cl.Client) bool) error {
	c, err := cl.NewClient(ctx) // against 4 "a function value, which may be any function"
	if err != nil {
		return err
	}
	slices.IndexFunc([]*cl.Client{c}, look)
	return nil
}

// A method by another name releases it.
func leaves(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // fate
	if err != nil {
		return err
	}
	return c.Leave()
}
