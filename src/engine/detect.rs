//! The engines beside that of resources: who is asked, and findings made of what they detect.

use std::cell::LazyCell;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::analysis::detection::{Declaration, Detection, Detector, NOT_ANALYSED};
use crate::analysis::file_context::FileContext;
use crate::analysis::summaries::by_name::NamesHere;
use crate::analysis::verdict::case::Judge;
use crate::analysis::verdict::judgement::{Judgement, not_analysed};
use crate::analysis::{channel, construct, lock};
use crate::base::diagnostic::{Finding, Location, fingerprint};
use crate::config::{Policy, Settings};
use crate::engine::suppress::{self, Directives};
use crate::fix;
use crate::go::syntax::ast::Decl;
use crate::go::syntax::outline::{self, Item, ItemKind};
use crate::rules::{Engine, Rule};

/// Who detects what, by engine.
pub type Detectors = [(Engine, Detector)];

/// Those that there are.
pub const DETECTORS: &Detectors = &[
    (Engine::Channel, channel::detect),
    (Engine::Construct, lock::detect),
    (Engine::Construct, construct::detect),
];

/// What an engine detected in a file.
#[derive(Debug, Clone)]
pub struct Detected {
    pub engine: Engine,
    /// The enclosing function.
    pub function: Option<String>,
    pub detection: Detection,
}

impl Detected {
    /// Whether it is for this rule to report.
    pub fn is_for(&self, rule: &Rule) -> bool {
        rule.engine == self.engine && *rule.reports == *self.detection.kind
    }
}

/// Whether a rule that runs has to look at a file with this text, or at a declaration, of which it is known
/// what it declares and what its names can mean.
pub fn is_wanted(policy: &Policy, text: &[u8], declared: Option<(&Item, &NamesHere)>) -> bool {
    let in_place = |text: Vec<u8>| lock::are_released_in_place(&text);
    let locks = LazyCell::new(|| !outline::without_opaque(text).is_some_and(in_place));
    let concerns = |rule: &Rule| match &*rule.reports {
        kind if lock::KINDS.contains(&kind) => *locks,
        channel::WORKERS => declared.is_none_or(|(_, names)| names.may_have_worker(text)),
        channel::UNANSWERED => declared.is_none_or(|(_, names)| names.may_wait(text)),
        construct::GROWING => declared.is_none_or(|(item, _)| item.kind == ItemKind::Var),
        _ => true,
    };
    policy.rules.iter().any(|rule| rule.may_hold(text) && concerns(rule))
}

/// What is detected in one declaration by the engines of the rules that have to look at it, in the order of
/// the text, and what the budgets of these did not suffice for.
pub fn declaration(
    detectors: &Detectors,
    judge: &Judge,
    policy: &Policy,
    (file, decl): (&FileContext, &Decl),
    text: &[u8],
) -> (Vec<Detected>, Vec<Judgement>) {
    let function = match decl {
        Decl::Func(func) => Some(func.display_name()),
        _ => None,
    };
    let (mut detected, mut unjudged) = (Vec::new(), Vec::new());
    for (engine, detector) in detectors {
        let mut kinds: Vec<Arc<str>> = policy
            .of_engine(*engine)
            .filter(|rule| rule.may_hold(text))
            .map(|rule| rule.reports.clone())
            .collect();
        if kinds.is_empty() {
            continue;
        }
        // What the others in preview would say falls off the same work, and is counted.
        let beside = |rule: &Rule| {
            let mut running = policy.of_engine(*engine).filter(|running| running.may_hold(text));
            rule.may_hold(text) && running.any(|running| rule.shares_work(running))
        };
        let previews = policy.previews.iter().filter(|rule| beside(rule));
        kinds.extend(previews.map(|rule| rule.reports.clone()));
        let (database, summaries) = (judge.database, judge.summaries);
        for detection in detector(&Declaration { database, summaries, file, decl, kinds: &kinds }) {
            if detection.kind == NOT_ANALYSED {
                // Once, whoever looked for what.
                let rule = policy.of_engine(*engine).find(|rule| *rule.reports == *detection.label);
                let known = |one: &Judgement| one.acquisition.span == detection.span;
                if let Some(rule) = rule.filter(|_| !unjudged.iter().any(known)) {
                    let (span, why) = (detection.span, &detection.message);
                    unjudged.push(not_analysed(file, &rule.id, span, function.clone(), why));
                }
                continue;
            }
            detected.push(Detected { engine: *engine, function: function.clone(), detection });
        }
    }
    detected.sort_by_key(|one| (one.detection.span, one.detection.kind));
    (detected, unjudged)
}

