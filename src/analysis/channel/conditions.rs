//! What is asked on a way: keys that tell equal questions, and whether an answer can be trusted in a loop.

use crate::analysis::channel::frame::Frame;
use crate::analysis::channel::outcome::{Fact, Way};
use crate::analysis::channel::size::{Size, Symbol};
use crate::analysis::channel::team::ChannelId;
use crate::analysis::graph::known;
use crate::analysis::graph::scopes::{Assigned, VarId, VarOrigin};
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;

/// How far sizes are followed through variables.
const MAX_DEPTH: u32 = 4;

/// How deep questions may be nested.
const MAX_KEY_DEPTH: u32 = 12;

impl<'a> Frame<'a, '_> {
    /// The question that an expression asks, without negations, and whether they turn it round.
    pub fn question(&self, expr: &'a Expr) -> Option<(Fact, bool)> {
        let (mut inner, mut turned) = (expr.unparen(), false);
        while let ExprKind::Unary { not: true, operand } = &inner.kind {
            (inner, turned) = (operand.unparen(), !turned);
        }
        match &inner.kind {
            ExprKind::Binary { op, left, right } => {
                let (fact, opposite) = self.comparison(*op, left, right)?;
                Some((fact, turned != opposite))
            }
            _ => {
                let mut about = Vec::new();
                let key = self.key(inner, &mut about, 0)?;
                let stable = self.is_settled(&about, inner);
                Some((Fact { key, about, holds: true, stable }, turned))
            }
        }
    }

    /// The question that a comparison asks, and whether it asks for the opposite: the same for `a < b`,
    /// `b > a` and `a >= b`, and for all that ask whether something is empty.
    pub fn comparison(&self, op: BinaryOp, left: &'a Expr, right: &'a Expr) -> Option<(Fact, bool)> {
        let mut about = Vec::new();
        let (a, b) = (self.key(left, &mut about, 0)?, self.key(right, &mut about, 0)?);
        let is_constant = |expr: &Expr| expr.is_nil() || matches!(expr.unparen().kind, ExprKind::Literal(_));
        let (key, opposite) = match op {
            BinaryOp::Equal | BinaryOp::NotEqual => {
                let turned = is_constant(left) || !is_constant(right) && b < a;
                let key = if turned { format!("{b}=={a}") } else { format!("{a}=={b}") };
                (key, op == BinaryOp::NotEqual)
            }
            BinaryOp::Less => less(&a, &b),
            BinaryOp::Greater => less(&b, &a),
            BinaryOp::GreaterOrEqual => not(less(&a, &b)),
            BinaryOp::LessOrEqual => not(less(&b, &a)),
            _ => (format!("({a}{op:?}{b})"), false),
        };
        let stable = self.is_settled(&about, left) && self.is_settled(&about, right);
        Some((Fact { key, about, holds: true, stable }, opposite))
    }

    /// A text that is the same for expressions that mean the same.
    pub fn key(&self, expr: &'a Expr, about: &mut Vec<VarId>, depth: u32) -> Option<String> {
        if depth > MAX_KEY_DEPTH {
            return None;
        }
        let mut key = |expr: &'a Expr| self.key(expr, about, depth + 1);
        match &expr.unparen().kind {
            ExprKind::Ident(ident) => Some(match self.scopes.var(ident) {
                Some(var) => {
                    about.push(var);
                    format!("{}#{}.{}", ident.name, self.file, var.0)
                }
                None => ident.name.to_string(),
            }),
            ExprKind::Selector { operand, field } => Some(format!("{}.{}", key(operand)?, field.name)),
            ExprKind::Literal(Literal::Integer(value)) => Some(value.to_string()),
            ExprKind::Literal(Literal::Other(text)) => Some(text.to_string()),
            ExprKind::Index { operand, indices } if indices.len() == 1 => {
                Some(format!("{}[{}]", key(operand)?, key(&indices[0])?))
            }
            ExprKind::Pointer(operand) => Some(format!("*{}", key(operand)?)),
            ExprKind::Binary { op, left, right } => Some(format!("({}{op:?}{})", key(left)?, key(right)?)),
            ExprKind::Unary { not: true, operand } => Some(format!("!{}", key(operand)?)),
            ExprKind::Call(call) if call.args.len() <= 1 => {
                let function = key(&call.function)?;
                let argument = call.args.first().map(key);
                Some(match argument {
                    Some(argument) => format!("{function}({})", argument?),
                    None => format!("{function}()"),
                })
            }
            _ => None,
        }
    }

    /// Whether an expression asks if a channel of the team is nil, or if it is not.
    pub fn asks_for_nil(&self, condition: &Expr) -> Option<bool> {
        let ExprKind::Binary { op, left, right } = &condition.unparen().kind else { return None };
        let asked = match (left.is_nil(), right.is_nil()) {
            (false, true) => left,
            (true, false) => right,
            _ => return None,
        };
        self.channel(asked)?;
        match op {
            BinaryOp::Equal => Some(true),
            BinaryOp::NotEqual => Some(false),
            _ => None,
        }
    }

    /// The channel of the team of which a condition asks whether there is room in it, and the answer that
    /// says so: `len(c) == 0`, `len(c) < cap(c)`.
    pub fn asks_for_room(&self, condition: &'a Expr) -> Option<(ChannelId, bool)> {
        let ExprKind::Binary { op, left, right } = &condition.unparen().kind else { return None };
        let length = |expr: &'a Expr| {
            let call = expr.as_call().filter(|call| call.name() == Some("len"))?;
            self.channel(call.args.first()?)
        };
        let (channel, against, turned) = match (length(left), length(right)) {
            (Some(channel), None) => (channel, right, false),
            (None, Some(channel)) => (channel, left, true),
            _ => return None,
        };
        let capacity = self.capacities.get(&channel)?;
        let number = self.size(against);
        let full = number == *capacity;
        let less = full || capacity.exceeds(&number);
        let says = match (op, turned) {
            (BinaryOp::Equal, _) if !full && less => true,
            (BinaryOp::NotEqual, _) if number == Size::ZERO && !full => false,
            (BinaryOp::NotEqual, _) if full => true,
            (BinaryOp::Equal, _) if full => false,
            (BinaryOp::Less, false) | (BinaryOp::Greater, true) if less => true,
            (BinaryOp::GreaterOrEqual, false) | (BinaryOp::LessOrEqual, true) if full => false,
            (BinaryOp::Greater, false) | (BinaryOp::Less, true) if number == Size::ZERO && !full => false,
            _ => return None,
        };
        Some((channel, says))
    }

    /// Whether a goroutine asks by a condition what others say meanwhile: an atomic value, or a variable of
    /// theirs that is true or false.
    pub fn asks_the_others(&self, condition: &'a Expr) -> bool {
        let mut inner = condition.unparen();
        while let ExprKind::Unary { not: true, operand } = &inner.kind {
            inner = operand.unparen();
        }
        let mut loads = false;
        visit::expr(inner, &mut |part| {
            if let ExprKind::Call(call) = &part.kind {
                // Of `sync/atomic` and of those that are made like it.
                loads |= call.name() == Some("Load") && call.args.is_empty()
                    || self.typing.ask(call, known::is_atomic_load) == Some(true);
            }
        });
        // What was set before the goroutine is started is no answer of anybody's.
        let own = self.scopes.body(self.body).block.span;
        let theirs = inner.as_ident().and_then(|ident| self.scopes.var(ident)).is_some_and(|var| {
            let set = self.scopes.assigned(var);
            self.scopes.info(var).body != self.body && set.iter().any(|set| set.value.span.start >= own.end)
        });
        loads || theirs
    }

    /// Whether a variable never gets a second value.
    pub fn is_stable(&self, var: VarId) -> bool {
        let first = usize::from(!self.is_param(var));
        self.scopes.assigned(var).len() <= first && !self.mutated.contains(&var)
    }

    fn is_param(&self, var: VarId) -> bool {
        matches!(self.scopes.info(var).origin, VarOrigin::Param { .. } | VarOrigin::Declared { .. })
    }

    /// Whether a variable may be another one for each goroutine that a loop starts: an argument of what it
    /// runs, or a variable that the loop declares.
    pub fn is_of_one(&self, var: VarId) -> bool {
        let info = self.scopes.info(var);
        if info.body == self.body {
            return matches!(info.origin, VarOrigin::Param { .. });
        }
        let here = self.scopes.body(self.body).block.span;
        let mut found = false;
        visit::body(self.scopes.body(info.body).block, &mut |stmt| {
            let around = matches!(stmt.kind, StmtKind::For(_)) && stmt.span.contains(here);
            found |= around && stmt.span.start <= info.scope.start;
        });
        found
    }

    /// The variables that an expression mentions.
    pub fn mentioned(&self, expr: &'a Expr) -> Vec<VarId> {
        let mut found = Vec::new();
        visit::expr(expr, &mut |part| {
            if let ExprKind::Ident(ident) = &part.kind {
                found.extend(self.scopes.var(ident));
            }
        });
        found
    }

    /// Whether nothing but what this iteration has seen decides: an error that it got, or the item that it is
    /// about. Anything else may be a state that the iterations keep.
    pub fn is_of_this_round(&self, condition: &'a Expr, way: &Way) -> bool {
        let mentioned = self.mentioned(condition);
        let items = self.items.borrow();
        let known = |var: &VarId| items.contains(var) || self.is_stable(*var);
        if mentioned.iter().any(|var| items.contains(var)) && mentioned.iter().all(known) {
            return true;
        }
        let mut inner = condition.unparen();
        while let ExprKind::Unary { not: true, operand } = &inner.kind {
            inner = operand.unparen();
        }
        let ExprKind::Binary { op: BinaryOp::NotEqual | BinaryOp::Equal, left, right } = &inner.kind else {
            return false;
        };
        let asked = match (left.is_nil(), right.is_nil()) {
            (false, true) => left.unparen(),
            (true, false) => right.unparen(),
            _ => return false,
        };
        match &asked.kind {
            ExprKind::Ident(ident) => {
                let fresh = self.scopes.var(ident).is_some_and(|var| way.fresh.contains(&var));
                fresh && is_error(&ident.name)
            }
            ExprKind::Selector { operand, field } => {
                let holder = operand.as_ident().and_then(|ident| self.scopes.var(ident));
                is_error(&field.name) && holder.is_some_and(|var| way.fresh.contains(&var))
            }
            ExprKind::Call(call) => call.name() == Some("Err"),
            _ => false,
        }
    }

    /// Whether nothing but a value that was received in this iteration decides, held against what never
    /// changes. That a channel is closed is no value, and what is called may keep a count of its own.
    pub fn is_of_what_came(&self, condition: &'a Expr, way: &Way) -> bool {
        let came = |var: VarId| {
            let value = way.received.iter().any(|(held, _)| *held == var) && way.fresh.contains(&var);
            value && !self.tells_of_close(var)
        };
        let var = |expr: &Expr| expr.as_ident().and_then(|ident| self.scopes.var(ident));
        match &condition.unparen().kind {
            ExprKind::Ident(ident) => {
                self.scopes.var(ident).is_none_or(|var| came(var) || self.is_stable(var))
            }
            ExprKind::Selector { operand, .. } => {
                var(operand).is_some_and(came)
                    || matches!(operand.unparen().kind, ExprKind::Selector { .. })
                        && self.is_of_what_came(operand, way)
                    || operand.as_ident().is_some_and(|package| self.scopes.var(package).is_none())
            }
            ExprKind::Receive(channel) => self.channel(channel).is_some(),
            ExprKind::Literal(_) => true,
            ExprKind::Binary { left, right, .. } => {
                self.is_of_what_came(left, way) && self.is_of_what_came(right, way)
            }
            ExprKind::Unary { operand, .. } | ExprKind::Pointer(operand) => {
                self.is_of_what_came(operand, way)
            }
            ExprKind::Call(call) => {
                let name = call.function.as_ident().filter(|name| self.scopes.var(name).is_none());
                name.is_some_and(|name| &*name.name == "len")
                    && call.args.iter().all(|arg| self.is_of_what_came(arg, way))
            }
            _ => false,
        }
    }

    /// Whether a variable says that a channel is not closed: `v, ok := <-c`.
    fn tells_of_close(&self, var: VarId) -> bool {
        let tells =
            |one: &Assigned| one.index == 1 && matches!(one.value.unparen().kind, ExprKind::Receive(_));
        self.scopes.assigned(var).iter().any(tells)
    }

    /// How large an integer is.
    pub fn size(&self, expr: &'a Expr) -> Size {
        self.size_at(expr, 0)
    }

    fn size_at(&self, expr: &'a Expr, depth: u32) -> Size {
        let unnamed =
            || Size::symbol(Symbol::new(format!("@{}.{}", self.file, expr.span.start), "that many"));
        if depth > MAX_DEPTH {
            return unnamed();
        }
        match &expr.unparen().kind {
            ExprKind::Literal(Literal::Integer(number)) => {
                i64::try_from(*number).map_or(Size::Any, Size::number)
            }
            ExprKind::Ident(ident) => match self.scopes.var(ident) {
                Some(var) => match (self.sizes.get(&var), self.scopes.assigned(var)) {
                    (Some((size, _)), _) => size.clone(),
                    (_, [one]) if one.of == 1 && self.is_stable(var) => self.size_at(one.value, depth + 1),
                    _ => self.named(expr),
                },
                None => self.constant(ident).unwrap_or_else(|| self.named(expr)),
            },
            ExprKind::Binary { op: BinaryOp::Add, left, right } => {
                self.size_at(left, depth + 1).plus(&self.size_at(right, depth + 1))
            }
            ExprKind::Binary { op: BinaryOp::Subtract, left, right } => {
                match self.size_at(right, depth + 1).as_number() {
                    Some(number) => self.size_at(left, depth + 1).plus(&Size::number(-number)),
                    None => unnamed(),
                }
            }
            ExprKind::Binary { op: BinaryOp::Multiply, left, right } => {
                match self.size_at(left, depth + 1).times(&self.size_at(right, depth + 1)) {
                    Size::Any => unnamed(),
                    product => product,
                }
            }
            ExprKind::Binary { op: BinaryOp::Divide, left, right } => {
                let number = self.size_at(right, depth + 1).as_number();
                let part = number.and_then(|number| self.size_at(left, depth + 1).over(number));
                part.unwrap_or_else(unnamed)
            }
            ExprKind::Call(call) if call.args.len() == 1 && call.name() == Some("len") => {
                self.length_at(&call.args[0], depth + 1)
            }
            ExprKind::Call(call) if call.args.len() == 1 && call.name() == Some("cap") => {
                let capacity = self.channel(&call.args[0]).and_then(|channel| self.capacities.get(&channel));
                capacity.cloned().unwrap_or_else(unnamed)
            }
            ExprKind::Call(call) if call.args.len() == 1 && matches!(call.name(), Some("int" | "int64")) => {
                self.size_at(&call.args[0], depth + 1)
            }
            ExprKind::Selector { .. } => self.named(expr),
            _ => unnamed(),
        }
    }

    /// How many elements a container has.
    pub fn length(&self, container: &'a Expr) -> Size {
        self.length_at(container, 0)
    }

    fn length_at(&self, container: &'a Expr, depth: u32) -> Size {
        let mut about = Vec::new();
        let var = container.as_ident().and_then(|ident| self.scopes.var(ident));
        if let Some((_, length)) = var.and_then(|var| self.sizes.get(&var)) {
            return length.clone();
        }
        let value = var.and_then(|var| match self.scopes.assigned(var) {
            [one] if one.of == 1 && self.is_stable(var) => Some((var, one.value)),
            _ => None,
        });
        if let Some(length) = value.and_then(|(_, value)| made_with(value)).filter(|_| depth < MAX_DEPTH) {
            return self.size_at(length, depth + 1);
        }
        let literal = value.and_then(|(var, value)| {
            elements(value).or_else(|| keys(value).filter(|_| self.is_only_read(var)))
        });
        if let Some(number) = literal.or_else(|| elements(container)) {
            return Size::number(number);
        }
        match self.key(container, &mut about, 0).filter(|key| !key.contains('(')) {
            Some(key) => {
                Size::symbol(Symbol::new(format!("len({key})"), format!("len({})", spelled(container))))
            }
            None => {
                let key = format!("len@{}.{}", self.file, container.span.start);
                Size::symbol(Symbol::new(key, "that many"))
            }
        }
    }

    /// Whether a container is nothing but gone through, counted and looked into: keys of a map come and go.
    fn is_only_read(&self, var: VarId) -> bool {
        let is_it = |expr: &Expr| expr.as_ident().and_then(|ident| self.scopes.var(ident)) == Some(var);
        let (mut reads, mut sets) = (0, false);
        for body in &self.scopes.bodies {
            visit::body(body.block, &mut |stmt| match &stmt.kind {
                StmtKind::For(looped) => {
                    reads +=
                        usize::from(matches!(&looped.head, ForHead::Range { right, .. } if is_it(right)));
                }
                StmtKind::Assign { left, .. } => {
                    let set = |target: &Expr| match &target.unparen().kind {
                        ExprKind::Index { operand, .. } => is_it(operand),
                        _ => false,
                    };
                    sets |= left.iter().any(set);
                }
                _ => {}
            });
        }
        if let Some(first) = self.scopes.bodies.first() {
            visit::block(first.block, &mut |expr| match &expr.kind {
                ExprKind::Call(call) if call.name() == Some("len") && call.span == expr.span => {
                    reads += call.args.iter().filter(|arg| is_it(arg)).count();
                }
                ExprKind::Index { operand, .. } => reads += usize::from(is_it(operand)),
                _ => {}
            });
        }
        // One is where it is declared.
        !sets && self.scopes.uses_of(var).count() == reads + 1
    }

    fn named(&self, expr: &'a Expr) -> Size {
        let mut about = Vec::new();
        let key = self.key(expr, &mut about, 0);
        let key = key.unwrap_or_else(|| format!("@{}.{}", self.file, expr.span.start));
        Size::symbol(Symbol::new(key, spelled(expr)))
    }

    /// The value of a package's constant.
    fn constant(&self, ident: &Ident) -> Option<Size> {
        let package = &self.typing.file.package;
        let value = package.var(&ident.name)?;
        let spec = value.spec();
        if !value.constant {
            return None;
        }
        match spec.values.get(value.position).map(|value| &value.unparen().kind) {
            Some(ExprKind::Literal(Literal::Integer(number))) => {
                i64::try_from(*number).ok().map(Size::number)
            }
            _ => None,
        }
    }
}

