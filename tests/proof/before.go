// Package proof has a function for each way in which a proof holds or does not: behind the call that acquires
// stands `safe`, or `against N "…"` with how many lines further down the first place stands that is against
// it, and what it says.
package proof

import (
	"container/list"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"sync"

	"example.com/proof/lib/cl"
)

type server struct{ c *cl.Client }

func (s *server) ping() error { return s.c.Use() }

var servers []*server

func aliasMadeBefore(ctx context.Context) (*server, error) {
	a := &server{}
	b := a
	c, err := cl.NewClient(ctx) // fate
	if err != nil {
		return nil, err
	}
	a.c = c
	return b, nil
}

func publishedBefore(ctx context.Context) error {
	s := &server{}
	servers = append(servers, s)
	c, err := cl.NewClient(ctx) // stored
	if err != nil {
		return err
	}
	s.c = c
	return nil
}

func kept(ctx context.Context) error {
	s := &server{}
	c, err := cl.NewClient(ctx) // safe
	if err != nil {
		return err
	}
	s.c = c
	return s.ping()
}

func closureBefore(ctx context.Context, run func(func() error)) error {
	var c *cl.Client
	run(func() error { return c.Use() })
	var err error
	c, err = cl.NewClient(ctx) // against -2 "function value"
	if err != nil {
		return err
	}
	return c.Use()
}

func release(c **cl.Client) { (*c).Close() }

func addressTaken(ctx context.Context) error {
	var c *cl.Client
	defer release(&c)
	var err error
	c, err = cl.NewClient(ctx) // against -2 "address"
	if err != nil {
		return err
	}
	return c.Use()
}

func deferredBefore(ctx context.Context) error {
	s := &server{}
	defer s.ping()
	c, err := cl.NewClient(ctx) // against -1 "deferred above"
	if err != nil {
		return err
	}
	s.c = c
	return nil
}

func inList(ctx context.Context, l *list.List) error {
	c, err := cl.NewClient(ctx) // stored
	if err != nil {
		return err
	}
	l.PushBack(c)
	return nil
}

func inMap(ctx context.Context, m map[string]*cl.Client) error {
	c, err := cl.NewClient(ctx) // stored
	if err != nil {
		return err
	}
	maps.Copy(m, map[string]*cl.Client{"a": c})
	return nil
}

func inSpareRoom(ctx context.Context, all []*cl.Client) error {
	c, err := cl.NewClient(ctx) // stored
	if err != nil {
		return err
	}
	_ = append(all, c)
	return nil
}

type registry struct{ c *cl.Client }

func promoted(ctx context.Context, r *registry) error {
	view := struct{ *registry }{r}
	c, err := cl.NewClient(ctx) // against 4 "view"
	if err != nil {
		return err
	}
	view.c = c
	return nil
}

type writer struct{ c *cl.Client }

func (w *writer) Write(p []byte) (int, error) { return len(p), w.c.Use() }

func encoder(ctx context.Context) (*json.Encoder, error) {
	c, err := cl.NewClient(ctx) // fate
	if err != nil {
		return nil, err
	}
	return json.NewEncoder(&writer{c}), nil
}

func encodedHere(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // safe
	if err != nil {
		return err
	}
	w := &writer{c}
	fmt.Fprintln(w, "hello")
	return c.Use()
}

var global any

func kind4(ctx context.Context) (io.Writer, error) {
	c, err := cl.NewClient(ctx) // fate
	if err != nil {
		return nil, err
	}
	return &writer{c}, nil
}

func onceGlobal(ctx context.Context) error {
	var once sync.Once
	c, err := cl.NewClient(ctx) // fate
	if err != nil {
		return err
	}
	once.Do(func() { global = &writer{c} })
	return nil
}

func start(get func() (string, error)) { go get() }

func methodValue(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // fate
	if err != nil {
		return err
	}
	f := func() (string, error) { return c.Get("a") }
	start(f)
	return nil
}

func stream(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // safe
	if err != nil {
		return err
	}
	s := c.Stream()
	for {
		text, err := s.Next()
		if err != nil {
			return err
		}
		fmt.Println(text)
	}
}

func wrapped(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // safe
	if err != nil {
		return err
	}
	if err := c.Use(); err != nil {
		return fmt.Errorf("use: %w", errors.Join(err, io.EOF))
	}
	return nil
}

type crate struct{ first *[1]*cl.Client }

var shelf sync.Map

// Who has the crate has what is put into it later.
func loadedOrStoredBefore(ctx context.Context) error {
	all := new([1]*cl.Client)
	shelf.LoadOrStore("k", &crate{first: all})
	c, err := cl.NewClient(ctx) // against -1 "stored by `LoadOrStore`"
	if err != nil {
		return err
	}
	all[0] = c
	return nil
}

// What stands in a file that uses unsafe pointers may keep anything by a number.
func keptByANumber(ctx context.Context) error {
	all := new([1]*cl.Client)
	cl.Note(&crate{first: all})
	c, err := cl.NewClient(ctx) // against -1 "uses unsafe pointers"
	if err != nil {
		return err
	}
	all[0] = c
	return nil
}

type counter interface{ count() error }

type counting struct{ c *cl.Client }

func (k *counting) count() error { return k.c.Use() }

func run(k counter) error { return k.count() }

func behindAnInterface(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // safe
	if err != nil {
		return err
	}
	return run(&counting{c})
}

func stopsSomethingElse(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // safe
	if err != nil {
		return err
	}
	return c.Stop(ctx, &cl.StopRequest{Name: "a"})
}
