//! What a call acquires: which of its results is the resource, what releases that, and what it is called.

use crate::analysis::placement::anchor;
use crate::analysis::summaries::{dynamic_types, text_only};
use crate::analysis::verdict::case::{Asked, Case, Kind};
use crate::base::diagnostic::*;
use crate::base::text::Span;
use crate::go::types::closable::ClosableAnswer;
use crate::go::types::members::Member;
use crate::go::types::release::Gives;
use crate::go::types::type_expr::Type;

impl Case<'_, '_> {
    pub(crate) fn kind(&self) -> Kind {
        let types = self.typing.results(self.call);
        if self.wanted.by_name {
            return self.kind_by_name(&types);
        }
        let answers: Vec<_> =
            types.iter().map(|ty| self.judge.database.closable(ty, self.wanted.releases)).collect();
        let closable = || answers.iter().position(|answer| matches!(answer.closable, Closable::By(_)));
        if self.wanted.gives == Some(Gives::Receiver) {
            return self.opened(&types);
        }
        let named = match self.wanted.gives {
            Some(Gives::Result(result)) => Some(result),
            _ => None,
        };
        let result = named.or_else(closable).unwrap_or(0);
        let error = self.error_beside(&types, Some(result));
        let success = types.iter().position(|ty| matches!(ty, Type::Basic(name) if &**name == "bool"));
        let ty = types.get(result).cloned().unwrap_or_else(|| Type::unknown("the call gives nothing"));
        let mut answer = answers.into_iter().nth(result).unwrap_or_else(|| ClosableAnswer {
            closable: Closable::Nothing("returns nothing".to_owned()),
            certainty: Certainty::Proved,
            evidence: None,
            type_name: String::new(),
        });
        if matches!(answer.closable, Closable::By(_))
            && let Some(made) = self.made(result)
        {
            answer = made;
        }
        if matches!(answer.closable, Closable::By(_)) && self.is_text_of_its_maker(&ty) {
            let why = format!("returns `{ty}`, which is text alone, put together without asking anybody");
            answer.closable = Closable::Nothing(why);
        }
        let used = || self.constructor().and_then(|name| self.judge.usage.get(&name));
        if matches!(answer.closable, Closable::Unknown(_))
            && let Some(method) = used()
        {
            answer.closable = Closable::By(Release::method(method, false));
            answer.certainty = Certainty::Proved;
        }
        if self.judge.assume_closable && matches!(answer.closable, Closable::Unknown(_)) {
            answer.closable = Closable::By(Release::method("Close", false));
        }
        Kind { result, error, success, given: Gives::Result(result), ty, answer, repeatable: false }
    }

    /// What a method is called on that opens it: `if err := conn.Open(); err != nil`.
    fn opened(&self, types: &[Type]) -> Kind {
        let ty = self.call.receiver().map(|operand| self.typing.of(operand));
        let ty = ty.unwrap_or_else(|| Type::unknown("what it is called on is not known"));
        let answer = self.judge.database.closable(&ty, self.wanted.releases);
        let (error, given) = (self.error_beside(types, None), Gives::Receiver);
        Kind { result: 0, error, success: None, given, ty, answer, repeatable: false }
    }

    /// As [`Case::kind`], where the rule says what the call gives and how that is released.
    pub(crate) fn kind_by_name(&self, types: &[Type]) -> Kind {
        let gives = self.wanted.gives.unwrap_or(Gives::Result(0));
        let named = match gives {
            Gives::Result(result) => Some(result),
            Gives::Argument(_) | Gives::Receiver => None,
        };
        let ty = match gives {
            Gives::Result(result) => types.get(result).cloned(),
            Gives::Argument(at) => self.call.args.get(at).map(|arg| self.typing.of(arg)),
            Gives::Receiver => self.call.receiver().map(|operand| self.typing.of(operand)),
        };
        let ty = ty.unwrap_or_else(|| Type::unknown("what the call gives is not known"));
        let error = self.error_beside(types, named);
        let Asked { releases, release, .. } = self.wanted;
        let (mut answer, repeatable) = self.judge.database.released_as_named(&ty, releases, *release);
        if let Some(why) = &self.wanted.quiet {
            answer.closable = Closable::Nothing(why.to_string());
        }
        let success = types.iter().position(|ty| matches!(ty, Type::Basic(name) if &**name == "bool"));
        Kind { result: named.unwrap_or(0), error, success, given: gives, ty, answer, repeatable }
    }

    /// The type that is followed: that of the field where the resource is, if it is in one.
    pub(crate) fn followed(&self, kind: &Kind) -> Option<Type> {
        let ty = kind.target()?;
        let Closable::By(Release { way: ReleaseWay::Field(field), .. }) = &kind.answer.closable else {
            return Some(ty);
        };
        match self.judge.database.member(&ty, field) {
            Some(Member::Field(part)) if part.why_unknown().is_none() => Some(part),
            _ => None,
        }
    }

