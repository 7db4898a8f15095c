package proof

import "example.com/proof/lib/cl"

func newTaggedOptions(shared *cl.Client) *taggedOptions {
	return &taggedOptions{opts: []cl.Option{cl.WithName("a")}}
}
