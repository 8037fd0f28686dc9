//! Whether a probe and what it asks after fit together.
//!
//! Does not know what a probe reads.

use super::super::model::{Effect, Output, Work};
use super::effects::{self, effect};
use super::{Finding, Findings, codes, used};

/// Reports a probe that is never asked, and outputs that it cannot give.
pub(super) fn check(findings: &mut Findings, work: &Work) {
    never_asked(findings, work);
    outputs(findings, work);
}

/// A probe is asked before a start that could do harm, so it must be on an action that can.
fn never_asked(findings: &mut Findings, work: &Work) {
    let Some(probe) = &work.probe else { return };
    let Some(effect) = effect(work).filter(|effect| *effect != Effect::Once) else { return };
    let message = format!(
        "the probe would never be asked, because the action is `{}`",
        effects::word(effect)
    );
    findings.push(
        Finding::error(codes::NEVER_ASKED, probe.at, message).help(
            "what is not `once` is simply done again; remove the probe, or say `effect: once`",
        ),
    );
}

/// Where the state is `done` the outputs come from the probe, and whoever reads them must find them all.
fn outputs(findings: &mut Findings, work: &Work) {
    let Some(probe) = effects::probe(work).filter(|probe| !probe.value.work.outputs.is_empty())
    else {
        return;
    };
    let given = &probe.value.work.outputs;
    let is_own = work.probe.is_some();
    let of_driver = used(work).map(|action| &action.work.outputs);
    // What a driver's own probe gives of its own outputs was looked at in the driver.
    let inherited = of_driver.filter(|_| is_own).into_iter().flatten();
    for (name, output) in work.outputs.iter().chain(inherited) {
        let (message, help) = match given.get(name) {
            None => (
                format!("the probe does not give output `{name}`, which the action has"),
                "where the state is `done` the outputs are the probe's; declare it there too",
            ),
            Some(same) if same.kind == output.kind => continue,
            Some(_) => (
                format!("output `{name}` has another type where the probe gives it"),
                "where the state is `done` the outputs are the probe's; say the same `type`",
            ),
        };
        let at = if is_own { probe.at } else { output.at };
        let at = given.get(name).filter(|_| is_own).map_or(at, |same| same.at);
        findings.push(Finding::error(codes::PROBE_OUTPUTS, at, message).help(help));
    }
    if is_own {
        extra(findings, work, given);
    }
}

/// An output that only the probe has would be there by chance.
fn extra(findings: &mut Findings, work: &Work, given: &indexmap::IndexMap<String, Output>) {
    let declared = |name: &str| {
        work.outputs.contains_key(name)
            || used(work).is_some_and(|action| action.work.outputs.contains_key(name))
    };
    if effect(work).is_none() {
        return;
    }
    for (name, output) in given.iter().filter(|(name, _)| !declared(name)) {
        let message = format!("the probe gives output `{name}`, which the action has not");
        findings.push(
            Finding::error(codes::PROBE_OUTPUTS, output.at, message)
                .help("declare it under the `outputs` of the action too, or remove it"),
        );
    }
}
