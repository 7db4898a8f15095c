package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// A function is one that was generated, and what came of it.
type function struct {
	plan     *plan
	id       string
	text     string // as it was
	fixed    string // as it is after the fix; the same where there is none
	written  bool   // it compiles, and runs to its end
	before   counts
	after    counts
	crashed  bool // after the fix the process dies in it
	breaks   bool // after the fix it does not compile
	findings []finding
}

// The order of the numbers that the library prints.
const (
	opened = iota
	leaked
	usedClosed
	closedTwice
	nilCalled
	lost
	panicked
	stuck
	numbers
)

type counts [numbers]int

var faults = [numbers]string{
	usedClosed: "used after close", closedTwice: "closed twice", nilCalled: "called on nil", lost: "pending work lost",
	panicked: "panic", stuck: "stuck",
}

type finding struct {
	Rule string
	Path string
	Fix  *struct{ Applicability string }
}

func (f *function) safe() bool {
	for _, g := range f.findings {
		if g.Fix != nil && g.Fix.Applicability == "safe" {
			return true
		}
	}
	return false
}

// fault says what a safe fix broke; "" nothing.
func (f *function) fault() string {
	switch {
	case !f.written || f.fixed == f.text:
		return ""
	case f.breaks:
		return "does not compile"
	case f.crashed:
		return "crash"
	}
	for i, name := range faults {
		if name != "" && f.after[i] > f.before[i] {
			return name
		}
	}
	return ""
}

// missed says whether it leaks without a word.
func (f *function) missed() bool { return f.written && f.before[leaked] > 0 && len(f.findings) == 0 }

// A tree is a folder in which functions are written, fixed and run.
type tree struct {
	dir, home, unleak string
	flags             []string // what unleak is asked with
}

// perPackage is how many functions share a package: each is a file of its own.
const perPackage = 40

func (t *tree) file(f *function) string {
	return filepath.Join(t.dir, "app", t.pack(f), "f"+f.id+".go")
}

func (t *tree) driver(f *function) string {
	return filepath.Join(t.dir, "drive", "d"+t.pack(f), "d"+f.id+".go")
}

func (t *tree) pack(f *function) string { return "u" + f.id[:len(f.id)-2] }

// try writes the functions of these plans, runs them, fixes them and runs them again.
func (t *tree) try(plans []*plan) ([]*function, error) {
	functions := make([]*function, len(plans))
	for i, p := range plans {
		id := fmt.Sprintf("%04d%02d", i/perPackage, i%perPackage)
		functions[i] = &function{plan: p, id: id}
	}
	if err := t.write(functions); err != nil {
		return nil, err
	}
	broken, err := t.build(functions)
	if err != nil {
		return nil, err
	}
	for _, f := range functions {
		f.written = !broken[f.id]
	}
	before, err := t.run()
	if err != nil {
		return nil, err
	}
	for _, f := range functions {
		outcome, ok := before[f.id]
		f.before, f.written = outcome, f.written && ok
	}
	if err := t.fix(functions); err != nil {
		return nil, err
	}
	if broken, err = t.build(functions); err != nil {
		return nil, err
	}
	after, err := t.run()
	if err != nil {
		return nil, err
	}
	for _, f := range functions {
		outcome, ok := after[f.id]
		f.after, f.breaks, f.crashed = outcome, broken[f.id], f.written && !broken[f.id] && !ok
	}
	return functions, nil
}

// write starts the tree anew.
func (t *tree) write(functions []*function) error {
	for _, name := range []string{"app", "drive", "lib"} {
		if err := os.RemoveAll(filepath.Join(t.dir, name)); err != nil {
			return err
		}
	}
	if err := os.CopyFS(filepath.Join(t.dir, "lib"), os.DirFS(filepath.Join(t.home, "lib"))); err != nil {
		return err
	}
	const grpc = "\nrequire google.golang.org/grpc v1.70.0\n\nreplace google.golang.org/grpc => ../app/grpc\n"
	const lib = "\n\ngo 1.26\n\nrequire example.com/lib v0.0.0\n\nreplace example.com/lib => ../lib\n"
	files := map[string]string{
		"app/go.mod":      "module example.com/app" + lib + grpc,
		"drive/go.mod":    "module example.com/drive" + lib + grpc + "\nrequire example.com/app v0.0.0\n\nreplace example.com/app => ../app\n",
		"app/grpc/go.mod": "module google.golang.org/grpc" + strings.ReplaceAll(lib, "../", "../../"),
	}
	main := []string{}
	for _, f := range functions {
		p := t.pack(f)
		r := render(f.plan, f.id, p)
		text, err := formatted("package " + p + "\n\n" + imports(r.decls) + r.decls)
		if err != nil {
			return fmt.Errorf("%+v: %w\n%s", *f.plan, err, r.decls)
		}
		f.text, f.fixed = text, text
		register := fmt.Sprintf("func init() { count.Register(%q, D%s) }\n\n", f.id, f.id)
		files[t.relative(t.file(f))] = f.text
		files[t.relative(t.driver(f))] = "package d" + p + "\n\n" + imports(r.driver+" count.", fmt.Sprintf("%q", "example.com/app/"+p)) + register + r.driver
		files["app/"+p+"/doc.go"] = "package " + p + "\n"
		files["drive/d"+p+"/doc.go"] = "package d" + p + "\n"
		if line := fmt.Sprintf("_ \"example.com/drive/d%s\"", p); len(main) == 0 || main[len(main)-1] != line {
			main = append(main, line)
		}
	}
	files["drive/drive_test.go"] = "package drive\n\n" + imports("count. testing.", main...) + "func Test(t *testing.T) { count.Main(t) }\n"
	for path, text := range files {
		if err := t.put(path, text); err != nil {
			return err
		}
	}
	return t.writeConnections()
}

