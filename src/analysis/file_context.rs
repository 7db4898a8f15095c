//! The file that declarations lie in, as every analysis of one gets it.

use std::sync::Arc;

use crate::base::text::LineIndex;
use crate::go::types::database::FileScope;

/// The file that the declarations lie in.
pub struct FileContext<'f> {
    /// As printed.
    pub path: &'f Arc<str>,
    pub text: &'f [u8],
    pub lines: &'f LineIndex,
    pub scope: &'f FileScope,
}
