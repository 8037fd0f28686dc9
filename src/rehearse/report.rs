//! What a rehearsal has found, in the words of people: the form of `rehearse --format json`.
//!
//! Says nothing that the table of trials does not say.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Extent;
use super::answers::Assumption;
use super::operator::{Deed, RUN};
use super::table::{Kind, Moment, Row, Table};
use super::world::Death;
use crate::core::job::Role;
use crate::core::record::Decision;
use crate::plan::Plan;
use crate::report::next;

/// What a rehearsal has found.
#[derive(Debug, Clone, Serialize)]
pub struct Rehearsal {
    /// The runbook's name.
    pub runbook: String,
    /// The runbook's title.
    pub title: String,
    /// How many jobs ran at a time.
    pub jobs: usize,
    /// What was assumed, because only a run can know it.
    pub assumed: Vec<String>,
    /// Points between two steps of the executor at which it died.
    pub points: u64,
    /// Simulated runs in which something went wrong.
    pub trials: u64,
    /// Where a promise was broken.
    pub broken: Vec<Point>,
    /// Where a person is needed.
    pub needs_a_person: Vec<Point>,
    /// Steps that were done over what they had done already, since they say that they are `idempotent`.
    pub done_again: Vec<String>,
    /// Where `resume` was enough.
    pub silent: Silent,
}

/// Trials of one kind.
#[derive(Debug, Clone, Serialize)]
pub struct Point {
    /// The step, by the names of the groups around it; empty for the run.
    pub step: String,
    /// Which job of it, if it is not the step's action.
    pub job: Option<String>,
    /// What happened.
    pub happened: String,
    /// What died: `executor`, `keeper` (the executor with it), `machine`, `nothing`.
    pub died: Vec<String>,
    /// What was left of the effect.
    pub left: Option<String>,
    /// How many trials were of this kind.
    pub count: u64,
    /// One of the tasks.
    pub example: String,
    /// What was broken.
    pub broken: Vec<String>,
    /// What the operator sees.
    pub sees: Vec<String>,
    /// What the operator does.
    pub does: Vec<String>,
}

/// How many trials needed no more than `resume`, by what died.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Silent {
    /// The executor.
    pub executor: u64,
    /// The executor and the keeper.
    pub keeper: u64,
    /// The machine.
    pub machine: u64,
    /// Nothing: a job ended badly, or the world was found otherwise than it should be.
    pub nothing: u64,
}

impl Rehearsal {
    /// Of a runbook that does not come to its end even when nothing goes wrong.
    pub(super) fn broken(plan: &Plan, extent: Extent, assumed: &[Assumption], why: String) -> Self {
        let mut table = Table::default();
        table.add_broken(crate::plan::graph::NodeId::ROOT, why);
        Self::new(plan, extent, assumed, &table)
    }

    pub(super) fn new(plan: &Plan, extent: Extent, assumed: &[Assumption], table: &Table) -> Self {
        let count = |is: &dyn Fn(Option<Death>) -> bool| {
            table.silent.iter().filter(|(death, _)| is(**death)).map(|(_, count)| count).sum()
        };
        let silent = Silent {
            executor: count(&|death| death == Some(Death::Executor)),
            keeper: count(&|death| death == Some(Death::Keeper)),
            machine: count(&|death| matches!(death, Some(Death::Machine { .. }))),
            nothing: count(&|death| death.is_none()),
        };
        let points = table.rows.iter().map(|(kind, row)| point(plan, kind, row));
        let (broken, needs_a_person) = points.partition(|point: &Point| !point.broken.is_empty());
        Self {
            runbook: plan.name.clone(),
            title: plan.title.clone(),
            jobs: extent.jobs,
            assumed: assumed.iter().map(|known| assumption(plan, extent, *known)).collect(),
            points: table.points,
            trials: table.trials,
            broken,
            needs_a_person,
            done_again: table.done_again.iter().map(|node| plan.graph.path(*node)).collect(),
            silent,
        }
    }
}

fn assumption(plan: &Plan, extent: Extent, assumption: Assumption) -> String {
    let path = |node| plan.graph.path(node);
    match assumption {
        Assumption::Condition(node) => {
            format!(
                "`when` of `{}` hangs on what a step finds: both ways were rehearsed",
                path(node)
            )
        }
        Assumption::Assertion(node) => {
            format!(
                "what `{}` asserts hangs on what a step finds: it was taken to hold",
                path(node)
            )
        }
        Assumption::Items(node) => {
            let items = extent.items;
            format!("the items of `{}` hang on what a step finds: {items} were made up", path(node))
        }
        Assumption::Cut(node, count) => {
            format!("`{}` has {count} items: the first {} were rehearsed", path(node), extent.items)
        }
        Assumption::TwoStates(node) => {
            let path = path(node);
            format!(
                "the probe of `{path}` knows nothing between `done` and `absent`: what is half done was taken to be neither"
            )
        }
        Assumption::Command(node) => {
            format!("a command of `{}` cannot be rendered with made-up values", path(node))
        }
    }
}

fn point(plan: &Plan, kind: &Kind, row: &Row) -> Point {
    let died: BTreeSet<&str> = row.deaths.iter().map(|death| dead(*death)).collect();
    let mut happened = happened(kind.moment).to_owned();
    if row.pair {
        happened.push_str(", and once more while it was resumed");
    }
    Point {
        step: plan.graph.path(kind.node),
        job: kind.role.and_then(Role::label).or_else(|| way(kind.role)),
        happened,
        died: died.into_iter().map(str::to_owned).collect(),
        left: kind.left.clone(),
        count: row.count,
        example: row.example.to_string(),
        broken: kind.broken.clone(),
        sees: row.deeds.iter().map(|deed| format!("{} {}", deed.about, deed.sees)).collect(),
        does: does(&row.deeds),
    }
}

fn way(role: Option<Role>) -> Option<String> {
    match role? {
        Role::Set => Some("changing it".to_owned()),
        Role::Restore => Some("putting it back".to_owned()),
        _ => None,
    }
}

fn dead(death: Option<Death>) -> &'static str {
    match death {
        None => "nothing",
        Some(Death::Executor) => "executor",
        Some(Death::Keeper) => "keeper",
        Some(Death::Machine { .. }) => "machine",
    }
}

fn happened(moment: Moment) -> &'static str {
    match moment {
        Moment::Undisturbed => "nothing goes wrong, and yet it does not come to a good end",
        Moment::Between => "a crash between two steps of the executor",
        Moment::While | Moment::Fails | Moment::Ended => "its job breaks off or ends badly",
        Moment::Unborn => "the command of its job cannot be started",
        Moment::Found => "the world is found otherwise",
    }
}

/// What the operator does, as commands and as words for what is done by hand; `resume` is the last.
fn does(deeds: &[Deed]) -> Vec<String> {
    let mut does = Vec::new();
    for deed in deeds {
        if deed.by_hand {
            does.push(format!("put right by hand what is left of {}", deed.about));
        }
        let decision = match deed.decision {
            Some(Decision::Done) => "done",
            Some(Decision::Absent) => "absent",
            Some(Decision::Failed) => "failed",
            Some(Decision::Waived) => "waived",
            None => continue,
        };
        let words = ["resolve", RUN, &deed.about, "--as", decision, "--because", "WHY"];
        does.push(next::command(&words));
    }
    if !deeds.is_empty() {
        does.push(next::command(&["resume", RUN]));
    }
    does
}
