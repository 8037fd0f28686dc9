//! A plan as a file: what was foreseen, from which texts and with which parameters, so that it can be run as it was reviewed.
//!
//! Reads and writes no file. What has changed since is found in [`stale`](super::stale).

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::core::preview::{Forecast, Preview};
use crate::diag::Source;

/// The version of the form that this windlass writes and reads.
pub const FORMAT: u32 = 1;

/// A plan, and all that is needed to make it again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Planned {
    /// The version of the form.
    pub windlass_plan: u32,
    /// Who made it, and when.
    pub made: Made,
    /// What was typed.
    pub given: Typed,
    /// The texts that were read.
    pub texts: Vec<Text>,
    /// What was foreseen, as `plan --format json` prints it.
    pub plan: Value,
}

/// Who made a plan, and when.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Made {
    /// When.
    pub at: Timestamp,
    /// The user.
    pub user: String,
    /// The host.
    pub host: String,
    /// The version of windlass.
    pub windlass: String,
}

/// What a plan was made from, with whole paths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typed {
    /// The runbook.
    pub runbook: PathBuf,
    /// `-p`, each.
    #[serde(default)]
    pub params: Vec<String>,
    /// `--params`.
    #[serde(default)]
    pub params_file: Option<PathBuf>,
    /// `--driver`, each.
    #[serde(default)]
    pub drivers: Vec<String>,
}

/// A text that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// Its file.
    pub file: PathBuf,
    /// Fingerprint of what it held.
    pub digest: String,
}

impl Text {
    /// Of a text that was read.
    #[must_use]
    pub fn of(source: &Source) -> Self {
        let digest = blake3::hash(source.text.as_bytes()).to_hex()[..32].to_owned();
        Self { file: source.path.clone(), digest }
    }
}

/// What is compared of a plan.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Compared {
    pub(super) digest: String,
    pub(super) params: BTreeMap<String, Value>,
    pub(super) probed: bool,
    pub(super) tasks: Vec<ComparedTask>,
    pub(super) settings: Vec<ComparedSetting>,
}

/// What is compared of a task.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct ComparedTask {
    pub(super) id: String,
    pub(super) argv: Option<Vec<String>>,
    pub(super) verdict: Forecast,
    pub(super) found: Option<String>,
    pub(super) repair: Vec<Option<Vec<String>>>,
    pub(super) reason: Option<String>,
}

/// What is compared of a setting.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct ComparedSetting {
    pub(super) id: String,
    pub(super) now: Option<Value>,
}

/// Why a text is no plan that can be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unplanned {
    /// It is something else, such as a runbook.
    Else,
    /// It was written by a newer windlass, in that version of the form.
    Newer(u64),
    /// It is a plan, and damaged.
    Damaged(String),
}

impl Planned {
    /// A plan that was made now.
    ///
    /// # Errors
    /// If it cannot be written as JSON, which is a bug.
    pub fn new(
        made: Made,
        given: Typed,
        texts: Vec<Text>,
        preview: &Preview,
    ) -> serde_json::Result<Self> {
        let plan = serde_json::to_value(preview)?;
        Ok(Self { windlass_plan: FORMAT, made, given, texts, plan })
    }

    /// The plan that a text holds.
    ///
    /// # Errors
    /// Why it holds none.
    pub fn parse(text: &str) -> Result<Self, Unplanned> {
        // A runbook of megabytes is not parsed to find that it is none.
        if !text.trim_start().starts_with('{') {
            return Err(Unplanned::Else);
        }
        let value: Value = match serde_json::from_str(text) {
            Ok(value) => value,
            Err(error) if text.contains("\"windlass_plan\"") || is_begin(text) => {
                return Err(Unplanned::Damaged(error.to_string()));
            }
            Err(_) => return Err(Unplanned::Else),
        };
        match value.get("windlass_plan").map(|version| version.as_u64()) {
            None => Err(Unplanned::Else),
            Some(Some(version)) if version > u64::from(FORMAT) => Err(Unplanned::Newer(version)),
            Some(_) => {
                let planned: Self = serde_json::from_value(value)
                    .map_err(|error| Unplanned::Damaged(error.to_string()))?;
                planned.compared().map_err(|error| Unplanned::Damaged(error.to_string()))?;
                Ok(planned)
            }
        }
    }

    /// Whether probes were asked when it was made.
    #[must_use]
    pub fn is_probed(&self) -> bool {
        self.plan.get("probed").and_then(Value::as_bool).unwrap_or(false)
    }

    pub(super) fn compared(&self) -> serde_json::Result<Compared> {
        Compared::deserialize(&self.plan)
    }
}

/// Whether a text is the first few bytes of a plan, as an interrupted copy leaves them.
fn is_begin(text: &str) -> bool {
    let bare: String = text.chars().filter(|c| !c.is_whitespace()).take(32).collect();
    "{\"windlass_plan\":".starts_with(&bare)
}
