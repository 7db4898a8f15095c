//! `fix -i`: one fix after another is shown with its reason and evidence, and taken or left as the keys say.
//!
//! Nothing is written here. What was decided is a [`Decisions`]; the engine tries it like any other choice.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};

use anyhow::{Context, bail};
use console::{Key, Term};

use super::editor;
use super::finding_id::{Id, id};
use super::output::for_people;
use super::words;
use crate::base::diagnostic::{Finding, FixOutcome};
use crate::base::edit;
use crate::config::Settings;
use crate::engine::{Choice, Fixes, Report};
use crate::report;

mod hunk;

const HELP: &str = "\
y - apply this fix
n - do not apply this fix
q - quit; apply neither this fix nor any that follow, and write those confirmed so far
a - apply this fix and all that follow in the file
d - apply neither this fix nor any that follow in the file
e - edit this fix in $EDITOR
? - print help";

/// What was decided about fixes.
#[derive(Debug, Default)]
pub struct Decisions(BTreeMap<Id, Choice>);

impl Decisions {
    /// What is to become of a finding's fix. Where nobody was asked, it is taken.
    pub fn on(&self, finding: &Finding) -> Choice {
        self.0.get(&id(finding)).cloned().unwrap_or(Choice::Take)
    }

    /// Lets the findings say what became of their fixes in the editor.
    pub fn note(&self, findings: &mut [Finding]) {
        for finding in findings {
            if let (Choice::Edited(edits), Some(fix)) = (self.on(finding), &mut finding.fix) {
                fix.title = "the fix as it was edited".to_owned();
                fix.edits = edits;
            }
        }
    }
}

/// Refuses where nobody could be asked.
///
/// # Errors
/// Standard input is read for source, or is no terminal; neither is standard output.
pub fn check_terminal(settings: &Settings) -> anyhow::Result<()> {
    if settings.scan.stdin.is_some() {
        bail!("fix -i asks questions, so it cannot read source from standard input");
    }
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        bail!(
            "fix -i asks questions and needs a terminal; leave -i out, or read the fixes with `unleak diff`"
        );
    }
    Ok(())
}

/// Asks about every fix that is in `fixes`.
///
/// # Errors
/// When the terminal is gone or the one who is asked interrupts.
pub fn review(report: &Report, fixes: &Fixes) -> anyhow::Result<Decisions> {
    let applied = |(_, outcome): &(&Finding, &FixOutcome)| **outcome == FixOutcome::Applied;
    let items: Vec<&Finding> =
        report.findings.iter().zip(&fixes.outcomes).filter(applied).map(|(finding, _)| finding).collect();
    decide(report, &items, &mut Terminal(Term::stdout()))
}

/// Whoever answers.
trait Answers {
    fn show(&mut self, report: &Report, finding: &Finding) -> anyhow::Result<()>;
    /// The next key, as a lower-case letter.
    fn key(&mut self, prompt: &str) -> anyhow::Result<char>;
    /// The text as it was left.
    fn edit(&mut self, text: &[u8]) -> anyhow::Result<Vec<u8>>;
    fn say(&mut self, words: &str) -> anyhow::Result<()>;
}

fn decide(report: &Report, items: &[&Finding], who: &mut dyn Answers) -> anyhow::Result<Decisions> {
    let mut decisions = Decisions::default();
    let decline = Choice::Leave(FixOutcome::Declined);
    // What `a` and `d` said of the rest of a file, and `q` of all the rest.
    let mut rest_of: Option<(&str, Choice)> = None;
    let mut quit = false;
    for (at, finding) in items.iter().enumerate() {
        let path = &*finding.location.path;
        let settled = match &rest_of {
            _ if quit => Some(decline.clone()),
            Some((file, choice)) if *file == path => Some(choice.clone()),
            _ => None,
        };
        let choice = match settled {
            Some(choice) => choice,
            None => {
                who.show(report, finding)?;
                let prompt = format!("({}/{}) Apply this fix [y,n,q,a,d,e,?]? ", at + 1, items.len());
                let (choice, key) = ask(report, finding, &prompt, who)?;
                quit = key == 'q';
                rest_of = matches!(key, 'a' | 'd').then(|| (path, choice.clone()));
                choice
            }
        };
        decisions.0.insert(id(finding), choice);
    }
    Ok(decisions)
}

