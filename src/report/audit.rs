//! Every acquisition with its verdict: the table that replaces going through the files by hand.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::harmless::harmless;
use super::tone::{BOLD, DIM, WARNING};
use crate::base::diagnostic::{Acquisition, Certainty, Closable, Evidence, Verdict};
use crate::engine::Report;

/// Cells above this width do not widen their column.
const WIDEST: usize = 60;

/// Writes a row for each acquisition, then the counts by verdict and by certainty.
///
/// # Errors
/// The writer's.
pub fn audit(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let rows: Vec<[String; 3]> = report.acquisitions.iter().map(cells).collect();
    let width = |column: usize| {
        rows.iter().map(|row| row[column].chars().count()).filter(|width| *width <= WIDEST).max().unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2)];
    for (at, [place, constructor, verdict]) in report.acquisitions.iter().zip(&rows) {
        let [place_width, constructor_width, verdict_width] = widths;
        let style = if at.verdict.is_finding() { WARNING } else { BOLD };
        writeln!(
            out,
            "{place:<place_width$}  {constructor:<constructor_width$}  \
             {style}{verdict:<verdict_width$}{style:#}  {:<7}  {DIM}{}{DIM:#}",
            at.certainty.word(),
            because(at),
        )?;
    }
    for one in &report.channels {
        let at = &one.location;
        let place = format!("{}:{}:{}", harmless(&at.path), at.line, at.column);
        let (text, words) = (harmless(&one.text), harmless(&one.words));
        writeln!(out, "{place}  {text}  {BOLD}{}{BOLD:#}  {DIM}{words}{DIM:#}", one.verdict)?;
    }
    sums(out, &report.acquisitions)
}

fn cells(at: &Acquisition) -> [String; 3] {
    let place = format!("{}:{}:{}", harmless(&at.path), at.line, at.column);
    [place, harmless(&at.constructor).into_owned(), at.verdict.words().to_owned()]
}

/// What proves the verdict, each piece with its place unless it lies where the acquisition does.
fn because(at: &Acquisition) -> String {
    let mut pieces: Vec<String> = at.evidence.iter().map(|evidence| piece(at, evidence)).collect();
    if let (true, Closable::Nothing(why) | Closable::Unknown(why)) = (pieces.is_empty(), &at.closable) {
        pieces.push(harmless(why).into_owned());
    }
    pieces.join("; ")
}

fn piece(at: &Acquisition, evidence: &Evidence) -> String {
    let words = harmless(&evidence.words);
    match (evidence.path == at.path, evidence.line) {
        (true, 0) => words.into_owned(),
        (true, line) => format!("{line}: {words}"),
        (false, 0) => format!("{}: {words}", harmless(&evidence.path)),
        (false, line) => format!("{}:{line}: {words}", harmless(&evidence.path)),
    }
}

fn sums(out: &mut dyn Write, acquisitions: &[Acquisition]) -> io::Result<()> {
    let mut counts: BTreeMap<Verdict, [usize; 2]> = BTreeMap::new();
    for at in acquisitions {
        counts.entry(at.verdict).or_default()[usize::from(at.certainty == Certainty::Assumed)] += 1;
    }
    if !acquisitions.is_empty() {
        writeln!(out)?;
    }
    let mut all = [0, 0];
    writeln!(out, "{:<20} {:>8} {:>8} {:>8}", "verdict", "proved", "assumed", "all")?;
    for (verdict, [proved, assumed]) in counts {
        writeln!(out, "{:<20} {proved:>8} {assumed:>8} {:>8}", verdict.words(), proved + assumed)?;
        all = [all[0] + proved, all[1] + assumed];
    }
    writeln!(out, "{:<20} {:>8} {:>8} {:>8}", "all", all[0], all[1], all[0] + all[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn rows_then_counts() {
        let mut report = samples::report();
        let mut second = samples::acquisition();
        second.constructor = "idtoken.NewClient".into();
        second.verdict = Verdict::NothingToRelease;
        second.certainty = Certainty::Assumed;
        second.evidence.clear();
        second.closable = Closable::Nothing("returns `*http.Client`".into());
        report.acquisitions.push(second);
        let table = samples::plain(|out| audit(out, &report));
        let expected = "\
d/a.go:4:12  x.NewClient        leaked              proved   8: still open when `run` returns here; go.mod: \
`x` is read at v1.2.3
d/a.go:4:12  idtoken.NewClient  nothing to release  assumed  returns `*http.Client`

verdict                proved  assumed      all
nothing to release          0        1        1
leaked                      1        0        1
all                         1        1        2
";
        assert_eq!(table, expected);
    }
}
