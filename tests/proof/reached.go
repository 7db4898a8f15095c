package proof

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"example.com/proof/lib/cl"
)

// What it is told goes out later: by its goroutine, which ends when it is closed.
type BatchClient struct {
	c     *cl.Client
	lines []string
	count map[string]int
	note  string
	seen  int
	queue chan string
	done  chan struct{}
}

func NewBatchClient(ctx context.Context) (*BatchClient, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	b := &BatchClient{c: c, count: map[string]int{}, queue: make(chan string, 8), done: make(chan struct{})}
	go b.run()
	return b, nil
}

func (b *BatchClient) run() {
	for {
		select {
		case line := <-b.queue:
			b.c.Publish(line)
		case <-time.After(time.Second):
			b.c.Publish(fmt.Sprint(b.lines, b.count, b.note))
			b.lines = nil
		case <-b.done:
			return
		}
	}
}

func (b *BatchClient) Use() error { b.seen++; return b.c.Use() }

func (b *BatchClient) Close() error {
	close(b.done)
	return b.c.Close()
}

func (b *BatchClient) Add(line string)        { b.lines = append(b.lines, line) }
func (b *BatchClient) Inc(name string)        { b.count[name]++ }
func (b *BatchClient) Note(note string)       { b.note = note }
func (b *BatchClient) Put(line string)        { b.queue <- line }
func (b *BatchClient) In() chan<- string      { return b.queue }
func (b *BatchClient) Closed() chan struct{}  { return b.done }
func (b *BatchClient) Ended() <-chan struct{} { return b.done }

func (b *BatchClient) Write(p []byte) (int, error) {
	b.queue <- string(p)
	return len(p), nil
}

type adder interface{ Add(line string) }

func send(b *BatchClient, line string) { b.queue <- line }
func into(queue chan<- string)         { queue <- "x" }
func add(a adder)                      { a.Add("x") }
func each(f func(string))              { f("x") }

func uses(ctx context.Context) error {
	b, err := NewBatchClient(ctx) // safe
	if err != nil {
		return err
	}
	select {
	case <-b.Ended():
	default:
	}
	return b.Use()
}

func adds(ctx context.Context) error {
	b, err := NewBatchClient(ctx) // against 4 "`Add` hands in may still be queued"
	if err != nil {
		return err
	}
	b.Add("x")
	return nil
}

func counts(ctx context.Context) error {
	b, err := NewBatchClient(ctx) // against 4 "`Inc` hands in may still be queued"
	if err != nil {
		return err
	}
	b.Inc("x")
	return nil
}

func notes(ctx context.Context) error {
	b, err := NewBatchClient(ctx) // against 4 "`Note` hands in may still be queued"
	if err != nil {
		return err
	}
	b.Note("x")
	return nil
}

func sendsByFunction(ctx context.Context) error {
	b, err := NewBatchClient(ctx) // against 4 "`send` hands in may still be queued"
	if err != nil {
		return err
	}
	send(b, "x")
	return nil
}

func givesItsChannel(ctx context.Context) error {
	b, err := NewBatchClient(ctx) // against 4 "this` hands in may still be queued"
	if err != nil {
		return err
	}
	into(b.queue)
	return nil
}

func givesItsChannelByMethod(ctx context.Context) error {
	b, err := NewBatchClient(ctx) // against 4 "`In` hands in may still be queued"
	if err != nil {
		return err
	}
	into(b.In())
	return nil
}

func addsBehindInterface(ctx context.Context) error {
	b, err := NewBatchClient(ctx) // against 4 "`Add` hands in may still be queued"
	if err != nil {
		return err
	}
	add(b)
	return nil
}

func addsByInterface(ctx context.Context) error {
	b, err := NewBatchClient(ctx) // against 5 "`Add` hands in may still be queued"
	if err != nil {
		return err
	}
	var a adder = b
	a.Add("x")
	return nil
}

func addsByMethodValue(ctx context.Context) error {
	b, err := NewBatchClient(ctx) // against 4 "`Add` hands in may still be queued"
	if err != nil {
		return err
	}
	each(b.Add)
	return nil
}

func putsByLiteral(ctx context.Context) error {
	b, err := NewBatchClient(ctx) // against 4 "`Put` hands in may still be queued"
	if err != nil {
		return err
	}
	func(b *BatchClient) { b.Put("x") }(b)
	return nil
}

