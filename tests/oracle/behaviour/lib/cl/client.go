// Package cl is a library of clients as there are many, whose uses and ends are counted.
package cl

import (
	"context"
	"errors"
	"net"
	"sync"

	"example.com/lib/count"
)

var errOpen = errors.New("no connection")

// A Conn is what clients hold.
type Conn struct {
	id   int
	pipe net.Conn
}

func open() *Conn {
	pipe, _ := net.Pipe()
	return &Conn{id: count.Open(), pipe: pipe}
}

func dial() (*Conn, error) {
	if count.Failing() {
		return nil, errOpen
	}
	return open(), nil
}

func (c *Conn) Use() string {
	if c == nil {
		count.Nil()
		return ""
	}
	count.Use(c.id)
	return "ok"
}

func (c *Conn) Close() error {
	if c == nil {
		count.Nil()
		return nil
	}
	count.Close(c.id)
	return c.pipe.Close()
}

// Client is the plain one.
type Client struct {
	conn *Conn
	name string
}

func NewClient(ctx context.Context) (*Client, error) {
	conn, err := dial()
	if err != nil {
		return nil, err
	}
	return &Client{conn: conn}, nil
}

func Open(ctx context.Context) (*Client, error) {
	conn, err := dial()
	if err != nil {
		return nil, err
	}
	return &Client{conn: conn}, nil
}

// NewPlainClient cannot fail.
func NewPlainClient() *Client { return &Client{conn: open()} }

func OpenPlain() *Client { return &Client{conn: open()} }

func (c *Client) Use() string {
	if c == nil {
		count.Nil()
		return ""
	}
	return c.conn.Use()
}

func (c *Client) Write(p []byte) (int, error) { c.Use(); return len(p), nil }

func (c *Client) Do(ctx context.Context, s string) (string, error) { return s + c.Use(), nil }

func (c *Client) Close() error {
	if c == nil {
		count.Nil()
		return nil
	}
	return c.conn.Close()
}

// With returns the client itself.
func (c *Client) With(name string) *Client {
	c.name = name
	return c
}

// Clone returns another one over the same connection.
func (c *Client) Clone() *Client { return &Client{conn: c.conn, name: c.name} }

// Sub is a handle that goes by its client.
type Sub struct{ c *Client }

func (c *Client) Sub(name string) *Sub { return &Sub{c: c} }

func (s *Sub) Use() string { return s.c.Use() }

// Stub is what generated code wraps a client into.
type Stub struct{ c *Client }

func NewStub(c *Client) *Stub { return &Stub{c: c} }

func (s *Stub) Use() string { return s.c.Use() }

// Service hides what it goes by.
type Service interface{ Use() string }

func NewService(c *Client) Service { return &Stub{c: c} }

// Session is a derived value whose Close closes the client.
type Session struct{ c *Client }

func (c *Client) Begin() *Session { return &Session{c: c} }

func (s *Session) Use() string  { return s.c.Use() }
func (s *Session) Close() error { return s.c.Close() }

// Caches.

var cache = struct {
	sync.Mutex
	m map[string]*Client
}{m: map[string]*Client{}}

func NewCachedClient(key string) (*Client, error) {
	cache.Lock()
	defer cache.Unlock()
	if c, ok := cache.m[key]; ok {
		return c, nil
	}
	conn, err := dial()
	if err != nil {
		return nil, err
	}
	c := &Client{conn: conn}
	cache.m[key] = c
	return c, nil
}

func OpenCached(key string) (*Client, error) { return NewCachedClient(key) }

var pools sync.Map

func NewPooledClient(key string) *Client {
	p, ok := pools.Load(key)
	if !ok {
		p = NewPlainClient()
		pools.Store(key, p)
	}
	return p.(*Client)
}

func OpenPooled(key string) *Client { return NewPooledClient(key) }

// NewMaybeClient returns none when there is no need for one.
func NewMaybeClient(n int) *Client {
	if n == 1 {
		return nil
	}
	return NewPlainClient()
}

func OpenMaybe(n int) *Client { return NewMaybeClient(n) }

// NewOrClient gives back what it was given.
func NewOrClient(c *Client) *Client {
	if c != nil {
		return c
	}
	return NewPlainClient()
}

