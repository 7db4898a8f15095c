//! What was found out about one team, as its verdict, the words for it and the remedy take it.

use crate::analysis::channel::frame::Frame;
use crate::analysis::channel::outcome::{Action, Place, Way};
use crate::analysis::channel::state::Walk;
use crate::analysis::channel::team::{ChannelId, Team};
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

/// Whether a name of Go's own stands for something else somewhere in the declaration.
pub fn is_renamed(frame: &Frame, name: &str) -> bool {
    let package = &frame.typing.file.package;
    let declared = package.has_func(name) || package.has_value(name) || package.has_type(name);
    declared || frame.scopes.vars.iter().any(|var| &*var.name == name) || {
        frame.typing.file.imports().iter().any(|import| import.name.as_deref() == Some(name))
    }
}

/// Why a close needs a look: what the goroutines that range do behind their loop, which they never did so
/// far.
pub fn goes_on(found: &Found, channel: ChannelId) -> Option<String> {
    let mut ways = found.members.iter().flatten().filter(|way| way.has(Action::Range, channel));
    ways.any(|way| way.behind.is_some()).then(|| "the goroutine goes on behind the loop then".to_owned())
}

/// Who receives from a channel otherwise than until it is closed: a close gives zero values there, for ever.
pub fn plainly_received(found: &Found, channel: ChannelId) -> Option<String> {
    let plain = "which receives zero values once it is closed";
    let place = found.members.iter().flatten().find_map(|way| way.place(Action::Receive, channel));
    if let Some(place) = place {
        let line = evidence(found, place, String::new()).line;
        return Some(format!("a goroutine receives from it in line {line}, {plain}"));
    }
    let lasting = found.walk.lasting.borrow();
    let stays =
        [Action::Receive, Action::Range].into_iter().any(|action| lasting.contains(&(action, channel)));
    stays.then(|| format!("a goroutine receives from it in a loop without an end, {plain}"))
}