/// Asks until the answer is one.
fn ask(
    report: &Report,
    finding: &Finding,
    prompt: &str,
    who: &mut dyn Answers,
) -> anyhow::Result<(Choice, char)> {
    loop {
        let key = who.key(prompt)?;
        match key {
            'y' | 'a' => return Ok((Choice::Take, key)),
            'n' | 'd' | 'q' => return Ok((Choice::Leave(FixOutcome::Declined), key)),
            'e' => match edited(report, finding, who)? {
                Some(choice) => return Ok((choice, key)),
                None => continue,
            },
            _ => who.say(HELP)?,
        }
    }
}

/// The fix as the editor left it; `None` when that is no hunk of this file.
fn edited(report: &Report, finding: &Finding, who: &mut dyn Answers) -> anyhow::Result<Option<Choice>> {
    let Some((before, after)) = texts(report, finding) else { return Ok(None) };
    let text = who.edit(&hunk::for_editor(before, &after)?)?;
    match hunk::read(before, &text) {
        Ok(edits) if edits.is_empty() => Ok(Some(Choice::Leave(FixOutcome::Declined))),
        Ok(edits) => Ok(Some(Choice::Edited(edits))),
        Err(why) => {
            who.say(&format!("that is no hunk of this file: {why}"))?;
            Ok(None)
        }
    }
}

/// The file's text without and with the fix.
fn texts<'r>(report: &'r Report, finding: &Finding) -> Option<(&'r [u8], Vec<u8>)> {
    let before = report.texts.get(&finding.location.path)?;
    let edits = &finding.fix.as_ref()?.edits;
    Some((before, edit::apply(before, &[edits]).text))
}

/// A terminal.
struct Terminal(Term);

impl Answers for Terminal {
    fn show(&mut self, report: &Report, finding: &Finding) -> anyhow::Result<()> {
        let Some((before, after)) = texts(report, finding) else { return Ok(()) };
        let bare = Finding { fix: None, ..finding.clone() };
        let alone = Report { findings: vec![bare], texts: report.texts.clone(), ..Report::default() };
        let mut patch = Vec::new();
        report::hunks(&mut patch, before, &after)?;
        for_people(|out| {
            report::quoted(out, &alone)?;
            report::show_patch(out, &patch)?;
            let Some(fix) = &finding.fix else { return Ok(()) };
            let reason = fix.reason.as_deref().map(|reason| format!(" ({})", report::harmless(reason)));
            writeln!(
                out,
                "{} fix: {}{}",
                fix.applicability.word(),
                report::harmless(&fix.title),
                reason.unwrap_or_default()
            )
        })
    }

    fn key(&mut self, prompt: &str) -> anyhow::Result<char> {
        self.0.write_str(prompt)?;
        self.0.flush()?;
        let key = self.0.read_key_raw().context("nobody answers; nothing was written")?;
        let letter = match key {
            // Ctrl-D, the end of the answers.
            Key::Char('\u{4}') => 'q',
            Key::Char(letter) => letter.to_ascii_lowercase(),
            Key::CtrlC => {
                self.0.write_line("")?;
                bail!("interrupted; nothing was written")
            }
            _ => '?',
        };
        self.0.write_line(&letter.escape_default().to_string())?;
        Ok(letter)
    }

    fn edit(&mut self, text: &[u8]) -> anyhow::Result<Vec<u8>> {
        Ok(editor::edit(text)?)
    }

