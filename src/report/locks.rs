//! The locks of one run: what it holds, what it waits for, and what to type about that.
//!
//! Knows what the run's journal says; who holds what on the machine is the business of `windlass locks`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use jiff::Timestamp;
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

/// A lock that an operator has taken away from a run, which has not found that out yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Lost {
    /// What was held.
    #[serde(flatten)]
    pub held: Held,
    /// Who took it away.
    pub user: String,
    /// When.
    pub at: Timestamp,
    /// The reason given.
    pub because: String,
}

/// A lock that a run waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Awaited {
    /// For what: id of a task, a group or an item; empty for the whole run.
    pub scope: String,
    /// Who was in the way when it asked last.
    pub by: Blocker,
    /// How the run in its way stands since, where that was looked at.
    pub now: Option<InTheWay>,
}

/// How a run stands that is in the way of another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InTheWay {
    /// An executor works on it.
    Working,
    /// Nobody works on it, and it is not at its end.
    AtRest,
    /// It is at its end, or its folder is gone: it gives nothing back by itself.
    Over,
    /// It has the lock no more.
    Free,
    /// It waits in turn for the run that waits for it: each has what the next one wants.
    Ring(Vec<Link>),
}

/// One run of a ring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Link {
    /// The run that waits.
    pub run: String,
    /// For what in it.
    pub scope: String,
    /// The lock that it wants.
    pub lock: String,
    /// The run that holds it.
    pub holder: String,
}

impl Awaited {
    /// The wait as a part of a ring.
    #[must_use]
    pub fn link(&self, run: &str) -> Link {
        Link {
            run: run.to_owned(),
            scope: self.scope.clone(),
            lock: self.by.lock.to_string(),
            holder: self.by.run.clone(),
        }
    }

    /// How the run in its way stands; what was known at the denial, where nobody has looked since.
    fn in_the_way(&self) -> &InTheWay {
        let then = if self.by.alive { &InTheWay::Working } else { &InTheWay::AtRest };
        self.now.as_ref().unwrap_or(then)
    }
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
        .map(|(holder, by)| {
            let scope = state.holder_id(holder).to_string();
            Awaited { scope, by: by.clone(), now: None }
        })
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
    for awaited in awaited {
        let by = &awaited.by;
        let ours = by.run == run && by.state_dir.is_none();
        // Each lock of a run that is over has to be taken away by itself.
        let lock = (*awaited.in_the_way() == InTheWay::Over).then_some(&by.lock);
        let free = *awaited.in_the_way() == InTheWay::Free;
        if ours || free || !seen.insert((&by.run, &by.state_dir, lock)) {
            continue;
        }
        let there = |words: &[&str]| match &by.state_dir {
            Some(folder) => next::command_in(Path::new(folder), words),
            None => next::command(words),
        };
        let (words, meaning) = match awaited.in_the_way() {
            InTheWay::Working => (there(&["status", &by.run]), "it goes on"),
            InTheWay::AtRest => (there(&["resume", &by.run]), "continues it"),
            InTheWay::Ring(_) => {
                let words = ["abandon", &by.run, "--because", "WHY"];
                (there(&words), "gives it up, and its locks back; then")
            }
            InTheWay::Over => {
                let words = ["locks", "release", &by.lock, "--because", "WHY", "--run", &by.run];
                (next::command(&words), "its run is gone, or at its end")
            }
            // The run that waits has only to ask once more.
            InTheWay::Free => continue,
        };
        steps.push(format!("{words}   # {meaning}"));
    }
    steps
}

/// Who is in the way, in the time of whoever reads it.
fn words(awaited: &Awaited) -> String {
    let Blocker { lock, run, user, host, .. } = &awaited.by;
    let scope = in_scope(&awaited.by.scope);
    let run_now = match awaited.in_the_way() {
        InTheWay::Working => "it is being worked on",
        InTheWay::AtRest => "nobody works on it",
        InTheWay::Over => "that run is gone, or at its end, and gives nothing back",
        InTheWay::Ring(_) => "each holds what the other wants",
        InTheWay::Free => "it has it no more",
    };
    if *awaited.in_the_way() == InTheWay::Free {
        return format!("lock `{lock}` was held by run {run}{scope}, and is not any more");
    }
    let since = local(awaited.by.since);
    format!(
        "lock `{lock}` is held by run {run}{scope} of {user} on {host} since {since}; {run_now}"
    )
}

fn in_scope(scope: &str) -> String {
    if scope.is_empty() { String::new() } else { format!(" ({scope})") }
}

/// The runs of a ring, one a line.
fn write_ring(text: &mut String, ring: &[Link]) {
    for Link { run, scope, lock, holder } in ring {
        let scope = in_scope(scope);
        let line = format!("run {run}{scope} waits for lock `{lock}`, held by run {holder}");
        let _ = writeln!(text, "    {}", escape(&line));
    }
}

/// For people: what is waited for and what is held.
pub fn write(text: &mut String, awaited: &[Awaited], held: &[Held], lost: &[Lost]) {
    if !awaited.is_empty() {
        text.push_str("\nwaiting for locks:\n");
        for wait in awaited.iter().take(LISTED_MAX) {
            let scope = if wait.scope.is_empty() { "the run" } else { &wait.scope };
            let _ = writeln!(text, "  {}: {}", escape(scope), escape(&words(wait)));
            if let Some(InTheWay::Ring(ring)) = &wait.now {
                write_ring(text, ring);
            }
        }
        more(text, awaited.len(), "");
    }
    if !held.is_empty() {
        text.push_str("\nlocks held, until the work under them has ended well or is waived:\n");
        for Held { name, scope } in held.iter().take(LISTED_MAX) {
            let scope = if scope.is_empty() { "the run" } else { scope };
            let _ = writeln!(text, "  {} ({})", escape(name), escape(scope));
        }
        more(text, held.len(), " (`--format json` lists all)");
    }
    if !lost.is_empty() {
        text.push_str("\nlocks lost, as a resume will find:\n");
        for Lost { held, user, at, because } in lost.iter().take(LISTED_MAX) {
            let scope = if held.scope.is_empty() { "the run" } else { &held.scope };
            let (name, at) = (&held.name, local(*at));
            let line = format!("{name} ({scope}): taken away by {user} at {at} because: {because}");
            let _ = writeln!(text, "  {}", escape(&line));
        }
        more(text, lost.len(), "");
    }
}

fn more(text: &mut String, count: usize, how: &str) {
    if count > LISTED_MAX {
        let more = count - LISTED_MAX;
        let _ = writeln!(text, "  and {more} more{how}");
    }
}
