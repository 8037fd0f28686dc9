//! Settings of a runbook → nodes: what each one is in force around.
//!
//! Does not know when a setting is opened.

use super::super::graph;
use super::super::{PlannedSetting, PlannedStep};
use super::{retry_of, slots};
use crate::spec::model::{Change, Located, Setting, Step};

/// `needs` and `after` of each sibling, as slots.
type Links = [(Vec<u32>, Vec<u32>)];

/// The shape of each setting, and the slots of what it needs.
pub(super) fn shapes(
    steps: &[Step],
    settings: &[Setting],
    links: &Links,
) -> Vec<(graph::Setting, Vec<u32>)> {
    let slots = slots(steps, settings);
    let resolve = |names: &[Located<String>]| -> Vec<u32> {
        names.iter().filter_map(|name| slots.get(&name.value).copied()).collect()
    };
    let first = steps.len();
    let mut shapes = Vec::with_capacity(settings.len());
    for (number, setting) in settings.iter().enumerate() {
        let needs = resolve(&setting.needs);
        let behind = downstream(links, (first + number).try_into().unwrap_or(u32::MAX));
        let before = upstream(links, &needs);
        let named = resolve(&setting.around);
        let is_inside = |slot: &u32| {
            let slot = *slot as usize;
            slot < first && !behind[slot] && !before[slot]
        };
        let all: Vec<u32> = (0..).take(first).collect();
        let around = if setting.around.is_empty() { all } else { named };
        let (set, restore) = match &setting.change {
            Change::Set(work) => (work, work),
            Change::Pair { change, restore } => (change, restore),
        };
        let shape = graph::Setting {
            around: around.into_iter().filter(is_inside).collect(),
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
        setting: Some(PlannedSetting { get: setting.get, change: setting.change, to: setting.to }),
        ..PlannedStep::default()
    }
}

/// The steps that wait for a slot, directly or by way of others.
fn downstream(links: &Links, from: u32) -> Vec<bool> {
    let mut waiting: Vec<Vec<usize>> = vec![Vec::new(); links.len()];
    let mut work = Vec::new();
    for (step, (needs, after)) in links.iter().enumerate() {
        for &before in needs.iter().chain(after) {
            match waiting.get_mut(before as usize) {
                Some(steps) => steps.push(step),
                None if before == from => work.push(step),
                // What waits for another setting waits for nothing of this one.
                None => {}
            }
        }
    }
    reached(links.len(), work, |step| waiting[step].clone())
}

/// These steps and all that they wait for, directly or by way of others.
fn upstream(links: &Links, from: &[u32]) -> Vec<bool> {
    let steps = |slots: &[u32]| -> Vec<usize> {
        slots.iter().map(|&slot| slot as usize).filter(|&slot| slot < links.len()).collect()
    };
    reached(links.len(), steps(from), |step| {
        let (needs, after) = &links[step];
        [steps(needs), steps(after)].concat()
    })
}

fn reached(count: usize, mut work: Vec<usize>, next: impl Fn(usize) -> Vec<usize>) -> Vec<bool> {
    let mut reached = vec![false; count];
    while let Some(step) = work.pop() {
        if !std::mem::replace(&mut reached[step], true) {
            work.extend(next(step));
        }
    }
    reached
}
