//! Whether what is asked has the same answer wherever it is asked: nothing of it gets another value once the
//! team is at work.

use crate::analysis::channel::frame::Frame;
use crate::analysis::graph::scopes::VarId;
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

impl<'a> Frame<'a, '_> {
    /// Whether the variables keep their values, and fields of the names that `asked` mentions theirs.
    pub fn is_settled(&self, about: &[VarId], asked: &'a Expr) -> bool {
        about.iter().all(|var| self.keeps_its_value(*var)) && !self.is_set_in_part(asked)
    }

    fn keeps_its_value(&self, var: VarId) -> bool {
        let begin = self.scopes.info(var).scope.start;
        let settled = || {
            let given = self.scopes.assigned(var);
            !self.mutated.contains(&var) && given.iter().all(|one| self.is_over(one.value.span, begin))
        };
        self.is_stable(var) || settled()
    }

    /// Whether what stands there does not happen again from the team's first statement on, for a variable
    /// that is declared at `begin`.
    fn is_over(&self, at: Span, begin: u32) -> bool {
        let team = Span::new(self.begin, self.begin);
        let around = self.scopes.body_around(at).map(|body| self.scopes.body(body).block);
        let again = |block: &Block| {
            let mut again = false;
            visit::body(block, &mut |stmt| {
                // Each iteration has a variable of its own that is declared in it.
                again |= matches!(stmt.kind, StmtKind::For(_))
                    && stmt.span.contains(at)
                    && stmt.span.contains(team)
                    && begin < stmt.span.start;
            });
            again
        };
        at.end <= self.begin && around.is_some_and(|block| block.span.contains(team) && !again(block))
    }

    /// Whether a field of a name that an expression mentions gets a value once the team is at work.
    fn is_set_in_part(&self, asked: &'a Expr) -> bool {
        let mut names = Vec::new();
        visit::expr(asked, &mut |part| {
            if let ExprKind::Selector { field, .. } = &part.kind {
                names.push(&field.name);
            }
        });
        let is_asked = |target: &Expr| {
            matches!(&target.unparen().kind, ExprKind::Selector { field, .. }
                if names.contains(&&field.name) && !self.is_over(target.span, 0))
        };
        !names.is_empty()
            && self.scopes.bodies.iter().any(|body| {
                let mut set = false;
                visit::body(body.block, &mut |stmt| match &stmt.kind {
                    StmtKind::Assign { left, .. } => set |= left.iter().any(is_asked),
                    StmtKind::IncDec(operand) => set |= is_asked(operand),
                    _ => {}
                });
                set
            })
    }
}
