//! Seeds by the qualified name of what is called: `context.WithCancel`, `(*sql.DB).Query`.

use std::sync::Arc;

use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::VarOrigin;
use crate::base::diagnostic::{Closable, Release};
use crate::base::sys;
use crate::go::facts::names;
use crate::go::project::gomod::language_version;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::{Call, Expr, ExprKind, Ident};
use crate::go::syntax::visit;
use crate::go::types::expressions::Callee;
use crate::go::types::release::{Gives, ReleaseMethod};
use crate::go::types::type_expr::Type;
use crate::rules::acquire::{Acquire, Called, GivenType, Qualified, Quiet, Receiver};

/// A go.mod larger than this is not read for settings.
const MAX_GO_MOD: u64 = 1 << 20;

/// Values are followed through this many calls and variables.
const MAX_DEPTH: usize = 6;

/// Which of the acquisitions of `called` a call is: the first for each thing that it gives, which `releases`
/// release. `own`: the repository's own source is what is called, which shows by itself what it acquires.
pub fn acquisitions<'r>(
    typing: &Typing,
    (called, releases): (&'r Called, &[ReleaseMethod]),
    call: &Call,
    callee: &Callee,
    own: bool,
) -> Vec<&'r Acquire> {
    let Some(name) = call.name() else { return Vec::new() };
    let is = |acquire: &&Acquire| {
        // What is lent shows nothing of it in the source of who lends.
        let own = own && acquire.ty != Some(GivenType::Releasable);
        acquire.callee.is_called(name)
            && is_meant(typing, &acquire.callee, call, callee, own)
            && acquire.ty.as_ref().is_none_or(|wanted| {
                let ty = given(typing, acquire.gives, call, callee);
                let unknown = ty.as_ref().is_none_or(|ty| ty.why_unknown().is_some() && !ty.is_data());
                ty.is_some_and(|ty| fits(typing, &ty, (wanted, callee), releases))
                    || unknown && is_told_by_argument(typing, acquire, call)
            })
    };
    let mut found: Vec<&Acquire> = Vec::new();
    for acquire in called.acquires.iter().filter(is) {
        if found.iter().all(|known| known.gives != acquire.gives) {
            found.push(acquire);
        }
    }
    found
}

/// What a rule that goes by qualified names says of a function, by whatever name that is called.
pub fn acquisitions_of<'r>(called: &'r Called, func: &'r FuncRef) -> impl Iterator<Item = &'r Acquire> {
    let name = &func.decl.name.name;
    let is_func = func.decl.receiver.is_none();
    called.acquires.iter().filter(move |acquire| {
        is_func
            && acquire.callee.receiver == Receiver::None
            && acquire.callee.is_called(name)
            && acquire.callee.is_of(&func.package.path)
    })
}

/// Whether an argument has the type by which it is told: `pods.Watch(ctx, metav1.ListOptions{})`.
fn is_told_by_argument(typing: &Typing, acquire: &Acquire, call: &Call) -> bool {
    let Some((package, name)) = &acquire.told_by else { return false };
    call.args.iter().any(|arg| {
        let ty = typing.of(arg);
        ty.named().is_some_and(|named| named.package == *package && named.name == *name)
    })
}

fn is_meant(typing: &Typing, wanted: &Qualified, call: &Call, callee: &Callee, own: bool) -> bool {
    let is = |ty: &Type, name: &str| {
        ty.named().is_some_and(|named| *named.name == *name && wanted.is_of(&named.package))
    };
    match &wanted.receiver {
        Receiver::None => {
            let name = typing.name(&call.function);
            name.is_some_and(|(package, _)| !package.is_empty() && wanted.is_of(&package))
        }
        Receiver::Any => !own && typing.name(&call.function).is_some_and(|(package, _)| package.is_empty()),
        Receiver::Named(name) => match (callee, &call.function.unparen().kind) {
            (Callee::Method { method, receiver }, _) => is(&method.receiver, name) || is(receiver, name),
            (_, ExprKind::Selector { operand, .. }) => is(&typing.of(operand), name),
            _ => false,
        },
    }
}

fn given(typing: &Typing, gives: Gives, call: &Call, callee: &Callee) -> Option<Type> {
    match gives {
        Gives::Result(at) => typing.database.results(callee).into_iter().nth(at),
        Gives::Argument(at) => call.args.get(at).map(|arg| typing.of(arg)),
        Gives::Receiver => call.receiver().map(|operand| typing.of(operand)),
    }
}

