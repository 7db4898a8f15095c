//! A leak -> where and how its release is spelled. Knows lines and gofmt; what is open where, it is told.

mod binding;
mod habits;
mod imports;
mod iterations;
mod lines;
mod remedy;
mod spelling;
mod wanted;

pub use habits::{FileHabits, Habits};
pub use remedy::{fix, spelled};
pub use wanted::Wanted;
