//! Where a resource comes from, and what is known there.

use crate::analysis::graph::scopes::VarId;
use crate::base::text::Span;
use crate::go::types::release::Gives;

/// Where the resource comes from. `success` is the index of a bool among the results that is false where
/// there is no resource.
#[derive(Debug, Clone, Copy)]
pub enum Source {
    /// A call; `gives` is where the resource is, `error` the index of its error among its results.
    Call { span: Span, gives: Gives, error: Option<usize>, success: Option<usize> },
    /// A call of a function literal that acquires and assigns to a variable of this body.
    Assigned { span: Span, var: VarId, error: ErrorAt },
    /// A variable that is open when the body is entered.
    Variable(VarId),
}

impl Source {
    /// Whether the acquisition tells if it failed, so that there is something to check.
    pub(crate) fn can_fail(&self) -> bool {
        !matches!(self, Source::Call { error: None, success: None, .. })
    }
}

/// Where the error of an acquisition goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorAt {
    Nowhere,
    Variable(VarId),
    /// A result of the call.
    Result(usize),
}

impl Source {
    /// The acquiring call, and which of its results is the error.
    pub fn call(&self) -> Option<(Span, Option<usize>)> {
        match *self {
            Source::Call { span, error, .. } => Some((span, error)),
            Source::Assigned { span, error: ErrorAt::Result(at), .. } => Some((span, Some(at))),
            Source::Assigned { span, .. } => Some((span, None)),
            Source::Variable(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::fates;

    #[test]
    fn what_is_asked_before_the_acquisition_holds_after_it() {
        assert_eq!(
            fates(
                "func f(remote bool) {\nvar c *client\nif remote {\nc = make1()\n}\nif remote {\n\
                 c.Close()\n}\n}"
            ),
            ["released (7: released)"]
        );
        assert_eq!(
            fates(
                "func f(remote, other bool) {\nvar c *client\nif remote {\nc = make1()\n}\nif other {\n\
                 c.Close()\n}\n}"
            ),
            ["leaked on some paths (9: it is still open when the function ends here)"]
        );
        assert_eq!(
            fates(
                "func f(remote bool) {\nvar c *client\nif remote {\nc = make1()\n}\nremote = some()\n\
                 if remote {\nc.Close()\n}\n}"
            ),
            ["leaked on some paths (10: it is still open when the function ends here)"]
        );
    }
}
