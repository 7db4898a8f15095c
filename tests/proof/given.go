package proof

import (
	"context"
	"log"
	"slices"

	"example.com/proof/lib/cl"
)

// The channel is closed with the client.
func givesItsChannel(ctx context.Context) (<-chan string, error) {
	c, err := cl.NewClient(ctx) // fate
	if err != nil {
		return nil, err
	}
	return c.Events(), nil
}

func readsItsChannel(ctx context.Context) (string, error) {
	c, err := cl.NewClient(ctx) // safe
	if err != nil {
		return "", err
	}
	return <-c.Events(), nil
}

// The context ends with the client.
func givesItsContext(ctx context.Context) (context.Context, error) {
	c, err := cl.NewClient(ctx) // fate
	if err != nil {
		return nil, err
	}
	return c.Context(ctx), nil
}

var noted []*cl.Client

func note(c *cl.Client) bool {
	noted = append(noted, c)
	return false
}

func isNew(c *cl.Client) bool { return c.Use() == nil }

// The function that is called back keeps it.
func keptByCallback(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // against 4 "`note`"
	if err != nil {
		return err
	}
	slices.IndexFunc([]*cl.Client{c}, note)
	return nil
}

func lentToCallback(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // safe
	if err != nil {
		return err
	}
	slices.IndexFunc([]*cl.Client{c}, isNew)
	return nil
}

func lentToAnything(ctx context.Context, look func(c *cl.Client) bool) error {
	c, err := cl.NewClient(ctx) // against 4 "a function value, which may be any function"
	if err != nil {
		return err
	}
	slices.IndexFunc([]*cl.Client{c}, look)
	return nil
}

// A method by another name releases it.
func leaves(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // fate
	if err != nil {
		return err
	}
	return c.Leave()
}

// What the maker gives beside it is closed with it.
func givesEvents(ctx context.Context) (<-chan string, error) {
	c, events, err := cl.NewWatchedClient(ctx) // fate
	if err != nil {
		return nil, err
	}
	c.Use()
	return events, nil
}

// The function goes on to be called when this one is over.
func subscribes(ctx context.Context, show func(string)) error {
	c, err := cl.NewClient(ctx) // against 4 "goes on with what it gets for as long as this is open"
	if err != nil {
		return err
	}
	return c.Subscribe(show)
}

// The interface is the library's, what is behind it is not.
type lasting struct{ c *cl.Client }

var lasts cl.Runner

func (l *lasting) Run() error {
	lasts = l
	return nil
}

func runs(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // fate
	if err != nil {
		return err
	}
	var r cl.Runner = &lasting{c}
	return r.Run()
}

// Another system keeps it.
func keptElsewhere(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // fate
	if err != nil {
		return err
	}
	mark(c)
	return nil
}

// Where it could not be made there is nothing to close.
func NewLoggedClient(ctx context.Context) *cl.Client {
	c, err := cl.NewClient(ctx) // fate
	if err != nil {
		log.Print(err)
	}
	return c
}

func logged(ctx context.Context) {
	c := NewLoggedClient(ctx) // against -4 "may be nil here"
	c.Use()
}

func NewCheckedClient(ctx context.Context) *cl.Client {
	c, err := cl.NewClient(ctx) // fate
	if err != nil {
		log.Fatal(err)
	}
	return c
}

func checked(ctx context.Context) {
	c := NewCheckedClient(ctx) // safe
	c.Use()
}

// The client's package is the program's own, and so is the interface.
type job interface{ do() error }

type keepJob struct{ c *ToldClient }

var kept []job

func (k keepJob) do() error {
	kept = append(kept, k)
	return nil
}

func does(ctx context.Context) error {
	c, err := NewToldClient(ctx) // fate
	if err != nil {
		return err
	}
	var j job = keepJob{c}
	return j.do()
}

// The release clears what was given.
type ViewClient struct{ buf []byte }

func NewViewClient(size int) (*ViewClient, error) {
	return &ViewClient{buf: make([]byte, size)}, nil
}

func (v *ViewClient) Bytes() []byte { return v.buf }

func (v *ViewClient) Close() error {
	clear(v.buf)
	return nil
}

func givesItsMemory(size int) ([]byte, error) {
	v, err := NewViewClient(size) // fate
	if err != nil {
		return nil, err
	}
	return v.Bytes(), nil
}

func countsItsMemory(size int) (int, error) {
	v, err := NewViewClient(size) // safe
	if err != nil {
		return 0, err
	}
	return len(v.Bytes()), nil
}

// Its own context ends with it.
type ScopeClient struct {
	c      *cl.Client
	ctx    context.Context
	cancel context.CancelFunc
}

func NewScopeClient(ctx context.Context) (*ScopeClient, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	s := &ScopeClient{c: c}
	s.ctx, s.cancel = context.WithCancel(ctx)
	return s, nil
}

func (s *ScopeClient) Close() error {
	s.cancel()
	return s.c.Close()
}

func storesItsContext(ctx context.Context, into *struct{ ctx context.Context }) error {
	s, err := NewScopeClient(ctx) // against 4 "stored in what `into` leads to"
	if err != nil {
		return err
	}
	into.ctx = s.ctx
	return nil
}

func waitsForItsContext(ctx context.Context) error {
	s, err := NewScopeClient(ctx) // safe
	if err != nil {
		return err
	}
	return s.ctx.Err()
}
