//! The text of one declaration, where it lies: read and parsed when somebody asks for it.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use crate::base::sys;
use crate::base::text::{Span, narrow};
use crate::go::syntax::ast::{Body, Decl};
use crate::go::syntax::outline::body_start;
use crate::go::syntax::parse;

/// The body of a function longer than this is not parsed.
pub(super) const MAX_BODY_BYTES: u32 = 256 << 10;

/// So much of a function is read to find where its body begins, before all of it is.
const MAX_HEAD_BYTES: u32 = 1 << 10;

/// Where the text of a declaration is.
pub(super) struct Source {
    pub file: PathBuf,
    /// The file's content, where that is not what lies on disk.
    pub text: Option<Arc<[u8]>>,
    pub span: Span,
}

impl Source {
    /// The first `len` bytes of it.
    fn read(&self, len: u32) -> Option<Cow<'_, [u8]>> {
        let span = Span::new(self.span.start, self.span.start + len);
        match &self.text {
            Some(text) => text.get(span.range()).map(Cow::Borrowed),
            None => sys::read_range(&self.file, u64::from(span.start), len as usize).ok().map(Cow::Owned),
        }
    }

    fn len(&self) -> u32 {
        self.span.end - self.span.start
    }

    fn parsed(&self, text: &[u8]) -> Option<Decl> {
        let mut parsed = parse::parse(text, Span::new(0, narrow(text.len()))).ok()?;
        parsed.base = self.span.start;
        parsed.lower().ok()
    }

    /// All of it, parsed.
    pub fn whole(self) -> Option<Decl> {
        self.parsed(&self.read(self.len())?)
    }

    /// A function with a body that is parsed when somebody asks for it.
    pub fn function(self) -> Option<Decl> {
        let lengths = [MAX_HEAD_BYTES.min(self.len()), self.len()];
        let head = lengths.into_iter().find_map(|len| {
            let mut text = self.read(len)?.into_owned();
            text.truncate(body_start(&text)?);
            Some(text)
        });
        // It has no body, or where that begins cannot be told.
        let Some(head) = head else { return self.whole() };
        let Decl::Func(mut decl) = self.parsed(&head)? else { return None };
        let func = Arc::get_mut(&mut decl)?;
        func.span = self.span;
        if self.len() <= MAX_BODY_BYTES {
            func.body = Body::unparsed(Box::new(move || match self.parsed(&self.read(self.len())?)? {
                Decl::Func(decl) => Arc::into_inner(decl)?.into_body(),
                _ => None,
            }));
        }
        Some(Decl::Func(decl))
    }
}