func putsByEmbedding(ctx context.Context) error {
	b, err := NewBatchClient(ctx) // against 5 "`Put` hands in may still be queued"
	if err != nil {
		return err
	}
	w := struct{ *BatchClient }{b}
	w.Put("x")
	return nil
}

func writes(ctx context.Context) error {
	b, err := NewBatchClient(ctx) // against 4 "`Write` hands in may still be queued"
	if err != nil {
		return err
	}
	fmt.Fprintln(b, "x")
	return nil
}

func copies(ctx context.Context) error {
	b, err := NewBatchClient(ctx) // against 4 "`Write` hands in may still be queued"
	if err != nil {
		return err
	}
	_, err = io.Copy(b, strings.NewReader("x"))
	return err
}

// Its release writes out what was added.
type FlushingClient struct {
	c     *cl.Client
	lines []string
	done  chan struct{}
}

func NewFlushingClient(ctx context.Context) (*FlushingClient, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	f := &FlushingClient{c: c, done: make(chan struct{})}
	go f.run()
	return f, nil
}

func (f *FlushingClient) run() {
	for {
		select {
		case <-time.After(time.Second):
			f.out()
		case <-f.done:
			return
		}
	}
}

func (f *FlushingClient) out() {
	f.c.Publish(strings.Join(f.lines, ""))
	f.lines = nil
}

func (f *FlushingClient) Add(line string) { f.lines = append(f.lines, line) }

func (f *FlushingClient) Close() error {
	close(f.done)
	f.out()
	return f.c.Close()
}

func addsToFlushing(ctx context.Context) error {
	f, err := NewFlushingClient(ctx) // safe
	if err != nil {
		return err
	}
	f.Add("x")
	return nil
}

// What is put into it by another name than its own.
type holding struct{ *BundleClient }

func (b *BundleClient) slot() **cl.Client { return &b.conn }

type putter interface{ Put(conn *cl.Client) }

func putEach(conns []*cl.Client, f func(*cl.Client)) {
	for _, conn := range conns {
		f(conn)
	}
}

func putBehind(p putter, conn *cl.Client) { p.Put(conn) }

func putsByMethodValue(ctx context.Context, conns []*cl.Client) error {
	b, err := NewBundleClient(ctx) // against 4 "`Put` puts something into `conn` of it"
	if err != nil {
		return err
	}
	putEach(conns, b.Put)
	return b.Use()
}

func putsBehindInterface(ctx context.Context, conn *cl.Client) error {
	b, err := NewBundleClient(ctx) // against 4 "`Put` puts something into `conn` of it"
	if err != nil {
		return err
	}
	putBehind(b, conn)
	return b.Use()
}

func putsByHolding(ctx context.Context, conn *cl.Client) error {
	b, err := NewBundleClient(ctx) // against 5 "`Put` puts something into `conn` of it"
	if err != nil {
		return err
	}
	h := holding{b}
	h.Put(conn)
	return b.Use()
}

func setsByHolding(ctx context.Context, conn *cl.Client) error {
	b, err := NewBundleClient(ctx) // against 5 "its release ends what is put into it here"
	if err != nil {
		return err
	}
	h := holding{b}
	h.conn = conn
	return b.Use()
}

func setsByField(ctx context.Context, conn *cl.Client) error {
	b, err := NewBundleClient(ctx) // against 5 "its release ends what is put into it here"
	if err != nil {
		return err
	}
	h := struct{ b *BundleClient }{b}
	h.b.conn = conn
	return b.Use()
}

func setsByLiteral(ctx context.Context, conn *cl.Client) error {
	b, err := NewBundleClient(ctx) // against 4 "its release ends what is put into it here"
	if err != nil {
		return err
	}
	set := func(b *BundleClient) { b.conn = conn }
	set(b)
	return b.Use()
}

func setsByDeferredLiteral(ctx context.Context, conn *cl.Client) error {
	b, err := NewBundleClient(ctx) // against 4 "its release ends what is put into it here"
	if err != nil {
		return err
	}
	defer func(b *BundleClient) { b.conn = conn }(b)
	return b.Use()
}

func setsByAddress(ctx context.Context, conn *cl.Client) error {
	b, err := NewBundleClient(ctx) // against 5 "its release ends what is put into it here"
	if err != nil {
		return err
	}
	at := b.slot()
	*at = conn
	return b.Use()
}
