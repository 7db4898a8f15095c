// Oracle prints what Go's own type checker says of each call of a constructor named New…Client in the packages of one module: what
// unleak is compared with by ./run. A line is
//
//	file:line:col <tab> type of the first result <tab> closable by Close() | nothing | (type error: …)
//
// where the place is that at which the call expression begins, as in unleak's own reports.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"

	"golang.org/x/tools/go/packages"
)

var (
	tests = flag.Bool("tests", false, "look at test files too")
	tags  = flag.String("tags", "", "build tags, separated by commas")
)

var constructor = regexp.MustCompile(`^New\w*Client$`)

// A release is one that the rule in queries/unclosed-client/rule.toml accepts: the method's name and what it asks for.
type release struct{ name, args string }

// In the order of preference; the first that fits is taken, else the first of the name.
var releases = []release{
	{"Close", ""}, {"Close", "context"}, {"Disconnect", "context"}, {"Shutdown", "context"}, {"Shutdown", ""}, {"Stop", ""},
	{"Disconnect", "other"},
}

func main() {
	log.SetFlags(0)
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: oracle [-tests] [-tags LIST] MODULE_DIR [PATTERN…]")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	dir, err := filepath.Abs(flag.Arg(0))
	if err != nil {
		log.Fatal(err)
	}
	patterns := flag.Args()[1:]
	if len(patterns) == 0 {
		patterns = []string{"./..."}
	}
	lines, err := look(dir, patterns)
	if err != nil {
		log.Fatal(err)
	}
	out := bufio.NewWriter(os.Stdout)
	for _, line := range lines {
		fmt.Fprintln(out, line)
	}
	if err := out.Flush(); err != nil {
		log.Fatal(err)
	}
}

// look returns the lines for all packages that the patterns name, sorted, each once: a file may be in a package and in its test
// variant.
func look(dir string, patterns []string) ([]string, error) {
	config := &packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports | packages.NeedDeps |
			packages.NeedTypes | packages.NeedSyntax | packages.NeedTypesInfo,
		Dir:   dir,
		Tests: *tests,
	}
	if *tags != "" {
		config.BuildFlags = []string{"-tags=" + *tags}
	}
	loaded, err := packages.Load(config, patterns...)
	if err != nil {
		return nil, err
	}
	answers := map[string]string{}
	for _, pkg := range loaded {
		for _, fault := range pkg.Errors {
			fmt.Fprintln(os.Stderr, fault)
		}
		for _, file := range pkg.Syntax {
			if ast.IsGenerated(file) {
				continue
			}
			ast.Inspect(file, func(node ast.Node) bool {
				if call, ok := node.(*ast.CallExpr); ok && isConstructor(call) {
					note(answers, place(pkg.Fset, dir, call.Pos()), pkg, call)
				}
				return true
			})
		}
	}
	var lines []string
	for where, answer := range answers {
		lines = append(lines, where+"\t"+answer)
	}
	sort.Strings(lines)
	return lines, nil
}

// note keeps the better of two answers for one place.
func note(answers map[string]string, where string, pkg *packages.Package, call *ast.CallExpr) {
	if known, ok := answers[where]; ok && !strings.Contains(known, "(type error") {
		return
	}
	answers[where] = answer(pkg, call)
}

func place(files *token.FileSet, dir string, pos token.Pos) string {
	at := files.Position(pos)
	name, err := filepath.Rel(dir, at.Filename)
	if err != nil {
		name = at.Filename
	}
	return fmt.Sprintf("%s:%d:%d", filepath.ToSlash(name), at.Line, at.Column)
}

func isConstructor(call *ast.CallExpr) bool {
	switch function := unindexed(call.Fun).(type) {
	case *ast.Ident:
		return constructor.MatchString(function.Name)
	case *ast.SelectorExpr:
		return constructor.MatchString(function.Sel.Name)
	}
	return false
}

// unindexed is the function without type arguments and parentheses.
func unindexed(function ast.Expr) ast.Expr {
	switch function := ast.Unparen(function).(type) {
	case *ast.IndexExpr:
		return ast.Unparen(function.X)
	case *ast.IndexListExpr:
		return ast.Unparen(function.X)
	default:
		return function
	}
}

// answer tells what releases the first result that anything releases, else that there is nothing to release.
func answer(pkg *packages.Package, call *ast.CallExpr) string {
	known, ok := pkg.TypesInfo.Types[call]
	if !ok || known.Type == nil || isInvalid(known.Type) {
		return "?\t(type error: the call has no type)"
	}
	results := []types.Type{known.Type}
	if tuple, ok := known.Type.(*types.Tuple); ok {
		results = results[:0]
		for result := range tuple.Variables() {
			results = append(results, result.Type())
		}
	}
	if len(results) == 0 {
		return "()\tnothing"
	}
	shown := func(ty types.Type) string { return types.TypeString(ty, (*types.Package).Name) }
	for _, result := range results {
		if isInvalid(result) {
			return "?\t(type error: a result has no type)"
		}
	}
	for _, result := range results {
		if method := releaseOf(pkg.Types, result); method != "" {
			return shown(result) + "\tclosable by " + method
		}
	}
	return shown(results[0]) + "\tnothing"
}

func isInvalid(ty types.Type) bool {
	if pointer, ok := types.Unalias(ty).(*types.Pointer); ok {
		ty = pointer.Elem()
	}
	basic, ok := types.Unalias(ty).(*types.Basic)
	return ok && basic.Kind() == types.Invalid
}

// releaseOf is the release that a variable of type ty is released by, as `Close(context)`; empty when there is none.
func releaseOf(from *types.Package, ty types.Type) string {
	unfit := ""
	for _, wanted := range releases {
		// A variable is addressable: the methods of the pointer to it count as well.
		found, _, _ := types.LookupFieldOrMethod(ty, true, from, wanted.name)
		method, ok := found.(*types.Func)
		if !ok {
			continue
		}
		args := asked(method.Signature())
		if args == wanted.args {
			return fmt.Sprintf("%s(%s)", wanted.name, args)
		}
		if unfit == "" && !isRequest(method.Signature(), args) {
			unfit = fmt.Sprintf("%s(%s)", wanted.name, args)
		}
	}
	return unfit
}

// isRequest tells methods that ask somebody else to do something, as a stub's `Shutdown(ctx, in) (*Reply, error)`.
func isRequest(signature *types.Signature, args string) bool {
	onlyError := true
	for at := range signature.Results().Len() {
		onlyError = onlyError && signature.Results().At(at).Type().String() == "error"
	}
	waits := strings.Contains(args, "context") && args != "context"
	return waits || strings.Contains(args, "other") && !onlyError
}

// asked is what a method asks for; a variadic parameter asks for nothing.
func asked(signature *types.Signature) string {
	params := signature.Params().Len()
	if signature.Variadic() {
		params--
	}
	var args []string
	for at := range params {
		if named, ok := types.Unalias(signature.Params().At(at).Type()).(*types.Named); ok && named.String() == "context.Context" {
			args = append(args, "context")
		} else {
			args = append(args, "other")
		}
	}
	return strings.Join(args, ",")
}
