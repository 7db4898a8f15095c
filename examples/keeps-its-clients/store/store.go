// Package store is a client library, reduced to what the server needs.
package store

import (
	"context"
	"io"
)

// Client holds a connection until it is closed.
type Client struct {
	conn io.Closer
}

// NewClient connects.
func NewClient(ctx context.Context) (*Client, error) {
	return &Client{conn: io.NopCloser(nil)}, ctx.Err()
}

// NewAuditClient connects to the place where the audit log goes.
func NewAuditClient(ctx context.Context) (*Client, error) {
	return NewClient(ctx)
}

// NewMetricsClient connects when it is first used.
func NewMetricsClient(addr string) *Client {
	return &Client{conn: io.NopCloser(nil)}
}

// Get reads a value.
func (c *Client) Get(ctx context.Context, key string) (string, error) {
	return key, ctx.Err()
}

// Add counts.
func (c *Client) Add(key string) {}

// Close ends the connection.
func (c *Client) Close() error { return c.conn.Close() }
