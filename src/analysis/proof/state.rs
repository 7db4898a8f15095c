//! What a proof knows while it goes through one declaration, and what it has found out about callees.
//!
//! The rules by which that grows are elsewhere: those for statements and expressions in `flow`, for calls in
//! `calls`, for goroutines in `goroutines`, for what callees do in `callees`.

use std::cell::{OnceCell, RefCell};

use rustc_hash::FxHashMap;

use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, VarId, VarOrigin};
use crate::analysis::proof::ownership::{Ownership, is_within};
use crate::analysis::proof::tie::{Held, Tie, Types, Value, join};
use crate::analysis::summaries::released_fields::ReleasedFields;
use crate::base::diagnostic::Verdict;
use crate::base::text::Span;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::StmtKind;
use crate::go::syntax::visit;
use crate::go::types::database::FileScope;
use crate::go::types::release::ReleaseMethod;
use crate::go::types::type_expr::Type;

/// What one proof asks of callees, and has found out so far.
pub(crate) struct Context<'w> {
    pub types: Types<'w>,
    pub releases: &'w [ReleaseMethod],
    /// The release that is to be inserted does nothing where it is released already.
    pub repeatable: bool,
    pub known: RefCell<FxHashMap<Question, Effect>>,
    /// The callees that are being read, outermost first.
    pub open: RefCell<Vec<Question>>,
    /// What the resource's own release does with its fields.
    released: OnceCell<ReleasedFields>,
}

/// A function, and which of its parameters get what.
pub(crate) type Question = (FuncRef, Vec<(ParamIndex, Value)>);

/// What a function does with what it gets.
#[derive(Debug, Clone, Default)]
pub(crate) struct Effect {
    pub results: Vec<Held>,
    pub against: Option<Against>,
    /// Where that is.
    pub place: String,
}

impl<'w> Context<'w> {
    pub(crate) fn new(types: Types<'w>, releases: &'w [ReleaseMethod], repeatable: bool) -> Context<'w> {
        let (known, open) = (RefCell::default(), RefCell::default());
        Context { types, releases, repeatable, known, open, released: OnceCell::new() }
    }

    /// Whether the release hands the memory in this field to somebody, or overwrites it.
    pub(crate) fn takes_back(&self, field: &str) -> bool {
        self.released.get_or_init(|| ReleasedFields::of(self.types.target)).takes_back(field)
    }

    /// Whether a method of this name releases the resource.
    pub(crate) fn is_release(&self, name: &str) -> bool {
        self.releases.iter().any(|release| *release.name == *name)
    }
}

/// Where something stands against the proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Against {
    pub span: Span,
    pub words: String,
    pub seen: Seen,
}

/// Who sees the resource there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// That is not known.
    Unknown,
    /// Somebody who outlives the function, as the verdict names it.
    By(Verdict),
    /// Whoever has what the caller handed in here.
    Through(ParamIndex),
}

/// A use that keeps nothing, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub span: Span,
    pub words: String,
}

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The result of this call; released at the end of the body by a line at the offset.
    Call {
        span: Span,
        result: usize,
        at: u32,
        /// The release is a test's clean-up, which runs after the function and its parallel subtests.
        cleanup: bool,
    },
    /// What the function does with its parameters.
    Params,
}

/// The state of one declaration.
pub(crate) struct Flow<'f, 'a> {
    pub context: &'f Context<'f>,
    pub typing: &'f Typing<'a, 'f>,
    pub ownership: Ownership,
    pub asked: Asked,
    /// The body whose end the proof is about.
    pub root: BodyId,
    pub vars: FxHashMap<VarId, Value>,
    /// What function literals, or the function itself, give.
    pub returns: FxHashMap<(BodyId, usize), Value>,
    pub against: Vec<Against>,
    pub steps: Vec<Step>,
    /// The bodies being gone through, innermost last.
    pub bodies: Vec<BodyId>,
    /// Whether this time through the declaration anything new has been found to be tied.
    pub changed: bool,
}

impl<'f, 'a> Flow<'f, 'a> {
    pub(crate) fn new(
        context: &'f Context<'f>,
        typing: &'f Typing<'a, 'f>,
        asked: Asked,
        root: BodyId,
    ) -> Flow<'f, 'a> {
        Flow {
            context,
            typing,
            ownership: Ownership::of(typing),
            asked,
            root,
            vars: FxHashMap::default(),
            returns: FxHashMap::default(),
            against: Vec::new(),
            steps: Vec::new(),
            bodies: Vec::new(),
            changed: false,
        }
    }

