//! What was found out about one team, as its verdict, the words for it and the remedy take it.

use crate::analysis::channel::frame::Frame;
use crate::analysis::channel::outcome::{Place, Way};
use crate::analysis::channel::state::Walk;
use crate::analysis::channel::team::Team;
use crate::analysis::detection::Declaration;
use crate::base::diagnostic::Evidence;

/// What was found out about one team.
pub struct Found<'t, 'a, 'f, 'w> {
    pub declaration: &'t Declaration<'t>,
    pub walk: &'t Walk<'w>,
    pub frame: &'t Frame<'a, 'f>,
    pub team: &'t Team<'a>,
    /// All ways through the owner.
    pub ways: &'t [Way],
    pub members: &'t [Vec<Way>],
}

/// A place of the walk, in the owner's file or in another.
pub fn evidence(found: &Found, place: Place, words: String) -> Evidence {
    let file = found.declaration.file;
    let files = found.walk.files.borrow();
    let scope = &files[place.file].1;
    if place.file == 0 || scope.path() == file.scope.path() {
        return found.declaration.place(place.span, words);
    }
    found.declaration.database.place(scope, place.span, words)
}
