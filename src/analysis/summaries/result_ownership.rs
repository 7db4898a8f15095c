//! Whether a function hands its caller something new, which the caller then owns, or lends what belongs to
//! somebody else.
//!
//! Read from the function's own source: every value that it may return is followed to where it comes from. A
//! literal is new, and so is the result of a call of a function that gives something new; a field, a
//! parameter and a package variable belong to others. A getter that fills a cache therefore lends, as one of
//! its ways gives back the field.
//!
//! Beside the answer stands what speaks against a proof of it, if anything: a value whose making is not read,
//! and whatever lets others have the new thing before the caller gets it (`handed_out`).

use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes, VarId, VarOrigin};
use crate::analysis::summaries::field_values::FieldValues;
use crate::analysis::summaries::handed_out;
use crate::analysis::summaries::plain_values::{Plain, is_closable};
use crate::analysis::summaries::released_fields::ReleasedFields;
use crate::base::diagnostic::Evidence;
use crate::base::memo::Memo;
use crate::base::text::Span;
use crate::go::facts::names;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::{Database, FileScope};
use crate::go::types::expressions::Callee;
use crate::go::types::plain::is_plain;

/// Functions are followed this deep.
const MAX_DEPTH: usize = 8;

/// How many functions one question may open.
const MAX_FUNCTIONS: usize = 64;

/// Whose a value is that a function returns. Ordered: of several values the greatest speaks for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResultOwnership {
    /// Made for the caller.
    Fresh,
    /// Some value comes from where nobody can look.
    Unknown,
    /// The caller itself handed it in.
    Own,
    /// Somebody else has it too.
    Lent,
}

/// An answer, and the first place that stands against a proof that the result is new and the caller's alone.
#[derive(Debug, Clone)]
pub struct Origin {
    pub ownership: ResultOwnership,
    pub against: Option<Evidence>,
}

/// Answers about functions, shared by all threads.
#[derive(Default)]
pub struct Origins {
    answers: Memo<Question, Origin>,
    /// What is put into fields that arguments come from.
    pub fields: FieldValues,
}

/// A function, which of its results, and whether a proof is asked for: that is dearer.
type Question = (FuncRef, usize, bool);

impl Origins {
    /// Whether result `index` of a call of `callee` is the caller's. Where the source does not say, a
    /// function whose name says that it opens something is believed.
    pub fn is_fresh(&self, database: &Database, callee: &Callee, index: usize) -> bool {
        let Some(name) = callee.name() else { return false };
        if gives_its_own_type(database, callee, index) {
            return is_maker(callee);
        }
        let proving = callee.func().is_some_and(|func| derives(database, func, index));
        let origin = callee.func().map(|func| self.origin(database, func, index, proving));
        if proving && origin.as_ref().is_some_and(|origin| origin.against.is_some()) {
            return false;
        }
        match origin.map_or(ResultOwnership::Unknown, |origin| origin.ownership) {
            ResultOwnership::Fresh => true,
            ResultOwnership::Unknown => known::opens(name) || is_maker(callee),
            ResultOwnership::Own | ResultOwnership::Lent => false,
        }
    }

    /// Whose result `index` of `func` is, as its source says.
    pub fn of(&self, database: &Database, func: &FuncRef, index: usize) -> ResultOwnership {
        self.origin(database, func, index, false).ownership
    }

    fn origin(&self, database: &Database, func: &FuncRef, index: usize, proving: bool) -> Origin {
        let key = (func.clone(), index, proving);
        // Only whole answers are kept: those on the way depend on where the way began.
        self.answers.get_or(key, |_| self.search(database, proving).function(func, index))
    }

    fn search<'w>(&'w self, database: &'w Database, proving: bool) -> Search<'w> {
        let (open, following, parts) = (Vec::new(), Vec::new(), Vec::new());
        Search { database, fields: &self.fields, open, opened: 0, proving, parts, following }
    }

