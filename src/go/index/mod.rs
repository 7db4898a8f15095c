//! The shipped index, which answers where no source is: its format and its reader. Making it is `go::index_build`'s.

mod majors;
pub mod names;
pub mod reader;
