//! Names that hide others, and steps that are looked for where they are not.
//!
//! Does not know what is done with a name.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::super::model::{Body, Dynamic, Located, Place, Step};
use super::references::values_in;
use super::{Checker, Finding, codes};

/// Names that every expression may see, or that the language of templates has.
const TAKEN: [&str; 10] =
    ["params", "vars", "inputs", "steps", "run", "out", "index", "value", "loop", "range"];

impl<'r> Checker<'r, '_> {
    /// A step may not have the name of a step that it sees beside a group around it.
    pub(super) fn check_hidden(&mut self, step: &'r Step) {
        let Some((_, outer)) = self.around.split_last() else { return };
        let hidden = outer.iter().find_map(|&(level, _)| {
            let position = self.levels[level].position(&step.name)?;
            Some(self.levels[level].step(position).at)
        });
        if let Some(other) = hidden {
            let message = format!("step `{}` has the name of a step outside its group", step.name);
            self.push(
                Finding::error(codes::SHADOWED, step.at, message)
                    .see("the other one", other)
                    .help("give it another name, so that `steps.NAME` means one step"),
            );
        }
    }

    pub(super) fn check_item_name(&mut self, name: &str, at: Place) {
        let what = if TAKEN.contains(&name) {
            format!("`{name}` already means something in every expression")
        } else if !name.is_empty() && self.items.contains(&name) {
            format!("`{name}` is already the item of a group around this one")
        } else {
            return;
        };
        self.push(Finding::error(codes::SHADOWED, at, what).help("choose another name under `as`"));
    }

    /// Items that stand in the runbook and have no `key` are their own keys.
    pub(super) fn check_item_keys(&mut self, items: &Dynamic, list: Place) {
        let Some(Value::Array(items)) = items.as_literal() else { return };
        let mut at = Place { node: list.node + 1, ..list };
        let mut seen = HashSet::new();
        for item in items {
            let finding = match item {
                Value::String(key) if !seen.insert(key) => Some(
                    Finding::error(codes::ITEM_KEYS, at, format!("item `{key}` is listed twice"))
                        .help("remove one, or tell them apart by `key`"),
                ),
                Value::String(_) => None,
                _ => Some(
                    Finding::error(
                        codes::ITEM_KEYS,
                        at,
                        "an item that is no text has no key of its own",
                    )
                    .help("say how it is known: `key`, an expression over the item and `index`"),
                ),
            };
            finding.into_iter().for_each(|finding| self.push(finding));
            at.node += values_in(item);
        }
    }

    /// The finding for a name that is named here and stands somewhere else in the runbook.
    pub(super) fn elsewhere(&mut self, name: &Located<String>, naming: Naming) -> Option<Finding> {
        let steps = &self.runbook.steps;
        let everywhere = self.everywhere.get_or_insert_with(|| {
            let mut found = HashMap::new();
            collect(steps, &mut Vec::new(), &mut found);
            found
        });
        let target = everywhere.get(name.value.as_str())?.clone();
        let reader: Vec<&str> = self
            .around
            .iter()
            .map(|&(level, position)| self.levels[level].name(position))
            .collect();
        let (wanted, here) = (name.value.as_str(), self.in_words());
        let common = target.iter().zip(&reader).take_while(|(left, right)| left == right).count();
        let finding = |message: String| Finding::error(codes::NOT_BESIDE, name.at, message);
        if common == target.len() {
            let message = match naming {
                Naming::Around => {
                    format!("{here} is inside of `{wanted}`, so it cannot surround it")
                }
                _ => format!("{here} is inside of `{wanted}`, so it cannot wait for it"),
            };
            return Some(finding(message).help("remove it"));
        }
        let Some(&reader_side) = reader.get(common) else {
            let message = format!("{here} needs `{wanted}`, which is inside of it");
            return Some(finding(message).help("remove it; a group ends when what is inside has"));
        };
        let target_side = target[common];
        let target_is_side = target_side == wanted && common + 1 == target.len();
        let reader_is_side = common + 1 == reader.len();
        let help = match (target_is_side, reader_is_side) {
            (false, true) => {
                format!("{} group `{target_side}`, which `{wanted}` is in", naming.order())
            }
            _ if naming == Naming::Around => {
                "a setting surrounds what is beside it; move it beside the step".to_owned()
            }
            (true, _) => format!("let group `{reader_side}` need it"),
            (false, false) => format!(
                "let group `{reader_side}` need group `{target_side}`, which `{wanted}` is in"
            ),
        };
        let itself = here.split_once(' ').map_or("", |(_, name)| name);
        let verb = match naming {
            Naming::Around => "is around",
            Naming::Needs | Naming::After => "needs",
        };
        Some(finding(format!("{here} {verb} `{wanted}`, which is not beside {itself}")).help(help))
    }
}

/// Under which key a name stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    Needs,
    After,
    Around,
}

impl Naming {
    /// What it makes of the one that names: "step `a` needs `b`".
    pub(super) fn verb(self) -> &'static str {
        match self {
            Naming::Needs => "needs",
            Naming::After => "comes after",
            Naming::Around => "is around",
        }
    }

    fn order(self) -> &'static str {
        match self {
            Naming::Needs | Naming::After => "need",
            Naming::Around => "name",
        }
    }
}

/// The first step of each name, with the names of the groups around it and its own.
fn collect<'r>(
    steps: &'r [Step],
    around: &mut Vec<&'r str>,
    found: &mut HashMap<&'r str, Vec<&'r str>>,
) {
    for step in steps {
        around.push(&step.name);
        found.entry(&step.name).or_insert_with(|| around.clone());
        if let Body::Group(inside) = &step.body {
            collect(inside, around, found);
        }
        around.pop();
    }
}