fn fits(
    typing: &Typing,
    ty: &Type,
    (wanted, callee): (&GivenType, &Callee),
    releases: &[ReleaseMethod],
) -> bool {
    match wanted {
        GivenType::OfInterface => {
            let by_interface = match callee {
                Callee::Method { method, .. } => method.interface,
                _ => false,
            };
            let fails = || typing.database.results(callee).last().is_some_and(Type::is_error);
            let is_first = |release: &Release| {
                releases
                    .first()
                    .is_some_and(|first| *first.name == *release.method && first.args == release.args)
            };
            by_interface
                && fails()
                && matches!(
                    typing.database.closable(ty, releases).closable,
                    Closable::By(release) if is_first(&release)
                )
        }
        GivenType::Named(package, name) => {
            ty.named().is_some_and(|named| named.package == *package && named.name == *name)
        }
        GivenType::Releasable => {
            let answer = typing.database.closable(ty, releases);
            matches!(answer.closable, Closable::By(_))
        }
    }
}

/// Why there is nothing to release in this call, if there is not.
pub fn why_quiet(typing: &Typing, acquire: &Acquire, call: &Call, text: &[u8]) -> Option<Arc<str>> {
    let quiet = acquire.quiet_if.as_ref().filter(|quiet| {
        let arg = call.args.get(quiet.argument);
        arg.is_some_and(|arg| is_one_of(typing, arg, (quiet, text), MAX_DEPTH))
    });
    quiet
        .map(|quiet| quiet.why.clone())
        .or_else(|| by_version(typing, acquire, text))
        .or_else(|| {
            is_handed_in(typing, acquire, call).then(|| Arc::from("the caller has it, and can release it"))
        })
        .or_else(|| call.args.get(acquire.context?).and_then(|arg| why_context_ends(typing, arg, call)))
}

/// Whether a value comes from a call of one of the functions that `quiet` names: at once, as an argument of
/// another call, or through a variable that has no other values.
fn is_one_of(typing: &Typing, value: &Expr, (quiet, text): (&Quiet, &[u8]), depth: usize) -> bool {
    let is_named = |name: &str| quiet.is.iter().any(|known| **known == *name);
    if depth == 0 {
        return false;
    }
    if value.is_nil() {
        return is_named("nil");
    }
    let is = |value: &Expr| is_one_of(typing, value, (quiet, text), depth - 1);
    if let Some(call) = value.as_call() {
        let named = qualified(typing, &call.function).is_some_and(|name| is_named(&name));
        let gets = |arg: &Expr| {
            let written = &text[arg.span.range()];
            let name = qualified(typing, arg);
            quiet.with.iter().any(|known| known.as_bytes() == written || name.as_deref() == Some(&**known))
        };
        let fits = || quiet.with.is_empty() || call.args.iter().any(gets);
        return named && fits() || call.args.iter().any(is);
    }
    let Some(var) = value.as_ident().and_then(|ident| typing.scopes.var(ident)) else { return false };
    let VarOrigin::Value { value: first, .. } = typing.scopes.info(var).origin else { return false };
    // What is made of its own last value changes nothing.
    let of_itself = |value: &Expr| typing.scopes.uses_in(value.span).any(|used| used == var);
    is(first) && typing.scopes.assigned(var).iter().all(|one| of_itself(one.value) || is(one.value))
}

/// What an expression names, by the import path of its package.
fn qualified(typing: &Typing, expr: &Expr) -> Option<String> {
    typing.name(expr).map(|(package, name)| format!("{package}.{name}"))
}

/// Whether what is held is an argument that the function itself was given.
fn is_handed_in(typing: &Typing, acquire: &Acquire, call: &Call) -> bool {
    let Gives::Argument(at) = acquire.gives else { return false };
    let var = call.args.get(at).and_then(Expr::as_ident).and_then(|ident| typing.scopes.var(ident));
    var.is_some_and(|var| {
        let given = matches!(typing.scopes.info(var).origin, VarOrigin::Param { .. });
        given && typing.scopes.assigned(var).is_empty()
    })
}

