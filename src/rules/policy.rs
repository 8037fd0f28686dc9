//! Policies over a runbook: whether each step of a kind meets what is demanded of it.
//!
//! Does not know any policy by name; what it says comes from its file.

use super::shape::Shape;
use super::{deed, order};
use crate::spec::codes;
use crate::spec::finding::Finding;
use crate::spec::model::{Body, Change, Effect, Located, LockName, Runbook, Setting, Step, Work};
use crate::spec::policy::{Demand, Part, Policy, PolicyRule};

/// What of a policy a runbook does not keep.
#[must_use]
pub fn check(runbook: &Runbook, policy: &Policy) -> Vec<Finding> {
    let shape = Shape::untiring(runbook);
    let mut findings = Vec::new();
    for (name, rule) in &policy.rules {
        for step in shape.of_kind(&rule.kind) {
            if let Some(broken) = broken(&shape, step, &rule.demand) {
                let message =
                    format!("step `{}` {broken}: {}", shape.nodes[step].step.name, rule.title);
                let from = format!("policy `{}`, rule `{name}`: {}", policy.name, rule.source);
                findings.push(finding(rule, &shape, step, message).help(from));
            }
        }
    }
    findings
}

fn finding(rule: &PolicyRule, shape: &Shape<'_>, step: usize, message: String) -> Finding {
    let at = shape.nodes[step].step.at;
    Finding { severity: rule.severity, ..Finding::error(codes::POLICY, at, message) }
}

/// How a step does not meet a demand, in words that follow its name; nothing if it does.
fn broken(shape: &Shape<'_>, step: usize, demand: &Demand) -> Option<String> {
    let (met, broken) = match demand {
        Demand::PrecededBy(kinds) => {
            (is_preceded(shape, step, kinds), format!("has no {} before it", either(kinds)))
        }
        Demand::FollowedBy(kinds) => {
            (is_followed(shape, step, kinds), format!("has no {} after it", either(kinds)))
        }
        Demand::Between(first, second) => {
            let steps = is_preceded(shape, step, std::slice::from_ref(first))
                && is_followed(shape, step, std::slice::from_ref(second));
            let met = steps || is_under(shape, step, std::slice::from_ref(first));
            (
                met,
                format!(
                    "is neither between `{first}` and `{second}` nor under a setting that does both"
                ),
            )
        }
        Demand::LockedBy(name) => {
            (is_locked(shape, step, name), format!("holds no lock `{name}...`"))
        }
        Demand::UnderSetting(kinds) => {
            (is_under(shape, step, kinds), format!("is under no setting {}", either(kinds)))
        }
        Demand::Has(part) => (has(shape, step, *part), format!("has no `{}`", part.name())),
        Demand::Never => (false, "must not be".to_owned()),
    };
    (!met).then_some(broken)
}

fn either(kinds: &[String]) -> String {
    let quoted: Vec<String> = kinds.iter().map(|kind| format!("`{kind}`")).collect();
    quoted.join(" or ")
}

fn is_preceded(shape: &Shape<'_>, step: usize, kinds: &[String]) -> bool {
    let mut before = kinds.iter().flat_map(|kind| shape.of_kind(kind));
    before.any(|first| order::always_before(shape, first, step))
}

fn is_followed(shape: &Shape<'_>, step: usize, kinds: &[String]) -> bool {
    let mut after = kinds.iter().flat_map(|kind| shape.of_kind(kind));
    after.any(|then| {
        let Some((_, outer)) = shape.siblings(step, then) else { return false };
        let mut inside = shape.chain(then).take_while(|&at| at != outer).chain([outer]);
        inside.all(|at| shape.nodes[at].step.when.is_none()) && shape.done_before(step, then)
    })
}

fn is_locked(shape: &Shape<'_>, step: usize, prefix: &str) -> bool {
    let named = |lock: &Located<LockName>| lock.value.name.value.source().starts_with(prefix);
    let own = shape.chain(step).flat_map(|at| &shape.nodes[at].step.locks);
    let brought = work(shape.nodes[step].step).and_then(Work::target);
    let brought = brought.into_iter().flat_map(|action| &action.work.locks);
    let whole = shape.runbook.into_iter().flat_map(|runbook| &runbook.locks);
    own.chain(brought).chain(whole).any(named)
}

/// Whether a setting of one of these kinds is around a step that nothing lets stay out of force.
fn is_under(shape: &Shape<'_>, step: usize, kinds: &[String]) -> bool {
    shape.settings_around(step).into_iter().any(|(level, number)| {
        let setting = &shape.levels[level].settings[number];
        setting.when.is_none() && kinds.iter().any(|kind| is_of_kind(setting, kind))
    })
}

/// A setting is of the kind of the driver's action that makes it, and of each word of its name.
fn is_of_kind(setting: &Setting, kind: &str) -> bool {
    let (Change::Set(work) | Change::Pair { change: work, .. }) = &setting.change;
    let brought = work.target().and_then(|action| action.kind.as_deref());
    brought == Some(kind)
        || setting.name == kind
        || setting.name.split('_').any(|word| word == kind)
}

fn has(shape: &Shape<'_>, step: usize, part: Part) -> bool {
    let node = &shape.nodes[step];
    let Some(work) = work(node.step) else { return false };
    match part {
        // What may be done again at any time needs nobody to ask after it, unless it only says so.
        Part::Probe => deed::probe(work).is_some() || deed::effect(work) == Effect::Read,
        Part::Verify => order::verifies_itself(node.step),
        Part::Timeout => shape.pieces.iter().any(|piece| {
            piece.step == Some(step) && std::ptr::eq(piece.work, work) && piece.is_bounded
        }),
    }
}

fn work(step: &Step) -> Option<&Work> {
    match &step.body {
        Body::Action(work) => Some(work),
        Body::Group(_) => None,
    }
}
