//! What a condition tells on each of its edges: whether there is an error, or a resource.

use crate::analysis::dataflow::given;
use crate::analysis::dataflow::oracle::Tells;
use crate::analysis::dataflow::source::{ErrorAt, Source};
use crate::analysis::dataflow::state::{Alias, Phase, State};
use crate::analysis::dataflow::walker::Walker;
use crate::analysis::graph::control_flow::Condition;
use crate::analysis::graph::scopes::VarId;
use crate::base::diagnostic::Certainty;
use crate::go::syntax::ast::*;

/// The states on both edges of a condition; `None` where the edge cannot be taken.
pub(crate) fn branch<'a>(
    walk: &mut Walker<'a, '_>,
    condition: Condition<'a>,
    mut state: State,
) -> (Option<State>, Option<State>) {
    let (left, right) = match condition {
        Condition::True(expr) => {
            let value = walk.eval(expr, &mut state);
            match &expr.unparen().kind {
                ExprKind::Binary { op: BinaryOp::Equal, left, right } => (left, right),
                ExprKind::Binary { op: BinaryOp::NotEqual, left, right } => {
                    let (yes, no) = compared(walk, left, right, state);
                    return (no, yes);
                }
                ExprKind::Call(call) => return asked_of_call(walk, call, value, state),
                ExprKind::Ident(ident) => return asked_of_bool(walk, walk.scopes.var(ident), state),
                _ => return (Some(state.clone()), Some(state)),
            }
        }
        Condition::Equal(left, right) => {
            walk.eval(right, &mut state);
            return compared(walk, left, right, state);
        }
        // What is in there makes an iteration.
        Condition::NotEmpty(values) => {
            let holds = values.as_call().is_none()
                && match walk.ranged(values, &state) {
                    Some(Alias::Inside(_)) => true,
                    Some(Alias::Function { .. }) => walk.oracle.is_sequence(values),
                    _ => false,
                };
            let ends = !holds && !is_endless(walk, values, &state);
            return (Some(state.clone()), ends.then(|| drained(walk, values, state)));
        }
        Condition::HasMore(values) => {
            let ends = !is_endless(walk, values, &state);
            return (Some(state.clone()), ends.then(|| drained(walk, values, state)));
        }
    };
    compared(walk, left, right, state)
}

/// A loop over a channel has come to its end: whoever closes that has done so.
fn drained(walk: &mut Walker, channel: &Expr, mut state: State) -> State {
    walk.joined_by(channel, &mut state);
    state
}

/// Whether a loop over these values never ends: `ticker.C`, `time.Tick(d)`.
fn is_endless<'a>(walk: &Walker<'a, '_>, values: &'a Expr, state: &State) -> bool {
    if walk.oracle.is_unclosed(values) {
        return true;
    }
    let ExprKind::Selector { operand, field } = &values.unparen().kind else { return false };
    walk.peek(operand, state) == Some(Alias::Itself) && walk.oracle.is_endless(&field.name)
}

/// `ok`, where it says whether there is a resource.
fn asked_of_bool(walk: &Walker, var: Option<VarId>, state: State) -> (Option<State>, Option<State>) {
    if let Some((_, value)) =
        walk.given.bools.iter().find(|(given, _)| state.phase != Phase::Before && Some(*given) == var)
    {
        return if *value { (Some(state), None) } else { (None, Some(state)) };
    }
    let known = state.flags.iter().find(|(flag, _)| Some(*flag) == var).map(|(_, value)| *value);
    if let Some(value) = known {
        return if value { (Some(state), None) } else { (None, Some(state)) };
    }
    match var.and_then(|var| state.alias(var)) {
        Some(Alias::Sure) => (Some(state), None),
        Some(Alias::Refused(refused)) => by_refusal(*refused, state.clone()),
        Some(Alias::Success) => match state.phase {
            Phase::Unchecked | Phase::Open => {
                (Some(State { phase: Phase::Open, ..state.clone() }), Some(state.failed()))
            }
            _ => (Some(state.clone()), Some(state)),
        },
        _ => (Some(state.clone()), Some(state)),
    }
}

