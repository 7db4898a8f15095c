package proof

import (
	"context"
	"io"
	"log"
	"maps"
	"net"
	"time"

	"example.com/proof/lib/cl"
)

// Its release ends what was put into it.
type BundleClient struct {
	c    *cl.Client
	conn *cl.Client
	log  *log.Logger
}

func NewBundleClient(ctx context.Context) (*BundleClient, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	return &BundleClient{c: c, log: log.New(io.Discard, "", 0)}, nil
}

func (b *BundleClient) Use() error { return b.c.Use() }

func (b *BundleClient) Close() error {
	b.log.Print("closed")
	if b.conn != nil {
		b.conn.Close()
	}
	return b.c.Close()
}

func (b *BundleClient) Put(conn *cl.Client)     { b.conn = conn }
func (b *BundleClient) put(conn *cl.Client)     { b.Put(conn) }
func (b *BundleClient) Tell(to *log.Logger)     { b.log = to }
func (b *BundleClient) adopt()                  { b.conn = sharedConn }
func (b *BundleClient) mine(s *service)         { b.conn = s.conn }
func putInto(b *BundleClient, conn *cl.Client)  { b.conn = conn }
func putLater(b *BundleClient, conn *cl.Client) { other := conn; putInto(b, other) }

var sharedConn *cl.Client

type service struct{ conn *cl.Client }

func putsParameter(ctx context.Context, conn *cl.Client) error {
	b, err := NewBundleClient(ctx) // against 4 "`Put` puts something into `conn` of it, which its release ends"
	if err != nil {
		return err
	}
	b.Put(conn)
	return b.Use()
}

func putsByAnother(ctx context.Context, conn *cl.Client) error {
	b, err := NewBundleClient(ctx) // against 4 "`put` puts something into `conn` of it"
	if err != nil {
		return err
	}
	b.put(conn)
	return b.Use()
}

func putsByFunction(ctx context.Context, conn *cl.Client) error {
	b, err := NewBundleClient(ctx) // against 4 "`putInto` puts something into `conn` of it"
	if err != nil {
		return err
	}
	putInto(b, conn)
	return b.Use()
}

func putsByFunctions(ctx context.Context, conn *cl.Client) error {
	b, err := NewBundleClient(ctx) // against 4 "`putLater` puts something into `conn` of it"
	if err != nil {
		return err
	}
	putLater(b, conn)
	return b.Use()
}

func putsWhatIsReturned(ctx context.Context) (*cl.Client, error) {
	conn, err := cl.NewClient(ctx) // fate
	if err != nil {
		return nil, err
	}
	b, err := NewBundleClient(ctx) // against 4 "`Put` puts something into `conn` of it"
	if err != nil {
		return nil, err
	}
	b.Put(conn)
	return conn, b.Use()
}

func putsShared(ctx context.Context) error {
	b, err := NewBundleClient(ctx) // against 4 "`Put` puts something into `conn` of it"
	if err != nil {
		return err
	}
	b.Put(sharedConn)
	return b.Use()
}

func (s *service) putsOfField(ctx context.Context) error {
	b, err := NewBundleClient(ctx) // against 4 "`Put` puts something into `conn` of it"
	if err != nil {
		return err
	}
	b.Put(s.conn)
	return b.Use()
}

func adopts(ctx context.Context) error {
	b, err := NewBundleClient(ctx) // against 4 "`adopt` puts something into `conn` of it"
	if err != nil {
		return err
	}
	b.adopt()
	return b.Use()
}

func takesOfAnother(ctx context.Context, s *service) error {
	b, err := NewBundleClient(ctx) // against 4 "`mine` puts something into `conn` of it"
	if err != nil {
		return err
	}
	b.mine(s)
	return b.Use()
}

// What is only written to lives on.
func tells(ctx context.Context, to *log.Logger) error {
	b, err := NewBundleClient(ctx) // safe
	if err != nil {
		return err
	}
	b.Tell(to)
	return b.Use()
}

// What is put there lives on, or what was there is lost.
type OutClient struct {
	Out  net.Conn
	Opts struct{ Out net.Conn }
	outs map[string]net.Conn
}

func NewOutClient(addr string) (*OutClient, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &OutClient{Out: conn}, nil
}

func (o *OutClient) Use() error { return nil }

func (o *OutClient) Close() error {
	for _, out := range o.outs {
		out.Close()
	}
	if o.Opts.Out != nil {
		o.Opts.Out.Close()
	}
	return o.Out.Close()
}

func setsReturned(addr string) (net.Conn, error) {
	out, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	o, err := NewOutClient(addr) // against 4 "its release ends what is put into it here"
	if err != nil {
		return nil, err
	}
	o.Out = out
	return out, o.Use()
}

func setsPartOfPart(addr string) (net.Conn, error) {
	out, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	o, err := NewOutClient(addr) // against 4 "its release ends what is put into it here"
	if err != nil {
		return nil, err
	}
	o.Opts.Out = out
	return out, o.Use()
}

