//! Workers: values of which a method, or what makes them, starts a goroutine that only another of their
//! methods ends, while whoever has the value never calls that.
//!
//! Only a value that its function keeps to itself is judged, and only where the code of all that is called on
//! it is read: then nobody else can end the goroutine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::analysis::channel::holder::{Goroutine, Touch, Uses, composite, field_of, made, uses, uses_in};
use crate::analysis::channel::refused::is_refused;
use crate::analysis::detection::{Detection, Function};
use crate::analysis::graph::exits::{exits, may_return, received};
use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId, VarOrigin};
use crate::analysis::placement::anchor;
use crate::base::diagnostic::{AnchorPlace, Remedy};
use crate::base::text::{Span, narrow};
use crate::go::facts::names::{self, NameSet};
use crate::go::project::package::{FuncRef, Package};
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::{Database, FileScope};
use crate::go::types::expressions::Callee;
use crate::go::types::type_expr::{Home, Type};

/// What the rule is called.
pub const KIND: &str = "unstopped-worker";

/// Functions that are looked into for one value.
const MAX_FUNCTIONS: usize = 24;

/// A goroutine's loop may stand in functions within functions this deep.
const MAX_DEPTH: u32 = 2;

/// The workers of a declaration that are never stopped.
pub fn detect(function: &Function) -> Vec<Detection> {
    let scopes = function.scopes;
    let owner = Owner { scopes, typing: function.typing };
    let vars = (0..scopes.vars.len()).map(|at| VarId(narrow(at)));
    let mut found: Vec<Detection> = vars.filter_map(|var| owner.of_variable(var)).collect();
    for body in &scopes.bodies {
        visit::body(body.block, &mut |stmt| {
            if let StmtKind::Expr(expr) = &stmt.kind {
                found.extend(expr.as_call().and_then(|call| owner.of_dropped(call)));
            }
        });
    }
    found
}

/// What ends a goroutine: each field, and whether only its close does.
type Ends = BTreeMap<Arc<str>, bool>;

struct Owner<'a, 'f> {
    scopes: &'f Scopes<'a>,
    typing: &'f Typing<'a, 'f>,
}

