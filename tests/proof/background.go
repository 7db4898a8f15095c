package proof

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"example.com/proof/lib/cl"
)

// Its goroutine calls whoever listens, until the connection ends.
type BusClient struct {
	conn      net.Conn
	mu        sync.Mutex
	listeners []func(string)
	OnEnd     func()
}

func NewBusClient(addr string) (*BusClient, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	b := &BusClient{conn: conn}
	go b.loop()
	return b, nil
}

func (b *BusClient) loop() {
	buf := make([]byte, 100)
	for {
		n, err := b.conn.Read(buf)
		if err != nil {
			return
		}
		b.mu.Lock()
		for _, listener := range b.listeners {
			listener(string(buf[:n]))
		}
		b.mu.Unlock()
	}
}

func (b *BusClient) AddListener(listener func(string)) {
	b.mu.Lock()
	b.listeners = append(b.listeners, listener)
	b.mu.Unlock()
}

func (b *BusClient) Ask(question string) (string, error) {
	_, err := b.conn.Write([]byte(question))
	return question, err
}

func (b *BusClient) Close() error { return b.conn.Close() }

func listens(addr string) error {
	b, err := NewBusClient(addr) // against 4 "`AddListener` keeps this for as long as it is open"
	if err != nil {
		return err
	}
	b.AddListener(func(event string) { println(event) })
	return nil
}

func asks(addr string) error {
	b, err := NewBusClient(addr) // safe
	if err != nil {
		return err
	}
	_, err = b.Ask("?")
	return err
}

// What is listened for comes before the end.
func listensOnce(addr string) (string, error) {
	b, err := NewBusClient(addr) // safe
	if err != nil {
		return "", err
	}
	events := make(chan string, 1)
	b.AddListener(func(event string) { events <- event })
	return <-events, nil
}

// Close ends what it was given as well.
type GroupClient struct {
	c     *cl.Client
	parts []interface{ Close() error }
}

func NewGroupClient(ctx context.Context) (*GroupClient, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	return &GroupClient{c: c}, nil
}

func (g *GroupClient) Attach(part interface{ Close() error }) { g.parts = append(g.parts, part) }

func (g *GroupClient) Close() error {
	for _, part := range g.parts {
		part.Close()
	}
	return g.c.Close()
}

func attaches(ctx context.Context, part *cl.Client) error {
	g, err := NewGroupClient(ctx) // against 4 "`Attach` puts something into `parts` of it, which its release ends"
	if err != nil {
		return err
	}
	g.Attach(part)
	return g.c.Use()
}

// What is sent is written by a goroutine, a little later.
type QueueClient struct {
	conn net.Conn
	jobs chan string
	quit chan struct{}
}

func NewQueueClient(addr string) (*QueueClient, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	q := &QueueClient{conn: conn, jobs: make(chan string, 100), quit: make(chan struct{})}
	go q.loop()
	return q, nil
}

func (q *QueueClient) loop() {
	for {
		select {
		case job := <-q.jobs:
			q.conn.Write([]byte(job))
		case <-q.quit:
			return
		}
	}
}

func (q *QueueClient) Send(job string) { q.jobs <- job }

func (q *QueueClient) TrySend(job string) bool {
	select {
	case q.jobs <- job:
		return true
	default:
		return false
	}
}

func (q *QueueClient) Ask(job string) string {
	q.jobs <- job
	return <-q.jobs
}

func (q *QueueClient) Close() error {
	close(q.quit)
	return q.conn.Close()
}

func sends(addr string) error {
	q, err := NewQueueClient(addr) // against 4 "may still be queued"
	if err != nil {
		return err
	}
	q.Send("job")
	return nil
}

func triesToSend(addr string) (bool, error) {
	q, err := NewQueueClient(addr) // against 4 "may still be queued"
	if err != nil {
		return false, err
	}
	return q.TrySend("job"), nil
}

func asksQueue(addr string) (string, error) {
	q, err := NewQueueClient(addr) // safe
	if err != nil {
		return "", err
	}
	return q.Ask("job"), nil
}

// Its goroutine sends what somebody takes, or does not.
type StreamClient struct {
	c      *cl.Client
	events chan int
	quit   chan struct{}
	wg     sync.WaitGroup
}

func NewStreamClient(ctx context.Context) (*StreamClient, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	s := &StreamClient{c: c, events: make(chan int), quit: make(chan struct{})}
	s.wg.Add(1)
	go s.loop()
	return s, nil
}

func (s *StreamClient) loop() {
	defer s.wg.Done()
	for i := 0; ; i++ {
		select {
		case <-s.quit:
			return
		default:
		}
		s.events <- i
	}
}

func (s *StreamClient) First() int { return <-s.events }

func (s *StreamClient) Close() error {
	close(s.quit)
	s.wg.Wait()
	return s.c.Close()
}

func first(ctx context.Context) (int, error) {
	s, err := NewStreamClient(ctx) // against -13 "a goroutine may wait here"
	if err != nil {
		return 0, err
	}
	return s.First(), nil
}

