//! `windlass locks release`.

use std::collections::BTreeSet;
use std::io;

use super::arguments::{Place, Release};
use super::failure::{Failure, JOURNAL, LOCKED, REFUSED, USAGE};
use super::{known, locks};
use crate::exec::now;
use crate::keeper::{self, Living};
use crate::lock::claims::{Claim, ClaimFolder, Liveness, Owner, Released, encloses};
use crate::lock::{self, Holder, LockError};
use crate::observe::printable::escape;
use crate::report::claims::RunTasks;
use crate::report::next;

/// How many doubts are named.
const WARNED_MAX: usize = 5;

pub(super) fn main(place: &Place, arguments: &Release) -> Result<u8, Failure> {
    let path = locks::folder(place)?;
    let (held, released) = match ClaimFolder::look(&path)? {
        Some(folder) => (folder.holders(&arguments.name)?, folder.taken_away()?),
        None => (Vec::new(), Vec::new()),
    };
    if held.is_empty() {
        return Err(nobody(&arguments.name, &released));
    }
    let meant = meant(place, arguments, &held)?;
    let holder = Holding { place, owner: meant[0].hold.owner.clone(), claims: meant };
    let folder = ClaimFolder::open(&path)?;
    // An executor that began now would take the claim for its own while it is taken away.
    let _lock = holder.lock_run()?;
    holder.refuse_if_alive()?;
    let by = Holder::this_process(now());
    let mut released = 0;
    for claim in &holder.claims {
        released += usize::from(folder.take_away(claim, &by, &arguments.because)?.is_some());
    }
    if released == 0 {
        return Err(nobody(&arguments.name, &folder.taken_away()?));
    }
    holder.warn();
    super::print(&holder.words())?;
    Ok(0)
}

/// Those of the claims that are to be taken away: all that one run has.
fn meant(place: &Place, arguments: &Release, held: &[Claim]) -> Result<Vec<Claim>, Failure> {
    let name = &arguments.name;
    let mut meant = held.to_vec();
    if let Some(run) = &arguments.run {
        let run = match run.as_str() {
            "latest" => known::find(place, run)?.id().to_owned(),
            run => run.to_owned(),
        };
        meant.retain(|claim| claim.hold.owner.run.starts_with(&run));
        // A whole id is meant even where it is also the beginning of another.
        if meant.iter().any(|claim| claim.hold.owner.run == run) {
            meant.retain(|claim| claim.hold.owner.run == run);
        }
    }
    let Some(first) = meant.first().map(|claim| claim.hold.owner.clone()) else {
        let run = arguments.run.as_deref().unwrap_or_default();
        let failure = Failure::new(USAGE, format!("run `{run}` does not hold lock `{name}`"));
        return Err(match held.first() {
            Some(claim) => failure.help(format!("it is held by {}", claim.hold)),
            None => failure,
        });
    };
    if meant.iter().all(|claim| claim.hold.owner == first) {
        return Ok(meant);
    }
    let failure = Failure::new(USAGE, format!("several runs hold lock `{name}`"));
    Err(meant.iter().fold(failure, |failure, claim| {
        let words = ["locks", "release", name, "--run", &claim.hold.owner.run, "--because", "WHY"];
        failure.help(format!("{}   # held by {}", next::command(&words), claim.hold))
    }))
}

/// Who asks a second time is told that the first one has worked.
fn nobody(name: &str, released: &[Released]) -> Failure {
    let mut failure = Failure::new(USAGE, format!("nobody holds lock `{name}`"));
    if let Some(last) = released.iter().rfind(|released| released.name == name) {
        let [run, by, because] =
            [&last.owner.run, &last.by.user, &last.because].map(|text| escape(text));
        failure = failure
            .help(format!("{by} took it away from run {run} at {at:.0}: {because}", at = last.at));
    }
    failure.help(format!("`{}` lists the locks that are held", next::command(&["locks"])))
}

/// A run and those of its claims that are to be taken away.
struct Holding<'a> {
    place: &'a Place,
    owner: Owner,
    claims: Vec<Claim>,
}