impl<'a> Owner<'a, '_> {
    /// A value in a variable.
    fn of_variable(&self, var: VarId) -> Option<Detection> {
        let info = self.scopes.info(var);
        let VarOrigin::Value { value, index: 0, of } = info.origin else { return None };
        let made_here = composite(value).is_some();
        if !made_here && (of > 2 || value.as_call().is_none()) || self.scopes.assigned(var).len() != 1 {
            return None;
        }
        let uses = uses(self.scopes, var, 1)?;
        if self.is_lent(var) {
            return None;
        }
        let ty = self.typing.var(var)?;
        let named = ty.named()?;
        let Home::Source(package) = &named.home else { return None };
        let mut reach = Reach::new(self.typing.database, package, &named.name);
        match composite(value) {
            Some(elements) => reach.made = made(elements),
            None => reach.constructor(self.typing, value.as_call()?)?,
        }
        reach.add(self.typing, var, &uses)?;
        let (at, stop) = reach.unstopped()?;
        let name = &info.name;
        let Some(method) = &reach.goroutines[at].by else {
            let what = format!("`{}`", value.as_call()?.name()?);
            return Some(self.detection(value.span, &what, name, &stop, &uses));
        };
        let started = uses.goroutines.iter().filter_map(|one| match one {
            Goroutine::Method(method, call) => Some((*method, *call)),
            Goroutine::Literal(_) => None,
        });
        let call = uses.methods.iter().copied().chain(started).find(|(called, _)| **called == **method);
        if let Some((_, call)) = call
            && reach.method(method).is_some_and(|func| is_refused(self.typing, call, &func.decl))
        {
            return None;
        }
        let span = call.map_or(value.span, |(_, call)| call.span);
        Some(self.detection(span, &format!("`{name}.{method}`"), name, &stop, &uses))
    }

    /// Whether others work with the value after the function: they have a channel of its, `return t.C`, or
    /// a function literal that calls it, in a field or as a result.
    fn is_lent(&self, var: VarId) -> bool {
        let names = |span: Span| self.scopes.uses_in(span).any(|used| used == var);
        let keeps = |value: &Expr| match &value.unparen().kind {
            ExprKind::FuncLit(literal) => names(literal.body.span),
            _ => false,
        };
        let mut lent = false;
        for body in &self.scopes.bodies {
            visit::body(body.block, &mut |stmt| match &stmt.kind {
                StmtKind::Return(values) => {
                    let channel =
                        |value: &Expr| names(value.span) && matches!(self.typing.of(value), Type::Chan(_));
                    lent |= values.iter().any(|value| keeps(value) || channel(value));
                }
                StmtKind::Assign { left, right, .. } => {
                    let mut stored = left.iter().zip(right).filter(|(target, _)| target.as_ident().is_none());
                    lent |= stored.any(|(_, value)| keeps(value));
                }
                _ => {}
            });
        }
        if let Some(body) = self.scopes.bodies.first() {
            visit::block(body.block, &mut |expr| {
                if let ExprKind::Composite { elements, .. } = &expr.kind {
                    lent |= elements.iter().any(|element| keeps(&element.value));
                }
            });
        }
        lent
    }

    /// A value that nobody takes.
    fn of_dropped(&self, call: &'a Call) -> Option<Detection> {
        let ty = self.typing.results(call).into_iter().next()?;
        let named = ty.named()?;
        let Home::Source(package) = &named.home else { return None };
        let mut reach = Reach::new(self.typing.database, package, &named.name);
        reach.constructor(self.typing, call)?;
        let (_, stop) = reach.unstopped()?;
        let name = call.name()?;
        let what = format!("`{name}`");
        Some(self.detection(call.span, &what, &format!("{name}(…)"), &stop, &Uses::default()))
    }

    fn detection(&self, span: Span, what: &str, name: &str, stop: &Stop, uses: &Uses) -> Detection {
        let method = &stop.name;
        let statement = self.statement(span).filter(|_| stop.plain && !name.contains('('));
        let remedy = match statement.filter(|_| !uses.goroutines.iter().any(is_method)) {
            Some(statement) => Remedy::Lines {
                title: format!("insert `defer {name}.{method}()`"),
                place: AnchorPlace::After(statement),
                lines: vec![format!("defer {name}.{method}()")],
                doubt: Some("it may wait for the goroutine, or be wanted earlier".to_owned()),
            },
            None => Remedy::advice(
                format!("call `{name}.{method}` on every way out"),
                "when the goroutine is to end, is for a person to say",
            ),
        };
        let message = format!(
            "{what} starts a goroutine that only `{name}.{method}` ends, and nobody calls it: it never ends"
        );
        let found = Detection::new(KIND, span, "started here", message).with_remedy(remedy);
        Detection { is_mended_by_release: true, ..found }
    }

    /// The statement behind which there is something to stop: the one of the function's own block that a span
    /// stands in, or the check of the error that comes with it.
    fn statement(&self, span: Span) -> Option<Span> {
        // One in a literal would not be in scope behind it.
        if self.scopes.body_around(span) != Some(BodyId(0)) {
            return None;
        }
        let block = self.scopes.bodies.first()?.block;
        let around = block.stmts.iter().find(|stmt| stmt.span.contains(span))?;
        match &around.kind {
            StmtKind::Expr(_) => Some(around.span),
            StmtKind::Define { left, .. } if left.len() == 1 => Some(around.span),
            // Before the error is looked at there may be nothing to call.
            StmtKind::Define { .. } => anchor::error_check(block, span),
            _ => None,
        }
    }
}

fn is_method(goroutine: &Goroutine) -> bool {
    matches!(goroutine, Goroutine::Method(..))
}

/// A method that ends a goroutine; `plain` where it is called without arguments.
struct Stop {
    name: Arc<str>,
    plain: bool,
}

/// A goroutine that code of the value starts.
struct Started {
    /// The method that starts it; none where the value's maker does.
    by: Option<Arc<str>>,
    /// What ends it, where nothing else does.
    ends: Option<Ends>,
    touched: Vec<(Arc<str>, Touch)>,
}

/// All code of the type's package that runs for one value.
struct Reach<'p> {
    database: &'p Database,
    package: &'p Arc<Package>,
    ty: &'p Arc<str>,
    /// The methods that are looked into already.
    seen: BTreeSet<Arc<str>>,
    /// Fields that hold a channel that was made for it, or what cancels a context that was.
    made: BTreeSet<Arc<str>>,
    /// Fields that hold such a context, with those that hold what cancels it.
    contexts: BTreeMap<Arc<str>, Arc<str>>,
    /// What code outside of its goroutines does with fields.
    touched: Vec<(Arc<str>, Touch)>,
    goroutines: Vec<Started>,
}

/// Local variables that hold a context, with the field that holds what cancels it.
type Locals = BTreeMap<VarId, Arc<str>>;

