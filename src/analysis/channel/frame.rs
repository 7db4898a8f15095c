//! The declaration or function literal that a walk is in: which of its variables are channels of the team,
//! and what is known of the others.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::analysis::channel::outcome::{GroupId, Place};
use crate::analysis::channel::size::Size;
use crate::analysis::channel::team::ChannelId;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, Scopes, VarId};
use crate::base::text::Span;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::type_expr::Type;

/// A declaration that is walked, and which of its variables are channels of the team.
pub struct Frame<'a, 'f> {
    /// Which of the walk's declarations it is.
    pub file: usize,
    pub scopes: &'f Scopes<'a>,
    pub typing: &'f Typing<'a, 'f>,
    pub channels: FxHashMap<VarId, ChannelId>,
    /// Which fields of its structs are, by the variable that holds the struct and the field's name.
    pub fields: FxHashMap<(VarId, Arc<str>), ChannelId>,
    /// How much the channels of the team hold.
    pub capacities: FxHashMap<ChannelId, Size>,
    /// Contexts whose end is a channel of the team, and what cancels them.
    pub contexts: FxHashMap<VarId, ChannelId>,
    pub cancels: FxHashMap<VarId, ChannelId>,
    /// Which of them are groups of goroutines.
    pub groups: FxHashMap<VarId, GroupId>,
    /// Variables that are counted up or down, or whose address is taken.
    pub mutated: &'f FxHashSet<VarId>,
    /// Where the team begins, in the declaration that makes it.
    pub begin: u32,
    /// The function literal or function that is walked.
    pub body: BodyId,
    /// It runs in a goroutine of its own.
    pub member: bool,
    pub depth: u32,
    /// The loops of other bodies that it runs in.
    pub around: u32,
    /// Functions in local variables that are only called.
    pub closures: RefCell<FxHashMap<VarId, &'a FuncLit>>,
    /// What is known of parameters: the numbers that they are, and how many elements they have.
    pub sizes: FxHashMap<VarId, (Size, Size)>,
    /// What is deferred, by the numbers that ways hold.
    pub deferred: RefCell<Vec<&'a Expr>>,
    /// The statements that can be left by `break` or `continue`, outermost first, with their labels.
    pub targets: RefCell<Vec<(Option<Ident>, bool)>>,
    /// The variables of the range clauses around.
    pub items: RefCell<Vec<VarId>>,
    pub loops: Cell<u32>,
}

impl<'a, 'f> Frame<'a, 'f> {
    pub fn new(
        file: usize,
        (scopes, typing): (&'f Scopes<'a>, &'f Typing<'a, 'f>),
        mutated: &'f FxHashSet<VarId>,
        body: BodyId,
    ) -> Frame<'a, 'f> {
        Frame {
            file,
            scopes,
            typing,
            channels: FxHashMap::default(),
            fields: FxHashMap::default(),
            capacities: FxHashMap::default(),
            contexts: FxHashMap::default(),
            cancels: FxHashMap::default(),
            groups: FxHashMap::default(),
            mutated,
            begin: 0,
            body,
            member: false,
            depth: 0,
            around: 0,
            closures: RefCell::default(),
            sizes: FxHashMap::default(),
            deferred: RefCell::default(),
            targets: RefCell::default(),
            items: RefCell::default(),
            loops: Cell::new(0),
        }
    }

    /// The same declaration, in one of its function literals.
    pub fn within(&self, body: BodyId) -> Frame<'a, 'f> {
        Frame {
            channels: self.channels.clone(),
            fields: self.fields.clone(),
            capacities: self.capacities.clone(),
            contexts: self.contexts.clone(),
            cancels: self.cancels.clone(),
            groups: self.groups.clone(),
            sizes: self.sizes.clone(),
            begin: self.begin,
            member: self.member,
            depth: self.depth + 1,
            around: self.around + self.loops.get(),
            closures: RefCell::new(self.closures.borrow().clone()),
            ..Frame::new(self.file, (self.scopes, self.typing), self.mutated, body)
        }
    }

    /// The channel that an expression names, or that of a context: `ctx.Done()`.
    pub fn channel(&self, expr: &Expr) -> Option<ChannelId> {
        if let Some(call) = expr.as_call() {
            let ExprKind::Selector { operand, field } = &call.function.unparen().kind else { return None };
            return (&*field.name == "Done").then(|| self.context(operand)).flatten();
        }
        if let ExprKind::Selector { operand, field } = &expr.unparen().kind {
            let var = self.scopes.var(operand.as_ident()?)?;
            return self.fields.get(&(var, field.name.clone())).copied();
        }
        self.channels.get(&self.scopes.var(expr.as_ident()?)?).copied()
    }

    /// The channels in the struct that an expression names.
    pub fn held(&self, expr: &Expr) -> Vec<ChannelId> {
        let var = expr.as_ident().and_then(|ident| self.scopes.var(ident));
        var.map(|var| self.in_struct(var).collect()).unwrap_or_default()
    }

    /// Whether an expression names a struct with channels, of which this is a field: a method would have all
    /// of it.
    pub fn is_field(&self, holder: &Expr, name: &str) -> bool {
        let var = holder.as_ident().and_then(|ident| self.scopes.var(ident));
        var.filter(|var| self.in_struct(*var).next().is_some())
            .is_some_and(|var| self.typing.has_field(var, name))
    }

    fn in_struct(&self, var: VarId) -> impl Iterator<Item = ChannelId> + '_ {
        self.fields.iter().filter(move |((holder, _), _)| *holder == var).map(|(_, channel)| *channel)
    }

