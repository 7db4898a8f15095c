use proptest::prelude::*;

use super::*;
use crate::base::text::narrow;

/// One line an item: kind, names, text, and the doc comment if there is one.
fn told(text: &str) -> Vec<String> {
    let outline = outline(text.as_bytes());
    assert!(outline.exact, "not exact: {text}");
    outline.items.iter().map(|item| tell(text, item)).collect()
}

fn tell(text: &str, item: &Item) -> String {
    let kind = match &item.kind {
        ItemKind::Func => "func".to_owned(),
        ItemKind::Method { receiver } => format!("method {receiver}"),
        ItemKind::Type => "type".to_owned(),
        ItemKind::Var => "var".to_owned(),
        ItemKind::Const => "const".to_owned(),
    };
    let doc = &text[item.doc_start as usize..item.span.start as usize];
    format!("{kind} {} <{}> {doc:?}", item.names.join(","), &text[item.span.range()])
}

/// Kind and names only.
fn named(text: &str) -> Vec<String> {
    told(text).iter().map(|line| line.split(" <").next().unwrap().to_owned()).collect()
}

fn inexact(text: &str) -> Vec<String> {
    let outline = outline(text.as_bytes());
    assert!(!outline.exact, "exact: {text}");
    outline.items.iter().map(|item| item.names.join(",")).collect()
}

#[test]
fn functions_and_methods() {
    assert_eq!(
        told(
            "package p\n\nfunc F(a int) (b string) { return \"}\" }\n\n// Doc of M.\nfunc (r *T) M() {\n}\n"
        ),
        [
            "func F <func F(a int) (b string) { return \"}\" }> \"\"",
            "method T M <func (r *T) M() {\n}> \"// Doc of M.\\n\""
        ]
    );
}

#[test]
fn every_spelling_of_a_receiver() {
    for receiver in [
        "r *T",
        "T",
        "*T",
        "r T[P]",
        "r *T[P, Q]",
        "T[P]",
        "(T)",
        "r (T)",
        "*(T)",
        "(*T)",
        "_ T",
        "r T,",
        "/* ( */ r *T // )\n",
    ] {
        assert_eq!(named(&format!("func ({receiver}) M() {{}}")), ["method T M"], "{receiver}");
    }
}

#[test]
fn generic_functions_and_results_with_braces() {
    assert_eq!(
        named(
            "func F[K comparable, V any](m map[K]V) struct{ a int } { return x }\nfunc G() interface{ M() } \
             {\n}"
        ),
        ["func F", "func G"]
    );
    assert_eq!(named("func H() struct {\n\ta int\n} {\n\treturn x\n}\nfunc I()"), ["func H", "func I"]);
}

#[test]
fn functions_without_a_body() {
    assert_eq!(
        told("func asm(a int) int\nfunc b()\n"),
        ["func asm <func asm(a int) int> \"\"", "func b <func b()> \"\""]
    );
}

#[test]
fn braces_in_strings_runes_and_comments_do_not_count() {
    let body = "'{'; '\\''; '\\\\'; \"{\\\"{\"; `{\\`; a / b; // {\n/* { ' \" ` */ '\"'; '`'";
    assert_eq!(named(&format!("func F() {{ {body} }}\nfunc G() {{}}")), ["func F", "func G"]);
    assert_eq!(named("func F() { x(`a\n}\nfunc no() {`) }\nvar a = '\u{4e16}'"), ["func F", "var a"]);
}

#[test]
fn groups_have_all_their_names() {
    let group = "var (\n\ta, b = 1, 2\n\tc = struct{ x int }{\n\t\tx: 1,\n\t}\n\td int // ) e = 3\n\tf = \
                 func() { g := 1 }\n\th = 1 +\n\t\ti\n)";
    assert_eq!(named(group), ["var a,b,c,d,f,h"]);
    assert_eq!(named("const (\n\tA = iota\n\tB\n\n\t_\n\tC; D\n)"), ["const A,B,_,C,D"]);
    assert_eq!(
        named("type (\n\tA struct {\n\t\tx, y int\n\t}\n\tB[T any] = []T\n\tC interface{ M() }\n)"),
        ["type A,B,C"]
    );
    assert_eq!(named("var ()\nvar (a int)\nvar (a = 1; b = 2)"), ["var ", "var a", "var a,b"]);
}

#[test]
fn single_declarations_go_on_where_no_semicolon_is_put() {
    assert_eq!(
        told(
            "var x =\n\tf(1,\n\t2).\n\tg() // c\nvar a, b int\nvar\ny = 1.\nconst z = 'a'\ntype T = chan\n\
             \tint\ntype U [3]int"
        ),
        [
            "var x <var x =\n\tf(1,\n\t2).\n\tg()> \"\"",
            "var a,b <var a, b int> \"\"",
            "var y <var\ny = 1.> \"\"",
            "const z <const z = 'a'> \"\"",
            "type T <type T = chan\n\tint> \"\"",
            "type U <type U [3]int> \"\""
        ]
    );
}

