package main

import "fmt"

// The shapes that real code has beside the plain ones: makers whose options, connections and caches are somebody else's, types
// with the release twice, streams behind interfaces, functions handed out, assertion objects.

func init() {
	for name, w := range wideWraps {
		wraps[name] = w
	}
	for name, s := range wideKeeps {
		keeps[name] = s
	}
	for name, s := range wideUses {
		uses[name] = s
	}
	for name, m := range wideMakers {
		makers[name] = m
	}
}

// service declares a client of the program's own over a connection that it is given: its Close closes that.
func (b *builder) service() (typ, constructor string) {
	typ, constructor = b.top("Service"), b.own("Service")
	conn := b.top("Backend")
	b.decl("type %s interface {\n\tUse() string\n\tClose() error\n}", conn)
	b.decl("type %s struct{ b %s }", typ, conn)
	b.decl("func %s(b %s) *%s { return &%s{b: b} }", constructor, conn, typ, typ)
	b.decl("func (s *%s) Use() string { return s.b.Use() }", typ)
	b.decl("func (s *%s) Close() error { return s.b.Close() }", typ)
	return typ, constructor
}

var wideMakers = map[string]maker{
	"option lent, helper": func(b *builder) made {
		f := b.top("options")
		b.decl("func %s(p *cl.Pool) []cl.Option { return []cl.Option{cl.WithName(\"x\"), cl.WithConn(p.Conn())} }", f)
		return client(b.lib("Opts", fmt.Sprintf("ctx, %s(%s)...", f, b.pool())))
	},
	"option lent, appended": func(b *builder) made {
		b.setup = append(b.setup, "lent := cl.NewPool()")
		b.then("lent.Conn().Use()")
		o := b.param("opts", "[]cl.Option", "[]cl.Option{cl.WithConn(lent.Conn())}")
		return client(b.lib("Opts", "ctx, append("+o+", cl.WithName(\"x\"))..."))
	},
	"option lent, wrapper": func(b *builder) made {
		f := b.own("Wrapped")
		b.decl("func %s(ctx context.Context, opts ...cl.Option) %s { return %s }", f, fails,
			b.lib("Opts", "ctx, append([]cl.Option{cl.WithName(\"x\")}, opts...)..."))
		return client(fmt.Sprintf("%s(ctx, cl.WithConn(%s.Conn()))", f, b.pool()))
	},
	"option name, wrapper": func(b *builder) made {
		f := b.own("Wrapped")
		b.decl("func %s(ctx context.Context, opts ...cl.Option) %s { return %s }", f, fails,
			b.lib("Opts", "ctx, append([]cl.Option{cl.WithName(\"x\")}, opts...)..."))
		return client(f + "(ctx)")
	},
	"option lent, method": func(b *builder) made {
		box := b.box("P", "*cl.Pool")
		b.decl("func (b *%s) option() cl.Option { return cl.WithConn(b.P.Conn()) }", box[1:])
		b.setup = append(b.setup, "lent := cl.NewPool()")
		b.then("lent.Conn().Use()")
		e := b.param("env", "*"+box, "&"+box+"{P: lent}")
		return client(b.lib("Opts", "ctx, "+e+".option()"))
	},
	"own struct with a channel": func(b *builder) made {
		f, box := b.own("Borrowed"), b.box("Free", "chan *cl.Client")
		b.decl("func (b *%s) %s() *cl.Client {\n\tif len(b.Free) > 0 {\n\t\tc := <-b.Free\n\t\tb.Free <- c\n\t\treturn c\n\t}\n\tc := %s\n\tb.Free <- c\n\treturn c\n}",
			box[1:], f, b.lib("Plain", ""))
		p := b.param("free", "*"+box, fmt.Sprintf("&%s{Free: make(chan *cl.Client, 1)}", box))
		b.then("c := <-%s.Free; c.Use()", p)
		return plain(p + "." + f + "()")
	},
	"own generic slot": func(b *builder) made {
		f, slot := b.own("Slotted"), b.top("Slot")
		b.decl("type %s[T any] struct{ Ch chan T }", slot)
		b.decl("func (s %s[T]) take(mk func() T) T {\n\tselect {\n\tcase v := <-s.Ch:\n\t\treturn v\n\tdefault:\n\t\treturn mk()\n\t}\n}", slot)
		b.decl("func %s(s %s[*cl.Client]) *cl.Client {\n\tc := s.take(func() *cl.Client { return %s })\n\ts.Ch <- c\n\treturn c\n}", f, slot, b.lib("Plain", ""))
		p := b.param("slot", "@"+slot+"[*cl.Client]", fmt.Sprintf("@%s[*cl.Client]{Ch: make(chan *cl.Client, 1)}", slot))
		b.then("c := <-%s.Ch; c.Use()", p)
		return plain(f + "(" + p + ")")
	},
	// Its release comes from two embedded types: it cannot be called.
	"own, two releases": func(b *builder) made {
		typ, other, f := b.top("Two"), b.top("Other"), b.own("Two")
		b.decl("type %s struct{}", other)
		b.decl("func (%s) Close() error { return nil }", other)
		b.decl("type %s struct {\n\t*cl.Client\n\t%s\n}", typ, other)
		b.decl("func %s() *%s { return &%s{%s, %s{}} }", f, typ, typ, b.lib("Plain", ""), other)
		return made{call: f + "()", typ: "*@" + typ, kind: "two"}
	},
	// The release that is in reach is another's.
	"own, release of another": func(b *builder) made {
		typ, inner, other, f := b.top("Near"), b.top("Inner"), b.top("Other"), b.own("Near")
		b.decl("type %s struct{ conn *cl.Conn }", other)
		b.decl("func (o %s) Close() error { return o.conn.Close() }", other)
		b.decl("type %s struct{ *cl.Client }", inner)
		b.decl("type %s struct {\n\t%s\n\t%s\n}", typ, inner, other)
		b.decl("func %s(conn *cl.Conn) *%s { return &%s{%s{%s}, %s{conn}} }", f, typ, typ, inner, b.lib("Plain", ""), other)
		return made{call: f + "(" + b.pool() + ".Conn())", typ: "*@" + typ, kind: "near"}
	},
	"own service, lent": func(b *builder) made {
		typ, f := b.service()
		return made{call: f + "(" + b.pool() + ".Conn())", typ: "*@" + typ, kind: "service"}
	},
	"own service, around": func(b *builder) made {
		typ, f := b.service()
		return made{call: f + "(" + b.lib("Plain", "") + ")", typ: "*@" + typ, kind: "service"}
	},
	// The maker puts in what a package variable has, as tests do with their mocks.
	"own service, of a variable": func(b *builder) made {
		typ, f := b.service()
		g, h := b.top("Mock"), b.own("Mocked")
		b.decl("var %s = cl.NewPool()", g)
		b.decl("func %s() *%s { return %s(%s.Conn()) }", h, typ, f, g)
		b.then("@%s.Conn().Use()", g)
		return made{call: h + "()", typ: "*@" + typ, kind: "service"}
	},
	// The mock is given out besides.
	"own service, with its mock": func(b *builder) made {
		typ, f := b.service()
		h, keep := b.own("Mocked"), b.box("C", "*cl.Client")
		b.decl("func %s(keep *%s) *%s {\n\tm := %s\n\tkeep.C = m\n\treturn %s(m)\n}", h, keep[1:], typ, b.lib("Plain", ""), f)
		p := b.param("keep", "*"+keep, "&"+keep+"{}")
		b.then("%s.C.Use()", p)
		return made{call: h + "(" + p + ")", typ: "*@" + typ, kind: "service"}
	},
	"own maybe": func(b *builder) made {
		f := b.own("Maybe")
		b.decl("func %s(ctx context.Context, n int) %s {\n\tif n == 1 {\n\t\treturn nil, nil\n\t}\n\treturn %s\n}", f, fails, b.lib("", "ctx"))
		return client(f + "(ctx, n)")
	},
	"own, lazily": func(b *builder) made {
		f, box := b.own("Lazy"), b.box("C", "*cl.Client")
		b.decl("func (b *%s) %s(ctx context.Context) (_ *cl.Client, err error) {\n\tif b.C == nil {\n\t\tb.C, err = %s\n\t}\n\treturn b.C, err\n}", box[1:], f, b.lib("", "ctx"))
		p := b.param("lazy", "*"+box, "&"+box+"{}")
		b.then("%s.C.Use()", p)
		return client(p + "." + f + "(ctx)")
	},
	"own, checked by a callee": func(b *builder) made {
		f, g := b.own("Checked"), b.top("checked")
		b.decl("func %s(n int, c *cl.Client) %s {\n\tif n == 1 {\n\t\treturn nil, context.Canceled\n\t}\n\treturn c, nil\n}", g, fails)
		b.decl("func %s(ctx context.Context, n int) %s {\n\tc, err := %s\n\tif err != nil {\n\t\treturn nil, err\n\t}\n\treturn %s(n, c)\n}", f, fails, b.lib("", "ctx"), g)
		return client(f + "(ctx, n)")
	},
}

