//! Where a server is reached must not be known to what lives on: whoever asks there finds nobody once it is
//! released. What tells the address, and what is made of it, is followed as far as a function gives it out.

use rustc_hash::FxHashSet;

use crate::analysis::graph::derived::statements;
use crate::analysis::graph::known::{self, Name, Runner};
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId, VarOrigin};
use crate::analysis::proof::nil::bound;
use crate::analysis::proof::release_reach::Reach;
use crate::analysis::proof::subject::Subject;
use crate::analysis::proof::workers;
use crate::base::diagnostic::Objection;
use crate::base::text::{Span, narrow};
use crate::go::facts::{self, names};
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;
use crate::go::types::members::Member;
use crate::go::types::type_expr::Type;

/// Callees that get an address are followed this deep.
const MAX_DEPTH: usize = 4;

/// The address of the resource that the function returns, stores, sets, or hands to what keeps it, whatever
/// the name of the resource's type says.
pub(super) fn given_out(subject: &Subject) -> Option<Objection> {
    // Which of its own addresses a packet would leave by has nobody at it.
    let asks = subject.call.name().is_some_and(|name| name.starts_with("Dial"))
        && subject.call.args.first().is_some_and(|network| subject.text(network.span).starts_with("\"udp"));
    let server = Server { var: subject.holder?, paths: Reach::of(subject).removes, asks };
    let mut seen = Addresses::of(subject.typing, subject.decl, subject.body, Seed::Of(server));
    // `l, addr, err := listen()`
    let maker = subject.typing.called(subject.call);
    let maker = maker.filter(|func| !subject.typing.database.is_dependency(&func.package));
    for (at, var) in bound(subject).into_iter().enumerate() {
        let beside = var.filter(|var| Some(*var) != subject.holder);
        if let (Some(var), Some(func)) = (beside, &maker)
            && subject.typing.var(var).is_some_and(|ty| matches!(ty, Type::Basic(_)))
            && gives_address(func, Some(at))
        {
            seen.made.insert(var);
        }
    }
    seen.grow();
    let (_, place) = seen.given_out(true, 0)?;
    Some(subject.object(place, "where it is reached is given out here: it lives on"))
}

/// What an address comes from.
#[derive(Clone, Copy)]
enum Seed {
    /// A server, which tells it.
    Of(Server),
    /// A parameter that has it.
    In(VarId),
}

/// What tells an address.
#[derive(Clone, Copy)]
struct Server {
    var: VarId,
    /// Its release takes files away, whose paths it tells.
    paths: bool,
    /// It is a packet connection that was dialed.
    asks: bool,
}

impl Server {
    fn tells(self, name: &str) -> bool {
        let words = names::words();
        let address = words.tells_address.holds(name) && !(self.asks && name == "LocalAddr");
        address || (self.paths && words.tells_path.holds(name))
    }
}

/// Where an address stays that a function was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kept {
    /// In what it was called on, or in another thing that it was given.
    Given,
    /// In what is there anyway.
    Elsewhere,
}

/// One function, and its variables that are made of an address.
struct Addresses<'t, 'a, 'c> {
    typing: &'t Typing<'a, 'c>,
    decl: &'t Decl,
    body: BodyId,
    seed: Seed,
    made: FxHashSet<VarId>,
}

