// Command keeps is a server that makes its clients once and keeps them: each in another way, and each rightly.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"sync"

	"example.com/keeps/store"
)

// A package variable lives as long as the process.
var metrics = store.NewMetricsClient("localhost:9090")

var (
	auditOnce sync.Once
	audit     *store.Client
)

// auditLog makes its client when it is first asked for.
func auditLog(ctx context.Context) *store.Client {
	auditOnce.Do(func() {
		client, err := store.NewAuditClient(ctx)
		if err != nil {
			log.Fatal(err)
		}
		audit = client
	})
	return audit
}

// server owns its client from newServer to Close.
type server struct {
	client *store.Client
}

func newServer(ctx context.Context) (*server, error) {
	client, err := store.NewClient(ctx)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if _, err := client.Get(ctx, "schema"); err != nil {
		client.Close()
		return nil, fmt.Errorf("schema: %w", err)
	}
	return &server{client: client}, nil
}

// Close ends what newServer began.
func (s *server) Close() error {
	return s.client.Close()
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	metrics.Add("requests")
	auditLog(r.Context()).Add(r.URL.Path)
	value, err := s.client.Get(r.Context(), r.URL.Path)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	fmt.Fprintln(w, value)
}

func main() {
	ctx := context.Background()
	s, err := newServer(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	// The handler below holds this one until the process ends.
	health, err := store.NewClient(ctx)
	if err != nil {
		log.Print(err)
		return
	}
	http.HandleFunc("/health", func(w http.ResponseWriter, r *http.Request) {
		if _, err := health.Get(r.Context(), "health"); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	http.Handle("/", s)
	log.Print(http.ListenAndServe(":8080", nil))
}
