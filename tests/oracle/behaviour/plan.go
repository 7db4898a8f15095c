package main

import (
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
)

// A plan says what a function does with a client, in the words of the grammar. Everything about a function follows from it.
type plan struct {
	Maker   string
	Acquire string
	Open    bool // the constructors have the names that the rule for connections goes by
	Named   bool // results have names
	Test    bool // the function is a test
	Parts   []part
	Release string // "" leaks
}

// A part puts the client, or something made around it, somewhere.
type part struct {
	Holder string   // made before the client; "" where the value is made of the client
	Late   bool     // a holder that is shown to others only when the client is in it
	Wraps  []string // from the inside out
	Inline bool
	Sink   string
	Flow   string // what the statement stands in; "" none
}

func (p part) equal(q part) bool {
	return p.Holder == q.Holder && p.Late == q.Late && p.Inline == q.Inline && p.Sink == q.Sink && p.Flow == q.Flow && slices.Equal(p.Wraps, q.Wraps)
}

// flows are the statements that a part can stand in.
var flows = map[string]string{
	"if":        "if n > 0 {\nBODY\n}",
	"if else":   "if n == 1 {\n_ = n\n} else {\nBODY\n}",
	"loop":      "for range 2 {\nBODY\n}",
	"range":     "for _, s := range []string{\"a\"} {\n_ = s\nBODY\n}",
	"switch":    "switch n {\ncase 0, 1:\nBODY\ndefault:\n}",
	"call":      "func() {\nBODY\n}()",
	"literal":   "f := func() {\nBODY\n}\nf()",
	"once":      "var once sync.Once\nonce.Do(func() {\nBODY\n})",
	"callee":    "cl.Now(func() {\nBODY\n})",
	"until":     "cl.Eventually(func() bool {\nBODY\nreturn true\n})",
	"joined":    "joined := make(chan struct{})\ngo func() {\ndefer close(joined)\nBODY\n}()\n<-joined",
	"deferred":  "defer func() {\nBODY\n}()",
	"return":    "BODY\nif n == 1 {\nRET(nil)\n}",
	"returned":  "if n == 1 {\nRET(nil)\n}\nBODY",
	"select":    "select {\ncase <-ctx.Done():\nRET(nil)\ndefault:\nBODY\n}",
	"type case": "switch any(n).(type) {\ncase int:\nBODY\n}",
}