impl<'t, 'a, 'c> Addresses<'t, 'a, 'c> {
    fn of(typing: &'t Typing<'a, 'c>, decl: &'t Decl, body: BodyId, seed: Seed) -> Addresses<'t, 'a, 'c> {
        let made = match seed {
            Seed::Of(_) => FxHashSet::default(),
            Seed::In(param) => FxHashSet::from_iter([param]),
        };
        let mut found = Addresses { typing, decl, body, seed, made };
        found.grow();
        found
    }

    /// Takes in all variables that are made of those that are.
    fn grow(&mut self) {
        let (typing, decl) = (self.typing, self.decl);
        let plain = |var: &VarId| !typing.var(*var).is_some_and(|ty| ty.is_error());
        let statements = statements(decl);
        loop {
            let found = &mut *self;
            let before = found.made.len();
            for stmt in &statements {
                let StmtKind::Assign { left, right, .. } = &stmt.kind else { continue };
                if right.iter().any(|value| found.told(value)) {
                    let roots: Vec<VarId> =
                        left.iter().filter_map(|target| found.root(target)).filter(plain).collect();
                    found.made.extend(roots);
                }
            }
            // Whatever declares or sets it: `var at = s.Addr()`, `for _, at := range s.Addrs()`.
            let all = (0..narrow(typing.scopes.vars.len())).map(VarId).filter(plain);
            let more: Vec<VarId> = all.filter(|var| found.is_made(*var)).collect();
            found.made.extend(more);
            // What a function gets may stay in what it is called on, and in what else it gets.
            for call in visit::calls(decl) {
                if call.args.iter().any(|arg| found.is_handed(arg)) {
                    let near = found
                        .operands(call)
                        .chain(found.filled(call).into_iter().filter_map(|to| found.root(to)));
                    let near: Vec<_> = near.filter(|var| !found.outlives(*var)).collect();
                    found.made.extend(near);
                }
            }
            if found.made.len() == before {
                return;
            }
        }
    }

    fn var(&self, expr: &Expr) -> Option<VarId> {
        expr.as_ident().and_then(|ident| self.typing.scopes.var(ident))
    }

    /// The local variable that a target, or what a method is called on, begins with.
    fn root(&self, expr: &Expr) -> Option<VarId> {
        let mut expr = expr.unparen();
        loop {
            expr = match &expr.kind {
                ExprKind::Selector { operand, .. }
                | ExprKind::Index { operand, .. }
                | ExprKind::Slice { operand, .. }
                | ExprKind::AddressOf(operand)
                | ExprKind::Pointer(operand)
                | ExprKind::Paren(operand) => operand,
                ExprKind::Call(call) => match &call.function.unparen().kind {
                    ExprKind::Selector { operand, .. } => operand,
                    _ => return None,
                },
                _ => return self.var(expr),
            };
        }
    }

    /// Whether a value is made of an address.
    fn told(&self, value: &Expr) -> bool {
        let mut found = false;
        visit::expr(value, &mut |inner| {
            found |= self.is_address(inner) || self.var(inner).is_some_and(|var| self.made.contains(&var));
        });
        found
    }

    /// Whether a variable gets a value that is made of an address.
    fn is_made(&self, var: VarId) -> bool {
        let scopes = self.typing.scopes;
        let ranged = matches!(scopes.info(var).origin, VarOrigin::Range { value, .. } if self.told(value));
        ranged || scopes.assigned(var).iter().any(|given| self.told(given.value))
    }

    /// Whether a variable is the server, or another name for it.
    fn is_server(&self, var: VarId) -> bool {
        let Seed::Of(server) = self.seed else { return false };
        let named = |value: &Expr| self.var(value) == Some(server.var);
        var == server.var || self.typing.scopes.assigned(var).iter().any(|given| named(given.value))
    }

    fn is_address(&self, expr: &Expr) -> bool {
        let ExprKind::Selector { operand, field } = &expr.kind else { return false };
        let Seed::Of(server) = self.seed else { return false };
        self.var(operand).is_some_and(|var| self.is_server(var))
            && (server.tells(&field.name) || self.says_address(operand, &field.name))
    }

    /// Whether a method of the repository's gives what one that tells an address has given it.
    fn says_address(&self, operand: &Expr, method: &str) -> bool {
        let database = self.typing.database;
        let Some(Member::Method(found)) = database.member(&self.typing.of(operand), method) else {
            return false;
        };
        found.func.is_some_and(|func| !database.is_dependency(&func.package) && gives_address(&func, None))
    }

    /// Whether an argument is made of an address. What a function literal does with one is seen where its
    /// body does it, and an error or a truth tells none.
    fn is_handed(&self, arg: &Expr) -> bool {
        let tells = || {
            let ty = self.typing.of(arg);
            !ty.is_error() && !matches!(ty, Type::Basic(name) if &*name == "bool")
        };
        !matches!(arg.unparen().kind, ExprKind::FuncLit(_)) && self.told(arg) && tells()
    }

    /// The variables that what a call is made on, and its arguments, begin with, where those can keep
    /// something.
    fn operands(&self, call: &Call) -> impl Iterator<Item = VarId> {
        let on = called_on(call).into_iter().chain(&call.args).filter_map(|expr| self.root(expr));
        on.filter(|var| {
            let ty = self.typing.var(*var).unwrap_or(Type::Nil);
            !matches!(ty, Type::Basic(_)) && !ty.is_context() && !ty.is_in(&names::types().tests)
        })
        .collect::<Vec<_>>()
        .into_iter()
    }

    /// What a call fills with what it reads from another argument: `&port` of `fmt.Sscan(s.URL, &port)`.
    fn filled<'e>(&self, call: &'e Call) -> Vec<&'e Expr> {
        let copies = call.name() == Some("copy") && call.receiver().is_none();
        if !copies && self.typing.ask(call, known::fills) != Some(true) {
            return Vec::new();
        }
        let targets = if copies { call.args.get(..1) } else { call.args.get(1..) };
        let is_plain = |arg: &Expr| matches!(self.typing.of(arg), Type::Basic(_));
        targets.unwrap_or_default().iter().filter(|arg| !is_plain(arg)).collect()
    }

    /// Whether a variable is there when the body has ended: it is none of the body's own, nor of a literal
    /// in it, or came with its parameters.
    fn outlives(&self, var: VarId) -> bool {
        let info = self.typing.scopes.info(var);
        let given = matches!(info.origin, VarOrigin::Param { .. } | VarOrigin::Result { .. });
        !self.is_inside(info.body) || given && info.body == self.body
    }

    fn is_inside(&self, body: BodyId) -> bool {
        let bodies = std::iter::successors(Some(body), |body| self.typing.scopes.body(*body).parent);
        bodies.into_iter().any(|body| body == self.body)
    }

    /// Where something stays that begins with this variable, or with none.
    fn stays(&self, root: Option<VarId>) -> Option<Kept> {
        let Some(var) = root else { return Some(Kept::Elsewhere) };
        let given = self.typing.scopes.info(var).body == self.body;
        self.outlives(var).then_some(if given { Kept::Given } else { Kept::Elsewhere })
    }

    /// Where a value stays that is assigned to `target`.
    fn stays_in(&self, target: &Expr, returns: bool) -> Option<Kept> {
        match self.var(target) {
            // A result that has a name is given to the caller; a parameter tells nobody.
            Some(var) if self.is_result(var) => returns.then_some(Kept::Elsewhere),
            Some(var) => (!self.is_inside(self.typing.scopes.info(var).body)).then_some(Kept::Elsewhere),
            None if target.as_ident().is_some_and(Ident::is_blank) => None,
            None => self.stays(self.root(target)),
        }
    }

    /// Where what is filled stays: a result that has a name is given to the caller.
    fn stays_behind(&self, target: &Expr) -> Option<Kept> {
        let root = self.root(target);
        if root.is_some_and(|var| self.is_result(var)) { Some(Kept::Elsewhere) } else { self.stays(root) }
    }

    /// Where what is written stays: a file is there for others, whoever wrote it.
    fn stays_written(&self, writer: VarId) -> Option<Kept> {
        let file = self.typing.var(writer).is_some_and(|ty| ty.is_in(&names::types().files));
        if file { Some(Kept::Elsewhere) } else { self.stays(Some(writer)) }
    }

    /// Whether a value is the server itself, which is written out with its address.
    fn tells_all(&self, value: &Expr) -> bool {
        let mut value = value.unparen();
        while let ExprKind::AddressOf(operand) | ExprKind::Pointer(operand) = &value.kind {
            value = operand.unparen();
        }
        self.var(value).is_some_and(|var| self.is_server(var))
    }

    fn is_result(&self, var: VarId) -> bool {
        let info = self.typing.scopes.info(var);
        info.body == self.body && matches!(info.origin, VarOrigin::Result { .. })
    }

    /// The place that gives the address out, and where to. A result is for the caller to look at, but where
    /// `returns` says that it counts.
    fn given_out(&self, returns: bool, depth: usize) -> Option<(Kept, Span)> {
        let told = |values: &[Expr]| values.iter().any(|value| self.told(value));
        let stored = statements(self.decl).into_iter().filter_map(|stmt| {
            let kept = match &stmt.kind {
                StmtKind::Return(values) => (returns && told(values)).then_some(Kept::Elsewhere),
                StmtKind::Assign { left, right, .. } if told(right) => {
                    left.iter().filter_map(|target| self.stays_in(target, returns)).max()
                }
                StmtKind::Send { value, .. } => self.told(value).then_some(Kept::Elsewhere),
                StmtKind::Go(call) => {
                    let body = self.typing.scopes.body(self.body).block;
                    let goes_on = || !workers::waits(self.typing, body, stmt.span.end);
                    (self.told(call) && goes_on()).then_some(Kept::Elsewhere)
                }
                _ => None,
            };
            Some((kept?, stmt.span))
        });
        let handed = visit::calls(self.decl)
            .into_iter()
            .filter_map(|call| Some((self.keeps(call, depth)?, call.span)));
        stored.chain(handed).max_by_key(|(kept, span)| (*kept, std::cmp::Reverse(span.start)))
    }

    /// Where what a call is handed of an address stays.
    fn keeps(&self, call: &Call, depth: usize) -> Option<Kept> {
        let handed: Vec<usize> = (0..call.args.len()).filter(|at| self.is_handed(&call.args[*at])).collect();
        let known = |holds: fn(Name) -> bool| self.typing.ask(call, holds) == Some(true);
        if let Some(writer) = self.writer(call) {
            let others = call.args.iter().filter(|arg| arg.span != writer.span);
            let written = others.into_iter().any(|arg| self.told(arg) || self.tells_all(arg));
            return self.root(writer).filter(|_| written).and_then(|var| self.stays_written(var));
        }
        // `time.AfterFunc(d, func() { get(s.URL) })`
        if known(|name| known::runner(name) == Some(Runner::Later))
            && call.args.iter().any(|arg| self.told(arg))
        {
            return Some(Kept::Elsewhere);
        }
        if handed.is_empty() {
            return None;
        }
        if call.name().is_some_and(|name| name.starts_with("Set")) || known(known::takes_out) {
            return Some(Kept::Elsewhere);
        }
        if let Some(kept) = self.filled(call).into_iter().filter_map(|target| self.stays_behind(target)).max()
        {
            return Some(kept);
        }
        if known(known::only_looks) || known(|name| facts::is_standard(name.package)) {
            return None;
        }
        let Some(func) = self.typing.called(call).filter(|func| func.decl.has_body()) else {
            // A function that came from elsewhere may do anything with it.
            if self.var(&call.function).is_some_and(|var| self.outlives(var)) {
                return Some(Kept::Elsewhere);
            }
            // What is not read may keep it in what it is called on, and a function of a package that gives
            // nothing back was called for what it keeps or does.
            let on = called_on(call)?;
            return match self.is_package(on) {
                false => self.stays(self.root(on)),
                true => self.is_statement(call).then_some(Kept::Elsewhere),
            };
        };
        if depth >= MAX_DEPTH {
            return Some(Kept::Elsewhere);
        }
        let inside = handed.iter().filter_map(|at| self.kept_by(&func, *at, depth)).max()?;
        match inside {
            Kept::Elsewhere => Some(inside),
            // A variable of the package's is nobody's.
            Kept::Given => {
                let on =
                    called_on(call).filter(|on| !self.is_package(on)).map(|on| self.stays(self.root(on)));
                on.into_iter().chain(self.operands(call).map(|var| self.stays(Some(var)))).flatten().max()
            }
        }
    }

    /// Whether a call is a statement, and nobody has what it gives.
    fn is_statement(&self, call: &Call) -> bool {
        let is_it =
            |stmt: &&Stmt| matches!(&stmt.kind, StmtKind::Expr(expr) if expr.unparen().span == call.span);
        statements(self.decl).iter().any(is_it)
    }

    /// What a call of the standard library's writes to: `w` of `io.WriteString(w, s.URL)`.
    fn writer<'e>(&self, call: &'e Call) -> Option<&'e Expr> {
        if self.typing.ask(call, known::writes_to) == Some(true) {
            return call.args.first();
        }
        let writes = call.name().is_some_and(|name| names::words().writes.holds(name))
            && self.typing.ask(call, |name| facts::is_standard(name.package)) == Some(true);
        called_on(call).filter(|on| writes && !self.is_package(on))
    }

    fn is_package(&self, expr: &Expr) -> bool {
        let named = |ident: &Ident| self.typing.import(&ident.name).is_some();
        self.var(expr).is_none() && expr.as_ident().is_some_and(named)
    }

    fn kept_by(&self, func: &FuncRef, at: usize, depth: usize) -> Option<Kept> {
        let last = func.decl.signature.params.len().checked_sub(1)?;
        let scopes = Scopes::of_func(&func.decl);
        let param = scopes.param(BodyId(0), ParamIndex::At(narrow(at.min(last))))?;
        let typing = Typing::new(self.typing.database, FileScope::of(func), &scopes);
        let decl = Decl::Func(func.decl.clone());
        let inside = Addresses::of(&typing, &decl, BodyId(0), Seed::In(param));
        inside.given_out(false, depth + 1).map(|(kept, _)| kept)
    }
}

