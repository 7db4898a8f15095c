package main

import "fmt"

// A made is the call that gives a client: its type, whether it gives an error besides, and which of the library's kinds it is.
type made struct {
	call, typ, kind string
	err             bool
}

type maker func(b *builder) made

// lib is a constructor of the library, by the name that the one rule goes by or the other.
func (b *builder) lib(name, args string) string {
	if b.plan.Open {
		return "cl.Open" + name + "(" + args + ")"
	}
	return "cl.New" + name + "Client(" + args + ")"
}

// own is the name of a constructor beside the function.
func (b *builder) own(name string) string {
	b.last++
	if b.plan.Open {
		return fmt.Sprintf("Open%s$x%d", name, b.last)
	}
	return fmt.Sprintf("New%s$x%dClient", name, b.last)
}

func client(call string) made { return made{call: call, typ: "*cl.Client", kind: "client", err: true} }

func plain(call string) made { return made{call: call, typ: "*cl.Client", kind: "client"} }

const fails = "(*cl.Client, error)"

var makers = map[string]maker{
	"fallible":  func(b *builder) made { return client(b.lib("", "ctx")) },
	"plain":     func(b *builder) made { return plain(b.lib("Plain", "")) },
	"cached":    cachedMaker,
	"pooled":    pooledMaker,
	"maybe nil": func(b *builder) made { return plain(b.lib("Maybe", "n")) },
	"gives back": func(b *builder) made {
		return plain(b.lib("Or", b.param("given", "*cl.Client", "cl.NewPlainClient()")))
	},
	"tied": func(b *builder) made { return client(b.lib("Tied", "ctx")) },
	"over conn": func(b *builder) made {
		pool := b.pool()
		return plain(b.lib("Over", pool+".Conn()"))
	},
	"remote": func(b *builder) made {
		pool := b.pool()
		return made{call: b.lib("Remote", pool+".Conn()"), typ: "*cl.Remote", kind: "remote"}
	},
	"bus": func(b *builder) made { return made{call: b.lib("Bus", "ctx"), typ: "*cl.Bus", kind: "bus", err: true} },
	"producer": func(b *builder) made {
		return made{call: b.lib("Producer", "ctx"), typ: "*cl.Producer", kind: "producer", err: true}
	},
	"server": func(b *builder) made { return made{call: b.lib("Server", ""), typ: "*cl.Server", kind: "server"} },
	"member": func(b *builder) made {
		pool := b.pool()
		b.after = append(b.after, pool+".Close()")
		if b.plan.Open {
			return client(pool + ".OpenMember()")
		}
		return client(pool + ".NewMemberClient()")
	},
	"option lent":           optionLent,
	"option lent, variable": optionVariable,
	"option lent, slice":    optionSlice,
	"option lent, global":   optionGlobal,
	"option lent, field":    optionField,
	"options of parameter":  optionsParam,
	"option name":           func(b *builder) made { return client(b.lib("Opts", `ctx, cl.WithName("x")`)) },
	"no options":            func(b *builder) made { return client(b.lib("Opts", "ctx")) },
	"own wrapper":           ownWrapper,
	"own cache":             ownCache,
	"own cache, any":        ownCacheAny,
	"own once":              ownOnce,
	"own pointer":           ownPointer,
	"own channel":           ownChannel,
	"own registry":          ownRegistry,
	"own goroutine":         ownGoroutine,
	"own deferred global":   ownDeferredGlobal,
	"own sender":            ownSender,
	"own group":             ownGroup,
	"own cache, after":      ownCacheAfter,
	"own getOr":             ownGetOr,
	"own sometimes":         ownSometimes,
	"own context":           ownContext,
	"function parameter":    functionParam,
	"function field":        functionField,
	"interface factory":     interfaceFactory,
	"global seam":           globalSeam,
	"own drops":             ownDrops,
	"own cleans up":         ownCleansUp,
	"own cleans up once":    ownCleansUpOnce,
	"own interface":         ownInterface,
}

// pool is one of the caller's, who goes on to use its connection.
func (b *builder) pool() string {
	pool := b.param("pool", "*cl.Pool", "cl.NewPool()")
	b.then("%s.Conn().Use()", pool)
	return pool
}

func cachedMaker(b *builder) made {
	b.then(`c, _ := cl.NewCachedClient("$"); c.Use()`)
	return client(b.lib("Cached", `"$"`))
}

func pooledMaker(b *builder) made {
	b.then(`cl.NewPooledClient("$").Use()`)
	return plain(b.lib("Pooled", `"$"`))
}