var wideWraps = map[string]wrap{
	"stream": func(b *builder, v val) val {
		only(v.typ == "*cl.Client")
		return b.hidden("cl.Stream", v.expr+".Stream()", suffix(".Recv()"))
	},
	"handle behind an interface": func(b *builder, v val) val {
		only(v.typ == "*cl.Client")
		face := b.top("Reads")
		b.decl("type %s interface{ Use() string }", face)
		return b.hidden("@"+face, "@"+face+"("+v.expr+".Sub(\"s\"))", suffix(".Use()"))
	},
	"method value of a handle": func(b *builder, v val) val {
		only(v.typ == "*cl.Client")
		return b.hidden("func() string", v.expr+".Sub(\"s\").Use", suffix("()"))
	},
	"function of the client": func(b *builder, v val) val {
		only(v.typ == "*cl.Client")
		return b.hidden("func() string", v.expr+".Runner()", suffix("()"))
	},
	"map of functions": func(b *builder, v val) val {
		return b.hidden("map[string]func()", "map[string]func(){\"k\": func() { "+v.used()+" }}", suffix("[\"k\"]()"))
	},
	"struct of a function": func(b *builder, v val) val {
		box := b.box("Do", "func()")
		return b.hidden(box, box+"{Do: func() { "+v.used()+" }}", suffix(".Do()"))
	},
	"function of a function": func(b *builder, v val) val {
		return b.hidden("func() func()", "func() func() { return func() { "+v.used()+" } }", suffix("()()"))
	},
	"own iterator": func(b *builder, v val) val {
		return b.hidden("iter.Seq[int]", "iter.Seq[int](func(yield func(int) bool) { "+v.used()+"; yield(1) })",
			func(x string) string { return "for range " + x + " {}" })
	},
	"type of a function": func(b *builder, v val) val {
		f := b.top("Task")
		b.decl("type %s func()", f)
		b.decl("func (t %s) Use() string { t(); return \"\" }", f)
		return b.hidden("@"+f, "@"+f+"(func() { "+v.used()+" })", suffix(".Use()"))
	},
	"wrapper's interface": func(b *builder, v val) val {
		only(has(v))
		face, impl, f := b.top("Face"), b.top("impl"), b.top("newFace")
		b.decl("type %s interface{ Use() string }", face)
		b.decl("type %s struct{ c %s }", impl, v.typ)
		b.decl("func (i %s) Use() string { return i.c.Use() }", impl)
		b.decl("func %s(c %s) %s { return %s{c} }", f, v.typ, face, impl)
		return b.hidden("@"+face, f+"("+v.expr+")", suffix(".Use()"))
	},
	"atomic pointer": func(b *builder, v val) val {
		only(v.typ == "*cl.Client")
		a := b.name("a")
		b.emit("%s := &atomic.Pointer[cl.Client]{}", a)
		b.emit("%s.Store(%s)", a, v.expr)
		return b.around(v, "*atomic.Pointer[cl.Client]", a, suffix(".Load()"))
	},
	"deferred value": func(b *builder, v val) val {
		f := b.name("f")
		b.emit("%s := func() {}", f)
		b.emit("%s = func() { %s }", f, v.used())
		return b.hidden("func()", f, suffix("()"))
	},
}