#[test]
fn a_comment_over_lines_ends_a_statement_too() {
    assert_eq!(named("var a = 1 /*\n*/ var b = 2"), ["var a", "var b"]);
}

#[test]
fn semicolons_separate() {
    assert_eq!(
        named("package p; import \"a\"; var a = 1; func f() {}; type T int;;\n"),
        ["var a", "func f", "type T"]
    );
}

#[test]
fn the_doc_comment_stands_directly_above() {
    assert_eq!(told("// far\n\n// near\n// more\nvar a int"), ["var a <var a int> \"// near\\n// more\\n\""]);
    assert_eq!(told("/* block\n\nmore */\nvar a int"), ["var a <var a int> \"/* block\\n\\nmore */\\n\""]);
    assert_eq!(told("// far\n\nvar a int"), ["var a <var a int> \"\""]);
    assert_eq!(
        told("var a int // behind\nvar b int // behind\n// above\nvar c int")[1..],
        ["var b <var b int> \"\"", "var c <var c int> \"// above\\n\""]
    );
    assert_eq!(told("// a\r\n// b\r\nvar a int\r\n"), ["var a <var a int> \"// a\\r\\n// b\\r\\n\""]);
}

#[test]
fn byte_order_marks_build_tags_and_carriage_returns() {
    let text = "\u{feff}//go:build linux\r\n\r\npackage p\r\n\r\nimport \"a\"\r\n\r\nfunc f() {\r\n}\r\nvar \
                x = 1\r\n";
    let outline = outline(text.as_bytes());
    assert_eq!((&*outline.package, outline.imports.len(), outline.exact), ("p", 1, true));
    assert_eq!(named(text), ["func f", "var x"]);
    assert_eq!(&text[outline.items[0].span.range()], "func f() {\r\n}");
}

#[test]
fn every_spelling_of_an_import() {
    let text = "package p\n/*\n#include <x.h> // {\n*/\nimport \"C\"\nimport (\n\tm \"a/b\" // c\n\t. \"d\"; \
                _ `e`\n\n\t\"f\"\n)\nimport ()\nvar a int";
    let (package, found) = imports(text.as_bytes());
    let told: Vec<_> = found
        .iter()
        .map(|i| format!("{} {} {:?}", i.name.as_deref().unwrap_or("-"), i.path, &text[i.line_span.range()]))
        .collect();
    assert_eq!(&*package, "p");
    assert_eq!(
        told,
        [
            "- C \"import \\\"C\\\"\\n\"",
            "m a/b \"\\tm \\\"a/b\\\" // c\\n\"",
            ". d \"\\t. \\\"d\\\"; _ `e`\\n\"",
            "_ e \"\\t. \\\"d\\\"; _ `e`\\n\"",
            "- f \"\\t\\\"f\\\"\\n\""
        ]
    );
    let whole = outline(text.as_bytes());
    assert!(whole.exact);
    assert_eq!(whole.imports, found);
}

#[test]
fn what_is_unterminated_or_unbalanced_is_not_exact() {
    assert_eq!(inexact("func f() {"), ["f"]);
    assert_eq!(inexact("func f() { \"a\n }\nfunc g() {}"), ["f", "g"]);
    assert_eq!(inexact("func f() { ` }"), ["f"]);
    assert_eq!(inexact("func f() {} }\nfunc g() {}"), ["f", "g"]);
    assert_eq!(inexact("var a = 1 /*"), ["a"]);
    assert_eq!(inexact("var (\n\ta = 1\n\nfunc f() {}\n"), ["a", "f"]);
    assert_eq!(inexact("var a =\n\nfunc f() {}\nfunc (T) g() {}\n"), ["a", "f", "g"]);
    assert_eq!(inexact("var a =\n\nfunc (T) g() {}\n"), ["a", "g"]);
    assert_eq!(inexact("<<<<<<< HEAD\nvar a = 1\n=======\nvar a = 2\n>>>>>>> x\nvar b int"), ["a", "a", "b"]);
    assert_eq!(inexact("x := 1\nvar a int"), ["a"]);
    for text in [
        "func",
        "func (",
        "func (r",
        "func ()",
        "import",
        "import (",
        "var (",
        "func f(",
        "'",
        "'\\",
        "func f() { '\\",
    ] {
        inexact(text);
    }
    assert!(outline(b"").exact && outline(b"package").exact && outline(b"var").exact);
}