    /// What stands against a proof that result `index` of `call`, in the body that `typing` is about, is new.
    /// The arguments are not looked at.
    pub fn of_call(&self, typing: &Typing, call: &Call, index: usize) -> Origin {
        let mut search = self.search(typing.database, true);
        search.call(typing, call, index, &mut Vec::new())
    }
}

impl Origin {
    fn new(ownership: ResultOwnership) -> Origin {
        Origin { ownership, against: None }
    }

    fn fresh() -> Origin {
        Origin::new(ResultOwnership::Fresh)
    }

    /// Of two values that may be returned.
    fn or(self, other: Origin) -> Origin {
        Origin { ownership: self.ownership.max(other.ownership), against: self.against.or(other.against) }
    }
}

/// Whether it is a known fact of a method that it makes something new, though its name does not say so.
fn is_maker(callee: &Callee) -> bool {
    let Callee::Method { method, receiver } = callee else { return false };
    [&method.receiver, receiver].iter().any(|ty| {
        ty.named().is_some_and(|named| {
            names::functions().makes.holds(&named.package, &format!("{}.{}", named.name, method.name))
        })
    })
}

/// Whether a method whose source is not there gives what is of its receiver's own type. Mostly that is what
/// it was called on, one step further (`session.Join(…)`), and whoever has it releases it.
fn gives_its_own_type(database: &Database, callee: &Callee, index: usize) -> bool {
    let Callee::Method { method, receiver } = callee else { return false };
    let results = database.results(callee);
    let given = results.get(index).filter(|given| given.why_unknown().is_none());
    method.func.is_none()
        && given.is_some_and(|given| {
            [&method.receiver, receiver].iter().any(|own| own.pointee() == given.pointee())
        })
}

/// Whether a method gives what is of its receiver's own type: that may share with it what the release ends.
fn derives(database: &Database, func: &FuncRef, index: usize) -> bool {
    let Some(receiver) = func.decl.receiver_type() else { return false };
    let signature = database.signature(func);
    let named = signature.results.get(index).and_then(|result| result.pointee().named());
    named.is_some_and(|named| named.name == *receiver && named.package == func.package.path)
}

fn against(typing: &Typing, ownership: ResultOwnership, span: Span, words: impl Into<String>) -> Origin {
    Origin { ownership, against: Some(typing.evidence(span, words)) }
}

/// One question on its way.
struct Search<'w> {
    database: &'w Database,
    fields: &'w FieldValues,
    /// The functions being looked into, outermost first.
    open: Vec<(FuncRef, usize)>,
    opened: usize,
    /// Look for all that speaks against a proof, and not only for whose it is.
    proving: bool,
    /// The variables of the function being looked into that hold a part of what it gives, to which the
    /// release of the whole goes on.
    parts: Vec<VarId>,
    /// The parts of its variables whose values are being asked for: `r.Body = wrap{r.Body}`.
    following: Vec<Path>,
}

/// `s.conn.raw`, by its variable.
type Path = (VarId, Vec<String>);

