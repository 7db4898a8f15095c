package leaky

import (
	"testing"

	"example.com/leaky/lib"
)

func TestCount(t *testing.T) {
	client, err := lib.NewClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client.Count()
}
