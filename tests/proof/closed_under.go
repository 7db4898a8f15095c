package proof

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"sync"
	"time"

	"example.com/proof/lib/cl"
)

// The goroutine ends with the connection.
type ReadClient struct{ conn net.Conn }

func NewReadClient(addr string) (*ReadClient, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	r := &ReadClient{conn: conn}
	go r.read()
	return r, nil
}

func (r *ReadClient) read() {
	buf := make([]byte, 10)
	for {
		if _, err := r.conn.Read(buf); err != nil {
			if temporary(err) {
				continue
			}
			return
		}
	}
}

func temporary(err error) bool { return errors.Is(err, io.ErrNoProgress) }

func (r *ReadClient) Use() error   { return nil }
func (r *ReadClient) Close() error { return r.conn.Close() }

func readsToTheEnd(addr string) error {
	c, err := NewReadClient(addr) // safe
	if err != nil {
		return err
	}
	return c.Use()
}

type FatalClient struct{ conn net.Conn }

func NewFatalClient(addr string) (*FatalClient, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	f := &FatalClient{conn: conn}
	go f.read()
	return f, nil
}

func (f *FatalClient) read() {
	buf := make([]byte, 10)
	for {
		if _, err := f.conn.Read(buf); err != nil {
			log.Fatalf("lost: %v", err)
		}
	}
}

func (f *FatalClient) Use() error   { return nil }
func (f *FatalClient) Close() error { return f.conn.Close() }

func endsTheProgram(addr string) error {
	c, err := NewFatalClient(addr) // against -9 "a goroutine of its maker may end the program here"
	if err != nil {
		return err
	}
	return c.Use()
}

type PanicClient struct{ conn net.Conn }

func NewPanicClient(addr string) (*PanicClient, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	p := &PanicClient{conn: conn}
	go func() {
		buf := make([]byte, 10)
		for {
			if _, err := p.conn.Read(buf); err != nil {
				p.fail(err)
			}
		}
	}()
	return p, nil
}

func (p *PanicClient) fail(err error) { panic(err) }
func (p *PanicClient) Use() error     { return nil }
func (p *PanicClient) Close() error   { return p.conn.Close() }

func panics(addr string) error {
	c, err := NewPanicClient(addr) // against -5 "a goroutine of its maker may end the program here"
	if err != nil {
		return err
	}
	return c.Use()
}

// It is told to end before, and only what it cannot mend ends the program.
type ToldClient struct {
	conn net.Conn
	quit chan struct{}
}

func NewToldClient(addr string) (*ToldClient, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	t := &ToldClient{conn: conn, quit: make(chan struct{})}
	go t.read()
	return t, nil
}

func (t *ToldClient) read() {
	buf := make([]byte, 10)
	for {
		if _, err := t.conn.Read(buf); err != nil {
			select {
			case <-t.quit:
				return
			default:
				log.Fatalf("lost: %v", err)
			}
		}
	}
}

func (t *ToldClient) Use() error { return nil }

func (t *ToldClient) Close() error {
	close(t.quit)
	return t.conn.Close()
}

func isTold(addr string) error {
	c, err := NewToldClient(addr) // safe
	if err != nil {
		return err
	}
	return c.Use()
}

// Only the other side's end is an end for it.
type BusyClient struct{ conn net.Conn }

func NewBusyClient(addr string) (*BusyClient, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	b := &BusyClient{conn: conn}
	go b.read()
	return b, nil
}

func (b *BusyClient) read() {
	buf := make([]byte, 10)
	for {
		if _, err := b.conn.Read(buf); err != nil {
			if errors.Is(err, io.EOF) {
				return
			}
			log.Print(err)
		}
	}
}

func (b *BusyClient) Use() error   { return nil }
func (b *BusyClient) Close() error { return b.conn.Close() }

func goesOnFailing(addr string) error {
	c, err := NewBusyClient(addr) // against -14 "a goroutine of its maker may go on here without end"
	if err != nil {
		return err
	}
	return c.Use()
}

// It dials anew when the connection ends.
type AgainClient struct{ conn net.Conn }

func NewAgainClient(addr string) (*AgainClient, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	a := &AgainClient{conn: conn}
	go func() {
		buf := make([]byte, 10)
		for {
			if _, err := a.conn.Read(buf); err != nil {
				a.conn, _ = net.Dial("tcp", addr)
			}
		}
	}()
	return a, nil
}

func (a *AgainClient) Use() error   { return nil }
func (a *AgainClient) Close() error { return a.conn.Close() }

func dialsAnew(addr string) error {
	c, err := NewAgainClient(addr) // against -13 "a goroutine of its maker may go on here without end"
	if err != nil {
		return err
	}
	return c.Use()
}

// What the maker waits for is over when it returns.
type ListClient struct {
	conn  net.Conn
	names []string
}

func NewListClient(addr string) (*ListClient, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	l := &ListClient{conn: conn}
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		buf := make([]byte, 10)
		for {
			n, err := l.conn.Read(buf)
			if err == io.EOF {
				break
			}
			l.names = append(l.names, string(buf[:n]))
		}
	}()
	wg.Wait()
	return l, nil
}

func (l *ListClient) Use() error   { return nil }
func (l *ListClient) Close() error { return l.conn.Close() }

func listsFirst(addr string) error {
	c, err := NewListClient(addr) // safe
	if err != nil {
		return err
	}
	return c.Use()
}

var prepare sync.Once

