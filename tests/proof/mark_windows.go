package proof

import "example.com/proof/lib/cl"

var marked []*cl.Client

func mark(c *cl.Client) { marked = append(marked, c) }
