//! The order of module versions, and the language versions of `go` lines.

use std::cmp::Ordering;

/// Compares two versions as Go does: `v1.2.3-pre` comes before `v1.2.3`, what follows `+` does not count,
/// `v1.2` is `v1.2.0`, and what is no version comes before all that are.
pub fn compare_versions(a: &str, b: &str) -> Ordering {
    match (parts(a), parts(b)) {
        (None, None) => Ordering::Equal,
        (a, b) if a.is_none() || b.is_none() => a.is_some().cmp(&b.is_some()),
        (a, b) => compare(&a.unwrap_or_default(), &b.unwrap_or_default()),
    }
}

/// Major and minor of the language that a `go` line asks for: `(1, 21)` for `1.21`, `1.21rc2` and `1.21.3`.
pub fn language_version(go: &str) -> Option<(u32, u32)> {
    let (major, rest) = go.split_once('.').unwrap_or((go, "0"));
    let minor = rest.split(|byte: char| !byte.is_ascii_digit()).next()?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// The three numbers and the pre-release.
type Parts<'a> = ([&'a str; 3], &'a str);

fn parts(version: &str) -> Option<Parts<'_>> {
    let version = version.strip_prefix('v')?;
    let version = version.split_once('+').map_or(version, |(version, _)| version);
    let (core, pre) = version.split_once('-').unwrap_or((version, ""));
    let mut numbers = ["0"; 3];
    for (at, number) in core.split('.').enumerate() {
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *numbers.get_mut(at)? = number;
    }
    Some((numbers, pre))
}

fn compare(a: &Parts<'_>, b: &Parts<'_>) -> Ordering {
    let numbers = a.0.iter().zip(&b.0).map(|(a, b)| compare_numbers(a, b)).find(|order| order.is_ne());
    numbers.unwrap_or_else(|| match (a.1, b.1) {
        ("", "") => Ordering::Equal,
        ("", _) => Ordering::Greater,
        (_, "") => Ordering::Less,
        (a, b) => compare_pre_releases(a, b),
    })
}

/// Numbers of any length.
fn compare_numbers(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn compare_pre_releases(a: &str, b: &str) -> Ordering {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(a), Some(b)) => match (is_number(a), is_number(b)) {
                (true, true) => compare_numbers(a, b),
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => a.cmp(b),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}
