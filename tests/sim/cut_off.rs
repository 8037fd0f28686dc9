//! Journals of runs of one setting around one task that were cut off, each by what it had done last.
//!
//! Does not know what a resume makes of them.

use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::json;
use windlass::core::job::{Command, Role};
use windlass::core::record::{Decision, Item, JobEnd, Outcome, Record, Verdict};
use windlass::core::setting::{SettingCommands, SettingStanding};
use windlass::spec::model::Effect;

use crate::recover_table::end;
use crate::run::{opened, somebody};

/// The value in force.
pub(crate) const OURS: &str = "ours of s";

/// Records of a run that was cut off, by what it had done last.
pub(crate) fn journals() -> [(&'static str, Vec<Record>); 18] {
    let item = Item::single();
    let never = vec![
        Record::Opened(Box::new(opened())),
        Record::ItemsFrozen { task: "s".into(), items: vec![item] },
    ];
    let then = |before: &Vec<Record>, more: Vec<Record>| [before.clone(), more].concat();
    let reading = then(&never, vec![starting("s:set", 1, Role::Get)]);
    let unread = then(&reading, vec![ended("s:set", 1, false), failed("s:set")]);
    let found =
        then(&reading, vec![ended("s:set", 1, true), moved(SettingStanding::Idle, Some(OURS))]);
    let known = then(
        &reading,
        vec![ended("s:set", 1, true), moved(SettingStanding::Captured, Some("old"))],
    );
    let setting = then(&known, vec![starting("s:set", 2, Role::Set)]);
    let set = then(&setting, vec![ended("s:set", 2, true)]);
    let set_badly = then(&setting, vec![ended("s:set", 2, false)]);
    let read_again = then(&set, vec![starting("s:set", 3, Role::Get)]);
    let in_force = then(
        &read_again,
        vec![ended("s:set", 3, true), moved(SettingStanding::InForce, Some(OURS))],
    );
    let looking = then(&in_force, vec![starting("s:restore", 1, Role::Get)]);
    let seen = then(&looking, vec![ended("s:restore", 1, true)]);
    let drifted = then(&seen, vec![moved(SettingStanding::Drifted, Some("theirs"))]);
    let restoring = then(&seen, vec![starting("s:restore", 2, Role::Restore)]);
    let put_back = then(&restoring, vec![ended("s:restore", 2, true)]);
    let reading_back = then(&put_back, vec![starting("s:restore", 3, Role::Get)]);
    let put_badly = then(&restoring, vec![ended("s:restore", 2, false)]);
    let restored = then(
        &reading_back,
        vec![ended("s:restore", 3, true), moved(SettingStanding::Restored, Some("old"))],
    );
    let written_off = then(
        &in_force,
        vec![Record::Resolved {
            task: "s".into(),
            decision: Decision::Waived,
            because: "it stays".to_owned(),
            by: somebody(),
            outputs: None,
        }],
    );
    [
        ("never read", never),
        ("being read", reading),
        ("could not be read", unread),
        ("found in force", found),
        ("old value known", known),
        ("being set", setting),
        ("set", set),
        ("set badly", set_badly),
        ("read while set", read_again),
        ("in force", in_force),
        ("looked at", looking),
        ("somebody else's", drifted),
        ("being put back", restoring),
        ("put back", put_back),
        ("put back badly", put_badly),
        ("read back", reading_back),
        ("restored", restored),
        ("written off", written_off),
    ]
}

fn starting(task: &str, attempt: u32, role: Role) -> Record {
    Record::JobStarting {
        task: task.into(),
        attempt,
        role,
        effect: if role == Role::Get { Effect::Read } else { Effect::Idempotent },
        argv: vec!["s".to_owned()],
        digest: String::new(),
    }
}

fn ended(task: &str, attempt: u32, well: bool) -> Record {
    Record::JobEnded {
        task: task.into(),
        attempt,
        end: JobEnd::Ran(end(i32::from(!well))),
        verdict: match well {
            true => Verdict::Good,
            false => Verdict::Bad { reason: "it ended badly".to_owned() },
        },
    }
}

fn failed(task: &str) -> Record {
    let reason = Some("it ended badly".to_owned());
    Record::TaskEnded { task: task.into(), outcome: Outcome::Failed, reason }
}

fn moved(state: SettingStanding, value: Option<&str>) -> Record {
    let command = || Command {
        argv: vec!["s".to_owned()],
        env: IndexMap::new(),
        dir: PathBuf::from("/"),
        stdin: None,
        timeout_ms: None,
        grace_ms: 1,
    };
    let commands = SettingCommands { get: command(), restore: command() };
    let opens = matches!(state, SettingStanding::Captured | SettingStanding::Idle);
    Record::SettingMoved {
        task: "s".into(),
        state,
        value: value.map(|value| Arc::new(json!(value))),
        commands: opens.then(|| Box::new(commands)),
        reason: None,
    }
}
