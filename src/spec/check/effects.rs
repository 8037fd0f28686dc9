//! What is done again, or after a failure, must not do harm.
//!
//! Does not know what a command really does; the word of its author counts.

use super::super::model::{Action, Body, Effect, Located, Probe, Step, Work};
use super::{Checker, Finding, Findings, codes, used};

/// The effect of a piece of work; nothing if what it uses is not known.
pub(super) fn effect(work: &Work) -> Option<Effect> {
    match &work.action {
        Action::Assert(_) | Action::Pause(_) | Action::Approve(_) => Some(Effect::Read),
        Action::Uses { target: None, .. } => work.effect,
        _ => Some(
            work.effect.or(used(work).and_then(|action| action.work.effect)).unwrap_or_default(),
        ),
    }
}

/// The probe of a piece of work, its own or its driver's.
pub(super) fn probe(work: &Work) -> Option<&Located<Box<Probe>>> {
    work.probe.as_ref().or_else(|| used(work)?.work.probe.as_ref())
}

/// Reports what a piece of work does again although that may do harm, and a probe that does not fit it.
pub(super) fn check(findings: &mut Findings, work: &Work) {
    check_by_hand(findings, work);
    check_retry(findings, work);
    check_repeat(findings, work);
    super::probe::check(findings, work);
}

/// Reports what is said of a command where a driver lets a person do it.
fn check_by_hand(findings: &mut Findings, work: &Work) {
    let Action::Uses { name, target: Some(target), .. } = &work.action else { return };
    if !matches!(target.work.action, Action::Manual(_)) {
        return;
    }
    let said = [
        ("retry", work.retry.as_ref().map(|retry| retry.at)),
        ("repeat", work.repeat.as_ref().map(|repeat| repeat.at)),
        ("probe", work.probe.as_ref().map(|probe| probe.at)),
        ("success", work.success.as_ref().map(|success| success.at)),
        ("stdin", work.stdin.as_ref().map(|stdin| stdin.at)),
        ("outputs", work.outputs.values().next().map(|output| output.at)),
    ];
    for (key, at) in said {
        let Some(at) = at else { continue };
        let message = format!("`{}` is done by a person, so it has no `{key}`", name.value);
        findings.push(Finding::error(codes::MISPLACED_KEY, at, message).help("leave it out"));
    }
}

/// Reports `retry` on a dangerous action, unless a probe looks before each attempt.
fn check_retry(findings: &mut Findings, work: &Work) {
    let Some(retry) = work.retry.as_ref().filter(|_| effect(work) == Some(Effect::Once)) else {
        return;
    };
    if retry.value.attempts < 2 || probe(work).is_some() {
        return;
    }
    let (message, help) = match (work.effect, used(work)) {
        (None, None) => (
            "`retry` would do again what is `once`, as everything is that does not say otherwise",
            "if doing it again does no harm, say so: `effect: idempotent`; else let a `probe` look first",
        ),
        (None, Some(_)) => (
            "`retry` would do again what the driver says is `once`",
            "let a `probe` look first whether anything has happened, or remove `retry`",
        ),
        _ => (
            "`retry` would do again what is `once`",
            "let a `probe` look first whether anything has happened, or remove `retry`",
        ),
    };
    findings.push(Finding::error(codes::RETRY_ONCE, retry.at, message).help(help));
}

/// Reports `retry` on a dangerous action of a repair.
pub(super) fn check_repair(findings: &mut Findings, work: &Work) {
    let Some(retry) = work.retry.as_ref().filter(|retry| retry.value.attempts > 1) else { return };
    if effect(work) == Some(Effect::Once) {
        let message = "`retry` would do again what is `once`";
        findings.push(Finding::error(codes::RETRY_ONCE, retry.at, message).help(
            "say `effect: idempotent` if that does no harm; else remove it: after a bad end the probe is asked",
        ));
    }
}

/// Reports `repeat` on a dangerous action, unless a probe looks before each time.
fn check_repeat(findings: &mut Findings, work: &Work) {
    let repeat = work.repeat.as_ref().or_else(|| used(work)?.work.repeat.as_ref());
    let Some(repeat) = repeat.filter(|_| effect(work) == Some(Effect::Once)) else { return };
    if probe(work).is_some() {
        return;
    }
    let (message, help) = match (work.effect, used(work)) {
        (None, None) => (
            "`repeat` does again what is `once`, as everything is that does not say otherwise",
            "if doing it again does no harm, say so: `effect: idempotent`",
        ),
        (None, Some(_)) => (
            "`repeat` does again what the driver says is `once`",
            "let a `probe` look first each time, or remove `repeat`",
        ),
        _ => (
            "`repeat` does again what is `once`",
            "let a `probe` look first each time, or remove `repeat`",
        ),
    };
    let at = match (&work.repeat, &work.action) {
        (None, Action::Uses { name, .. }) => name.at,
        _ => repeat.at,
    };
    findings.push(Finding::error(codes::REPEAT_ONCE, at, message).help(help));
}

impl Checker<'_, '_> {
    /// `after` lets a step run whatever became of the other; that must be harmless.
    pub(super) fn check_after(&mut self, step: &Step) {
        let Some(first) = step.after.first() else { return };
        let Some(once) = find_once(step) else { return };
        let message = match once.name == step.name {
            true => format!("step `{}` is `once`, so it cannot come `after` another", step.name),
            false => format!(
                "group `{}` cannot come `after` a step, because `{}` in it is `once`",
                step.name, once.name
            ),
        };
        self.push(Finding::error(codes::AFTER_ONCE, first.at, message).help(
            "write `needs` instead, or, if doing it again does no harm, `effect: idempotent`",
        ));
    }

    /// A step that says that its driver is too careful.
    pub(super) fn check_weaker(&mut self, work: &Work) {
        let Action::Uses { name, target: Some(action), .. } = &work.action else { return };
        let declared = action.work.effect.unwrap_or_default();
        if let Some(said) = work.effect
            && said < declared
        {
            let message = format!(
                "the step says that `{}` is `{}`, but the driver says `{}`",
                name.value,
                word(said),
                word(declared)
            );
            self.push(
                Finding::warning(codes::WEAKER_EFFECT, name.at, message)
                    .help("the step's word counts; leave `effect` out if you are not sure"),
            );
        }
    }
}

pub(super) fn word(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "read",
        Effect::Idempotent => "idempotent",
        Effect::Once => "once",
    }
}

/// The first step in a step, or itself, that is `once`.
fn find_once(step: &Step) -> Option<&Step> {
    match &step.body {
        Body::Action(work) => (effect(work) == Some(Effect::Once)).then_some(step),
        Body::Group(steps) => steps.iter().find_map(find_once),
    }
}
