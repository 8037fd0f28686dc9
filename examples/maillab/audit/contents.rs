//! What each message at its home is: its bytes, its folder and its flags as they were accepted.
//!
//! Does not look for messages that are not there.

use super::finding::{Finding, Kind};
use super::survey::{Copy, Survey};
use crate::ledger::Accepted;

/// What is damaged or altered.
pub(super) fn check(survey: &Survey) -> Vec<Finding> {
    let mut findings = Vec::new();
    for message in &survey.accepted {
        for copy in
            survey.copies_of(&message.key).iter().filter(|copy| copy.at_home && copy.visible)
        {
            compare(survey, message, copy, &mut findings);
        }
    }
    findings
}

fn compare(survey: &Survey, message: &Accepted, copy: &Copy, findings: &mut Vec<Finding>) {
    if copy.digest != message.digest {
        let detail = format!("its contents on `{}` differ", copy.server);
        findings.push(survey.finding(Kind::Damaged, &message.key, detail));
    }
    if copy.folder != message.folder || copy.flags != message.flags {
        let detail = format!(
            "filed in `{}` with flags `{}`, accepted into `{}` with `{}`",
            copy.folder, copy.flags, message.folder, message.flags
        );
        findings.push(survey.finding(Kind::Altered, &message.key, detail));
    }
}
