//! What waiting for a window changes, and that something has begun for which no window is waited any more.
//!
//! Does not know when a window opens.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Unfit, check};
use crate::core::claim::Holder;
use crate::core::state::{AwaitedWindow, InstanceId, State};

impl State {
    pub(super) fn window_awaited(
        &mut self,
        id: &Arc<str>,
        window: &Arc<str>,
        until: Timestamp,
    ) -> Result<(), Unfit> {
        let holder = self.holder(id).ok_or_else(|| Unfit::UnknownTask(id.clone()))?;
        check(self.windows_of(holder).is_some(), id, "it waits for a window that it has not")?;
        check(!self.is_past_window(holder), id, "it waits for a window although it has begun")?;
        let awaited = AwaitedWindow { window: window.clone(), until };
        check(self.windows.get(&holder) != Some(&awaited), id, "that it waits is known already")?;
        self.windows.insert(holder, awaited);
        Ok(())
    }

    /// Notes that something has really been started in every item around an instance, and in itself.
    pub(super) fn mark_started(&mut self, id: InstanceId) {
        if !self.windows.is_empty() {
            self.windows.remove(&Holder::Task(id));
        }
        let mut at = id;
        while at != InstanceId::ROOT {
            let scope = self.instance(at).scope;
            let state = &mut self.scopes[scope.index()];
            if std::mem::replace(&mut state.started, true) {
                return;
            }
            at = state.group;
            self.windows.remove(&Holder::Scope(scope));
        }
    }
}
