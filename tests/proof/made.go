package proof

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strconv"

	"example.com/proof/lib/cl"
)

var health = map[string]func() error{}

// Others call what uses it.
func NewWatchedClient(ctx context.Context) (*cl.Client, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	health["c"] = func() error { return c.Use() }
	return c, nil
}

func watched(ctx context.Context) error {
	c, err := NewWatchedClient(ctx) // against -5 "hands on a function that uses it"
	if err != nil {
		return err
	}
	return c.Use()
}

func each(names []string, do func(string) error) error {
	for _, name := range names {
		if err := do(name); err != nil {
			return err
		}
	}
	return nil
}

// What is called before the maker returns is over by then.
func NewFilledClient(ctx context.Context, names []string) (*cl.Client, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	if err := each(names, func(name string) error { return c.Use() }); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func filled(ctx context.Context, names []string) error {
	c, err := NewFilledClient(ctx, names) // safe
	if err != nil {
		return err
	}
	return c.Use()
}

var shared *cl.Client

// The function that is handed in ends what the package has.
func endsShared(ctx context.Context) error {
	c, err := cl.NewHookClient(ctx, func() { shared.Close() }) // against 0 "a function that is handed in uses `shared`"
	if err != nil {
		return err
	}
	return c.Use()
}

func endShared() { shared.Close() }

func endsSharedByName(ctx context.Context) error {
	c, err := cl.NewHookClient(ctx, endShared) // against -3 "a function that is handed in uses `shared`"
	if err != nil {
		return err
	}
	return c.Use()
}

func says(ctx context.Context) error {
	c, err := cl.NewHookClient(ctx, func() { log.Print("closed") }) // safe
	if err != nil {
		return err
	}
	return c.Use()
}

var errOld = errors.New("old")

// The error is made none, and there is nothing.
func NewTolerantClient(ctx context.Context) (*cl.Client, error) {
	c, err := cl.NewClient(ctx)
	if errors.Is(err, errOld) {
		err = nil
	}
	return c, err
}

func tolerant(ctx context.Context) error {
	c, err := NewTolerantClient(ctx) // against -4 "may be nil here"
	if err != nil {
		return err
	}
	return c.Use()
}

type overClient struct{ base *cl.Client }

func (o *overClient) Close() error { return o.base.Close() }

// What its release goes on to is the package's.
func NewOverClient() *overClient {
	o := &overClient{}
	o.base = shared
	return o
}

func over() error {
	o := NewOverClient() // against -5 "its release goes on to something else"
	return o.base.Use()
}

// Both stay nil where it is not wanted.
func NewOptionalClient(ctx context.Context, on bool) (c *cl.Client, err error) {
	if on {
		c, err = cl.NewClient(ctx)
	}
	return
}

func optional(ctx context.Context, on bool) error {
	c, err := NewOptionalClient(ctx, on) // against -4 "may give nil here"
	if err != nil {
		return err
	}
	return c.Use()
}

func NewKindClient(ctx context.Context, kind string) (*cl.Client, error) {
	var c *cl.Client
	var err error
	switch kind {
	case "a":
		c, err = cl.NewClient(ctx)
	}
	return c, err
}

func kinds(ctx context.Context, kind string) error {
	c, err := NewKindClient(ctx, kind) // against -4 "may be nil here"
	if err != nil {
		return err
	}
	return c.Use()
}

func NewRetriedClient(ctx context.Context) (c *cl.Client, err error) {
	c, err = cl.NewClient(ctx)
	if err != nil {
		c, err = cl.NewClient(ctx)
	}
	return
}

func retried(ctx context.Context) error {
	c, err := NewRetriedClient(ctx) // safe
	if err != nil {
		return err
	}
	return c.Use()
}

// A bare return before the error is asked for gives what is in the results: nothing.
func NewSometimesClient(ctx context.Context, n int) (c *cl.Client, err error) {
	if n > 3 {
		return
	}
	c, err = cl.NewClient(ctx)
	return
}

func sometimes(ctx context.Context) error {
	c, err := NewSometimesClient(ctx, 1) // against -7 "may give nil here"
	if err != nil {
		return err
	}
	return c.Use()
}

func NewUnwantedClient(ctx context.Context) (c *cl.Client, err error) {
	wanted, err := strconv.ParseBool(os.Getenv("WANTED"))
	if err != nil {
		return
	}
	if !wanted {
		return
	}
	return cl.NewClient(ctx)
}

func unwanted(ctx context.Context) error {
	c, err := NewUnwantedClient(ctx) // against -6 "may give nil here"
	if err != nil {
		return err
	}
	return c.Use()
}

// The error that is returned is another one, which is none.
func NewMixedClient(ctx context.Context) (*cl.Client, error) {
	var err error
	c, failed := cl.NewClient(ctx)
	if failed != nil {
		return nil, err
	}
	return c, nil
}

func mixed(ctx context.Context) error {
	c, err := NewMixedClient(ctx) // against -6 "may give nil here"
	if err != nil {
		return err
	}
	return c.Use()
}

// As happens: the second half of the condition has no error.
func NewEitherClient(ctx context.Context, n int) (*cl.Client, error) {
	c, err := cl.NewClient(ctx)
	if err != nil || n > 3 {
		return nil, err
	}
	return c, nil
}

func eitherOf(ctx context.Context) error {
	c, err := NewEitherClient(ctx, 2) // against -6 "may give nil here"
	if err != nil {
		return err
	}
	return c.Use()
}

func unlessGone(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func NewLenientClient(ctx context.Context) (*cl.Client, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, unlessGone(err)
	}
	return c, nil
}

func lenient(ctx context.Context) error {
	c, err := NewLenientClient(ctx) // against -6 "may give nil here"
	if err != nil {
		return err
	}
	return c.Use()
}

func described(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("described: %w", err)
}

func NewDescribedClient(ctx context.Context) (*cl.Client, error) {
	c, err := cl.NewClient(ctx)
	if err != nil {
		return nil, described(err)
	}
	return c, nil
}

func wellDescribed(ctx context.Context) error {
	c, err := NewDescribedClient(ctx) // safe
	if err != nil {
		return err
	}
	return c.Use()
}

// What is deferred makes the error none.
func NewForgetfulClient(ctx context.Context) (c *cl.Client, err error) {
	defer func() {
		if errors.Is(err, os.ErrNotExist) {
			err = nil
		}
	}()
	c, err = cl.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func forgetful(ctx context.Context) error {
	c, err := NewForgetfulClient(ctx) // against -11 "made none here"
	if err != nil {
		return err
	}
	return c.Use()
}

func NewRecoveredClient(ctx context.Context) (*cl.Client, error) {
	defer func() {
		if r := recover(); r != nil {
			println(r)
		}
	}()
	return cl.NewClient(ctx)
}

func recovered(ctx context.Context) error {
	c, err := NewRecoveredClient(ctx) // against -9 "after a panic"
	if err != nil {
		return err
	}
	return c.Use()
}

func NewInsistedClient(ctx context.Context) (c *cl.Client, err error) {
	for {
		c, err = cl.NewClient(ctx)
		if err == nil {
			break
		}
		if !errors.Is(err, os.ErrNotExist) {
			return
		}
	}
	return c, nil
}

func insisted(ctx context.Context) error {
	c, err := NewInsistedClient(ctx) // safe
	if err != nil {
		return err
	}
	return c.Use()
}

// No attempt, no client and no error.
func NewAttemptedClient(ctx context.Context, attempts int) (*cl.Client, error) {
	var last error
	for range attempts {
		c, err := cl.NewClient(ctx)
		if err == nil {
			return c, nil
		}
		last = err
	}
	return nil, last
}

func attempted(ctx context.Context) error {
	c, err := NewAttemptedClient(ctx, 3) // against -4 "may give nil here"
	if err != nil {
		return err
	}
	return c.Use()
}

func NewChosenClient(ctx context.Context, kind string) (*cl.Client, error) {
	switch {
	case kind == "plain":
		c, err := cl.NewClient(ctx)
		if err != nil {
			return nil, fmt.Errorf("plain: %w", err)
		}
		return c, nil
	case kind == "":
		return nil, errors.New("no kind")
	default:
		return nil, described(os.ErrInvalid)
	}
}

func chosen(ctx context.Context) error {
	c, err := NewChosenClient(ctx, "plain") // safe
	if err != nil {
		return err
	}
	return c.Use()
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func note(err error) {
	if err != nil {
		log.Print(err)
	}
}

func NewCheckedClient(ctx context.Context) *cl.Client {
	c, err := cl.NewClient(ctx)
	check(err)
	return c
}

func NewNotedClient(ctx context.Context) *cl.Client {
	c, err := cl.NewClient(ctx)
	note(err)
	return c
}

func checkedAndNoted(ctx context.Context) {
	c := NewCheckedClient(ctx) // safe
	println(c.Use())
	d := NewNotedClient(ctx) // against -6 "may be nil here"
	println(d.Use())
}