func NewPreparedClient(addr string) (*ListClient, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	l := &ListClient{conn: conn}
	prepare.Do(func() {
		var wg sync.WaitGroup
		wg.Add(1)
		go func() {
			for {
				n, err := l.conn.Read(make([]byte, 10))
				if err == io.EOF {
					break
				}
				println(n)
			}
			wg.Done()
		}()
		wg.Wait()
	})
	return l, nil
}

func preparesOnce(addr string) error {
	c, err := NewPreparedClient(addr) // safe
	if err != nil {
		return err
	}
	return c.Use()
}

// It waits for others than the goroutine that goes on.
type OthersClient struct {
	conn net.Conn
	wg   sync.WaitGroup
}

func NewOthersClient(addr string) (*OthersClient, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	o := &OthersClient{conn: conn}
	var ready sync.WaitGroup
	ready.Add(1)
	go func() {
		defer o.wg.Done()
		ready.Done()
		buf := make([]byte, 10)
		for {
			if _, err := o.conn.Read(buf); err != nil {
				log.Print(err)
			}
		}
	}()
	go func() { o.wg.Wait() }()
	return o, nil
}

func (o *OthersClient) Use() error   { return nil }
func (o *OthersClient) Close() error { return o.conn.Close() }

func waitsElsewhere(addr string) error {
	c, err := NewOthersClient(addr) // against -14 "a goroutine of its maker may go on here without end"
	if err != nil {
		return err
	}
	return c.Use()
}

// A send into what is closed panics.
type SendClient struct {
	conn net.Conn
	out  chan string
}

func NewSendClient(addr string) (*SendClient, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &SendClient{conn: conn, out: make(chan string, 10)}
	go s.read()
	return s, nil
}

func (s *SendClient) read() {
	buf := make([]byte, 10)
	for {
		if _, err := s.conn.Read(buf); err != nil {
			return
		}
		s.out <- string(buf)
	}
}

func (s *SendClient) Use() error { return nil }

func (s *SendClient) Close() error {
	err := s.conn.Close()
	close(s.out)
	return err
}

func closesUnderASender(addr string) error {
	c, err := NewSendClient(addr) // against -13 "`Close` closes this channel under this goroutine"
	if err != nil {
		return err
	}
	return c.Use()
}

// It closes the channel only when nobody sends any more.
type JoinedClient struct {
	conn net.Conn
	out  chan string
	wg   sync.WaitGroup
}

func NewJoinedClient(addr string) (*JoinedClient, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	j := &JoinedClient{conn: conn, out: make(chan string, 10)}
	j.wg.Add(1)
	go j.read()
	return j, nil
}

func (j *JoinedClient) read() {
	defer j.wg.Done()
	buf := make([]byte, 10)
	for {
		if _, err := j.conn.Read(buf); err != nil {
			return
		}
		j.out <- string(buf)
	}
}

func (j *JoinedClient) Use() error { return nil }

func (j *JoinedClient) Close() error {
	err := j.conn.Close()
	j.wg.Wait()
	close(j.out)
	return err
}

func closesAfterTheSender(addr string) error {
	c, err := NewJoinedClient(addr) // safe
	if err != nil {
		return err
	}
	return c.Use()
}

type NilClient struct{ conn net.Conn }

func NewNilClient(addr string) (*NilClient, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	n := &NilClient{conn: conn}
	go n.tick()
	return n, nil
}

func (n *NilClient) tick() {
	for range [3]int{} {
		time.Sleep(time.Second)
		n.conn.Write([]byte("ping"))
	}
}

func (n *NilClient) Use() error { return nil }

func (n *NilClient) Close() error {
	err := n.conn.Close()
	n.conn = nil
	return err
}

func clearsUnderAUser(addr string) error {
	c, err := NewNilClient(addr) // against -13 "`Close` clears this field under this goroutine"
	if err != nil {
		return err
	}
	return c.Use()
}

// What a release calls by a field, or hands to what runs it once.
var current *cl.Client

type HookClient struct {
	c    *cl.Client
	stop func()
}

func NewHookClient(ctx context.Context) (*HookClient, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	h := &HookClient{c: c}
	h.stop = func() { current.Close() }
	return h, nil
}

func (h *HookClient) Use() error { return h.c.Use() }

func (h *HookClient) Close() error {
	h.stop()
	return h.c.Close()
}

func endsByAField(ctx context.Context) error {
	h, err := NewHookClient(ctx) // against -12 "`Close` ends or changes something of the package"
	if err != nil {
		return err
	}
	return h.Use()
}

type OnceClient struct {
	c    *cl.Client
	once sync.Once
}

func NewOnceClient(ctx context.Context) (*OnceClient, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	return &OnceClient{c: c}, nil
}

func (o *OnceClient) Use() error { return o.c.Use() }

func (o *OnceClient) Close() error {
	o.once.Do(o.end)
	return o.c.Close()
}

func (o *OnceClient) end() { current.Close() }

func endsOnce(ctx context.Context) error {
	o, err := NewOnceClient(ctx) // against -3 "`Close` ends or changes something of the package"
	if err != nil {
		return err
	}
	return o.Use()
}

type OwnHookClient struct {
	c    *cl.Client
	stop func()
}

func NewOwnHookClient(ctx context.Context) (*OwnHookClient, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	h := &OwnHookClient{c: c}
	h.stop = func() { h.c.Use() }
	return h, nil
}

func (h *OwnHookClient) Use() error { return h.c.Use() }

func (h *OwnHookClient) Close() error {
	h.stop()
	return h.c.Close()
}

func endsItsOwn(ctx context.Context) error {
	h, err := NewOwnHookClient(ctx) // safe
	if err != nil {
		return err
	}
	return h.Use()
}