/// `if !current.CompareAndSwap(nil, client)`, and any other call.
fn asked_of_call<'a>(
    walk: &mut Walker<'a, '_>,
    call: &'a Call,
    value: Option<Alias>,
    state: State,
) -> (Option<State>, Option<State>) {
    match value {
        Some(Alias::Refused(refused)) => by_refusal(refused, state),
        _ => asked_of_error(walk, call, state),
    }
}

/// The states where a bool is true, and where it is false, that is `refused` where whoever was to have the
/// resource did not take it: there it is still the body's own.
fn by_refusal(refused: bool, state: State) -> (Option<State>, Option<State>) {
    let phase = if matches!(state.phase, Phase::Escaped(_)) { Phase::Open } else { state.phase };
    let ours = State { phase, ..state.clone() };
    if refused { (Some(ours), Some(state)) } else { (Some(state), Some(ours)) }
}

/// `left == right`, where one is nil and the other the error or the resource.
fn compared<'a>(
    walk: &mut Walker<'a, '_>,
    left: &'a Expr,
    right: &'a Expr,
    state: State,
) -> (Option<State>, Option<State>) {
    let other = if right.is_nil() {
        left
    } else if left.is_nil() {
        right
    } else {
        return error_equals(walk, left, right, state);
    };
    // `resp.Body`: where that is nil, there is nothing to release.
    if let ExprKind::Selector { operand, field } = &other.unparen().kind
        && state.is_open()
        && walk.oracle.is_part(&field.name)
        && walk.peek(operand, &state) == Some(Alias::Itself)
    {
        return (Some(state.clone().failed()), Some(state));
    }
    // `ctx.Err() != nil`: whoever waits for the context waits no more, and nothing is kept of it.
    if state.is_open() && other.as_call().is_some_and(|call| walk.asks_of_its_context(call, "Err", &state)) {
        return (Some(state.clone()), Some(state.failed()));
    }
    // Where nothing panics, there is nothing to recover.
    if walk.is_recovered(other) {
        return (Some(state), None);
    }
    if state.phase != Phase::Before
        && let Some(path) = given::path(walk.scopes, other)
        && let Some((_, nil)) = walk.given.nils.iter().find(|(known, _)| *known == path)
    {
        return if *nil { (Some(state), None) } else { (None, Some(state)) };
    }
    let Some(var) = other.as_ident().and_then(|ident| walk.scopes.var(ident)) else {
        return (Some(state.clone()), Some(state));
    };
    if state.error == Some(var) {
        return error_is_nil(state);
    }
    if let Some(Alias::Settled { failing }) = state.alias(var).filter(|_| state.is_open()) {
        return settled(walk, other, *failing, state);
    }
    // What is made from it is there, if its maker gives no nil.
    if matches!(state.alias(var), Some(Alias::Handle(_))) && walk.oracle.is_never_nil(var) {
        return (None, Some(state));
    }
    if state.alias(var) == Some(&Alias::Itself) {
        return match state.phase {
            Phase::Unchecked => (Some(state.clone().failed()), Some(State { phase: Phase::Open, ..state })),
            Phase::Nil => (Some(state), None),
            // A constructor that returns no error may return nil, yet it is its only sign.
            Phase::Open => (Some(state.clone().failed()), Some(state)),
            _ => (Some(state.clone()), Some(state)),
        };
    }
    (Some(state.clone()), Some(state))
}

/// The states where the error is nil, and where it is not, by which a callee tells whether it has released
/// the resource.
fn settled(walk: &mut Walker, error: &Expr, failing: bool, state: State) -> (Option<State>, Option<State>) {
    let mut released = state.clone();
    walk.release(&mut released, error.span, Certainty::Assumed, "released by the callee whose error this is");
    let open = State { phase: Phase::Open, ..state };
    if failing { (Some(open), Some(released)) } else { (Some(released), Some(open)) }
}

