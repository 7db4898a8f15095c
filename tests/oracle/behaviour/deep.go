package main

// The shapes that are harder to see: they are entered into the tables of the grammar.

func init() {
	for name, s := range deepKeeps {
		keeps[name] = s
	}
	for name, s := range deepUses {
		uses[name] = s
	}
	for name, m := range deepMakers {
		makers[name] = m
	}
}

// global declares a package variable that the caller uses afterwards.
func (b *builder) global(v val) string {
	g := b.top("G")
	b.decl("var %s %s", g, v.typ)
	b.then("%s", v.use("@"+g))
	return g
}

var deepKeeps = map[string]sink{
	"moved and cleared": func(b *builder, v val) {
		g, x := b.global(v), b.name("x")
		b.emit("%s := %s", x, v.expr)
		b.emit("%s, %s = %s, %s", g, x, x, g)
		b.emit("_ = %s", x)
	},
	"function variable": func(b *builder, v val) {
		g, f := b.global(v), b.name("f")
		b.emit("%s := func(%s) {}", f, v.typ)
		b.emit("if n < 3 { %s = func(v %s) { %s = v } }", f, v.typ, g)
		b.emit("%s(%s)", f, v.expr)
	},
	"function in a map": func(b *builder, v val) {
		g, m := b.global(v), b.name("m")
		b.emit("%s := map[string]func(%s){\"k\": func(v %s) { %s = v }}", m, v.typ, v.typ, g)
		b.emit("%s[\"k\"](%s)", m, v.expr)
	},
	"local interface": func(b *builder, v val) {
		g, face, impl, k := b.global(v), b.top("Taker"), b.top("Impl"), b.name("k")
		b.decl("type %s interface{ take(%s) }", face, v.typ)
		b.decl("type %s struct{}", impl)
		b.decl("func (%s) take(v %s) { %s = v }", impl, v.typ, g)
		b.emit("var %s %s = %s{}", k, face, impl)
		b.emit("%s.take(%s)", k, v.expr)
	},
	"method expression": func(b *builder, v val) {
		box := b.box("V", v.typ)
		b.decl("func (b *%s) put(v %s) { b.V = v }", box, v.typ)
		p := b.param("into", "*"+box, "&"+box+"{}")
		b.emit("(*%s).put(%s, %s)", box, p, v.expr)
		b.then("%s", v.use(p+".V"))
	},
	"method value of another": func(b *builder, v val) {
		box, f := b.box("V", v.typ), b.name("f")
		b.decl("func (b *%s) put(v %s) { b.V = v }", box, v.typ)
		p := b.param("into", "*"+box, "&"+box+"{}")
		b.emit("%s := %s.put", f, p)
		b.emit("%s(%s)", f, v.expr)
		b.then("%s", v.use(p+".V"))
	},
	"promoted method": func(b *builder, v val) {
		box, outer := b.box("V", v.typ), b.top("Outer")
		b.decl("func (b *%s) put(v %s) { b.V = v }", box, v.typ)
		b.decl("type %s struct{ *%s }", outer, box)
		p := b.param("into", "*"+box, "&"+box+"{}")
		b.emit("%s{%s}.put(%s)", outer, p, v.expr)
		b.then("%s", v.use(p+".V"))
	},
	"generic keeper": func(b *builder, v val) {
		g, f := b.top("G"), b.top("keep")
		b.decl("var %s any", g)
		b.decl("func %s[T any](v T) { %s = v }", f, g)
		b.emit("%s(%s)", f, v.expr)
		b.then("z := @%s.(%s); %s", g, v.typ, v.use("z"))
	},
	"variadic keeper": func(b *builder, v val) {
		g, f := b.top("G"), b.top("keep")
		b.decl("var %s []%s", g, v.typ)
		b.decl("func %s(vs ...%s) { %s = append(%s, vs...) }", f, v.typ, g, g)
		b.emit("%s(%s)", f, v.expr)
		b.then("for _, z := range @%s { %s }", g, v.use("z"))
	},
	"keeper of a keeper": func(b *builder, v val) {
		g, f, h := b.global(v), b.top("keep"), b.top("pass")
		b.decl("func %s(v %s) { %s = v }", f, v.typ, g)
		b.decl("func %s(v %s, f func(%s)) { f(v) }", h, v.typ, v.typ)
		b.emit("%s(%s, %s)", h, v.expr, f)
	},
	"pool": func(b *builder, v val) {
		g := b.top("G")
		b.decl("var %s sync.Pool", g)
		b.emit("%s.Put(%s)", g, v.expr)
		b.then("z := @%s.Get().(%s); %s", g, v.typ, v.use("z"))
	},
	"result, set in a literal": func(b *builder, v val) {
		only(!b.plan.Test)
		r := b.result(v.typ)
		b.emit("func() { %s = %s }()", r, v.expr)
		b.then("%s", v.use(r))
	},
	"result, of a copy": func(b *builder, v val) {
		only(!b.plan.Test)
		box := b.box("V", v.typ)
		r, x, y := b.result(box), b.name("x"), b.name("y")
		b.emit("%s := %s{V: %s}", x, box, v.expr)
		b.emit("%s := %s", y, x)
		b.emit("%s = %s", r, y)
		b.then("%s", v.use(r+".V"))
	},
	"channel of a channel": func(b *builder, v val) {
		p, ch := b.param("into", "chan chan "+v.typ, "make(chan chan "+v.typ+", 8)"), b.name("ch")
		b.emit("%s := make(chan %s, 1)", ch, v.typ)
		b.emit("%s <- %s", p, ch)
		b.emit("%s <- %s", ch, v.expr)
		b.then("z := <-<-%s; %s", p, v.use("z"))
	},
	"pointer to pointer": func(b *builder, v val) {
		p, pp := b.param("into", "*"+v.typ, "new("+v.typ+")"), b.name("pp")
		b.emit("%s := &%s", pp, p)
		b.emit("**%s = %s", pp, v.expr)
		b.then("z := *%s; %s", p, v.use("z"))
	},
	"goroutine that receives it": func(b *builder, v val) {
		ch := b.name("ch")
		b.emit("%s := make(chan %s, 1)", ch, v.typ)
		b.emit("go func() { v := <-%s; <-%s; %s }()", ch, b.late(), v.use("v"))
		b.emit("%s <- %s", ch, v.expr)
	},
}

