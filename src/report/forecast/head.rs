//! What stands above the tasks: what the run is given, and what it changes for a time.
//!
//! Does not know the tasks.

use std::fmt::Write as _;

use serde_json::Value;

use super::typed;
use crate::core::preview::{Forecast, ForeseenSetting};

/// How many settings are shown.
const SETTINGS_MAX: usize = 10;

/// How much of a value is shown, in characters.
const VALUE_MAX: usize = 100;

/// The parameters, each on a line.
pub(super) fn parameters(text: &mut String, params: &Value) {
    let Some(params) = params.as_object().filter(|params| !params.is_empty()) else { return };
    text.push_str("\nparameters:\n");
    let width = params.keys().map(String::len).max().unwrap_or(0);
    for (name, value) in params {
        let _ = writeln!(text, "      {name:width$} = {}", clipped(value));
    }
}

fn clipped(value: &Value) -> String {
    let text = value.to_string();
    let count = match value {
        Value::Array(items) => format!(" ({} items)", items.len()),
        _ => String::new(),
    };
    match text.char_indices().nth(VALUE_MAX) {
        Some((end, _)) => format!("{}…{count}", &text[..end]),
        None => text,
    }
}

/// What is changed for a time, each with its value and what it is in force around.
pub(super) fn settings(text: &mut String, settings: &[ForeseenSetting]) {
    if settings.is_empty() {
        return;
    }
    text.push_str("\nchanged for a time:\n");
    for setting in settings.iter().take(SETTINGS_MAX) {
        let to = setting.to.as_ref().map_or_else(|| "(not known yet)".to_owned(), Value::to_string);
        let now = setting.now.as_ref().map(|now| format!("is {now} now, ")).unwrap_or_default();
        let until = setting.unknown_until.as_ref();
        let what = match (setting.verdict, until) {
            (Forecast::Skip, _) => "will be left alone".to_owned(),
            (Forecast::Stop, _) => "cannot be changed".to_owned(),
            (Forecast::Unknown, Some(until)) => format!("unknown until {until} has ended"),
            (Forecast::Unknown, None) => "unknown".to_owned(),
            _ => format!("{now}is made {to} around {}", setting.around.join(", ")),
        };
        let held = if setting.hold { "; held after a failure" } else { "" };
        let why = setting.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let _ = writeln!(text, "      {} {what}{held}{why}", setting.id);
        if let Some(get) = &setting.get {
            let _ = writeln!(text, "      read by $ {}", typed(get));
        }
    }
    if settings.len() > SETTINGS_MAX {
        let more = settings.len() - SETTINGS_MAX;
        let _ = writeln!(text, "   …  {more} more (`--format json` lists all)");
    }
}
