package proof

import (
	"context"
	"sync"
	"testing"
	"time"

	"example.com/proof/lib/cl"
)

func joined(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // safe
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			c.Use()
		}()
	}
	wg.Wait()
	return nil
}

func joinedByChannel(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // safe
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- c.Use() }()
	return <-done
}

func closedAtEnd(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // safe
	if err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Use()
	}()
	<-done
	return nil
}

func otherGroup(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // against 7 "goroutine"
	if err != nil {
		return err
	}
	var wg, other sync.WaitGroup
	wg.Add(1)
	other.Wait()
	go func() {
		defer wg.Done()
		c.Use()
	}()
	other.Wait()
	return nil
}

func doneBeforeUse(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // against 6 "goroutine"
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		wg.Done()
		c.Use()
	}()
	wg.Wait()
	return nil
}

func readyBeforeUse(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // against 5 "goroutine"
	if err != nil {
		return err
	}
	ready := make(chan struct{})
	go func() {
		close(ready)
		c.Use()
	}()
	<-ready
	return nil
}

func oneAnswerOfTwo(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // against 5 "goroutine"
	if err != nil {
		return err
	}
	done := make(chan error, 2)
	go func() { done <- c.Use() }()
	go func() { done <- c.Use() }()
	return <-done
}

func countedOnceForTwo(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // against 6 "goroutine"
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	wg.Add(1)
	go func() { defer wg.Done(); c.Use() }()
	go func() { defer wg.Done(); c.Use() }()
	wg.Wait()
	return nil
}

func deferredWaitAbove(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	c, err := cl.NewClient(ctx) // against 5 "goroutine"
	if err != nil {
		return err
	}
	wg.Add(1)
	go func() { defer wg.Done(); c.Use() }()
	return nil
}

func deferredWaitBelow(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // safe
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Add(1)
	go func() { defer wg.Done(); c.Use() }()
	return nil
}

func notOnEveryWay(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // fate
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- c.Use() }()
	select {
	case err := <-done:
		return err
	case <-time.After(time.Second):
		return nil
	}
}

// Each round starts one more, and one answer is awaited.
func startedByGoto(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // against 7 "more than one is started"
	if err != nil {
		return err
	}
	done := make(chan error, 3)
	n := 0
again:
	go func() { done <- c.Use() }()
	if n++; n < 3 {
		goto again
	}
	return <-done
}

// A literal that calls itself starts one at each depth.
func startedByName(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // against 7 "more than one is started"
	if err != nil {
		return err
	}
	done := make(chan error, 4)
	var start func(n int)
	start = func(n int) {
		go func() { done <- c.Use() }()
		if n > 0 {
			start(n - 1)
		}
	}
	start(3)
	return <-done
}

// The second one is started behind the wait.
func startedAfterWait(ctx context.Context) error {
	c, err := cl.NewClient(ctx) // fate
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	start := func() {
		wg.Add(1)
		go func() {
			defer wg.Done()
			c.Use()
		}()
	}
	start()
	wg.Wait()
	start()
	return nil
}

// The literal may end before it waits.
func waitedForPerhaps(ctx context.Context, hurry bool) error {
	c, err := cl.NewClient(ctx) // against 12 "a way out does not wait"
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	defer func() {
		if hurry {
			return
		}
		wg.Wait()
	}()
	wg.Add(1)
	go func() {
		defer wg.Done()
		c.Use()
	}()
	return nil
}

// Where the assertion ends the test, the goroutine is told late, and tells a test that is over.
func TestToldLate(t *testing.T) {
	c, err := cl.NewClient(t.Context()) // against 5 "an assertion may end the test before"
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		if c.Use() != nil {
			t.Error("it does not work")
		}
		close(done)
	}()
	if _, err := c.Get("key"); err != nil {
		t.Fatal(err)
	}
	<-done
}

func TestToldInTime(t *testing.T) {
	c, err := cl.NewClient(t.Context()) // safe
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		if c.Use() != nil {
			t.Error("it does not work")
		}
		close(done)
	}()
	<-done
}
