// Command sentiment contains a sample for the text analysis service.
package main

import (
	"context"
	"fmt"
	"log"

	"example.com/samples/cloud/language"
)

func main() {
	ctx := context.Background()

	// Creates a client.
	client, err := language.NewClient(ctx)
	if err != nil {
		log.Fatalf("Failed to create client: %v", err)
	}

	betaClient, err := newBeta(ctx)
	if err != nil {
		log.Fatal(err)
	}

	for _, c := range []*language.Client{client, betaClient} {
		sentiment, err := c.Analyze(ctx, "Hello, world!")
		if err != nil {
			log.Fatalf("Failed to analyze text: %v", err)
		}
		fmt.Println("Score:", sentiment.Score)
	}
}

// newBeta makes a client for its caller, who is to close it.
func newBeta(ctx context.Context) (*language.Client, error) {
	betaClient, err := language.NewBetaClient(ctx)
	if err != nil {
		return nil, fmt.Errorf("beta: %w", err)
	}
	return betaClient, nil
}