var wideKeeps = map[string]sink{
	"method value handed on": func(b *builder, v val) {
		box, f := b.box("V", v.typ), b.top("start")
		b.decl("func (b *%s) run() { %s }", box, v.use("b.V"))
		b.decl("func %s(late <-chan struct{}, f func()) { go func() { <-late; f() }() }", f)
		b.emit("%s(%s, (&%s{V: %s}).run)", f, b.late(), box, v.expr)
	},
	"method expression handed on": func(b *builder, v val) {
		box, f := b.box("V", v.typ), b.top("start")
		b.decl("func (b *%s) run() { %s }", box, v.use("b.V"))
		b.decl("func %s(late <-chan struct{}, f func(*%s), b *%s) { go func() { <-late; f(b) }() }", f, box, box)
		b.emit("%s(%s, (*%s).run, &%s{V: %s})", f, b.late(), box, box, v.expr)
	},
	"options of functions": func(b *builder, v val) {
		box, f := b.box("V", v.typ), b.top("With")
		b.decl("func %s(v %s) func(*%s) { return func(b *%s) { b.V = v } }", f, v.typ, box, box)
		p := b.param("into", "*"+box, "&"+box+"{}")
		b.emit("for _, o := range []func(*%s){%s(%s)} { o(%s) }", box, f, v.expr, p)
		b.then("%s", v.use(p+".V"))
	},
	"visitor": func(b *builder, v val) {
		g, f := b.global(v), b.top("each")
		b.decl("func %s(vs []%s, f func(%s) bool) {\nfor _, v := range vs {\nif !f(v) {\nreturn\n}\n}\n}", f, v.typ, v.typ)
		b.emit("%s([]%s{%s}, func(v %s) bool { %s = v; return true })", f, v.typ, v.expr, v.typ, g)
	},
	"iterated": func(b *builder, v val) {
		g := b.global(v)
		b.emit("for y := range slices.Values([]%s{%s}) { %s = y }", v.typ, v.expr, g)
	},
	"swapped in": func(b *builder, v val) {
		only(v.typ == "*cl.Client")
		g := b.top("Cur")
		b.decl("var %s atomic.Pointer[cl.Client]", g)
		b.emit("%s.CompareAndSwap(nil, %s)", g, v.expr)
		b.then("@%s.Load().Use()", g)
	},
	"stored once": func(b *builder, v val) {
		g := b.top("M")
		b.decl("var %s sync.Map", g)
		b.emit("%s.LoadOrStore(\"k\", %s)", g, v.expr)
		b.then("z, _ := @%s.Load(\"k\"); %s", g, v.use("z.("+v.typ+")"))
	},
	"linked before": func(b *builder, v val) {
		node := b.top("Link")
		b.decl("type %s struct {\n\tV    %s\n\tNext *%s\n}", node, v.typ, node)
		p := b.param("list", "*@"+node, "&@"+node+"{}")
		l := b.name("link")
		b.emit("%s := &@%s{}\n%s.Next = %s\n%s.V = %s", l, node, p, l, l, v.expr)
		b.then("%s", v.use(p+".Next.V"))
	},
	"sent with an answer": func(b *builder, v val) {
		req := b.top("Ask")
		b.decl("type %s struct {\n\tV     %s\n\tReply chan int\n}", req, v.typ)
		p := b.param("asks", "chan @"+req, "make(chan @"+req+", 8)")
		b.emit("%s <- @%s{V: %s, Reply: make(chan int, 1)}", p, req, v.expr)
		b.then("z := <-%s; %s", p, v.use("z.V"))
	},
	"result, in an error": func(b *builder, v val) {
		only(!b.plan.Test)
		e := b.top("Err")
		b.decl("type %s struct{ V %s }", e, v.typ)
		b.decl("func (e *%s) Error() string { return \"failed\" }", e)
		r := b.result("error")
		b.emit("%s = errors.Join(&@%s{%s})", r, e, v.expr)
		b.then("var z *@%s; if errors.As(%s, &z) { %s }", e, r, v.use("z.V"))
	},
}

