//! How an action is done again: `retry` after a bad end, `repeat` until something holds.
//!
//! Does not know whether that is safe.

use std::time::Duration;

use super::super::codes;
use super::super::keys;
use super::super::model::{Located, Repeat, Retry};
use super::super::yaml::Kind;
use super::Decoder;
use super::fields::Entry;

/// How long is waited before a second attempt, where nothing is said.
const RETRY_DELAY: Duration = Duration::from_secs(1);

impl Decoder<'_> {
    pub(super) fn retry(&mut self, entry: Entry) -> Option<Located<Retry>> {
        let at = entry.key.number;
        let mut fields = self.fields_of("`retry`", at, entry.value, &keys::RETRY)?;
        let attempts = self.required(&mut fields, "attempts");
        let attempts = attempts.and_then(|entry| self.whole_number(&entry, 1));
        let delay = fields.take("delay").and_then(|entry| self.duration(&entry, true));
        let backoff = fields.take("backoff").and_then(|entry| self.backoff(&entry));
        let max_delay = fields.take("max_delay").and_then(|entry| self.duration(&entry, true));
        let on_exit = fields.take("on_exit").map(|entry| self.exits(&entry)).unwrap_or_default();
        self.finish(fields, &keys::RETRY);
        let retry = Retry {
            attempts: attempts?,
            delay: delay.unwrap_or(RETRY_DELAY),
            backoff: backoff.unwrap_or(1.0),
            max_delay,
            on_exit,
        };
        Some(self.located(retry, at))
    }

    pub(super) fn repeat(&mut self, entry: Entry) -> Option<Located<Repeat>> {
        let at = entry.key.number;
        let mut fields = self.fields_of("`repeat`", at, entry.value, &keys::REPEAT)?;
        let until = self.required(&mut fields, "until");
        let until = until.and_then(|entry| self.expression("`until`", &entry.value));
        let consecutive = fields.take("consecutive").and_then(|entry| self.whole_number(&entry, 1));
        let every = fields.take("every").and_then(|entry| self.duration(&entry, true));
        let max_at = fields.key_number("max").unwrap_or(at);
        let max = fields.take("max").and_then(|entry| self.whole_number(&entry, 1));
        self.finish(fields, &keys::REPEAT);
        let consecutive = consecutive.unwrap_or(1);
        if let Some(max) = max.filter(|max| *max < consecutive) {
            let message = format!("`until` cannot hold {consecutive} times in {max}");
            let help = format!("`max` must be at least `consecutive`: `max: {consecutive}`");
            self.errors(codes::WRONG_TYPE, max_at, message, help);
        }
        let every = every.unwrap_or_default();
        Some(self.located(Repeat { until: until?, consecutive, every, max }, at))
    }

    fn backoff(&mut self, entry: &Entry) -> Option<f64> {
        let number =
            entry.value.to_json().as_f64().filter(|number| (1.0..=1000.0).contains(number));
        if number.is_none() {
            self.wrong_type("`backoff`", &entry.value, "a number from 1 to 1000");
        }
        number
    }

    fn exits(&mut self, entry: &Entry) -> Vec<i32> {
        let Kind::List(items) = &entry.value.kind else {
            self.wrong_type("`on_exit`", &entry.value, "a list of exit codes");
            return Vec::new();
        };
        let mut exits = Vec::with_capacity(items.len());
        for item in items {
            match item.to_json().as_i64().and_then(|code| i32::try_from(code).ok()) {
                Some(code @ 1..=255) => exits.push(code),
                _ => self.wrong_type("an item of `on_exit`", item, "an exit code from 1 to 255"),
            }
        }
        exits
    }
}