func optionLent(b *builder) made {
	return client(b.lib("Opts", fmt.Sprintf("ctx, cl.WithConn(%s.Conn())", b.pool())))
}

func optionVariable(b *builder) made {
	pool, o := b.pool(), b.name("opt")
	b.first("%s := cl.WithConn(%s.Conn())", o, pool)
	return client(b.lib("Opts", "ctx, "+o))
}

func optionSlice(b *builder) made {
	pool, o := b.pool(), b.name("opts")
	b.first("var %s []cl.Option", o)
	b.first("if n < 2 { %s = append(%s, cl.WithConn(%s.Conn())) }", o, o, pool)
	return client(b.lib("Opts", "ctx, "+o+"..."))
}

func optionGlobal(b *builder) made {
	g := b.top("Opt")
	b.decl("var %s cl.Option = cl.WithName(\"x\")", g)
	b.setup = append(b.setup, "lent := cl.NewPool()", fmt.Sprintf("@%s = cl.WithConn(lent.Conn())", g))
	b.then("lent.Conn().Use()")
	return client(b.lib("Opts", "ctx, "+g))
}

func optionField(b *builder) made {
	box := b.box("Opt", "cl.Option")
	b.setup = append(b.setup, "lent := cl.NewPool()")
	b.then("lent.Conn().Use()")
	e := b.param("env", "*"+box, fmt.Sprintf("&%s{Opt: cl.WithConn(lent.Conn())}", box))
	return client(b.lib("Opts", "ctx, "+e+".Opt"))
}

func optionsParam(b *builder) made {
	b.setup = append(b.setup, "lent := cl.NewPool()")
	b.then("lent.Conn().Use()")
	o := b.param("opts", "[]cl.Option", "[]cl.Option{cl.WithConn(lent.Conn())}")
	return client(b.lib("Opts", "ctx, "+o+"..."))
}

// Constructors beside the function.

func ownWrapper(b *builder) made {
	f := b.own("Wrapped")
	b.decl("func %s(ctx context.Context) %s {\n\tc, err := %s\n\tif err != nil {\n\t\treturn nil, err\n\t}\n\tc.Use()\n\treturn c, nil\n}",
		f, fails, b.lib("", "ctx"))
	return client(f + "(ctx)")
}

func ownCache(b *builder) made {
	f, m := b.own("Cached"), b.top("Cache")
	b.decl("var %s = map[string]*cl.Client{}", m)
	b.decl("func %s(ctx context.Context) %s {\n\tif c, ok := %s[\"k\"]; ok {\n\t\treturn c, nil\n\t}\n\tc, err := %s\n\tif err != nil {\n\t\treturn nil, err\n\t}\n\t%s[\"k\"] = c\n\treturn c, nil\n}",
		f, fails, m, b.lib("", "ctx"), m)
	b.then("@%s[\"k\"].Use()", m)
	return client(f + "(ctx)")
}

func ownCacheAny(b *builder) made {
	f, m := b.own("Cached"), b.top("Cache")
	b.decl("var %s sync.Map", m)
	b.decl("func %s(ctx context.Context) %s {\n\tif v, ok := %s.Load(\"k\"); ok {\n\t\treturn v.(*cl.Client), nil\n\t}\n\tc, err := %s\n\tif err != nil {\n\t\treturn nil, err\n\t}\n\t%s.Store(\"k\", c)\n\treturn c, nil\n}",
		f, fails, m, b.lib("", "ctx"), m)
	b.then("v, _ := @%s.Load(\"k\"); v.(*cl.Client).Use()", m)
	return client(f + "(ctx)")
}

func ownOnce(b *builder) made {
	f, once := b.own("Shared"), b.top("Once")
	b.decl("var %s = sync.OnceValue(func() *cl.Client { return %s })", once, b.lib("Plain", ""))
	b.decl("func %s() *cl.Client { return %s() }", f, once)
	b.then("@%s().Use()", once)
	return plain(f + "()")
}

func ownPointer(b *builder) made {
	f, p := b.own("Current"), b.top("Current")
	b.decl("var %s atomic.Pointer[cl.Client]", p)
	b.decl("func %s() *cl.Client { return %s.Load() }", f, p)
	b.setup = append(b.setup, fmt.Sprintf("@%s.CompareAndSwap(nil, cl.NewPlainClient())", p))
	b.then("@%s.Load().Use()", p)
	return plain(f + "()")
}

