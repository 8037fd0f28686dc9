//! Safety analysis: rules over the graph of a runbook that is otherwise sound.
//!
//! Does not know values of parameters, nor what a run does; where a rule would need them it keeps silent.

mod deed;
mod kind;
mod piece;
pub mod policy;
mod shape;

mod command;
mod once;
mod order;
mod settings;
mod together;
mod unused;

mod silence;

use std::path::Path;

use crate::diag::{self, Diagnostic, Severity};
use crate::spec::codes::{self, Code};
use crate::spec::finding::{Finding, Where, diagnose};
use crate::spec::load::{self, Checked, DriverChoice};
use crate::spec::model::{Driver, Place, Runbook};
use crate::spec::policy::Policy;

use shape::Shape;

/// Hits of one rule that are shown.
const SHOWN_MAX: usize = 100;

/// A rule with its explanation.
#[derive(Debug)]
pub struct Rule {
    /// Its code, `W0711`, with what is wrong and why.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// The article, section or issue that it comes from.
    pub source: &'static str,
    /// A runbook in which it finds something.
    pub wrong: &'static str,
    /// The same, put right.
    pub right: &'static str,
    check: fn(&Shape<'_>) -> Vec<Hit>,
}

/// What a rule has found.
#[derive(Debug)]
struct Hit {
    /// The step that may silence it; nothing for what belongs to the whole runbook.
    step: Option<usize>,
    at: Where,
    message: String,
    help: Vec<String>,
    see: Option<(String, Place)>,
}

impl Hit {
    fn new(step: impl Into<Option<usize>>, at: impl Into<Where>, message: String) -> Hit {
        Hit { step: step.into(), at: at.into(), message, help: Vec::new(), see: None }
    }

    fn help(mut self, help: impl Into<String>) -> Hit {
        self.help.push(help.into());
        self
    }

    fn see(mut self, what: impl Into<String>, at: Place) -> Hit {
        self.see = Some((what.into(), at));
        self
    }

    fn into_finding(self, code: &'static str, severity: Severity) -> Finding {
        let Hit { at, message, help, see, .. } = self;
        Finding { code, severity, message, at, help, see }
    }
}

impl Rule {
    /// Whether `allow` may name it.
    #[must_use]
    pub fn can_be_silenced(&self) -> bool {
        ![silence::UNUSED.code.code, silence::UNKNOWN.code.code].contains(&self.code.code)
    }
}

/// All rules, in the order of their codes.
pub const ALL: &[&Rule] = &[
    &silence::UNUSED,
    &silence::UNKNOWN,
    &once::without_probe::RULE,
    &once::repeated_move::RULE,
    &once::moved_twice::RULE,
    &once::moved_by_script::RULE,
    &together::without_lock::RULE,
    &together::same_thing::RULE,
    &together::fan_out::RULE,
    &settings::plain_change::RULE,
    &settings::outside::RULE,
    &order::unswept_source::RULE,
    &order::early_unfreeze::RULE,
    &order::unheeded_check::RULE,
    &order::failed_output::RULE,
    &command::inner_shell::RULE,
    &command::secret_argument::RULE,
    &command::false_look::RULE,
    &command::endless::RULE,
    &unused::parameter::RULE,
    &unused::output::RULE,
];

/// The rule of a code, however its letter is written.
#[must_use]
pub fn rule(code: &str) -> Option<&'static Rule> {
    ALL.iter().find(|rule| rule.code.code.eq_ignore_ascii_case(code.trim())).copied()
}

/// The code with its explanation, of a rule or of anything else that can be wrong.
#[must_use]
pub fn explain(code: &str) -> Option<&'static Code> {
    rule(code).map(|rule| &rule.code).or_else(|| codes::explain(code))
}

/// Every code that there is, in order.
pub fn codes() -> impl Iterator<Item = &'static Code> {
    codes::ALL.iter().chain(ALL.iter().map(|rule| &rule.code))
}

/// Everything that is wrong with a file, runbook, driver or policy, and what the rules and policies find in it if it is sound.
#[must_use]
pub fn check_file(path: &Path, choices: &[DriverChoice], policies: &[Policy]) -> Vec<Diagnostic> {
    match load::open_file(path, choices) {
        Checked::Runbook(loaded) => {
            let loaded = *loaded;
            let mut found = check(&loaded.runbook);
            found.extend(policies.iter().flat_map(|policy| policy::check(&loaded.runbook, policy)));
            let found = diagnose(found, &loaded.runbook.sources);
            let mut all = loaded.warnings;
            all.extend(found);
            diag::sort(&mut all);
            all
        }
        Checked::Driver(driver, source) => diagnose(check_driver(&driver), &[source]),
        Checked::Policy(_) => Vec::new(),
        Checked::Wrong(diagnostics) => diagnostics,
    }
}

/// What the rules find in a runbook that is sound, and what was silenced in vain.
#[must_use]
pub fn check(runbook: &Runbook) -> Vec<Finding> {
    let shape = Shape::new(runbook);
    let mut silence = silence::Silence::new(&shape);
    let mut findings = Vec::new();
    for rule in ALL {
        let hits = (rule.check)(&shape);
        let heard = hits.into_iter().filter(|hit| !silence.covers(rule.code.code, hit.step));
        findings.extend(shown(rule, heard.collect()));
    }
    findings.extend(silence.in_vain());
    findings
}

/// The first of what a rule has found; whoever puts these right has seen what the others are.
fn shown(rule: &Rule, mut hits: Vec<Hit>) -> impl Iterator<Item = Finding> {
    let more = hits.len().saturating_sub(SHOWN_MAX);
    hits.truncate(SHOWN_MAX);
    if let Some(last) = hits.last_mut().filter(|_| more > 0) {
        last.help.push(format!("there are {more} more like this"));
    }
    hits.into_iter().map(|hit| hit.into_finding(rule.code.code, rule.severity))
}

/// What the rules find in a driver by itself.
#[must_use]
pub fn check_driver(driver: &Driver) -> Vec<Finding> {
    let shape = Shape::of_driver(driver);
    let found = |rule: &&'static Rule| {
        let hits = (rule.check)(&shape).into_iter();
        hits.map(|hit| hit.into_finding(rule.code.code, rule.severity)).collect::<Vec<_>>()
    };
    ALL.iter().flat_map(found).collect()
}
