//! Settings of a runbook → nodes: what each one is in force around.
//!
//! Does not know when a setting is opened.

use super::super::graph;
use super::super::{PlannedSetting, PlannedStep};
use super::{retry_of, slots};
use crate::spec::model::{Change, Located, Setting, Step};
use crate::spec::surround::surrounded;

/// The shape of each setting, and the slots of what it needs.
pub(super) fn shapes(steps: &[Step], settings: &[Setting]) -> Vec<(graph::Setting, Vec<u32>)> {
    let slots = slots(steps, settings);
    let resolve = |names: &[Located<String>]| -> Vec<u32> {
        names.iter().filter_map(|name| slots.get(&name.value).copied()).collect()
    };
    let mut shapes = Vec::with_capacity(settings.len());
    for (setting, around) in settings.iter().zip(surrounded(steps, settings)) {
        let needs = resolve(&setting.needs);
        let (set, restore) = match &setting.change {
            Change::Set(work) => (work, work),
            Change::Pair { change, restore } => (change, restore),
        };
        let shape = graph::Setting {
            around,
            fan_out: setting.for_each.is_some(),
            hold: setting.hold,
            accept_found: setting.accept_found,
            get: retry_of(&setting.get),
            set: retry_of(set),
            restore: retry_of(restore),
        };
        shapes.push((shape, needs));
    }
    shapes
}

/// What the shape leaves out.
pub(super) fn planned(setting: Setting) -> PlannedStep {
    PlannedStep {
        at: Some(setting.at),
        title: setting.title,
        description: setting.description,
        when: setting.when,
        for_each: setting.for_each,
        locks: setting.locks,
        setting: Some(Box::new(PlannedSetting {
            get: setting.get,
            change: setting.change,
            to: setting.to,
        })),
        ..PlannedStep::default()
    }
}
