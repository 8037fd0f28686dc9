//! The locks of one run: what it holds, what it waits for, and what to type about that.
//!
//! Knows what the run's journal says; who holds what on the machine is the business of `windlass locks`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::next;
use super::time::local;
use crate::core::claim::{Blocker, Holder};
use crate::core::state::{InstanceId, State};
use crate::observe::printable::escape;

/// How many locks are listed one by one.
const LISTED_MAX: usize = 10;

/// A lock that a run holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Held {
    /// Its name.
    pub name: String,
    /// For what: id of a task, a group or an item; empty for the whole run.
    pub scope: String,
}

/// A lock that a run waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaited {
    /// For what: id of a task, a group or an item; empty for the whole run.
    pub scope: String,
    /// Who was in the way when it asked last.
    pub by: Blocker,
}

/// What a run holds, in the order of its holders.
#[must_use]
pub fn held(state: &State) -> Vec<Held> {
    let claims = state.claims().held().flat_map(|(holder, claim)| {
        let scope = state.holder_id(holder).to_string();
        claim
            .locks
            .iter()
            .map(move |lock| Held { name: lock.name.to_string(), scope: scope.clone() })
    });
    claims.collect()
}

/// What a run waits for; nothing once it is closed.
#[must_use]
pub fn awaited(state: &State) -> Vec<Awaited> {
    let waiting = state.claims().waiting().filter(|_| !state.run().closed);
    let waiting = waiting.filter(|(holder, _)| is_open(state, *holder));
    waiting
        .map(|(holder, by)| Awaited { scope: state.holder_id(holder).to_string(), by: by.clone() })
        .collect()
}

/// Whether something under a holder is still to be done. A setting that was not read holds nothing, and is none the less waited
/// for by what it surrounds.
fn is_open(state: &State, holder: Holder) -> bool {
    let owner = match holder {
        Holder::Task(id) => state.part(id).map(|part| part.owner),
        Holder::Scope(_) => None,
    };
    let needed = owner.and_then(|owner| state.setting(owner)).is_some_and(|s| s.surrounds_open());
    needed || !state.is_finished(holder)
}

/// Who is in the way of a task, or of a setting around it.
#[must_use]
pub fn in_the_way_of(state: &State, task: InstanceId) -> Option<&Blocker> {
    // Most runs wait for nobody.
    state.claims().waiting().next()?;
    let denied = |holder| state.claims().denied(holder).filter(|_| is_open(state, holder));
    let settings = state.settings_around(task).into_iter();
    let mut parts = settings.flat_map(|setting| state.parts_of(setting));
    let around = state.holders_around(task).into_iter().find_map(denied);
    around.or_else(|| parts.find_map(|(part, _)| denied(Holder::Task(part))))
}

/// The commands that may end waits.
#[must_use]
pub fn steps(run: &str, awaited: &[Awaited]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut steps = Vec::new();
    for Awaited { by, .. } in awaited {
        let ours = by.run == run && by.state_dir.is_none();
        if ours || !seen.insert((&by.run, &by.state_dir)) {
            continue;
        }
        let there = |words: &[&str]| match &by.state_dir {
            Some(folder) => next::command_in(Path::new(folder), words),
            None => next::command(words),
        };
        if by.alive {
            steps.push(format!("{}   # it goes on", there(&["status", &by.run])));
        } else {
            steps.push(format!("{}   # continues it", there(&["resume", &by.run])));
        }
    }
    steps
}

/// Who is in the way, in the time of whoever reads it.
fn words(by: &Blocker) -> String {
    let Blocker { lock, run, user, host, .. } = by;
    let scope = if by.scope.is_empty() { String::new() } else { format!(" ({})", by.scope) };
    let executor = if by.alive { "it is being worked on" } else { "nobody works on it" };
    let since = local(by.since);
    format!(
        "lock `{lock}` is held by run {run}{scope} of {user} on {host} since {since}; {executor}"
    )
}

/// For people: what is waited for and what is held.
pub fn write(text: &mut String, awaited: &[Awaited], held: &[Held]) {
    if !awaited.is_empty() {
        text.push_str("\nwaiting for locks:\n");
        for Awaited { scope, by } in awaited.iter().take(LISTED_MAX) {
            let scope = if scope.is_empty() { "the run" } else { scope };
            let _ = writeln!(text, "  {}: {}", escape(scope), escape(&words(by)));
        }
        more(text, awaited.len());
    }
    if !held.is_empty() {
        text.push_str("\nlocks held, until the work under them has ended well or is waived:\n");
        for Held { name, scope } in held.iter().take(LISTED_MAX) {
            let scope = if scope.is_empty() { "the run" } else { scope };
            let _ = writeln!(text, "  {} ({})", escape(name), escape(scope));
        }
        more(text, held.len());
    }
}

fn more(text: &mut String, count: usize) {
    if count > LISTED_MAX {
        let more = count - LISTED_MAX;
        let _ = writeln!(text, "  and {more} more (`--format json` lists all)");
    }
}
