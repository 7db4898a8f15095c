package cl

import "context"

// Option says how a client is made.
type Option interface{ apply(c *Client) }

type withName string

func (w withName) apply(c *Client) {}

// WithName names a client.
func WithName(name string) Option { return withName(name) }

type withOther struct{ other *Client }

func (w withOther) apply(c *Client) { *c = *w.other }

// WithOther has a client share what another one has.
func WithOther(other *Client) Option { return withOther{other} }

// NewOptsClient makes a client with options.
func NewOptsClient(ctx context.Context, opts ...Option) (*Client, error) {
	c := &Client{}
	for _, opt := range opts {
		opt.apply(c)
	}
	return c, ctx.Err()
}