func setsByAnotherName(addr string) (net.Conn, error) {
	out, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	o, err := NewOutClient(addr) // against 5 "its release ends what is put into it here"
	if err != nil {
		return nil, err
	}
	opts := &o.Opts
	opts.Out = out
	return out, o.Use()
}

func setsElement(addr string, outs map[string]net.Conn) (net.Conn, error) {
	out, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	o, err := NewOutClient(addr) // against 4 "its release ends what is put into it here"
	if err != nil {
		return nil, err
	}
	o.outs["a"] = out
	return out, o.Use()
}

func setsWhole(addr string) (net.Conn, error) {
	out, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	o, err := NewOutClient(addr) // against 4 "its release ends what is put into it here"
	if err != nil {
		return nil, err
	}
	*o = OutClient{Out: out}
	return out, o.Use()
}

func setOut(opts *struct{ Out net.Conn }, out net.Conn) { opts.Out = out }

func setsPartByFunction(addr string) (net.Conn, error) {
	out, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	o, err := NewOutClient(addr) // against 4 "`setOut` puts something into `Opts` of it"
	if err != nil {
		return nil, err
	}
	setOut(&o.Opts, out)
	return out, o.Use()
}

func usesInGoroutine(addr string) error {
	out, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	o, err := NewOutClient(addr) // against 4 "its release ends what is put into it here"
	if err != nil {
		return err
	}
	o.Opts.Out = out
	go func() { out.Write(nil) }()
	return o.Use()
}

func setsByAlias(addr string) (net.Conn, error) {
	out, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	o, err := NewOutClient(addr) // against 5 "its release ends what is put into it here"
	if err != nil {
		return nil, err
	}
	same := o
	same.Opts.Out = out
	return out, o.Use()
}

func (o *OutClient) options() *struct{ Out net.Conn } { return &o.Opts }

func setsByGetter(addr string) (net.Conn, error) {
	out, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	o, err := NewOutClient(addr) // fate
	if err != nil {
		return nil, err
	}
	o.options().Out = out
	return out, o.Use()
}

func setAt(to *net.Conn, out net.Conn) { *to = out }

func setsByPointer(addr string) (net.Conn, error) {
	out, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	o, err := NewOutClient(addr) // against 4 "`setAt` puts something into `Opts` of it"
	if err != nil {
		return nil, err
	}
	setAt(&o.Opts.Out, out)
	return out, o.Use()
}

func fillMap(to map[string]net.Conn, out net.Conn) { to["a"] = out }

func fillsMap(addr string) (net.Conn, error) {
	out, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	o, err := NewOutClient(addr) // against 4 "`fillMap` puts something into `outs` of it"
	if err != nil {
		return nil, err
	}
	fillMap(o.outs, out)
	return out, o.Use()
}

func copiesMap(addr string) (net.Conn, error) {
	out, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	o, err := NewOutClient(addr) // against 4 "`Copy` puts something into `outs` of it"
	if err != nil {
		return nil, err
	}
	maps.Copy(o.outs, map[string]net.Conn{"a": out})
	return out, o.Use()
}

// Nobody else has it.
func setsItsOwn(addr string) error {
	out, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	o, err := NewOutClient(addr) // safe
	if err != nil {
		return err
	}
	o.Opts.Out = out
	out.SetDeadline(time.Time{})
	return o.Use()
}

type HookedClient struct {
	c       *cl.Client
	OnError func(error)
}

func NewHookedClient(ctx context.Context) (*HookedClient, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	return &HookedClient{c: c, OnError: func(error) {}}, nil
}

func (h *HookedClient) Use() error { return h.c.Use() }

func (h *HookedClient) Close() error {
	err := h.c.Close()
	h.OnError(err)
	return err
}

func setsHook(ctx context.Context, name string) error {
	h, err := NewHookedClient(ctx) // safe
	if err != nil {
		return err
	}
	h.OnError = func(err error) { log.Print(name, err) }
	return h.Use()
}

func setsHookThatEnds(ctx context.Context, conn *cl.Client) error {
	h, err := NewHookedClient(ctx) // fate
	if err != nil {
		return err
	}
	h.OnError = func(error) { conn.Close() }
	return h.Use()
}

func setsHookOfThePackage(ctx context.Context) error {
	h, err := NewHookedClient(ctx) // fate
	if err != nil {
		return err
	}
	h.OnError = func(error) { sharedConn.Use() }
	return h.Use()
}

// What is made of it ends with it.
type layered struct{ net.Conn }

func (l *layered) inner() net.Conn { return l.Conn }

func newLayered() *layered { return &layered{} }

func givesWhatIsInside(addr string) (net.Conn, error) {
	l := newLayered()
	o, err := NewOutClient(addr) // fate
	if err != nil {
		return nil, err
	}
	o.Opts.Out = l
	return l.inner(), o.Use()
}

func newAround(conn net.Conn) *layered { return &layered{conn} }

func setsAround(addr string, conn net.Conn) error {
	o, err := NewOutClient(addr) // fate
	if err != nil {
		return err
	}
	o.Opts.Out = newAround(conn)
	return o.Use()
}

