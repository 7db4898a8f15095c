package proof

import (
	"context"
	"database/sql"
	"log"
	"sync"

	"example.com/proof/lib/cl"
)

// Its goroutine ends with the context that its maker gets.
type UntoldClient struct {
	c  *cl.Client
	wg sync.WaitGroup
}

func NewUntoldClient(ctx context.Context) (*UntoldClient, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	u := &UntoldClient{c: c}
	u.wg.Add(1)
	go func() {
		defer u.wg.Done()
		<-ctx.Done()
	}()
	return u, nil
}

func (u *UntoldClient) Close() error {
	u.wg.Wait()
	return u.c.Close()
}

// The deferred `cancel` runs after the release that waits for it.
func untold() error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	u, err := NewUntoldClient(ctx) // against -8 "has told nobody to end"
	if err != nil {
		return err
	}
	u.c.Use()
	return nil
}

type ToldClient struct {
	c    *cl.Client
	wg   sync.WaitGroup
	quit chan struct{}
}

func NewToldClient(ctx context.Context) (*ToldClient, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	t := &ToldClient{c: c, quit: make(chan struct{})}
	t.wg.Add(1)
	go t.run()
	return t, nil
}

func (t *ToldClient) run() {
	defer t.wg.Done()
	<-t.quit
}

func (t *ToldClient) Close() error {
	close(t.quit)
	t.wg.Wait()
	return t.c.Close()
}

func told(ctx context.Context) error {
	t, err := NewToldClient(ctx) // safe
	if err != nil {
		return err
	}
	t.c.Use()
	return nil
}

// Nobody answers its release before it runs.
type LateClient struct {
	c             *cl.Client
	quit, stopped chan struct{}
}

func NewLateClient(ctx context.Context) (*LateClient, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	return &LateClient{c: c, quit: make(chan struct{}), stopped: make(chan struct{})}, nil
}

func (l *LateClient) Run() {
	go func() {
		<-l.quit
		close(l.stopped)
	}()
}

func (l *LateClient) Close() error {
	close(l.quit)
	<-l.stopped
	return l.c.Close()
}

func late(ctx context.Context, ready func() error) error {
	l, err := NewLateClient(ctx) // against -5 "a goroutine that its maker does not start"
	if err != nil {
		return err
	}
	return ready()
}

// What it closes itself ends what it ranges over.
type DrainedClient struct {
	c    *cl.Client
	free chan int
}

func NewDrainedClient(ctx context.Context) (*DrainedClient, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	return &DrainedClient{c: c, free: make(chan int, 8)}, nil
}

func (d *DrainedClient) Close() error {
	close(d.free)
	for range d.free {
	}
	return d.c.Close()
}

func drained(ctx context.Context) error {
	d, err := NewDrainedClient(ctx) // safe
	if err != nil {
		return err
	}
	d.c.Use()
	return nil
}

// The connection of a database waits until its transactions are over.
type SessionClient struct {
	conn *sql.Conn
	tx   *sql.Tx
}

func NewSessionClient(ctx context.Context, name string) (*SessionClient, error) {
	db, err := sql.Open("x", name)
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &SessionClient{conn: conn}, nil
}

func (s *SessionClient) Start(ctx context.Context) (err error) {
	s.tx, err = s.conn.BeginTx(ctx, nil)
	return err
}

func (s *SessionClient) Run(ctx context.Context, text string) error {
	_, err := s.conn.ExecContext(ctx, text)
	return err
}

func (s *SessionClient) Close() error {
	return s.conn.Close()
}

func started(ctx context.Context) error {
	s, err := NewSessionClient(ctx, "a") // against -14 "waits until what `BeginTx` gives is back"
	if err != nil {
		return err
	}
	if err := s.Start(ctx); err != nil {
		return err
	}
	return s.Run(ctx, "delete from a")
}

func ran(ctx context.Context) error {
	s, err := NewSessionClient(ctx, "a") // safe
	if err != nil {
		return err
	}
	return s.Run(ctx, "delete from a")
}

// What a test asks for is gone when the helper has returned.
func holdsPort(at string) {
	l, err := cl.NewPortClient(at) // against 0 "it may be there for who calls this"
	if err != nil {
		panic(err)
	}
	log.Println(l.Addr())
}

// The result tells what was wanted of it.
func isFree(at string) bool {
	l, err := cl.NewPortClient(at) // safe
	if err != nil {
		return false
	}
	log.Println(l.Addr())
	return true
}

func tellsItsPort(at string) (string, error) {
	l, err := cl.NewPortClient(at) // against 4 "where it is reached is given out"
	if err != nil {
		return "", err
	}
	return l.LocalAddr(), nil
}

// What is there goes with it.
func tellsItsPath() (string, error) {
	s, err := cl.NewSpoolClient() // against 4 "where it is reached is given out"
	if err != nil {
		return "", err
	}
	return s.Path(), nil
}

func tellsItsPortByName(at string) (where string, err error) {
	l, err := cl.NewPortClient(at) // against 4 "where it is reached is given out"
	if err != nil {
		return "", err
	}
	where = l.Addr()
	return
}

// Whoever receives may have ended before.
type SendingClient struct {
	c    *cl.Client
	quit chan struct{}
}

func NewSendingClient(ctx context.Context) (*SendingClient, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	s := &SendingClient{c: c, quit: make(chan struct{})}
	go func() {
		select {
		case <-s.quit:
		case <-ctx.Done():
		}
	}()
	return s, nil
}

func (s *SendingClient) Close() error {
	s.quit <- struct{}{}
	return s.c.Close()
}

func sends(ctx context.Context) error {
	s, err := NewSendingClient(ctx) // against -5 "waits here for whoever receives"
	if err != nil {
		return err
	}
	return s.c.Use()
}

var current *LastingClient

// Its release ends what the package has.
type LastingClient struct{ c *cl.Client }

func NewLastingClient(ctx context.Context) (*LastingClient, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	return &LastingClient{c: c}, nil
}

func (l *LastingClient) Close() error {
	current = nil
	return l.c.Close()
}

func ends(ctx context.Context) error {
	l, err := NewLastingClient(ctx) // against -5 "sets a variable of the package"
	if err != nil {
		return err
	}
	return l.c.Use()
}

// What runs in the background is what it is for.
func works(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // against 4 "a goroutine started here uses it"
	if err != nil {
		return err
	}
	c.Beat()
	return nil
}

// What it begins holds a lock that its Close takes.
type LockedClient struct {
	c  *cl.Client
	mu sync.RWMutex
}

type lockedTx struct{ l *LockedClient }

func NewLockedClient(ctx context.Context) (*LockedClient, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	return &LockedClient{c: c}, nil
}

func (l *LockedClient) Begin() *lockedTx {
	l.mu.RLock()
	return &lockedTx{l}
}

func (l *LockedClient) Count() int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return 1
}

func (t *lockedTx) Get() string { return "" }

func (t *lockedTx) Rollback() { t.l.mu.RUnlock() }

func (l *LockedClient) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.c.Close()
}

func begins(ctx context.Context) (string, error) {
	l, err := NewLockedClient(ctx) // against 4 "`Begin` leaves a lock taken, and `Close` takes one"
	if err != nil {
		return "", err
	}
	return l.Begin().Get(), nil
}

func counts(ctx context.Context) (int, error) {
	l, err := NewLockedClient(ctx) // safe
	if err != nil {
		return 0, err
	}
	return l.Count(), nil
}