/// How often each text was seen in a function, by kind: what tells the fingerprints of equal ones apart.
#[derive(Default)]
pub struct Repeats(FxHashMap<(&'static str, Option<String>, String), u32>);

/// The rule in preview that would report what was detected, if there is one and no comment silences it.
pub fn unreported<'p>(
    one: &Detected,
    item: &Item,
    file: &FileContext,
    (policy, directives): (&'p Policy, &Directives),
) -> Option<&'p Arc<Rule>> {
    let line = file.lines.line(one.detection.span.start);
    let rule = policy.previews.iter().find(|rule| one.is_for(rule))?;
    directives.find(&rule.id, line, &suppress::doc_lines(item, file.lines)).is_none().then_some(rule)
}

/// The finding of the rule that reports what was detected, if one runs.
pub fn finding(
    one: &Detected,
    item: &Item,
    file: &FileContext,
    (settings, policy, directives): (&Settings, &Policy, &Directives),
    repeats: &mut Repeats,
) -> Option<Finding> {
    let Detection { kind, span, label, message, labels, notes, remedy, .. } = &one.detection;
    let text = String::from_utf8_lossy(&file.text[span.range()]).into_owned();
    // Counted whether it is reported or not, so that fingerprints are the same whatever rules run.
    let nth = repeats.0.entry((kind, one.function.clone(), text.clone())).or_default();
    let ordinal = *nth;
    *nth += 1;
    let rule = policy.rules.iter().find(|rule| one.is_for(rule))?;
    let (line, column) = file.lines.line_column(span.start);
    let path = settings.in_repository(file.path);
    Some(Finding {
        rule: rule.id.clone(),
        severity: rule.severity,
        location: Location { path: file.path.clone(), span: *span, line, column },
        subject: text.lines().next().unwrap_or_default().to_owned(),
        label: label.clone(),
        function: one.function.clone(),
        message: message.clone(),
        labels: labels.clone(),
        notes: notes.clone(),
        fix: remedy.as_ref().and_then(|remedy| fix::spelled(remedy, file.text)),
        suppressed: directives.find(&rule.id, line, &suppress::doc_lines(item, file.lines)),
        fingerprint: fingerprint(
            &rule.id,
            &path,
            one.function.as_deref().unwrap_or_default(),
            &text,
            ordinal,
        ),
        acquisition: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::testing::{checked_by, places};

    /// A block with a channel that two send on and one value is taken from.
    const BLOCK: &str = "\t{\n\t\tc := make(chan int)\n\t\tgo func() { c <- 1 }()\n\
    \t\tgo func() { c <- 2 }()\n\t\t\
                         println(<-c)\n\t}\n";

    #[test]
    fn equal_ones_in_a_function_have_fingerprints_of_their_own() {
        let text = format!("package p\n\nfunc f() {{\n{BLOCK}{BLOCK}}}\n\nfunc g() {{\n{BLOCK}}}\n");
        let report = checked_by("surplus-senders", &[("a.go", &text)]);
        assert_eq!(places(&report), ["a.go:5", "a.go:11", "a.go:20"]);
        let mut ids: Vec<&str> = report.findings.iter().map(|finding| &*finding.fingerprint).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 3);
        let moved =
            checked_by("surplus-senders", &[("a.go", &text.replacen("func f", "var x int\n\nfunc f", 1))]);
        let all = |report: &crate::engine::Report| -> Vec<String> {
            report.findings.iter().map(|finding| finding.fingerprint.clone()).collect()
        };
        assert_eq!(all(&report), all(&moved), "they outlive moved lines");
    }

    #[test]
    fn a_comment_silences_them_and_another_rule_does_not_tell_them() {
        let silent = BLOCK.replace("\t\tc := ", "\t\t//unleak:ignore surplus-senders -- why\n\t\tc := ");
        let text = format!("package p\n\nfunc f() {{\n{silent}}}\n");
        let report = checked_by("surplus-senders", &[("a.go", &text)]);
        assert_eq!((places(&report).len(), report.findings.len()), (0, 1));
        assert_eq!(checked_by("unclosed-range", &[("a.go", &text)]).findings.len(), 0);
    }

    /// A function of many independent branches, each asked twice, around `before` and `after`.
    fn wide(branches: usize, before: &str, after: &str) -> String {
        let names: Vec<String> = (0..branches).map(|at| format!("b{at}")).collect();
        let asked: String = names.iter().map(|name| format!("\tif {name} {{\n\t\tg()\n\t}}\n")).collect();
        format!(
            "package p\n\nimport \"sync\"\n\nvar mu sync.Mutex\n\nfunc g() {{}}\n\nfunc f({} bool) {{\n\t\
             {before}\n{asked}{asked}\t{after}\n}}\n",
            names.join(", "),
        )
    }

    fn not_analysed(rule: &str, text: &str) -> (u64, usize) {
        let report = checked_by(rule, &[("a.go", text)]);
        (report.stats.not_analysed, report.findings.len())
    }

    #[test]
    fn what_no_budget_suffices_for_is_counted_once() {
        let locked = |branches| wide(branches, "mu.Lock()", "if b0 {\n\t\treturn\n\t}\n\tmu.Unlock()");
        assert_eq!(not_analysed("unreleased-lock", &locked(3)), (0, 1));
        assert_eq!(not_analysed("unreleased-lock", &locked(8)), (1, 0));
        assert_eq!(not_analysed("unreleased-lock,locked-twice", &locked(8)), (1, 0));
        assert_eq!(not_analysed("unreleased-lock", &wide(8, "g()", "g()")), (0, 0), "it takes no lock");
        assert_eq!(not_analysed("lost-cancel", &locked(8)), (0, 0), "nobody asks about locks");
        let group = |branches| wide(branches, "var wg sync.WaitGroup\n\twg.Add(1)", "wg.Wait()");
        assert_eq!(not_analysed("waitgroup-imbalance", &group(1)), (0, 1));
        let jumps = group(1).replace("\twg.Wait()", "\tgoto end\nend:\n\twg.Wait()");
        assert_eq!(not_analysed("waitgroup-imbalance", &jumps), (1, 0));
        let sent = BLOCK.replace("\t\tprintln", "\t\tgoto end\n\tend:\n\t\tprintln");
        let text = format!("package p\n\nfunc f() {{\n{sent}}}\n");
        assert_eq!(not_analysed("surplus-senders", &text), (1, 0));
    }

    #[test]
    fn a_comment_at_what_is_not_analysed_may_be_needed() {
        let silenced = "//unleak:ignore unreleased-lock -- why\n\tmu.Lock()";
        let text = |branches| wide(branches, silenced, "mu.Unlock()");
        assert_eq!(not_analysed("unreleased-lock,unused-suppression", &text(8)), (1, 0));
        assert_eq!(not_analysed("unreleased-lock,unused-suppression", &text(3)), (0, 1));
    }

    /// A type whose maker starts a goroutine that only its `Close` ends, and a function that forgets that.
    const WORKER: &str = "package p

import \"os\"

type PumpClient struct {
	f    *os.File
	stop chan struct{}
}

func NewPumpClient() (*PumpClient, error) {
	f, err := os.Open(\"x\")
	if err != nil {
		return nil, err
	}
	c := &PumpClient{f: f, stop: make(chan struct{})}
	go c.loop()
	return c, nil
}

func (c *PumpClient) loop() {
	for {
		select {
		case <-c.stop:
			return
		default:
		}
	}
}

func (c *PumpClient) Do() {}

func (c *PumpClient) Close() error { close(c.stop); return c.f.Close() }

func f() error {
	c, err := NewPumpClient()
	if err != nil {
		return err
	}
	c.Do()
	return nil
}
";

    #[test]
    fn a_worker_is_found_whatever_stands_between_its_start_and_its_owner() {
        let types = "package p\n\ntype pump struct{ stop chan struct{} }\n\n\
                     func (p *pump) Stop() { close(p.stop) }\n\nfunc (p *pump) loop() { <-p.stop }\n\n";
        let of = |rest: &[&str]| {
            let text = format!("{types}{}", rest.concat());
            places(&checked_by("unstopped-worker", &[("a.go", &text)]))
        };
        let made = "func newPump() *pump { return &pump{stop: make(chan struct{})} }\n\n";
        let start = "func (p *pump) start() { go p.loop() }\n\nfunc (p *pump) Run() { p.start() }\n\n";
        assert_eq!(of(&[made, start, "func f() {\n\tp := newPump()\n\tp.Run()\n}\n"]), ["a.go:17"]);
        assert_eq!(of(&[made, "func f() {\n\tp := newPump()\n\tgo p.loop()\n}\n"]), ["a.go:13"]);
        assert!(of(&[made, start, "func f() {\n\tp := newPump()\n\tp.Stop()\n}\n"]).is_empty());
    }

    #[test]
    fn what_a_release_mends_is_told_once() {
        let lines = |rules: &str| {
            let report = checked_by(rules, &[("a.go", WORKER)]);
            let one = |finding: &Finding| (finding.rule.to_string(), finding.location.line);
            report.findings.iter().map(one).collect::<Vec<_>>()
        };
        assert_eq!(lines("unstopped-worker"), [("unstopped-worker".to_owned(), 35)]);
        assert_eq!(lines("unclosed-client,unstopped-worker"), [("unclosed-client".to_owned(), 35)]);
    }

    #[test]
    fn a_worker_is_stopped_behind_the_check_of_its_error() {
        let report = checked_by("unstopped-worker", &[("a.go", WORKER)]);
        let fix = report.findings[0].fix.as_ref().unwrap();
        let at = fix.edits[0].span.start as usize;
        assert_eq!(WORKER[..at].trim_end().lines().count(), 38, "{}", &WORKER[at..]);
    }
}