var deepUses = map[string]sink{
	// Ends that are awaited.
	"pool of workers": func(b *builder, v val) {
		f := b.top("work")
		b.decl("func %s(jobs <-chan int, wg *sync.WaitGroup, v %s) {\ndefer wg.Done()\nfor range jobs {\n%s\n}\n}", f, v.typ, v.use("v"))
		b.emit("jobs := make(chan int)\nvar wg sync.WaitGroup\nfor range 2 {\nwg.Add(1)\ngo %s(jobs, &wg, %s)\n}\nfor i := range 3 {\njobs <- i\n}\nclose(jobs)\nwg.Wait()", f, v.expr)
	},
	"awaited in a goroutine, awaited": func(b *builder, v val) {
		b.emit("var wg sync.WaitGroup\nwg.Go(func() { %s })\nall := make(chan struct{})\ngo func() {\nwg.Wait()\nclose(all)\n}()\n<-all", v.used())
	},
	"mutex": func(b *builder, v val) {
		b.emit("var mu sync.Mutex\nmu.Lock()\ngo func() {\ndefer mu.Unlock()\n%s\n}()\nmu.Lock()", v.used())
	},
	"semaphore": func(b *builder, v val) {
		b.emit("sem := make(chan int, 2)\nfor range 2 {\nsem <- 1\ngo func() {\n%s\n<-sem\n}()\n}\nfor range cap(sem) {\nsem <- 1\n}", v.used())
	},
	"helper that waits": func(b *builder, v val) {
		f := b.top("both")
		b.decl("func %s(f func()) {\nvar wg sync.WaitGroup\nwg.Go(f)\nwg.Go(f)\nwg.Wait()\n}", f)
		b.emit("%s(func() { %s })", f, v.used())
	},

	// Ends that are not.
	"fewer answers than starts": func(b *builder, v val) {
		b.emit("answers := make(chan int, 3)\nfor range 3 {\ngo func() {\n%s\nanswers <- 1\n}()\n}\nfor range 2 {\n<-answers\n}", v.used())
	},
	"answered before": func(b *builder, v val) {
		b.emit("answer := make(chan int, 2)\nanswer <- 1\ngo func() {\n%s\nanswer <- 1\n}()\n<-answer", v.used())
	},
	"closed by another": func(b *builder, v val) {
		b.emit("over := make(chan int)\ngo func() { close(over) }()\ngo func() {\n%s\n<-over\n}()\n<-over", v.used())
	},
	"awaited in a goroutine": func(b *builder, v val) {
		b.emit("var wg sync.WaitGroup\nwg.Go(func() { %s })\ngo wg.Wait()", v.used())
	},
	"counted too late": func(b *builder, v val) {
		b.emit("var wg sync.WaitGroup\ngo func() {\nwg.Add(1)\ndefer wg.Done()\n%s\n}()\nwg.Wait()", v.used())
	},
	"pool that is not awaited": func(b *builder, v val) {
		f := b.top("work")
		b.decl("func %s(jobs <-chan int, v %s) {\nfor range jobs {\n%s\n}\n}", f, v.typ, v.use("v"))
		b.emit("jobs := make(chan int)\nfor range 2 {\ngo %s(jobs, %s)\n}\nfor i := range 3 {\njobs <- i\n}\nclose(jobs)", f, v.expr)
	},
	"semaphore not drained": func(b *builder, v val) {
		b.emit("sem := make(chan int, 2)\nfor range 2 {\nsem <- 1\ngo func() {\n%s\n<-sem\n}()\n}\nsem <- 1", v.used())
	},
	"other channel": func(b *builder, v val) {
		b.emit("over, first := make(chan int, 1), make(chan int, 1)\nfirst <- 1\ngo func() {\n%s\nover <- 1\n}()\nselect {\ncase <-first:\ncase <-over:\n}", v.used())
	},
	"channel made again": func(b *builder, v val) {
		b.emit("over := make(chan int, 1)\ngo func(over chan int) {\n%s\nover <- 1\n}(over)\nover = make(chan int, 1)\nclose(over)\n<-over", v.used())
	},
	"use behind the deferred end": func(b *builder, v val) {
		b.emit("over := make(chan int)\ngo func() {\ndefer func() { %s }()\ndefer close(over)\n}()\n<-over", v.used())
	},
	"group of another": func(b *builder, v val) {
		b.emit("var g, h cl.Group\ng.Go(func() error { %s; return nil })\nh.Wait()", v.used())
	},
	"reassigned": func(b *builder, v val) {
		only(b.plan.Release == "" && v.expr == "c" && b.made.err && b.made.kind == "client" && (b.plan.Acquire == "" || b.plan.Acquire == "variable"))
		b.emit("var again error\nif c, again = %s; again != nil { RET(again) }\nc.Use()", b.made.call)
	},
	"closed by an outer client": func(b *builder, v val) {
		only(v.typ == "*cl.Client" && !b.plan.Open)
		b.emit("outer := cl.NewOuterClient(%s)\ndefer outer.Close()\nouter.Use()", v.expr)
	},
	"outer client": func(b *builder, v val) {
		only(v.typ == "*cl.Client" && !b.plan.Open)
		b.emit("outer := cl.NewOuterClient(%s)\nouter.Use()", v.expr)
	},
}