    fn say(&mut self, text: &str) -> anyhow::Result<()> {
        for_people(|out| text.lines().try_for_each(|line| writeln!(out, "{}", report::harmless(line))))
            .inspect_err(|_| words::error(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::diagnostic::*;
    use crate::base::edit::Edit;

    /// Presses keys, edits by replacing, and notes what it is shown.
    struct Keys {
        keys: std::vec::IntoIter<char>,
        replace: (&'static str, &'static str),
        shown: Vec<String>,
        said: Vec<String>,
    }

    impl Answers for Keys {
        fn show(&mut self, _: &Report, finding: &Finding) -> anyhow::Result<()> {
            self.shown.push(finding.fingerprint.clone());
            Ok(())
        }

        fn key(&mut self, _: &str) -> anyhow::Result<char> {
            self.keys.next().context("no more keys")
        }

        fn edit(&mut self, text: &[u8]) -> anyhow::Result<Vec<u8>> {
            Ok(String::from_utf8_lossy(text).replace(self.replace.0, self.replace.1).into_bytes())
        }

        fn say(&mut self, words: &str) -> anyhow::Result<()> {
            self.said.push(words.to_owned());
            Ok(())
        }
    }

    fn finding(path: &str, fingerprint: &str) -> Finding {
        let edits = vec![Edit::insert(6, "\tdefer c.Close()\n")];
        let fix = Fix {
            title: String::new(),
            applicability: Applicability::Safe,
            reason: None,
            edits,
            proof: None,
        };
        Finding {
            rule: "unclosed-client".into(),
            severity: Severity::Warning,
            location: Location { path: path.into(), span: Default::default(), line: 1, column: 1 },
            subject: String::new(),
            label: String::new(),
            function: None,
            message: String::new(),
            labels: Vec::new(),
            notes: Vec::new(),
            acquisition: None,
            fix: Some(fix),
            suppressed: None,
            fingerprint: fingerprint.into(),
        }
    }

    /// What five fixes in two files come to: `+` taken, `-` left, `e` edited; and how many were asked about.
    fn answers(keys: &str, replace: (&'static str, &'static str)) -> (String, usize, Vec<String>) {
        let findings: Vec<Finding> = [("a", "1"), ("a", "2"), ("a", "3"), ("b", "4"), ("b", "5")]
            .iter()
            .map(|(path, id)| finding(path, id))
            .collect();
        let texts =
            ["a", "b"].iter().map(|path| ((*path).into(), b"\ta()\n\n\tb()\n".as_slice().into())).collect();
        let report = Report { texts, ..Report::default() };
        let mut keys = Keys {
            keys: keys.chars().collect::<Vec<_>>().into_iter(),
            replace,
            shown: Vec::new(),
            said: Vec::new(),
        };
        let items: Vec<&Finding> = findings.iter().collect();
        let decisions = decide(&report, &items, &mut keys).unwrap();
        let sign = |finding: &&Finding| match decisions.on(finding) {
            Choice::Take => '+',
            Choice::Edited(_) => 'e',
            Choice::Leave(_) => '-',
        };
        (items.iter().map(sign).collect(), keys.shown.len(), keys.said)
    }

    #[test]
    fn keys_mean_what_they_mean_in_git() {
        let none = ("", "");
        assert_eq!(answers("yynyn", none).0, "++-+-");
        assert_eq!(answers("nayy", none), ("-++++".to_owned(), 4, Vec::new()));
        assert_eq!(answers("ydny", none).0, "+---+");
        assert_eq!(answers("yq", none), ("+----".to_owned(), 2, Vec::new()));
        assert_eq!(answers("?xyq", none).2, [HELP, HELP]);
    }

    #[test]
    fn an_edited_hunk_stands_in_for_the_fix() {
        assert_eq!(answers("eq", ("c.Close()", "c.Stop()")).0, "e----");
        assert_eq!(answers("eq", ("+\tdefer c.Close()\n", "")).0, "-----");
        let (signs, _, said) = answers("eyq", (" \tb()", " \tx()"));
        assert_eq!(signs, "+----");
        assert!(said[0].contains("no hunk"), "{said:?}");
    }
}