func OpenOr(c *Client) *Client { return NewOrClient(c) }

// NewTiedClient ends with the context.
func NewTiedClient(ctx context.Context) (*Client, error) {
	conn, err := dial()
	if err != nil {
		return nil, err
	}
	c := &Client{conn: conn}
	context.AfterFunc(ctx, func() { c.Close() })
	return c, nil
}

func OpenTied(ctx context.Context) (*Client, error) { return NewTiedClient(ctx) }

// A Pool lends its connection and ends with Close.
type Pool struct {
	conn *Conn
	all  []*Client
	mk   func() (*Client, error)
}

func NewPool() *Pool {
	return &Pool{conn: open(), mk: func() (*Client, error) { return NewClient(context.Background()) }}
}

func (p *Pool) Conn() *Conn { return p.conn }

func (p *Pool) NewMemberClient() (*Client, error) {
	c, err := p.mk()
	if err != nil {
		return nil, err
	}
	p.all = append(p.all, c)
	return c, nil
}

func (p *Pool) OpenMember() (*Client, error) { return p.NewMemberClient() }

func (p *Pool) Close() {
	for _, c := range p.all {
		c.Close()
	}
}

// Options.

type settings struct {
	conn *Conn
	name string
}

type Option interface{ apply(*settings) }

type withConn struct{ conn *Conn }

func (w withConn) apply(s *settings) { s.conn = w.conn }

// WithConn makes a client use a connection of somebody else; as in many libraries its Close closes that.
func WithConn(conn *Conn) Option { return withConn{conn: conn} }

type withName struct{ name string }

func (w withName) apply(s *settings) { s.name = w.name }

func WithName(name string) Option { return withName{name: name} }

func NewOptsClient(ctx context.Context, opts ...Option) (*Client, error) {
	var s settings
	for _, o := range opts {
		o.apply(&s)
	}
	if s.conn == nil {
		conn, err := dial()
		if err != nil {
			return nil, err
		}
		s.conn = conn
	}
	return &Client{conn: s.conn, name: s.name}, nil
}

func OpenOpts(ctx context.Context, opts ...Option) (*Client, error) {
	return NewOptsClient(ctx, opts...)
}

// NewOverClient is a client over a connection that it takes.
func NewOverClient(conn *Conn) *Client { return &Client{conn: conn} }

func OpenOver(conn *Conn) *Client { return &Client{conn: conn} }

// Keep keeps, Lend does not.

var kept sync.Map

func Keep(key string, v any) { kept.Store(key, v) }

func Kept(key string) any { v, _ := kept.Load(key); return v }

func Lend(v interface{ Use() string }) string { return v.Use() }

// Later runs f in a goroutine, Now at once, Eventually until it says so.
func Later(f func()) { go f() }

func Now(f func()) { f() }

func Eventually(f func() bool) bool {
	for range 3 {
		if f() {
			return true
		}
	}
	return false
}

// Stack is what functions to be run in the end are put on.
type Stack struct{ fns []func() error }

func (s *Stack) Push(f func() error) { s.fns = append(s.fns, f) }

func (s *Stack) Unwind() {
	for i := len(s.fns) - 1; i >= 0; i-- {
		s.fns[i]()
	}
	s.fns = nil
}

// Group is one as of golang.org/x/sync/errgroup.
type Group struct {
	wg  sync.WaitGroup
	err error
}

func (g *Group) Go(f func() error) {
	g.wg.Add(1)
	go func() {
		defer g.wg.Done()
		if err := f(); err != nil {
			g.err = err
		}
	}()
}

func (g *Group) Wait() error { g.wg.Wait(); return g.err }

// Keeper keeps what it is told to.
type Keeper[T any] struct{ V T }

func (k *Keeper[T]) Keep(v T) { k.V = v }

// Stream is what is read from a client until it ends.
type Stream interface{ Recv() string }

type stream struct{ c *Client }

func (s *stream) Recv() string { return s.c.Use() }

func (c *Client) Stream() Stream { return &stream{c: c} }

// Runner is a function that goes by the client.
func (c *Client) Runner() func() string { return func() string { return c.Use() } }
