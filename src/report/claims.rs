//! Which runs hold and want which locks, for people and for programs.
//!
//! Does not look at the disk; whoever calls has read the claims and the runs that hold them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use super::next;
use super::time::local;
use crate::core::standing::{RunStanding, TaskStanding};
use crate::core::state::{Instance, InstanceBody, InstanceId, State};
use crate::lock::claims::{Claim, Liveness, Owner, Released, Wait, encloses};
use crate::observe::printable::escape;
use crate::spec::model::Sharing;

/// How many locks of a run are shown to people.
const LISTED_MAX: usize = 20;

/// How many releases by operators are shown to people.
const RELEASED_MAX: usize = 5;

/// All locks of a machine, as `locks --format json` prints them.
#[derive(Debug, Serialize)]
pub struct Locks {
    /// The folder that holds the claims.
    pub folder: PathBuf,
    /// All who hold a lock, in the order of names.
    pub claims: Vec<ClaimRow>,
    /// Files that do not say who holds their lock.
    pub unreadable: Vec<String>,
    /// What operators have taken away from runs, oldest first.
    pub released: Vec<Released>,
}

/// One who holds a lock.
#[derive(Debug, Serialize)]
pub struct ClaimRow {
    /// The lock.
    pub name: String,
    /// With whom it is shared.
    pub sharing: Sharing,
    /// Which run holds it.
    #[serde(flatten)]
    pub owner: Owner,
    /// For what: the id of a task, group or item, or nothing for the run as a whole.
    pub scope: String,
    /// How what it is held for stands; absent where that cannot be read.
    pub scope_state: Option<TaskStanding>,
    /// Since when.
    pub since: Timestamp,
    /// Whose executor claimed it.
    pub user: String,
    /// On which machine.
    pub host: String,
    /// The token of the claim.
    pub token: String,
    /// Whether an executor of the run lives.
    pub executor: Liveness,
    /// How the run stands; absent where it cannot be read.
    pub state: Option<RunStanding>,
    /// Why it cannot be read.
    pub error: Option<String>,
    /// Who waits for the lock.
    pub waiting: Vec<WaitRow>,
    /// What to do about it, as commands.
    pub next: Vec<String>,
}

/// One who waits for a lock.
#[derive(Debug, Clone, Serialize)]
pub struct WaitRow {
    /// Which run.
    #[serde(flatten)]
    pub owner: Owner,
    /// For what: the id of a task, group or item, or nothing for the run as a whole.
    pub scope: String,
    /// Since when.
    pub since: Timestamp,
}

/// What is known of a run that holds a lock.
#[derive(Debug)]
pub struct HolderRun {
    /// Whether it can be found from here with the state folder of this process.
    pub is_at_hand: bool,
    /// How it stands, and all its tasks; or why it cannot be read.
    pub state: Result<RunTasks, String>,
}

/// How a run and its tasks stand.
#[derive(Debug)]
pub struct RunTasks {
    standing: RunStanding,
    tasks: BTreeMap<String, TaskStanding>,
}

impl RunTasks {
    /// By the state of the run, `alive` telling whether an executor works on it.
    #[must_use]
    pub fn new(state: &State, alive: bool) -> Self {
        // What is in a group that was not entered is not known yet; the group stands for it.
        let counts = |instance: &Instance| match &instance.body {
            InstanceBody::Task(_) | InstanceBody::Part(_) | InstanceBody::Setting(_) => true,
            InstanceBody::Group(group) => group.items.is_none(),
        };
        let numbered = (0..).map(InstanceId).zip(state.instances());
        let tasks = numbered.filter(|(_, instance)| counts(instance));
        let tasks = tasks.map(|(id, instance)| (instance.id.to_string(), state.task_standing(id)));
        Self { standing: state.run_standing(alive), tasks: tasks.collect() }
    }

    /// How what is inside a scope stands: as that of it which needs somebody most. Nothing where no task of it is known.
    #[must_use]
    pub fn scope(&self, scope: &str) -> Option<TaskStanding> {
        let inside = self.tasks.range(scope.to_owned()..);
        let inside = inside.take_while(|(id, _)| id.starts_with(scope));
        let inside = inside.filter(|(id, _)| encloses(scope, id));
        inside.map(|(_, standing)| *standing).max_by_key(|standing| urgency(*standing))
    }