/// Whether a function returns something with `l.Addr()` or the like in it: as its result `index`, or as any.
fn gives_address(func: &FuncRef, index: Option<usize>) -> bool {
    let Some(body) = func.decl.body() else { return false };
    let scopes = Scopes::of_func(&func.decl);
    let tells = |value: &Expr| {
        let mut found = false;
        visit::expr(value, &mut |inner| {
            let name = inner.as_call().and_then(Call::name);
            found |= name.is_some_and(|name| names::words().listens_at.holds(name));
        });
        found
    };
    let made = |value: &Expr| {
        let var = value.as_ident().and_then(|ident| scopes.var(ident));
        var.is_some_and(|var| scopes.assigned(var).iter().any(|given| tells(given.value)))
    };
    let mut found = false;
    visit::body(body, &mut |stmt| {
        let StmtKind::Return(values) = &stmt.kind else { return };
        let asked = values.iter().enumerate().filter(|(at, _)| index.is_none_or(|index| index == *at));
        found |= asked.into_iter().any(|(_, value)| tells(value) || made(value));
    });
    found
}

/// What a method, or a function of a package, is called on.
fn called_on(call: &Call) -> Option<&Expr> {
    match &call.function.unparen().kind {
        ExprKind::Selector { operand, .. } => Some(operand),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::{places_in, places_with};

    #[test]
    fn what_gives_out_where_it_is_reached_lives_on_whatever_its_name() {
        let of = |rest: &str| {
            places_in(&format!(
                "type hub struct{{ fd int }}\nfunc (h *hub) Close() error {{ h.fd = 0; return nil }}\n\
                 func (h *hub) Addr() string {{ return string(rune(h.fd)) }}\n\
                 func newHub() *hub {{ return &hub{{fd: 1}} }}\nvar addr string\n\
                 func f() string {{\nh := newHub()\n{rest}\n}}"
            ))
        };
        assert_eq!(of("_ = h.Addr()\nreturn \"\""), ["h after 7, proved"]);
        assert_eq!(of("return h.Addr()"), ["h after 7, not proved"]);
        assert_eq!(of("addr = h.Addr()\nreturn \"\""), ["h after 7, not proved"]);
    }

    #[test]
    fn what_is_made_of_the_address_must_not_be_kept_either() {
        let of = |rest: &str| {
            places_in(&format!(
                "type hub struct{{ fd int }}\nfunc (h *hub) Close() error {{ h.fd = 0; return nil }}\n\
                 func (h *hub) Addr() string {{ return string(rune(h.fd)) }}\n\
                 func newHub() *hub {{ return &hub{{fd: 1}} }}\ntype node struct{{ host string }}\n\
                 var last *node\nvar all []string\ntype pool struct{{ n *node; v node; l []string }}\n\
                 func (p *pool) point(n *node) {{ p.n = n }}\nfunc (p *pool) value(n node) {{ p.v = n }}\n\
                 func (p *pool) list(l []string) {{ p.l = l }}\n\
                 func (p *pool) any(a ...any) {{ p.n = a[0].(*node) }}\nfunc store(n *node) {{ last = n }}\n\
                 func look(n *node) bool {{ return n.host != \"\" }}\n\
                 type mock interface{{ Return(rets ...any) mock }}\n\
                 func f(p *pool, m mock) {{\nh := newHub()\n{rest}\n}}"
            ))
        };
        for kept in [
            "p.point(&node{host: h.Addr()})",
            "p.value(node{h.Addr()})",
            "p.list([]string{h.Addr()})",
            "p.list(append([]string{}, h.Addr()))",
            "p.any(&node{host: h.Addr()})",
            "store(&node{host: h.Addr()})",
            "n := &node{}\nn.host = h.Addr()\nstore(n)",
            "n := &node{host: h.Addr()}\np.point(n)",
            "m.Return(h.Addr(), nil)",
            "m.Return(&node{host: h.Addr()}, nil)",
        ] {
            assert_eq!(of(kept), ["h after 17, not proved"], "{kept}");
        }
        for lent in ["_ = look(&node{host: h.Addr()})", "own := &pool{}\nown.point(&node{host: h.Addr()})"] {
            assert_eq!(of(lent), ["h after 17, proved"], "{lent}");
        }
    }

    #[test]
    fn who_gets_the_address_must_not_keep_it() {
        let of = |rest: &str| {
            places_in(&format!(
                "type hub struct{{ fd int }}\nfunc (h *hub) Close() error {{ h.fd = 0; return nil }}\n\
                 func (h *hub) Addr() string {{ return string(rune(h.fd)) }}\n\
                 func newHub() *hub {{ return &hub{{fd: 1}} }}\nvar addr string\n\
                 type list struct{{ of map[string]string }}\n\
                 func (l *list) add(k, v string) {{ l.of[k] = v }}\n\
                 func (l *list) has(v string) bool {{ return l.of[v] != \"\" }}\n\
                 func remember(text string) {{ addr = text }}\nfunc dial(text string) *list {{\n\
                 return &list{{map[string]string{{text: text}}}} }}\n\
                 func (l *list) use(c *list) {{ *l = *c }}\n\
                 func f(l *list, then func(string)) {{\nh := newHub()\n{rest}\n}}"
            ))
        };
        for kept in [
            "l.add(\"x\", h.Addr())",
            "l.use(dial(h.Addr()))",
            "remember(h.Addr())",
            "text := h.Addr()\nremember(text)",
            "var text = h.Addr()\nremember(text)",
            "for _, text := range []string{h.Addr()} { remember(text) }",
            "other := h\nremember(other.Addr())",
            "then(h.Addr())",
        ] {
            assert_eq!(of(kept), ["h after 14, not proved"], "{kept}");
        }
        for lent in ["_ = l.has(h.Addr())", "own := &list{}\nown.add(\"x\", h.Addr())", "_ = dial(h.Addr())"]
        {
            assert_eq!(of(lent), ["h after 14, proved"], "{lent}");
        }
    }

    #[test]
    fn a_function_of_a_package_that_is_not_read_may_keep_the_address() {
        let of = |rest: &str| {
            let text = format!(
                "type hub struct{{ fd int }}\nfunc (h *hub) Close() error {{ h.fd = 0; return nil }}\n\
                 func (h *hub) Addr() string {{ return string(rune(h.fd)) }}\n\
                 func newHub() *hub {{ return &hub{{fd: 1}} }}\nfunc f(run func(string)) {{\nh := newHub()\n\
                 {rest}\n}}"
            );
            places_with("example.com/gone", &text)
        };
        assert_eq!(of("gone.Register(h.Addr())"), ["h after 6, not proved"]);
        assert_eq!(of("_ = gone.New(h.Addr())"), ["h after 6, proved"]);
        assert_eq!(of("println(h.Addr())"), ["h after 6, proved"]);
    }
}
