//! The operator of a script: settles what is in doubt by what the ledger says, as a person would who has looked.
//!
//! Knows the ledger and what `status` prints, and nothing else.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::ledger::Entry;
use crate::place::{Place, RUN};

/// The tasks that `status` says are in doubt.
pub(crate) fn doubts(status: &Value) -> Vec<String> {
    let tasks = status["tasks"].as_array().unwrap().iter();
    tasks
        .filter(|task| task["state"] == "in_doubt")
        .map(|task| task["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Settles doubts: all of them, or some. Returns what was said of each.
pub(crate) fn settle(
    place: &Place,
    doubts: &[String],
    entries: &[Entry],
    rng: &mut ChaCha8Rng,
    all: bool,
) -> Vec<String> {
    let chosen: Vec<String> =
        doubts.iter().filter(|_| all || rng.random_bool(0.7)).cloned().collect();
    settle_all(place, RUN, &chosen, entries)
}

/// Settles all these doubts of a run, whose own entries these are.
pub(crate) fn settle_all(
    place: &Place,
    run: &str,
    doubts: &[String],
    entries: &[Entry],
) -> Vec<String> {
    let mut said = Vec::new();
    for task in doubts {
        // From here on it is known what became of it.
        place.note("settled", run, task);
        let has_happened =
            entries.iter().any(|entry| entry.what == "effect" && entry.task == *task);
        let decision = if has_happened { "done" } else { "absent" };
        let (code, _, stderr) = place.windlass(&[
            "resolve",
            run,
            task,
            "--as",
            decision,
            "--because",
            "the ledger says so",
        ]);
        assert_eq!(code, Some(0), "`{task}` cannot be resolved as {decision}: {stderr}");
        said.push(format!("{task} is {decision}"));
    }
    said
}

/// Decides about a setting that somebody else has changed: it is put back all the same, or left as it is. Returns what was said.
pub(crate) fn settle_setting(
    place: &Place,
    status: &Value,
    rng: &mut ChaCha8Rng,
    all: bool,
) -> Option<String> {
    let mut settings = status["settings"].as_array().unwrap().iter();
    settings
        .find(|setting| setting["state"] == "drifted")
        .filter(|_| all || rng.random_bool(0.7))?;
    let (decision, note) = if rng.random_bool(0.5) { ("done", "left") } else { ("absent", "put") };
    place.note("decided", RUN, note);
    let because = ["--because", "they were asked"];
    let words = [&["resolve", RUN, "setting", "--as", decision], &because[..]].concat();
    let (code, _, stderr) = place.windlass(&words);
    assert_eq!(code, Some(0), "the setting cannot be resolved as {decision}: {stderr}");
    Some(format!("the setting is {decision}"))
}
