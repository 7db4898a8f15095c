package proof

import (
	"context"
	"errors"
	"log"

	"example.com/proof/lib/cl"
)

var health = map[string]func() error{}

// Others call what uses it.
func NewWatchedClient(ctx context.Context) (*cl.Client, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	health["c"] = func() error { return c.Use() }
	return c, nil
}

func watched(ctx context.Context) error {
	c, err := NewWatchedClient(ctx) // against -5 "hands on a function that uses it"
	if err != nil {
		return err
	}
	return c.Use()
}

func each(names []string, do func(string) error) error {
	for _, name := range names {
		if err := do(name); err != nil {
			return err
		}
	}
	return nil
}

// What is called before the maker returns is over by then.
func NewFilledClient(ctx context.Context, names []string) (*cl.Client, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	if err := each(names, func(name string) error { return c.Use() }); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func filled(ctx context.Context, names []string) error {
	c, err := NewFilledClient(ctx, names) // safe
	if err != nil {
		return err
	}
	return c.Use()
}

var shared *cl.Client

// The function that is handed in ends what the package has.
func endsShared(ctx context.Context) error {
	c, err := cl.NewHookClient(ctx, func() { shared.Close() }) // against 0 "a function that is handed in uses `shared`"
	if err != nil {
		return err
	}
	return c.Use()
}

func endShared() { shared.Close() }

func endsSharedByName(ctx context.Context) error {
	c, err := cl.NewHookClient(ctx, endShared) // against -3 "a function that is handed in uses `shared`"
	if err != nil {
		return err
	}
	return c.Use()
}

func says(ctx context.Context) error {
	c, err := cl.NewHookClient(ctx, func() { log.Print("closed") }) // safe
	if err != nil {
		return err
	}
	return c.Use()
}

var errOld = errors.New("old")

// The error is made none, and there is nothing.
func NewTolerantClient(ctx context.Context) (*cl.Client, error) {
	c, err := cl.NewClient(ctx)
	if errors.Is(err, errOld) {
		err = nil
	}
	return c, err
}

func tolerant(ctx context.Context) error {
	c, err := NewTolerantClient(ctx) // against -4 "may be nil here"
	if err != nil {
		return err
	}
	return c.Use()
}

type overClient struct{ base *cl.Client }

func (o *overClient) Close() error { return o.base.Close() }

// What its release goes on to is the package's.
func NewOverClient() *overClient {
	o := &overClient{}
	o.base = shared
	return o
}

func over() error {
	o := NewOverClient() // against -5 "its release goes on to something else"
	return o.base.Use()
}

// Both stay nil where it is not wanted.
func NewOptionalClient(ctx context.Context, on bool) (c *cl.Client, err error) {
	if on {
		c, err = cl.NewClient(ctx)
	}
	return
}

func optional(ctx context.Context, on bool) error {
	c, err := NewOptionalClient(ctx, on) // against -4 "may give nil here"
	if err != nil {
		return err
	}
	return c.Use()
}

func NewKindClient(ctx context.Context, kind string) (*cl.Client, error) {
	var c *cl.Client
	var err error
	switch kind {
	case "a":
		c, err = cl.NewClient(ctx)
	}
	return c, err
}

func kinds(ctx context.Context, kind string) error {
	c, err := NewKindClient(ctx, kind) // against -4 "may be nil here"
	if err != nil {
		return err
	}
	return c.Use()
}

func NewRetriedClient(ctx context.Context) (c *cl.Client, err error) {
	c, err = cl.NewClient(ctx)
	if err != nil {
		c, err = cl.NewClient(ctx)
	}
	return
}

func retried(ctx context.Context) error {
	c, err := NewRetriedClient(ctx) // safe
	if err != nil {
		return err
	}
	return c.Use()
}
