// A server that reads a document for each request.
package main

import (
	"fmt"
	"log"
	"net/http"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/option"

	"e2e/probe"
)

type server struct{ opts []option.ClientOption }

func (s *server) handle(w http.ResponseWriter, r *http.Request) {
	client, err := firestore.NewClient(r.Context(), "project", s.opts...)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	doc, err := client.Collection("visits").Doc("last").Get(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	fmt.Fprintln(w, doc.Data()["path"])
}

func main() {
	s := &server{opts: options()}
	probe.Serve()
	log.Fatal(http.Serve(probe.Listen(), http.HandlerFunc(s.handle)))
}