/// The question whether one is less than the other: of a length whether it is none.
fn less(a: &str, b: &str) -> (String, bool) {
    match (a, b) {
        ("0", length) if length.starts_with("len(") => (format!("{length}==0"), true),
        (length, "1") if length.starts_with("len(") => (format!("{length}==0"), false),
        _ => (format!("{a}<{b}"), false),
    }
}

fn not((key, opposite): (String, bool)) -> (String, bool) {
    (key, !opposite)
}

/// The length that a slice is made with: `make([]T, n)`.
fn made_with(expr: &Expr) -> Option<&Expr> {
    let call = expr.as_call().filter(|call| call.name() == Some("make"))?;
    let list = matches!(call.args.first()?.unparen().kind, ExprKind::SliceOf(_));
    call.args.get(1).filter(|_| list)
}

/// How many elements a literal has: `[]T{a, b}`.
fn elements(expr: &Expr) -> Option<i64> {
    match &expr.unparen().kind {
        ExprKind::Composite { ty: Some(ty), elements } => {
            let list = matches!(ty.unparen().kind, ExprKind::SliceOf(_));
            (list && elements.iter().all(|one| one.key.is_none()))
                .then(|| i64::try_from(elements.len()).unwrap_or(i64::MAX))
        }
        _ => None,
    }
}

/// How many keys a map has whose keys are all written down: of two that are computed, one may be the other.
fn keys(expr: &Expr) -> Option<i64> {
    let ExprKind::Composite { ty: Some(ty), elements } = &expr.unparen().kind else { return None };
    let written = |one: &Element| {
        one.key.as_ref().is_some_and(|key| matches!(key.unparen().kind, ExprKind::Literal(_)))
    };
    let is_map = matches!(ty.unparen().kind, ExprKind::Map { .. });
    (is_map && elements.iter().all(written)).then(|| i64::try_from(elements.len()).unwrap_or(i64::MAX))
}

/// Whether a variable of this name holds an error.
pub fn is_error(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower == "e" || lower.starts_with("err") || lower.ends_with("err") || lower.ends_with("error")
}

/// A path as written; a word for everything else.
pub fn spelled(expr: &Expr) -> String {
    match expr.as_path() {
        Some(path) => path.iter().map(|ident| &*ident.name).collect::<Vec<_>>().join("."),
        None => "…".to_owned(),
    }
}
