//! What an operator may decide about a setting.
//!
//! Does not carry it out.

use super::order::Refusal;
use crate::core::record::Decision;
use crate::core::setting::{Part, SettingStanding};
use crate::core::state::{InstanceId, State};

/// Whether an operator may decide that about a setting, or about one item of it.
///
/// # Errors
/// Why not.
pub(super) fn may_resolve_setting(
    state: &State,
    id: InstanceId,
    name: &str,
    decision: Decision,
) -> Result<(), Refusal> {
    let parts: Vec<&Part> = match state.part(id) {
        Some(part) => vec![part],
        None => state.parts_of(id).map(|(_, part)| part).collect(),
    };
    // Of a process that lives on without its keeper the operator may know more than we do.
    let runs = |part: &&Part| part.activity.is_in_flight() && part.orphan.is_none();
    if parts.iter().any(runs) {
        return Err(Refusal::Running(name.to_owned()));
    }
    let open = |part: &&Part| part.standing.is_open() || part.was_found();
    if !parts.iter().any(open) {
        return Err(Refusal::SettingNotOpen(name.to_owned()));
    }
    match (decision, &parts[..]) {
        (Decision::Waived, _) => Ok(()),
        (_, [part]) => may_resolve_part(part, name, decision),
        _ => Err(Refusal::SettingHasItems(name.to_owned())),
    }
}

fn may_resolve_part(part: &Part, name: &str, decision: Decision) -> Result<(), Refusal> {
    match decision {
        Decision::Done if part.is_owed() => Ok(()),
        Decision::Absent if part.standing == SettingStanding::Drifted => Ok(()),
        Decision::Done | Decision::Absent | Decision::Failed | Decision::Waived => {
            Err(Refusal::SettingDecision(name.to_owned()))
        }
    }
}