    /// The context that an expression names.
    pub fn context(&self, expr: &Expr) -> Option<ChannelId> {
        self.contexts.get(&self.scopes.var(expr.as_ident()?)?).copied()
    }

    /// The context that an expression, called, cancels.
    pub fn cancels(&self, expr: &Expr) -> Option<ChannelId> {
        self.cancels.get(&self.scopes.var(expr.as_ident()?)?).copied()
    }

    /// The group that an expression names, or points to.
    pub fn group(&self, expr: &Expr) -> Option<GroupId> {
        let named = match &expr.unparen().kind {
            ExprKind::AddressOf(operand) => operand,
            _ => expr,
        };
        self.groups.get(&self.scopes.var(named.as_ident()?)?).copied()
    }

    /// Whether who gets a group gets a copy of it, which counts for itself. Of others than Go's own type
    /// copies may count together.
    pub fn is_copied(&self, group: &Expr) -> bool {
        let var = group.as_ident().and_then(|ident| self.scopes.var(ident));
        let ty = var.and_then(|var| self.typing.var(var));
        matches!(ty, Some(Type::Named(named)) if &*named.package == "sync")
    }

    /// The groups that are used within a span.
    pub fn groups_in(&self, span: Span) -> Vec<GroupId> {
        let mut found: Vec<_> =
            self.scopes.uses_in(span).filter_map(|var| self.groups.get(&var).copied()).collect();
        found.sort();
        found.dedup();
        found
    }

    /// The channels that are used within a span.
    pub fn used_in(&self, span: Span) -> Vec<ChannelId> {
        let used = self.scopes.uses_in(span);
        let mut found: Vec<_> =
            used.flat_map(|var| self.of_team(var).into_iter().chain(self.in_struct(var))).collect();
        found.sort();
        found.dedup();
        found
    }

    fn of_team(&self, var: VarId) -> Option<ChannelId> {
        let known = [&self.channels, &self.contexts, &self.cancels];
        known.into_iter().find_map(|channels| channels.get(&var).copied())
    }

    pub fn at(&self, span: Span) -> Place {
        Place { file: self.file, span }
    }
}

/// Variables that are counted up or down, changed in place by `+=`, set by a `select`, or whose address is
/// taken.
pub fn mutated(scopes: &Scopes) -> FxHashSet<VarId> {
    let mut found = FxHashSet::default();
    let var = |expr: &Expr| expr.as_ident().and_then(|ident| scopes.var(ident));
    for body in &scopes.bodies {
        visit::body(body.block, &mut |stmt| match &stmt.kind {
            StmtKind::IncDec(operand) => found.extend(var(operand)),
            StmtKind::Assign { left, plain: false, .. } => found.extend(left.iter().filter_map(var)),
            StmtKind::Select(cases) => {
                for case in cases {
                    if let Some(Communication::Receive { left, define: false, .. }) = &case.communication {
                        found.extend(left.iter().filter_map(var));
                    }
                }
            }
            StmtKind::For(looped) => {
                if let ForHead::Clause { update: Some(update), .. } = &looped.head
                    && let StmtKind::IncDec(operand) = &update.kind
                {
                    found.extend(var(operand));
                }
                if let ForHead::Range { left, define: false, .. } = &looped.head {
                    found.extend(left.iter().filter_map(var));
                }
            }
            _ => {}
        });
    }
    if let Some(first) = scopes.bodies.first() {
        visit::block(first.block, &mut |expr| {
            if let ExprKind::AddressOf(operand) = &expr.kind {
                found.extend(var(operand));
            }
        });
    }
    found
}
