//! Another major version of a module: what `github.com/google/go-github/v69` says is most likely true of
//! `…/v45`, too.

use std::cmp::Reverse;

use crate::go::index::text::{block_of, end_of, first_from, path_of};
use crate::go::project::names::is_major;

/// A module's path has at least so many elements before its major version.
const MIN_ELEMENTS: usize = 2;

/// The lines of the same package at the nearest major version below that of `path`, else at the nearest
/// above.
pub(crate) fn nearest(text: &'static str, path: &str) -> Option<&'static str> {
    let elements: Vec<&str> = path.split('/').collect();
    let major = (1..elements.len()).rev().find(|&at| is_major(elements[at]));
    let wanted = major.map_or(1, |at| number(elements[at]));
    // Where nothing says how long the module's path is, each length is tried.
    let roots = match major {
        Some(at) => vec![(at, at + 1)],
        None => (MIN_ELEMENTS..=elements.len()).rev().map(|at| (at, at)).collect(),
    };
    let found: Vec<_> = roots
        .into_iter()
        .flat_map(|(end, rest)| majors(text, &elements[..end].join("/"), &elements[rest..].join("/")))
        .collect();
    let below = found.iter().filter(|(major, _)| *major < wanted).max_by_key(|(major, _)| *major);
    below.or_else(|| found.iter().max_by_key(|(major, _)| Reverse(*major))).map(|(_, block)| *block)
}

/// The package `rest` of the module `root` at each major version.
fn majors(text: &'static str, root: &str, rest: &str) -> Vec<(u32, &'static str)> {
    let first =
        if rest.is_empty() { block_of(text, root) } else { block_of(text, &format!("{root}/{rest}")) };
    let mut found: Vec<_> = first.map(|block| (1, block)).into_iter().collect();
    let start = format!("{root}/v");
    let mut at = first_from(text, &start).map_or(text.len(), |(start, _)| start);
    while at < text.len() {
        let block = &text[at..end_of(text, at)];
        let Some(below) = path_of(block).strip_prefix(&*start) else { break };
        let (major, below) = below.split_once('/').unwrap_or((below, ""));
        if let Ok(major) = major.parse()
            && below == rest
        {
            found.push((major, block));
        }
        at += block.len();
    }
    found
}

fn number(major: &str) -> u32 {
    major[1..].parse().unwrap_or(u32::MAX)
}
