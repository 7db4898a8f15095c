package objects

import (
	"context"
	"log"

	"example.com/samples/cloud/storage"
)

// createBuckets makes several buckets, each with a client of its own.
func createBuckets(names ...string) {
	ctx := context.Background()
	for _, name := range names {
		client, err := storage.NewClient(ctx)
		if err != nil {
			log.Fatal(err)
		}
		if err := client.Bucket(name).Create(ctx); err != nil {
			log.Printf("Create %s: %v", name, err)
		}
	}
}
