package main

import (
	"fmt"
	"net/http"

	"example.com/proxy/secrets"
)

// health says whether the secret store answers.
func health(w http.ResponseWriter, r *http.Request) {
	client, err := secrets.NewClient(r.Context())
	if err != nil {
		http.Error(w, "no connection", http.StatusServiceUnavailable)
		return
	}
	if _, err := client.Access(r.Context(), "health"); err != nil {
		http.Error(w, "no answer", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}