    /// The answer about what the constructor really gives, where that has nothing to release.
    pub(crate) fn made(&self, result: usize) -> Option<ClosableAnswer> {
        let types = dynamic_types::types(self.typing, self.call, result)?;
        let of = |ty: &Type| self.judge.database.closable(ty, self.wanted.releases);
        let nil = || ClosableAnswer {
            closable: Closable::Nothing("returns nil, and no error".to_owned()),
            certainty: Certainty::Proved,
            evidence: None,
            type_name: String::new(),
        };
        let mut answers = types.iter().map(of);
        let first = answers.next().unwrap_or_else(nil);
        let nothing = |answer: &ClosableAnswer| matches!(answer.closable, Closable::Nothing(_));
        (nothing(&first) && answers.all(|answer| nothing(&answer))).then_some(first)
    }

    /// Whether it has nothing but text, and its maker acquires nothing for it.
    fn is_text_of_its_maker(&self, ty: &Type) -> bool {
        let database = self.judge.database;
        text_only::is_text_only(database, ty)
            && self.makers().is_some_and(|makers| {
                !makers.is_empty() && makers.iter().all(|func| text_only::acquires_nothing(database, func))
            })
    }

    /// The function that is called, as `import/path.Name`; `None` for methods and function values.
    pub(crate) fn constructor(&self) -> Option<String> {
        let (package, name) = self.typing.name(&self.call.function)?;
        (!package.is_empty()).then(|| format!("{package}.{name}"))
    }

    /// Which result is the error: of type `error`, else the last one, if its type says that something failed.
    fn error_beside(&self, types: &[Type], resource: Option<usize>) -> Option<usize> {
        let own = || {
            let last = types.len().checked_sub(1).filter(|last| Some(*last) != resource)?;
            self.judge.database.tells_failure(&types[last]).then_some(last)
        };
        let unknown = || self.unknown_error(types).filter(|error| Some(*error) != resource);
        types.iter().position(Type::is_error).or_else(own).or_else(unknown)
    }

    /// Where no type is known, the last of several names gets the error.
    pub(crate) fn unknown_error(&self, types: &[Type]) -> Option<usize> {
        let unknown = matches!(types, [ty] if ty.why_unknown().is_some());
        let names = anchor::names_bound(self.decl, self.call.span)?.len();
        (unknown && names > 1).then(|| names - 1)
    }

    /// What the resource is when it is released: "closed".
    pub(crate) fn verb(&self, kind: &Kind) -> &str {
        let Closable::By(release) = &kind.answer.closable else { return "released" };
        let method = self.wanted.releases.iter().find(|method| *method.name == *release.method);
        method.map_or("released", |method| &method.done)
    }

    /// The resource's name in messages.
    pub(crate) fn named(&self, kind: &Kind) -> String {
        self.bound(kind).map_or_else(|| "what it gives".to_owned(), |name| format!("`{name}`"))
    }

    /// What is called, as written.
    pub(crate) fn callee_text(&self) -> String {
        String::from_utf8_lossy(&self.place.text[self.call.function.span.range()]).into_owned()
    }

    /// The name that it has, as written.
    pub(crate) fn bound(&self, kind: &Kind) -> Option<String> {
        match kind.gives() {
            Gives::Argument(at) => self.call.args.get(at).map(|arg| self.text_of(arg.span)),
            Gives::Receiver => self.call.receiver().map(|operand| self.text_of(operand.span)),
            Gives::Result(result) => self.bound_result(result),
        }
    }

    /// The name that a result of the call has, as written.
    pub(crate) fn bound_result(&self, result: usize) -> Option<String> {
        let names = anchor::names_bound(self.decl, self.call.span)?;
        names.get(result).map(|span| self.text_of(*span)).filter(|name| name != "_")
    }

    pub(crate) fn text_of(&self, span: Span) -> String {
        String::from_utf8_lossy(&self.place.text[span.range()]).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::fates;

    #[test]
    fn the_result_that_can_be_released_is_the_resource() {
        assert_eq!(
            fates(
                "func newPair() (int, *client) { return 1, &client{} }\nfunc f() {\n_, c := newPair()\n\
                 c.Close()\n}"
            ),
            ["released (4: released)"]
        );
        assert_eq!(
            fates("func newNothing() int { return 1 }\nfunc f() {\nnewNothing()\n}"),
            ["nothing to release (3: returns `int`, which has no methods)"]
        );
        assert_eq!(
            fates(
                "func newPair() (int, *client) { return 1, &client{} }\nfunc f() int {\n\
                 n, _ := newPair()\nreturn n\n}"
            ),
            ["leaked (4: it is still open when the function returns here)"]
        );
    }
}
