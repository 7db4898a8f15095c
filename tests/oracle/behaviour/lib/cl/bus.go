package cl

import (
	"context"
	"strconv"
	"strings"

	"example.com/lib/count"
)

// Bus is a client that sends later: Close drops what was not sent.
type Bus struct{ conn *Conn }

func NewBusClient(ctx context.Context) (*Bus, error) {
	conn, err := dial()
	if err != nil {
		return nil, err
	}
	return &Bus{conn: conn}, nil
}

func OpenBus(ctx context.Context) (*Bus, error) {
	conn, err := dial()
	if err != nil {
		return nil, err
	}
	return &Bus{conn: conn}, nil
}

func (b *Bus) Use() string { return b.conn.Use() }

func (b *Bus) Write(p []byte) (int, error) { b.Use(); return len(p), nil }

func (b *Bus) Close() error {
	if b == nil {
		count.Nil()
		return nil
	}
	return b.conn.Close()
}

func (b *Bus) Flush() { count.Flush(b.conn.id) }

// Publish sends later: Get waits for that.
func (b *Bus) Publish(ctx context.Context, m string) *Result {
	count.Publish(b.conn.id)
	return &Result{id: b.conn.id, ready: make(chan struct{})}
}

// Publisher publishes to one topic; Stop sends what is left.
func (b *Bus) Publisher(topic string) *Publisher { return &Publisher{b: b} }

type Publisher struct{ b *Bus }

func (p *Publisher) Publish(ctx context.Context, m string) *Result { return p.b.Publish(ctx, m) }

func (p *Publisher) Stop() { p.b.Flush() }

type Result struct {
	id    int
	ready chan struct{}
}

func (r *Result) Get(ctx context.Context) (string, error) {
	count.Flush(r.id)
	return "1", nil
}

// Producer has more than one release, and panics where one of them comes after another.
type Producer struct{ conn *Conn }

func NewProducerClient(ctx context.Context) (*Producer, error) {
	conn, err := dial()
	if err != nil {
		return nil, err
	}
	return &Producer{conn: conn}, nil
}

func OpenProducer(ctx context.Context) (*Producer, error) {
	conn, err := dial()
	if err != nil {
		return nil, err
	}
	return &Producer{conn: conn}, nil
}

func (p *Producer) Use() string { return p.conn.Use() }

func (p *Producer) Write(b []byte) (int, error) { p.Use(); return len(b), nil }

func (p *Producer) Close() error {
	if p == nil {
		count.Nil()
		return nil
	}
	return p.conn.Close()
}

func (p *Producer) AsyncClose()  { go p.conn.Close() }
func (p *Producer) Terminate()   { p.conn.Close() }
func (p *Producer) ShutdownNow() { p.conn.Close() }
func (p *Producer) Dispose()     { p.end() }
func (p *Producer) end()         { p.conn.Close() }

// Quit leaves, as an SMTP client does.
func (p *Producer) Quit() error { return p.Close() }

// Remote is a stub whose Close closes something at the other end, which is not its own.
type Remote struct{ conn *Conn }

func NewRemoteClient(conn *Conn) *Remote { return &Remote{conn: conn} }

func OpenRemote(conn *Conn) *Remote { return &Remote{conn: conn} }

func (r *Remote) Use() string { return r.conn.Use() }

func (r *Remote) Write(b []byte) (int, error) { r.Use(); return len(b), nil }

func (r *Remote) Close() error { return r.conn.Close() }

// Server is one for tests: it has an address, by which it is used.
type Server struct {
	URL  string
	conn *Conn
}

func NewServerClient() *Server {
	conn := open()
	return &Server{URL: "http://" + strconv.Itoa(conn.id), conn: conn}
}

func OpenServer() *Server { return NewServerClient() }

// Ask asks the server at an address.
func Ask(url string) string {
	id, err := strconv.Atoi(strings.TrimPrefix(url, "http://"))
	if err != nil {
		return ""
	}
	count.Use(id)
	return "ok"
}

func (s *Server) Use() string { return s.conn.Use() }

func (s *Server) Write(b []byte) (int, error) { s.Use(); return len(b), nil }

func (s *Server) Addr() string { return s.URL }

func (s *Server) Close() error {
	if s == nil {
		count.Nil()
		return nil
	}
	return s.conn.Close()
}
