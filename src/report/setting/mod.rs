//! How settings stand: what they were, what they are, and what is owed.
//!
//! Derived from the state alone; does not know how a setting is opened or closed.

pub mod shown;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::next;
use crate::core::setting::{Part, SettingStanding, Way};
use crate::core::state::{InstanceId, State};
use crate::plan::Plan;

/// One setting of a status, or one item of it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SettingRow {
    /// The setting's id.
    pub id: String,
    /// How it stands.
    pub state: SettingStanding,
    /// What it was.
    pub old: Option<Value>,
    /// What it is while it is in force.
    pub in_force: Option<Value>,
    /// What people call it.
    #[serde(skip)]
    pub title: String,
    /// Whether it is owed.
    #[serde(skip)]
    pub debt: bool,
    /// Whether it could not be put back.
    #[serde(skip)]
    pub stuck: bool,
    /// A process of its last job lives on without its keeper, or may.
    #[serde(skip)]
    pub lives: bool,
    /// Whether an executor looks after it.
    #[serde(skip)]
    pub watched: bool,
    /// What was found in its place.
    #[serde(skip)]
    pub found: Option<Value>,
    /// Why it is as it is, in words.
    #[serde(skip)]
    pub reason: Option<String>,
}

/// The settings of a run that were opened, or that could not be; those that are owed first.
#[must_use]
pub fn rows(plan: &Plan, state: &State, watched: bool) -> Vec<SettingRow> {
    let mut rows: Vec<SettingRow> =
        state.all_parts().map(|(id, part)| row(plan, state, id, part, watched)).collect();
    rows.sort_by_key(|row| !row.debt);
    rows
}

/// One setting, or one item of it; `watched` tells whether an executor works on its run.
#[must_use]
pub fn row(plan: &Plan, state: &State, id: InstanceId, part: &Part, watched: bool) -> SettingRow {
    SettingRow {
        id: state.instance(id).id.to_string(),
        state: part.standing,
        old: part.old.as_deref().cloned(),
        in_force: part.in_force.as_deref().cloned(),
        title: plan.title(state.instance(id).node).to_owned(),
        debt: state.is_debt(part),
        stuck: part.failed == Some(Way::Restore),
        lives: part.activity.is_in_flight(),
        watched,
        found: part.found.as_deref().cloned(),
        reason: part.reason.as_deref().map(str::to_owned),
    }
}

impl SettingRow {
    /// What is known of it, what is not, and why.
    #[must_use]
    pub fn words(&self) -> String {
        let old = value(self.old.as_ref());
        let text = match self.state {
            SettingStanding::Idle => match &self.found {
                Some(found) => format!(
                    "it was {found} already before this run had changed it, so that nobody knows what it was"
                ),
                None => "this run has not changed it".to_owned(),
            },
            SettingStanding::Captured => format!("it is {old}, as this run has found it"),
            SettingStanding::Changing => {
                format!("it was {old} and is being changed: what it is now is not known")
            }
            SettingStanding::InForce => {
                let held = match (self.debt, &self.reason) {
                    (true, None) => ", held because what it surrounds has not ended well",
                    _ => "",
                };
                let new = value(self.in_force.as_ref());
                // Of a run at rest nobody has looked since: somebody else may have changed it.
                match self.watched {
                    true => format!("it was {old} and is {new} now{held}"),
                    false => format!("it was {old} and was made {new}{held}"),
                }
            }
            SettingStanding::Restoring => {
                format!("it is being put back to {old}: what it is now is not known")
            }
            SettingStanding::Restored => "it is what it was".to_owned(),
            SettingStanding::Drifted => format!(
                "it was {old}, this run has made it {}, and it is {} now: somebody else has changed it",
                value(self.in_force.as_ref()),
                value(self.found.as_ref())
            ),
            SettingStanding::WrittenOff if self.in_force.is_some() && self.found.is_none() => {
                format!("it was {old}, and stays {}", value(self.in_force.as_ref()))
            }
            SettingStanding::WrittenOff => format!("it was {old}, and is not put back"),
        };
        // What has been said of a drift already is not said again.
        match self.reason.as_ref().filter(|_| self.state != SettingStanding::Drifted) {
            Some(reason) => format!("{text}; {reason}"),
            None => text,
        }
    }

    /// Its id and what people call it, where that says more.
    #[must_use]
    pub fn name(&self) -> String {
        // A setting without a title is called by its name, which the id says already.
        if self.id.ends_with(&self.title) {
            self.id.clone()
        } else {
            format!("{} ({})", self.id, self.title)
        }
    }

    /// Whether it is not put back before a person has decided; otherwise a resume does that, or giving up the run.
    #[must_use]
    pub fn is_for_people(&self) -> bool {
        self.stuck || !self.state.is_open() || self.state == SettingStanding::Drifted
    }

    /// What an operator can decide about it, as commands.
    #[must_use]
    pub fn answers(&self, run: &str) -> Vec<String> {
        let answer = |decision, meaning| {
            let words = ["resolve", run, &self.id, "--as", decision, "--because", "WHY"];
            next::meant(&words, meaning)
        };
        let waived = answer("waived", "writes it off: it stays as it is, whatever that is");
        match self.state {
            SettingStanding::Idle if self.found.is_some() => vec![
                answer("done", "the value that was found is the one to be put back"),
                answer("waived", "go on without it"),
            ],
            SettingStanding::Drifted => vec![
                answer("done", "it stays as it is now"),
                answer("absent", "it is put back all the same"),
            ],
            _ if self.stuck => vec![answer("done", "somebody has put it back by hand"), waived],
            state if state.is_open() => vec![waived],
            _ => Vec::new(),
        }
    }
}

fn value(value: Option<&Value>) -> String {
    value.map_or_else(|| "(not known)".to_owned(), ToString::to_string)
}
