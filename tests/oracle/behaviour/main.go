// Behaviour holds unleak's safe fixes against what programs do: it generates functions of a grammar of ownership, runs them with a
// library that counts, lets unleak fix them, and runs them again. What was in order and is not any more was broken by a fix that
// called itself safe. What still leaks and was never reported was missed. Of both it prints the smallest functions.
package main

import (
	"flag"
	"fmt"
	"go/format"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

var verbose bool

func formatted(text string) (string, error) {
	out, err := format.Source([]byte(text))
	return string(out), err
}

func main() {
	_, here, _, _ := runtime.Caller(0)
	bin := flag.String("bin", "", "the unleak to ask")
	seed := flag.Uint64("seed", 1, "what the functions are drawn with")
	number := flag.Int("functions", 1000, "how many")
	rules := flag.String("rules", "unclosed-client,unclosed-connection,released-too-early,released-twice,kept-and-never-released",
		"the rules that run; none for those that run by default")
	limit := flag.Int("shrink", 60, "how many of a kind are made small")
	index := flag.Bool("index-only", false, "let unleak read the index in place of the libraries' source")
	keep := flag.String("keep", "", "a folder to work in, which stays")
	shown := flag.String("show", "broken,missed", "what is made small and printed: broken, missed, needless, left")
	flag.BoolVar(&verbose, "v", false, "say which functions cannot be written")
	flag.Parse()
	broken, err := work(filepath.Dir(here), *bin, *keep, *shown, asked(*rules, *index), *seed, *number, *limit)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if broken {
		os.Exit(1)
	}
}

// asked is what unleak is asked with.
func asked(rules string, index bool) []string {
	var flags []string
	if rules != "" {
		flags = append(flags, "--select", rules)
	}
	if index {
		flags = append(flags, "--index-only")
	}
	return flags
}

func work(home, bin, keep, shown string, flags []string, seed uint64, number, limit int) (bool, error) {
	bin, err := filepath.Abs(bin)
	if err != nil {
		return false, err
	}
	dir := keep
	if dir == "" {
		if dir, err = os.MkdirTemp("", "behaviour-"); err != nil {
			return false, err
		}
		defer os.RemoveAll(dir)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return false, err
	}
	t := &tree{dir: dir, home: home, unleak: bin, flags: flags}
	r := rand.New(rand.NewPCG(seed, 0))
	plans := make([]*plan, number)
	for i := range plans {
		plans[i] = random(r)
	}
	functions, err := t.try(plans)
	if err != nil {
		return false, err
	}
	broken := summary(functions, seed)
	for _, name := range strings.Split(shown, ",") {
		if word := words[name]; word != nil {
			if err := t.show(name, functions, limit, word); err != nil {
				return false, err
			}
		}
	}
	return broken, nil
}

// words are what can be said of a function; "" where it is not so.
var words = map[string]func(*function) string{
	"broken": (*function).fault,
	"missed": func(f *function) string { return when(f.missed(), "leaks without a finding") },
	"needless": func(f *function) string {
		return when(f.fault() == "" && f.fixed != f.text && f.before[leaked] == 0, "fixed, and did not leak")
	},
	"left": func(f *function) string {
		return when(f.fault() == "" && f.fixed != f.text && f.after[leaked] > 0, "leaks after its fix")
	},
}

func when(so bool, word string) string {
	if so {
		return word
	}
	return ""
}

// summary prints the figures, and says whether a safe fix broke something.
func summary(functions []*function, seed uint64) bool {
	var written, leaking, fixed, mended, needless, missed, promised, broken int
	kinds := map[string]int{}
	for _, f := range functions {
		if !f.written {
			continue
		}
		written++
		leaking += one(f.before[leaked] > 0)
		missed += one(f.missed())
		word := f.fault()
		if word != "" {
			kinds[word]++
			broken++
		}
		promised += one(f.safe() && f.fixed == f.text)
		if f.fixed != f.text {
			fixed++
			mended += one(word == "" && f.before[leaked] > f.after[leaked])
			needless += one(word == "" && f.before[leaked] <= f.after[leaked])
		}
	}
	fmt.Printf("seed %d: %d functions written (%d cannot be), %d leak; safe fixes in %d: %d mend, %d change nothing, %d break; called safe and not written %d; missed %d\n",
		seed, written, len(functions)-written, leaking, fixed, mended, needless, broken, promised, missed)
	for _, word := range sortedKeys(kinds) {
		fmt.Printf("  %-20s %d\n", word, kinds[word])
	}
	return broken > 0
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

func sortedKeys(m map[string]int) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// show makes functions small that a word is said of, and prints one of each kind.
func (t *tree) show(title string, functions []*function, limit int, word func(*function) string) error {
	var chosen []*function
	for _, f := range functions {
		if word(f) != "" && len(chosen) < limit {
			chosen = append(chosen, f)
		}
	}
	if len(chosen) == 0 {
		return nil
	}
	small, err := t.shrink(chosen, word)
	if err != nil {
		return err
	}
	kinds := map[string][]*function{}
	for _, f := range small {
		kinds[word(f)+": "+f.plan.String()] = append(kinds[word(f)+": "+f.plan.String()], f)
	}
	names := map[string]int{}
	for name := range kinds {
		names[name] = 0
	}
	fmt.Printf("\n## %s: %d kinds among %d functions\n", title, len(kinds), len(small))
	for _, name := range sortedKeys(names) {
		f := kinds[name][0]
		fmt.Printf("\n### %s (%d)\n\n```diff\n%s```\n", name, len(kinds[name]), marked(f))
	}
	return nil
}

// String is a plan in one line, without what is as usual.
func (p *plan) String() string {
	var words []string
	say := func(format string, word string) {
		if word != "" && word != "fallible" {
			words = append(words, fmt.Sprintf(format, word))
		}
	}
	say("maker %s", p.Maker)
	say("acquired %s", p.Acquire)
	for _, q := range p.Parts {
		text := ""
		if q.Holder != "" {
			text = "holder " + q.Holder + ", "
			if q.Late {
				text += "shown later, "
			}
		}
		for _, w := range q.Wraps {
			text += w + " > "
		}
		text += q.Sink
		if q.Flow != "" {
			text += " in " + q.Flow
		}
		words = append(words, text)
	}
	say("released %s", p.Release)
	for word, on := range map[string]bool{"test": p.Test, "connection": p.Open} {
		if on {
			words = append(words, word)
		}
	}
	if len(words) == 0 {
		return "plain"
	}
	return strings.Join(words, "; ")
}

// marked is a function's text with a mark before the lines that the fix inserted, without what every file has.
func marked(f *function) string {
	plain := strings.NewReplacer("package u"+f.id[:4]+"\n\n", "", f.id, "")
	before, after := strings.SplitAfter(plain.Replace(f.text), "\n"), strings.SplitAfter(plain.Replace(f.fixed), "\n")
	var out strings.Builder
	for i := 0; len(after) > 0 && after[0] != ""; after = after[1:] {
		switch {
		case i < len(before) && before[i] == after[0]:
			out.WriteString("  " + after[0])
			i++
		default:
			out.WriteString("+ " + after[0])
		}
	}
	return out.String()
}