impl Holding<'_> {
    /// Keeps executors out of the run, if there still is one.
    fn lock_run(&self) -> Result<Option<lock::RunLock>, Failure> {
        let run = &self.owner.run;
        let hold = &self.claims[0].hold;
        if hold.by.host != Holder::this_process(now()).host {
            let place =
                format!("run {run} holds it on {}, and only there it can be seen", hold.by.host);
            return Err(Failure::new(REFUSED, format!("{place} whether a job under it lives")));
        }
        if self.is_folder_gone()? {
            return Ok(None);
        }
        match lock::try_lock_run(&self.owner.folder()) {
            Ok(lock) => Ok(Some(lock)),
            Err(LockError::Held { holder, .. }) => {
                let who = holder.map(|holder| format!(": {holder}")).unwrap_or_default();
                Err(Failure::new(LOCKED, format!("the executor of run {run} lives{who}"))
                    .help(format!("{}   # shows what it does", self.command(&["status", run])))
                    .help(format!("{}   # ends it", self.command(&["stop", run]))))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A run that was removed is gone; a whole state folder that is missing may be on a disk that is not there just now.
    fn is_folder_gone(&self) -> Result<bool, Failure> {
        let state_dir = &self.owner.state_dir;
        let unseen = |error: &io::Error| {
            let path = self.owner.folder().path().display().to_string();
            Failure::new(
                JOURNAL,
                format!("the run that holds it cannot be seen in `{path}`: {error}"),
            )
        };
        if let Err(error) = state_dir.metadata() {
            return Err(unseen(&error).help(format!(
                "mount the disk of {}, or type this as a user who may read it",
                state_dir.display()
            )));
        }
        match self.owner.folder().path().metadata() {
            Ok(_) => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(unseen(&error).help("type this as a user who may read it")),
        }
    }

    fn refuse_if_alive(&self) -> Result<(), Failure> {
        let is_under =
            |task: &str| self.claims.iter().any(|claim| encloses(&claim.hold.scope, task));
        let found = if self.is_folder_gone()? {
            keeper::living_without_folder(&self.owner.run, is_under)
        } else {
            keeper::living(self.owner.folder().path(), is_under)
                .map_err(|error| Failure::new(JOURNAL, error.to_string()))?
        };
        let Some(Living { job, pid, command }) = found else { return Ok(()) };
        let run = &self.owner.run;
        let job = format!("a job of `{}` lives under it: process {pid}, {command}", job.task);
        Err(Failure::new(REFUSED, job)
            .help(format!("{}   # takes over what becomes of it", self.command(&["resume", run])))
            .help("or wait until it has ended"))
    }

    /// Says of what nobody knows whether it has happened: whoever gets the lock now may come upon half of it.
    fn warn(&self) {
        let Ok(tasks) = locks::tasks(&self.owner, Liveness::Gone) else { return };
        let under = self.claims.iter().flat_map(|claim| tasks.doubtful(&claim.hold.scope));
        let under: BTreeSet<&str> = under.collect();
        if under.is_empty() {
            return;
        }
        for task in under.iter().take(WARNED_MAX) {
            eprintln!("warning: under it `{}` may have happened and nobody knows", escape(task));
        }
        if under.len() > WARNED_MAX {
            eprintln!("warning: and {} more", under.len() - WARNED_MAX);
        }
        eprintln!("  {}   # shows them", self.command(&["status", &self.owner.run]));
    }

    /// What was done, and what follows from it for the run.
    fn words(&self) -> String {
        let mut text = String::new();
        for Claim { name, hold } in &self.claims {
            text.push_str(&format!("released: lock `{name}`, which was held by {hold}\n"));
        }
        let run = &self.owner.run;
        let is_finished =
            |tasks: &RunTasks| self.claims.iter().all(|claim| tasks.is_finished(&claim.hold.scope));
        match locks::tasks(&self.owner, Liveness::Gone) {
            Ok(tasks) if is_finished(&tasks) => {
                text.push_str("nothing under it was open any more\n");
            }
            Ok(_) => {
                let resume = self.command(&["resume", run]);
                text.push_str(&format!(
                    "{resume}   # finds it gone, and asks what has become of the work under it\n"
                ));
            }
            Err(reason) => {
                text.push_str(&format!(
                    "run {run} cannot be read ({reason}), so nothing says what was open under it\n"
                ));
            }
        }
        text
    }

    fn command(&self, words: &[&str]) -> String {
        match locks::is_at_hand(self.place, &self.owner) {
            true => next::command(words),
            false => next::command_in(&self.owner.state_dir, words),
        }
    }
}