/// Why the context `arg` of `call` is sure to end with the function, or soon after it.
fn why_context_ends(typing: &Typing, arg: &Expr, call: &Call) -> Option<Arc<str>> {
    let of_request = Some(Arc::from("it ends with the context of the request"));
    if is_of_request(typing, arg) {
        return of_request;
    }
    let var = arg.as_ident().and_then(|ident| typing.scopes.var(ident))?;
    let before = |value: &&Expr| value.span.start < call.span.start;
    let last = typing.scopes.assigned(var).iter().map(|assigned| assigned.value).rfind(before)?;
    if is_of_request(typing, last) {
        return of_request;
    }
    let derived = last.as_call().filter(|made| {
        typing.ask(made, |name| names::functions().derives_context.holds(name.package, name.name))
            == Some(true)
    });
    if derived?.args.first().is_some_and(|parent| is_of_request(typing, parent)) {
        return of_request;
    }
    let cancels = |ident: &Ident| {
        let assigned =
            |var| typing.scopes.assigned(var).iter().any(|one| one.index == 1 && one.value.span == last.span);
        typing.scopes.var(ident).is_some_and(assigned)
    };
    let block = typing.scopes.body(typing.scopes.body_around(call.span)?).block;
    let mut cancelled = false;
    visit::block(block, &mut |expr| {
        if let ExprKind::Call(call) = &expr.kind {
            cancelled |= call.function.as_ident().is_some_and(cancels);
        }
    });
    cancelled.then(|| Arc::from("it ends with its parent, which is cancelled here"))
}

/// `r.Context()`, of a request or of a stream that serves one.
fn is_of_request(typing: &Typing, value: &Expr) -> bool {
    let Some(call) = value.as_call().filter(|call| call.name() == Some("Context")) else { return false };
    let ExprKind::Selector { operand, .. } = &call.function.unparen().kind else { return false };
    let ty = typing.of(operand);
    let request = ty.is_in(&names::types().requests);
    // What serves a stream of gRPC is named like that, where its methods were not read.
    let stream = || ty.named().is_some_and(|named| named.name.ends_with("Server"));
    request || stream() || typing.database.member(&ty, "RecvMsg").is_some()
}

/// That the module's Go needs no release, unless a setting turns that back.
fn by_version(typing: &Typing, acquire: &Acquire, text: &[u8]) -> Option<Arc<str>> {
    let (major, minor) = acquire.go_below?;
    let dir = &typing.file.package.dir;
    let Some(module) = typing.database.locator().module_of(dir) else {
        // Outside of modules the settings of Go 1.20 hold.
        return (!typing.database.locator().is_before_modules(dir))
            .then(|| Arc::from("no go.mod says which Go it is written for"));
    };
    let version = module.go_version.as_deref().and_then(language_version);
    if version.is_none_or(|version| version < (major, minor)) {
        return None;
    }
    if let Some(setting) = &acquire.unless_godebug {
        let turned = |text: &[u8]| memchr::memmem::find(text, format!("{setting}=1").as_bytes()).is_some();
        let in_go_mod = || sys::read(&module.dir.join("go.mod"), MAX_GO_MOD).is_ok_and(|text| turned(&text));
        if turned(text) || in_go_mod() {
            return None;
        }
    }
    Some(Arc::from(format!(
        "collected with what refers to it since Go {major}.{minor}, which go.mod asks for"
    )))
}

#[cfg(test)]
mod tests {
    use crate::base::diagnostic::Applicability;
    use crate::engine::testing::{Module, checked_by, places};

    /// The lines of `a.go` that leak a cancel function; `text` stands behind an import of `context`.
    fn lost(text: &str) -> Vec<String> {
        let text = format!("package p\n\nimport \"context\"\n\n{text}");
        places(&checked_by("lost-cancel", &[("a.go", &text)]))
    }

    const BODY: &str = "\tif _, ok := ctx.Deadline(); ok {\n\t\treturn\n\t}\n\tcancel()\n}\n";

    #[test]
    fn a_function_is_known_by_its_package_and_name() {
        let text =
            format!("func f(ctx context.Context) {{\n\tctx, cancel := context.WithCancel(ctx)\n{BODY}");
        assert_eq!(lost(&text), ["a.go:6"]);
        let other = text.replace("context.WithCancel", "context.WithValue");
        assert_eq!(lost(&other), [""; 0]);
    }

    #[test]
    fn what_only_looks_like_the_package_is_none() {
        let text = format!(
            "type maker struct{{}}\n\n\
            func (maker) WithCancel(ctx context.Context) (context.Context, func()) {{\n\t\
             return ctx, func() {{}}\n}}\n\nfunc f(ctx context.Context, context maker) {{\n\tctx, cancel := \
             context.WithCancel(ctx)\n{BODY}"
        );
        assert_eq!(lost(&text), [""; 0]);
    }

