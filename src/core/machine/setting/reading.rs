//! What is read of a setting: its first value, whether ours is in force, and whether somebody else has changed it.
//!
//! Starts nothing; the next job of the part follows from where it stands.

use jiff::Timestamp;

use crate::core::apply::Unfit;
use crate::core::evaluate::Evaluate;
use crate::core::job::Role;
use crate::core::machine::finish::{answers_to, delay, in_words, later};
use crate::core::machine::{Machine, Transition};
use crate::core::record::Record;
use crate::core::setting::{SettingCommands, SettingStanding, Way, is_same};
use crate::core::state::InstanceId;

impl<E: Evaluate> Machine<E> {
    #[expect(clippy::too_many_arguments, reason = "these are the facts of one end")]
    pub(super) fn conclude_bad_setting(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        way: Way,
        role: Role,
        exit: Option<i32>,
        reason: &str,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        self.running.remove(&id);
        let reason = in_words(role, reason);
        let (Some(shape), Some(part)) = (self.state.shape_of_setting(id), self.state.part(id))
        else {
            return Ok(());
        };
        let retry = match (way, role) {
            (_, Role::Get) => &shape.get,
            (Way::Set, _) => &shape.set,
            (Way::Restore, _) => &shape.restore,
        };
        if part.tries >= retry.attempts || !answers_to(retry, exit) {
            return self.fail_way(now, id, way, reason, out);
        }
        let until = later(now, delay(retry, part.tries));
        let reason = format!("{reason}; try {} of {}", part.tries + 1, retry.attempts);
        let task = self.state.job_name(id, way);
        self.note(now, Record::WaitUntil { task, until, reason }, out)?;
        self.wake(id, until, out);
        // Whoever closes does not wait for what would open again.
        self.state.restless.push(self.state.part(id).map_or(id, |part| part.owner));
        Ok(())
    }

    /// The value was read while the setting was opened: it is what it was, or what it is now.
    pub(super) fn read_on_opening(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        value: serde_json::Value,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let Some(part) = self.state.part(id) else { return Ok(()) };
        let wanted = self.evaluate.setting_to(&self.state, id);
        if part.standing == SettingStanding::Changing {
            // Taking the old value for ours would start the work unprotected, and never put back what `get` does not show.
            let is_old = part.old.as_ref().is_some_and(|old| is_same(old, &value));
            if is_old && !wanted.is_ok_and(|wanted| is_same(&wanted, &value)) {
                let reason = format!("its `set` ended well, but the value is still {value}");
                return self.fail_way(now, id, Way::Set, reason, out);
            }
            return self.move_part(now, id, SettingStanding::InForce, Some(value), None, None, out);
        }
        let accepts = self.state.shape_of_setting(id).is_some_and(|shape| shape.accept_found);
        let commands = self.evaluate.command(&self.state, id, Role::Get).and_then(|get| {
            let restore = self.evaluate.restore_command(&self.state, id, &value)?;
            Ok(Box::new(SettingCommands { get, restore }))
        });
        let (wanted, commands) = match (wanted, commands) {
            (Ok(wanted), Ok(commands)) => (wanted, commands),
            (Err(error), _) | (_, Err(error)) => {
                return self.fail_way(now, id, Way::Set, error, out);
            }
        };
        if is_same(&value, &wanted) && !accepts {
            let reason = "the temporary value is in force already: somebody else has set it, or has not put it back"
                .to_owned();
            let state = SettingStanding::Idle;
            return self.move_part(now, id, state, Some(value), Some(commands), Some(reason), out);
        }
        let state = SettingStanding::Captured;
        self.move_part(now, id, state, Some(value), Some(commands), None, out)?;
        self.queue(id);
        Ok(())
    }

    /// The value was read while the setting was closed.
    pub(super) fn read_on_closing(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        value: serde_json::Value,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let Some(part) = self.state.part(id) else { return Ok(()) };
        let is = |known: &Option<std::sync::Arc<serde_json::Value>>| {
            known.as_ref().is_some_and(|known| is_same(known, &value))
        };
        let wanted = self.may_close_now(part.owner);
        let (is_old, is_ours) = (is(&part.old), is(&part.in_force));
        let told = part.old.clone().map(|old| old.to_string()).unwrap_or_default();
        match part.standing {
            SettingStanding::InForce if is_old => {
                let reason = "it had been put back already".to_owned();
                let state = SettingStanding::Restored;
                self.move_part(now, id, state, Some(value), None, Some(reason), out)
            }
            SettingStanding::InForce if is_ours && !wanted => {
                let owner = part.owner;
                self.rest(now, id, Way::Restore, "it is needed again", out)?;
                self.release(owner);
                Ok(())
            }
            SettingStanding::InForce if is_ours && self.has_room() => {
                self.begin_setting_job(now, id, Way::Restore, Role::Restore, out)
            }
            SettingStanding::InForce if is_ours => {
                self.rest(now, id, Way::Restore, "no slot is free", out)?;
                self.queue(id);
                Ok(())
            }
            SettingStanding::InForce => {
                let reason = format!("somebody else has changed it: it is {value}, and was {told}");
                let state = SettingStanding::Drifted;
                self.move_part(now, id, state, Some(value), None, Some(reason), out)
            }
            _ if is_old => {
                let state = SettingStanding::Restored;
                self.move_part(now, id, state, Some(value), None, None, out)
            }
            _ => {
                let reason = format!("it was put back to {told}, and is {value}");
                self.fail_way(now, id, Way::Restore, reason, out)
            }
        }
    }
}
