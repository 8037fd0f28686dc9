//! Who types: user, host and process, as records name them.

use crate::core::record::Actor;
use crate::exec::now;
use crate::keeper;
use crate::lock::Holder;

/// This process.
pub(super) fn this_process() -> Actor {
    let Holder { host, user, pid, .. } = Holder::this_process(now());
    let boot = Some(keeper::boot_id()).filter(|boot| !boot.is_empty());
    Actor { user, host, pid: Some(pid), boot }
}
