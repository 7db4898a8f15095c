package proof

import (
	"context"
	"io"
	"log"

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

func putsNothing(ctx context.Context) error {
	b, err := NewBundleClient(ctx) // safe
	if err != nil {
		return err
	}
	b.Put(nil)
	return b.Use()
}
