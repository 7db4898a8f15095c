//! Goroutines that run a loop without any way out, and of which there are more and more: started once a
//! request, or by what makes a value that can be closed.

use crate::analysis::channel::exits::{exits, is_endless, may_end};
use crate::analysis::channel::process;
use crate::analysis::channel::{at_hand, describe};
use crate::analysis::detection::{Declaration, Detection};
use crate::analysis::graph::known;
use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, Scopes};
use crate::base::diagnostic::{AnchorPlace, Certainty, Evidence, Remedy};
use crate::base::text::{Span, narrow};
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::database::{FileScope, exported};

/// What the rule is called.
pub const KIND: &str = "endless-worker";

/// The loop of a goroutine may stand in functions within functions this deep.
const MAX_DEPTH: u32 = 2;

/// The goroutines of a declaration that never end.
pub fn detect(declaration: &Declaration) -> Vec<Detection> {
    let Decl::Func(func) = declaration.decl else { return Vec::new() };
    if declaration.file.scope.is_test() {
        return Vec::new();
    }
    let scopes = Scopes::of_func(func);
    let typing = Typing::new(declaration.database, declaration.file.scope.clone(), &scopes);
    let starter = Starter { declaration, func, scopes: &scopes, typing: &typing };
    let mut found = Vec::new();
    for (at, body) in scopes.bodies.iter().enumerate() {
        visit::body(body.block, &mut |stmt| {
            if let StmtKind::Go(go) = &stmt.kind
                && let Some(call) = go.as_call()
            {
                found.extend(starter.judge(stmt.span, call, BodyId(narrow(at))));
            }
        });
    }
    if !found.is_empty() && process::runs_once(&declaration.file.scope.package, func) {
        found.clear();
    }
    found.sort_by_key(|one: &Detection| one.span);
    found
}

/// A loop without a way out.
struct Endless {
    /// Its head.
    head: Span,
    /// Where it stands, where that is another function.
    func: Option<FuncRef>,
    /// Where a way out could go, where it stands in the same declaration.
    way_out: Option<WayOut>,
}

/// Where a way out of a loop could go.
enum WayOut {
    /// Before this case of a `select` that is all of a round.
    Case(Span),
    /// First in the block.
    First(Span),
}

struct Starter<'a, 'f> {
    declaration: &'f Declaration<'f>,
    func: &'a FuncDecl,
    scopes: &'f Scopes<'a>,
    typing: &'f Typing<'a, 'f>,
}

