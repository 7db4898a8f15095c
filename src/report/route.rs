//! Under which path a patch finds a file, or why none can.

use std::path::{Component, Path, PathBuf};

use crate::base::sys;
use crate::config::Settings;
use crate::engine::FileChange;
use crate::vcs::TopKind;

/// The path of a change's file in a patch, or why it is in none: a phrase that goes on from the file's name.
pub type Route = Result<PathBuf, String>;

/// The routes of one patch that is applied from the working directory.
///
/// In a repository git reads the paths of a patch from its top, wherever it is run, and passes over what lies
/// outside of the folder that it is run in. One patch belongs to one repository.
pub fn routes(changes: &[FileChange], settings: &Settings) -> Vec<Route> {
    let here = sys::real_path(&settings.root).unwrap_or_else(|_| settings.root.clone());
    let own = settings.places.of(&here.join("any.go")).filter(|place| place.top.kind == TopKind::Repository);
    let mut repository = own.as_ref().map(|place| place.top.dir.clone());
    let mut route = |change: &FileChange| {
        let Some(file) = &change.file else {
            let prefix = own.as_ref().and_then(|place| place.below.parent()).unwrap_or(Path::new(""));
            let printed = Path::new(&*change.path);
            let below =
                printed.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
            return below.then(|| prefix.join(printed)).ok_or_else(outside);
        };
        if sys::is_link(file) {
            return Err("a symbolic link out of its tree; name the file that it leads to".to_owned());
        }
        let place = settings.places.of(file).ok_or_else(outside)?;
        let real = place.top.dir.join(&place.below);
        let from_here = real.strip_prefix(&here).map_err(|_| outside())?;
        if place.top.kind != TopKind::Repository && repository.is_none() {
            return Ok(from_here.to_path_buf());
        }
        if repository.get_or_insert_with(|| place.top.dir.clone()) != &place.top.dir {
            let dir = place.top.dir.display();
            return Err(format!("it belongs to the repository {dir}, and a patch belongs to one; run there"));
        }
        Ok(if own.is_some() { place.below } else { from_here.to_path_buf() })
    };
    changes.iter().map(&mut route).collect()
}

fn outside() -> String {
    "it lies outside of the working directory; run in a folder above it".to_owned()
}

/// The tops of the repositories that changes lie in, each with the routes from there: `Err` for the changes
/// of the others.
pub fn routes_by_top(changes: &[FileChange], settings: &Settings) -> Vec<(PathBuf, Vec<Route>)> {
    let place = |change: &FileChange| match &change.file {
        Some(file) if sys::is_link(file) => None,
        Some(file) => settings.places.of(file),
        None => settings.place(&change.path),
    };
    let places: Vec<_> = changes.iter().map(place).collect();
    let mut tops: Vec<PathBuf> = places.iter().flatten().map(|place| place.top.dir.clone()).collect();
    tops.sort();
    tops.dedup();
    let of_top = |top: PathBuf| {
        let route = |place: &Option<crate::vcs::RepositoryPath>| match place {
            Some(place) if place.top.dir == top => Ok(place.below.clone()),
            _ => Err(outside()),
        };
        let routes = places.iter().map(route).collect();
        (top, routes)
    };
    tops.into_iter().map(of_top).collect()
}
