package proof

import (
	"context"
	"fmt"
	"sync"

	"example.com/proof/lib/cl"
)

func dropped(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // against 4 "nobody waits"
	if err != nil {
		return err
	}
	c.Publish("m")
	return nil
}

func droppedBeforeDone(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // against 4 "nobody waits"
	if err != nil {
		return err
	}
	c.Begin("m")
	return nil
}

func done(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // safe
	if err != nil {
		return err
	}
	p := c.Begin("m")
	<-p.Done()
	return nil
}

func awaitedThreeCallsDown(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // safe
	if err != nil {
		return err
	}
	return thrice(ctx, c.Publish("m"))
}

// A limit: so far down nobody looks.
func awaitedFourCallsDown(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // against 4 "not every way"
	if err != nil {
		return err
	}
	return fourTimes(ctx, c.Publish("m"))
}

func fourTimes(ctx context.Context, r *cl.Result) error { return thrice(ctx, r) }

func thrice(ctx context.Context, r *cl.Result) error { return twice(ctx, r) }

func twice(ctx context.Context, r *cl.Result) error { return once(ctx, r) }

func once(ctx context.Context, r *cl.Result) error {
	_, err := r.Get(ctx)
	return err
}

func awaitedAtOnce(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // safe
	if err != nil {
		return err
	}
	_, err = c.Topic("t").Publish("m").Get(ctx)
	return err
}

func awaitedLater(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // safe
	if err != nil {
		return err
	}
	r, err := c.Topic("t").Start("m")
	if err != nil {
		return err
	}
	fmt.Println("sent")
	_, err = r.Get(ctx)
	return err
}

func awaitedOnOneWay(ctx context.Context, n int) error {
	c, err := cl.NewClient(ctx) // against 4 "not every way"
	if err != nil {
		return err
	}
	r := c.Publish("m")
	if n == 1 {
		_, err = r.Get(ctx)
	}
	return err
}

func onlyTheLastAwaited(ctx context.Context, ms []string) error {
	c, err := cl.NewClient(ctx) // against 6 "not every way"
	if err != nil {
		return err
	}
	var last *cl.Result
	for _, m := range ms {
		last = c.Publish(m)
	}
	_, err = last.Get(ctx)
	return err
}

func eachAwaited(ctx context.Context, ms []string) error {
	c, err := cl.NewClient(ctx) // safe
	if err != nil {
		return err
	}
	var all []*cl.Result
	for _, m := range ms {
		r := c.Publish(m)
		all = append(all, r)
	}
	failed := 0
	for _, r := range all {
		if _, err := r.Get(ctx); err != nil {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d failed", failed)
	}
	return nil
}

// Those behind the first that fails are not waited for.
func eachAwaitedToTheFirstError(ctx context.Context, ms []string) error {
	c, err := cl.NewClient(ctx) // against 6 "not every way"
	if err != nil {
		return err
	}
	var all []*cl.Result
	for _, m := range ms {
		r := c.Publish(m)
		all = append(all, r)
	}
	for _, r := range all {
		if _, err := r.Get(ctx); err != nil {
			return err
		}
	}
	return nil
}

func eachKept(ctx context.Context, ms []string) (int, error) {
	c, err := cl.NewClient(ctx) // against 6 "not every way"
	if err != nil {
		return 0, err
	}
	var all []*cl.Result
	for _, m := range ms {
		all = append(all, c.Publish(m))
	}
	return len(all), nil
}

func futureReturned(ctx context.Context) (*cl.Result, error) {
	c, err := cl.NewClient(ctx) // fate
	if err != nil {
		return nil, err
	}
	return c.Publish("m"), nil
}

// Which goroutines are over after the wait is not known.
func awaitedByGoroutines(ctx context.Context, ms []string) error {
	c, err := cl.NewClient(ctx) // against 6 "not every way"
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	for _, m := range ms {
		r := c.Publish(m)
		wg.Add(1)
		go func(r *cl.Result) {
			defer wg.Done()
			if _, err := r.Get(ctx); err != nil {
				fmt.Println(err)
			}
		}(r)
	}
	wg.Wait()
	return nil
}

func awaitedByNobodysGoroutine(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // against 4 "not every way"
	if err != nil {
		return err
	}
	r := c.Publish("m")
	go func() { r.Get(ctx) }()
	return nil
}

// What is waited for is not the goroutine that waits.
func awaitedByAnotherGoroutine(ctx context.Context, done chan bool) error {
	c, err := cl.NewClient(ctx) // against 4 "not every way"
	if err != nil {
		return err
	}
	r := c.Publish("m")
	go func() { r.Get(ctx) }()
	<-done
	return nil
}

func wait(ctx context.Context, r *cl.Result) error {
	_, err := r.Get(ctx)
	return err
}

func awaitedByCallee(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // safe
	if err != nil {
		return err
	}
	return wait(ctx, c.Publish("m"))
}

func awaitedByCalleeLater(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // safe
	if err != nil {
		return err
	}
	r := c.Publish("m")
	return wait(ctx, r)
}

func announce(t *cl.Topic) { t.Publish("m") }

func droppedByCallee(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // against 4 "announce"
	if err != nil {
		return err
	}
	announce(c.Topic("t"))
	return nil
}

func flushed(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // safe
	if err != nil {
		return err
	}
	t := c.Topic("t")
	defer t.Stop()
	t.Publish("m")
	return nil
}

func flushedOnOneWay(ctx context.Context, n int) error {
	c, err := cl.NewClient(ctx) // against 5 "nobody waits"
	if err != nil {
		return err
	}
	t := c.Topic("t")
	t.Publish("m")
	if n == 1 {
		t.Stop()
	}
	return nil
}

// What only names something can be had as well as a future, and is none.
func named(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // safe
	if err != nil {
		return err
	}
	return c.Doc("a").Set(ctx, "x")
}

// The client's end of a stream, as it is generated for gRPC.
type pushStream interface {
	Send(m string) error
	CloseSend() error
	CloseAndRecv() (string, error)
}

type stub struct{ c *cl.Client }

type clientStream struct{ c *cl.Client }

func (s stub) Push(ctx context.Context) (pushStream, error) { return &clientStream{s.c}, ctx.Err() }

func (s *clientStream) Send(m string) error           { return s.c.Use() }
func (s *clientStream) CloseSend() error              { return s.c.Use() }
func (s *clientStream) CloseAndRecv() (string, error) { return "", s.c.Use() }

func sendsOnly(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // against 8 "what `Send` hands in may still be queued"
	if err != nil {
		return err
	}
	s, err := stub{c}.Push(ctx)
	if err != nil {
		return err
	}
	return s.Send("a")
}

func sendsAndAsks(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // safe
	if err != nil {
		return err
	}
	s, err := stub{c}.Push(ctx)
	if err != nil {
		return err
	}
	if err := s.Send("a"); err != nil {
		return err
	}
	_, err = s.CloseAndRecv()
	return err
}
