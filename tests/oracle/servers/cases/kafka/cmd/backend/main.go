// A broker on loopback, which counts what is sent to it.
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"

	"github.com/IBM/sarama"
)

// fatal is what the broker asks of a test.
type fatal struct{}

func (fatal) Error(args ...any)                 { log.Println(args...) }
func (fatal) Errorf(format string, args ...any) { log.Printf(format, args...) }
func (fatal) Fatal(args ...any)                 { log.Fatal(args...) }
func (fatal) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }
func (fatal) Helper()                           {}

func main() {
	broker := sarama.NewMockBroker(fatal{}, 1)
	keys := []sarama.ApiVersionsResponseKey{{ApiKey: 0, MaxVersion: 7}, {ApiKey: 3, MaxVersion: 7}, {ApiKey: 18, MaxVersion: 3}}
	broker.SetHandlerByMap(map[string]sarama.MockResponse{
		"MetadataRequest":    sarama.NewMockMetadataResponse(fatal{}).SetBroker(broker.Addr(), 1).SetLeader("visits", 0, 1),
		"ApiVersionsRequest": sarama.NewMockApiVersionsResponse(fatal{}).SetApiKeys(keys),
		"ProduceRequest":     sarama.NewMockProduceResponse(fatal{}),
	})
	count := func() (sent int) {
		for _, one := range broker.History() {
			if _, ok := one.Request.(*sarama.ProduceRequest); ok {
				sent++
			}
		}
		return sent
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("work=%s\n", l.Addr())
	fmt.Printf("app=%s\n", broker.Addr())
	log.Fatal(http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, count()) })))
}
