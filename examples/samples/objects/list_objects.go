// Package objects contains samples for the object store.
package objects

// [START storage_list_objects]
import (
	"context"
	"errors"
	"fmt"
	"io"

	"example.com/samples/cloud/storage"
)

// listObjects lists the objects of a bucket.
func listObjects(w io.Writer, bucket string) error {
	// bucket := "my-bucket"
	ctx := context.Background()
	client, err := storage.NewClient(ctx)
	if err != nil {
		return fmt.Errorf("storage.NewClient: %w", err)
	}

	it := client.Bucket(bucket).Objects(ctx)
	for {
		attrs, err := it.Next()
		if errors.Is(err, storage.Done) {
			break
		}
		if err != nil {
			return fmt.Errorf("Objects: %w", err)
		}
		fmt.Fprintln(w, attrs.Name)
	}
	return nil
}

// [END storage_list_objects]
