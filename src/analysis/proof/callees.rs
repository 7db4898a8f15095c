//! What callees do with what they get: those whose source is there are gone through like the function itself.

use crate::analysis::graph::local_types::Typing;
use crate::analysis::graph::scopes::{BodyId, ParamIndex, Scopes};
use crate::analysis::proof::state::{Against, Asked, Context, Effect, Flow, Seen};
use crate::analysis::proof::tie::Value;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::types::database::FileScope;

/// Callees are followed this deep.
const MAX_DEPTH: usize = 10;

/// How many callees one proof may read.
const MAX_CALLEES: usize = 400;

impl Context<'_> {
    /// What `func` does with what it gets.
    pub(crate) fn effect(&self, func: &FuncRef, inputs: Vec<(ParamIndex, Value)>) -> Effect {
        let question = (func.clone(), inputs);
        if let Some(known) = self.known.borrow().get(&question) {
            return known.clone();
        }
        let name = &func.decl.name.name;
        let unread = |words: String| Effect {
            against: Some(Against { span: func.decl.span, words, seen: Seen::Unknown }),
            ..Effect::default()
        };
        // What a function does by calling itself it does otherwise, too.
        if self.open.borrow().contains(&question) {
            return Effect::default();
        }
        if self.open.borrow().len() >= MAX_DEPTH || self.known.borrow().len() >= MAX_CALLEES {
            return unread(format!("`{name}` is called too deep to be read"));
        }
        let Some(body) = func.decl.body() else { return unread(format!("`{name}` has no body to read")) };
        // A pointer to a part may be all that is kept of the whole, or a number.
        if func.package.files[func.file].has_unsafe_pointers() {
            return unread(format!("`{name}` stands in a file that uses unsafe pointers"));
        }
        self.open.borrow_mut().push(question.clone());
        let effect = self.read(func, body, &question.1);
        self.open.borrow_mut().pop();
        self.known.borrow_mut().insert(question, effect.clone());
        effect
    }

    fn read(&self, func: &FuncRef, body: &Block, inputs: &[(ParamIndex, Value)]) -> Effect {
        let scopes = Scopes::of_func(&func.decl);
        let typing = Typing::new(self.types.database, FileScope::of(func), &scopes);
        let mut flow = Flow::new(self, &typing, Asked::Params, BodyId(0));
        for (index, value) in inputs {
            if let Some(var) = scopes.param(BodyId(0), *index) {
                flow.vars.insert(var, value.clone());
            }
        }
        flow.run(body);
        let against = flow.against.first().cloned();
        let place = against.as_ref().map(|against| {
            let (line, _) = self.types.database.line_column(&func.package, func.file, against.span);
            format!("{}:{line}", self.types.database.path_in_module(&func.package, func.file))
        });
        Effect { results: flow.given_by(BodyId(0)), against, place: place.unwrap_or_default() }
    }
}
