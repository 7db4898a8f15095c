package main

// A release is how the function gives the client back, in three places: above the acquisition, right below it, and at the end.
type release struct{ above, below, end func(b *builder, c val) }

func below(text string) release {
	return release{below: func(b *builder, c val) { only(c.close != nil); b.emit("%s", text) }}
}

func end(text string) release {
	return release{end: func(b *builder, c val) { only(c.close != nil); b.emit("%s", text) }}
}

func above(first, later string) release {
	return release{
		above: func(b *builder, c val) { only(c.close != nil); b.emit("%s", first) },
		below: func(b *builder, c val) { b.emit("%s", later) },
	}
}

func (r release) needs(kind string) release {
	return release{
		above: r.above,
		below: r.below,
		end: func(b *builder, c val) {
			only(b.made.kind == kind && b.plan.Acquire != "interface" && b.plan.Acquire != "closer")
			r.end(b, c)
		},
	}
}

var releases = map[string]release{
	"":                  {},
	"defer":             below("defer c.Close()"),
	"defer literal":     below("defer func() { _ = c.Close() }()"),
	"defer value":       below("done := c.Close\ndefer done()"),
	"defer interface":   below("var closer io.Closer = c\ndefer closer.Close()"),
	"defer embedded":    below("defer struct{ io.Closer }{c}.Close()"),
	"defer any":         below("var a any = c\ndefer func() {\nif x, ok := a.(io.Closer); ok {\nx.Close()\n}\n}()"),
	"defer reflect":     below("defer reflect.ValueOf(c).MethodByName(\"Close\").Call(nil)"),
	"defer if":          below("owned := n < 3\nif owned {\ndefer c.Close()\n}"),
	"defer if failed":   below("var failed error\ndefer func() {\nif failed != nil {\nc.Close()\n}\n}()\nif n == 1 {\nfailed = io.EOF\nRET(failed)\n}"),
	"defer join":        below("var failed error\ndefer func() { failed = errors.Join(failed, c.Close()) }()"),
	"after context":     below("context.AfterFunc(ctx, func() { c.Close() })"),
	"once":              below("closing := sync.OnceValue(c.Close)\ndefer closing()"),
	"stack":             above("var st cl.Stack\ndefer st.Unwind()", "st.Push(c.Close)"),
	"stack, pointer":    above("st := &cl.Stack{}\ndefer st.Unwind()", "st.Push(func() error { return c.Close() })"),
	"stack, own slice":  above("var fns []func() error\ndefer func() {\nfor _, f := range fns {\nf()\n}\n}()", "fns = append(fns, c.Close)"),
	"cleanup variable":  above("cleanup := func() {}\ndefer func() { cleanup() }()", "cleanup = func() { c.Close() }"),
	"goroutine, joined": end("closed := make(chan error)\ngo func() { closed <- c.Close() }()\n<-closed"),
	"goroutine, late": {end: func(b *builder, c val) {
		only(c.close != nil)
		b.emit("go func() {\n<-%s\nc.Close()\n}()", b.late())
	}},
	"closer above": {above: func(b *builder, c val) {
		only(b.plan.Acquire == "variable" && c.close != nil)
		b.emit("defer func() {\nif c != nil {\nc.Close()\n}\n}()")
	}},
	"pointer above": {above: func(b *builder, c val) {
		only(b.plan.Acquire == "variable" && c.close != nil)
		f := b.top("release")
		b.decl("func %s(p *%s) {\nif *p != nil {\n(*p).Close()\n}\n}", f, c.typ)
		b.emit("defer %s(&c)", f)
	}},
	"holder above": {
		above: func(b *builder, c val) {
			only(c.close != nil)
			box := b.box("C", c.typ)
			b.decl("func (b *%s) Close() error {\nif b.C == nil {\nreturn nil\n}\nreturn b.C.Close()\n}", box)
			b.emit("s := &%s{}\ndefer s.Close()", box)
		},
		below: func(b *builder, c val) { b.emit("s.C = c") },
	},
	"list above": {
		above: func(b *builder, c val) {
			only(c.close != nil)
			box := b.top("Closers")
			b.decl("type %s struct{ fns []func() error }", box)
			b.decl("func (s *%s) add(f func() error) { s.fns = append(s.fns, f) }", box)
			b.decl("func (s *%s) close() {\nfor _, f := range s.fns {\nf()\n}\n}", box)
			b.emit("cs := &%s{}\ndefer cs.close()", box)
		},
		below: func(b *builder, c val) { b.emit("cs.add(c.Close)") },
	},
	"helper": {below: func(b *builder, c val) {
		only(c.close != nil)
		f := b.top("closeAll")
		b.decl("func %s(cs ...io.Closer) {\nfor _, c := range cs {\nc.Close()\n}\n}", f)
		b.emit("defer %s(c)", f)
	}},
	"helper, generic": {below: func(b *builder, c val) {
		only(c.close != nil)
		f := b.top("closeIt")
		b.decl("func %s[T interface{ Close() error }](c T) { c.Close() }", f)
		b.emit("defer %s(c)", f)
	}},
	"function that closes": {below: func(b *builder, c val) {
		only(c.close != nil)
		f := b.top("closing")
		b.decl("func %s(c io.Closer) func() { return func() { c.Close() } }", f)
		b.emit("defer %s(c)()", f)
	}},
	"clean-up of a holder": {
		above: func(b *builder, c val) {
			b.test()
			only(c.close != nil)
			box := b.box("C", c.typ)
			b.decl("func (b *%s) Close() {\nif b.C != nil {\nb.C.Close()\n}\n}", box)
			b.emit("s := &%s{}\nt.Cleanup(func() { s.Close() })", box)
		},
		below: func(b *builder, c val) { b.emit("s.C = c") },
	},
	"holder above, value": {
		above: func(b *builder, c val) {
			only(c.close != nil)
			box := b.box("C", c.typ)
			b.decl("func (b *%s) Close() {\nif b.C != nil {\nb.C.Close()\n}\n}", box)
			b.emit("var s %s\ndefer s.Close()", box)
		},
		below: func(b *builder, c val) { b.emit("s.C = c") },
	},
	"embedding": {below: func(b *builder, c val) {
		only(c.typ == "*cl.Client")
		box := b.top("Emb")
		b.decl("type %s struct{ *cl.Client }", box)
		b.emit("w := %s{c}\ndefer w.Close()", box)
	}},
	"returned function": {end: func(b *builder, c val) {
		only(c.close != nil && !b.plan.Test)
		r := b.result("func() error")
		b.emit("%s = c.Close", r)
		b.then("if %s != nil { %s() }", r, r)
	}},
	"returned literal": {end: func(b *builder, c val) {
		only(c.close != nil && !b.plan.Test)
		r := b.result("func()")
		b.emit("%s = func() { c.Close() }", r)
		b.then("if %s != nil { %s() }", r, r)
	}},
	"hook parameter": {end: func(b *builder, c val) {
		only(c.close != nil)
		p := b.param("cleanup", "func(func())", "func(f func()) { defer f() }")
		b.emit("%s(func() { c.Close() })", p)
	}},
	"clean-up": {below: func(b *builder, c val) {
		b.test()
		only(c.close != nil)
		b.emit("t.Cleanup(func() { c.Close() })")
	}},
	"clean-up above": {above: func(b *builder, c val) {
		b.test()
		only(b.plan.Acquire == "variable" && c.close != nil)
		b.emit("t.Cleanup(func() {\nif c != nil {\nc.Close()\n}\n})")
	}},
	"end":             end("c.Close()"),
	"end, checked":    end("if err := c.Close(); err != nil {\nRET(err)\n}"),
	"end, some ways":  end("if n == 1 {\nRET(nil)\n}\nc.Close()"),
	"end, one way":    end("if n == 1 {\nc.Close()\nRET(nil)\n}"),
	"both ways":       end("if n == 1 {\nc.Close()\n} else {\nc.Close()\n}"),
	"session":         end("s := c.Begin()\ndefer s.Close()").needs("client"),
	"session, end":    end("s := c.Begin()\ns.Use()\ns.Close()").needs("client"),
	"with":            end("defer c.With(\"x\").Close()").needs("client"),
	"clone":           end("d := c.Clone()\ndefer d.Close()").needs("client"),
	"async close":     end("c.AsyncClose()").needs("producer"),
	"deferred async":  end("defer c.AsyncClose()").needs("producer"),
	"terminate":       end("c.Terminate()").needs("producer"),
	"shutdown now":    end("defer c.ShutdownNow()").needs("producer"),
	"dispose":         end("c.Dispose()").needs("producer"),
	"quit":            end("if err := c.Quit(); err != nil {\nRET(err)\n}").needs("producer"),
	"async in helper": {end: endsInHelper},
}

func endsInHelper(b *builder, c val) {
	only(c.typ == "*cl.Producer")
	f := b.top("finish")
	b.decl("func %s(p *cl.Producer) { p.AsyncClose() }", f)
	b.emit("%s(c)", f)
}
