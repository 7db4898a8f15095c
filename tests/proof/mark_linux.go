package proof

import "example.com/proof/lib/cl"

func mark(c *cl.Client) {}