#[test]
fn an_offset_finds_its_item() {
    let text = "package p\n\n// doc\nfunc f() {}\nvar a int\n";
    let outline = outline(text.as_bytes());
    let name_at = |offset: usize| outline.item_at(narrow(offset)).map(|item| &*item.names[0]);
    let (f, a) = (text.find("func").unwrap(), text.find("var").unwrap());
    assert_eq!(
        (name_at(0), name_at(f - 1), name_at(f), name_at(f + 10), name_at(f + 11)),
        (None, None, Some("f"), Some("f"), None)
    );
    assert_eq!(
        (name_at(a), name_at(a + 8), name_at(a + 9), name_at(9999)),
        (Some("a"), Some("a"), None, None)
    );
}

#[test]
fn deep_nesting_is_only_counted() {
    let text = format!("var a = {}1{}\nvar b int", "(".repeat(100_000), ")".repeat(100_000));
    assert_eq!(named(&text), ["var a", "var b"]);
    assert_eq!(inexact(&format!("func {}", "(".repeat(100_000))), Vec::<String>::new());
}

/// What must hold of the outline of any text.
fn check(text: &[u8]) {
    let whole = outline(text);
    let mut end = 0;
    for item in &whole.items {
        assert!(
            end <= item.doc_start && item.doc_start <= item.span.start && item.span.start < item.span.end
        );
        end = item.span.end;
        assert_eq!(whole.item_at(item.span.start), Some(item));
    }
    assert!(end as usize <= text.len());
    let (_, early) = imports(text);
    assert!(whole.imports.starts_with(&early));
    for import in &whole.imports {
        assert!(import.line_span.end as usize <= text.len());
    }
}

fn go_tokens() -> impl Strategy<Value = String> {
    let tokens = [
        "func",
        "var",
        "const",
        "type",
        "import",
        "package",
        "f",
        "T",
        "x1",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "\"",
        "'",
        "`",
        "\\",
        "//",
        "/*",
        "*/",
        "/",
        ";",
        ",",
        ".",
        "=",
        "*",
        "1",
        "\n",
        "\r\n",
        " ",
        "\t",
        "struct",
        "func f() {\n",
        "}\n",
        "\"a\"",
        "\u{4e16}",
        "\u{feff}",
        "\0",
    ];
    prop::collection::vec(prop::sample::select(tokens.to_vec()), 0..60).prop_map(|parts| parts.concat())
}

#[test]
fn words_end_where_names_do() {
    for text in ["close", "x.close()", "close1 := close", "/* close */"] {
        assert!(has_word(text.as_bytes(), "close"), "{text}");
    }
    for text in ["", "closed", "disclose", "_close", "éclose", "close9", "Close"] {
        assert!(!has_word(text.as_bytes(), "close"), "{text}");
    }
}

proptest! {
    #[test]
    fn random_bytes_are_no_fault(text in prop::collection::vec(any::<u8>(), 0..400)) {
        check(&text);
    }

    #[test]
    fn random_tokens_are_no_fault(text in go_tokens()) {
        check(text.as_bytes());
    }

    #[test]
    fn a_text_cut_anywhere_is_no_fault(cut in 0_usize..230) {
        let text = "\u{feff}package p\nimport (\n\ta \"b\"\n)\n// d\nfunc (r *T[P]) M(a int) (b string) { \
                    return '\\'' + \"\\\"\" + `{` /* } */ }\nvar (\n\ta, b = 1, 2\n)\ntype T struct {\n\tx \
                    int\n}\n";
        check(&text.as_bytes()[..cut.min(text.len())]);
    }
}

#[test]
fn a_body_starts_behind_the_types_of_its_head() {
    fn body(text: &str) -> Option<&str> {
        super::body_start(text.as_bytes()).map(|at| &text[at..])
    }
    assert_eq!(body("func f() error { x() }"), Some("{ x() }"));
    assert_eq!(body("func f(x interface{ A() }, y struct{ a int }) struct{} { x }"), Some("{ x }"));
    assert_eq!(body("func (s *S[T]) f() (a interface { B() }, _ []struct{}) /* { */ {}"), Some("{}"));
    assert_eq!(body("func f() struct{ a int `{` } {}"), Some("{}"));
    assert_eq!(body("func f() interface {} // {\n{}"), Some("{}"));
    assert_eq!(body("func f(a int, b str"), None);
    assert_eq!(body("func f() struct{ a int"), None);
}

#[test]
fn an_import_comment_stands_on_the_package_clause() {
    let told = |text: &str| import_comment(text.as_bytes()).map(|path| path.to_string());
    for text in [
        "package x // import \"a.com/x\"\n",
        "// Package x.\n\npackage x /* import \"a.com/x\" */\nvar y int\n",
        "package x//import `a.com/x`",
    ] {
        assert_eq!(told(text).as_deref(), Some("a.com/x"), "{text}");
    }
    for text in
        ["package x\n// import \"a.com/x\"\n", "package x // \"a.com/x\"", "package x // import \"a", "", "x"]
    {
        assert_eq!(told(text), None, "{text}");
    }
}