// Its goroutine looks at something else than what Close tells.
type DeafClient struct {
	c    *cl.Client
	more chan int
	quit chan struct{}
	done chan struct{}
}

func NewDeafClient(ctx context.Context) (*DeafClient, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	d := &DeafClient{c: c, more: make(chan int, 1), quit: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(d.done)
		for {
			if n := <-d.more; n == 0 {
				return
			}
		}
	}()
	return d, nil
}

func (d *DeafClient) Close() error {
	close(d.quit)
	<-d.done
	return d.c.Close()
}

func deaf(ctx context.Context) error {
	d, err := NewDeafClient(ctx) // against -16 "does not end it"
	if err != nil {
		return err
	}
	return d.c.Use()
}

// That a goroutine tells a group when it ends is not that it is told to.
type DeafGroupClient struct {
	c    *cl.Client
	more chan int
	quit chan struct{}
	wg   sync.WaitGroup
}

func NewDeafGroupClient(ctx context.Context) (*DeafGroupClient, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	d := &DeafGroupClient{c: c, more: make(chan int, 1), quit: make(chan struct{})}
	d.wg.Add(1)
	go func() {
		defer d.wg.Done()
		for {
			if n := <-d.more; n == 0 {
				return
			}
		}
	}()
	return d, nil
}

func (d *DeafGroupClient) Close() error {
	close(d.quit)
	d.wg.Wait()
	return d.c.Close()
}

func deafGroup(ctx context.Context) error {
	d, err := NewDeafGroupClient(ctx) // against -16 "does not end it"
	if err != nil {
		return err
	}
	return d.c.Use()
}

// A registry, and clients that take themselves out of it.
type Registry struct {
	mu   sync.Mutex
	open int
}

type RegisteredClient struct {
	r    *Registry
	mu   sync.Mutex
	conn net.Conn
}

func (r *Registry) NewRegisteredClient(addr string) (*RegisteredClient, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &RegisteredClient{r: r, conn: conn}, nil
}

func (c *RegisteredClient) Use() error { return nil }

func (c *RegisteredClient) Close() error {
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	c.r.open--
	return c.conn.Close()
}

// The deferred Close runs before the deferred Unlock.
func locked(r *Registry, addr string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, err := r.NewRegisteredClient(addr) // fate
	if err != nil {
		return err
	}
	return c.Use()
}

var registered sync.Mutex

type SharedLockClient struct{ conn net.Conn }

func NewSharedLockClient(addr string) (*SharedLockClient, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &SharedLockClient{conn: conn}, nil
}

func (c *SharedLockClient) Use() error { return nil }

func (c *SharedLockClient) Close() error {
	registered.Lock()
	defer registered.Unlock()
	return c.conn.Close()
}

func lockedForAll(addr string) error {
	registered.Lock()
	defer registered.Unlock()
	c, err := NewSharedLockClient(addr) // against -2 "may be the one that `Close` takes"
	if err != nil {
		return err
	}
	return c.Use()
}

func lockedForNobody(addr string) error {
	c, err := NewSharedLockClient(addr) // safe
	if err != nil {
		return err
	}
	return c.Use()
}

// What is made beside the client has it inside.
type api interface {
	Get(key string) (string, error)
}

func NewClientWithAPI(ctx context.Context) (api, *cl.Client, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, nil, err
	}
	return c, c, nil
}

func givesAPI(ctx context.Context) (api, error) {
	a, c, err := NewClientWithAPI(ctx) // fate
	if err != nil {
		return nil, err
	}
	println(c.Use())
	return a, nil
}

// It is reached under a name that says nothing of it.
type ClusterClient struct{ listeners []net.Listener }

func NewClusterClient() (*ClusterClient, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &ClusterClient{listeners: []net.Listener{l}}, nil
}

func (c *ClusterClient) Brokers() []string { return []string{c.listeners[0].Addr().String()} }

func (c *ClusterClient) Ping() error { return nil }

func (c *ClusterClient) Close() error { return c.listeners[0].Close() }

func brokers() ([]string, error) {
	c, err := NewClusterClient() // against 4 "where it is reached is given out"
	if err != nil {
		return nil, err
	}
	return c.Brokers(), nil
}

func countsBrokers() (int, error) {
	c, err := NewClusterClient() // safe
	if err != nil {
		return 0, err
	}
	n := len(c.listeners)
	return n, c.Ping()
}

// The interface in its field is one of the package's.
type ending interface{ Close() error }

type sender struct{ c chan bool }

func (s *sender) Close() error { s.c <- true; return nil }

type EndingClient struct {
	c *cl.Client
	e ending
}

func NewEndingClient(ctx context.Context) (*EndingClient, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	return &EndingClient{c: c, e: &sender{c: make(chan bool)}}, nil
}

func (e *EndingClient) Close() error {
	e.e.Close()
	return e.c.Close()
}

func ends(ctx context.Context) error {
	e, err := NewEndingClient(ctx) // against -21 "waits here for whoever receives"
	if err != nil {
		return err
	}
	return e.c.Use()
}

