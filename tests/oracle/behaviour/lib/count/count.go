// Package count keeps book of what the clients of package cl are put through. It knows them by number only, so that no line of
// theirs hands a client to anybody: what reads that source must see constructors that keep nothing.
package count

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Counts is what came of one function: the first two are how it left its clients, the others are faults.
type Counts struct {
	Opened, Leaked                                    int
	UsedClosed, ClosedTwice, Nil, Lost, Panics, Stuck int
}

type object struct {
	owner            *Counts
	inside           bool // opened while the function ran, and not by the one that calls it
	closed, touched  bool // touched: used or closed after the function had returned
	pending, refused int
}

// The moments of one call.
const (
	around = iota // before the function is called
	inside
	after
)

var (
	mu      sync.Mutex
	objects []*object
	now     *Counts
	moment  int
	failing bool
	body    string // the goroutine that the function runs in
)

// Failing says whether the constructors that can fail do.
func Failing() bool { return failing }

// Open returns the number of a new client.
func Open() int {
	mu.Lock()
	defer mu.Unlock()
	objects = append(objects, &object{owner: now, inside: moment == inside})
	return len(objects) - 1
}

// Use is a use of client id. Every goroutine but the function's own lets all others go first: what is not awaited comes too late.
func Use(id int) {
	if goroutine() != body {
		for range 30 {
			runtime.Gosched()
		}
	}
	mu.Lock()
	defer mu.Unlock()
	o := objects[id]
	if o.closed {
		o.owner.UsedClosed++
	}
	o.touched = o.touched || moment == after
}

// Close closes client id; what is pending then is lost.
func Close(id int) {
	mu.Lock()
	defer mu.Unlock()
	o := objects[id]
	if o.closed {
		o.owner.ClosedTwice++
	}
	o.owner.Lost += o.pending
	o.pending = 0
	o.closed = true
	o.touched = o.touched || moment == after
}

// Publish adds to what client id has yet to send, Flush sends it.
func Publish(id int) {
	Use(id)
	mu.Lock()
	defer mu.Unlock()
	objects[id].pending++
}

// Flush sends what client id has not sent yet.
func Flush(id int) {
	mu.Lock()
	defer mu.Unlock()
	objects[id].pending = 0
}

// Nil is a call of a method of no client at all.
func Nil() {
	mu.Lock()
	defer mu.Unlock()
	now.Nil++
}

func goroutine() string {
	var text [40]byte
	head, _, _ := strings.Cut(string(text[:runtime.Stack(text[:], false)]), "[")
	return head
}

// Try runs f and counts its panic.
func Try(f func()) {
	defer func() {
		if recover() != nil {
			mu.Lock()
			defer mu.Unlock()
			now.Panics++
		}
	}()
	f()
}

// After runs what the caller does afterwards. What waits for something that nobody sent is left alone.
func After(f func()) {
	done := false
	go func() {
		Try(f)
		done = true
	}()
	for i := 0; i < 400 && !done; i++ {
		runtime.Gosched()
	}
}

// Call is one call of a function and what its caller does with what it got.
type Call struct {
	Ctx    context.Context
	Late   chan struct{} // closed after the function has returned
	N      int           // which way the function goes; with the last the constructors fail
	cancel context.CancelFunc
}

// Ways is how often each function is called.
const Ways = 4

// In runs the function itself.
func (c *Call) In(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		body, moment = goroutine(), inside
		Try(f)
		moment, body = after, ""
	}()
	select {
	case <-done:
	case <-time.After(500 * time.Millisecond):
		mu.Lock()
		now.Stuck++
		moment, body = after, ""
		mu.Unlock()
	}
}

// runner is the test that runs everything.
var runner *testing.T

// Test runs a function that is a test.
func (c *Call) Test(f func(*testing.T)) {
	c.In(func() {
		runner.Run("f", func(t *testing.T) {
			body = goroutine()
			f(t)
		})
	})
}

func settle() {
	for range 400 {
		runtime.Gosched()
	}
}

// Run calls a function all ways and writes what came of it as one line.
func Run(out io.Writer, name string, f func(*Call)) {
	fmt.Fprintf(out, "run %s\n", name)
	now = &Counts{}
	from := len(objects)
	for n := range Ways {
		ctx, cancel := context.WithCancel(context.Background())
		c := &Call{Ctx: ctx, Late: make(chan struct{}), N: n, cancel: cancel}
		moment, failing = around, n == Ways-1
		f(c)
		moment, failing = after, false
		close(c.Late)
		settle()
		cancel()
		settle()
	}
	mu.Lock()
	defer mu.Unlock()
	for _, o := range objects[from:] {
		if o.inside {
			o.owner.Opened++
			if !o.closed && !o.touched {
				o.owner.Leaked++
			}
		}
	}
	r := now
	fmt.Fprintf(out, "end %s %d %d %d %d %d %d %d %d\n", name, r.Opened, r.Leaked, r.UsedClosed, r.ClosedTwice, r.Nil, r.Lost, r.Panics, r.Stuck)
}

var calls = map[string]func(*Call){}

// Register makes a function known to Main.
func Register(name string, f func(*Call)) { calls[name] = f }

// Main runs all functions whose names come after FROM, in the order of their names, within a test. There is one thread, so that
// goroutines take turns and each run goes the same way.
func Main(t *testing.T) {
	runtime.GOMAXPROCS(1)
	out := os.Stdout
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		os.Stdout = null
	}
	runner = t
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		if name > os.Getenv("FROM") {
			Run(out, name, calls[name])
		}
	}
	os.Exit(0)
}
