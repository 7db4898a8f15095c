package cl

import (
	"context"

	"example.com/lib/count"
)

// Outer is a client around another, which its Close closes.
type Outer struct{ c *Client }

func NewOuterClient(c *Client) *Outer { return &Outer{c: c} }

func (o *Outer) Use() string { return o.c.Use() }

func (o *Outer) Write(b []byte) (int, error) { return o.c.Write(b) }

func (o *Outer) Close() error {
	if o == nil {
		count.Nil()
		return nil
	}
	return o.c.Close()
}

// NewFuncClient takes options that are functions.
func NewFuncClient(ctx context.Context, opts ...func(*Client)) (*Client, error) {
	c, err := NewClient(ctx)
	if err != nil {
		return nil, err
	}
	for _, o := range opts {
		o(c)
	}
	return c, nil
}

// Named is one of them, which keeps nothing.
func Named(name string) func(*Client) { return func(c *Client) { c.name = name } }

// Config is what NewConfiguredClient goes by.
type Config struct {
	Name      string
	Conn      *Conn
	OnConnect func(*Client)
}

func NewConfiguredClient(config Config) (*Client, error) {
	conn := config.Conn
	if conn == nil {
		var err error
		if conn, err = dial(); err != nil {
			return nil, err
		}
	}
	c := &Client{conn: conn, name: config.Name}
	if config.OnConnect != nil {
		config.OnConnect(c)
	}
	return c, nil
}

// A Builder collects what a client goes by.
type Builder struct{ conn *Conn }

func NewBuilder() *Builder { return &Builder{} }

func (b *Builder) With(conn *Conn) *Builder { b.conn = conn; return b }

func (b *Builder) NewBuiltClient() (*Client, error) {
	if b.conn != nil {
		return &Client{conn: b.conn}, nil
	}
	return NewClient(context.Background())
}