impl Search<'_> {
    fn function(&mut self, func: &FuncRef, index: usize) -> Origin {
        let key = (func.clone(), index);
        if self.open.contains(&key) {
            // What it gives by calling itself is what it gives otherwise.
            return Origin::fresh();
        }
        let scopes = Scopes::of_func(&func.decl);
        let typing = Typing::new(self.database, FileScope::of(func), &scopes);
        let name = &func.decl.name;
        let unread = |words: &str| {
            let words = format!("{words} `{}`", name.name);
            against(&typing, ResultOwnership::Unknown, name.span, words)
        };
        let Some(body) = func.decl.body() else { return unread("nobody can look into") };
        if self.open.len() >= MAX_DEPTH || self.opened >= MAX_FUNCTIONS {
            return unread("what makes it was not followed into");
        }
        self.opened += 1;
        self.open.push(key);
        let mut answer = Origin::fresh();
        let mut seen = Vec::new();
        let outer = (std::mem::take(&mut self.parts), std::mem::take(&mut self.following));
        visit::body(body, &mut |stmt| {
            let StmtKind::Return(values) = &stmt.kind else { return };
            let given = match values.as_slice() {
                [] => scopes
                    .result(BodyId(0), index)
                    .map_or(Origin::fresh(), |var| self.variable(&typing, var, &mut seen)),
                [value] if func.decl.signature.results.len() > 1 => {
                    self.value(&typing, value, index, &mut seen)
                }
                values => values.get(index).map_or_else(
                    || unread("what is returned is not read in"),
                    |value| self.value(&typing, value, 0, &mut seen),
                ),
            };
            answer = std::mem::replace(&mut answer, Origin::fresh()).or(given);
        });
        self.open.pop();
        let parts = std::mem::replace(&mut self.parts, outer.0);
        self.following = outer.1;
        // What a dependency does with its own things is its promise to all its callers, but what it registers
        // with a test is released by that.
        seen.extend(scopes.result(BodyId(0), index));
        let looks = !self.database.is_dependency(&func.package) || self.gets_cleanups(func);
        if self.proving && answer.against.is_none() && looks {
            answer.against =
                handed_out::besides(&typing, body, &seen).or_else(|| handed_out::part(&typing, body, &parts));
        }
        answer
    }

    /// Whether a function gets a test, or what has a `Cleanup` like one.
    fn gets_cleanups(&self, func: &FuncRef) -> bool {
        let scope = FileScope::of(func);
        func.decl.signature.params.iter().any(|param| {
            let ty = self.database.type_of(&scope, &param.ty);
            ty.is_in(&names::types().tests) || self.database.member(&ty, "Cleanup").is_some()
        })
    }

    /// `seen` holds the variables that were asked for already.
    fn value(&mut self, typing: &Typing, value: &Expr, index: usize, seen: &mut Vec<VarId>) -> Origin {
        use ResultOwnership::{Lent, Own, Unknown};
        match &value.unparen().kind {
            ExprKind::Ident(ident) if &*ident.name == "nil" => Origin::fresh(),
            ExprKind::Ident(ident) => match typing.scopes.var(ident) {
                Some(var) => self.variable(typing, var, seen),
                None => {
                    let words = format!("it may come out of the package variable `{}`", ident.name);
                    against(typing, Lent, value.span, words)
                }
            },
            ExprKind::Composite { ty, elements } => self.literal(typing, ty.as_deref(), elements, seen),
            ExprKind::AddressOf(inner) | ExprKind::TypeAssert { operand: inner, .. } => {
                self.value(typing, inner, 0, seen)
            }
            ExprKind::Selector { operand, .. } | ExprKind::Index { operand, .. } => {
                // A part of something new is unclear: it may have been put there. What the caller's own
                // container has, it had before.
                let whole = self.value(typing, operand, 0, &mut seen.clone());
                if whole.ownership == ResultOwnership::Fresh
                    && let Some(part) = self.own_part(typing, value, seen)
                {
                    return part;
                }
                let ownership = if whole.ownership == Own { Lent } else { whole.ownership.max(Unknown) };
                against(typing, ownership, value.span, "it may come out of what was there before")
            }
            ExprKind::Pointer(operand) => {
                let ownership = self.value(typing, operand, 0, seen).ownership.max(Unknown);
                against(typing, ownership, value.span, "it is a copy of what was there before")
            }
            ExprKind::Receive(channel) => {
                let ownership = if is_local(typing, channel) { Unknown } else { Lent };
                against(typing, ownership, value.span, "it may come out of a channel")
            }
            ExprKind::Call(call) => self.call(typing, call, index, seen),
            _ => against(typing, Unknown, value.span, "what it comes from is not followed"),
        }
    }

    /// A new struct. What its release goes on to release has to be new as well.
    fn literal(
        &mut self,
        typing: &Typing,
        ty: Option<&Expr>,
        elements: &[Element],
        seen: &[VarId],
    ) -> Origin {
        let mut answer = Origin::fresh();
        let Some(ty) = ty.filter(|_| self.proving) else { return answer };
        let ty = typing.database.type_of(&typing.file, ty);
        let released = ReleasedFields::of(&ty);
        for (at, element) in elements.iter().enumerate() {
            let field = element.key.as_ref().and_then(Expr::as_ident).map(|key| &*key.name);
            if !released.may_be(field, at) || !is_closable(typing, &element.value) {
                continue;
            }
            self.parts.extend(element.value.as_ident().and_then(|ident| typing.scopes.var(ident)));
            let part = self.value(typing, &element.value, 0, &mut seen.to_vec());
            if answer.against.is_none() && part.ownership != ResultOwnership::Fresh {
                answer.against = part.against.map(|mut found| {
                    found.words = format!("its release goes on to something else: {}", found.words);
                    found
                });
            }
        }
        answer
    }

    /// `s.conn` of a struct that is made here, which gets its value here as well: options that set it are
    /// looked at where they are handed in.
    fn own_part(&mut self, typing: &Typing, part: &Expr, seen: &mut Vec<VarId>) -> Option<Origin> {
        let path = |expr: &Expr| -> Option<Path> {
            let path = expr.as_path()?;
            let names = path[1..].iter().map(|ident| ident.name.to_string()).collect();
            Some((typing.scopes.var(path[0])?, names))
        };
        let wanted = path(part)?;
        if self.following.contains(&wanted) {
            // What the whole had there came with it.
            let words = "it may come out of what was there before";
            return Some(against(typing, ResultOwnership::Fresh, part.span, words));
        }
        let body = typing.scopes.body(typing.scopes.info(wanted.0).body).block;
        let mut given: Vec<(&Expr, usize)> = Vec::new();
        visit::body(body, &mut |stmt| {
            let StmtKind::Assign { left, right, .. } = &stmt.kind else { return };
            for (at, _) in left.iter().enumerate().filter(|(_, left)| path(left) == Some(wanted.clone())) {
                let value = if left.len() == right.len() { (&right[at], 0) } else { (&right[0], at) };
                given.push(value);
            }
        });
        self.following.push(wanted);
        let mut known = None;
        for (value, index) in given {
            let origin = self.value(typing, value, index, seen);
            known = Some(match known {
                Some(known) => Origin::or(known, origin),
                None => origin,
            });
        }
        self.following.pop();
        known
    }

    fn call(&mut self, typing: &Typing, call: &Call, index: usize, seen: &mut Vec<VarId>) -> Origin {
        use ResultOwnership::{Lent, Unknown};
        let name = call.name().unwrap_or_default();
        match typing.callee(call) {
            Callee::Func { func, .. } => self.made_by(typing, call, &func, index),
            Callee::Method { method, .. } => match &method.func {
                Some(func) => self.made_by(typing, call, func, index),
                None if method.indexed
                    && !method.interface
                    && (known::opens(&method.name) || is_maker(&typing.callee(call))) =>
                {
                    self.of_plain_arguments(typing, call)
                }
                None if known::gets(&method.name) => {
                    against(typing, Lent, call.span, format!("it may come out of what `{name}` looks up"))
                }
                None if method.interface => {
                    let words =
                        format!("`{name}` is a method of an interface, whose implementation is unknown");
                    against(typing, Unknown, call.span, words)
                }
                None => against(typing, Unknown, call.span, format!("what `{name}` gives is not read")),
            },
            Callee::Conversion(_) => match call.args.first() {
                Some(arg) => self.value(typing, arg, 0, seen),
                None => against(typing, Unknown, call.span, "what it comes from is not followed"),
            },
            Callee::Builtin { name, .. } if &*name == "new" => Origin::fresh(),
            Callee::Builtin { .. } => {
                against(typing, Unknown, call.span, "what it comes from is not followed")
            }
            Callee::Indexed { .. } => self.of_plain_arguments(typing, call),
            Callee::FuncValue(_) => self.function_value(typing, call, index),
            Callee::Unknown { .. } if known::gets(name) => {
                against(typing, Lent, call.span, format!("it may come out of what `{name}` looks up"))
            }
            Callee::Unknown { .. } => {
                against(typing, Unknown, call.span, format!("`{name}`, which gives it, is not read"))
            }
        }
    }

    /// What a function of source gives; where a dependency's is not followed to the end, its name is
    /// believed.
    fn made_by(&mut self, typing: &Typing, call: &Call, func: &FuncRef, index: usize) -> Origin {
        let answer = self.function(func, index);
        let looks_up = self.database.is_dependency(&func.package) && known::gets(&func.decl.name.name);
        if looks_up && answer.ownership == ResultOwnership::Unknown {
            let words = format!("it may come out of what `{}` looks up", func.decl.name.name);
            return against(typing, ResultOwnership::Lent, call.span, words);
        }
        let believed = self.database.is_dependency(&func.package)
            && !known::shares(&func.decl.name.name)
            && !self.gets_cleanups(func)
            && !derives(self.database, func, index);
        match answer.ownership {
            ResultOwnership::Fresh | ResultOwnership::Unknown if believed => {
                Origin { ownership: answer.ownership, against: self.arguments(typing, call) }
            }
            _ => {
                let against = answer.against.or_else(|| self.arguments(typing, call));
                Origin { ownership: answer.ownership, against }
            }
        }
    }

    /// A constructor that the index knows makes something new, unless it is handed what it may give back.
    fn of_plain_arguments(&self, typing: &Typing, call: &Call) -> Origin {
        Origin { ownership: ResultOwnership::Unknown, against: self.arguments(typing, call) }
    }

    fn arguments(&self, typing: &Typing, call: &Call) -> Option<Evidence> {
        if self.proving { Plain::in_maker(typing, self.fields).arguments(call) } else { None }
    }

    fn function_value(&mut self, typing: &Typing, call: &Call, index: usize) -> Origin {
        let words = |what: &str| format!("{what} gives it, and nobody knows which function that is");
        let function = call.function.unparen();
        // A test, or whoever else can name it, may set it to what lends.
        let foreign = matches!(&function.kind, ExprKind::Selector { .. })
            || function.as_ident().is_some_and(|ident| typing.scopes.var(ident).is_none());
        if let Some(functions) = typing.possible_functions(call) {
            let start = if foreign {
                against(typing, ResultOwnership::Fresh, call.span, words("a variable that others may set"))
            } else {
                Origin::fresh()
            };
            return functions
                .iter()
                .fold(start, |known, func| known.or(self.made_by(typing, call, func, index)));
        }
        match &function.kind {
            ExprKind::Ident(ident) if typing.scopes.var(ident).is_some() => {
                against(typing, ResultOwnership::Unknown, call.span, words("a function value"))
            }
            ExprKind::Ident(_) | ExprKind::Selector { .. } => {
                against(typing, ResultOwnership::Lent, call.span, words("a function value of others"))
            }
            _ => against(typing, ResultOwnership::Unknown, call.span, words("a function value")),
        }
    }

    fn variable(&mut self, typing: &Typing, var: VarId, seen: &mut Vec<VarId>) -> Origin {
        use ResultOwnership::{Lent, Own, Unknown};
        if seen.contains(&var) {
            return Origin::fresh();
        }
        seen.push(var);
        let info = typing.scopes.info(var);
        let first = typing.scopes.uses_of(var).min().unwrap_or_default();
        let span = Span::new(first, first);
        let start = match info.origin {
            VarOrigin::Param { index: ParamIndex::Receiver, .. } => {
                against(typing, Lent, span, format!("it belongs to `{}`", info.name))
            }
            VarOrigin::Param { .. } => {
                against(typing, Own, span, format!("it may be what was handed in as `{}`", info.name))
            }
            VarOrigin::Range { value, .. } => {
                let whole = self.value(typing, value, 0, seen).ownership;
                let ownership = if whole == Own { Lent } else { whole.max(Unknown) };
                against(typing, ownership, value.span, "it may come out of what was there before")
            }
            VarOrigin::Other => {
                against(typing, Unknown, span, "it may come out of a channel, or an interface")
            }
            VarOrigin::Value { .. } | VarOrigin::Result { .. } | VarOrigin::Declared { .. } => {
                Origin::fresh()
            }
        };
        let given = typing.scopes.assigned(var);
        let mut answer = given
            .iter()
            .fold(start, |known, given| known.or(self.value(typing, given.value, given.index, seen)));
        if self.proving && answer.against.is_none() {
            answer.against = self.put_in_later(typing, var, seen);
        }
        answer
    }

    /// `s.conn = shared`: what a struct that is made here gets afterwards, and its release goes on to.
    fn put_in_later(&mut self, typing: &Typing, var: VarId, seen: &[VarId]) -> Option<Evidence> {
        let comes_whole = typing.scopes.assigned(var).iter().any(|given| given.value.as_call().is_some());
        let released = ReleasedFields::of(&typing.var(var)?);
        let body = typing.scopes.body(typing.scopes.info(var).body).block;
        let mut given: Vec<(&Expr, usize)> = Vec::new();
        visit::body(body, &mut |stmt| {
            let StmtKind::Assign { left, right, .. } = &stmt.kind else { return };
            for (at, target) in left.iter().enumerate() {
                let Some([whole, field]) =
                    target.as_path().as_deref().and_then(|path| path.first_chunk::<2>().copied())
                else {
                    continue;
                };
                let goes_to = match comes_whole {
                    true => released.may_end(&field.name),
                    false => released.may_be(Some(&field.name), 0),
                };
                if typing.scopes.var(whole) == Some(var) && goes_to {
                    given.push(if left.len() == right.len() { (&right[at], 0) } else { (&right[0], at) });
                }
            }
        });
        given.into_iter().find_map(|(value, index)| {
            let ended = || !value.is_nil() && !is_plain(typing.database, &typing.of(value));
            if comes_whole && ended() {
                let words = "what was there before is lost here, and its release goes on to this";
                return Some(typing.evidence(value.span, words));
            }
            let part = self.value(typing, value, index, &mut seen.to_vec());
            let foreign =
                part.ownership != ResultOwnership::Fresh && (index > 0 || is_closable(typing, value));
            let mut found = part.against.filter(|_| foreign)?;
            found.words = format!("its release goes on to something else: {}", found.words);
            Some(found)
        })
    }
}

