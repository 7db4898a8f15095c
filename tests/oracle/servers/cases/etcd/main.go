// A server that reads a key of etcd for each request.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"

	clientv3 "go.etcd.io/etcd/client/v3"

	"e2e/probe"
)

func handle(w http.ResponseWriter, r *http.Request) {
	cli, err := clientv3.New(clientv3.Config{Endpoints: []string{os.Getenv("BACKEND")}})
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	got, err := cli.Get(r.Context(), "visits")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	fmt.Fprintln(w, got.Count)
}

func main() {
	probe.Serve()
	log.Fatal(http.Serve(probe.Listen(), http.HandlerFunc(handle)))
}
