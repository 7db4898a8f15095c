//! Variables that a method opens: `conn := &Conn{}; err := conn.Open()`.

use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::VarOrigin;
use crate::analysis::verdict::case::Judge;
use crate::base::diagnostic::Closable;
use crate::base::text::Span;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::{Call, Expr, ExprKind};
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;
use crate::go::types::expressions::Callee;
use crate::rules::{Rule, Seeds};

/// What a call opens by its method's name, if that is the body's own until then.
pub fn opens_operand<'e>(judge: &Judge, typing: &Typing, call: &'e Call) -> Option<&'e Expr> {
    let opens = call.name().is_some_and(known::opens_itself);
    call.receiver().filter(|_| opens && is_own(judge, typing, call))
}

/// Whether the method opens a value of a type that the rule looks after.
pub fn is_opener(judge: &Judge, rule: &Rule, func: &FuncRef) -> bool {
    let Seeds::Given(given) = &rule.seeds else { return false };
    let Some(receiver) = &func.decl.receiver else { return false };
    let ty = judge.database.type_of(&FileScope::of(func), &receiver.ty);
    let taken = ty.named().is_some_and(|named| given.takes_type(&named.package, &named.name, None));
    taken && matches!(judge.database.closable(&ty, &rule.releases).closable, Closable::By(_))
}

/// Whether what the call is made on is a variable of the same body that gets something new, and of which
/// nothing but fields and methods are asked before, and no release: then nobody else has it.
pub fn is_own(judge: &Judge, typing: &Typing, call: &Call) -> bool {
    let scopes = typing.scopes;
    let is_var = |expr: &Expr| expr.as_ident().and_then(|ident| scopes.var(ident));
    let Some(var) = call.receiver().and_then(is_var) else { return false };
    let info = scopes.info(var);
    let makes = |made: &Call| match typing.callee(made) {
        Callee::Builtin { name, .. } => &*name == "new",
        Callee::Conversion(_) => false,
        callee => judge.summaries.origins.is_fresh(judge.database, &callee, 0),
    };
    let is_new = match (&info.origin, scopes.assigned(var)) {
        (VarOrigin::Declared { .. }, []) => true,
        (VarOrigin::Value { value, index: 0, .. }, [_]) => match &value.unparen().kind {
            ExprKind::Composite { .. } => true,
            ExprKind::AddressOf(inner) => matches!(inner.unparen().kind, ExprKind::Composite { .. }),
            ExprKind::Call(made) => makes(made),
            _ => false,
        },
        _ => false,
    };
    if !is_new || scopes.body_around(call.span) != Some(info.body) {
        return false;
    }
    let mut asked: Vec<u32> = Vec::new();
    visit::block(scopes.body(info.body).block, &mut |expr| {
        if let ExprKind::Selector { operand, field } = &expr.kind
            && !known::ends(&field.name)
            && !known::reads_like_release(&field.name)
            && is_var(operand) == Some(var)
        {
            asked.push(operand.unparen().span.start);
        }
    });
    let declared = scopes.uses_of(var).min();
    let own = |at: u32| scopes.body_around(Span::new(at, at + 1)) == Some(info.body) && asked.contains(&at);
    scopes.uses_of(var).filter(|at| *at < call.span.start && Some(*at) != declared).all(own)
}

#[cfg(test)]
mod tests {
    use crate::engine::testing::{Module, places};

    const CONN: &str = "package p\n\nimport \"net\"\n\ntype Conn struct{ c net.Conn }\n\n\
        func (c *Conn) Open() (err error) {\n\tc.c, err = net.Dial(\"tcp\", \"a\")\n\treturn err\n}\n\n\
        func (c *Conn) Close() error { return c.c.Close() }\n\n\
        func (c *Conn) Say() error { _, err := c.c.Write(nil); return err }\n\n\
        func newConn() *Conn { return &Conn{} }\n\nvar shared = &Conn{}\n\n\
        func get() *Conn { return shared }\n\nfunc keep(c *Conn) { shared = c }\n";

    /// The lines with a leak of a function with this body.
    fn leaks(body: &str) -> Vec<String> {
        let text = format!("package p\n\nfunc f() error {{\n{body}\n}}\n");
        let module = Module::new(&[
            ("go.mod", "module example.com/p\n\ngo 1.24\n"),
            ("conn.go", CONN),
            ("a.go", &text),
        ]);
        places(&crate::engine::check(&module.settings("unclosed-connection")).unwrap())
    }

    #[test]
    fn what_a_method_opens_of_a_new_variable_is_to_be_closed() {
        let opened = "if err := c.Open(); err != nil {\nreturn err\n}\nreturn c.Say()";
        for new in ["c := &Conn{}", "c := new(Conn)", "var c Conn", "c := Conn{}", "c := newConn()"] {
            assert_eq!(leaks(&format!("{new}\n{opened}")), ["a.go:5"], "{new}");
        }
        assert_eq!(leaks("c := &Conn{}\nc.c = nil\nerr := c.Open()\nreturn err"), ["a.go:6"]);
    }

    #[test]
    fn what_others_have_or_close_is_not() {
        let opened = "if err := c.Open(); err != nil {\nreturn err\n}\n";
        for (new, end) in [
            ("c := &Conn{}", "defer c.Close()\nreturn c.Say()"),
            ("c := get()", "return c.Say()"),
            ("c := &Conn{}\nshared = c", "return c.Say()"),
            ("c := &Conn{}\nkeep(c)", "return c.Say()"),
            ("c := &Conn{}", "keep(c)\nreturn nil"),
            ("c := &Conn{}\ndefer func() { c.Close() }()", "return c.Say()"),
            ("c := &Conn{}\ndefer c.Close()", "return c.Say()"),
        ] {
            assert_eq!(leaks(&format!("{new}\n{opened}{end}")), [""; 0], "{new} {end}");
        }
    }

    #[test]
    fn what_a_function_opens_and_returns_its_callers_have_to_close() {
        let text = "c, err := open()\nif err != nil {\nreturn err\n}\nreturn c.Say()\n}\n\n\
                    func open() (*Conn, error) {\nc := &Conn{}\nif err := c.Open(); err != nil {\n\
                    return nil, err\n}\nreturn c, nil";
        assert_eq!(leaks(text), ["a.go:4"]);
    }
}
