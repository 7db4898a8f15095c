// Package cl is a client library.
package cl

import "context"

type Client struct{ name string }

func NewClient(ctx context.Context) (*Client, error) { return &Client{}, ctx.Err() }

func (c *Client) Close() error { c.name = ""; return nil }

func (c *Client) Use() error { return nil }

func (c *Client) Get(key string) (string, error) { return key, nil }

func (c *Client) Stream() *Stream { return &Stream{c: c} }

type Stream struct{ c *Client }

func (s *Stream) Next() (string, error) { return s.c.name, nil }
