package main

import (
	"fmt"
	"strings"
)

// A wrap makes another value that leads to the client.
type wrap func(b *builder, v val) val

// around is a value of type typ, made by expr, from which `step` leads to v.
func (b *builder) around(v val, typ, expr string, step func(x string) string) val {
	w := val{expr: b.let(expr), typ: typ, use: func(x string) string { return v.use(step(x)) }}
	if v.close != nil {
		w.close = func(x string) string { return v.close(step(x)) }
	}
	return w
}

// hidden is a value that leads to the client by a method or by being called only: nobody can close it through that.
func (b *builder) hidden(typ, expr string, use func(x string) string) val {
	return val{expr: b.let(expr), typ: typ, use: use}
}

func suffix(s string) func(string) string { return func(x string) string { return x + s } }

// has says whether v has the methods of a client.
func has(v val) bool { return v.use("x") == "x.Use()" }

// writes says whether v is a writer, as all clients of the library are.
func writes(v val) bool { return has(v) && strings.HasPrefix(v.typ, "*cl.") && v.close != nil }

// only rules out what cannot be written in Go.
func only(ok bool) {
	if !ok {
		panic(inapplicable{})
	}
}

type inapplicable struct{}

const user = "interface{ Use() string }"

var wraps = map[string]wrap{
	"struct": func(b *builder, v val) val {
		box := b.box("C", v.typ)
		return b.around(v, box, box+"{C: "+v.expr+"}", suffix(".C"))
	},
	"pointer to struct": func(b *builder, v val) val {
		box := b.box("C", v.typ)
		return b.around(v, "*"+box, "&"+box+"{C: "+v.expr+"}", suffix(".C"))
	},
	"embedded": func(b *builder, v val) val {
		only(v.typ == "*cl.Client")
		box := b.top("Emb")
		b.decl("type %s struct{ *cl.Client }", box)
		return b.around(v, "@"+box, "@"+box+"{"+v.expr+"}", suffix(map[bool]string{false: ".Client", true: ".ClientConn"}[b.plan.Open]))
	},
	"embedded interface": func(b *builder, v val) val {
		only(has(v))
		box := b.top("Emb")
		b.decl("type %s struct{ Using%s }", box, box)
		b.decl("type Using%s interface{ Use() string }", box)
		return b.hidden("@"+box, "@"+box+"{"+v.expr+"}", suffix(".Use()"))
	},
	"interface": func(b *builder, v val) val {
		only(has(v))
		return b.hidden(user, user+"("+v.expr+")", suffix(".Use()"))
	},
	"named interface": func(b *builder, v val) val {
		only(has(v))
		face := b.top("User")
		b.decl("type %s interface{ Use() string }", face)
		return b.hidden("@"+face, "@"+face+"("+v.expr+")", suffix(".Use()"))
	},
	"any": func(b *builder, v val) val {
		return b.around(v, "any", "any("+v.expr+")", func(x string) string { return x + ".(" + v.typ + ")" })
	},
	"method value": func(b *builder, v val) val {
		only(has(v))
		return b.hidden("func() string", v.expr+".Use", suffix("()"))
	},
	"closure": func(b *builder, v val) val {
		return b.hidden("func()", "func() { "+v.used()+" }", suffix("()"))
	},
	"getter": func(b *builder, v val) val {
		return b.around(v, "func() "+v.typ, "func() "+v.typ+" { return "+v.expr+" }", suffix("()"))
	},
	"slice": func(b *builder, v val) val {
		return b.around(v, "[]"+v.typ, "[]"+v.typ+"{"+v.expr+"}", suffix("[0]"))
	},
	"array": func(b *builder, v val) val {
		return b.around(v, "[1]"+v.typ, "[1]"+v.typ+"{"+v.expr+"}", suffix("[0]"))
	},
	"map": func(b *builder, v val) val {
		return b.around(v, "map[string]"+v.typ, "map[string]"+v.typ+"{\"k\": "+v.expr+"}", suffix("[\"k\"]"))
	},
	"map key": func(b *builder, v val) val {
		only(v.typ == "*cl.Client")
		return b.hidden("map[*cl.Client]bool", "map[*cl.Client]bool{"+v.expr+": true}", func(x string) string { return "for k := range " + x + " { k.Use() }" })
	},
	"channel": func(b *builder, v val) val {
		ch := b.name("ch")
		b.emit("%s := make(chan %s, 1)", ch, v.typ)
		b.emit("%s <- %s", ch, v.expr)
		return b.around(v, "chan "+v.typ, ch, func(x string) string { return "(<-" + x + ")" })
	},
	"pointer": func(b *builder, v val) val {
		p := b.name("p")
		b.emit("%s := %s", p, v.expr)
		return b.around(v, "*"+v.typ, "&"+p, func(x string) string { return "(*" + x + ")" })
	},
	"stub": func(b *builder, v val) val {
		only(v.typ == "*cl.Client")
		return b.hidden("*cl.Stub", "cl.NewStub("+v.expr+")", suffix(".Use()"))
	},
	"service": func(b *builder, v val) val {
		only(v.typ == "*cl.Client")
		return b.hidden("cl.Service", "cl.NewService("+v.expr+")", suffix(".Use()"))
	},
	"handle": func(b *builder, v val) val {
		only(v.typ == "*cl.Client")
		return b.hidden("*cl.Sub", v.expr+".Sub(\"s\")", suffix(".Use()"))
	},
	"with": func(b *builder, v val) val {
		only(v.typ == "*cl.Client")
		return b.around(v, v.typ, v.expr+".With(\"s\")", suffix(""))
	},
	"clone": func(b *builder, v val) val {
		only(v.typ == "*cl.Client")
		return b.around(v, v.typ, v.expr+".Clone()", suffix(""))
	},
	"alias": func(b *builder, v val) val {
		a := b.name("a")
		b.emit("%s := %s", a, v.expr)
		return b.around(v, v.typ, a, suffix(""))
	},
	"context": func(b *builder, v val) val {
		key := b.top("Key")
		b.decl("type %s struct{}", key)
		return b.around(v, "context.Context", "context.WithValue(ctx, @"+key+"{}, "+v.expr+")",
			func(x string) string { return x + ".Value(@" + key + "{}).(" + v.typ + ")" })
	},
	"list": func(b *builder, v val) val {
		l := b.name("l")
		b.emit("%s := list.New()", l)
		b.emit("%s.PushBack(%s)", l, v.expr)
		return b.around(v, "*list.List", l, func(x string) string { return x + ".Front().Value.(" + v.typ + ")" })
	},
	"ring": func(b *builder, v val) val {
		r := b.name("r")
		b.emit("%s := ring.New(1)", r)
		b.emit("%s.Value = %s", r, v.expr)
		return b.around(v, "*ring.Ring", r, func(x string) string { return x + ".Value.(" + v.typ + ")" })
	},
	"linked list": func(b *builder, v val) val {
		node := b.top("Node")
		b.decl("type %s struct {\n\tV    %s\n\tNext *%s\n}", node, v.typ, node)
		return b.around(v, "*@"+node, "&@"+node+"{Next: &@"+node+"{V: "+v.expr+"}}", suffix(".Next.V"))
	},
	"error": func(b *builder, v val) val {
		only(has(v))
		e := b.top("Err")
		b.decl("type %s struct{ C %s }", e, user)
		b.decl("func (e *%s) Error() string { return \"failed\" }", e)
		return b.hidden("error", "fmt.Errorf(\"open: %w\", &@"+e+"{"+v.expr+"})",
			func(x string) string { return "{ var e *@" + e + "; if errors.As(" + x + ", &e) { e.C.Use() } }" })
	},
	"generic struct": func(b *builder, v val) val {
		box := b.top("Gen")
		b.decl("type %s[T any] struct{ V T }", box)
		return b.around(v, "@"+box+"["+v.typ+"]", "@"+box+"["+v.typ+"]{V: "+v.expr+"}", suffix(".V"))
	},
	"identity": func(b *builder, v val) val {
		f := b.top("same")
		b.decl("func %s[T any](v T) T { return v }", f)
		return b.around(v, v.typ, f+"("+v.expr+")", suffix(""))
	},
	"helper": func(b *builder, v val) val {
		f, box := b.top("wrap"), b.box("C", v.typ)
		b.decl("func %s(v %s) *%s { return &%s{C: v} }", f, v.typ, box, box)
		return b.around(v, "*"+box, f+"("+v.expr+")", suffix(".C"))
	},
	"helper, any": func(b *builder, v val) val {
		f := b.top("hide")
		b.decl("func %s(v any) any { return v }", f)
		return b.around(v, "any", f+"("+v.expr+")", func(x string) string { return x + ".(" + v.typ + ")" })
	},
	"method of a holder": func(b *builder, v val) val {
		box, h := b.box("C", v.typ), b.name("h")
		b.decl("func (b *%s) get() %s { return b.C }", box, v.typ)
		b.emit("%s := &%s{C: %s}", h, box, v.expr)
		return b.around(v, "func() "+v.typ, h+".get", suffix("()"))
	},
	"errors joined": func(b *builder, v val) val {
		only(has(v))
		e := b.top("Err")
		b.decl("type %s struct{ C %s }", e, user)
		b.decl("func (e *%s) Error() string { return \"failed\" }", e)
		return b.hidden("error", "errors.Join(context.Canceled, &@"+e+"{"+v.expr+"})",
			func(x string) string { return "{ var e *@" + e + "; if errors.As(" + x + ", &e) { e.C.Use() } }" })
	},
	"values of a map": func(b *builder, v val) val {
		return b.hidden("iter.Seq["+v.typ+"]", "maps.Values(map[int]"+v.typ+"{1: "+v.expr+"})", func(x string) string { return "for y := range " + x + " { " + v.use("y") + " }" })
	},
	"once value": func(b *builder, v val) val {
		return b.around(v, "func() "+v.typ, "sync.OnceValue(func() "+v.typ+" { return "+v.expr+" })", suffix("()"))
	},
	"sequence": func(b *builder, v val) val {
		return b.hidden("iter.Seq["+v.typ+"]", "slices.Values([]"+v.typ+"{"+v.expr+"})", func(x string) string { return "for y := range " + x + " { " + v.use("y") + " }" })
	},
	"json encoder": func(b *builder, v val) val {
		only(writes(v))
		return b.hidden("*json.Encoder", "json.NewEncoder("+v.expr+")", suffix(".Encode(1)"))
	},
	"gob encoder": func(b *builder, v val) val {
		only(writes(v))
		return b.hidden("*gob.Encoder", "gob.NewEncoder("+v.expr+")", suffix(".Encode(1)"))
	},
	"logger": func(b *builder, v val) val {
		only(writes(v))
		return b.hidden("*log.Logger", "log.New("+v.expr+", \"\", 0)", suffix(".Print(1)"))
	},
	"slog": func(b *builder, v val) val {
		only(writes(v))
		return b.hidden("*slog.Logger", "slog.New(slog.NewJSONHandler("+v.expr+", nil))", suffix(".Info(\"m\")"))
	},
	"buffered writer": func(b *builder, v val) val {
		only(writes(v))
		return b.hidden("*bufio.Writer", "bufio.NewWriter("+v.expr+")", func(x string) string { return x + ".WriteByte('x'); " + x + ".Flush()" })
	},
	"multi writer": func(b *builder, v val) val {
		only(writes(v))
		return b.hidden("io.Writer", "io.MultiWriter(io.Discard, "+v.expr+")", suffix(".Write([]byte{1})"))
	},
	"reflect": func(b *builder, v val) val {
		only(has(v))
		return b.hidden("reflect.Value", "reflect.ValueOf("+v.expr+")", suffix(".MethodByName(\"Use\").Call(nil)"))
	},
	"template": func(b *builder, v val) val {
		only(has(v))
		return b.hidden("*template.Template", "template.Must(template.New(\"x\").Funcs(template.FuncMap{\"use\": "+v.expr+".Use}).Parse(\"{{use}}\"))",
			suffix(".Execute(io.Discard, nil)"))
	},
	"handler": func(b *builder, v val) val {
		return b.hidden("http.Handler", "http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { "+v.used()+" })",
			suffix(".ServeHTTP(nil, nil)"))
	},
	"atomic value": func(b *builder, v val) val {
		a := b.name("a")
		b.emit("%s := &atomic.Value{}", a)
		b.emit("%s.Store(%s)", a, v.expr)
		return b.around(v, "*atomic.Value", a, func(x string) string { return x + ".Load().(" + v.typ + ")" })
	},
	"sync map": func(b *builder, v val) val {
		m := b.name("m")
		b.emit("%s := &sync.Map{}", m)
		b.emit("%s.Store(\"k\", %s)", m, v.expr)
		return b.hidden("*sync.Map", m, func(x string) string {
			return "{ y, _ := " + x + ".Load(\"k\"); " + v.use("y.("+v.typ+")") + " }"
		})
	},
	"address": func(b *builder, v val) val {
		only(v.typ == "*cl.Server")
		return b.hidden("string", fmt.Sprintf("%s.URL", v.expr), func(x string) string { return "cl.Ask(" + x + ")" })
	},
	"address, method": func(b *builder, v val) val {
		only(v.typ == "*cl.Server")
		return b.hidden("string", fmt.Sprintf("%s.Addr()", v.expr), func(x string) string { return "cl.Ask(" + x + ")" })
	},
}