impl<'a> Starter<'a, '_> {
    fn judge(&self, span: Span, call: &'a Call, body: BodyId) -> Option<Detection> {
        let endless = match &call.function.unparen().kind {
            ExprKind::FuncLit(literal) => self.in_block(self.typing, &literal.body, None, 0)?,
            _ => self.in_func(&self.typing.called(call)?, 0)?,
        };
        if self.is_once(span) {
            return None;
        }
        let notes = describe::weight(self.declaration, self.typing, body, self.func);
        let often = match (notes.is_empty(), self.made()) {
            (false, _) => "one is started for each request".to_owned(),
            (true, Some((ty, method))) if body == BodyId(0) => {
                format!("one is started for each `{ty}`, and `{method}` does not end it")
            }
            _ => return None,
        };
        let database = self.declaration.database;
        let file = self.declaration.file;
        let words = "this loop has no way out".to_owned();
        let label = match &endless.func {
            Some(func) => {
                let (line, column) = database.line_column(&func.package, func.file, endless.head);
                let path = database.display_path(&func.package, func.file);
                Evidence { path, line, column, span: None, words }
            }
            None => {
                let (line, column) = file.lines.line_column(endless.head.start);
                Evidence { path: file.path.clone(), line, column, span: Some(endless.head), words }
            }
        };
        Some(Detection {
            kind: KIND,
            span: Span { start: span.start, end: call.function.span.start.max(span.start + 2) },
            label: "started here".to_owned(),
            message: format!("a goroutine runs a loop without a way out, and {often}: it never ends"),
            certainty: Certainty::Proved,
            labels: vec![label],
            notes,
            remedy: Some(self.remedy(span, &endless)),
        })
    }

    /// The endless loop that a block comes to in any case.
    fn in_block(
        &self,
        typing: &Typing,
        block: &Block,
        func: Option<&FuncRef>,
        depth: u32,
    ) -> Option<Endless> {
        for stmt in &block.stmts {
            let stmt = stmt.unlabeled();
            match &stmt.kind {
                StmtKind::For(looped) if is_endless(typing, looped) => {
                    let ends = !exits(&looped.body).is_empty() || may_end(typing, &looped.body);
                    let way_out = match looped.body.stmts.as_slice() {
                        [only] => match &only.kind {
                            StmtKind::Select(cases)
                                if cases.iter().all(|case| case.communication.is_some()) =>
                            {
                                cases.first().map(|case| WayOut::Case(case.span))
                            }
                            _ => None,
                        },
                        _ => None,
                    };
                    let way_out = way_out.unwrap_or(WayOut::First(looped.body.span));
                    return (!ends).then(|| Endless {
                        head: Span { start: stmt.span.start, end: stmt.span.start + 3 },
                        func: func.cloned(),
                        way_out: func.is_none().then_some(way_out),
                    });
                }
                StmtKind::Expr(expr) if depth < MAX_DEPTH => {
                    // What comes back goes on.
                    if let Some(called) = expr.as_call().and_then(|call| typing.called(call))
                        && called.package.dir == typing.file.package.dir
                        && let Some(found) = self.in_func(&called, depth + 1)
                    {
                        return Some(found);
                    }
                }
                _ => {}
            }
            let mut returns = false;
            visit::statements(std::slice::from_ref(stmt), &mut |inner| {
                returns |= matches!(inner.kind, StmtKind::Return(_) | StmtKind::Goto(_));
            });
            if returns {
                return None;
            }
        }
        None
    }

    fn in_func(&self, func: &FuncRef, depth: u32) -> Option<Endless> {
        let body = func.decl.body()?;
        let scopes = Scopes::of_func(&func.decl);
        let typing = Typing::new(self.declaration.database, FileScope::of(func), &scopes);
        self.in_block(&typing, body, Some(func), depth)
    }

    /// Whether it is started once only: in what a `Do` runs, or where something was asked that outlives the
    /// function.
    fn is_once(&self, go: Span) -> bool {
        let mut once = false;
        let outlives = |condition: &Expr| {
            let mut found = false;
            visit::expr(condition, &mut |expr| match &expr.kind {
                ExprKind::Selector { operand, .. } => {
                    found |= operand.as_path().is_some_and(|path| self.scopes.var(path[0]).is_some());
                }
                ExprKind::Ident(ident) => {
                    found |=
                        self.scopes.var(ident).is_none() && self.typing.file.package.has_value(&ident.name);
                }
                _ => {}
            });
            found
        };
        for body in &self.scopes.bodies {
            visit::body(body.block, &mut |stmt| match &stmt.kind {
                StmtKind::If(branch) if stmt.span.start < go.start => once |= outlives(&branch.condition),
                StmtKind::Switch(_) | StmtKind::Select(_) | StmtKind::TypeSwitch(_) => {
                    once |= stmt.span.contains(go);
                }
                _ => {}
            });
        }
        if let Some(body) = self.func.body() {
            visit::block(body, &mut |expr| {
                if let ExprKind::Call(call) = &expr.kind {
                    once |= call.name() == Some("Do") && call.args.iter().any(|arg| arg.span.contains(go));
                }
            });
        }
        once
    }

    /// The type that the function makes a value of and returns, and its method that reads as if it ended all
    /// that belongs to it.
    fn made(&self) -> Option<(String, String)> {
        let package = &self.typing.file.package;
        let result = self.func.signature.results.first()?;
        let ty = base_type_name(&result.ty).filter(|ty| package.has_type(ty))?;
        let method = package
            .methods_of(ty)
            .into_iter()
            .find(|method| known::reads_like_release(method) && exported(method))?;
        let mut makes = false;
        visit::block(self.func.body()?, &mut |expr| {
            if let ExprKind::Composite { ty: Some(made), .. } = &expr.kind {
                makes |= base_type_name(made) == Some(ty);
            }
        });
        makes.then(|| (ty.to_string(), method.to_string()))
    }

    fn remedy(&self, go: Span, endless: &Endless) -> Remedy {
        let context = at_hand::context(self.scopes, self.typing, go.start);
        let (Some(context), Some(way_out)) = (context, &endless.way_out) else {
            return Remedy::Advice {
                title: "give the loop a way out".to_owned(),
                reason: "what should end it is for a person to say".to_owned(),
            };
        };
        let doubt = Some(format!("the goroutine ends with `{context}` then"));
        match way_out {
            WayOut::Case(first) => Remedy::Lines {
                title: format!("insert `case <-{context}.Done(): return`"),
                place: AnchorPlace::Before(*first),
                lines: vec![format!("case <-{context}.Done():"), "\treturn".to_owned()],
                doubt,
            },
            WayOut::First(block) => Remedy::Lines {
                title: format!("insert `if {context}.Err() != nil {{ return }}` first in the loop"),
                place: AnchorPlace::Start(*block),
                lines: vec![format!("if {context}.Err() != nil {{"), "\treturn".to_owned(), "}".to_owned()],
                doubt,
            },
        }
    }
}
