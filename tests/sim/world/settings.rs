//! What settings really are: what was found, what jobs have made of it, and what somebody else has.
//!
//! Does not know which value the run thinks is in force.

use std::sync::Arc;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use windlass::core::job::{JobId, Role};
use windlass::core::setting::Way;

use super::World;

impl World {
    /// Whether a process of that setting lives.
    pub(crate) fn is_setting_alive(&self, part: &str, now: i64) -> bool {
        Way::both().iter().any(|way| self.is_alive(&format!("{part}{}", way.suffix()), now))
    }

    /// A setting is met for the first time: it has a value, now and then the temporary one.
    pub(crate) fn meet(&mut self, part: &Arc<str>, temporary: String, rng: &mut ChaCha8Rng) {
        let found = rng.random_range(0..100) < self.weather.found;
        let first = if found { temporary } else { format!("first of {part}") };
        self.outside.entry(part.clone()).or_insert_with(|| vec![(0, first)]);
    }

    /// Somebody else changes a setting.
    pub(crate) fn meddle(&mut self, part: &Arc<str>, now: i64) {
        if let Some(values) = self.outside.get_mut(part) {
            values.push((now, format!("theirs since {now}")));
        }
    }

    /// What a job gives a setting.
    pub(crate) fn writes(&mut self, id: &JobId, value: String) {
        if let Some(job) = self.jobs.get_mut(id) {
            job.writes = Some(value);
        }
    }

    /// The last that was made of a setting, and what the job was for that has made it.
    pub(super) fn last_change(&self, part: &str, now: i64) -> Option<(&str, Option<Role>)> {
        let outside = self.outside.get(part)?.iter();
        let outside = outside.map(|(at, value)| (*at, value.as_str(), None));
        let names = Way::both().map(|way| format!("{part}{}", way.suffix()));
        let ours = self.jobs.iter().filter(move |(id, _)| names.iter().any(|n| **n == *id.task));
        let ours = ours
            .filter_map(|(_, job)| Some((job.applies?, job.writes.as_deref()?, Some(job.role))));
        let mut changes: Vec<_> = outside.chain(ours).filter(|(at, ..)| *at <= now).collect();
        changes.sort_by_key(|(at, ..)| *at);
        changes.last().map(|&(_, value, role)| (value, role))
    }

    /// Whether the last that was made of a setting is our temporary value.
    pub(crate) fn is_ours(&self, part: &str, now: i64) -> bool {
        self.last_change(part, now).is_some_and(|(_, role)| role == Some(Role::Set))
    }
}