    /// The tasks inside a scope of which nobody knows whether their effect has happened.
    pub fn doubtful(&self, scope: &str) -> impl Iterator<Item = &str> {
        let inside = self.tasks.iter().filter(move |(id, _)| encloses(scope, id));
        inside
            .filter(|(_, standing)| **standing == TaskStanding::InDoubt)
            .map(|(id, _)| id.as_str())
    }

    /// Whether all inside a scope has ended well, was skipped or waived, so that a resume would give its locks back.
    #[must_use]
    pub fn is_finished(&self, scope: &str) -> bool {
        self.scope(scope).is_some_and(|standing| urgency(standing) == 0)
    }
}

fn urgency(standing: TaskStanding) -> u8 {
    match standing {
        TaskStanding::Succeeded | TaskStanding::Skipped | TaskStanding::Waived => 0,
        TaskStanding::Waiting => 1,
        TaskStanding::Blocked => 2,
        TaskStanding::Running => 3,
        TaskStanding::Failed => 4,
        TaskStanding::InDoubt => 5,
    }
}

/// One row for each claim.
#[must_use]
pub fn rows(
    claims: Vec<(Claim, Liveness)>,
    waits: &[(Owner, Wait)],
    runs: &BTreeMap<Owner, HolderRun>,
) -> Vec<ClaimRow> {
    let mut waiting: BTreeMap<&str, Vec<WaitRow>> = BTreeMap::new();
    for (owner, wait) in waits {
        for (name, _) in &wait.names {
            let (owner, scope) = (owner.clone(), wait.scope.clone());
            waiting.entry(name).or_default().push(WaitRow { owner, scope, since: wait.since });
        }
    }
    let mut holders: BTreeMap<String, usize> = BTreeMap::new();
    claims.iter().for_each(|(claim, _)| *holders.entry(claim.name.clone()).or_default() += 1);
    let row = |(claim, executor): (Claim, Liveness)| {
        let (name, hold) = (claim.name, claim.hold);
        let state = runs.get(&hold.owner).map(|run| &run.state);
        let tasks = state.and_then(|state| state.as_ref().ok());
        let mut row = ClaimRow {
            scope_state: tasks.and_then(|tasks| tasks.scope(&hold.scope)),
            state: tasks.map(|tasks| tasks.standing),
            error: state.and_then(|state| state.as_ref().err().cloned()),
            waiting: waiting.get(name.as_str()).cloned().unwrap_or_default(),
            name,
            sharing: hold.sharing,
            owner: hold.owner,
            scope: hold.scope,
            since: hold.by.since,
            user: hold.by.user,
            host: hold.by.host,
            token: hold.token,
            executor,
            next: Vec::new(),
        };
        let is_at_hand = runs.get(&row.owner).is_some_and(|run| run.is_at_hand);
        row.next = commands(&row, is_at_hand, holders[&row.name] > 1);
        row
    };
    claims.into_iter().map(row).collect()
}

/// What leads on: what gives the lock back in good order first, and taking it away last.
fn commands(row: &ClaimRow, is_at_hand: bool, is_shared: bool) -> Vec<String> {
    let run = row.owner.run.as_str();
    let about = |words: &[&str]| match is_at_hand {
        true => next::command(words),
        false => next::command_in(&row.owner.state_dir, words),
    };
    let mut release = vec!["locks", "release", row.name.as_str(), "--because", "WHY"];
    if is_shared {
        release.extend(["--run", run]);
    }
    let release = next::command(&release);
    let status = about(&["status", run]);
    match (row.executor, row.state) {
        (Liveness::Alive, _) => vec![status],
        (Liveness::Unknown, _) => vec![format!("{status}   # on {}", row.host)],
        (Liveness::Gone, None | Some(RunStanding::Succeeded | RunStanding::Abandoned)) => {
            vec![release]
        }
        (Liveness::Gone, Some(_)) => {
            let release = format!("{release}   # only if resume does not help");
            vec![about(&["resume", run]), status, release]
        }
    }
}

