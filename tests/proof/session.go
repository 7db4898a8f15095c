package proof

import (
	"context"
	"errors"
	"os/exec"
	"sync"

	"example.com/proof/lib/cl"
)

// What is taken by it is given back by its Close.
type OfficeClient struct {
	c  *cl.Client
	mu *sync.Mutex
}

func NewOfficeClient(ctx context.Context) (*OfficeClient, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	return &OfficeClient{c: c, mu: &sync.Mutex{}}, nil
}

func (o *OfficeClient) TryLock() error { return o.c.Use() }

func (o *OfficeClient) Unlock() error { return o.c.Use() }

func (o *OfficeClient) Create(path string, flags int) error { return o.c.Use() }

func (o *OfficeClient) Exec(query string) error { return o.c.Use() }

func (o *OfficeClient) Close() error { return o.c.Close() }

const FlagEphemeral = 1

var kinds = struct{ FlagEphemeral, FlagLasting int }{1, 2}

func holdsOffice(ctx context.Context) error {
	o, err := NewOfficeClient(ctx) // against 4 "what `TryLock` takes here, its release may give back"
	if err != nil {
		return err
	}
	return o.TryLock()
}

func holdsOfficeForAWhile(ctx context.Context) error {
	o, err := NewOfficeClient(ctx) // safe
	if err != nil {
		return err
	}
	if err := o.TryLock(); err != nil {
		return err
	}
	return errors.Join(o.c.Use(), o.Unlock())
}

func isThere(ctx context.Context) error {
	o, err := NewOfficeClient(ctx) // against 4 "what `Create` takes here, its release may give back"
	if err != nil {
		return err
	}
	return o.Create("/me", kinds.FlagEphemeral)
}

func holdsInDatabase(ctx context.Context) error {
	o, err := NewOfficeClient(ctx) // against 4 "what `Exec` takes here, its release may give back"
	if err != nil {
		return err
	}
	return o.Exec("SELECT pg_advisory_lock(1)")
}

func asksDatabase(ctx context.Context) error {
	o, err := NewOfficeClient(ctx) // safe
	if err != nil {
		return err
	}
	return o.Exec("SELECT 1")
}

// It leaves again where it was registered.
type RegistryClient struct {
	c      *cl.Client
	ids    []string
	last   string
	broken bool
}

func NewRegistryClient(ctx context.Context) (*RegistryClient, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	return &RegistryClient{c: c}, nil
}

func (r *RegistryClient) Register(id string) error {
	r.add(id)
	return r.c.Use()
}

func (r *RegistryClient) add(id string) { r.ids = append(r.ids, id) }

func (r *RegistryClient) Find(id string) error {
	r.last = id
	return r.c.Use()
}

func (r *RegistryClient) Close() error {
	for _, id := range r.ids {
		r.c.Publish("deregister " + id)
	}
	if r.broken {
		r.c.Publish("abort")
	}
	return r.c.Close()
}

func registers(ctx context.Context) error {
	r, err := NewRegistryClient(ctx) // against 4 "`Register` sets `ids`, by which `Close` does more than to release it"
	if err != nil {
		return err
	}
	return r.Register("a")
}

func finds(ctx context.Context) error {
	r, err := NewRegistryClient(ctx) // safe
	if err != nil {
		return err
	}
	return r.Find("a")
}

// What it connects is closed, and no more.
type LazyClient struct {
	all    map[string]*cl.Client
	closed bool
}

func NewLazyClient(ctx context.Context) (*LazyClient, error) {
	l := &LazyClient{all: map[string]*cl.Client{}}
	return l, l.Connect(ctx)
}

func (l *LazyClient) Connect(ctx context.Context) error {
	c, err := cl.NewClient(ctx)
	l.all["a"] = c
	return err
}

func (l *LazyClient) Close() (err error) {
	if l.closed {
		return errors.New("closed")
	}
	for name, c := range l.all {
		err = errors.Join(err, c.Close())
		delete(l.all, name)
	}
	return err
}

func connects(ctx context.Context) error {
	l, err := NewLazyClient(ctx) // safe
	if err != nil {
		return err
	}
	return l.Connect(ctx)
}

// Its process may be there for others.
type DaemonClient struct {
	c   *cl.Client
	cmd *exec.Cmd
}

func NewDaemonClient(ctx context.Context) (*DaemonClient, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("daemon")
	return &DaemonClient{c: c, cmd: cmd}, cmd.Start()
}

func (d *DaemonClient) Ping() error { return d.c.Use() }

func (d *DaemonClient) Close() error {
	return errors.Join(d.cmd.Process.Kill(), d.c.Close())
}

func startsDaemon(ctx context.Context) error {
	d, err := NewDaemonClient(ctx) // against -4 "`Close` ends a process that may be there for others"
	if err != nil {
		return err
	}
	return d.Ping()
}

func (o *OfficeClient) LockPolicy(name string) error { return o.c.Use() }

// What is locked at the server stays so.
func locksPolicy(ctx context.Context) error {
	o, err := NewOfficeClient(ctx) // safe
	if err != nil {
		return err
	}
	return o.LockPolicy("a")
}

// It says good-bye, and ends the connection only where that failed.
type PoliteClient struct{ c *cl.Client }

func NewPoliteClient(ctx context.Context) (*PoliteClient, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	return &PoliteClient{c}, nil
}

func (p *PoliteClient) Ask() error { return p.c.Use() }

func (p *PoliteClient) Close() error {
	_, err := p.c.Get("bye")
	if err != nil {
		p.c.Close()
	}
	return err
}

func asksPolitely(ctx context.Context) error {
	p, err := NewPoliteClient(ctx) // against -8 "`Close` only asks somebody else for something"
	if err != nil {
		return err
	}
	return p.Ask()
}

// Its error has a part of it inside.
type ShowClient struct {
	c     *cl.Client
	views []*showView
}

type showView struct{ s *ShowClient }

type showError struct{ view *showView }

func (e *showError) Error() string { return e.view.s.c.Use().Error() }

func NewShowClient(ctx context.Context) (*ShowClient, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	return &ShowClient{c: c}, nil
}

func (s *ShowClient) Last() error { return &showError{s.views[0]} }

func (s *ShowClient) Close() error { return s.c.Close() }

func shows(ctx context.Context) (last, err error) {
	s, err := NewShowClient(ctx) // against 4 "is returned"
	if err != nil {
		return nil, err
	}
	return s.Last(), nil
}
