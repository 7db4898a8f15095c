//! What a judgement is made from: what all of a run share, the call that is asked about, and one acquisition
//! with everything around it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::analysis::dataflow::oracle::Oracle;
use crate::analysis::dataflow::source::Source;
use crate::analysis::dataflow::state::State;
use crate::analysis::dataflow::trace::Trace;
use crate::analysis::dataflow::walk::{MAX_VISITS, walk_over};
use crate::analysis::file_context::FileContext;
use crate::analysis::graph::control_flow::Cfg;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, Scopes};
use crate::analysis::summaries::answers::{Stack, Summaries};
use crate::analysis::summaries::callee::Calls;
use crate::base::diagnostic::Evidence;
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::types::closable::ClosableAnswer;
use crate::go::types::database::Database;
use crate::go::types::release::{Gives, Lifetime, ReleaseMethod};
use crate::go::types::type_expr::Type;

/// Ways out that are listed as evidence of one leak.
pub(crate) const MAX_EVIDENCE: usize = 3;

/// What all judgements of a run share.
pub struct Judge<'w> {
    pub database: &'w Database,
    pub summaries: &'w Summaries,
    /// Take a result of unknown type for closable by `Close()`.
    pub assume_closable: bool,
    /// What the repository itself shows of constructors whose types nobody knows.
    pub usage: &'w Usage,
    /// Look for what releases the fields that resources are stored in.
    pub fields: bool,
}

/// Constructors (`import/path.Name`) whose results are released somewhere in the repository, and functions
/// that give such results to their callers, each with the method that does it.
pub type Usage = BTreeMap<String, String>;

/// A call to judge.
#[derive(Debug, Clone)]
pub struct Asked<'r> {
    pub rule: &'r Arc<str>,
    pub releases: &'r [ReleaseMethod],
    /// What that list is told apart by from others: the rule's id, where it is the rule's.
    pub list: &'r Arc<str>,
    pub call: Span,
    /// Where the resource is; `None` for the first result that can be released.
    pub gives: Option<Gives>,
    /// What else the rule says of it.
    pub lifetime: &'r Lifetime,
    /// The call is known by what is called: what it gives is released as the rule says, whatever is known of
    /// its type.
    pub by_name: bool,
    /// A result beside it that must not be used after its release.
    pub tied: Option<usize>,
    /// Which of the releases is that of what this call gives, where its type does not tell.
    pub release: usize,
    /// Why there is nothing to release in this call.
    pub quiet: Option<Arc<str>>,
}

/// What one acquisition is judged by.
pub(crate) struct Case<'a, 'c> {
    pub(crate) judge: &'c Judge<'c>,
    pub(crate) place: &'c FileContext<'c>,
    pub(crate) decl: &'a Decl,
    pub(crate) func: Option<&'a FuncDecl>,
    pub(crate) scopes: &'c Scopes<'a>,
    pub(crate) typing: &'c Typing<'a, 'c>,
    pub(crate) call: &'a Call,
    pub(crate) wanted: &'c Asked<'c>,
    /// How much effort the declaration may still take.
    pub(crate) budget: &'c Cell<usize>,
    pub(crate) graphs: &'c Graphs<'a>,
}

/// The control-flow graphs of a declaration's bodies, by whether every call comes back in them, `None` where
/// one is too large. They are the same for all that the declaration acquires, so each is built once.
#[derive(Default)]
pub(crate) struct Graphs<'a>(RefCell<FxHashMap<(BodyId, bool), Graph<'a>>>);

type Graph<'a> = Option<Rc<Cfg<'a>>>;

/// What a walk takes for granted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Beliefs<'b> {
    /// Every call comes back.
    pub(crate) comes_back: bool,
    /// What is not here to be read keeps nothing.
    pub(crate) trusts: bool,
    /// These calls keep nothing.
    pub(crate) lenders: &'b [Span],
}

/// The type side of an acquisition.
pub(crate) struct Kind {
    /// Which of the call's results is the resource.
    pub(crate) result: usize,
    pub(crate) error: Option<usize>,
    /// A bool that says whether there is a resource.
    pub(crate) success: Option<usize>,
    /// Where it is: that result, an argument, or what the method is called on.
    pub(crate) given: Gives,
    pub(crate) ty: Type,
    pub(crate) answer: ClosableAnswer,
    /// Its release does nothing where it is released already.
    pub(crate) repeatable: bool,
}

