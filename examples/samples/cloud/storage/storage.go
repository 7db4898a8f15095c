// Package storage stands in for an object store's client library.
package storage

import (
	"context"
	"errors"
	"io"
)

// Done is returned behind the last object.
var Done = errors.New("no more objects")

// Client holds a connection until it is closed.
type Client struct {
	conn io.Closer
}

// NewClient connects.
func NewClient(ctx context.Context) (*Client, error) {
	return &Client{conn: io.NopCloser(nil)}, ctx.Err()
}

// Close ends the connection.
func (c *Client) Close() error { return c.conn.Close() }

// Bucket returns a handle that works as long as the client is open.
func (c *Client) Bucket(name string) *BucketHandle {
	return &BucketHandle{client: c, name: name}
}

// BucketHandle is a bucket.
type BucketHandle struct {
	client *Client
	name   string
}

// Objects lists the bucket.
func (b *BucketHandle) Objects(ctx context.Context) *ObjectIterator {
	return &ObjectIterator{ctx: ctx, bucket: b}
}

// Create makes the bucket.
func (b *BucketHandle) Create(ctx context.Context) error {
	return ctx.Err()
}

// ObjectAttrs describes an object.
type ObjectAttrs struct {
	Name string
	Size int64
}

// ObjectIterator asks for one object after the other.
type ObjectIterator struct {
	ctx    context.Context
	bucket *BucketHandle
}

// Next returns the next object, or [Done].
func (it *ObjectIterator) Next() (*ObjectAttrs, error) {
	if err := it.ctx.Err(); err != nil {
		return nil, err
	}
	return nil, Done
}