var deepMakers = map[string]maker{
	"own hook": func(b *builder) made {
		f, box := b.own("Hooked"), b.box("Stop", "[]func() error")
		b.decl("func %s(h *%s) *cl.Client {\n\tc := %s\n\th.Stop = append(h.Stop, c.Close)\n\treturn c\n}", f, box, b.lib("Plain", ""))
		h := b.param("hooks", "*"+box, "&"+box+"{}")
		b.then("for _, f := range %s.Stop { f() }", h)
		return plain(f + "(" + h + ")")
	},
	"own registry of the context": func(b *builder) made {
		f, key, box := b.own("Bound"), b.top("Key"), b.box("C", "*cl.Client")
		b.decl("type %s struct{}", key)
		b.decl("func %s(ctx context.Context) *cl.Client {\n\tc := %s\n\tif r, ok := ctx.Value(%s{}).(*%s); ok {\n\t\tr.C = c\n\t}\n\treturn c\n}", f, b.lib("Plain", ""), key, box)
		b.setup = append(b.setup, "reg := &"+box+"{}", "call.Ctx = context.WithValue(call.Ctx, @"+key+"{}, reg)")
		b.then("reg.C.Use()")
		return plain(f + "(ctx)")
	},
	"option that keeps": func(b *builder) made {
		only(!b.plan.Open)
		box := b.box("C", "*cl.Client")
		p := b.param("into", "*"+box, "&"+box+"{}")
		b.then("%s.C.Use()", p)
		return client("cl.NewFuncClient(ctx, func(c *cl.Client) { " + p + ".C = c })")
	},
	"option that names": func(b *builder) made {
		only(!b.plan.Open)
		return client("cl.NewFuncClient(ctx, cl.Named(\"x\"))")
	},
	"callback of a config": func(b *builder) made {
		only(!b.plan.Open)
		g := b.top("G")
		b.decl("var %s *cl.Client", g)
		b.then("@%s.Use()", g)
		return client("cl.NewConfiguredClient(cl.Config{OnConnect: func(c *cl.Client) { " + g + " = c }})")
	},
	"config": func(b *builder) made {
		only(!b.plan.Open)
		return client("cl.NewConfiguredClient(cl.Config{Name: \"x\"})")
	},
	"lent connection of a config": func(b *builder) made {
		only(!b.plan.Open)
		return client("cl.NewConfiguredClient(cl.Config{Conn: " + b.pool() + ".Conn()})")
	},
	"around a given client": func(b *builder) made {
		only(!b.plan.Open)
		given := b.param("given", "*cl.Client", "cl.NewPlainClient()")
		b.then("%s.Use()", given)
		return made{call: "cl.NewOuterClient(" + given + ")", typ: "*cl.Outer", kind: "outer"}
	},
	"builder, lent": func(b *builder) made {
		only(!b.plan.Open)
		return client("cl.NewBuilder().With(" + b.pool() + ".Conn()).NewBuiltClient()")
	},
	"builder": func(b *builder) made {
		only(!b.plan.Open)
		return client("cl.NewBuilder().NewBuiltClient()")
	},
	"own retry": func(b *builder) made {
		f := b.own("Retried")
		b.decl("func %s(ctx context.Context) (c *cl.Client, err error) {\n\tfor range 2 {\n\t\tif c, err = %s; err == nil {\n\t\t\tbreak\n\t\t}\n\t}\n\treturn c, err\n}", f, b.lib("", "ctx"))
		return client(f + "(ctx)")
	},
	"own promise": func(b *builder) made {
		f := b.own("Awaited")
		b.decl("func %s(ctx context.Context) *cl.Client {\n\tch := make(chan *cl.Client, 1)\n\tgo func() { ch <- %s }()\n\treturn <-ch\n}", f, b.lib("Plain", ""))
		return plain(f + "(ctx)")
	},
	"own table": func(b *builder) made {
		f, m := b.own("Tabled"), b.top("Table")
		b.decl("var %s = map[int]*cl.Client{}", m)
		b.decl("func %s(n int) *cl.Client {\n\tc := %s[n]\n\tif c == nil {\n\t\tc = %s\n\t\t%s[n] = c\n\t}\n\treturn c\n}", f, m, b.lib("Plain", ""), m)
		b.then("for _, c := range @%s { c.Use() }", m)
		return plain(f + "(n)")
	},
	"own wrapper of a lender": func(b *builder) made {
		f, g, p := b.own("Passed"), b.top("get"), b.top("Shared")
		b.decl("var %s = %s", p, b.lib("Plain", ""))
		b.decl("func %s() *cl.Client { return %s }", g, p)
		b.decl("func %s() *cl.Client { return %s() }", f, g)
		b.then("@%s.Use()", p)
		return plain(f + "()")
	},
}
