package proof

import "example.com/proof/lib/cl"

// On another system, something else goes in there.
func newTaggedOptions(shared *cl.Client) *taggedOptions {
	t := &taggedOptions{}
	t.opts = append(t.opts, cl.WithOther(shared))
	return t
}
