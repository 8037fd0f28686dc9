//! `wait`: for a time, or until an action finds that something holds.
//!
//! Does not know when the waiting begins.

use std::time::Duration;

use super::super::codes;
use super::super::keys;
use super::super::model::{Wait, Work};
use super::super::yaml::Kind;
use super::Decoder;
use super::action::{Owner, Part};
use super::fields::{Entry, Fields};

/// Time between two asks, where nothing is said.
const EVERY: Duration = Duration::from_secs(10);

/// What is waited for.
pub(super) enum Waiting {
    /// `for`.
    For(Duration),
    /// `until`.
    Until(Box<Work>),
}

impl Decoder<'_> {
    pub(super) fn waiting(&mut self, entry: Entry, owner: Owner) -> Option<Waiting> {
        let at = entry.key.number;
        let mut fields = self.fields_of("`wait`", at, entry.value, &keys::WAIT)?;
        let (time, until) = (fields.take("for"), fields.take("until"));
        match (time, until) {
            (Some(time), None) => {
                for key in keys::WAIT.excluded_by("for") {
                    let message = format!("`wait` with `for` asks nothing, so it has no `{key}`");
                    self.misplaced(&mut fields, key, &message, "it belongs to `until`");
                }
                self.finish(fields, &keys::WAIT);
                self.duration(&time, false).map(Waiting::For)
            }
            (None, Some(until)) => self.until(until, fields, owner),
            (Some(_), Some(until)) => {
                let message = "`wait` has both `for` and `until`";
                let help = "make two steps of it, of which one needs the other".to_owned();
                self.errors(codes::ACTIONS, until.key.number, message, help);
                None
            }
            (None, None) => {
                let help = "write `wait: {for: 10m}`, or `wait: {until: {run: [...]}, every: 30s}`";
                self.errors(
                    codes::MISSING_KEY,
                    at,
                    "`wait` has no `for` or `until`",
                    help.to_owned(),
                );
                None
            }
        }
    }

    fn until(&mut self, entry: Entry, mut around: Fields, owner: Owner) -> Option<Waiting> {
        let at = entry.key.number;
        let met = around.take("met").and_then(|entry| self.expression("`met`", &entry.value));
        let every = around.take("every").and_then(|entry| self.duration(&entry, false));
        let timeout = around.take("timeout").and_then(|entry| self.duration(&entry, false));
        let goes_on = around.take("on_timeout").is_some_and(|entry| self.on_timeout(&entry));
        self.finish(around, &keys::WAIT);
        let mut fields = self.fields_of("`until`", at, entry.value, &keys::UNTIL)?;
        let message = "`until` has no `success`";
        self.misplaced(&mut fields, "success", message, "what is waited for is `met`, beside it");
        let owner = owner.of(Part::Until);
        let work = self.work(&mut fields, owner);
        self.finish(fields, &keys::UNTIL);
        let mut work = self.looking(work?, owner.part);
        work.success = met;
        work.wait = Some(Wait { every: every.unwrap_or(EVERY), timeout, goes_on });
        Some(Waiting::Until(Box::new(work)))
    }

    /// Whether the step goes on when its time is up.
    fn on_timeout(&mut self, entry: &Entry) -> bool {
        match &entry.value.kind {
            Kind::Text(text) if text == "fail" => false,
            Kind::Text(text) if text == "continue" => true,
            _ => {
                self.wrong_type("`on_timeout`", &entry.value, "`fail` or `continue`");
                false
            }
        }
    }
}
