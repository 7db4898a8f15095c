//! queries/ -> [`Rule`]: what is wrong, in words and data, checked when loaded.
//!
//! A rule is a folder with `rule.toml`, which says what the rule means, and for rules that go by names
//! `acquire.scm`, a tree-sitter query that proposes calls in one declaration. A rule that proposes no calls
//! reports another fault of those that the others do, or comments that silence nothing. The shipped rules are
//! compiled in; `--rules DIR` loads others the same way.

pub mod acquire;
mod load;
mod rule;
mod shipped;

pub use load::load_dir;
pub use rule::{Engine, QuerySeeds, Rule, RuleError, Seed, Seeds, Status, TooManyMatches, TypedSeeds};
pub use shipped::{builtin, seeding};
