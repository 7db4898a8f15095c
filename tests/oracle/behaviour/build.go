package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A builder puts one function together: its text, and what its caller does with it. In all texts `$` stands for the function's
// number, and `@` for the package that the caller knows it by.
type builder struct {
	plan    *plan
	made    made
	decls   []string // beside the function
	params  []param
	results []result
	setup   []string // what the caller does before the call
	head    []string // of the body, before anything is opened
	cur     *[]string
	after   []string // what the caller does when the function has returned
	last    int      // the number of the last name
	inline  bool     // values go without a variable of their own
	early   bool     // the list that is filled stands before anything is opened
	needs   map[string]bool
}

type param struct{ name, typ string }

type result struct{ name, typ string }

// A val is an expression, and how to use and close the client behind it; close is nil where that cannot be said in Go.
type val struct {
	expr, typ string
	use       func(x string) string
	close     func(x string) string
}

func (v val) used() string { return v.use(v.expr) }

func (b *builder) name(prefix string) string {
	b.last++
	return fmt.Sprintf("%s%d", prefix, b.last)
}

// top is the name of a declaration, which other packages can see.
func (b *builder) top(prefix string) string {
	b.last++
	return fmt.Sprintf("%s$x%d", prefix, b.last)
}

func (b *builder) emit(format string, args ...any) {
	*b.cur = append(*b.cur, fmt.Sprintf(format, args...))
}

func (b *builder) first(format string, args ...any) {
	b.head = append(b.head, fmt.Sprintf(format, args...))
}

func (b *builder) decl(format string, args ...any) {
	b.decls = append(b.decls, fmt.Sprintf(format, args...))
}

// then makes the caller use something afterwards.
func (b *builder) then(format string, args ...any) {
	b.after = append(b.after, fmt.Sprintf("count.After(func() { %s })", fmt.Sprintf(format, args...)))
}

// box declares a type around another, with a field.
func (b *builder) box(field, typ string) string {
	name := b.top("Box")
	b.decl("type %s struct{ %s %s }", name, field, typ)
	return "@" + name
}

// let gives an expression a variable, or takes it as it is.
func (b *builder) let(expr string) string {
	if b.inline {
		return "(" + expr + ")"
	}
	v := b.name("v")
	b.emit("%s := %s", v, expr)
	return v
}

// param adds a parameter, which the caller gives a variable that `init` fills.
func (b *builder) param(prefix, typ, init string) string {
	name := b.name(prefix)
	b.params = append(b.params, param{name, typ})
	b.setup = append(b.setup, fmt.Sprintf("var %s %s = %s", name, typ, init))
	return name
}

// late is the channel that is closed after the function has returned.
func (b *builder) late() string {
	if !b.needs["late"] {
		b.needs["late"] = true
		b.params = append(b.params, param{"late", "<-chan struct{}"})
		b.setup = append(b.setup, "late := call.Late")
	}
	return "late"
}

// result adds a result, and returns the variable that becomes it.
func (b *builder) result(typ string) string {
	name := b.name("out")
	b.results = append(b.results, result{name, typ})
	return name
}

// block runs f with what it emits kept apart, and returns that.
func (b *builder) block(f func()) []string {
	var lines []string
	outer := b.cur
	b.cur = &lines
	f()
	b.cur = outer
	return lines
}

var ret = regexp.MustCompile(`RET\(([\w.]*)\)`)

// returns writes out the return statements, now that all results are known.
func (b *builder) returns(text string) string {
	if b.plan.Test {
		return ret.ReplaceAllStringFunc(text, func(m string) string {
			if m == "RET(err)" {
				return "t.Fatal(err)"
			}
			return "return"
		})
	}
	var names []string
	for _, r := range b.results {
		names = append(names, r.name)
	}
	return ret.ReplaceAllStringFunc(text, func(m string) string {
		err := ret.FindStringSubmatch(m)[1]
		return fmt.Sprintf("return %s", strings.Join(append(slices.Clone(names), err), ", "))
	})
}

var packages = map[string]string{
	"atomic": "sync/atomic", "bufio": "bufio", "cl": "example.com/lib/cl", "context": "context", "count": "example.com/lib/count",
	"errors": "errors", "fmt": "fmt", "gob": "encoding/gob",
	"grpc": "google.golang.org/grpc", "heap": "container/heap", "http": "net/http", "httptest": "net/http/httptest",
	"io": "io", "iter": "iter", "json": "encoding/json", "list": "container/list", "log": "log", "maps": "maps", "reflect": "reflect",
	"ring": "container/ring", "slices": "slices", "slog": "log/slog", "sync": "sync", "template": "text/template", "testing": "testing",
}

