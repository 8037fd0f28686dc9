//! The mailbox itself: both views of the directory agree on its home, which has its row, and nobody else has one
//! but what it was copied from.
//!
//! Does not look at messages.

use super::finding::{Finding, Kind};
use super::survey::{Seen, Survey};
use crate::store::RowState;

/// What is wrong with the mailbox's home.
pub(super) fn check(survey: &Survey) -> Vec<Finding> {
    let mut wrong = Vec::new();
    if !survey.entry.converged() {
        let (source, target) = (&survey.entry.source_view.home, survey.entry.home());
        wrong.push(format!(
            "its home is `{source}` for the source's side and `{target}` for the target's"
        ));
    }
    if !survey.has_home() {
        wrong.push(format!("its home `{}` has no row of it", survey.entry.home()));
    }
    wrong.extend(survey.rows.iter().filter(|row| !row.original).filter_map(judge));
    wrong.extend(survey.complaints.iter().cloned());
    wrong.into_iter().map(|detail| survey.finding(Kind::Mailbox, "", detail)).collect()
}

fn judge(row: &Seen) -> Option<String> {
    let Seen { server, at_home, state, .. } = row;
    match (at_home, state) {
        (false, RowState::Moved) => {
            Some(format!("`{server}`, which is not its home, has an empty row of it"))
        }
        (false, _) => Some(format!("`{server}`, which is not its home, has a row of it")),
        (true, RowState::Live) => None,
        (true, RowState::Created | RowState::InTransit) => {
            Some(format!("its row at home, `{server}`, is in transit"))
        }
        (true, RowState::Moved) => Some(format!("its row at home, `{server}`, was moved away")),
    }
}