    pub(crate) fn types(&self) -> Types<'f> {
        self.context.types
    }

    pub(crate) fn file(&self) -> &FileScope {
        &self.typing.file
    }

    pub(crate) fn object(&mut self, span: Span, words: impl Into<String>) {
        self.against.push(Against { span, words: words.into(), seen: Seen::Unknown });
    }

    pub(crate) fn expose(&mut self, span: Span, seen: Seen, words: impl Into<String>) {
        self.against.push(Against { span, words: words.into(), seen });
    }

    pub(crate) fn step(&mut self, span: Span, words: impl Into<String>) {
        self.steps.push(Step { span, words: words.into() });
    }

    pub(crate) fn name(&self, var: VarId) -> String {
        self.typing.scopes.info(var).name.to_string()
    }

    /// Whether a statement of the body that is asked about is over for good before it comes to `at`: it
    /// stands above, and no loop leads back to it.
    pub(crate) fn is_over(&self, span: Span, at: u32) -> bool {
        let mut over = self.body() == self.root && span.end <= at;
        visit::body(self.typing.scopes.body(self.root).block, &mut |stmt| match &stmt.kind {
            StmtKind::For(_) => over &= !(stmt.span.contains(span) && at < stmt.span.end),
            StmtKind::Defer(_) | StmtKind::Go(_) => over &= !stmt.span.contains(span),
            StmtKind::Goto(_) => over = false,
            _ => {}
        });
        over
    }

    pub(crate) fn body(&self) -> BodyId {
        self.bodies.last().copied().unwrap_or(BodyId(0))
    }

    /// Whether a tied variable from outside of `span` is used within.
    pub(crate) fn captures(&self, span: Span) -> bool {
        let scopes = self.typing.scopes;
        let tied = |var: VarId| self.vars.contains_key(&var);
        let outside = |var: VarId| {
            let body = scopes.info(var).body;
            body == BodyId(0) || !span.contains(scopes.body(body).block.span)
        };
        scopes.uses_in(span).any(|var| tied(var) && outside(var))
    }

    /// The variable, and all that may be the same thing, has the value.
    pub(crate) fn set(&mut self, var: VarId, value: Value, span: Span) {
        let group: Vec<VarId> = self.ownership.group(var).collect();
        for one in group {
            let before = self.vars.get(&one).cloned();
            let after = join(before.clone(), Some(value.clone()));
            if after != before {
                self.vars.extend(after.map(|after| (one, after)));
                self.changed = true;
            }
            let info = self.typing.scopes.info(one);
            if !is_within(self.typing.scopes, info.body, self.root) {
                let words = format!("given to `{}`, a variable of the function around this one", info.name);
                self.object(span, words);
            }
            if let VarOrigin::Result { index, .. } = info.origin {
                self.leaves(info.body, index, value.clone(), span);
            }
        }
    }

    /// A body gives the value as its result `index`.
    pub(crate) fn leaves(&mut self, body: BodyId, index: usize, value: Value, span: Span) {
        let declared = self.typing.scopes.body(body).signature.results.get(index);
        let ty = declared.map(|result| self.types().database.type_of(self.file(), &result.ty));
        // The error of a method of the library says what went wrong, and no more, unless it is seen to have
        // something inside.
        let empty = |ty: &Type| match ty.is_error() {
            true => value.tie == Tie::Handle && value.ty.is_none(),
            // A slice of its memory is gone with it.
            false => !(self.types().can_take(ty) || value.memory && self.types().shares(ty)),
        };
        if ty.as_ref().is_some_and(empty) {
            return;
        }
        if body == self.root && matches!(self.asked, Asked::Call { .. }) {
            let words = match value.tie {
                _ if value.memory => "memory of it is returned, which its release takes back",
                Tie::Itself => "returned",
                Tie::Handle => "what is made from it is returned",
                Tie::Holder => "returned with it inside",
            };
            // An error may only tell of it.
            let seen = match value.tie {
                Tie::Holder if ty.as_ref().is_some_and(|ty| !ty.is_error() && self.types().can_take(ty)) => {
                    Seen::By(Verdict::Returned)
                }
                _ => Seen::Unknown,
            };
            return self.expose(span, seen, words);
        }
        let before = self.returns.get(&(body, index)).cloned();
        let after = join(before.clone(), Some(value));
        if after != before {
            self.returns.extend(after.map(|after| ((body, index), after)));
            self.changed = true;
        }
    }

    /// What a body gives; as many as its signature says.
    pub(crate) fn given_by(&self, body: BodyId) -> Vec<Held> {
        let count = self.typing.scopes.body(body).signature.results.len();
        (0..count).map(|index| self.returns.get(&(body, index)).cloned()).collect()
    }

    /// Who sees what is stored through a parameter: for the function that is asked about, its callers do.
    pub(crate) fn through(&self, index: ParamIndex) -> Seen {
        match self.asked {
            Asked::Call { .. } => Seen::By(Verdict::Stored),
            Asked::Params => Seen::Through(index),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::places_in;

    /// What is said of the last resource that `body` acquires.
    fn last(body: &str) -> String {
        let text = format!(
            "type keeper struct{{ c *client }}\nfunc (k *keeper) Error() string {{ return \"\" }}\n\
             func keep(c *client) error {{ return &keeper{{c}} }}\nfunc f() error {{\n{body}\n}}"
        );
        places_in(&text).pop().unwrap()
    }

    #[test]
    fn what_goes_out_above_the_release_goes_without_it() {
        let checked = |end: &str| {
            last(&format!("c, err := open()\nif err != nil {{\nreturn err\n}}\nerr = keep(c)\n{end}"))
        };
        assert_eq!(checked("println(err)\nreturn nil"), "c after 8, proved");
        assert_eq!(checked("return err"), "c after 8, not proved");
    }

    #[test]
    fn a_release_above_the_acquisition_is_of_another_one() {
        let end = "c = make1()\nlend(c)\nreturn nil";
        assert_eq!(last(&format!("c := make1()\nc.Close()\n{end}")), "c after 7, proved");
        let looped = "var c *client\nfor some() {\nif c != nil {\nc.Close()\n}\nc = make1()\n}\nreturn nil";
        assert!(!last(looped).ends_with(", proved"), "{}", last(looped));
    }
}
