//! The control-flow graph of one function body, built from syntax. Function literals inside are values here,
//! not flow.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::base::text::Span;
use crate::go::syntax::ast::*;

/// A graph with more blocks than this is not analysed.
const MAX_BLOCKS: usize = 20_000;

/// How a call that never returns ends the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// The process ends; deferred calls do not run.
    Exit,
    /// Unwinding: deferred calls run.
    Panic,
    /// It is never over: `select {}` keeps a `main` function, and the process with it, until somebody ends
    /// that; a goroutine it keeps for good.
    Never,
}

/// A basic block.
#[derive(Debug)]
pub struct BasicBlock<'a> {
    pub steps: Vec<Step<'a>>,
    pub next: Next<'a>,
}

/// What happens in a block, in order.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// A statement without control flow of its own.
    Stmt(&'a Stmt),
    /// An expression whose value steers (a switch tag, a range operand).
    Eval(&'a Expr),
    /// The name that a type switch gives to its value.
    Alias { alias: &'a Ident, value: &'a Expr },
    /// The variables of a range clause get their next values.
    Range { left: &'a [Expr], right: &'a Expr },
    /// The communication of a select case.
    Communication(&'a Communication),
    /// What begins at this offset comes next: a block or the body of a case, where an edit could stand, or
    /// the other side of an `if`. Where there is no such side, nor a case that fits, it is the end of the
    /// statement.
    Enter(u32),
    /// The statement with all of its parts is over: a place where an edit could stand.
    After(&'a Stmt),
}

/// Where a block leads.
#[derive(Debug, Clone)]
pub enum Next<'a> {
    To(usize),
    Branch {
        condition: Condition<'a>,
        yes: usize,
        no: usize,
    },
    Any(Vec<usize>),
    Return(&'a Stmt),
    /// The closing brace, at this offset.
    End(u32),
    Stop(Ending, Span),
}

impl Next<'_> {
    /// The blocks that may come next; none after a way out.
    pub fn successors(&self) -> Vec<usize> {
        match self {
            Next::To(next) => vec![*next],
            Next::Any(next) => next.clone(),
            Next::Branch { yes, no, .. } => vec![*yes, *no],
            Next::Return(_) | Next::End(_) | Next::Stop(..) => Vec::new(),
        }
    }
}

/// A condition without `&&`, `||` and `!`, which are edges.
#[derive(Debug, Clone, Copy)]
pub enum Condition<'a> {
    True(&'a Expr),
    /// A case of a switch with a tag.
    Equal(&'a Expr, &'a Expr),
    /// A loop over these values has a first iteration.
    NotEmpty(&'a Expr),
    /// A loop over these values has another iteration.
    HasMore(&'a Expr),
}

/// The graph; block 0 is the entry.
#[derive(Debug)]
pub struct Cfg<'a> {
    pub blocks: Vec<BasicBlock<'a>>,
}

/// The body has more branches than the analysis takes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge;

impl<'a> Cfg<'a> {
    /// Builds the graph of `body`; `ending` tells of a call whether it never returns.
    ///
    /// # Errors
    /// When the graph would have more than 20,000 blocks.
    pub fn build(body: &'a Block, ending: &dyn Fn(&'a Call) -> Option<Ending>) -> Result<Cfg<'a>, TooLarge> {
        let mut builder = Builder {
            blocks: Vec::new(),
            current: 0,
            targets: Vec::new(),
            labels: FxHashMap::default(),
            ending,
        };
        builder.current = builder.new_block();
        builder.step(Step::Enter(body.span.start));
        builder.stmts(&body.stmts);
        builder.finish(Next::End(body.span.end.saturating_sub(1)));
        if builder.blocks.len() > MAX_BLOCKS {
            return Err(TooLarge);
        }
        let unreachable = |block: (Vec<Step<'a>>, Option<Next<'a>>)| BasicBlock {
            steps: block.0,
            next: block.1.unwrap_or(Next::Any(Vec::new())),
        };
        Ok(Cfg { blocks: builder.blocks.into_iter().map(unreachable).collect() })
    }
}

/// Where `break` and `continue` lead.
struct Target {
    label: Option<Arc<str>>,
    on_break: usize,
    on_continue: Option<usize>,
}

struct Builder<'a, 'e> {
    blocks: Vec<(Vec<Step<'a>>, Option<Next<'a>>)>,
    current: usize,
    targets: Vec<Target>,
    labels: FxHashMap<Arc<str>, usize>,
    ending: &'e dyn Fn(&'a Call) -> Option<Ending>,
}

