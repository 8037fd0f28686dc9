//! `allow`: rules that an author has silenced, and whether there was anything to silence.
//!
//! Does not know what any rule looks for.

use std::collections::HashMap;

use super::shape::Shape;
use super::{Code, Hit, Rule, Severity};
use crate::spec::finding::Finding;
use crate::spec::model::Allowed;
use crate::spec::near::did_you_mean;

pub(super) const UNUSED: Rule = Rule {
    code: Code {
        code: "W0701",
        title: "a rule is silenced where it has nothing to say",
        explanation: "`allow` names a rule that finds nothing here. What it was silenced for has been put right, or stands elsewhere; left in place it would hide the next thing that the rule finds.",
    },
    severity: Severity::Warning,
    source: "DESIGN: silencing is per step and needs a reason.",
    wrong: r#"
steps:
  look:
    effect: read
    run: [ls]
    allow: {W0711: "nothing happens to a listing"}
"#,
    right: r#"
steps:
  look:
    effect: read
    run: [ls]
"#,
    check: |_| Vec::new(),
};

pub(super) const UNKNOWN: Rule = Rule {
    code: Code {
        code: "W0702",
        title: "what is silenced is no rule",
        explanation: "`allow` names a code that no rule has. Only rules of safety, from W0711 on, can be silenced: what is an error stays one.",
    },
    severity: Severity::Error,
    source: "DESIGN: a misspelt key must never be ignored.",
    wrong: r#"
steps:
  look:
    effect: read
    run: [ls]
    allow: {W0203: "it will come"}
"#,
    right: r#"
steps:
  drop:
    run: [dropdb, old]
    locks: ["database:old"]
    allow: {W0711: "whether the database is there is seen at a glance"}
"#,
    check: |shape| {
        let known: Vec<&str> = silenceable().collect();
        let unknown = |(step, code, allowed): (Option<usize>, &str, &Allowed)| {
            if known.contains(&code) {
                return None;
            }
            let near = did_you_mean(code, known.iter().copied());
            let help = near.unwrap_or_else(|| "`windlass explain` lists all codes".to_owned());
            Some(
                Hit::new(step, allowed.at, format!("no rule that can be silenced is `{code}`"))
                    .help(help),
            )
        };
        all(shape).into_iter().filter_map(unknown).collect()
    },
};

fn silenceable() -> impl Iterator<Item = &'static str> {
    super::ALL.iter().filter(|rule| rule.can_be_silenced()).map(|rule| rule.code.code)
}

/// Every entry of every `allow`, with its step.
fn all<'r>(shape: &Shape<'r>) -> Vec<(Option<usize>, &'r str, &'r Allowed)> {
    let whole = shape.runbook.map(|runbook| (None, &runbook.allow));
    let steps =
        shape.nodes.iter().enumerate().map(|(number, node)| (Some(number), &node.step.allow));
    whole
        .into_iter()
        .chain(steps)
        .flat_map(|(step, allow)| allow.iter().map(move |(code, one)| (step, code.as_str(), one)))
        .collect()
}

/// What is silenced where.
pub(super) struct Silence<'s, 'r> {
    shape: &'s Shape<'r>,
    /// Whether an entry was of use.
    entries: HashMap<(Option<usize>, &'r str), (&'r Allowed, bool)>,
}

impl<'s, 'r> Silence<'s, 'r> {
    pub(super) fn new(shape: &'s Shape<'r>) -> Silence<'s, 'r> {
        let entries = all(shape).into_iter().map(|(step, code, one)| ((step, code), (one, false)));
        Silence { shape, entries: entries.collect() }
    }

    /// Whether a rule is silenced for a step, or for a group around it. What belongs to no step is silenced by the runbook.
    pub(super) fn covers(&mut self, code: &'static str, step: Option<usize>) -> bool {
        if self.entries.is_empty() || [UNUSED.code.code, UNKNOWN.code.code].contains(&code) {
            return false;
        }
        let shape = self.shape;
        let mut places: Vec<Option<usize>> =
            step.into_iter().flat_map(|step| shape.chain(step)).map(Some).collect();
        if places.is_empty() {
            places.push(None);
        }
        let mut covered = false;
        for place in places {
            if let Some((_, used)) = self.entries.get_mut(&(place, code)) {
                *used = true;
                covered = true;
            }
        }
        covered
    }

    /// The entries that were of no use.
    pub(super) fn in_vain(self) -> Vec<Finding> {
        let known: Vec<&str> = silenceable().collect();
        let vain = |((_, code), (allowed, used)): (&(Option<usize>, &str), &(&Allowed, bool))| {
            if *used || !known.contains(code) {
                return None;
            }
            let message = format!("`{code}` is silenced here, but finds nothing");
            Some(
                Finding::warning(UNUSED.code.code, allowed.at, message)
                    .help("remove it: it would hide the next thing that the rule finds"),
            )
        };
        self.entries.iter().filter_map(vain).collect()
    }
}