/// Whether an expression begins at a variable of the function itself, and no parameter.
fn is_local(typing: &Typing, expr: &Expr) -> bool {
    let var = expr.as_ident().and_then(|ident| typing.scopes.var(ident));
    var.is_some_and(|var| !matches!(typing.scopes.info(var).origin, VarOrigin::Param { .. }))
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::fates;

    #[test]
    fn what_others_have_as_well_is_lent() {
        assert_eq!(
            fates(
                "var shared *client\nfunc newShared() *client {\nif shared == nil {\nshared = &client{}\n\
                 }\nreturn shared\n}\nfunc f() {\nc := newShared()\n_ = c\n}"
            ),
            ["nothing to release (9: `newShared` lends what it has for others, too)"]
        );
        assert_eq!(
            fates(
                "var shared = &client{}\nfunc newCopy() client { return *shared }\n\
                 func f() {\nc := newCopy()\n_ = c\n}"
            ),
            ["nothing to release (4: `newCopy` lends what it has for others, too)"]
        );
        assert_eq!(
            fates(
                "func newOwn() *client {\nc := &client{}\nreturn c\n}\nfunc f() {\nc := newOwn()\n_ = c\n}"
            ),
            ["leaked (8: it is still open when the function ends here)"]
        );
        assert_eq!(
            fates(
                "type pool struct{ free []*client }\nvar p pool\n\
                 func newFree() *client { return p.free[0] }\nfunc f() {\nc := newFree()\n_ = c\n}"
            ),
            ["nothing to release (5: `newFree` lends what it has for others, too)"]
        );
    }
}