impl<'a> Builder<'a, '_> {
    fn new_block(&mut self) -> usize {
        self.blocks.push((Vec::new(), None));
        self.blocks.len() - 1
    }

    fn step(&mut self, step: Step<'a>) {
        self.blocks[self.current].0.push(step);
    }

    /// Ends the current block; what follows is unreachable until a new one is made current.
    fn finish(&mut self, next: Next<'a>) {
        self.blocks[self.current].1.get_or_insert(next);
        self.current = self.new_block();
    }

    /// Ends the current block towards `target` and goes on there.
    fn go_on(&mut self, target: usize) {
        self.blocks[self.current].1.get_or_insert(Next::To(target));
        self.current = target;
    }

    fn stmts(&mut self, stmts: &'a [Stmt]) {
        for stmt in stmts {
            // It is too large already, and the rest may be much larger still.
            if self.blocks.len() > MAX_BLOCKS {
                return;
            }
            self.stmt(stmt, None);
            self.step(Step::After(stmt));
        }
    }

    fn block(&mut self, block: &'a Block) {
        self.step(Step::Enter(block.span.start));
        self.stmts(&block.stmts);
    }

    fn stmt(&mut self, stmt: &'a Stmt, label: Option<Arc<str>>) {
        match &stmt.kind {
            StmtKind::Expr(expr) => {
                self.step(Step::Stmt(stmt));
                if let Some(ending) = expr.as_call().and_then(|call| (self.ending)(call)) {
                    self.finish(Next::Stop(ending, stmt.span));
                }
            }
            StmtKind::Send { .. }
            | StmtKind::IncDec(_)
            | StmtKind::Assign { .. }
            | StmtKind::Define { .. }
            | StmtKind::Var(_)
            | StmtKind::Go(_)
            | StmtKind::Defer(_) => self.step(Step::Stmt(stmt)),
            StmtKind::Return(_) => self.finish(Next::Return(stmt)),
            StmtKind::If(branch) => self.branch(branch),
            StmtKind::For(looped) => self.looped(looped, label),
            StmtKind::Switch(switch) => self.switch(stmt, switch, label),
            StmtKind::TypeSwitch(switch) => self.type_switch(switch, label),
            StmtKind::Select(cases) => self.select(stmt, cases, label),
            StmtKind::Labeled { label, stmt } => {
                let target = self.label(&label.name);
                self.go_on(target);
                if let Some(stmt) = stmt {
                    self.stmt(stmt, Some(label.name.clone()));
                }
            }
            StmtKind::Break(label) => self.jump(label.as_ref(), |target| Some(target.on_break)),
            StmtKind::Continue(label) => self.jump(label.as_ref(), |target| target.on_continue),
            StmtKind::Goto(label) => {
                let next = label.as_ref().map(|label| self.label(&label.name));
                self.finish(next.map_or(Next::Any(Vec::new()), Next::To));
            }
            StmtKind::Block(block) => self.block(block),
            // Handled by the switch, which knows the next case; elsewhere it is a mistake.
            StmtKind::Fallthrough | StmtKind::Const(_) | StmtKind::Type(_) | StmtKind::Empty => {}
        }
    }

    fn label(&mut self, name: &Arc<str>) -> usize {
        if let Some(&block) = self.labels.get(name) {
            return block;
        }
        let block = self.new_block();
        self.labels.insert(name.clone(), block);
        block
    }

    fn jump(&mut self, label: Option<&Ident>, which: impl Fn(&Target) -> Option<usize>) {
        let fits = |target: &&Target| label.is_none_or(|label| target.label.as_ref() == Some(&label.name));
        let next = self.targets.iter().rev().filter(fits).find_map(which);
        self.finish(next.map_or(Next::Any(Vec::new()), Next::To));
    }

    fn init(&mut self, init: Option<&'a Stmt>) {
        if let Some(init) = init {
            self.stmt(init, None);
        }
    }

    fn condition(&mut self, expr: &'a Expr, yes: usize, no: usize) {
        if let Some((asked, holds)) = compared_with_truth(expr) {
            let (yes, no) = if holds { (yes, no) } else { (no, yes) };
            return self.condition(asked, yes, no);
        }
        match &expr.unparen().kind {
            ExprKind::Unary { not: true, operand } => self.condition(operand, no, yes),
            ExprKind::Binary { op: BinaryOp::And, left, right } => {
                let middle = self.new_block();
                self.condition(left, middle, no);
                self.current = middle;
                self.condition(right, yes, no);
            }
            ExprKind::Binary { op: BinaryOp::Or, left, right } => {
                let middle = self.new_block();
                self.condition(left, yes, middle);
                self.current = middle;
                self.condition(right, yes, no);
            }
            _ => self.finish(Next::Branch { condition: Condition::True(expr), yes, no }),
        }
    }

    fn branch(&mut self, branch: &'a If) {
        self.init(branch.init.as_ref());
        let (yes, no, after) = (self.new_block(), self.new_block(), self.new_block());
        self.condition(&branch.condition, yes, no);
        self.current = yes;
        self.block(&branch.then);
        self.go_on(after);
        self.current = no;
        self.step(Step::Enter(branch.other_side()));
        if let Some(otherwise) = &branch.otherwise {
            self.stmt(otherwise, None);
        }
        self.go_on(after);
    }

    fn looped(&mut self, looped: &'a For, label: Option<Arc<str>>) {
        let (head, body, after) = (self.new_block(), self.new_block(), self.new_block());
        match &looped.head {
            ForHead::Clause { init, condition, update } => {
                self.init(init.as_ref());
                if let Some(over) = condition.as_ref().and_then(counted) {
                    self.finish(Next::Branch { condition: Condition::NotEmpty(over), yes: body, no: after });
                    self.current = head;
                } else {
                    self.go_on(head);
                }
                match condition {
                    Some(condition) => self.condition(condition, body, after),
                    None => self.finish(Next::To(body)),
                }
                let next = self.new_block();
                self.loop_body(label, after, next, body, &looped.body);
                self.go_on(next);
                self.init(update.as_ref());
                self.go_on(head);
            }
            ForHead::Range { left, right, .. } => {
                self.step(Step::Eval(right));
                self.finish(Next::Branch { condition: Condition::NotEmpty(right), yes: body, no: after });
                self.current = head;
                self.finish(Next::Branch { condition: Condition::HasMore(right), yes: body, no: after });
                self.blocks[body].0.push(Step::Range { left, right });
                self.loop_body(label, after, head, body, &looped.body);
                self.go_on(head);
            }
        }
        self.current = after;
    }

    fn loop_body(
        &mut self,
        label: Option<Arc<str>>,
        on_break: usize,
        on_continue: usize,
        body: usize,
        block: &'a Block,
    ) {
        self.current = body;
        self.targets.push(Target { label, on_break, on_continue: Some(on_continue) });
        self.block(block);
        self.targets.pop();
    }

    fn switch(&mut self, stmt: &'a Stmt, switch: &'a Switch, label: Option<Arc<str>>) {
        self.init(switch.init.as_ref());
        if let Some(value) = &switch.value {
            self.step(Step::Eval(value));
        }
        let after = self.new_block();
        let bodies: Vec<usize> = switch.cases.iter().map(|_| self.new_block()).collect();
        for (case, &body) in switch.cases.iter().zip(&bodies) {
            for value in &case.values {
                let next = self.new_block();
                match &switch.value {
                    Some(tag) => self.finish(Next::Branch {
                        condition: Condition::Equal(tag, value),
                        yes: body,
                        no: next,
                    }),
                    None => self.condition(value, body, next),
                }
                self.current = next;
            }
        }
        match switch.cases.iter().position(|case| case.default) {
            Some(default) => self.finish(Next::To(bodies[default])),
            None => {
                self.step(Step::Enter(stmt.span.end));
                self.finish(Next::To(after));
            }
        }
        self.targets.push(Target { label, on_break: after, on_continue: None });
        for (at, case) in switch.cases.iter().enumerate() {
            self.current = bodies[at];
            self.step(Step::Enter(case.body.start));
            self.stmts(&case.stmts);
            let falls = matches!(case.stmts.last(), Some(Stmt { kind: StmtKind::Fallthrough, .. }));
            self.go_on(bodies.get(at + 1).copied().filter(|_| falls).unwrap_or(after));
        }
        self.targets.pop();
        self.current = after;
    }

    fn type_switch(&mut self, switch: &'a TypeSwitch, label: Option<Arc<str>>) {
        self.init(switch.init.as_ref());
        self.step(match &switch.alias {
            Some(alias) => Step::Alias { alias, value: &switch.value },
            None => Step::Eval(&switch.value),
        });
        let after = self.new_block();
        let bodies: Vec<usize> = switch.cases.iter().map(|_| self.new_block()).collect();
        let mut next = bodies.clone();
        if !switch.cases.iter().any(|case| case.default) {
            next.push(after);
        }
        self.finish(Next::Any(next));
        self.targets.push(Target { label, on_break: after, on_continue: None });
        for (case, body) in switch.cases.iter().zip(bodies) {
            self.current = body;
            self.stmts(&case.stmts);
            self.go_on(after);
        }
        self.targets.pop();
        self.current = after;
    }

    fn select(&mut self, stmt: &'a Stmt, cases: &'a [SelectCase], label: Option<Arc<str>>) {
        if cases.is_empty() {
            return self.finish(Next::Stop(Ending::Never, stmt.span));
        }
        let after = self.new_block();
        let bodies: Vec<usize> = cases.iter().map(|_| self.new_block()).collect();
        self.finish(Next::Any(bodies.clone()));
        self.targets.push(Target { label, on_break: after, on_continue: None });
        for (case, body) in cases.iter().zip(bodies) {
            self.current = body;
            if let Some(communication) = &case.communication {
                self.step(Step::Communication(communication));
            }
            self.stmts(&case.stmts);
            self.go_on(after);
        }
        self.targets.pop();
        self.current = after;
    }
}

