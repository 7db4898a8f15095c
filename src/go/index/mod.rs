//! The shipped index, which answers where no source is: its format and its reader. Making it is
//! `go::index_build`'s.

pub mod holds;
mod majors;
pub mod members;
pub mod names;
pub mod reader;
mod text;