func (o *OutClient) Fill(outs map[string]net.Conn) { maps.Copy(o.outs, outs) }
func (o *OutClient) Part(out net.Conn)             { setAt(&o.Opts.Out, out) }
func (o *OutClient) Around(out net.Conn)           { o.Opts.Out = newAround(out) }
func (o *OutClient) Later(out net.Conn)            { func() { o.Out = out }() }

func fillsByMethod(addr string, outs map[string]net.Conn) error {
	o, err := NewOutClient(addr) // against 4 "`Fill` puts something into `outs` of it"
	if err != nil {
		return err
	}
	o.Fill(outs)
	return o.Use()
}

func partByMethod(addr string, out net.Conn) error {
	o, err := NewOutClient(addr) // against 4 "`Part` puts something into `Opts` of it"
	if err != nil {
		return err
	}
	o.Part(out)
	return o.Use()
}

func aroundByMethod(addr string, out net.Conn) error {
	o, err := NewOutClient(addr) // against 4 "`Around` puts something into `Opts` of it"
	if err != nil {
		return err
	}
	o.Around(out)
	return o.Use()
}

func laterByMethod(addr string, out net.Conn) error {
	o, err := NewOutClient(addr) // against 4 "`Later` puts something into `Out` of it"
	if err != nil {
		return err
	}
	o.Later(out)
	return o.Use()
}

type noConn struct{ net.Conn }

func NewFakedOutClient(addr string) (*OutClient, error) {
	o, err := NewOutClient(addr) // fate
	if err != nil {
		return nil, err
	}
	o.Out = &noConn{}
	return o, nil
}

func makesFaked(addr string) error {
	o, err := NewFakedOutClient(addr) // against -5 "what was there before is lost here"
	if err != nil {
		return err
	}
	return o.Use()
}

// Its release comes to nothing, two steps down.
type IdleClient struct{ in *idle }

type idle struct{ name string }

func (i *idle) Close() error { return nil }

func NewIdleClient(addr string) (*IdleClient, error) {
	if addr == "" {
		return nil, io.EOF
	}
	return &IdleClient{in: &idle{name: addr}}, nil
}

func (i *IdleClient) Close() error { return i.in.Close() }

func closesNothing(addr string) (string, error) {
	i, err := NewIdleClient(addr) // fate
	if err != nil {
		return "", err
	}
	return i.in.name, nil
}

func putsNothing(ctx context.Context) error {
	b, err := NewBundleClient(ctx) // safe
	if err != nil {
		return err
	}
	b.Put(nil)
	return b.Use()
}

// Its release closes, calls, clears and changes what its maker was handed.
type FeedClient struct {
	c     *cl.Client
	out   chan int
	stop  func()
	cache map[string]int
	state *feedState
	name  []string
}

type feedState struct{ Connected bool }

func NewFeedClient(ctx context.Context, out chan int, stop func(), cache map[string]int) (*FeedClient, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	return &FeedClient{c, out, stop, cache, nil, nil}, nil
}

func NewStateClient(ctx context.Context, state *feedState, name []string) (*FeedClient, error) {
	f, err := NewFeedClient(ctx, make(chan int), func() {}, map[string]int{})
	if err != nil {
		return nil, err
	}
	f.state = state
	f.name = name
	return f, nil
}

func (f *FeedClient) Ping() error { return f.c.Use() }

func (f *FeedClient) Close() error {
	close(f.out)
	f.stop()
	clear(f.cache)
	if f.state != nil {
		f.state.Connected = false
	}
	println(len(f.name))
	return f.c.Close()
}

func handsInChannel(ctx context.Context) (chan int, error) {
	out := make(chan int, 1)
	f, err := NewFeedClient(ctx, out, func() {}, map[string]int{}) // against 0 "its release changes `out` of it"
	if err != nil {
		return nil, err
	}
	return out, f.Ping()
}

func handsInFunction(ctx context.Context) (context.Context, error) {
	inner, cancel := context.WithCancel(ctx)
	f, err := NewFeedClient(ctx, make(chan int), cancel, map[string]int{}) // against 0 "its release changes `stop` of it"
	if err != nil {
		return nil, err
	}
	return inner, f.Ping()
}

func handsInMap(ctx context.Context) (map[string]int, error) {
	all := map[string]int{"a": 1}
	f, err := NewFeedClient(ctx, make(chan int), func() {}, all) // against 0 "its release changes `cache` of it"
	if err != nil {
		return nil, err
	}
	return all, f.Ping()
}

func handsInState(ctx context.Context, state *feedState) error {
	f, err := NewStateClient(ctx, state, nil) // against 0 "its release changes `state` of it"
	if err != nil {
		return err
	}
	return f.Ping()
}

func handsInItsOwn(ctx context.Context) error {
	all := map[string]int{"a": 1}
	f, err := NewFeedClient(ctx, make(chan int), func() {}, all) // safe
	if err != nil {
		return err
	}
	return f.Ping()
}

func handsInWhatIsRead(ctx context.Context, names []string) error {
	f, err := NewStateClient(ctx, &feedState{}, names) // safe
	if err != nil {
		return err
	}
	return f.Ping()
}
