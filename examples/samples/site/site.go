// Package site contains a sample whose client must stay open.
package site

import (
	"context"

	"example.com/samples/cloud/storage"
)

// Site shows what is in a bucket.
type Site struct {
	StorageBucket *storage.BucketHandle
}

// New makes a site. Its bucket needs the client, so closing the client here would break the site.
func New(ctx context.Context, bucket string) (*Site, error) {
	client, err := storage.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	return &Site{StorageBucket: client.Bucket(bucket)}, nil
}
