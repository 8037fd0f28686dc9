//! What is known of a temporary setting: what it was, what it is, and what is being done about it.
//!
//! Plain data; only [`State::apply`](super::state::State::apply) changes it. Does not know when a setting opens or closes.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::job::{Command, Role};
use super::state::{InstanceId, Job};

/// How a setting stands, as `status --format json` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettingStanding {
    /// It was never opened.
    #[default]
    Idle,
    /// What it was is known; nothing was changed.
    Captured,
    /// It is being changed: whatever it is now is taken for ours.
    Changing,
    /// The temporary value is in force.
    InForce,
    /// It is being put back: whatever it is now is taken for ours.
    Restoring,
    /// It is what it was.
    Restored,
    /// Somebody else has changed it while it was in force.
    Drifted,
    /// The operator has decided that it is not put back.
    WrittenOff,
}

impl SettingStanding {
    /// Whether something is, or may be, changed that must be put back, or a change has been prepared.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(
            self,
            Self::Captured | Self::Changing | Self::InForce | Self::Restoring | Self::Drifted
        )
    }

    /// As it is written in `status --format json`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Captured => "captured",
            Self::Changing => "changing",
            Self::InForce => "in_force",
            Self::Restoring => "restoring",
            Self::Restored => "restored",
            Self::Drifted => "drifted",
            Self::WrittenOff => "written_off",
        }
    }
}

/// Opening or closing: each has jobs of its own, numbered in a row over the life of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// Opening: `NAME:set`.
    Set,
    /// Closing: `NAME:restore`.
    Restore,
}

impl Way {
    /// Opening, and closing.
    #[must_use]
    pub fn both() -> [Self; 2] {
        [Self::Set, Self::Restore]
    }

    /// The end of the ids of its jobs.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Set => ":set",
            Self::Restore => ":restore",
        }
    }

    /// The way that the id of a job names.
    #[must_use]
    pub fn of(task: &str) -> Option<Self> {
        Self::both().into_iter().find(|way| task.ends_with(way.suffix()))
    }
}

/// What is known of a setting in one item of every group around it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SettingState {
    /// What it is made of, once that is known: one part for each item of its `for_each`, else one.
    pub parts: Option<Parts>,
    /// Its `when` was false.
    pub skipped: bool,
    /// Why its condition or its items could not be evaluated in this execution.
    pub failed: Option<Arc<str>>,
    /// Siblings that it surrounds and that are not settled.
    pub(super) open: u32,
    /// Siblings that it surrounds and that have not ended well.
    pub(super) not_good: u32,
    /// Siblings that it surrounds and that are in doubt or hang on a doubt.
    pub(super) doubtful: u32,
}

impl SettingState {
    /// Whether all that it surrounds has succeeded, was skipped or waived.
    #[must_use]
    pub fn surrounds_good(&self) -> bool {
        self.not_good == 0
    }

    /// Whether something that it surrounds runs, or may start.
    #[must_use]
    pub fn surrounds_open(&self) -> bool {
        self.open > 0
    }

    /// Whether nothing that it surrounds runs, is in doubt, or can start without a resume.
    #[must_use]
    pub fn surrounds_rest(&self) -> bool {
        self.open == 0 && self.doubtful == 0
    }
}

/// The parts of a setting: instances in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// The first one.
    pub first: InstanceId,
    /// How many.
    pub count: u32,
}

impl Parts {
    /// The parts in their order.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = InstanceId> + use<> {
        (self.first.0..self.first.0 + self.count).map(InstanceId)
    }
}

