//! What an assertion of a test tells about an error: it ends the test where the error is not as it wants it
//! to be, and only comes back where it is.

use crate::analysis::channel::frame::Frame;
use crate::analysis::channel::outcome::{Fact, Way};
use crate::analysis::channel::state::{Flow, Walk};
use crate::analysis::channel::walk::key_of;
use crate::analysis::dataflow::oracle::Oracle;
use crate::analysis::graph::known;
use crate::analysis::summaries::callee::Calls;
use crate::go::syntax::ast::*;

impl Walk<'_> {
    /// The ways that a call does not come back on, as it is an assertion that fails there. That one may fail
    /// where nothing is known of its error is no way out of its own: so may any line of a test.
    pub fn failed<'a>(
        &self,
        frame: &Frame<'a, '_>,
        calls: &Calls<'a, '_>,
        call: &'a Call,
        flow: &mut Flow,
    ) -> Vec<Way> {
        let Some((error, there)) = asserts(frame, calls, call) else { return Vec::new() };
        let var = error.as_ident().and_then(|ident| frame.scopes.var(ident));
        let key = error.as_ident().zip(var).map(|(ident, var)| key_of(frame, ident, var, "==nil"));
        let walked = error.as_call().is_some_and(|call| call.args.iter().any(|arg| self.passes(frame, arg)));
        let is_nil = |way: &Way| {
            let known = way.facts.iter().find(|fact| Some(&fact.key) == key.as_ref());
            known.map(|fact| fact.holds).or(way.gave.filter(|_| walked))
        };
        let (failed, mut others): (Vec<Way>, Vec<Way>) =
            std::mem::take(&mut flow.running).into_iter().partition(|way| is_nil(way) == Some(there));
        if let (Some(key), Some(var)) = (&key, var) {
            for way in &mut others {
                let fact = Fact { key: key.clone(), about: vec![var], holds: !there, stable: false };
                if !way.facts.iter().any(|known| known.key == fact.key) {
                    way.facts.insert(fact);
                }
            }
        }
        flow.running = others;
        failed
    }
}

/// The error that an assertion asks for, and whether it wants there to be one.
fn asserts<'a>(frame: &Frame<'a, '_>, calls: &Calls<'a, '_>, call: &'a Call) -> Option<(&'a Expr, bool)> {
    if let Some(expected) = known::expectation(call) {
        return Some(expected);
    }
    let at = call.args.iter().position(|arg| frame.typing.of(arg).is_error())?;
    let there = match call.args.get(at + 1).filter(|_| call.name() == Some("Assert")) {
        Some(checker) => known::wants_error(checker)?,
        None if calls.stops_on_error(call, at) => false,
        None if calls.stops_without_error(call, at) => true,
        None => return None,
    };
    Some((&call.args[at], there))
}