func ownChannel(b *builder) made {
	f, ch := b.own("Borrowed"), b.top("Free")
	b.decl("var %s = make(chan *cl.Client, 1)", ch)
	b.decl("func %s() *cl.Client {\n\tselect {\n\tcase c := <-%s:\n\t\t%s <- c\n\t\treturn c\n\tdefault:\n\t\tc := %s\n\t\t%s <- c\n\t\treturn c\n\t}\n}", f, ch, ch, b.lib("Plain", ""), ch)
	b.then("c := <-@%s; c.Use(); @%s <- c", ch, ch)
	return plain(f + "()")
}

func ownRegistry(b *builder) made {
	f, all := b.own("Registered"), b.top("All")
	b.decl("var %s []*cl.Client", all)
	b.decl("func %s() *cl.Client {\n\tc := %s\n\t%s = append(%s, c)\n\treturn c\n}", f, b.lib("Plain", ""), all, all)
	b.then("for _, c := range @%s { c.Use() }", all)
	return plain(f + "()")
}

func ownGoroutine(b *builder) made {
	f := b.own("Served")
	b.decl("func %s(late <-chan struct{}) *cl.Client {\n\tc := %s\n\tgo func() {\n\t\t<-late\n\t\tc.Use()\n\t}()\n\treturn c\n}", f, b.lib("Plain", ""))
	return plain(f + "(" + b.late() + ")")
}

func ownDeferredGlobal(b *builder) made {
	f, g := b.own("Last"), b.top("Last")
	b.decl("var %s *cl.Client", g)
	b.decl("func %s(ctx context.Context) (c *cl.Client, err error) {\n\tdefer func() { %s = c }()\n\treturn %s\n}", f, g, b.lib("", "ctx"))
	b.then("@%s.Use()", g)
	return client(f + "(ctx)")
}

func ownSender(b *builder) made {
	f := b.own("Sent")
	ch := b.param("ch", "chan *cl.Client", "make(chan *cl.Client, 8)")
	b.decl("func %s(ch chan<- *cl.Client) *cl.Client {\n\tc := %s\n\tgo func() { ch <- c }()\n\treturn c\n}", f, b.lib("Plain", ""))
	b.then("c := <-%s; c.Use()", ch)
	return plain(f + "(" + ch + ")")
}

func ownGroup(b *builder) made {
	f, box := b.own("Grouped"), b.box("G", "cl.Group")
	b.decl("func (b *%s) %s(late <-chan struct{}) *cl.Client {\n\tc := %s\n\tb.G.Go(func() error {\n\t\t<-late\n\t\tc.Use()\n\t\treturn nil\n\t})\n\treturn c\n}", box, f, b.lib("Plain", ""))
	return plain(b.param("group", "*"+box, "&"+box+"{}") + "." + f + "(" + b.late() + ")")
}

func ownCacheAfter(b *builder) made {
	f := b.own("Stored")
	box := b.box("M", "map[string]*cl.Client")
	b.decl("func (b *%s) %s(ctx context.Context) %s {\n\tc, err := %s\n\tif err != nil {\n\t\treturn nil, err\n\t}\n\tb.M[\"k\"] = c\n\treturn c, nil\n}", box[1:], f, fails, b.lib("", "ctx"))
	p := b.param("store", "*"+box, fmt.Sprintf("&%s{M: map[string]*cl.Client{}}", box))
	b.then("%s.M[\"k\"].Use()", p)
	return client(p + "." + f + "(ctx)")
}

func ownGetOr(b *builder) made {
	f, get := b.own("Get"), b.top("getOr")
	m := b.param("cache", "map[string]*cl.Client", `map[string]*cl.Client{"k": cl.NewPlainClient()}`)
	b.decl("func %s[K comparable, V any](m map[K]V, k K, mk func() V) V {\n\tif v, ok := m[k]; ok {\n\t\treturn v\n\t}\n\tv := mk()\n\tm[k] = v\n\treturn v\n}", get)
	b.decl("func %s(m map[string]*cl.Client) *cl.Client {\n\treturn %s(m, \"k\", func() *cl.Client { return %s })\n}", f, get, b.lib("Plain", ""))
	b.then("%s[\"k\"].Use()", m)
	return plain(f + "(" + m + ")")
}

func ownSometimes(b *builder) made {
	f := b.own("Sometimes")
	given := b.param("given", "*cl.Client", "cl.NewPlainClient()")
	b.decl("func %s(n int, c *cl.Client) *cl.Client {\n\tif n == 1 {\n\t\treturn c\n\t}\n\treturn %s\n}", f, b.lib("Plain", ""))
	b.then("%s.Use()", given)
	return plain(f + "(n, " + given + ")")
}

