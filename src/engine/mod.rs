//! One run from end to end: judge, fix, apply in memory, re-judge. Prints nothing and analyses nothing
//! itself.

mod add_ignore;
mod analyze;
mod apply;
mod attempt;
mod baseline;
mod called_seeds;
mod candidate;
mod change_filter;
mod detect;
mod fixes;
mod idle_comments;
mod opened_seeds;
mod package_style;
mod prefilter;
mod previews;
mod quick_reject;
mod report;
mod run;
mod scan;
mod suppress;
#[cfg(test)]
pub(crate) mod testing;
mod typed_seeds;
mod unsure_seeds;
mod value_seeds;
mod wrappers;

pub use baseline::{Baseline, Entry};
pub use fixes::{Choice, Choose, FileChange, FixRun, Fixes};
pub use previews::Previews;
pub use report::{ChannelVerdict, Details, Report, Stats};
pub use run::{JudgedTree, check, fix};
