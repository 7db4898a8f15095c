//! What has been found out about functions, and the questions that are being asked.

#![expect(
    clippy::mutable_key_type,
    reason = "a function is told apart by its file and place, never by what its package remembers"
)]

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::analysis::dataflow::oracle::ParamEffect;
use crate::analysis::dataflow::state::Alias;
use crate::analysis::graph::scopes::ParamIndex;
use crate::analysis::summaries::by_name::ByName;
use crate::analysis::summaries::field_release::Keepers;
use crate::analysis::summaries::kept_channels::KeptChannels;
use crate::analysis::summaries::per_request::Requests;
use crate::analysis::summaries::result_ownership::Origins;
use crate::base::memo::Memo;
use crate::go::project::package::FuncRef;
use crate::go::types::type_expr::Type;

/// Callees are followed this deep.
const MAX_DEPTH: usize = 16;
/// Callees outside of the scanned module are followed this deep only: they are many, and large.
pub(crate) const MAX_OUTSIDE_DEPTH: usize = 6;

/// How many answers to one question are kept that rest on different open ones.
const MAX_RESTING: usize = 64;

/// A question about one parameter.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    pub(crate) func: FuncRef,
    pub(crate) index: ParamIndex,
    pub(crate) alias: Alias,
    pub(crate) target: Option<Type>,
    /// Lists differ in what they take for a release.
    pub(crate) list: Option<Arc<str>>,
}

/// An answer, and the questions that were asked on the way to it.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) passed: ParamEffect,
    pub(crate) asked: Arc<FxHashSet<Question>>,
    pub(crate) way: Way,
}

/// How deep the callees behind an answer were followed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Way {
    /// The deepest question, counted from the one that is answered, of functions within what is scanned.
    pub(crate) within: usize,
    /// The same of functions outside.
    pub(crate) outside: usize,
    /// A question was too deep to be followed.
    pub(crate) cut: bool,
}

impl Way {
    /// The way of a question whose function is `within`, and no more.
    pub(crate) fn of(within: bool) -> Way {
        Way { within: usize::from(within), outside: usize::from(!within), cut: false }
    }

    /// Takes in what was asked one step further down.
    fn extend(&mut self, further: Way) {
        let down = |steps: usize| if steps > 0 { steps + 1 } else { 0 };
        self.within = self.within.max(down(further.within));
        self.outside = self.outside.max(down(further.outside));
        self.cut |= further.cut;
    }

    /// Whether an answer with this way is the one that would be found `depth` deep.
    pub(crate) fn fits(&self, depth: usize) -> bool {
        let room = |steps: usize, most: usize| steps == 0 || depth + steps <= most;
        room(self.within, MAX_DEPTH) && room(self.outside, MAX_OUTSIDE_DEPTH)
    }
}

/// Answers about functions, shared by all threads. Whether an answer is here changes the time a run takes,
/// never what it says: an answer is used only where the same would be found, which is not where one of the
/// questions behind it is open, nor where the way to it is too deep. One that met the limit itself is kept by
/// how deep in the stack it was given.
#[derive(Default)]
pub struct Summaries {
    /// Whose the results of functions are.
    pub origins: Origins,
    pub(crate) params: Memo<(Question, Option<usize>), Answer>,
    pub(crate) never_return: Memo<(FuncRef, Option<usize>), bool>,
    /// What runs once a request.
    pub requests: Requests,
    /// What releases fields.
    pub keepers: Keepers,
    /// What is done with channels in fields and variables.
    pub channels: KeptChannels,
    /// What declarations may have to do with, by names alone.
    pub by_name: ByName,
}

/// The questions being answered, innermost last.
#[derive(Default)]
pub struct Stack {
    pub(crate) questions: RefCell<Vec<Question>>,
    /// For each of them the questions asked so far on the way to its answer.
    pub(crate) asked: RefCell<Vec<FxHashSet<Question>>>,
    /// For each of them how deep the way to its answer has gone so far.
    pub(crate) ways: RefCell<Vec<Way>>,
    /// How many answers were assumed because the question was open.
    pub(crate) assumed: Cell<usize>,
    pub(crate) returning: RefCell<Vec<(FuncRef, Option<usize>)>>,
    /// Answers that rest on open questions: functions that call each other in circles ask for them again and
    /// again.
    resting: RefCell<FxHashMap<Question, Vec<Resting>>>,
}

/// An answer that holds as long as the same of its questions are open.
struct Resting {
    answer: Answer,
    /// Those that were open.
    open: FxHashSet<Question>,
    depth: usize,
}

impl Stack {
    pub fn new() -> Stack {
        Stack::default()
    }

    /// Notes that the innermost open question asked these.
    pub(crate) fn note(&self, asked: impl IntoIterator<Item = Question>) {
        if let Some(innermost) = self.asked.borrow_mut().last_mut() {
            innermost.extend(asked);
        }
    }

    /// Notes how deep an answer to a question of the innermost open one lies.
    pub(crate) fn went(&self, way: Way) {
        if let Some(innermost) = self.ways.borrow_mut().last_mut() {
            innermost.extend(way);
        }
    }

    /// Keeps an answer that rests on open questions, for where the same ones are open.
    pub(crate) fn keep(&self, question: Question, answer: Answer) {
        let open = self.open_of(&answer.asked);
        let depth = self.questions.borrow().len();
        let mut resting = self.resting.borrow_mut();
        let kept = resting.entry(question).or_default();
        if kept.len() < MAX_RESTING {
            kept.push(Resting { answer, open, depth });
        }
    }

    /// The answer that was kept and is the one that would be found now.
    pub(crate) fn kept(&self, question: &Question) -> Option<Answer> {
        let depth = self.questions.borrow().len();
        let resting = self.resting.borrow();
        let same = |known: &&Resting| {
            let way = known.answer.way;
            (if way.cut { known.depth == depth } else { way.fits(depth) })
                && self.open_of(&known.answer.asked) == known.open
        };
        resting.get(question)?.iter().find(same).map(|known| known.answer.clone())
    }

    fn open_of(&self, asked: &FxHashSet<Question>) -> FxHashSet<Question> {
        self.questions.borrow().iter().filter(|open| asked.contains(open)).cloned().collect()
    }

    pub(crate) fn is_open(&self, asked: &FxHashSet<Question>) -> bool {
        self.questions.borrow().iter().any(|open| asked.contains(open))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_fits_where_the_way_to_it_is_short_enough() {
        assert!(Way::of(true).fits(MAX_DEPTH - 1));
        assert!(!Way::of(true).fits(MAX_DEPTH));
        assert!(Way::of(false).fits(MAX_OUTSIDE_DEPTH - 1));
        assert!(!Way::of(false).fits(MAX_OUTSIDE_DEPTH));
        let mut way = Way::of(true);
        way.extend(Way { within: 2, outside: 0, cut: true });
        assert_eq!((way.within, way.outside, way.cut), (3, 0, true));
    }
}
