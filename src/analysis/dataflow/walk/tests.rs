//! How much work large bodies are, counted in visits of blocks.

use std::cell::Cell;

use super::*;
use crate::analysis::dataflow::oracle::{Operand, ParamEffect, Tells};
use crate::analysis::dataflow::state::Alias;
use crate::analysis::graph::control_flow::Ending;
use crate::analysis::graph::scopes::VarId;
use crate::base::diagnostic::Certainty;
use crate::base::text::narrow;
use crate::go::syntax::parse::parse;
use crate::go::types::release::Gives;

/// Knows that `Close` releases, and that everything else only looks.
struct Plain;

impl<'a> Oracle<'a> for Plain {
    fn ending(&self, _: &'a Call) -> Option<Ending> {
        None
    }
    fn stops_on_error(&self, _: &'a Call, _: usize) -> bool {
        false
    }
    fn stops_without_error(&self, _: &'a Call, _: usize) -> bool {
        false
    }
    fn tells_error(&self, _: &'a Call, _: usize) -> Option<Tells> {
        None
    }
    fn is_release(&self, method: &str, _: Option<usize>) -> bool {
        method == "Close"
    }
    fn passed(&self, _: &'a Call, _: Operand, _: &Alias) -> ParamEffect {
        ParamEffect::lent(Certainty::Proved)
    }
    fn is_told_to_end(&self, _: &'a Expr) -> bool {
        false
    }

    fn serves(&self, _: &'a Call) -> bool {
        false
    }
    fn part(&self, _: &'a Expr) -> Option<Alias> {
        None
    }
    fn carries(&self, _: VarId) -> bool {
        false
    }
    fn result_carries(&self, _: BodyId, _: usize) -> bool {
        false
    }
    fn ends_process(&self, _: BodyId) -> bool {
        false
    }
    fn makes(&self, _call: &'a Call, _index: usize) -> bool {
        false
    }

    fn is_never_nil(&self, _: VarId) -> bool {
        false
    }

    fn is_pointer(&self, _var: VarId) -> bool {
        false
    }

    fn is_resource(&self, _part: &'a Expr) -> bool {
        false
    }

    fn method_releases(&self, _operand: &'a Expr, _name: &str, _hold: &Alias) -> bool {
        false
    }

    fn is_method(&self, _: &'a Expr, _: &str) -> bool {
        false
    }
}

/// The visits that a function with this body after its acquisition takes, or that it was given up.
fn visits(body: &str) -> Result<usize, Limit> {
    let text = format!(
        "func f() error {{\n\tc, err := New()\n\tif err != nil {{\n\t\treturn err\n\t}}\n{body}\treturn nil\n\
         }}\n"
    );
    let Decl::Func(func) = parse(text.as_bytes(), Span::new(0, narrow(text.len()))).unwrap().lower().unwrap()
    else {
        panic!()
    };
    let scopes = Scopes::of_func(&func);
    let start = narrow(text.find("New()").unwrap());
    let source = Source::Call {
        span: Span::new(start, start + 5),
        gives: Gives::Result(0),
        error: Some(1),
        success: None,
    };
    let budget = Cell::new(MAX_VISITS);
    walk(&scopes, BodyId(0), &[source], State::start(), &Plain, &budget).map(|_| MAX_VISITS - budget.get())
}

/// Twice as much takes about twice as many visits.
fn grows_evenly(body: impl Fn(usize) -> String, size: usize) {
    let (half, whole) = (visits(&body(size / 2)).unwrap(), visits(&body(size)).unwrap());
    assert!(whole <= 3 * half, "{half} visits for {}, {whole} for {size}", size / 2);
}

#[test]
fn long_bodies_take_no_more_than_their_length() {
    grows_evenly(|lines| "\tc.Do()\n".repeat(lines), 20_000);
    assert!(visits(&"\tc.Do()\n".repeat(20_000)).unwrap() < 10);
}

#[test]
fn many_branches_take_no_more_than_their_number() {
    grows_evenly(|count| "\tif x() {\n\t\tc.Do()\n\t}\n".repeat(count), 500);
    grows_evenly(|count| "\tif x() {\n\t\tc.Close()\n\t\treturn nil\n\t}\n".repeat(count), 500);
    grows_evenly(|count| "\tfor x() {\n\t\tif c.Do() {\n\t\t\tbreak\n\t\t}\n\t}\n".repeat(count), 500);
}

#[test]
fn deep_nesting_takes_no_more_than_its_depth() {
    let nested =
        |depth: usize| format!("{}\tc.Close()\n{}", "\tif x() {\n".repeat(depth), "\t}\n".repeat(depth));
    grows_evenly(nested, 100);
}

#[test]
fn what_has_too_many_ways_is_given_up() {
    let aliases: String =
        (0..20).map(|at| format!("\tvar d{at} any\n\tif x() {{\n\t\td{at} = c\n\t}}\n")).collect();
    assert_eq!(visits(&aliases), Err(Limit));
}
