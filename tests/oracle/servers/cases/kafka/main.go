// A server that sends a message for each request and waits until it is there.
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
	config := sarama.NewConfig()
	config.Producer.Return.Successes = true
	producer, err := sarama.NewSyncProducer([]string{os.Getenv("BACKEND")}, config)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	message := &sarama.ProducerMessage{Topic: "visits", Value: sarama.StringEncoder(r.URL.Path)}
	if _, _, err := producer.SendMessage(message); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	fmt.Fprintln(w, "sent")
}

func main() {
	probe.Serve()
	log.Fatal(http.Serve(probe.Listen(), http.HandlerFunc(handle)))
}