// writeConnections writes the library of connections, which lies beside the functions, as the rule goes by source in what is scanned.
func (t *tree) writeConnections() error {
	for _, name := range []string{"client.go", "bus.go", "assert.go"} {
		text, err := os.ReadFile(filepath.Join(t.home, "lib", "cl", name))
		if err != nil {
			return err
		}
		if err := t.put("app/grpc/"+name, asConnections.Replace(string(text))); err != nil {
			return err
		}
	}
	return nil
}

func (t *tree) relative(path string) string { return strings.TrimPrefix(path, t.dir+"/") }

func (t *tree) put(path, text string) error {
	path = filepath.Join(t.dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

var faulty = regexp.MustCompile(`(?m)^(?:\S*/)?[fd](\d{6})\.go:`)

// build compiles everything, and takes those functions out, or their fixes back, that do not compile. It returns these.
func (t *tree) build(functions []*function) (map[string]bool, error) {
	broken := map[string]bool{}
	byID := map[string]*function{}
	for _, f := range functions {
		byID[f.id] = f
	}
	for range 20 {
		out, err := t.command(filepath.Join(t.dir, "drive"), "go", "test", "-c", "-gcflags=-e", "-o", filepath.Join(t.dir, "driver"), ".")
		if err == nil {
			return broken, nil
		}
		var some bool
		for _, m := range faulty.FindAllStringSubmatch(out, -1) {
			f := byID[m[1]]
			if f == nil || broken[f.id] {
				continue
			}
			some, broken[f.id] = true, true
			if verbose && f.fixed == f.text {
				fmt.Fprintln(os.Stderr, firstLine(out, m[0]))
			}
			if err := t.withdraw(f); err != nil {
				return nil, err
			}
		}
		if !some {
			return nil, fmt.Errorf("%w\n%s", err, out)
		}
	}
	return nil, errors.New("what does not compile does not end")
}

func firstLine(out, prefix string) string {
	line, _, _ := strings.Cut(out[strings.Index(out, prefix):], "\n")
	return line
}

func (t *tree) withdraw(f *function) error {
	if f.fixed != f.text {
		return os.WriteFile(t.file(f), []byte(f.text), 0o644)
	}
	return errors.Join(os.Remove(t.file(f)), os.Remove(t.driver(f)))
}

func (t *tree) command(dir, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOTOOLCHAIN=local", "GOPROXY=off", "GOFLAGS=-mod=mod", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// run runs all functions, and starts the process again behind one that it dies in.
func (t *tree) run() (map[string]counts, error) {
	all := map[string]counts{}
	from := ""
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, filepath.Join(t.dir, "driver"))
		cmd.Env = append(os.Environ(), "FROM="+from)
		cmd.Dir = t.dir
		var said bytes.Buffer
		cmd.Stderr = &said
		out, err := cmd.Output()
		last := ""
		for scanner := bufio.NewScanner(bytes.NewReader(out)); scanner.Scan(); {
			word, rest, _ := strings.Cut(scanner.Text(), " ")
			switch word {
			case "run":
				last = rest
			case "end":
				var c counts
				if _, err := fmt.Sscan(rest, &last, &c[0], &c[1], &c[2], &c[3], &c[4], &c[5], &c[6], &c[7]); err != nil {
					return nil, err
				}
				all[last] = c
			}
		}
		if err == nil {
			return all, nil
		}
		if last == "" || last == from {
			return nil, fmt.Errorf("the driver ended with %w: %s", err, said.String())
		}
		if verbose {
			fmt.Fprintf(os.Stderr, "%s: %s\n", last, firstLine(said.String()+"\n", ""))
		}
		from = last
	}
}

// fix asks unleak what it finds, takes its safe fixes, and reads what became of the files.
func (t *tree) fix(functions []*function) error {
	app := filepath.Join(t.dir, "app")
	cmd := exec.Command(t.unleak, append([]string{"check", "--quiet", "--no-config", "--format", "json"}, append(t.flags, ".")...)...)
	cmd.Dir = app
	out, err := cmd.Output()
	var found struct{ Findings []finding }
	if e := json.Unmarshal(out, &found); e != nil {
		return fmt.Errorf("unleak check: %w, %w", e, err)
	}
	byID := map[string]*function{}
	for _, f := range functions {
		byID[f.id] = f
	}
	for _, g := range found.Findings {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(g.Path), "f"), ".go")
		if f := byID[name]; f != nil {
			f.findings = append(f.findings, g)
		}
	}
	if out, err := t.command(app, t.unleak, append([]string{"fix", "--quiet", "--no-config", "--no-vcs"}, append(t.flags, ".")...)...); err != nil {
		return fmt.Errorf("unleak fix: %w\n%s", err, out)
	}
	if err := t.writeConnections(); err != nil {
		return err
	}
	for _, f := range functions {
		if !f.written {
			continue
		}
		text, err := os.ReadFile(t.file(f))
		if err != nil {
			return err
		}
		f.fixed = string(text)
	}
	return nil
}