impl Kind {
    /// Where it is.
    pub(crate) fn gives(&self) -> Gives {
        self.given
    }

    /// Its type, as far as that is known.
    pub(crate) fn target(&self) -> Option<Type> {
        self.ty.why_unknown().is_none().then(|| self.ty.clone())
    }
}

impl<'a> Case<'a, '_> {
    pub(crate) fn walk(
        &self,
        body: BodyId,
        sources: &[Source],
        target: Option<Type>,
    ) -> Result<Trace, &'static str> {
        self.walk_with(body, sources, target, Beliefs::default())
    }

    /// As [`Case::walk`], with what is taken for granted.
    pub(crate) fn walk_with(
        &self,
        body: BodyId,
        sources: &[Source],
        target: Option<Type>,
        beliefs: Beliefs,
    ) -> Result<Trace, &'static str> {
        let stack = Stack::new();
        let Beliefs { comes_back, trusts, lenders } = beliefs;
        let calls = Calls { comes_back, trusts, lenders, ..self.calls(&stack, target) };
        let left = self.budget.get();
        if left == 0 {
            return Err("the function acquires more than is followed in one");
        }
        let branches = "the function has too many branches";
        let graph = self.graph_by(body, &calls).ok_or(branches)?;
        let visits = Cell::new(MAX_VISITS);
        let trace = walk_over(&graph, self.scopes, body, sources, State::start(), &calls, &visits);
        let places = trace.as_ref().map_or(0, |trace| trace.after.len() + trace.enter.len());
        self.budget.set(left.saturating_sub(MAX_VISITS - visits.get() + places));
        trace.map_err(|_| branches)
    }

    /// The graph of a body; `None` where it is too large.
    pub(crate) fn graph(&self, body: BodyId) -> Graph<'a> {
        self.graph_by(body, &self.calls(&Stack::new(), None))
    }

    fn graph_by(&self, body: BodyId, calls: &Calls<'a, '_>) -> Graph<'a> {
        let key = (body, calls.comes_back);
        if let Some(known) = self.graphs.0.borrow().get(&key) {
            return known.clone();
        }
        let built = Cfg::build(self.scopes.body(body).block, &|call| calls.ending(call)).ok().map(Rc::new);
        self.graphs.0.borrow_mut().insert(key, built.clone());
        built
    }

    pub(crate) fn calls<'s>(&'s self, stack: &'s Stack, target: Option<Type>) -> Calls<'a, 's> {
        let releases = self.wanted.releases;
        Calls {
            typing: self.typing,
            summaries: self.judge.summaries,
            stack,
            target,
            list: Some(self.wanted.list),
            releases,
            lifetime: self.wanted.lifetime,
            in_main: self.is_main(),
            comes_back: false,
            trusts: false,
            lenders: &[],
        }
    }

    /// The releases that are asked for, and what their list is told apart by.
    pub(crate) fn list(&self) -> (&Arc<str>, &[ReleaseMethod]) {
        (self.wanted.list, self.wanted.releases)
    }

    pub(crate) fn at(&self, span: Span, words: impl Into<String>) -> Evidence {
        let (line, column) = self.place.lines.line_column(span.start);
        Evidence { path: self.place.path.clone(), line, column, span: Some(span), words: words.into() }
    }

    pub(crate) fn is_main(&self) -> bool {
        let named = |func: &FuncDecl| func.receiver.is_none() && &*func.name.name == "main";
        self.func.is_some_and(named) && &*self.place.scope.package.name == "main"
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::fates_with;

    #[test]
    fn a_call_that_ends_the_process_is_no_way_out() {
        assert_eq!(
            fates_with("log", "func f() {\nc := make1()\nif some() {\nlog.Fatal(1)\n}\nc.Close()\n}"),
            ["released (6: released)"]
        );
        assert_eq!(
            fates_with("log", "func f() {\nc := make1()\nif some() {\nlog.Print(1)\nreturn\n}\nc.Close()\n}"),
            ["leaked on some paths (5: it is still open when the function returns here)"]
        );
    }
}