// A holder is made before the client is there: the value that leads to it, and what puts the client in.
type holder func(b *builder, c val) (val, func(x string))

// held is what holders have in common: a variable of a type, from which `step` leads to the client.
func held(c val, expr, typ string, step func(string) string) val {
	return val{expr: expr, typ: typ, use: func(x string) string { return c.use(step(x)) }}
}

func structHolder(fill func(b *builder, h, box, x, typ string)) holder {
	return func(b *builder, c val) (val, func(string)) {
		box, h := b.box("C", c.typ), b.name("h")
		b.emit("%s := &%s{}", h, box)
		return held(c, h, "*"+box, suffix(".C")), func(x string) { fill(b, h, box, x, c.typ) }
	}
}

func collection(typ, empty string, step func(string) string, fill func(b *builder, h, x, typ string)) holder {
	return func(b *builder, c val) (val, func(string)) {
		h := b.name("h")
		t := fmt.Sprintf(typ, c.typ)
		b.emit("%s := %s", h, strings.NewReplacer("TYPE", t, "CLIENT", c.typ).Replace(empty))
		return held(c, h, t, step), func(x string) { fill(b, h, x, c.typ) }
	}
}

func put(format string) func(b *builder, h, x, typ string) {
	return func(b *builder, h, x, typ string) {
		b.emit("%s", strings.NewReplacer("HOLDER", h, "CLIENT", x, "TYPE", typ).Replace(format))
	}
}

