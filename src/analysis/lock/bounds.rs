//! What comparisons with literals say of a variable: `n == 1` and `n > 1` never hold together, and a counter
//! that has passed a number does not come back to it.

use rustc_hash::FxHashMap;

use crate::analysis::graph::control_flow::{Cfg, Condition, Next, Step};
use crate::analysis::graph::scopes::{Scopes, VarId};
use crate::go::syntax::ast::*;

/// The numbers between which a variable lies, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bounds {
    least: i64,
    most: i64,
}

impl Bounds {
    pub const ANY: Bounds = Bounds { least: i64::MIN, most: i64::MAX };

    pub fn exactly(number: i64) -> Bounds {
        Bounds { least: number, most: number }
    }

    /// After one more was added. Only an exact number is counted on, so that a loop comes to an end.
    pub fn incremented(self) -> Bounds {
        let exact = self.least == self.most;
        Bounds { least: if exact { self.least.saturating_add(1) } else { self.least }, most: i64::MAX }
    }

    /// Where a comparison has come out so; `None` where it cannot.
    pub fn where_(self, compared: Comparison, holds: bool) -> Option<Bounds> {
        let Comparison { op, number, .. } = compared;
        let (mut least, mut most) = (self.least, self.most);
        match (op, holds) {
            (BinaryOp::Equal, true) | (BinaryOp::NotEqual, false) => {
                (least, most) = (least.max(number), most.min(number));
            }
            (BinaryOp::Equal, false) | (BinaryOp::NotEqual, true) => {
                least += i64::from(least == number);
                most -= i64::from(most == number);
            }
            (BinaryOp::Less, true) | (BinaryOp::GreaterOrEqual, false) => most = most.min(number - 1),
            (BinaryOp::LessOrEqual, true) | (BinaryOp::Greater, false) => most = most.min(number),
            (BinaryOp::Greater, true) | (BinaryOp::LessOrEqual, false) => least = least.max(number + 1),
            (BinaryOp::GreaterOrEqual, true) | (BinaryOp::Less, false) => least = least.max(number),
            _ => {}
        }
        (least <= most).then_some(Bounds { least, most })
    }
}

/// A variable that is compared with a literal.
#[derive(Debug, Clone, Copy)]
pub struct Comparison {
    pub var: VarId,
    op: BinaryOp,
    number: i64,
}

/// The comparison that a condition is.
pub fn comparison(scopes: &Scopes, condition: Condition) -> Option<Comparison> {
    let Condition::True(expr) = condition else { return None };
    let ExprKind::Binary { op, left, right } = &expr.unparen().kind else { return None };
    let var = scopes.var(left.as_ident()?)?;
    Some(Comparison { var, op: *op, number: literal(right)? }).filter(|_| op.gives_bool())
}

/// The number that a literal is.
pub fn literal(expr: &Expr) -> Option<i64> {
    match &expr.unparen().kind {
        ExprKind::Literal(Literal::Integer(number)) => i32::try_from(*number).ok().map(i64::from),
        _ => None,
    }
}

/// The variables of which comparisons tell one way from another: compared more than once, or counted up and
/// asked for one number.
pub fn told(scopes: &Scopes, cfg: &Cfg) -> Vec<VarId> {
    let mut times: FxHashMap<VarId, (usize, bool)> = FxHashMap::default();
    let mut counters: Vec<VarId> = Vec::new();
    for block in &cfg.blocks {
        if let Next::Branch { condition, .. } = &block.next
            && let Some(compared) = comparison(scopes, *condition)
        {
            let (times, exact) = times.entry(compared.var).or_default();
            *times += 1;
            *exact |= matches!(compared.op, BinaryOp::Equal | BinaryOp::NotEqual);
        }
        counters.extend(block.steps.iter().filter_map(|step| match step {
            Step::Stmt(stmt) => match &stmt.kind {
                StmtKind::IncDec(expr) => scopes.var(expr.as_ident()?),
                _ => None,
            },
            _ => None,
        }));
    }
    let mut told: Vec<VarId> = times
        .into_iter()
        .filter(|(var, (times, exact))| *times > 1 || *exact && counters.contains(var))
        .map(|(var, _)| var)
        .collect();
    told.sort_unstable();
    told
}
