//! What nobody has sent: messages in a mailbox that were never accepted.
//!
//! Does not ask how they came there.

use super::finding::{Finding, Kind};
use super::survey::Survey;

/// What was never accepted.
pub(super) fn check(survey: &Survey) -> Vec<Finding> {
    let never_accepted = survey
        .copies
        .iter()
        .filter(|(key, _)| !survey.accepted.iter().any(|message| message.key == **key));
    let copies =
        never_accepted.flat_map(|(key, copies)| copies.iter().map(move |copy| (key, copy)));
    let findings = copies.map(|(key, copy)| {
        let detail = format!("on `{}`, and never accepted", copy.server);
        survey.finding(Kind::Unknown, key, detail)
    });
    findings.collect()
}
