package leaky

//unleak:ignore unclosed-client -- of no use
func helper() int { return 1 }
