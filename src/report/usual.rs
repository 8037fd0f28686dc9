//! Records of earlier runs → how long a task of each step usually takes.
//!
//! Knows no plan: steps go by the names in the ids of their tasks. It is a hint for people, and nothing is decided by it.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::core::record::{Outcome, Record};
use crate::journal::Entry;

/// The mean time of the tasks of each step, over several runs.
#[derive(Debug, Default)]
pub struct Usual {
    steps: BTreeMap<String, (u32, Duration)>,
}

impl Usual {
    /// Takes the tasks of a run that have succeeded, each from the start of its first job to its end, with what came between.
    pub fn take(&mut self, entries: &[Entry<Record>]) {
        let mut begun: BTreeMap<&str, Timestamp> = BTreeMap::new();
        for entry in entries {
            match &entry.record {
                Record::JobStarting { task, .. } => {
                    begun.entry(task).or_insert(entry.at);
                }
                // What was done in two runs of an executor has waited for a person in between.
                Record::Resumed { .. } => begun.clear(),
                Record::TaskEnded { task, outcome: Outcome::Succeeded, .. } => {
                    let Some(&since) = begun.get(task.as_ref()) else { continue };
                    let took = entry.at.duration_since(since).unsigned_abs();
                    let step = self.steps.entry(step(task)).or_default();
                    step.0 += 1;
                    step.1 += took;
                }
                _ => {}
            }
        }
    }

    /// The mean time of each step, by the names of the step and the groups around it.
    #[must_use]
    pub fn means(&self) -> BTreeMap<String, Duration> {
        let mean =
            |(step, (count, sum)): (&String, &(u32, Duration))| (step.clone(), *sum / *count);
        self.steps.iter().map(mean).collect()
    }
}

/// The step that a task is of: its id without the keys of its items.
fn step(task: &str) -> String {
    let mut inside = false;
    let outside = task.chars().filter(|&c| {
        inside = (inside || c == '[') && c != ']';
        !inside && c != ']'
    });
    outside.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_an_id_without_keys() {
        for (task, expected) in [
            ("backup", "backup"),
            ("backup[alice]", "backup"),
            ("waves[wave_1].mailboxes[a.b c].move", "waves.mailboxes.move"),
        ] {
            assert_eq!(step(task), expected);
        }
    }

    #[test]
    fn the_mean_is_over_what_has_succeeded_without_a_pause() {
        let text = [
            r#"{"event":"job_starting","task":"a[1]","attempt":1,"role":"action","effect":"read","argv":["x"],"digest":""}"#,
            r#"{"event":"job_starting","task":"a[2]","attempt":1,"role":"action","effect":"read","argv":["x"],"digest":""}"#,
            r#"{"event":"job_starting","task":"a[3]","attempt":1,"role":"action","effect":"read","argv":["x"],"digest":""}"#,
            r#"{"event":"task_ended","task":"a[1]","outcome":"succeeded"}"#,
            r#"{"event":"task_ended","task":"a[2]","outcome":"failed"}"#,
            r#"{"event":"task_ended","task":"a[3]","outcome":"succeeded"}"#,
        ];
        let entries: Vec<Entry<Record>> = text
            .iter()
            .zip(1..)
            .map(|(text, seq)| Entry {
                seq,
                at: Timestamp::from_second(seq.cast_signed() * 10).unwrap(),
                record: serde_json::from_str(text).unwrap(),
            })
            .collect();
        let mut usual = Usual::default();
        usual.take(&entries);
        let expected = BTreeMap::from([("a".to_owned(), Duration::from_secs(30))]);
        assert_eq!(usual.means(), expected);
    }
}
