package proof

import (
	"context"

	"example.com/proof/lib/cl"
)

type plainOptions struct{ opts []cl.Option }

func newPlainOptions() *plainOptions {
	p := &plainOptions{opts: []cl.Option{cl.WithName("a")}}
	p.opts = append(p.opts, cl.WithName("b"))
	return p
}

func (p *plainOptions) use(ctx context.Context) error {
	c, err := cl.NewOptsClient(ctx, p.opts...) // safe
	if err != nil {
		return err
	}
	return c.Use()
}

type lentOptions struct{ opts []cl.Option }

func newLentOptions(shared *cl.Client) *lentOptions {
	return &lentOptions{opts: []cl.Option{cl.WithOther(shared)}}
}

func (l *lentOptions) use(ctx context.Context) error {
	c, err := cl.NewOptsClient(ctx, l.opts...) // against -4 "how `shared` was made"
	if err != nil {
		return err
	}
	return c.Use()
}

type givenOptions struct{ opts []cl.Option }

func newGivenOptions(opts ...cl.Option) *givenOptions { return &givenOptions{opts} }

func (g *givenOptions) use(ctx context.Context) error {
	c, err := cl.NewOptsClient(ctx, g.opts...) // against -3 "how `opts` was made"
	if err != nil {
		return err
	}
	return c.Use()
}

type setOptions struct{ opts []cl.Option }

func newSetOptions(shared *cl.Client) *setOptions {
	s := &setOptions{opts: make([]cl.Option, 1)}
	s.opts[0] = cl.WithOther(shared)
	return s
}

func (s *setOptions) use(ctx context.Context) error {
	c, err := cl.NewOptsClient(ctx, s.opts...) // against -5 "how `shared` was made"
	if err != nil {
		return err
	}
	return c.Use()
}

// Whoever has the address may put in what they like.
type addressedOptions struct{ opts []cl.Option }

func newAddressedOptions(fill func(*[]cl.Option)) *addressedOptions {
	a := &addressedOptions{}
	fill(&a.opts)
	return a
}

func (a *addressedOptions) use(ctx context.Context) error {
	c, err := cl.NewOptsClient(ctx, a.opts...) // against 0 "how `a` was made"
	if err != nil {
		return err
	}
	return c.Use()
}

// Other packages may set what is exported.
type openOptions struct{ Opts []cl.Option }

func (o *openOptions) use(ctx context.Context) error {
	c, err := cl.NewOptsClient(ctx, o.Opts...) // against 0 "how `o` was made"
	if err != nil {
		return err
	}
	return c.Use()
}

// A variable shares the elements.
type sharedOptions struct{ opts []cl.Option }

func newSharedOptions(shared *cl.Client) *sharedOptions {
	s := &sharedOptions{opts: make([]cl.Option, 1)}
	all := s.opts
	all[0] = cl.WithOther(shared)
	return s
}

func (s *sharedOptions) use(ctx context.Context) error {
	c, err := cl.NewOptsClient(ctx, s.opts...) // against 0 "how `s` was made"
	if err != nil {
		return err
	}
	return c.Use()
}

var packaged = &packagedOptions{[]cl.Option{cl.WithName("a")}}

type packagedOptions struct{ opts []cl.Option }

func (p *packagedOptions) use(ctx context.Context) error {
	c, err := cl.NewOptsClient(ctx, p.opts...) // safe
	if err != nil {
		return err
	}
	return c.Use()
}

type pointedOptions struct{ opts []cl.Option }

func newPointedOptions(shared *cl.Client) *pointedOptions {
	p := &pointedOptions{opts: make([]cl.Option, 1)}
	first := &p.opts[0]
	*first = cl.WithOther(shared)
	return p
}

func (p *pointedOptions) use(ctx context.Context) error {
	c, err := cl.NewOptsClient(ctx, p.opts...) // against 0 "how `p` was made"
	if err != nil {
		return err
	}
	return c.Use()
}

type rangedOptions struct{ opts []cl.Option }

func newRangedOptions(given []cl.Option) *rangedOptions {
	r := &rangedOptions{opts: make([]cl.Option, 1)}
	for _, r.opts[0] = range given {
	}
	return r
}

