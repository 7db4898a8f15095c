//! What the index says of a type's methods and fields.

use crate::go::index::names::{matches, spelled_out};

/// The name that stands for all that is not listed, where a type embeds one that nobody can open.
pub(crate) const ANY: &str = "*";

/// What the index says of a method or field of a type that is released or a handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedMember {
    pub field: bool,
    /// What it gives keeps nothing in use.
    pub data: bool,
    /// Types as the index spells them: a method's results, a field's type. Empty for data.
    pub gives: Vec<String>,
}

/// What `group` says, if it has the name `wanted`, of `member`: `=*.%Iterator Rows,Columns`.
pub(crate) fn member_in(group: &str, wanted: &str, member: &str) -> Option<IndexedMember> {
    let (given, members) = group.split_once(' ')?;
    members.split(',').find(|name| matches(name, wanted))?;
    let (field, given) = given.strip_prefix('=').map_or((false, given), |given| (true, given));
    let gives = given.split(',').filter(|ty| *ty != "-").map(|ty| spelled_out(ty, member)).collect();
    Some(IndexedMember { field, data: given == "-", gives })
}