// It is set going, and that is what the function is for.
type BotClient struct{ conn net.Conn }

func NewBotClient(addr string) (*BotClient, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &BotClient{conn: conn}, nil
}

func (b *BotClient) Open() error { _, err := b.conn.Write(nil); return err }

func (b *BotClient) Close() error { return b.conn.Close() }

func bot(addr string) error {
	b, err := NewBotClient(addr) // against 4 "sets it going"
	if err != nil {
		return err
	}
	return b.Open()
}

func botThatSays(addr string) error {
	b, err := NewBotClient(addr) // safe
	if err != nil {
		return err
	}
	if err := b.Open(); err != nil {
		return err
	}
	_, err = b.conn.Write([]byte("hello"))
	return err
}

type StoreClient struct{ conn net.Conn }

func NewStoreClient(addr string) (*StoreClient, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &StoreClient{conn: conn}, nil
}

func (s *StoreClient) Open(name string) *Rows { return &Rows{s: s} }

func (s *StoreClient) Close() error { return s.conn.Close() }

type Rows struct{ s *StoreClient }

func (r *Rows) Read() (int, error) { return r.s.conn.Read(nil) }

// What is opened is what is used.
func opensRows(addr string) (int, error) {
	s, err := NewStoreClient(addr) // safe
	if err != nil {
		return 0, err
	}
	rows := s.Open("rows")
	return rows.Read()
}

// Each has a hand in the table of all.
var table sync.Map

type TableClient struct {
	name string
	conn net.Conn
}

func NewTableClient(name, addr string) (*TableClient, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &TableClient{name: name, conn: conn}, nil
}

func (t *TableClient) Use() error { return nil }

func (t *TableClient) Close() error {
	table.Delete(t.name)
	return t.conn.Close()
}

func fromTable(addr string) error {
	t, err := NewTableClient("a", addr) // against -5 "ends or changes something of the package"
	if err != nil {
		return err
	}
	return t.Use()
}

// What the maker leaves with others is theirs, too.
type Dialer struct{ last net.Conn }

type DialedClient struct{ conn net.Conn }

func (c *DialedClient) Use() error { return nil }

func (c *DialedClient) Close() error { return c.conn.Close() }

func (d *Dialer) NewDialedClient(addr string) (*DialedClient, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	d.last = conn
	return &DialedClient{conn: conn}, nil
}

func dialed(d *Dialer, addr string) error {
	c, err := d.NewDialedClient(addr) // against -5 "a part of what is made is handed to others here"
	if err != nil {
		return err
	}
	return c.Use()
}

func NewPlainDialedClient(addr string) (*DialedClient, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Time{})
	return &DialedClient{conn: conn}, nil
}

func dialedPlainly(addr string) error {
	c, err := NewPlainDialedClient(addr) // safe
	if err != nil {
		return err
	}
	return c.Use()
}

type Part struct{ conn net.Conn }

func (p *Part) Close() error { return p.conn.Close() }

type WholeClient struct {
	c     *cl.Client
	Parts []*Part
}

func NewWholeClient() *WholeClient { return &WholeClient{c: &cl.Client{}} }

func (w *WholeClient) Use() error { return w.c.Use() }

func (w *WholeClient) Close() error {
	for _, part := range w.Parts {
		part.Close()
	}
	return w.c.Close()
}

func putsInto(parts []*Part) error {
	w := NewWholeClient() // fate
	w.Parts = parts
	return w.Use()
}

var parts []*Part

func TestPutsInto(t *testing.T) {
	w := NewWholeClient() // fate
	w.Parts = parts
	if w.Use() != nil {
		t.Fatal("it does not work")
	}
}

func putsNothingInto() error {
	w := NewWholeClient() // safe
	return w.Use()
}

// It serves at an address that its callers know.
type ProxyClient struct{ l net.Listener }

func NewProxyClient(addr string) (*ProxyClient, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	p := &ProxyClient{l: l}
	go p.serve()
	return p, nil
}

func (p *ProxyClient) serve() {
	for {
		c, err := p.l.Accept()
		if err != nil {
			return
		}
		c.Close()
	}
}

func (p *ProxyClient) Ready() error { return nil }

func (p *ProxyClient) Close() error { return p.l.Close() }

func setsUp(addr string) error {
	p, err := NewProxyClient(addr) // against 0 "others may ask there from here on"
	if err != nil {
		return err
	}
	return p.Ready()
}

func setsUpForTests(t *testing.T, addr string) {
	t.Helper()
	p, err := NewProxyClient(addr) // against 0 "others may ask there from here on"
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Ready(); err != nil {
		t.Fatal(err)
	}
}

func TestProxy(t *testing.T) {
	p, err := NewProxyClient("127.0.0.1:1234") // safe
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Ready(); err != nil {
		t.Fatal(err)
	}
}

func servesWhileItWaits(addr string, done chan bool) error {
	p, err := NewProxyClient(addr) // safe
	if err != nil {
		return err
	}
	<-done
	return p.Ready()
}
