// A server that leaves a message for each request to a producer and does not wait for it.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/IBM/sarama"

	"e2e/probe"
)

func handle(w http.ResponseWriter, r *http.Request) {
	producer, err := sarama.NewAsyncProducer([]string{os.Getenv("BACKEND")}, sarama.NewConfig())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	producer.Input() <- &sarama.ProducerMessage{Topic: "visits", Value: sarama.StringEncoder(r.URL.Path)}
	fmt.Fprintln(w, "on its way")
}

func main() {
	probe.Serve()
	log.Fatal(http.Serve(probe.Listen(), http.HandlerFunc(handle)))
}