var holders = map[string]holder{
	"field": structHolder(func(b *builder, h, box, x, typ string) { b.emit("%s.C = %s", h, x) }),
	"field, method": structHolder(func(b *builder, h, box, x, typ string) {
		b.decl("func (b *%s) set(c %s) { b.C = c }", box, typ)
		b.emit("%s.set(%s)", h, x)
	}),
	"field, function": structHolder(func(b *builder, h, box, x, typ string) {
		f := b.top("fill")
		b.decl("func %s(b *%s, c %s) { b.C = c }", f, box, typ)
		b.emit("%s(%s, %s)", f, h, x)
	}),
	"field, closure": structHolder(func(b *builder, h, box, x, typ string) {
		f := b.name("f")
		b.emit("%s := func() { %s.C = %s }", f, h, x)
		b.emit("%s()", f)
	}),
	"field, alias": structHolder(func(b *builder, h, box, x, typ string) {
		a := b.name("a")
		b.emit("%s := %s", a, h)
		b.emit("%s.C = %s", a, x)
	}),
	"field, pointer": structHolder(func(b *builder, h, box, x, typ string) {
		a := b.name("a")
		b.emit("%s := &%s.C", a, h)
		b.emit("*%s = %s", a, x)
	}),
	"field, embedded view": structHolder(func(b *builder, h, box, x, typ string) {
		q := b.name("q")
		b.emit("%s := struct{ *%s }{%s}", q, box, h)
		b.emit("%s.C = %s", q, x)
	}),
	"field, range": structHolder(func(b *builder, h, box, x, typ string) {
		b.emit("for _, y := range []*%s{%s} { y.C = %s }", box, h, x)
	}),
	"field, reflect": structHolder(func(b *builder, h, box, x, typ string) {
		b.emit("reflect.ValueOf(%s).Elem().Field(0).Set(reflect.ValueOf(%s))", h, x)
	}),
	"field, once": structHolder(func(b *builder, h, box, x, typ string) {
		b.emit("new(sync.Once).Do(func() { %s.C = %s })", h, x)
	}),
	"whole struct": structHolder(func(b *builder, h, box, x, typ string) { b.emit("*%s = %s{C: %s}", h, box, x) }),
	"inner struct": func(b *builder, c val) (val, func(string)) {
		box := b.box("C", c.typ)
		outer, h, in := b.box("In", "*"+box), b.name("h"), b.name("in")
		b.emit("%s := &%s{In: &%s{}}", h, outer, box)
		b.emit("%s := %s.In", in, h)
		return held(c, h, "*"+outer, suffix(".In.C")), func(x string) { b.emit("%s.C = %s", in, x) }
	},
	"other alias": func(b *builder, c val) (val, func(string)) {
		box, h, a := b.box("C", c.typ), b.name("h"), b.name("a")
		b.emit("%s := &%s{}", h, box)
		b.emit("%s := %s", a, h)
		return held(c, a, "*"+box, suffix(".C")), func(x string) { b.emit("%s.C = %s", h, x) }
	},
	"map":          collection("map[string]%s", "TYPE{}", suffix(`["k"]`), put("HOLDER[\"k\"] = CLIENT")),
	"map, copy":    collection("map[string]%s", "TYPE{}", suffix(`["k"]`), put("maps.Copy(HOLDER, map[string]TYPE{\"k\": CLIENT})")),
	"map, insert":  collection("map[string]%s", "TYPE{}", suffix(`["k"]`), put("maps.Insert(HOLDER, maps.All(map[string]TYPE{\"k\": CLIENT}))")),
	"slice":        collection("[]%s", "make(TYPE, 1)", suffix("[0]"), put("HOLDER[0] = CLIENT")),
	"slice, copy":  collection("[]%s", "make(TYPE, 1)", suffix("[0]"), put("copy(HOLDER, []TYPE{CLIENT})")),
	"slice, spare": collection("[]%s", "make(TYPE, 1)", suffix("[0]"), put("_ = append(HOLDER[:0], CLIENT)")),
	"slice, alias": collection("[]%s", "make(TYPE, 1)", suffix("[0]"), func(b *builder, h, x, typ string) {
		a := b.name("a")
		b.emit("%s := %s[:1]", a, h)
		b.emit("%s[0] = %s", a, x)
	}),
	"array":    collection("*[1]%s", "new([1]CLIENT)", suffix("[0]"), put("HOLDER[0] = CLIENT")),
	"channel":  collection("chan %s", "make(TYPE, 1)", func(x string) string { return "(<-" + x + ")" }, put("HOLDER <- CLIENT")),
	"variable": collection("*%s", "new(CLIENT)", func(x string) string { return "(*" + x + ")" }, put("*HOLDER = CLIENT")),
	"keeper":   collection("*cl.Keeper[%s]", "new(cl.Keeper[CLIENT])", suffix(".V"), put("HOLDER.Keep(CLIENT)")),
	"list": func(b *builder, c val) (val, func(string)) {
		h := b.name("h")
		b.emit("%s := list.New()", h)
		return held(c, h, "*list.List", func(x string) string { return x + ".Front().Value.(" + c.typ + ")" }), func(x string) { b.emit("%s.PushBack(%s)", h, x) }
	},
	"ring": func(b *builder, c val) (val, func(string)) {
		h := b.name("h")
		b.emit("%s := ring.New(1)", h)
		return held(c, h, "*ring.Ring", func(x string) string { return x + ".Value.(" + c.typ + ")" }), func(x string) { b.emit("%s.Value = %s", h, x) }
	},
	"atomic value": func(b *builder, c val) (val, func(string)) {
		h := b.name("h")
		b.emit("%s := &atomic.Value{}", h)
		return held(c, h, "*atomic.Value", func(x string) string { return x + ".Load().(" + c.typ + ")" }), func(x string) { b.emit("%s.Store(%s)", h, x) }
	},
	"linked list": func(b *builder, c val) (val, func(string)) {
		node, h := b.top("Node"), b.name("h")
		b.decl("type %s struct {\n\tV    %s\n\tNext *%s\n}", node, c.typ, node)
		b.emit("%s := &%s{}", h, node)
		return held(c, h, "*@"+node, suffix(".Next.V")), func(x string) { b.emit("%s.Next = &%s{V: %s}", h, node, x) }
	},
	"closure": func(b *builder, c val) (val, func(string)) {
		v, h := b.name("v"), b.name("h")
		b.emit("var %s %s", v, c.typ)
		b.emit("%s := func() { %s }", h, c.use(v))
		return val{expr: h, typ: "func()", use: suffix("()")}, func(x string) { b.emit("%s = %s", v, x) }
	},
	"closure, getter": func(b *builder, c val) (val, func(string)) {
		v, h := b.name("v"), b.name("h")
		b.emit("var %s %s", v, c.typ)
		b.emit("%s := func() %s { return %s }", h, c.typ, v)
		return held(c, h, "func() "+c.typ, suffix("()")), func(x string) { b.emit("%s = %s", v, x) }
	},
	"the variable itself": func(b *builder, c val) (val, func(string)) {
		only(b.plan.Acquire == "variable")
		h := b.name("h")
		b.emit("%s := &%s", h, c.expr)
		return held(c, h, "*"+c.typ, func(x string) string { return "(*" + x + ")" }), func(string) {}
	},
	"closure over the variable": func(b *builder, c val) (val, func(string)) {
		only(b.plan.Acquire == "variable")
		h := b.name("h")
		b.emit("%s := func() { %s }", h, c.used())
		return val{expr: h, typ: "func()", use: suffix("()")}, func(string) {}
	},
}
