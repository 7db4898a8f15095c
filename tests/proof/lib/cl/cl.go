// Package cl is a client library.
package cl

import "context"

type Client struct{ name string }

func NewClient(ctx context.Context) (*Client, error) { return &Client{}, ctx.Err() }

func (c *Client) Close() error { c.name = ""; return nil }

func (c *Client) Use() error { return nil }

func (c *Client) Get(key string) (string, error) { return key, nil }

func (c *Client) Stream() *Stream { return &Stream{c: c} }

type Stream struct{ c *Client }

func (s *Stream) Next() (string, error) { return s.c.name, nil }

// Publish hands in what goes out a little later.
func (c *Client) Publish(m string) *Result { return &Result{ready: make(chan struct{})} }

func (c *Client) Topic(name string) *Topic { return &Topic{c: c} }

type Topic struct{ c *Client }

func (t *Topic) Publish(m string) *Result { return t.c.Publish(m) }

// Start gives an error where nothing was handed in.
func (t *Topic) Start(m string) (*Result, error) { return t.c.Publish(m), nil }

// Stop sends what is left.
func (t *Topic) Stop() {}

type Result struct{ ready chan struct{} }

func (r *Result) Get(ctx context.Context) (string, error) { return "", ctx.Err() }

// Doc names something that is stored.
func (c *Client) Doc(name string) *Doc { return &Doc{c: c, name: name} }

// A Doc is read and written by its methods, and nothing is under way before.
type Doc struct {
	c    *Client
	name string
}

func (d *Doc) Get(ctx context.Context) (string, error) { return d.name, ctx.Err() }

func (d *Doc) Set(ctx context.Context, data any) error { return ctx.Err() }

// Begin hands in what is through when Done says so.
func (c *Client) Begin(m string) *Pending { return &Pending{done: make(chan struct{})} }

type Pending struct{ done chan struct{} }

func (p *Pending) Done() <-chan struct{} { return p.done }

// StopRequest names what is to be stopped.
type StopRequest struct{ Name string }

// Stop asks the server to stop something.
func (c *Client) Stop(ctx context.Context, req *StopRequest) error { return ctx.Err() }

// Events gives what happens until the client is closed.
func (c *Client) Events() <-chan string { return make(chan string) }

// Context ends with the client.
func (c *Client) Context(ctx context.Context) context.Context { return ctx }

// Leave uses it for the last time.
func (c *Client) Leave() error {
	c.name = "gone"
	return c.Close()
}

// NewWatchedClient gives what happens until the client is closed.
func NewWatchedClient(ctx context.Context) (*Client, <-chan string, error) {
	return &Client{}, make(chan string), ctx.Err()
}

// Subscribe has show called for what comes.
func (c *Client) Subscribe(show func(string)) error { return nil }

type Runner interface{ Run() error }

func (c *Client) Run() error { return nil }

// Beat goes on until the client is closed.
func (c *Client) Beat() { go c.Use() }

// NewHookClient makes a client that calls end when it is closed.
func NewHookClient(ctx context.Context, end func()) (*Client, error) { return &Client{}, ctx.Err() }