/// The states where the error of the acquisition is nil, and where it is not.
fn error_is_nil(state: State) -> (Option<State>, Option<State>) {
    match state.phase {
        Phase::Unchecked => (Some(State { phase: Phase::Open, ..state.clone() }), Some(state.failed())),
        Phase::Nil => (None, Some(state)),
        Phase::Before => (Some(state.clone()), Some(state)),
        _ => (Some(state), None),
    }
}

/// `err == io.EOF` and the like: equal means not nil.
fn error_equals<'a>(
    walk: &Walker<'a, '_>,
    left: &'a Expr,
    right: &'a Expr,
    state: State,
) -> (Option<State>, Option<State>) {
    let is_error = |expr: &Expr| {
        expr.as_ident().and_then(|ident| walk.scopes.var(ident)).is_some_and(|var| state.error == Some(var))
    };
    if state.phase == Phase::Unchecked && (is_error(left) || is_error(right)) {
        return (Some(state.clone().failed()), Some(state));
    }
    // Behind `if err != nil { return err }`.
    let is_known = |expr: &Expr| match &expr.unparen().kind {
        // `io.EOF`, and no field.
        ExprKind::Selector { operand, .. } => {
            operand.as_ident().is_some_and(|ident| walk.scopes.var(ident).is_none())
        }
        ExprKind::Ident(ident) => walk.scopes.var(ident).is_none(),
        _ => false,
    };
    if state.phase == Phase::Open && (is_error(left) && is_known(right) || is_error(right) && is_known(left))
    {
        return (None, Some(state));
    }
    (Some(state.clone()), Some(state))
}

/// `failed(err)`, where that is known to tell whether there is an error. `errors.Is(err, x)` and other
/// predicates named `Is…` or `As…`: true means not nil. `client.IsClosed()`: true means that there is nothing
/// left to release.
fn asked_of_error<'a>(
    walk: &mut Walker<'a, '_>,
    call: &'a Call,
    state: State,
) -> (Option<State>, Option<State>) {
    let name = match &call.function.unparen().kind {
        ExprKind::Selector { field, .. } => Some(&field.name),
        ExprKind::Ident(ident) => Some(&ident.name),
        _ => None,
    };
    let predicate =
        name.is_some_and(|name| name.starts_with("Is") || name.starts_with("As") || name.starts_with("is"));
    if state.is_open()
        && name.is_some_and(|name| walk.oracle.ends_unless(name))
        && is_asked(walk, call, &state)
    {
        let mut ended = state.clone();
        walk.end(&mut ended, call.span);
        return (Some(state), Some(ended));
    }
    let closed =
        name.is_some_and(|name| ["Closed", "IsClosed"].contains(&&**name)) && is_asked(walk, call, &state);
    // Where a subtest made it, and failed.
    let in_subtest =
        walk.sources.iter().any(|source| matches!(source, Source::Assigned { error: ErrorAt::Nowhere, .. }));
    let test_failed = in_subtest && call.args.is_empty() && name.is_some_and(|name| &**name == "Failed");
    if state.is_open() && (closed || test_failed) {
        return (Some(state.clone().failed()), Some(state));
    }
    let is_error = |arg: &Expr| {
        arg.as_ident().and_then(|ident| walk.scopes.var(ident)).is_some_and(|var| state.error == Some(var))
    };
    let asked = call.args.iter().position(is_error);
    match asked.and_then(|at| walk.oracle.tells_error(call, at)) {
        Some(Tells::Failure) => {
            let (fine, failed) = error_is_nil(state);
            return (failed, fine);
        }
        Some(Tells::Success) => return error_is_nil(state),
        None => {}
    }
    let about_error = asked.is_some();
    match state.phase {
        Phase::Unchecked if predicate && about_error => (Some(state.clone().failed()), Some(state)),
        Phase::Open if predicate && about_error => (None, Some(state)),
        _ => (Some(state.clone()), Some(state)),
    }
}