    #[test]
    fn another_name_for_the_package_is_the_package() {
        let text = format!("func f(ctx c.Context) {{\n\tctx, cancel := c.WithCancel(ctx)\n{BODY}");
        let text = format!("package p\n\nimport c \"context\"\n\n{text}");
        assert_eq!(places(&checked_by("lost-cancel", &[("a.go", &text)])), ["a.go:6"]);
    }

    #[test]
    fn what_may_be_quiet_is_quiet() {
        let text = format!("func f() {{\n\tctx, cancel := context.WithCancel(context.Background())\n{BODY}");
        assert_eq!(lost(&text), [""; 0]);
        let limited =
            text.replace("WithCancel(context.Background())", "WithTimeout(context.Background(), 1)");
        assert_eq!(lost(&limited), ["a.go:6"]);
    }

    /// The verdicts on what `text` acquires by `http.Get`, with the places and kinds of fixes; nobody has the
    /// source of `far`.
    fn bodies(text: &str) -> Vec<String> {
        let head = "package p\n\nimport (\n\t\"net/http\"\n\n\t\"example.org/far\"\n)\n\n";
        let get = "\tresp, err := http.Get(\"a\")\n\tif err != nil {\n\t\treturn err\n\t}\n";
        let body = format!("{head}func f(v *any, h *holder) error {{\n{get}{text}}}\n\n{}", HOLDER);
        let report = checked_by("unclosed-body", &[("a.go", &body)]);
        let safe = report.findings.iter().filter_map(|finding| finding.fix.as_ref());
        assert!(safe.clone().all(|fix| fix.applicability == Applicability::Unsafe), "{text}");
        let told = report.acquisitions.iter();
        told.map(|one| format!("{} {}", one.verdict.words(), one.certainty.word())).collect()
    }

    const HOLDER: &str = "type holder struct{ r any }\n\nfunc own(r any) error { return far.Decode(r) }\n\n\
                          type reader interface{ Read([]byte) (int, error) }\n\n\
                          func ownReader(r reader, v any) error { return far.NewDecoder(r).Decode(v) }\n";

    #[test]
    fn tickers_of_a_repository_from_before_modules_have_to_be_stopped() {
        let text = "package p\n\nimport \"time\"\n\nfunc f() {\n\tt := time.NewTicker(1)\n\t<-t.C\n}\n";
        let running = |beside: &[(&str, &str)]| {
            let module = Module::new(&[&[("a.go", text)], beside].concat());
            let settings = module.settings("unstopped-timer");
            if !beside.iter().any(|(name, _)| *name == "go.mod") {
                std::fs::remove_file(settings.root.join("go.mod")).unwrap();
            }
            places(&crate::engine::check(&settings).unwrap())
        };
        let vendored = ("vendor/a.com/a/a.go", "package a\n");
        assert_eq!(running(&[vendored]), ["a.go:6"]);
        assert_eq!(running(&[]), [""; 0]);
        assert_eq!(running(&[vendored, ("go.mod", "module a.com/p\n\ngo 1.24\n")]), [""; 0]);
        assert_eq!(running(&[vendored, ("tools/go.mod", "module a.com/p/tools\n\ngo 1.24\n")]), [""; 0]);
    }

    #[test]
    fn what_an_unread_function_reads_is_still_to_be_closed() {
        for text in [
            "\treturn far.NewDecoder(resp.Body).Decode(v)\n",
            "\treturn far.Decode(resp.Body, v)\n",
            "\tr := far.NewReader(resp.Body)\n\tfor r.Next() {\n\t}\n\treturn r.Err()\n",
            "\treturn ownReader(resp.Body, v)\n",
        ] {
            assert_eq!(bodies(text), ["leaked assumed"], "{text}");
        }
    }

    #[test]
    fn what_an_unread_function_may_keep_or_close_is_passed_on() {
        for text in [
            "\treturn far.Consume(resp.Body)\n",
            "\treturn far.DecodeAndClose(resp.Body, v)\n",
            "\treturn far.Decode(resp, v)\n",
            "\tgo far.Stream(resp.Body)\n\treturn nil\n",
        ] {
            assert_eq!(bodies(text), ["passed on assumed"], "{text}");
        }
        let stored = bodies("\th.r = far.NewReader(resp.Body)\n\treturn nil\n");
        assert!(stored[0].starts_with("stored"), "{stored:?}");
        let closed = bodies("\tr := far.NewReader(resp.Body)\n\tdefer r.Close()\n\treturn r.Read(v)\n");
        assert!(closed[0].starts_with("released"), "{closed:?}");
    }
}
