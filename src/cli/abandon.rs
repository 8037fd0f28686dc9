//! `windlass abandon`.

use super::arguments::{Abandon, Place, Working};
use super::failure::{Failure, REFUSED, USAGE};
use super::take_up::{TakenUp, take_up};
use super::{known, work};
use crate::core::machine::Input;
use crate::core::setting::SettingStanding;
use crate::core::standing::{RunStanding, TaskStanding};
use crate::exec;
use crate::journal::RunFolder;
use crate::observe::printable::escape;
use crate::report::next;
use crate::report::setting::SettingRow;
use crate::report::status::Status;
use crate::spec::near::did_you_mean;

pub(super) fn main(place: &Place, arguments: &Abandon) -> Result<u8, Failure> {
    let taken = take_up(known::find(place, &arguments.run)?)?;
    let run = taken.folder.id();
    if taken.state.run().closed {
        return Err(Failure::new(REFUSED, format!("run {run} is closed already"))
            .help(format!("`{}` shows how it has ended", next::command(&["status", run]))));
    }
    taken.is_here(&next::command(&["abandon", run, "--because", &arguments.because]))?;
    let status = Status::new(run, &taken.plan, &taken.state, None);
    arguments.write_off.iter().try_for_each(|name| is_owed(&status, name))?;
    let is_open = |name: &str| status.settings.iter().any(|s| s.id == name && s.state.is_open());
    let TakenUp { folder, lock, journal, entries, plan, state, by } = taken;
    let first = Input::Abandon {
        by: by.clone(),
        because: arguments.because.clone(),
        // What an earlier call has written off already stays so.
        write_off: arguments.write_off.iter().filter(|name| is_open(name)).cloned().collect(),
    };
    let job = work::Job {
        folder: folder.clone(),
        lock,
        journal,
        plan,
        state,
        jobs: exec::JournalJobs::of(&entries),
        by,
        working: &Working::default(),
        events: None,
        detached: false,
    };
    let code = work::work(job, first)?;
    let status = known::read(folder.clone())?.status();
    if status.state == RunStanding::Abandoned {
        return Ok(0);
    }
    tell(&folder, &status);
    Ok(if code == 8 { code } else { REFUSED })
}

/// Only what is open can be written off.
fn is_owed(status: &Status, name: &str) -> Result<(), Failure> {
    let open = || status.settings.iter().filter(|setting| setting.state.is_open());
    let is_written_off =
        |setting: &SettingRow| setting.id == name && setting.state == SettingStanding::WrittenOff;
    if open().any(|setting| setting.id == name) || status.settings.iter().any(is_written_off) {
        return Ok(());
    }
    let failure = Failure::new(
        USAGE,
        format!("`--write-off {name}`: run {} has no open setting of that name", status.run),
    );
    let near = did_you_mean(name, open().map(|setting| setting.id.as_str()));
    Err(near
        .into_iter()
        .fold(failure, Failure::help)
        .help(format!("`{}` lists the settings", next::command(&["status", &status.run]))))
}

/// Says what keeps a run from being given up.
fn tell(folder: &RunFolder, status: &Status) {
    let run = folder.id();
    let mut reasons = Vec::new();
    let live = status.standing(TaskStanding::Running).count();
    let doubtful = status.standing(TaskStanding::InDoubt).count();
    if live > 0 {
        reasons.push(format!("{live} of its tasks may still be running"));
    }
    if doubtful > 0 {
        let are = if doubtful == 1 { "is" } else { "are" };
        reasons.push(format!("{doubtful} of its tasks {are} in doubt; one of these settles it:"));
        let first = status.standing(TaskStanding::InDoubt).next();
        let answers = first.into_iter().flat_map(|task| next::before_abandoning(run, task));
        reasons.extend(answers.map(|answer| format!("  {}", escape(&answer))));
    }
    let open = status.settings.iter().filter(|setting| setting.state.is_open());
    reasons.extend(open.map(|setting| {
        // What only waits for the tasks needs no decision of its own.
        if live + doubtful > 0 && !setting.is_for_people() {
            return format!("the setting `{}` is put back once that is settled", setting.id);
        }
        let write_off =
            next::command(&["abandon", run, "--because", "WHY", "--write-off", &setting.id]);
        format!("the setting `{}` is not put back: `{write_off}` leaves it as it is", setting.id)
    }));
    eprintln!("run {run} is not abandoned, and starts nothing:");
    reasons.iter().for_each(|reason| eprintln!("  {reason}"));
}
