// Package lib is a client library.
package lib

import (
	"context"
	"errors"
)

// Client is open until it is closed.
type Client struct{ open bool }

// NewClient connects.
func NewClient(ctx context.Context) (*Client, error) {
	if ctx.Err() != nil {
		return nil, errors.New("no connection")
	}
	return &Client{open: true}, nil
}

// Close ends the connection.
func (c *Client) Close() error {
	c.open = false
	return nil
}

// Count asks the service.
func (c *Client) Count() int { return 1 }