/// One value that is changed for a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The setting.
    pub owner: InstanceId,
    /// Key of the item of `for_each`; none in a setting that does not fan out.
    pub key: Option<Arc<str>>,
    /// The item.
    pub item: Arc<Value>,
    /// The item's position.
    pub index: u32,
    /// How it stands.
    pub standing: SettingStanding,
    /// What is being done.
    pub activity: Activity,
    /// What it was.
    pub old: Option<Arc<Value>>,
    /// What it is while it is in force.
    pub in_force: Option<Arc<Value>>,
    /// What was found in its place: on opening the temporary value, on closing somebody else's.
    pub found: Option<Arc<Value>>,
    /// The last `set` on this way has ended well, and its value was not read since.
    pub changed: bool,
    /// How it stood before the last `set` was started.
    pub(super) before: SettingStanding,
    /// How often it was captured.
    pub openings: u32,
    /// How many jobs its opening has had.
    pub set_jobs: u32,
    /// How many jobs its closing has had.
    pub restore_jobs: u32,
    /// The job that was started last.
    pub(super) last: Option<(Way, Role)>,
    /// How often that was tried since something good or a resume.
    pub tries: u32,
    /// A process of its job that lives on without its keeper.
    pub orphan: Option<u32>,
    /// Which way has failed in this execution.
    pub failed: Option<Way>,
    /// Why it is as it is, in words.
    pub reason: Option<Arc<str>>,
    /// How its value is read: by the text that opened it.
    pub get: Option<Arc<Command>>,
    /// How it is put back: by the text that opened it.
    pub restore: Option<Arc<Command>>,
}

/// What is being done about a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// Nothing.
    Resting,
    /// A job was started, and its end is not known yet.
    Running(Way, Job),
    /// Its value has just been read, and what follows has not been concluded.
    Read(Way),
    /// A job ended badly, and what follows has not been concluded.
    Judging(Way, Role),
    /// It is tried again, but not before that time.
    Pausing(Way, Timestamp),
}

impl Activity {
    /// Whether a process may live.
    #[must_use]
    pub fn is_in_flight(self) -> bool {
        matches!(self, Self::Running(..) | Self::Judging(..))
    }
}

impl Part {
    pub(super) fn new(
        owner: InstanceId,
        key: Option<Arc<str>>,
        item: Arc<Value>,
        index: u32,
    ) -> Self {
        Self {
            owner,
            key,
            item,
            index,
            standing: SettingStanding::Idle,
            activity: Activity::Resting,
            old: None,
            in_force: None,
            found: None,
            changed: false,
            before: SettingStanding::Idle,
            openings: 0,
            set_jobs: 0,
            restore_jobs: 0,
            last: None,
            tries: 0,
            orphan: None,
            failed: None,
            reason: None,
            get: None,
            restore: None,
        }
    }

    /// How many jobs it has had on that way.
    #[must_use]
    pub fn jobs(&self, way: Way) -> u32 {
        match way {
            Way::Set => self.set_jobs,
            Way::Restore => self.restore_jobs,
        }
    }

    /// Whether the temporary value was in force before it was opened, and the operator has not said what to do about that.
    #[must_use]
    pub fn was_found(&self) -> bool {
        self.standing == SettingStanding::Idle && self.found.is_some()
    }

    /// Whether it can be neither opened nor closed before a resume or an operator.
    #[must_use]
    pub fn is_owed(&self) -> bool {
        self.standing == SettingStanding::Drifted
            || self.failed == Some(Way::Restore)
            || self.was_found()
    }

    /// Whether it can be put back, and nothing speaks against trying it.
    #[must_use]
    pub fn can_close(&self) -> bool {
        self.standing.is_open() && !self.is_owed()
    }

    /// Whether whatever it surrounds may start.
    #[must_use]
    pub fn lets_pass(&self) -> bool {
        // While it is asked whether it may be put back, nothing starts.
        matches!(self.standing, SettingStanding::InForce | SettingStanding::WrittenOff)
            && self.failed.is_none()
            && self.activity == Activity::Resting
    }
}

/// How a setting was read and is put back, as it was rendered when its old value was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SettingCommands {
    /// `get`.
    pub get: Command,
    /// `set` or `restore`, with the old value.
    pub restore: Command,
}

/// Whether two values are the same for people: equal, or one a text that reads like the other.
#[must_use]
pub fn is_same(one: &Value, other: &Value) -> bool {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    one == other || ((one.is_string() || other.is_string()) && text(one) == text(other))
}

impl fmt::Display for SettingStanding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
