package main

import "fmt"

// A sink is where a value ends up. Those that keep it make the caller use it afterwards; the others only use it, more or less rightly.
type sink func(b *builder, v val)

// keeps are the sinks that a holder can go into before there is a client in it: they do not touch it before the function is over.
var keeps = map[string]sink{
	"global": func(b *builder, v val) {
		g := b.top("G")
		b.decl("var %s %s", g, v.typ)
		b.emit("%s = %s", g, v.expr)
		b.then("%s", v.use("@"+g))
	},
	"global slice": func(b *builder, v val) {
		g := b.top("G")
		b.decl("var %s []%s", g, v.typ)
		b.emit("%s = append(%s, %s)", g, g, v.expr)
		b.then("for _, z := range @%s { %s }", g, v.use("z"))
	},
	"global slice, reused": func(b *builder, v val) {
		g := b.top("G")
		b.decl("var %s = make([]%s, 1)", g, v.typ)
		b.emit("_ = append(%s[:0], %s)", g, v.expr)
		b.then("%s", v.use("@"+g+"[0]"))
	},
	"global map": func(b *builder, v val) {
		g := b.top("G")
		b.decl("var %s = map[string]%s{}", g, v.typ)
		b.emit("%s[\"k\"] = %s", g, v.expr)
		b.then("%s", v.use("@"+g+"[\"k\"]"))
	},
	"global sync.Map": func(b *builder, v val) {
		g := b.top("G")
		b.decl("var %s sync.Map", g)
		b.emit("%s.Store(\"k\", %s)", g, v.expr)
		b.then("y, _ := @%s.Load(\"k\"); z := y.(%s); %s", g, v.typ, v.use("z"))
	},
	"global atomic": func(b *builder, v val) {
		g := b.top("G")
		b.decl("var %s atomic.Pointer[%s]", g, v.typ)
		x := b.name("x")
		b.emit("%s := %s", x, v.expr)
		b.emit("%s.Store(&%s)", g, x)
		b.then("z := *@%s.Load(); %s", g, v.use("z"))
	},
	"global list": func(b *builder, v val) {
		g := b.top("G")
		b.decl("var %s = list.New()", g)
		b.emit("%s.PushFront(%s)", g, v.expr)
		b.then("z := @%s.Front().Value.(%s); %s", g, v.typ, v.use("z"))
	},
	"global channel": func(b *builder, v val) {
		g := b.top("G")
		b.decl("var %s = make(chan %s, 8)", g, v.typ)
		b.emit("%s <- %s", g, v.expr)
		b.then("for len(@%s) > 0 { z := <-@%s; %s }", g, g, v.use("z"))
	},
	"global by pointer": func(b *builder, v val) {
		g, p := b.top("G"), b.name("p")
		b.decl("var %s %s", g, v.typ)
		b.emit("%s := &%s", p, g)
		b.emit("*%s = %s", p, v.expr)
		b.then("%s", v.use("@"+g))
	},
	"global, once": func(b *builder, v val) {
		g := b.top("G")
		b.decl("var %s %s", g, v.typ)
		b.emit("new(sync.Once).Do(func() { %s = %s })", g, v.expr)
		b.then("%s", v.use("@"+g))
	},
	"helper that keeps": func(b *builder, v val) {
		g, f := b.top("G"), b.top("keep")
		b.decl("var %s %s", g, v.typ)
		b.decl("func %s(v %s) { %s = v }", f, v.typ, g)
		b.emit("%s(%s)", f, v.expr)
		b.then("%s", v.use("@"+g))
	},
	"library that keeps": func(b *builder, v val) {
		b.last++
		b.emit("cl.Keep(\"$x%d\", %s)", b.last, v.expr)
		b.then("z := cl.Kept(\"$x%d\").(%s); %s", b.last, v.typ, v.use("z"))
	},
	"library's goroutine": func(b *builder, v val) { b.emit("cl.Later(func() { <-%s; %s })", b.late(), v.used()) },
	"parameter's field": func(b *builder, v val) {
		box := b.box("V", v.typ)
		p := b.param("into", "*"+box, "&"+box+"{}")
		b.emit("%s.V = %s", p, v.expr)
		b.then("%s", v.use(p+".V"))
	},
	"parameter's method": func(b *builder, v val) {
		box := b.box("V", v.typ)
		b.decl("func (b *%s) attach(v %s) { b.V = v }", box, v.typ)
		p := b.param("into", "*"+box, "&"+box+"{}")
		b.emit("%s.attach(%s)", p, v.expr)
		b.then("%s", v.use(p+".V"))
	},
	"parameter's embedded view": func(b *builder, v val) {
		box := b.box("V", v.typ)
		p, q := b.param("into", "*"+box, "&"+box+"{}"), b.name("q")
		b.emit("%s := struct{ *%s }{%s}", q, box, p)
		b.emit("%s.V = %s", q, v.expr)
		b.then("%s", v.use(p+".V"))
	},
	"parameter's map": func(b *builder, v val) {
		p := b.param("into", "map[string]"+v.typ, "map[string]"+v.typ+"{}")
		b.emit("%s[\"k\"] = %s", p, v.expr)
		b.then("%s", v.use(p+"[\"k\"]"))
	},
	"parameter's map, copy": func(b *builder, v val) {
		p := b.param("into", "map[string]"+v.typ, "map[string]"+v.typ+"{}")
		b.emit("maps.Copy(%s, map[string]%s{\"k\": %s})", p, v.typ, v.expr)
		b.then("%s", v.use(p+"[\"k\"]"))
	},
	"parameter's slice": func(b *builder, v val) {
		p := b.param("into", "[]"+v.typ, "make([]"+v.typ+", 1)")
		b.emit("%s[0] = %s", p, v.expr)
		b.then("%s", v.use(p+"[0]"))
	},
	"parameter's slice, copy": func(b *builder, v val) {
		p := b.param("into", "[]"+v.typ, "make([]"+v.typ+", 1)")
		b.emit("copy(%s, []%s{%s})", p, v.typ, v.expr)
		b.then("%s", v.use(p+"[0]"))
	},
	"parameter's slice, append": func(b *builder, v val) {
		p := b.param("into", "[]"+v.typ, "make([]"+v.typ+", 1)")
		b.emit("_ = append(%s[:0], %s)", p, v.expr)
		b.then("%s", v.use(p+"[0]"))
	},
	"parameter's list": func(b *builder, v val) {
		p := b.param("into", "*list.List", "list.New()")
		b.emit("%s.PushBack(%s)", p, v.expr)
		b.then("z := %s.Front().Value.(%s); %s", p, v.typ, v.use("z"))
	},
	"parameter's heap": func(b *builder, v val) {
		h := b.top("Heap")
		b.decl("type %s struct{ all []%s }", h, v.typ)
		b.decl("func (h *%s) Len() int { return len(h.all) }", h)
		b.decl("func (h *%s) Less(i, j int) bool { return i < j }", h)
		b.decl("func (h *%s) Swap(i, j int) { h.all[i], h.all[j] = h.all[j], h.all[i] }", h)
		b.decl("func (h *%s) Push(x any) { h.all = append(h.all, x.(%s)) }", h, v.typ)
		b.decl("func (h *%s) Pop() any { x := h.all[0]; h.all = h.all[1:]; return x }", h)
		p := b.param("into", "*@"+h, "&@"+h+"{}")
		b.emit("heap.Push(%s, %s)", p, v.expr)
		b.then("z := heap.Pop(%s).(%s); %s", p, v.typ, v.use("z"))
	},
	"parameter's pointer": func(b *builder, v val) {
		p := b.param("into", "*"+v.typ, "new("+v.typ+")")
		b.emit("*%s = %s", p, v.expr)
		b.then("z := *%s; %s", p, v.use("z"))
	},
	"channel parameter": func(b *builder, v val) {
		p := b.param("into", "chan "+v.typ, "make(chan "+v.typ+", 8)")
		b.emit("%s <- %s", p, v.expr)
		b.then("z := <-%s; %s", p, v.use("z"))
	},
	"channel parameter, select": func(b *builder, v val) {
		p := b.param("into", "chan "+v.typ, "make(chan "+v.typ+", 8)")
		b.emit("select {\ncase %s <- %s:\ncase <-ctx.Done():\n}", p, v.expr)
		b.then("z := <-%s; %s", p, v.use("z"))
	},
	"function parameter": func(b *builder, v val) {
		g := b.name("got")
		b.setup = append(b.setup, fmt.Sprintf("var %s %s", g, v.typ))
		p := b.param("take", "func("+v.typ+")", fmt.Sprintf("func(v %s) { %s = v }", v.typ, g))
		b.emit("%s(%s)", p, v.expr)
		b.then("%s", v.use(g))
	},
	"interface parameter": func(b *builder, v val) {
		face := b.top("Keeper")
		b.decl("type %s interface{ Keep(v %s) }", face, v.typ)
		k := b.name("keeper")
		b.setup = append(b.setup, fmt.Sprintf("%s := &cl.Keeper[%s]{}", k, v.typ))
		p := b.param("into", "@"+face, k)
		b.emit("%s.Keep(%s)", p, v.expr)
		b.then("%s", v.use(k+".V"))
	},
	"keeper parameter": func(b *builder, v val) {
		p := b.param("into", "*cl.Keeper["+v.typ+"]", "&cl.Keeper["+v.typ+"]{}")
		b.emit("%s.Keep(%s)", p, v.expr)
		b.then("%s", v.use(p+".V"))
	},
	"mux parameter": func(b *builder, v val) {
		p := b.param("mux", "*http.ServeMux", "http.NewServeMux()")
		b.emit("%s.HandleFunc(\"/\", func(w http.ResponseWriter, r *http.Request) { %s })", p, v.used())
		b.then("%s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(\"GET\", \"/\", nil))", p)
	},
	"hook parameter": func(b *builder, v val) {
		p := b.param("hooks", "*[]func()", "new([]func())")
		b.emit("*%s = append(*%s, func() { %s })", p, p, v.used())
		b.then("for _, f := range *%s { f() }", p)
	},
	"goroutine that stays": func(b *builder, v val) { b.emit("go func() { <-%s; %s }()", b.late(), v.used()) },
	"goroutine with argument": func(b *builder, v val) {
		b.emit("go func(v %s) { <-%s; %s }(%s)", v.typ, b.late(), v.use("v"), v.expr)
	},
	"goroutine, named": func(b *builder, v val) {
		f := b.top("serve")
		b.decl("func %s(late <-chan struct{}, v %s) { <-late; %s }", f, v.typ, v.use("v"))
		b.emit("go %s(%s, %s)", f, b.late(), v.expr)
	},
	"goroutine of a helper": func(b *builder, v val) {
		f := b.top("start")
		b.decl("func %s(late <-chan struct{}, v %s) { go func() { <-late; %s }() }", f, v.typ, v.use("v"))
		b.emit("%s(%s, %s)", f, b.late(), v.expr)
	},
	"group parameter": func(b *builder, v val) {
		p := b.param("group", "*sync.WaitGroup", "&sync.WaitGroup{}")
		b.emit("%s.Go(func() { <-%s; %s })", p, b.late(), v.used())
	},
	"after context": func(b *builder, v val) { b.emit("context.AfterFunc(ctx, func() { %s })", v.used()) },
	"result": func(b *builder, v val) {
		only(!b.plan.Test)
		r := b.result(v.typ)
		b.emit("%s = %s", r, v.expr)
		b.then("%s", v.use(r))
	},
	"result, deferred": func(b *builder, v val) {
		only(!b.plan.Test && b.plan.Named)
		r := b.result(v.typ)
		b.emit("defer func() { %s = %s }()", r, v.expr)
		b.then("%s", v.use(r))
	},
	"result, by pointer": func(b *builder, v val) {
		only(!b.plan.Test)
		r, p := b.result(v.typ), b.name("p")
		b.emit("%s := &%s", p, r)
		b.emit("*%s = %s", p, v.expr)
		b.then("%s", v.use(r))
	},
	"result, struct": func(b *builder, v val) {
		only(!b.plan.Test)
		box := b.box("V", v.typ)
		r := b.result(box)
		b.emit("%s.V = %s", r, v.expr)
		b.then("%s", v.use(r+".V"))
	},
	"deferred global": func(b *builder, v val) {
		g := b.top("G")
		b.decl("var %s %s", g, v.typ)
		b.emit("defer func() { %s = %s }()", g, v.expr)
		b.then("%s", v.use("@"+g))
	},
	"deferred use": func(b *builder, v val) { b.emit("defer func() { %s }()", v.used()) },
	"test clean-up": func(b *builder, v val) {
		b.test()
		b.emit("t.Cleanup(func() { %s })", v.used())
	},
	"test clean-up, in a subtest": func(b *builder, v val) {
		b.test()
		b.emit("t.Run(\"sub\", func(*testing.T) { t.Cleanup(func() { %s }) })", v.used())
	},
	"parallel subtest": func(b *builder, v val) {
		b.test()
		b.emit("t.Run(\"sub\", func(t *testing.T) { t.Parallel(); %s })", v.used())
	},
	"helper's parallel subtest": func(b *builder, v val) {
		b.test()
		f := b.top("parallel")
		b.decl("func %s(t *testing.T, f func()) { t.Run(\"sub\", func(t *testing.T) { t.Parallel(); f() }) }", f)
		b.emit("%s(t, func() { %s })", f, v.used())
	},
}

// test rules out functions that are none.
func (b *builder) test() { only(b.plan.Test) }