impl Locks {
    /// For people: by run, those first for whose locks somebody waits.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut by_run: BTreeMap<&Owner, Vec<&ClaimRow>> = BTreeMap::new();
        self.claims.iter().for_each(|row| by_run.entry(&row.owner).or_default().push(row));
        let mut by_run: Vec<Vec<&ClaimRow>> = by_run.into_values().collect();
        let is_wanted = |rows: &[&ClaimRow]| rows.iter().any(|row| !row.waiting.is_empty());
        by_run.sort_by_key(|rows| !is_wanted(rows));
        if self.claims.is_empty() {
            let _ = writeln!(text, "no run holds a lock in {}", self.folder.display());
        }
        for (number, rows) in by_run.into_iter().enumerate() {
            text.push_str(if number == 0 { "" } else { "\n" });
            of_run(&mut text, rows);
        }
        self.releases(&mut text);
        text
    }

    fn releases(&self, text: &mut String) {
        if self.released.is_empty() {
            return;
        }
        text.push_str("\ntaken away by operators:\n");
        for note in self.released.iter().rev().take(RELEASED_MAX) {
            let Released { at, name, owner, by, because, .. } = note;
            let (at, run) = (local(*at), &owner.run);
            let _ = writeln!(
                text,
                "  {at}  {} from run {run}, by {} on {}: {}",
                escape(name),
                escape(&by.user),
                escape(&by.host),
                escape(because)
            );
        }
        let more = self.released.len().saturating_sub(RELEASED_MAX);
        if more > 0 {
            let _ = writeln!(text, "  and {more} before (`--format json` lists all)");
        }
    }
}

/// The locks of one run, what is wanted first, and what to type.
fn of_run(text: &mut String, mut rows: Vec<&ClaimRow>) {
    rows.sort_by_key(|row| row.waiting.is_empty());
    let first = rows[0];
    let count = match rows.len() {
        1 => "1 lock".to_owned(),
        count => format!("{count} locks"),
    };
    let ClaimRow { owner, user, host, .. } = first;
    let _ = writeln!(
        text,
        "run {} of {} on {} holds {count}; {}",
        owner.run,
        escape(user),
        escape(host),
        life(first)
    );
    for row in rows.iter().take(LISTED_MAX) {
        let _ = writeln!(
            text,
            "  {}{}, since {}",
            escape(&row.name),
            escape(&purpose(row)),
            local(row.since)
        );
        for wait in &row.waiting {
            let scope = if wait.scope.is_empty() { "itself" } else { &wait.scope };
            let scope = escape(scope);
            let since = local(wait.since);
            let _ =
                writeln!(text, "    wanted by run {} for {scope}, since {since}", wait.owner.run);
        }
    }
    if rows.len() > LISTED_MAX {
        let more = rows.len() - LISTED_MAX;
        let _ = writeln!(text, "  and {more} more (`--format json` lists all)");
    }
    text.push_str("next:\n");
    first.next.iter().for_each(|command| {
        let _ = writeln!(text, "  {command}");
    });
}

fn life(row: &ClaimRow) -> String {
    let state = row.state.map(|state| state.name().replace('_', " "));
    let state = match (state, &row.error) {
        (Some(state), _) => state,
        (None, Some(error)) => error.clone(),
        (None, None) => "nothing is known of it".to_owned(),
    };
    match row.executor {
        Liveness::Alive => "its executor lives".to_owned(),
        Liveness::Gone => format!("{state}, and no executor works on it"),
        Liveness::Unknown => format!("{state}; from here it cannot be seen whether it goes on"),
    }
}

fn purpose(row: &ClaimRow) -> String {
    let sharing = match row.sharing {
        Sharing::Exclusive => String::new(),
        Sharing::Shared => " shared".to_owned(),
        Sharing::Slots(slots) => format!(" in one of {slots} slots"),
    };
    let state = row.scope_state.map(|state| format!(" ({})", state.name().replace('_', " ")));
    match row.scope.as_str() {
        "" => sharing,
        scope => format!("{sharing} for {scope}{}", state.unwrap_or_default()),
    }
}
