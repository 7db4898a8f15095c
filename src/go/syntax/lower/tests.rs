use super::*;
use crate::base::text::narrow;
use crate::go::syntax::parse::parse;

fn decl(text: &str) -> Decl {
    parse(text.as_bytes(), Span::new(0, narrow(text.len()))).unwrap().lower().unwrap()
}

fn func(text: &str) -> Arc<FuncDecl> {
    match decl(text) {
        Decl::Func(func) => func,
        other => panic!("{other:?}"),
    }
}

#[test]
fn signatures_split_grouped_names() {
    let f = func("func (s *Server[T]) Run(a, b int, rest ...string) (c *C, err error) { return }");
    assert_eq!(f.display_name(), "(*Server).Run");
    assert_eq!(f.signature.params.len(), 3);
    assert!(f.signature.params[2].variadic);
    assert_eq!(f.signature.results.len(), 2);
}

#[test]
fn generic_calls_are_calls_whatever_the_grammar_calls_them() {
    for text in
        ["x.New[T](ctx)", "New[T](ctx)", "x.New[A, B](ctx, 1)", "New[pkg.T](ctx)", "x.New[*pkg.T](ctx)"]
    {
        let f = func(&format!("func f() {{ c := {text} }}"));
        let StmtKind::Define { right, .. } = &f.body().unwrap().stmts[0].kind else { panic!() };
        let call = right[0].as_call().unwrap_or_else(|| panic!("{text}: {:?}", right[0]));
        assert!(!call.args.is_empty(), "{text}");
    }
}

#[test]
fn statements_keep_their_shape() {
    let f = func(
        "func f() {\n\tfor i := range xs {\n\t\tcontinue\n\t}\nL:\n\tfor {\n\t\tbreak L\n\t}\n\tselect {\n\
         \tcase v := <-c:\n\t\t_ = v\n\tdefault:\n\t}\n\tswitch x := y.(type) {\n\tcase int, string:\n\
         \t\treturn\n\t}\n\tif a, err := g(); err != nil {\n\t} else if b {\n\t} else {\n\t}\n}",
    );
    let kinds: Vec<_> = f.body().unwrap().stmts.iter().map(|s| &s.kind).collect();
    assert!(matches!(kinds[0], StmtKind::For(f)
            if matches!(&f.head, ForHead::Range { define: true, left, .. } if left.len() == 1)));
    assert!(matches!(kinds[1], StmtKind::Labeled { stmt: Some(_), .. }));
    assert!(
        matches!(kinds[2], StmtKind::Select(cases) if cases.len() == 2 && cases[1].communication.is_none())
    );
    assert!(matches!(kinds[3], StmtKind::TypeSwitch(s) if s.alias.is_some() && s.cases[0].values.len() == 2));
    assert!(matches!(kinds[4], StmtKind::If(i)
            if i.init.is_some() && matches!(&i.otherwise.as_ref().unwrap().kind, StmtKind::If(_))));
}

#[test]
fn types_are_expressions() {
    let Decl::Types(specs) = decl(
        "type (\n\tA struct {\n\t\t*pkg.Base\n\t\tm map[string][]chan int\n\t\ta, b func(int) error\n\t}\n\
         \tB = A\n\tC interface {\n\t\tio.Closer\n\t\tPing(ctx context.Context) error\n\t}\n)",
    ) else {
        panic!()
    };
    let ExprKind::Struct(fields) = &specs[0].ty.kind else { panic!() };
    assert_eq!(fields.len(), 3);
    assert!(fields[0].names.is_empty() && matches!(fields[0].ty.kind, ExprKind::Pointer(_)));
    assert!(specs[1].alias);
    let ExprKind::Interface(elems) = &specs[2].ty.kind else { panic!() };
    assert!(matches!(&elems[0], InterfaceElem::Embedded(types) if types.len() == 1));
    assert!(matches!(&elems[1], InterfaceElem::Method { .. }));
}

#[test]
fn offsets_are_those_of_the_file() {
    let text = "package p\n\nfunc f() { c := New() }\n";
    let start = narrow(text.find("func").unwrap());
    let Decl::Func(f) =
        parse(text.as_bytes(), Span::new(start, narrow(text.len()) - 1)).unwrap().lower().unwrap()
    else {
        panic!()
    };
    let StmtKind::Define { left, .. } = &f.body().unwrap().stmts[0].kind else { panic!() };
    assert_eq!(&text[left[0].span.range()], "c");
}

#[test]
fn channels_have_directions_and_integers_values() {
    let f = func("func f(a chan int, b chan<- int, c <-chan chan<- int) { _ = 0x1_f; _ = 017; _ = 3.0 }");
    let direction = |at: usize| match &f.signature.params[at].ty.kind {
        ExprKind::Chan { direction, .. } => *direction,
        other => panic!("{other:?}"),
    };
    assert_eq!([0, 1, 2].map(direction), [Direction::Both, Direction::Send, Direction::Receive]);
    let value = |stmt: &Stmt| match &stmt.kind {
        StmtKind::Assign { right, .. } => match &right[0].kind {
            ExprKind::Literal(value) => value.clone(),
            _ => panic!(),
        },
        _ => panic!(),
    };
    let values: Vec<_> = f.body().unwrap().stmts.iter().map(value).collect();
    assert_eq!(values, [Literal::Integer(31), Literal::Integer(15), Literal::Other("3.0".into())]);
}

#[test]
fn comparisons_are_told_apart() {
    let f = func("func f() bool { return a < b || a <= b || a > b || a >= b || a + b == a - b }");
    let StmtKind::Return(values) = &f.body().unwrap().stmts[0].kind else { panic!() };
    let mut found = Vec::new();
    crate::go::syntax::visit::exprs(values, &mut |expr| {
        if let ExprKind::Binary { op, .. } = &expr.kind {
            found.push(*op);
        }
    });
    use BinaryOp::*;
    for op in [Less, LessOrEqual, Greater, GreaterOrEqual, Add, Subtract, Equal] {
        assert!(found.contains(&op), "{op:?}");
    }
}

#[test]
fn what_gives_nil_another_meaning_is_refused() {
    let refused = |body: &str| {
        let text = format!("func f() {{ {body} }}");
        let parsed = parse(text.as_bytes(), Span::new(0, narrow(text.len()))).unwrap();
        parsed.lower().err()
    };
    assert_eq!(refused("nil := g()"), Some(Refusal::Predeclared));
    assert_eq!(refused("for _, true := range xs { _ = true }"), Some(Refusal::Predeclared));
    assert_eq!(refused("x, err := nil, true"), None);
}

#[test]
fn a_name_that_the_mask_makes_is_a_name_of_its_own() {
    let f = func("func f() { a := new(g(3)); b := nev() }");
    let called = |at: usize| match &f.body().unwrap().stmts[at].kind {
        StmtKind::Define { right, .. } => right[0].as_call().unwrap().name().unwrap().to_owned(),
        other => panic!("{other:?}"),
    };
    assert_eq!((called(0), called(1)), ("new".to_owned(), "nev".to_owned()));
}