/// What `i < len(values)` counts through.
fn counted(condition: &Expr) -> Option<&Expr> {
    let ExprKind::Binary { op: BinaryOp::Less, left, right } = &condition.unparen().kind else {
        return None;
    };
    let call = right.as_call()?;
    let named = call.function.as_ident().is_some_and(|name| &*name.name == "len");
    left.as_ident().filter(|_| named).and(call.args.first())
}

/// What `rows.Next() == false` asks, and whether it wants that to be true.
fn compared_with_truth(expr: &Expr) -> Option<(&Expr, bool)> {
    let ExprKind::Binary { op: op @ (BinaryOp::Equal | BinaryOp::NotEqual), left, right } =
        &expr.unparen().kind
    else {
        return None;
    };
    let truth = right.is_named("true");
    (truth || right.is_named("false")).then_some((&**left, truth == matches!(op, BinaryOp::Equal)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::text::narrow;
    use crate::go::syntax::parse::parse;

    /// The ways out that can be reached, as text, sorted.
    fn exits(body: &str) -> Vec<String> {
        let text = format!("func f() {{\n{body}\n}}");
        let Decl::Func(func) =
            parse(text.as_bytes(), Span::new(0, narrow(text.len()))).unwrap().lower().unwrap()
        else {
            panic!()
        };
        let ending = |call: &Call| {
            call.function.as_ident().and_then(|name| match &*name.name {
                "exit" => Some(Ending::Exit),
                "panic" => Some(Ending::Panic),
                _ => None,
            })
        };
        let cfg = Cfg::build(func.body().unwrap(), &ending).unwrap();
        let (mut seen, mut todo, mut found) = (vec![false; cfg.blocks.len()], vec![0], Vec::new());
        while let Some(at) = todo.pop() {
            if std::mem::replace(&mut seen[at], true) {
                continue;
            }
            match &cfg.blocks[at].next {
                Next::Return(stmt) => found.push(text[stmt.span.range()].to_owned()),
                Next::End(_) => found.push("end".to_owned()),
                Next::Stop(ending, _) => found.push(format!("{ending:?}")),
                next => todo.extend(next.successors()),
            }
        }
        found.sort();
        found
    }

    #[test]
    fn branches_and_returns() {
        assert_eq!(
            exits("if a { return 1 } else if b && !c { return 2 }\nreturn 3"),
            ["return 1", "return 2", "return 3"]
        );
        assert_eq!(exits("if a { panic(1) }"), ["Panic", "end"]);
        assert_eq!(exits("exit()\nreturn 1"), ["Exit"]);
        // What gives something comes back, whatever its name: `return errors.Fatal("no such key")`.
        assert_eq!(exits("return exit()"), ["return exit()"]);
    }

    #[test]
    fn loops_end_where_they_are_left() {
        assert_eq!(exits("for { work() }"), Vec::<String>::new());
        assert_eq!(exits("for { if a { break } }"), ["end"]);
        assert_eq!(exits("L: for { for { if a { continue L }; if b { break L } } }"), ["end"]);
        assert_eq!(exits("for i := range xs { return 1 }\nreturn 2"), ["return 1", "return 2"]);
        assert_eq!(exits("again:\nif a { goto again }\nreturn 1"), ["return 1"]);
    }

    #[test]
    fn switches_and_selects() {
        assert_eq!(
            exits("switch x { case 1: return 1; case 2: fallthrough; case 3: return 3 }"),
            ["end", "return 1", "return 3"]
        );
        assert_eq!(exits("switch { case a: return 1; default: return 2 }"), ["return 1", "return 2"]);
        assert_eq!(
            exits("switch x.(type) { case int: return 1; default: return 2 }"),
            ["return 1", "return 2"]
        );
        assert_eq!(exits("for { select { case <-a: return 1; case b <- 1: break } }"), ["return 1"]);
        assert_eq!(exits("select {}"), ["Never"]);
    }
}