func (r *rangedOptions) use(ctx context.Context) error {
	c, err := cl.NewOptsClient(ctx, r.opts...) // against 0 "how `r` was made"
	if err != nil {
		return err
	}
	return c.Use()
}

type receivedOptions struct{ opts []cl.Option }

func newReceivedOptions(given chan cl.Option) *receivedOptions {
	r := &receivedOptions{opts: make([]cl.Option, 1)}
	select {
	case r.opts[0] = <-given:
	default:
	}
	return r
}

func (r *receivedOptions) use(ctx context.Context) error {
	c, err := cl.NewOptsClient(ctx, r.opts...) // against 0 "how `r` was made"
	if err != nil {
		return err
	}
	return c.Use()
}

type convertedOptions struct{ opts []cl.Option }

type otherOptions struct{ opts []cl.Option }

func newConvertedOptions(other *otherOptions) *convertedOptions { return (*convertedOptions)(other) }

func (r *convertedOptions) use(ctx context.Context) error {
	c, err := cl.NewOptsClient(ctx, r.opts...) // against 0 "how `r` was made"
	if err != nil {
		return err
	}
	return c.Use()
}

// What is put in there depends on the system.
type taggedOptions struct{ opts []cl.Option }

func (t *taggedOptions) use(ctx context.Context) error {
	c, err := cl.NewOptsClient(ctx, t.opts...) // fate
	if err != nil {
		return err
	}
	return c.Use()
}

type addedOptions struct{ opts []cl.Option }

func newAddedOptions(shared *cl.Client) *addedOptions {
	a := &addedOptions{}
	a.opts = append(a.opts, cl.WithOther(shared))
	return a
}

func (a *addedOptions) use(ctx context.Context) error {
	c, err := cl.NewOptsClient(ctx, a.opts...) // against -5 "how `shared` was made"
	if err != nil {
		return err
	}
	return c.Use()
}

// What a local variable is filled with by others counts as well.
func copiedOptions(ctx context.Context, shared *cl.Client) error {
	opts := make([]cl.Option, 2)
	copy(opts, []cl.Option{cl.WithOther(shared)})
	c, err := cl.NewOptsClient(ctx, opts...) // against -1 "how `shared` was made"
	if err != nil {
		return err
	}
	return c.Use()
}

func fillOptions(to *[]cl.Option, shared *cl.Client) { *to = append(*to, cl.WithOther(shared)) }

func filledOptions(ctx context.Context, shared *cl.Client) error {
	var opts []cl.Option
	fillOptions(&opts, shared)
	c, err := cl.NewOptsClient(ctx, opts...) // against -1 "how `shared` was made"
	if err != nil {
		return err
	}
	return c.Use()
}

func nameOptions(to *[]cl.Option, name string) { *to = append(*to, cl.WithName(name)) }

func namedOptions(ctx context.Context) error {
	var opts []cl.Option
	nameOptions(&opts, "a")
	c, err := cl.NewOptsClient(ctx, opts...) // safe
	if err != nil {
		return err
	}
	return c.Use()
}

func aliasedOptions(ctx context.Context, shared *cl.Client) error {
	opts := []cl.Option{cl.WithName("a"), cl.WithName("b")}
	other := opts
	other[0] = cl.WithOther(shared)
	c, err := cl.NewOptsClient(ctx, opts...) // against -1 "how `shared` was made"
	if err != nil {
		return err
	}
	return c.Use()
}

func elementOptions(ctx context.Context, shared *cl.Client) error {
	opts := []cl.Option{cl.WithName("a"), cl.WithName("b")}
	for i := range opts {
		one := &opts[i]
		*one = cl.WithOther(shared)
	}
	c, err := cl.NewOptsClient(ctx, opts...) // against -2 "how `shared` was made"
	if err != nil {
		return err
	}
	return c.Use()
}

func laterOptions(ctx context.Context, shared *cl.Client) error {
	opts := []cl.Option{cl.WithName("a")}
	func() { opts[0] = cl.WithOther(shared) }()
	c, err := cl.NewOptsClient(ctx, opts...) // against -1 "how `shared` was made"
	if err != nil {
		return err
	}
	return c.Use()
}