// acquires are the ways to bind what a constructor gives. VAR is the variable, TYPE its type, CALL the call.
var acquires = map[string]struct {
	fallible, plain string
	first           string // before all else
}{
	"":                  {fallible: "VAR, err := CALL\nif err != nil {\nRET(err)\n}", plain: "VAR := CALL"},
	"variable":          {first: "var VAR TYPE", fallible: "var err error\nVAR, err = CALL\nif err != nil {\nRET(err)\n}", plain: "VAR = CALL"},
	"must":              {fallible: "VAR := must$(CALL)", plain: "VAR := CALL"},
	"retry":             {fallible: "var VAR TYPE\nvar err error\nfor range 2 {\nif VAR, err = CALL; err == nil {\nbreak\n}\n}\nif err != nil {\nRET(err)\n}"},
	"literal":           {fallible: "var VAR TYPE\nvar err error\nfunc() {\nVAR, err = CALL\n}()\nif err != nil {\nRET(err)\n}", plain: "var VAR TYPE\nfunc() { VAR = CALL }()"},
	"until":             {fallible: "var VAR TYPE\nvar err error\ncl.Eventually(func() bool {\nVAR, err = CALL\nreturn err == nil\n})\nif err != nil {\nRET(err)\n}"},
	"once":              {fallible: "var VAR TYPE\nvar err error\nnew(sync.Once).Do(func() { VAR, err = CALL })\nif err != nil {\nRET(err)\n}", plain: "var VAR TYPE\nnew(sync.Once).Do(func() { VAR = CALL })"},
	"closure":           {fallible: "open := func() (TYPE, error) { return CALL }\nVAR, err := open()\nif err != nil {\nRET(err)\n}", plain: "open := func() TYPE { return CALL }\nVAR := open()"},
	"switch":            {fallible: "var VAR TYPE\nvar err error\nswitch n {\ncase 1:\nVAR, err = CALL\ndefault:\nVAR, err = CALL\n}\nif err != nil {\nRET(err)\n}", plain: "var VAR TYPE\nswitch n {\ncase 1:\nVAR = CALL\ndefault:\nVAR = CALL\n}"},
	"only then":         {plain: "var VAR TYPE\nif n == 1 {\nVAR = CALL\n} else {\nRET(nil)\n}"},
	"interface":         {fallible: "var VAR interface{ Use() string }\nvar err error\nVAR, err = CALL\nif err != nil {\nRET(err)\n}", plain: "var VAR interface{ Use() string } = CALL"},
	"closer":            {fallible: "var VAR interface {\nUse() string\nClose() error\n}\nvar err error\nVAR, err = CALL\nif err != nil {\nRET(err)\n}", plain: "var VAR interface {\nUse() string\nClose() error\n} = CALL"},
	"any":               {fallible: "var VAR any\nvar err error\nVAR, err = CALL\nif err != nil {\nRET(err)\n}", plain: "var VAR any = CALL"},
	"if there":          {plain: "VAR := CALL\nif VAR != nil {\nVAR.Use()\n}"},
	"field":             {first: "h := &@Own${}", fallible: "var err error\nh.C, err = CALL\nif err != nil {\nRET(err)\n}", plain: "h.C = CALL"},
	"element":           {first: "cs := make([]TYPE, 1)", fallible: "var err error\ncs[0], err = CALL\nif err != nil {\nRET(err)\n}", plain: "cs[0] = CALL"},
	"check":             {fallible: "VAR, err := CALL\nif err := check$(err); err != nil {\nRET(err)\n}"},
	"good way":          {fallible: "VAR, err := CALL\nif err == nil {\nVAR.Use()\n} else {\nRET(err)\n}"},
	"again":             {fallible: "VAR, err := CALL\nif err != nil {\nif VAR, err = CALL; err != nil {\nRET(err)\n}\n}"},
	"want error":        {fallible: "VAR, err := CALL\ncl.Require(t).Error(err)\nif VAR != nil {\nVAR.Use()\n}"},
	"want no error":     {fallible: "VAR, err := CALL\ncl.Require(t).NoError(err)"},
	"suite":             {first: "s := cl.NewSuite(t)", fallible: "VAR, err := CALL\ns.Require().NoError(err)"},
	"suite, want error": {first: "s := cl.NewSuite(t)", fallible: "VAR, err := CALL\ns.Require().Error(err)"},
	"same kind":         {fallible: "VAR, err := CALL\nswitch {\ncase err != nil:\nRET(err)\n}"},
}

const helpers = "func must$[T any](v T, err error) T {\n\tif err != nil {\n\t\tpanic(err)\n\t}\n\treturn v\n}"

const checker = "func check$(err error) error { return err }"

// whole makes the statements of the body from the acquisition on; what stands above goes to b.head.
func (b *builder) whole() []string {
	p := b.plan
	b.cur = &b.head
	b.made = makers[p.Maker](b)
	c := val{expr: "c", typ: b.made.typ, use: suffix(".Use()"), close: suffix(".Close()")}
	only(!p.Test || p.Acquire != "must") // a panic in a test ends the process
	how := acquires[p.Acquire]
	text := how.plain
	if b.made.err {
		text = how.fallible
	}
	only(text != "")
	only(p.Test || !strings.Contains(text, "Require("))
	switch b.made.kind {
	case "two", "near":
		only(p.Release == "")
		c.close = nil
	}
	switch p.Acquire {
	case "field":
		only(p.Release == "")
		b.decl("type Own$ struct{ C %s }", c.typ)
		c.expr = "h.C"
	case "element":
		only(p.Release == "")
		c.expr = "cs[0]"
	}
	fill := strings.NewReplacer("VAR", c.expr, "TYPE", c.typ, "CALL", b.made.call)
	if how.first != "" {
		b.emit("%s", fill.Replace(how.first))
	}
	switch p.Acquire {
	case "interface":
		c.typ, c.close = user, nil
	case "any":
		c = val{expr: "c", typ: "any", use: func(x string) string { return x + ".(" + user + ").Use()" }}
	case "closer":
		c.typ = "interface {\nUse() string\nClose() error\n}"
	case "must":
		b.decl(helpers)
	case "check":
		b.decl(checker)
	}
	if p.Named {
		text = strings.ReplaceAll(text, "var err error\n", "")
		if p.Acquire != "check" {
			text = strings.ReplaceAll(text, "RET(err)", "return")
		}
	}
	later := make([]func(), len(p.Parts))
	for i, q := range p.Parts {
		later[i] = b.prepare(q, c)
	}
	var body []string
	b.cur = &body
	rel := releases[p.Release]
	if rel.above != nil {
		b.cur = &b.head
		rel.above(b, c)
		b.cur = &body
	}
	b.emit("%s", fill.Replace(text))
	if rel.below != nil {
		rel.below(b, c)
	}
	for _, f := range later {
		f()
	}
	if len(later) == 0 && rel.below == nil && rel.end == nil {
		b.emit("%s", c.used())
	}
	if rel.end != nil {
		rel.end(b, c)
	}
	if !p.Test {
		b.emit("RET(nil)")
	}
	return body
}

