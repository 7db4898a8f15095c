//! Whether values keep in use what they were made from.

/// Whether a value can keep a resource in use after the call that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holds {
    No,
    /// An interface or a type of which nobody knows what is in it.
    Maybe,
    Yes,
}