func ownContext(b *builder) made {
	f, key := b.own("From"), b.top("Key")
	b.decl("type %s struct{}", key)
	b.decl("func %s(ctx context.Context) *cl.Client {\n\tc, _ := ctx.Value(%s{}).(*cl.Client)\n\treturn c\n}", f, key)
	b.setup = append(b.setup, "held := cl.NewPlainClient()", fmt.Sprintf("call.Ctx = context.WithValue(call.Ctx, @%s{}, held)", key))
	b.then("held.Use()")
	return plain(f + "(ctx)")
}

func functionParam(b *builder) made {
	b.setup = append(b.setup, "held := cl.NewPlainClient()")
	b.then("held.Use()")
	if b.plan.Open {
		return plain(b.param("openIt", "func() *cl.Client", "func() *cl.Client { return held }") + "()")
	}
	box := b.box("NewHeldClient", "func() *cl.Client")
	return plain(b.param("env", "*"+box, fmt.Sprintf("&%s{func() *cl.Client { return held }}", box)) + ".NewHeldClient()")
}

func functionField(b *builder) made {
	box, f := b.box("Mk", "func() *cl.Client"), b.own("Made")
	b.setup = append(b.setup, "held := cl.NewPlainClient()")
	b.then("held.Use()")
	b.decl("func (b *%s) %s() *cl.Client { return b.Mk() }", box[1:], f)
	return plain(b.param("factory", "*"+box, fmt.Sprintf("&%s{Mk: func() *cl.Client { return held }}", box)) + "." + f + "()")
}

func interfaceFactory(b *builder) made {
	m, face, impl := "NewHeldClient", b.top("Factory"), b.top("Impl")
	if b.plan.Open {
		m = "OpenHeld"
	}
	b.decl("type %s interface{ %s() *cl.Client }", face, m)
	b.decl("type %s struct{ C *cl.Client }", impl)
	b.decl("func (i %s) %s() *cl.Client { return i.C }", impl, m)
	b.setup = append(b.setup, "held := cl.NewPlainClient()")
	b.then("held.Use()")
	return plain(b.param("factory", "@"+face, fmt.Sprintf("@%s{held}", impl)) + "." + m + "()")
}

// globalSeam is what tests put something else into.
func globalSeam(b *builder) made {
	g := b.top("NewSeam") + "Client"
	if b.plan.Open {
		g = b.top("OpenSeam")
	}
	b.decl("var %s = func(ctx context.Context) %s { return %s }", g, fails, b.lib("", "ctx"))
	return client(g + "(ctx)")
}

// ownDrops puts the client into something that it then drops.
func ownDrops(b *builder) made {
	f, box := b.own("Dropping"), b.box("C", "*cl.Client")
	b.decl("func (b *%s) fill(ctx context.Context) (err error) {\n\tb.C, err = %s\n\treturn err\n}", box[1:], b.lib("", "ctx"))
	b.decl("func %s(ctx context.Context) %s {\n\tb := &%s{}\n\tif err := b.fill(ctx); err != nil {\n\t\treturn nil, err\n\t}\n\treturn b.C, nil\n}", f, fails, box[1:])
	return client(f + "(ctx)")
}

func ownCleansUp(b *builder) made {
	b.test()
	f := b.own("Tested")
	b.decl("func %s(t *testing.T) *cl.Client {\n\tc := %s\n\tt.Cleanup(func() { c.Close() })\n\treturn c\n}", f, b.lib("Plain", ""))
	return plain(f + "(t)")
}

func ownCleansUpOnce(b *builder) made {
	b.test()
	f := b.own("Tested")
	b.decl("func %s(t *testing.T, n int) *cl.Client {\n\tif n == 1 {\n\t\tc := %s\n\t\tt.Cleanup(func() { c.Close() })\n\t\treturn c\n\t}\n\treturn %s\n}", f, b.lib("Plain", ""), b.lib("Plain", ""))
	return plain(f + "(t, n)")
}

// ownInterface hides the type; what it gives has no release by it.
func ownInterface(b *builder) made {
	f, face := b.own("Hidden"), b.top("Face")
	b.decl("type %s interface {\n\tUse() string\n\tWrite([]byte) (int, error)\n\tClose() error\n}", face)
	b.decl("func %s(ctx context.Context) (%s, error) {\n\tc, err := %s\n\tif err != nil {\n\t\treturn nil, err\n\t}\n\treturn c, nil\n}", f, face, b.lib("", "ctx"))
	return made{call: f + "(ctx)", typ: "@" + face, kind: "face", err: true}
}
