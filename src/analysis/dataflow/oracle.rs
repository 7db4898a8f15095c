//! What the walk asks about calls and types, and what it is told.

use crate::analysis::dataflow::state::Alias;
use crate::analysis::graph::control_flow::Ending;
use crate::analysis::graph::scopes::{BodyId, VarId};
use crate::base::diagnostic::{Certainty, Verdict};
use crate::go::syntax::ast::{Call, Expr};

/// Where a value stands in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operand {
    Receiver,
    Arg(usize),
}

/// What a call does with a value that it gets.
#[derive(Debug, Clone)]
pub struct ParamEffect {
    pub outcome: ParamOutcome,
    pub certainty: Certainty,
    /// The results that hold on to the value: (index, how).
    pub results: Vec<(usize, Alias)>,
    /// On ways that return an error no result does, and nothing else has it either.
    pub drops: bool,
    /// On ways on which no result does, it is released.
    pub ends_rest: bool,
}

/// What remains with the callee.
#[derive(Debug, Clone)]
pub enum ParamOutcome {
    /// Nothing: it was lent.
    Lends,
    /// Nothing, as far as the callee's name tells: it reads what it gets.
    Reads,
    /// It released it.
    Releases,
    /// It will release it when the surrounding scope ends (`t.Cleanup`).
    WillRelease,
    /// A goroutine of a group got it; `Wait` on the receiver ends that.
    Runs,
    /// A goroutine that it started has it, and so has a result.
    Works,
    /// A function that it registered uses it when the surrounding test ends.
    Cleans,
    /// It put it into its receiver or another argument, which then has it as `hold` says.
    Puts { into: Operand, alias: Alias, words: String },
    /// It keeps it, in the way that the verdict names.
    Keeps { verdict: Verdict, words: String },
}

impl ParamEffect {
    /// Lent, and no result holds on.
    pub fn lent(certainty: Certainty) -> ParamEffect {
        let outcome = ParamOutcome::Lends;
        ParamEffect { outcome, certainty, results: Vec::new(), drops: false, ends_rest: false }
    }

    /// Kept.
    pub fn kept(verdict: Verdict, certainty: Certainty, words: impl Into<String>) -> ParamEffect {
        ParamEffect {
            outcome: ParamOutcome::Keeps { verdict, words: words.into() },
            certainty,
            results: Vec::new(),
            drops: false,
            ends_rest: false,
        }
    }
}

/// What a function says of an error that it gets, with the bool that it returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tells {
    /// True where it is not nil, and only there.
    Failure,
    /// True where it is nil, and only there.
    Success,
}