impl<'p> Reach<'p> {
    fn new(database: &'p Database, package: &'p Arc<Package>, ty: &'p Arc<str>) -> Reach<'p> {
        Reach {
            database,
            package,
            ty,
            seen: BTreeSet::new(),
            made: BTreeSet::new(),
            contexts: BTreeMap::new(),
            touched: Vec::new(),
            goroutines: Vec::new(),
        }
    }

    fn method(&self, name: &str) -> Option<FuncRef> {
        self.package.method(self.ty, name).filter(|func| func.decl.has_body())
    }

    /// The first goroutine that nothing ends, and the method that would.
    fn unstopped(&self) -> Option<(usize, Stop)> {
        self.goroutines.iter().enumerate().find_map(|(at, one)| {
            let ends = one.ends.as_ref()?;
            let only = !ends.is_empty() && ends.keys().all(|field| self.made.contains(field));
            // What it takes out it has put in itself: a semaphore.
            let own = |(field, how): &(Arc<str>, Touch)| *how == Touch::Sends && ends.contains_key(field);
            if !only || one.touched.iter().any(own) || self.is_ended(ends, at) {
                return None;
            }
            Some((at, self.stops(ends).into_iter().next()?))
        })
    }

    /// The contexts that a function makes for the value, each from one that never ends: `roots` are the
    /// parameters that hold such a one.
    fn contexts_of(&mut self, typing: &Typing, var: VarId, roots: &[VarId], elements: &[Element]) -> Locals {
        let scopes = typing.scopes;
        let is = |call: &Call, fact: &NameSet| {
            typing.name(&call.function).is_some_and(|(package, name)| fact.holds(&package, name))
        };
        let is_root = |parent: &Expr| match parent.as_call() {
            Some(call) => is(call, &names::functions().root_contexts),
            None => {
                parent.as_ident().and_then(|name| scopes.var(name)).is_some_and(|var| roots.contains(&var))
            }
        };
        let mut stored: Vec<(&str, &Expr)> = Vec::new();
        let mut made: Vec<(VarId, &Expr)> = Vec::new();
        for element in elements {
            let key = element.key.as_ref().and_then(Expr::as_ident);
            stored.extend(key.map(|key| (&*key.name, &element.value)));
        }
        let Some(first) = scopes.bodies.first() else { return Locals::new() };
        visit::body(first.block, &mut |stmt| {
            let (StmtKind::Define { left, right } | StmtKind::Assign { left, right, .. }) = &stmt.kind else {
                return;
            };
            if let ([context, cancel], [value]) = (left.as_slice(), right.as_slice())
                && let Some(call) = value.as_call()
                && is(call, &names::functions().cancellable)
                && call.args.first().is_some_and(is_root)
                && let Some(context) = context.as_ident().and_then(|name| scopes.var(name))
            {
                made.push((context, cancel));
            } else if left.len() == right.len() {
                let fields = left.iter().zip(right);
                stored.extend(
                    fields.filter_map(|(target, value)| Some((field_of(scopes, var, target)?, value))),
                );
            }
        });
        let named = |expr: &Expr| expr.as_ident().and_then(|name| scopes.var(name));
        // A field's name in a literal looks like the variable of that name.
        let keys = |var| elements.iter().filter(|one| one.key.as_ref().and_then(named) == Some(var)).count();
        let mut locals = Locals::new();
        for (context, cancel) in made {
            let field = match named(cancel) {
                // What else holds it may cancel it too.
                Some(held) if scopes.uses_of(held).count() != 2 + keys(held) => None,
                Some(held) => {
                    stored.iter().find(|(_, value)| named(value) == Some(held)).map(|(field, _)| *field)
                }
                None => field_of(scopes, var, cancel),
            };
            let Some(field) = field.map(Arc::<str>::from) else { continue };
            for (holder, _) in stored.iter().filter(|(_, value)| named(value) == Some(context)) {
                self.contexts.insert(Arc::from(*holder), field.clone());
            }
            self.made.insert(field.clone());
            locals.insert(context, field);
        }
        locals
    }

    /// Whether a name that is called on the value is a field: what it holds is called then. None where nobody
    /// knows what it is.
    fn is_field(&self, name: &str) -> Option<bool> {
        if self.package.has_method(self.ty, name) {
            return Some(false);
        }
        let spec = self.package.type_spec(self.ty)?;
        let ExprKind::Struct(fields) = &spec.spec().ty.unparen().kind else { return None };
        fields.iter().flat_map(|field| &field.names).any(|field| *field.name == *name).then_some(true)
    }

    /// Takes in what the value's owner does with it, and the methods that it calls; none where one of them is
    /// not read, or hands the value on.
    fn add(&mut self, typing: &Typing, var: VarId, uses: &Uses) -> Option<()> {
        self.note(uses)?;
        for (method, call) in &uses.methods {
            self.call(method, method, Some((typing, call)))?;
        }
        for goroutine in &uses.goroutines {
            match goroutine {
                Goroutine::Method(name, call) => {
                    self.start(name, name, (typing.scopes, call), &Locals::new())?
                }
                Goroutine::Literal(literal) => {
                    self.add(typing, var, &uses_in(typing.scopes, var, literal.body.span)?)?
                }
            }
        }
        Some(())
    }

    /// Takes in what is done with fields; none where a method is handed on with the value.
    fn note(&mut self, uses: &Uses) -> Option<()> {
        if uses.fields.iter().any(|(name, _)| self.package.has_method(self.ty, name)) {
            return None;
        }
        self.touched.extend(uses.fields.iter().map(|(field, how)| (Arc::from(*field), *how)));
        let made = uses.fields.iter().filter(|(_, how)| *how == Touch::Made);
        self.made.extend(made.map(|(field, _)| Arc::from(*field)));
        Some(())
    }

    /// A method that is called, by the value's owner where the call is there; `by` is what the owner has
    /// called.
    fn call(&mut self, name: &str, by: &str, called: Option<(&Typing, &Call)>) -> Option<()> {
        if self.is_field(name)? {
            self.touched.push((Arc::from(name), Touch::Otherwise));
            return Some(());
        }
        if !self.seen.insert(Arc::from(name)) {
            return Some(());
        }
        if self.seen.len() > MAX_FUNCTIONS {
            return None;
        }
        let func = self.method(name)?;
        // Who calls it is there as long as it serves.
        if func.decl.body().is_some_and(|body| body.stmts.iter().any(is_endless)) {
            return None;
        }
        let scopes = Scopes::of_func(&func.decl);
        // A receiver without a name is not used.
        let Some(receiver) = scopes.param(BodyId(0), ParamIndex::Receiver) else { return Some(()) };
        let typing = Typing::new(self.database, FileScope::of(&func), &scopes);
        let uses = uses(&scopes, receiver, 1)?;
        let roots = called.map(|(owner, call)| roots(owner, call, &scopes)).unwrap_or_default();
        let locals = self.contexts_of(&typing, receiver, &roots, &[]);
        self.walked(&scopes, receiver, &uses, Some(by), &locals)
    }

    /// What one function does with the value, its goroutines and the methods that it calls in turn.
    fn walked(
        &mut self,
        scopes: &Scopes,
        var: VarId,
        uses: &Uses,
        by: Option<&str>,
        locals: &Locals,
    ) -> Option<()> {
        self.note(uses)?;
        // What makes it starts it for some of its callers only.
        let conditional = |span: Span| by.is_none() && uses.is_conditional(span);
        for goroutine in &uses.goroutines {
            if conditional(goroutine.span()) {
                return None;
            }
            match goroutine {
                Goroutine::Method(name, call) => {
                    self.start(name, by.unwrap_or_default(), (scopes, call), locals)?
                }
                Goroutine::Literal(literal) => {
                    let ends = self.ends(scopes, var, locals, &literal.body, 0);
                    let inner = uses_in(scopes, var, literal.body.span)?;
                    let touched = self.goroutine_touches(&inner)?;
                    self.goroutines.push(Started { by: by.map(Arc::from), ends, touched });
                }
            }
        }
        for (method, call) in &uses.methods {
            let before = self.goroutines.len();
            self.call(method, by.unwrap_or(method), None)?;
            if conditional(call.span) && self.goroutines.len() > before {
                return None;
            }
        }
        Some(())
    }

    /// `go v.method(…)`, in a function with these variables.
    fn start(
        &mut self,
        name: &str,
        by: &str,
        (outer, call): (&Scopes, &Call),
        locals: &Locals,
    ) -> Option<()> {
        let func = self.method(name)?;
        let scopes = Scopes::of_func(&func.decl);
        let receiver = scopes.param(BodyId(0), ParamIndex::Receiver)?;
        let all = uses(&scopes, receiver, 1)?;
        let passed = call.args.iter().enumerate().filter_map(|(at, arg)| {
            let field = locals.get(&outer.var(arg.as_ident()?)?)?;
            Some((scopes.param(BodyId(0), ParamIndex::At(narrow(at)))?, field.clone()))
        });
        let passed: Locals = passed.collect();
        let ends = self.ends(&scopes, receiver, &passed, func.decl.body()?, 0);
        let touched = self.goroutine_touches(&all)?;
        let by = (!by.is_empty()).then(|| Arc::from(by));
        self.goroutines.push(Started { by, ends, touched });
        Some(())
    }

    /// What a goroutine does with fields, by itself and in the methods that it calls.
    fn goroutine_touches(&self, found: &Uses) -> Option<Vec<(Arc<str>, Touch)>> {
        let mut touched: Vec<(Arc<str>, Touch)> =
            found.fields.iter().map(|(field, how)| (Arc::from(*field), *how)).collect();
        let mut todo: Vec<Arc<str>> = found.methods.iter().map(|(name, _)| Arc::from(*name)).collect();
        let mut seen: BTreeSet<Arc<str>> = BTreeSet::new();
        while let Some(name) = todo.pop() {
            if self.is_field(&name)? {
                touched.push((name, Touch::Otherwise));
                continue;
            }
            if !seen.insert(name.clone()) {
                continue;
            }
            if seen.len() > MAX_FUNCTIONS {
                return None;
            }
            let func = self.method(&name)?;
            let scopes = Scopes::of_func(&func.decl);
            let Some(receiver) = scopes.param(BodyId(0), ParamIndex::Receiver) else { continue };
            let inner = uses(&scopes, receiver, 1)?;
            // A goroutine of a goroutine may do it at any time.
            if !inner.goroutines.is_empty() {
                return None;
            }
            touched.extend(inner.fields.iter().map(|(field, how)| (Arc::from(*field), *how)));
            todo.extend(inner.methods.iter().map(|(name, _)| Arc::from(*name)));
        }
        Some(touched)
    }

    /// What makes the value: a function that keeps it to itself until it returns it.
    fn constructor(&mut self, typing: &Typing, call: &Call) -> Option<()> {
        let func = match typing.callee(call) {
            Callee::Func { func, .. } => func,
            Callee::Method { method, .. } => method.func?,
            _ => return None,
        };
        if !Arc::ptr_eq(&func.package, self.package) && func.package.path != self.package.path {
            return None;
        }
        let body = func.decl.body()?;
        let scopes = Scopes::of_func(&func.decl);
        let mut returned: Vec<&Expr> = Vec::new();
        visit::body(body, &mut |stmt| {
            if let StmtKind::Return(values) = &stmt.kind {
                returned.extend(values.first().filter(|value| !value.is_nil()));
            }
        });
        if let [value] = returned.as_slice()
            && let Some(elements) = composite(value)
        {
            self.made.extend(made(elements));
            return Some(());
        }
        let own = Typing::new(self.database, FileScope::of(&func), &scopes);
        let roots = roots(typing, call, &scopes);
        let vars: BTreeSet<VarId> =
            returned.iter().map(|value| scopes.var(value.as_ident()?)).collect::<Option<_>>()?;
        let [var] = vars.into_iter().collect::<Vec<_>>()[..] else { return None };
        let VarOrigin::Value { value, .. } = scopes.info(var).origin else { return None };
        let elements = composite(value)?;
        self.made.extend(made(elements));
        let uses = uses(&scopes, var, 1 + returned.len())?;
        let locals = self.contexts_of(&own, var, &roots, elements);
        self.walked(&scopes, var, &uses, None, &locals)
    }

    /// The fields that end a goroutine with this body, where nothing else does.
    fn ends(&self, scopes: &Scopes, var: VarId, locals: &Locals, body: &Block, depth: u32) -> Option<Ends> {
        let field = |expr: &Expr| match expr.as_call() {
            // The end of a context is what cancels it.
            Some(call) => {
                let ExprKind::Selector { operand, field } = &call.function.unparen().kind else {
                    return None;
                };
                let local = operand.as_ident().and_then(|name| locals.get(&scopes.var(name)?));
                let held = || self.contexts.get(field_of(scopes, var, operand)?);
                (&*field.name == "Done").then(|| local.or_else(held).cloned()).flatten()
            }
            None => field_of(scopes, var, expr).map(Arc::<str>::from),
        };
        for stmt in &body.stmts {
            let stmt = stmt.unlabeled();
            match &stmt.kind {
                StmtKind::Expr(expr) => {
                    if let ExprKind::Receive(channel) = &expr.unparen().kind {
                        return field(channel).map(|field| BTreeMap::from([(field, false)]));
                    }
                    if let Some(call) = expr.as_call()
                        && body.stmts.last().is_some_and(|last| last.span == stmt.span)
                        && depth < MAX_DEPTH
                        && let Some(name) = field_of(scopes, var, &call.function)
                    {
                        let func = self.method(name)?;
                        let scopes = Scopes::of_func(&func.decl);
                        let receiver = scopes.param(BodyId(0), ParamIndex::Receiver)?;
                        return self.ends(&scopes, receiver, &Locals::new(), func.decl.body()?, depth + 1);
                    }
                }
                StmtKind::For(looped) => match &looped.head {
                    ForHead::Range { right, .. } => {
                        let field = field(right)?;
                        return (!leaves(&looped.body.stmts)).then(|| BTreeMap::from([(field, true)]));
                    }
                    ForHead::Clause { condition: None, .. } => return loop_ends(&looped.body, &field),
                    ForHead::Clause { .. } => {}
                },
                _ => {}
            }
            if may_return(stmt) {
                return None;
            }
        }
        None
    }

    /// Whether code that runs for the value, but for the goroutine itself, ends it.
    fn is_ended(&self, ends: &Ends, at: usize) -> bool {
        let ended = |(field, how): &(Arc<str>, Touch)| match (ends.get(field), how) {
            (None, _) | (_, Touch::Waits | Touch::Made | Touch::Given) => false,
            (Some(by_close), Touch::Sends) => !by_close,
            (Some(_), Touch::Otherwise) => true,
        };
        let others = self.goroutines.iter().enumerate().filter(|(other, _)| *other != at);
        self.touched.iter().any(ended) || others.flat_map(|(_, one)| &one.touched).any(ended)
    }

    /// The methods that end it, those first that read so and take nothing.
    fn stops(&self, ends: &Ends) -> Vec<Stop> {
        let mut found = Vec::new();
        for name in self.package.methods_of(self.ty) {
            if self.seen.contains(&name) {
                continue;
            }
            let Some(func) = self.method(&name) else { continue };
            let scopes = Scopes::of_func(&func.decl);
            let Some(receiver) = scopes.param(BodyId(0), ParamIndex::Receiver) else { continue };
            let Some(uses) = uses(&scopes, receiver, 1) else { continue };
            let Some(touched) = self.goroutine_touches(&uses) else { continue };
            let ends_it = |(field, how): &(Arc<str>, Touch)| {
                ends.contains_key(field) && matches!(how, Touch::Sends | Touch::Otherwise)
            };
            if touched.iter().any(ends_it) {
                found.push(Stop { plain: func.decl.signature.params.is_empty(), name });
            }
        }
        found.sort_by_key(|stop| (!known::reads_like_release(&stop.name), !stop.plain, stop.name.clone()));
        found
    }
}

/// The parameters of a called function that get a context which never ends.
fn roots(owner: &Typing, call: &Call, scopes: &Scopes) -> Vec<VarId> {
    let is_root = |arg: &Expr| {
        let name = arg.as_call().and_then(|call| owner.name(&call.function));
        name.is_some_and(|(package, name)| names::functions().root_contexts.holds(&package, name))
    };
    let given = call.args.iter().enumerate().filter(|(_, arg)| is_root(arg));
    given.filter_map(|(at, _)| scopes.param(BodyId(0), ParamIndex::At(narrow(at)))).collect()
}

/// `for { … }`
fn is_endless(stmt: &Stmt) -> bool {
    matches!(&stmt.unlabeled().kind, StmtKind::For(looped)
        if matches!(looped.head, ForHead::Clause { condition: None, .. }))
}

/// The fields whose values end an endless loop, where nothing else does.
fn loop_ends(body: &Block, field: &dyn Fn(&Expr) -> Option<Arc<str>>) -> Option<Ends> {
    let mut ends = Ends::new();
    for exit in exits(body) {
        let case = exit.case?;
        let field = field(received(case)?)?;
        let asks =
            matches!(&case.communication, Some(Communication::Receive { left, .. }) if left.len() == 2);
        let by_close = ends.entry(field).or_insert(asks);
        *by_close &= asks;
    }
    Some(ends)
}

/// Whether statements of a loop leave it.
fn leaves(stmts: &[Stmt]) -> bool {
    let mut found = false;
    visit::statements(stmts, &mut |stmt| {
        found |= matches!(stmt.kind, StmtKind::Return(_) | StmtKind::Goto(_) | StmtKind::Break(_));
    });
    found
}
