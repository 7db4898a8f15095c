package main

// uses are sinks that keep nothing for longer than they say: uses of all kinds, and goroutines whose end is awaited, or seems to be.
var uses = map[string]sink{
	"use":       func(b *builder, v val) { b.emit("%s", v.used()) },
	"use twice": func(b *builder, v val) { b.emit("%s", v.used()); b.emit("%s", v.used()) },
	"helper that lends": func(b *builder, v val) {
		f := b.top("lend")
		b.decl("func %s(v %s) { %s }", f, v.typ, v.use("v"))
		b.emit("%s(%s)", f, v.expr)
	},
	"library that lends": func(b *builder, v val) {
		only(has(v))
		b.emit("cl.Lend(%s)", v.expr)
	},
	"run at once":   func(b *builder, v val) { b.emit("cl.Now(func() { %s })", v.used()) },
	"called":        func(b *builder, v val) { b.emit("func() { %s }()", v.used()) },
	"printed":       func(b *builder, v val) { b.emit("_ = fmt.Sprint(%s)", v.expr) },
	"deferred call": func(b *builder, v val) { b.emit("defer func() { %s }()", v.used()) },
	"eventually":    func(b *builder, v val) { b.emit("cl.Eventually(func() bool { %s; return true })", v.used()) },
	"subtest": func(b *builder, v val) {
		b.test()
		b.emit("t.Run(\"sub\", func(t *testing.T) { %s })", v.used())
	},

	// Goroutines whose end is awaited.
	"wait group": func(b *builder, v val) {
		b.emit("var wg sync.WaitGroup\nwg.Add(1)\ngo func() {\ndefer wg.Done()\n%s\n}()\nwg.Wait()", v.used())
	},
	"wait group, Go": func(b *builder, v val) { b.emit("var wg sync.WaitGroup\nwg.Go(func() { %s })\nwg.Wait()", v.used()) },
	"wait group, deferred": func(b *builder, v val) {
		b.emit("var wg sync.WaitGroup\ndefer wg.Wait()\nwg.Add(1)\ngo func() {\ndefer wg.Done()\n%s\n}()", v.used())
	},
	"wait group, loop": func(b *builder, v val) {
		b.emit("var wg sync.WaitGroup\nfor range 3 {\nwg.Add(1)\ngo func() {\ndefer wg.Done()\n%s\n}()\n}\nwg.Wait()", v.used())
	},
	"done channel": func(b *builder, v val) {
		b.emit("done := make(chan struct{})\ngo func() {\ndefer close(done)\n%s\n}()\n<-done", v.used())
	},
	"answer": func(b *builder, v val) {
		b.emit("answer := make(chan int, 1)\ngo func() {\n%s\nanswer <- 1\n}()\n<-answer", v.used())
	},
	"two answers": func(b *builder, v val) {
		b.emit("answers := make(chan int, 2)\nfor range 2 {\ngo func() {\n%s\nanswers <- 1\n}()\n}\n<-answers\n<-answers", v.used())
	},
	"group": func(b *builder, v val) {
		b.emit("var g cl.Group\ng.Go(func() error { %s; return nil })\nif err := g.Wait(); err != nil { RET(err) }", v.used())
	},
	"closed by range": func(b *builder, v val) {
		b.emit("out := make(chan int)\ngo func() {\ndefer close(out)\nfor i := range 3 {\n%s\nout <- i\n}\n}()\nfor range out {\n}", v.used())
	},

	// Goroutines whose end is not.
	"nothing awaited": func(b *builder, v val) { b.emit("go func() { %s }()", v.used()) },
	"other wait group": func(b *builder, v val) {
		b.emit("var wg, other sync.WaitGroup\nwg.Add(1)\ngo func() {\ndefer wg.Done()\n%s\n}()\nother.Wait()", v.used())
	},
	"done before the use": func(b *builder, v val) {
		b.emit("var wg sync.WaitGroup\nwg.Add(1)\ngo func() {\nwg.Done()\n%s\n}()\nwg.Wait()", v.used())
	},
	"ready before the use": func(b *builder, v val) {
		b.emit("ready := make(chan struct{})\ngo func() {\nclose(ready)\n%s\n}()\n<-ready", v.used())
	},
	"answer before the use": func(b *builder, v val) {
		b.emit("answer := make(chan int, 1)\ngo func() {\nanswer <- 1\n%s\n}()\n<-answer", v.used())
	},
	"one of two answers": func(b *builder, v val) {
		b.emit("answers := make(chan int, 2)\ngo func() { answers <- 1 }()\ngo func() {\n%s\nanswers <- 1\n}()\n<-answers", v.used())
	},
	"same answer twice": func(b *builder, v val) {
		b.emit("answers := make(chan int, 2)\nfor range 2 {\ngo func() {\n%s\nanswers <- 1\n}()\n}\n<-answers", v.used())
	},
	"one of two joined": func(b *builder, v val) {
		b.emit("var wg sync.WaitGroup\nwg.Add(1)\ngo func() {\ndefer wg.Done()\n%s\n}()\ngo func() { %s }()\nwg.Wait()", v.used(), v.used())
	},
	"counted once for two": func(b *builder, v val) {
		b.emit("var wg sync.WaitGroup\nwg.Add(1)\ngo func() {\ndefer wg.Done()\n}()\ngo func() {\n%s\n}()\nwg.Wait()", v.used())
	},
	"worker that goes on": func(b *builder, v val) {
		b.emit("answers := make(chan int)\ngo func() {\nfor i := range 2 {\n%s\nselect {\ncase answers <- i:\ncase <-ctx.Done():\nreturn\n}\n}\n}()\n<-answers", v.used())
	},
	"worker never stopped": func(b *builder, v val) {
		b.emit("jobs := make(chan int, 3)\ngo func() {\nfor range jobs {\n%s\n}\n}()\njobs <- 1\njobs <- 2\nclose(jobs)", v.used())
	},
	"answer or cancelled": func(b *builder, v val) {
		b.emit("answer := make(chan int, 1)\ngo func() {\n%s\nanswer <- 1\n}()\nselect {\ncase <-answer:\ncase <-ctx.Done():\ndefault:\n}", v.used())
	},
	"waited for on one way": func(b *builder, v val) {
		b.emit("var wg sync.WaitGroup\nwg.Go(func() { %s })\nif n == 1 { RET(nil) }\nwg.Wait()", v.used())
	},
	"awaited above": func(b *builder, v val) {
		wg := b.name("wg")
		b.first("var %s sync.WaitGroup\ndefer %s.Wait()", wg, wg)
		b.emit("%s.Go(func() { %s })", wg, v.used())
	},
	"received above": func(b *builder, v val) {
		done := b.name("done")
		b.first("%s := make(chan struct{}, 8)\ndefer func() {\nselect {\ncase <-%s:\ncase <-ctx.Done():\ndefault:\n}\n}()", done, done)
		b.emit("go func() {\n%s\n%s <- struct{}{}\n}()", v.used(), done)
	},
	"group above": func(b *builder, v val) {
		g := b.name("g")
		b.first("var %s cl.Group\ndefer %s.Wait()", g, g)
		b.emit("%s.Go(func() error { %s; return nil })", g, v.used())
	},
	"goroutine in goroutine": func(b *builder, v val) {
		b.emit("done := make(chan struct{})\ngo func() {\ndefer close(done)\ngo func() { %s }()\n}()\n<-done", v.used())
	},

	// What is sent later.
	"publish, dropped": func(b *builder, v val) { bus(v); b.emit("%s.Publish(ctx, \"m\")", v.expr) },
	"publish, blank":   func(b *builder, v val) { bus(v); b.emit("_ = %s.Publish(ctx, \"m\")", v.expr) },
	"publisher, dropped": func(b *builder, v val) {
		bus(v)
		b.emit("%s.Publisher(\"orders\").Publish(ctx, \"m\")", v.expr)
	},
	"publisher, variable": func(b *builder, v val) {
		bus(v)
		b.emit("p := %s.Publisher(\"orders\")\nr := p.Publish(ctx, \"m\")\n_ = r", v.expr)
	},
	"publish, awaited": func(b *builder, v val) {
		bus(v)
		b.emit("if _, err := %s.Publish(ctx, \"m\").Get(ctx); err != nil { RET(err) }", v.expr)
	},
	"publish, awaited later": func(b *builder, v val) {
		bus(v)
		b.emit("r := %s.Publish(ctx, \"m\")\nif _, err := r.Get(ctx); err != nil { RET(err) }", v.expr)
	},
	"publish, awaited on one way": func(b *builder, v val) {
		bus(v)
		b.emit("r := %s.Publish(ctx, \"m\")\nif n == 1 {\nr.Get(ctx)\n}", v.expr)
	},
	"publish, flushed": func(b *builder, v val) { bus(v); b.emit("%s.Publish(ctx, \"m\")\n%s.Flush()", v.expr, v.expr) },
	"publisher, stopped": func(b *builder, v val) {
		bus(v)
		b.emit("p := %s.Publisher(\"orders\")\ndefer p.Stop()\np.Publish(ctx, \"m\")", v.expr)
	},
	"publish in helper": func(b *builder, v val) {
		bus(v)
		f := b.top("announce")
		b.decl("func %s(ctx context.Context, p *cl.Publisher) { p.Publish(ctx, \"m\") }", f)
		b.emit("%s(ctx, %s.Publisher(\"orders\"))", f, v.expr)
	},
}

func bus(v val) { only(v.typ == "*cl.Bus") }
