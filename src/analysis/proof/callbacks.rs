//! Functions that are handed to a call: whoever gets them may call them with something tied to the resource.

use crate::analysis::graph::scopes::ParamIndex;
use crate::analysis::proof::calls::Arguments;
use crate::analysis::proof::state::Flow;
use crate::analysis::proof::tie::{Held, Value};
use crate::base::text::narrow;
use crate::go::syntax::ast::*;
use crate::go::types::type_expr::Type;

impl<'a> Flow<'_, 'a> {
    /// The parameters of functions among the arguments, which whoever gets them may call with something tied.
    pub(super) fn bind_callbacks(&mut self, arguments: &Arguments<'a>, given: &Value) {
        for arg in arguments.exprs {
            let literals = match &arg.unparen().kind {
                ExprKind::FuncLit(literal) => Some(vec![&**literal]),
                _ => self.literals(arg),
            };
            match literals {
                Some(literals) => {
                    literals.into_iter().for_each(|literal| self.bind_callback(literal, arg, given))
                }
                None => self.call_back(arg, given),
            }
        }
    }

    fn bind_callback(&mut self, literal: &'a FuncLit, arg: &'a Expr, given: &Value) {
        let Some(body) = self.typing.scopes.literal(literal) else { return };
        for (at, param) in literal.signature.params.iter().enumerate() {
            let ty = self.types().database.type_of(self.file(), &param.ty);
            let var = self.typing.scopes.param(body, ParamIndex::At(narrow(at)));
            if let (Some(var), Some(value)) = (var, self.given_back(given, &ty)) {
                self.set(var, value, arg.span);
            }
        }
    }

    /// A function that is named, or in a variable, and may be called with something tied.
    fn call_back(&mut self, arg: &'a Expr, given: &Value) {
        let Some(signature) = self.types().database.underlying_func(&self.typing.of(arg)) else { return };
        let input =
            |(at, ty): (usize, &Type)| Some((ParamIndex::At(narrow(at)), self.given_back(given, ty)?));
        let inputs: Vec<(ParamIndex, Value)> =
            signature.params.iter().enumerate().filter_map(input).collect();
        if inputs.is_empty() {
            return;
        }
        let named = arg.called();
        let functions = match self.typing.called(&named) {
            Some(func) => Some(vec![func]),
            None => self.typing.possible_functions(&named),
        };
        let Some(functions) = functions else {
            return self
                .object(arg.span, "what comes from it goes to a function value, which may be any function");
        };
        for func in functions {
            if let Some(against) = self.context.effect(&func, inputs.clone()).against {
                let words =
                    format!("what comes from it goes to `{}`: {}", func.decl.name.name, against.words);
                self.object(arg.span, words);
            }
        }
    }

    /// What a function gets as a parameter of this type from whoever has something tied.
    fn given_back(&self, given: &Value, ty: &Type) -> Held {
        let data = ty.is_context() || ty.is_error();
        self.types().part(given, ty).filter(|_| !data)
    }
}
