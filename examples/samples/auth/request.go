// Package auth contains a sample that makes a client with nothing to close.
package auth

import (
	"context"
	"fmt"
	"io"

	"example.com/samples/cloud/idtoken"
)

// request asks a protected service.
func request(w io.Writer, url, audience string) error {
	client, err := idtoken.NewClient(context.Background(), audience)
	if err != nil {
		return fmt.Errorf("idtoken.NewClient: %w", err)
	}
	resp, err := client.Get(url)
	if err != nil {
		return fmt.Errorf("client.Get: %w", err)
	}
	defer resp.Body.Close()
	_, err = io.Copy(w, resp.Body)
	return err
}