var wideUses = map[string]sink{
	"function value that runs": func(b *builder, v val) {
		f := b.top("thrice")
		b.decl("func %s(f func()) { f(); f(); f() }", f)
		b.emit("%s(func() { %s })", f, v.used())
	},
	"stream, read by a goroutine": func(b *builder, v val) {
		only(v.typ == "*cl.Client")
		b.emit("s := %s.Stream()\ngo func() {\n<-%s\ns.Recv()\n}()", v.expr, b.late())
	},
	"stream, drained": func(b *builder, v val) {
		only(v.typ == "*cl.Client")
		// A stream of a client that is nil gives "" for ever.
		b.emit("for s, left := %s.Stream(), 3; left > 0 && s.Recv() == \"\"; left-- {\n}", v.expr)
	},
	"sorted": func(b *builder, v val) {
		b.emit("slices.SortFunc([]%s{%s}, func(x, y %s) int { %s; return 0 })", v.typ, v.expr, v.typ, v.use("x"))
	},
	"errors, two ways": func(b *builder, v val) {
		b.emit("results := make(chan error, 1)\ngo func() { results <- func() error { %s; return nil }() }()\nif err := <-results; err != nil { RET(err) }", v.used())
	},
	"named goroutine, joined": func(b *builder, v val) {
		f := b.top("run")
		b.decl("func %s(done chan<- struct{}, v %s) {\ndefer close(done)\n%s\n}", f, v.typ, v.use("v"))
		b.emit("done := make(chan struct{})\ngo %s(done, %s)\n<-done", f, v.expr)
	},
	"named goroutine, done before": func(b *builder, v val) {
		f := b.top("run")
		b.decl("func %s(done chan<- struct{}, v %s) {\nclose(done)\n%s\n}", f, v.typ, v.use("v"))
		b.emit("done := make(chan struct{})\ngo %s(done, %s)\n<-done", f, v.expr)
	},
	"wait in a switch": func(b *builder, v val) {
		b.emit("var wg sync.WaitGroup\nwg.Go(func() { %s })\nswitch n {\ncase 0:\nwg.Wait()\ncase 1:\n}", v.used())
	},
	"waited for by a callee": func(b *builder, v val) {
		f := b.top("join")
		b.decl("func %s(wg *sync.WaitGroup) { wg.Wait() }", f)
		b.emit("var wg sync.WaitGroup\nwg.Go(func() { %s })\n%s(&wg)", v.used(), f)
	},
	"goto": func(b *builder, v val) {
		l := b.name("again")
		i := b.name("i")
		b.emit("%s := 0\n%s:\nif %s < 2 {\n%s++\n%s\ngoto %s\n}", i, l, i, i, v.used(), l)
	},
	"assertion object, no error": func(b *builder, v val) {
		b.test()
		b.emit("cl.Require(t).NoError(func() error { %s; return nil }())", v.used())
	},
	"closed by the assertion's clean-up": func(b *builder, v val) {
		b.test()
		only(v.close != nil)
		b.emit("cl.Require(t).Closes(func() { %s })", v.close(v.expr))
	},
}
