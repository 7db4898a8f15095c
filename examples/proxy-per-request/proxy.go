// Command proxy adds a token to each request and passes it on. It reads the token for each request anew, and for that it makes a
// client for each request.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"

	"example.com/proxy/secrets"
)

func token(ctx context.Context, tenant string) (string, error) {
	client, err := secrets.NewClient(ctx)
	if err != nil {
		return "", fmt.Errorf("secrets: %w", err)
	}

	version, err := client.Access(ctx, "tenants/"+tenant)
	if err != nil {
		return "", err
	}
	return string(version.Data), nil
}

type proxy struct {
	to *httputil.ReverseProxy
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t, err := token(r.Context(), r.Header.Get("Tenant"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	r.Header.Set("Authorization", "Bearer "+t)
	p.to.ServeHTTP(w, r)
}

func main() {
	backend, err := url.Parse("http://localhost:8081")
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("/", &proxy{to: httputil.NewSingleHostReverseProxy(backend)})
	http.HandleFunc("/health", health)
	log.Fatal(http.ListenAndServe(":8080", nil))
}
