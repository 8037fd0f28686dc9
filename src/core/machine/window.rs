//! Windows: a task, or an item before its first start, begins only inside of its window, and only if it can end in time.
//!
//! Does not know what a window is made of. What has begun goes on, whatever the time.

use jiff::Timestamp;

use super::sleep::in_words;
use super::{Effect, Machine, Transition};
use crate::core::apply::Unfit;
use crate::core::evaluate::Evaluate;
use crate::core::record::{Outcome, Record};
use crate::core::state::InstanceId;
use crate::spec::window::{Opening, opening};

impl<E: Evaluate> Machine<E> {
    /// Whether all windows around a task are open and long enough. If one is not, the task is put in line again when it opens.
    pub(super) fn passes_windows(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        out: &mut Transition,
    ) -> Result<bool, Unfit> {
        if !self.windowed {
            return Ok(true);
        }
        for holder in self.state.windows_around(id) {
            let Some(window) = self.state.windows_of(holder).cloned() else { continue };
            let until = match opening(&window.hours, window.expect, now) {
                Opening::Now => continue,
                Opening::At(until) => until,
                Opening::Never => {
                    let name = &window.name;
                    let long = window.expect.map(|expect| format!(" for {}", in_words(expect)));
                    let long = long.unwrap_or_default();
                    let reason = format!("its window `{name}` is never open{long}");
                    self.end(now, id, Outcome::Failed, Some(reason), out)?;
                    return Ok(false);
                }
            };
            if self.state.awaited_window(holder).is_none_or(|known| known.until != until) {
                let task = self.state.holder_id(holder);
                let window = window.name;
                self.note(now, Record::WindowAwaited { task, window, until }, out)?;
            }
            self.dormant.insert(id, until);
            out.plan(Effect::Timer { instance: id, at: until });
            return Ok(false);
        }
        Ok(true)
    }

    /// The window of a task may have opened; `false` if it waits for none.
    pub(super) fn window_due(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        out: &mut Transition,
    ) -> bool {
        match self.dormant.get(&id) {
            Some(&until) if until <= now => {
                self.dormant.remove(&id);
                self.queue(id);
                true
            }
            Some(&until) => {
                out.plan(Effect::Timer { instance: id, at: until });
                true
            }
            None => false,
        }
    }

    /// Whether some task that can still start waits for its window.
    pub(super) fn awaits_window(&mut self) -> bool {
        let waiting: Vec<InstanceId> = self.dormant.keys().copied().collect();
        for id in waiting {
            if !self.is_waiting_for_locks(id) {
                self.dormant.remove(&id);
            }
        }
        !self.dormant.is_empty()
    }
}
