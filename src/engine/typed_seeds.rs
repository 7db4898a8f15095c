//! Seeds by what a call gives: something with a release method, made for the caller.

use std::sync::Arc;

use crate::analysis::verdict::case::Judge;
use crate::base::diagnostic::{Closable, Release};
use crate::go::facts::names;
use crate::go::project::package::FuncRef;
use crate::go::types::expressions::Callee;
use crate::go::types::members::Member;
use crate::go::types::type_expr::Type;
use crate::rules::{Rule, Seeds, TypedSeeds};

/// Which result of a call of `callee` a rule that goes by types looks after, if any.
pub fn result_of(judge: &Judge, rule: &Rule, callee: &Callee) -> Option<usize> {
    let Seeds::Given(given) = &rule.seeds else { return None };
    let name = callee.name()?;
    if !given.takes_function(name) {
        return None;
    }
    let types = judge.database.results(callee);
    let maker = match callee {
        Callee::Method { .. } => None,
        _ => Some(&**name),
    };
    let result = types.iter().position(|ty| is_released(judge, rule, (given, maker), ty))?;
    judge.summaries.origins.is_fresh(judge.database, callee, result).then_some(result)
}

fn is_released(judge: &Judge, rule: &Rule, (given, maker): (&TypedSeeds, Option<&str>), ty: &Type) -> bool {
    let taken = ty.named().is_some_and(|named| given.takes_type(&named.package, &named.name, maker));
    // A method of the right name that asks for something else is a release to who knows that there is one,
    // and one that gives something back is a request.
    let fits = |release: &Release| {
        // What ends a session is taken for its `Close`.
        let wanted = names::words().ends_session.holds(&release.method)
            || rule
                .releases
                .iter()
                .any(|wanted| *wanted.name == *release.method && wanted.args == release.args);
        let ends = match judge.database.member(ty, &release.method) {
            Some(Member::Method(method)) => method.signature.results.iter().all(Type::is_error),
            _ => true,
        };
        wanted && ends
    };
    taken
        && matches!(
            judge.database.closable(ty, &rule.releases).closable,
            Closable::By(release) if fits(&release)
        )
}

/// Whether calls of `func` give through `result` something to release that was made around what it acquired.
pub fn is_constructor(judge: &Judge, rule: &Rule, func: &FuncRef, result: usize) -> bool {
    let callee = Callee::Func { func: func.clone(), signature: Arc::new(judge.database.signature(func)) };
    result_of(judge, rule, &callee) == Some(result)
}

#[cfg(test)]
mod tests {
    use crate::engine::testing::{Module, places};

    /// How many leaks `lib.Dial()` is by itself, of a package that the index has functions of, with this
    /// source.
    fn given(dial: &str) -> usize {
        let conn =
            "type ClientConn struct{ n int }\n\nfunc (c *ClientConn) Close() error { c.n = 0; return nil }\n";
        let lib = format!("package grpc\n\n{conn}\ntype Plain struct{{ n int }}\n\n{dial}\n");
        let text =
            "package p\n\nimport \"google.golang.org/grpc\"\n\nfunc f() {\n\tc := grpc.Dial()\n\t_ = c\n}\n";
        let module = Module::new(&[
            ("go.mod", "module example.com/p\n\ngo 1.24\n\nrequire google.golang.org/grpc v1.70.0\n"),
            ("vendor/modules.txt", "# google.golang.org/grpc v1.70.0\n## explicit\ngoogle.golang.org/grpc\n"),
            ("vendor/google.golang.org/grpc/lib.go", &lib),
            ("a.go", text),
        ]);
        let mut settings = module.settings("unclosed-connection");
        (settings.scan.index_only, settings.report.every) = (false, true);
        let acquisitions = crate::engine::check(&settings).unwrap().acquisitions;
        acquisitions.iter().filter(|one| one.verdict.is_finding()).count()
    }

    #[test]
    fn what_is_made_for_the_caller_and_can_be_closed_is_given() {
        assert_eq!(given("func Dial() *ClientConn { return &ClientConn{} }"), 1);
    }

    #[test]
    fn what_is_lent_or_has_no_release_is_not() {
        assert_eq!(given("var kept = &ClientConn{}\n\nfunc Dial() *ClientConn { return kept }"), 0);
        assert_eq!(given("func Dial() *Plain { return &Plain{} }"), 0);
    }

    #[test]
    fn what_the_rule_leaves_alone_by_its_name_is_not() {
        let dial = "type FakeConn struct{ ClientConn }\n\nfunc Dial() *FakeConn { return &FakeConn{} }";
        assert_eq!(given(dial), 0);
    }

    #[test]
    fn a_release_that_gives_something_back_is_a_request() {
        let dial = "type Call struct{}\n\ntype Service struct{ n int }\n\n\
        func (s *Service) Close() *Call { return \
                    &Call{} }\n\nfunc Dial() *Service { return &Service{} }";
        assert_eq!(given(dial), 0);
    }

    /// The lines of `a.go` with a leak, where no source of the module is there.
    fn unread(outside: bool, text: &str) -> Vec<String> {
        let go_mod = "module example.com/p\n\ngo 1.24\n\nrequire xorm.io/xorm v1.3.9\n";
        let module = Module::new(&[("go.mod", go_mod), ("a.go", &format!("package p\n\n{text}"))]);
        let mut settings = module.settings("unclosed-connection");
        settings.scan.index_only = !outside;
        places(&crate::engine::check(&settings).unwrap())
    }

    #[test]
    fn a_method_that_gives_its_own_type_goes_on_with_what_it_is_called_on() {
        let import = "import \"xorm.io/xorm\"\n\n";
        let joined =
            "func f(s *xorm.Session) error {\n\ts = s.Join(\"\", \"a\", \"b\")\n\treturn s.Find(nil)\n}\n";
        assert_eq!(unread(false, &format!("{import}{joined}")), [""; 0]);
        let opened = "func f(e *xorm.Engine) error {\n\ts := e.NewSession()\n\treturn s.Find(nil)\n}\n";
        assert_eq!(unread(false, &format!("{import}{opened}")), ["a.go:6"]);
    }

    #[test]
    fn what_is_made_around_an_argument_that_is_not_read_is_told_by_the_parameter() {
        let around = "import (\n\t\"crypto/tls\"\n\n\t\"example.org/proxy\"\n)\n\n\
                      func f(d proxy.Dialer) error {\n\tconn := d.Dial()\n\tt := tls.Client(conn, nil)\n\
                      \treturn t.Handshake()\n}\n";
        assert_eq!(unread(true, around), [""; 0]);
        let dialled = "import \"crypto/tls\"\n\nfunc f() error {\n\tt, err := tls.Dial(\"tcp\", \"a\", nil)\n\
                       \tif err != nil {\n\t\treturn err\n\t}\n\treturn t.Handshake()\n}\n";
        assert_eq!(unread(true, dialled), ["a.go:6"]);
    }
}