/// What the walk asks about calls.
pub trait Oracle<'a> {
    /// Whether the call never returns.
    fn ending(&self, call: &'a Call) -> Option<Ending>;
    /// Whether the call does not return when its argument `at`, an error, is not nil.
    fn stops_on_error(&self, call: &'a Call, at: usize) -> bool;
    /// Whether the call does not return when its argument `at`, an error, is nil.
    fn stops_without_error(&self, call: &'a Call, at: usize) -> bool;

    /// Whether the call is an assertion that what it is given is nil.
    fn wants_nil(&self, _call: &'a Call) -> bool {
        false
    }
    /// What the call says of its argument `at`, an error, if it returns no more than that.
    fn tells_error(&self, call: &'a Call, at: usize) -> Option<Tells>;
    /// The result of the call that is its argument `at`, an error, as it is or wrapped, on every way.
    fn hands_on_error(&self, _call: &'a Call, _at: usize) -> Option<usize> {
        None
    }
    /// Whether a method of this name, called on the resource itself with that many arguments, releases it;
    /// `None` for the method as a value.
    fn is_release(&self, method: &str, args: Option<usize>) -> bool;
    /// Whether the call, a method of the resource, is a release by the method's name alone: `c.Logout()`.
    fn is_release_by_name(&self, _call: &'a Call) -> bool {
        false
    }
    /// The variable of a network connection that the call makes something around.
    fn made_around(&self, _call: &'a Call) -> Option<VarId> {
        None
    }
    /// Whether the resource is released by calling it: `cancel()`.
    fn is_function(&self) -> bool {
        false
    }
    /// Whether this field of what was acquired is the resource: `resp.Body`.
    fn is_part(&self, _field: &str) -> bool {
        false
    }
    /// Whether the call releases what it gets as argument `at`, or that whose `method` gives the argument.
    fn is_release_of(&self, _call: &'a Call, _at: usize, _method: Option<&str>) -> bool {
        false
    }
    /// Whether the resource is released already where this method of it says false.
    fn ends_unless(&self, _method: &str) -> bool {
        false
    }
    /// Whether a loop over this field of the resource, a channel that nobody closes, never ends.
    fn is_endless(&self, _field: &str) -> bool {
        false
    }
    /// Whether a loop over this channel, which nobody ever closes, never ends: `time.Tick(d)`.
    fn is_unclosed(&self, _channel: &'a Expr) -> bool {
        false
    }
    /// What the call does with the value in `place`, which holds on to the resource as `hold` says.
    fn passed(&self, call: &'a Call, place: Operand, alias: &Alias) -> ParamEffect;
    /// Whether values of other types than this one may stand where it is asked for: a caller's value has all
    /// that an interface asks of what can be released, and may be of any type that is none.
    fn is_one_of_many(&self, _ty: &Expr) -> bool {
        false
    }
    /// Whether the process serves from this call on until it ends.
    fn serves(&self, call: &'a Call) -> bool;
    /// Whether a value comes from this channel only when the process is told to end.
    fn is_told_to_end(&self, channel: &'a Expr) -> bool;
    /// How a part of a value that holds on to the resource, `x.f` or `x[i]`, holds on to it, as far as its
    /// type tells.
    fn part(&self, part: &'a Expr) -> Option<Alias>;
    /// Whether a part of a value with the resource somewhere in it is of the resource's type.
    fn is_resource(&self, part: &'a Expr) -> bool;
    /// Whether a variable can hold something made from the resource, as far as its type tells.
    fn carries(&self, var: VarId) -> bool;
    /// The same of a body's result.
    fn result_carries(&self, body: BodyId, index: usize) -> bool;
    /// Whether a variable is never nil, as far as the one call that it comes from tells.
    fn is_never_nil(&self, var: VarId) -> bool;
    /// Whether a variable's value is a pointer or a map: whoever has it sees what is stored there later.
    fn is_pointer(&self, var: VarId) -> bool;
    /// Whether the call is of a method that gets the address of what it is called on.
    fn takes_address(&self, _call: &'a Call) -> bool {
        false
    }
    /// Whether the values of a loop are elements of a slice, an array or a map.
    fn is_sequence(&self, _values: &'a Expr) -> bool {
        false
    }
    /// What else has result `index` of the call when it returns: the receiver or arguments that the callee
    /// put it into.
    fn shared_with(&self, _call: &'a Call, _index: usize) -> Vec<Operand> {
        Vec::new()
    }
    /// Which arguments of the call its callee waits for: groups, and channels that it receives from.
    fn waits_for(&self, _call: &'a Call) -> Vec<usize> {
        Vec::new()
    }
    /// Whether the process ends with this body: nothing outlives it.
    fn ends_process(&self, body: BodyId) -> bool;
    /// Whether result `index` of the call is new: nobody else has it.
    fn makes(&self, call: &'a Call, index: usize) -> bool;
    /// Whether a field of that name is a method of the operand's type (then `x.f` is a method value).
    fn is_method(&self, operand: &'a Expr, name: &str) -> bool;
    /// Whether that method, called on an operand that holds on to the resource as `hold` says, releases it.
    fn method_releases(&self, operand: &'a Expr, name: &str, alias: &Alias) -> bool;
}
