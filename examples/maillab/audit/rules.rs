//! The inbox rules at the mailbox's home: those that the user has set up, in their order.
//!
//! Does not apply them.

use super::finding::{Finding, Kind};
use super::survey::Survey;

/// What has become of the rules, if they are not as they were.
pub(super) fn check(survey: &Survey) -> Vec<Finding> {
    let (made, kept) = (&survey.rules_made, &survey.rules_kept);
    if made == kept || !survey.has_home() {
        return Vec::new();
    }
    let missing = made.iter().filter(|rule| !kept.contains(rule)).count();
    let detail = match missing {
        0 => {
            format!("its home has {} inbox rules, and the user has made {}", kept.len(), made.len())
        }
        _ => format!("{missing} of the {} inbox rules that the user has made are gone", made.len()),
    };
    vec![survey.finding(Kind::Rules, "", detail)]
}