/// Whether it is the resource whose method is called.
fn is_asked(walk: &Walker, call: &Call, state: &State) -> bool {
    let ExprKind::Selector { operand, .. } = &call.function.unparen().kind else { return false };
    walk.peek(operand, state) == Some(Alias::Itself)
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::{body, fates, fates_with};

    #[test]
    fn a_condition_on_the_error_tells_whether_there_is_a_resource() {
        assert_eq!(body("c, err := open()\nif err == nil {\nc.Close()\n}"), ["released (4: released)"]);
        assert_eq!(
            body("c, err := open()\nif err != nil {\nc.Close()\n}"),
            ["leaked (6: it is still open when the function ends here)"]
        );
        assert_eq!(
            body("c, err := open()\nif err != nil || some() {\nreturn\n}\nc.Close()"),
            ["leaked on some paths (4: it is still open when the function returns here)"]
        );
        let known = "c, err := open()\nif err != nil {\nreturn\n}\nif err == errGone {\nreturn\n}\nc.Close()";
        assert_eq!(body(known), ["released (9: released)"]);
        let other = known.replace("errGone", "last").replace("c, err", "last := some2()\nc, err");
        assert!(body(&other)[0].starts_with("leaked on some paths"), "{:?}", body(&other));
        let field = other.replace("err == last", "err == last.err");
        assert!(body(&field)[0].starts_with("leaked on some paths"), "{:?}", body(&field));
    }

    #[test]
    fn a_condition_may_be_compared_with_a_truth() {
        for condition in ["failed(err) == true", "failed(err) != false", "ok(err) == false"] {
            let text = format!(
                "func failed(err error) bool {{ return err != nil }}\nfunc ok(err error) bool {{ return err \
                 == nil }}\nfunc f() {{\nc, err := open()\nif {condition} {{\nreturn\n}}\nc.Close()\n}}"
            );
            assert_eq!(fates(&text), ["released (8: released)"], "{condition}");
        }
    }

    #[test]
    fn an_assertion_that_goes_on_tells_whether_there_is_a_resource() {
        let of = |asserted: &str| {
            let rest = format!("if {asserted} {{\nreturn\n}}\nc.Close()");
            let text = format!("func f(t T) {{\nc, err := open()\n{rest}\n}}");
            fates_with("github.com/stretchr/testify/assert", &text).remove(0)
        };
        assert_eq!(of("!assert.NoError(t, err)"), "released (6: released)");
        assert!(of("assert.NoError(t, err)").starts_with("leaked"), "it is there where that holds");
        assert!(of("!assert.True(t, some())").starts_with("leaked on some paths"), "it says nothing of it");
    }

    #[test]
    fn an_error_that_has_left_before_is_nil() {
        let of = |left: &str, made: &str| {
            body(&format!(
                "var err error\nvar c *client\nswitch {{\ncase some():\nerr = fails()\n\
                 if err != nil {{\n{left}\n}}\n{made}\nc = make1()\n}}\nif err != nil {{\nreturn\n}}\n\
                 if c != nil {{\nc.Close()\n}}"
            ))
            .remove(0)
        };
        assert_eq!(of("break", ""), "released (17: released)");
        assert_eq!(of("return", ""), "released (17: released)");
        assert!(of("some()", "").starts_with("leaked on some paths"), "it goes on");
        assert!(of("break", "err = fails()").starts_with("leaked on some paths"), "it is another one");
    }

    #[test]
    fn a_condition_on_the_resource_tells_whether_there_is_one() {
        assert_eq!(body("c := make1()\nif c != nil {\nc.Close()\n}"), ["released (4: released)"]);
        assert_eq!(
            body("c := make1()\nif c == nil {\nc.Close()\n}"),
            ["leaked (6: it is still open when the function ends here)"]
        );
    }

    #[test]
    fn what_a_slice_has_is_run_and_what_a_channel_gives_may_be_nothing() {
        let of = |make: &str, end: &str| {
            body(&format!("c := make1()\n{make}\nfor {end} := range stops {{\nstop()\n}}")).remove(0)
        };
        assert_eq!(
            of("stops := []func(){func() { c.Close() }}", "_, stop"),
            "released (5: released by this function)"
        );
        let sent = "stops := make(chan func(), 1)\nstops <- func() { c.Close() }";
        let taken = format!("{sent}\nif some() {{ <-stops }}\nclose(stops)");
        assert!(of(&taken, "stop").starts_with("leaked on some paths"));
    }
}