var selector = regexp.MustCompile(`(?:^|[^\w.]|\.\.\.)([a-z]+)\.`)

// imports is the import declaration that a text needs, and those besides.
func imports(text string, besides ...string) string {
	found := map[string]bool{}
	for _, m := range selector.FindAllStringSubmatch(text, -1) {
		if path, ok := packages[m[1]]; ok {
			found[path] = true
		}
	}
	lines := besides
	for path := range found {
		lines = append(lines, fmt.Sprintf("%q", path))
	}
	slices.SortFunc(lines, func(a, b string) int {
		return strings.Compare(a[strings.IndexByte(a, '"'):], b[strings.IndexByte(b, '"'):])
	})
	if len(lines) == 0 {
		return ""
	}
	return "import (\n\t" + strings.Join(lines, "\n\t") + "\n)\n\n"
}

// connections turns clients into connections: the rule for these knows functions by what the index says of their packages, so
// that the library has to go by a name which is there.
var connections = strings.NewReplacer("cl.OpenOpts(", "grpc.DialContext(", "cl.Open(", "grpc.Dial(", "cl.NewClient(", "grpc.Dial(",
	"cl.Client", "grpc.ClientConn", "Emb.Client", "Emb.ClientConn", "cl.", "grpc.")

// asConnections does the same to the library itself.
var asConnections = strings.NewReplacer("package cl", "package grpc", "OpenOpts", "DialContext", "func Open(", "func Dial(", "*Client", "*ClientConn",
	"type Client ", "type ClientConn ", "&Client{", "&ClientConn{")

// A rendered function: the file that unleak sees, and the text of its caller, which it does not.
type rendered struct{ decls, driver string }

// render writes a plan out under a number.
func render(p *plan, id, pack string) rendered {
	b := &builder{plan: p, needs: map[string]bool{}}
	body := b.whole()
	var params, args, types []string
	if p.Test {
		params = append(params, "t *testing.T")
	}
	params, args = append(params, "ctx context.Context", "n int"), append(args, "call.Ctx", "call.N")
	for _, q := range b.params {
		params, args = append(params, q.name+" "+q.typ), append(args, q.name)
	}
	var locals []string
	for _, r := range b.results {
		if p.Named {
			types = append(types, r.name+" "+r.typ)
		} else {
			types = append(types, r.typ)
			locals = append(locals, fmt.Sprintf("var %s %s", r.name, r.typ))
		}
	}
	head := ""
	switch {
	case p.Test:
	case p.Named:
		head = "(" + strings.Join(append(types, "err error"), ", ") + ") "
	case len(types) == 0:
		head = "error "
	default:
		head = "(" + strings.Join(append(types, "error"), ", ") + ") "
	}
	lines := append(locals, b.head...)
	lines = append(lines, body...)
	text := strings.Join(b.decls, "\n\n") + fmt.Sprintf("\n\nfunc F$(%s) %s{\n%s\n}\n", strings.Join(params, ", "), head, strings.Join(lines, "\n"))
	text = strings.TrimLeft(b.returns(text), "\n")
	fill := func(s, qualifier string) string {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "@", qualifier), "$", id)
		if p.Open {
			return connections.Replace(s)
		}
		return s
	}
	return rendered{decls: fill(text, ""), driver: fill(b.caller(args), pack+".")}
}

// caller is the text of the function that calls this one and goes on to use what it got.
func (b *builder) caller(args []string) string {
	lines := slices.Clone(b.setup)
	var outs []string
	for _, r := range b.results {
		lines = append(lines, fmt.Sprintf("var %s %s", r.name, r.typ))
		outs = append(outs, r.name)
	}
	if b.plan.Test {
		lines = append(lines, fmt.Sprintf("call.Test(func(t *testing.T) { @F$(%s) })", strings.Join(append([]string{"t"}, args...), ", ")))
	} else {
		lines = append(lines, fmt.Sprintf("call.In(func() { %s = @F$(%s) })", strings.Join(append(outs, "_"), ", "), strings.Join(args, ", ")))
	}
	lines = append(lines, b.after...)
	return fmt.Sprintf("func D$(call *count.Call) {\n%s\n}\n", strings.Join(lines, "\n"))
}
