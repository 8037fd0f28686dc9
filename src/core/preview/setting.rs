//! What a run would change for a time, as far as that can be known beforehand.
//!
//! What a setting is before the run is known where its `get` was asked; else only once the run has read it.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::walk::Walk;
use super::{Fate, Forecast};
use crate::core::apply::Unfit;
use crate::core::evaluate::Evaluate;
use crate::core::job::Role;
use crate::core::record::{Item, Record};
use crate::core::setting::is_same;
use crate::core::state::InstanceId;

/// A setting as it is foreseen, or one item of it.
#[derive(Debug, Clone, Serialize)]
pub struct ForeseenSetting {
    /// The setting's id.
    pub id: String,
    /// The setting's title.
    pub title: String,
    /// What it is at present, if that was read.
    pub now: Option<Value>,
    /// What it is made, if that is known.
    pub to: Option<Value>,
    /// The command that reads it, if that is known.
    pub get: Option<Vec<String>>,
    /// The tasks and groups that it is in force around.
    pub around: Vec<String>,
    /// It stays in force until all that it surrounds has ended well.
    pub hold: bool,
    /// What will become of it.
    pub verdict: Forecast,
    /// The step on whose outcome it depends.
    pub unknown_until: Option<String>,
    /// Why, in words.
    pub reason: Option<String>,
}

impl Walk<'_> {
    /// Foresees a setting; returns why what it surrounds cannot start, if that is so.
    pub(super) fn setting(
        &mut self,
        id: InstanceId,
        mut fate: Fate,
    ) -> Result<Option<String>, Unfit> {
        let items = match fate.verdict {
            Forecast::WillRun => match self.expressions.items_depend_on(&self.state, id) {
                Some(until) => {
                    fate = Fate::unknown(until);
                    None
                }
                None => self.setting_items(id, &mut fate),
            },
            _ => None,
        };
        let Some(items) = items else {
            let name = self.state.instance(id).id.to_string();
            let row = self.setting_row(id, name, None, None, fate);
            let why = why_not(&row);
            self.settings.push(row);
            return Ok(why);
        };
        let task = self.state.instance(id).id.clone();
        self.state.apply(Timestamp::UNIX_EPOCH, &Record::ItemsFrozen { task, items })?;
        let mut why = None;
        let parts: Vec<InstanceId> = self.state.parts_of(id).map(|(part, _)| part).collect();
        for part in parts {
            let to = self.expressions.setting_to(&self.state, part).ok();
            let get = self.expressions.command(&self.state, part, Role::Get).ok();
            let name = self.state.instance(part).id.to_string();
            let argv = get.map(|command| command.argv);
            let mut row = self.setting_row(id, name, to, argv, fate.clone());
            self.read_at_present(part, &mut row);
            why = why.or_else(|| why_not(&row));
            self.settings.push(row);
        }
        Ok(why)
    }

    /// Lets `get` be asked, or takes what it has read.
    fn read_at_present(&mut self, part: InstanceId, row: &mut ForeseenSetting) {
        let answer = self.ask(part, &row.id, Role::Get);
        let value = answer.map(|answer| {
            answer.and_then(|out| self.expressions.setting_value(&self.state, part, &out))
        });
        match value {
            None => {}
            Some(Err(why)) => row.reason = Some(format!("its present value is not known: {why}")),
            Some(Ok(value)) => {
                let shape = self.plan.graph.setting(self.state.instance(part).node);
                let refused = !shape.is_some_and(|shape| shape.accept_found);
                if refused && row.to.as_ref().is_some_and(|to| is_same(to, &value)) {
                    row.verdict = Forecast::Stop;
                    row.reason = Some(
                        "the temporary value is in force already: somebody else has set it, or has not put it back"
                            .to_owned(),
                    );
                }
                row.now = Some(value);
            }
        }
    }

    /// The items of a setting; one without a key where it has no `for_each`.
    fn setting_items(&self, id: InstanceId, fate: &mut Fate) -> Option<Vec<Item>> {
        let shape = self.plan.graph.setting(self.state.instance(id).node)?;
        if !shape.fan_out {
            return Some(vec![Item::single()]);
        }
        match self.expressions.items(&self.state, id) {
            Ok(items) => Some(items),
            Err(error) => {
                *fate = Fate::stop(format!("`for_each`: {error}"));
                None
            }
        }
    }

    fn setting_row(
        &self,
        id: InstanceId,
        name: String,
        to: Option<Value>,
        get: Option<Vec<String>>,
        fate: Fate,
    ) -> ForeseenSetting {
        let node = self.state.instance(id).node;
        let shape = self.plan.graph.setting(node);
        let around = shape.into_iter().flat_map(|shape| &shape.around);
        let around =
            around.map(|&slot| self.state.instance(self.state.sibling(id, slot)).id.to_string());
        ForeseenSetting {
            id: name,
            title: self.plan.title(node).to_owned(),
            now: None,
            to,
            get,
            around: around.collect(),
            hold: shape.is_some_and(|shape| shape.hold),
            verdict: fate.verdict,
            unknown_until: fate.unknown_until,
            reason: fate.reason,
        }
    }
}

/// Why what a setting surrounds cannot start.
fn why_not(row: &ForeseenSetting) -> Option<String> {
    let reason = (row.verdict == Forecast::Stop).then(|| row.reason.as_deref().unwrap_or_default());
    reason.map(|reason| format!("the setting {} around it cannot be changed: {reason}", row.id))
}
