//! Records → what has happened to one task, for people.
//!
//! Knows only the record itself: each sentence can be read without the ones before it.

use serde_json::Value;

use super::shell;
use super::time::local;
use crate::core::question::Answer;
use crate::core::record::{Actor, Decision, JobEnd, Judgement, Record, Verdict};
use crate::core::setting::SettingStanding;
use crate::core::standing::TaskStanding;

/// What a record says about its task, group or item; nothing where it is about the run as a whole.
#[must_use]
pub fn moment(record: &Record) -> Option<String> {
    let text = match record {
        Record::ItemsFrozen { items, .. } => match items.len() {
            1 if items[0].key.is_none() => "entered".to_owned(),
            1 => "entered with 1 item".to_owned(),
            count => format!("entered with {count} items"),
        },
        Record::Claimed { locks, .. } => {
            let locks: Vec<String> = locks.iter().map(ToString::to_string).collect();
            format!("holds {}", locks.join(", "))
        }
        Record::Denied { by, .. } => format!("waits: {by}"),
        Record::Released { .. } => "has given its locks back".to_owned(),
        Record::ClaimLost { names, .. } => format!("has lost {}", names.join(", ")),
        Record::JobStarting { attempt, role, argv, .. } => {
            let what = role.label().map(|label| format!(" ({label})")).unwrap_or_default();
            format!(
                "job {attempt} started{what}: {}",
                shell::command(argv.iter().map(String::as_str))
            )
        }
        Record::JobEnded { attempt, end, verdict, .. } => {
            let how = match end {
                JobEnd::Ran(end) => end.to_string(),
                JobEnd::NotSpawned { reason } => reason.clone(),
            };
            match verdict {
                Verdict::Good => format!("job {attempt} {how}: good"),
                Verdict::Repeat { held } => {
                    let until = if *held { "holds" } else { "does not hold" };
                    format!("job {attempt} {how}: good, `until` {until}, to be done again")
                }
                Verdict::Overdue { reason } => {
                    format!("job {attempt} {how}: {reason}; the step goes on")
                }
                Verdict::Bad { reason } if *reason == how => format!("job {attempt} {how}: bad"),
                Verdict::Bad { reason } => format!("job {attempt} {how}: bad, {reason}"),
            }
        }
        Record::JobOrphaned { attempt, pid, command, .. } => {
            format!("job {attempt} has lost its keeper, and process {pid} of it lives: {command}")
        }
        Record::JobLost { attempt, .. } => {
            format!("job {attempt} is over, and how it ended is lost")
        }
        Record::Judged { judgement, reason, .. } => judged(*judgement, reason),
        Record::OutputsKept { outputs, .. } => format!("outputs kept: {outputs}"),
        Record::WaitUntil { until, reason, .. } => format!("{reason}, at {}", local(*until)),
        Record::WindowAwaited { window, until, .. } => {
            format!("waits for window `{window}`, until {}", local(*until))
        }
        Record::Asked { question, .. } => {
            let until = question.until.map(|until| format!(", until {}", local(until)));
            format!("asks {}{}: {}", question.whom(), until.unwrap_or_default(), question.text)
        }
        Record::Answered { by, answer, .. } => answered(by, answer),
        Record::SettingMoved { state, value, reason, .. } => {
            moved(*state, value.as_deref(), reason.as_deref())
        }
        Record::TaskEnded { outcome, reason, .. } => {
            let outcome = TaskStanding::from(*outcome).name();
            reason
                .as_ref()
                .map_or_else(|| outcome.to_owned(), |reason| format!("{outcome}: {reason}"))
        }
        Record::Resolved { decision, because, by, .. } => {
            let decision = match decision {
                Decision::Done => "done",
                Decision::Absent => "not begun",
                Decision::Failed => "failed",
                Decision::Waived => "waived",
            };
            format!("{} on {} decides: {decision}, because {because}", by.user, by.host)
        }
        Record::Opened(_)
        | Record::Resumed { .. }
        | Record::Stopped { .. }
        | Record::Closed { .. } => return None,
    };
    Some(text)
}

fn answered(by: &Actor, answer: &Answer) -> String {
    let what = if answer.go { "approves" } else { "rejects" };
    let told: Vec<String> =
        answer.fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let told = if told.is_empty() { String::new() } else { format!(", {}", told.join(", ")) };
    let why = answer.because.as_ref().map(|why| format!(", because {why}")).unwrap_or_default();
    format!("{} on {} {what}{told}{why}", by.user, by.host)
}

fn moved(state: SettingStanding, value: Option<&Value>, reason: Option<&str>) -> String {
    let value = value.map_or_else(|| "(not known)".to_owned(), ToString::to_string);
    let what = match state {
        SettingStanding::Captured => format!("it was {value}, which is on disk now"),
        SettingStanding::InForce => format!("it is in force: {value}"),
        SettingStanding::Drifted => "it has drifted".to_owned(),
        SettingStanding::Idle => format!("it was {value} already"),
        SettingStanding::Restored => "it is what it was".to_owned(),
        SettingStanding::WrittenOff => "it is written off".to_owned(),
        SettingStanding::Changing | SettingStanding::Restoring => {
            format!("it is {}", state.name())
        }
    };
    reason.map_or(what.clone(), |reason| format!("{what}; {reason}"))
}

fn judged(judgement: Judgement, reason: &str) -> String {
    let conclusion = match judgement {
        Judgement::InDoubt => "in doubt",
        Judgement::Again => "may be started again",
        Judgement::Ask => "its probe is to be asked",
        Judgement::Done => "its effect has happened",
        Judgement::Absent => "nothing of it has happened",
        Judgement::Retry { .. } => "nothing of it has happened, it is tried again",
        Judgement::Unconfirmed { .. } => "its probe is to be asked once more",
        Judgement::Ongoing { .. } => "it is still going on",
        Judgement::Repair { .. } => "it is repaired",
        Judgement::Repaired => "its probe is to be asked again",
    };
    format!("{conclusion}: {reason}")
}