// prepare writes what a part needs above the acquisition, and returns what writes the rest.
func (b *builder) prepare(q part, c val) func() {
	b.inline = q.Inline
	if q.Holder == "" {
		return func() { b.place(q, c, func() {}) }
	}
	only(q.Holder != "" && keeps[q.Sink] != nil)
	h, put := holders[q.Holder](b, c)
	if q.Late {
		return func() { b.place(q, h, func() { put(c.expr) }) }
	}
	b.flow(q, h)
	return func() { b.stand(q.Flow, b.block(func() { put(c.expr) })) }
}

// place writes a part that stands behind the acquisition.
func (b *builder) place(q part, v val, before func()) {
	b.inline = q.Inline
	b.stand(q.Flow, b.block(func() {
		before()
		b.flow(q, v)
	}))
}

// flow wraps a value and lets it end up where it does.
func (b *builder) flow(q part, v val) {
	for _, w := range q.Wraps {
		v = wraps[w](b, v)
	}
	if s := keeps[q.Sink]; s != nil {
		s(b, v)
		return
	}
	uses[q.Sink](b, v)
}

var declared = regexp.MustCompile(`(?m)^(?:var )?(\w+)(?:, \w+)*(?: :=| [\w.*]+(?:$| =))`)

// stand writes lines into a statement of control flow, and into a block where a name would be declared again.
func (b *builder) stand(flow string, lines []string) {
	text := strings.Join(lines, "\n")
	if text == "" {
		return
	}
	if flow != "" {
		only(!strings.Contains(text, "RET(") || !strings.Contains("call literal once callee until joined deferred", flow))
		text = strings.ReplaceAll(flows[flow], "BODY", text)
	}
	again := false
	for _, m := range declared.FindAllStringSubmatch(text, -1) {
		again = again || b.needs["name "+m[1]]
		b.needs["name "+m[1]] = true
	}
	if again {
		text = "{\n" + text + "\n}"
	}
	b.emit("%s", text)
}

// Random plans.

func pick[V any](r *rand.Rand, table map[string]V) string {
	names := slices.Sorted(maps.Keys(table))
	return names[r.IntN(len(names))]
}

func chance(r *rand.Rand, percent int) bool { return r.IntN(100) < percent }

// random returns a plan that can be written in Go.
func random(r *rand.Rand) *plan {
	for {
		p := &plan{Maker: "fallible", Open: chance(r, 30), Named: chance(r, 25), Test: chance(r, 12)}
		if chance(r, 50) {
			p.Maker = pick(r, makers)
		}
		if chance(r, 45) {
			p.Acquire = pick(r, acquires)
		}
		if chance(r, 35) {
			p.Release = pick(r, releases)
		}
		p.Named = p.Named && !p.Test
		for range r.IntN(4) {
			p.Parts = append(p.Parts, randomPart(r))
		}
		if writable(p) {
			return p
		}
	}
}

func randomPart(r *rand.Rand) part {
	q := part{Inline: chance(r, 40)}
	if chance(r, 30) {
		q.Holder, q.Late = pick(r, holders), chance(r, 25)
	}
	for range [...]int{0, 0, 0, 1, 1, 2}[r.IntN(6)] {
		q.Wraps = append(q.Wraps, pick(r, wraps))
	}
	if q.Holder != "" || chance(r, 35) {
		q.Sink = pick(r, keeps)
	} else {
		q.Sink = pick(r, uses)
	}
	if chance(r, 30) {
		q.Flow = pick(r, flows)
	}
	return q
}

// writable says whether the grammar allows a plan.
func writable(p *plan) (ok bool) {
	defer func() {
		switch e := recover(); e.(type) {
		case nil:
		case inapplicable:
			ok = false
		default:
			panic(e)
		}
	}()
	render(p, "0", "u")
	return true
}
