//! Which steps a setting is in force around.
//!
//! Does not know what a setting changes, nor whether names that nobody has were refused.

use std::collections::HashMap;

use super::model::{Setting, Step};

/// What stands behind a setting's name where a step waits until it is put back.
pub const RESTORED: &str = ":restored";

/// For each setting the positions of the steps beside it that it is in force around, in file order.
///
/// Where `around` names none, these are all but those that it needs and those that wait until it is restored, directly or through
/// others.
#[must_use]
pub fn surrounded(steps: &[Step], settings: &[Setting]) -> Vec<Vec<u32>> {
    if settings.is_empty() {
        return Vec::new();
    }
    let slots: HashMap<&str, u32> =
        steps.iter().zip(0..).map(|(step, slot)| (step.name.as_str(), slot)).collect();
    let numbers: HashMap<&str, usize> =
        settings.iter().enumerate().map(|(number, one)| (one.name.as_str(), number)).collect();
    let slot = |name: &str| slots.get(name).copied();

    let mut around: Vec<Vec<u32>> = settings
        .iter()
        .map(|setting| {
            let mut named: Vec<u32> =
                setting.around.iter().filter_map(|name| slot(&name.value)).collect();
            named.sort_unstable();
            named
        })
        .collect();
    let order = Order::new(steps, settings, &around, &slot, &numbers);
    for (number, setting) in settings.iter().enumerate().filter(|(_, one)| one.around.is_empty()) {
        let behind = reached(&order.after, [steps.len() + number]);
        let needs: Vec<usize> =
            setting.needs.iter().filter_map(|name| slot(&name.value)).map(index).collect();
        let mut outside = reached(&order.before, needs.iter().copied());
        needs.iter().for_each(|&need| outside[need] = true);
        around[number] = (0..)
            .zip(behind.iter().zip(&outside).take(steps.len()))
            .filter(|(_, (behind, before))| !**behind && !**before)
            .map(|(slot, _)| slot)
            .collect();
    }
    around
}

/// What comes before and after each step, and, behind the steps, each setting's restoration.
struct Order {
    before: Vec<Vec<usize>>,
    after: Vec<Vec<usize>>,
}

impl Order {
    fn new(
        steps: &[Step],
        settings: &[Setting],
        around: &[Vec<u32>],
        slot: &impl Fn(&str) -> Option<u32>,
        numbers: &HashMap<&str, usize>,
    ) -> Order {
        let none = vec![Vec::new(); steps.len() + settings.len()];
        let mut order = Order { before: none.clone(), after: none };
        for (at, step) in steps.iter().enumerate() {
            for name in step.needs.iter().chain(&step.after) {
                if let Some(before) = slot(&name.value) {
                    order.add(index(before), at);
                } else if let Some(setting) = name.value.strip_suffix(RESTORED)
                    && let Some(&number) = numbers.get(setting)
                {
                    order.add(steps.len() + number, at);
                }
            }
        }
        for (number, setting) in settings.iter().enumerate() {
            for &inside in &around[number] {
                // It is restored after all that it surrounds, and these wait for what it needs.
                order.add(index(inside), steps.len() + number);
                let needs = setting.needs.iter().filter_map(|name| slot(&name.value));
                needs.for_each(|need| order.add(index(need), index(inside)));
            }
        }
        order
    }

    fn add(&mut self, before: usize, after: usize) {
        self.after[before].push(after);
        self.before[after].push(before);
    }
}

fn index(slot: u32) -> usize {
    slot as usize
}

/// What can be reached over one edge or more.
fn reached(edges: &[Vec<usize>], from: impl IntoIterator<Item = usize>) -> Vec<bool> {
    let mut seen = vec![false; edges.len()];
    let mut left: Vec<usize> = from.into_iter().collect();
    while let Some(at) = left.pop() {
        for &next in &edges[at] {
            if !std::mem::replace(&mut seen[next], true) {
                left.push(next);
            }
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Source;
    use crate::spec::load::load_from;

    fn names(text: &str) -> Vec<Vec<String>> {
        let source = Source::new("case.yaml", format!("windlass: 1\nname: case\n{text}"));
        let runbook = load_from(source, indexmap::IndexMap::new()).unwrap().runbook;
        let around = surrounded(&runbook.steps, &runbook.settings);
        let name = |slot: &u32| runbook.steps[*slot as usize].name.clone();
        around.iter().map(|slots| slots.iter().map(name).collect()).collect()
    }

    #[test]
    fn without_around_it_is_everything_but_what_comes_before_or_behind_it() {
        let text = r#"
settings:
  all: {get: {run: [x]}, set: {run: [y]}, to: 1}
  some: {get: {run: [x]}, set: {run: [y]}, to: 1, around: [move, backup]}
  later: {get: {run: [x]}, set: {run: [y]}, to: 1, needs: [move]}
steps:
  report: {run: [x], needs: [full]}
  backup: {run: [x]}
  move: {run: [x], needs: [backup]}
  full: {run: [x], needs: ["all:restored"]}
  look: {run: [x], effect: read, after: [report]}
  lone: {run: [x]}
"#;
        assert_eq!(
            names(text),
            [
                vec!["backup", "move", "lone"],
                vec!["backup", "move"],
                vec!["report", "full", "look", "lone"],
            ]
        );
    }

    /// What one setting surrounds hangs on the restoration of another, and so does what waits for it.
    #[test]
    fn to_wait_for_a_setting_is_to_wait_for_all_that_it_surrounds() {
        let text = r#"
settings:
  all: {get: {run: [x]}, set: {run: [y]}, to: 1}
  late: {get: {run: [x]}, set: {run: [y]}, to: 1, around: [second]}
  needy: {get: {run: [x]}, set: {run: [y]}, to: 1, around: [third], needs: [second]}
steps:
  first: {run: [x]}
  second: {run: [x], needs: ["all:restored"]}
  third: {run: [x]}
  fourth: {run: [x], needs: ["late:restored"]}
"#;
        assert_eq!(names(text), [vec!["first"], vec!["second"], vec!["third"]]);
    }
}
