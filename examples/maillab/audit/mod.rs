//! The audit: every message of the ledger exactly once at its home, unchanged and where it was filed, with the mailbox's
//! rules, and all settings as they were.
//!
//! Repairs nothing, and believes no file name: messages are found by the Message-ID that they carry, and compared by
//! digest. A survey says what there is, and each check, in a file of its own, judges one side of it.

mod access;
mod contents;
mod finding;
mod home;
mod place;
mod rules;
mod settings;
mod survey;
mod unknown;

use std::collections::BTreeSet;

use crate::failure::Result;
use crate::organisation::Organisation;

pub(crate) use finding::{Finding, Kind, Report};
use survey::Survey;
pub(crate) use survey::key_of;

/// All that is asked about a mailbox.
const CHECKS: [fn(&Survey) -> Vec<Finding>; 6] =
    [place::check, contents::check, unknown::check, home::check, rules::check, access::check];

type Findings = Result<Vec<Finding>>;

/// All that is asked about the organisation.
const WIDER_CHECKS: [fn(&Organisation) -> Findings; 1] = [settings::check];

/// Audits all mailboxes and what belongs to none of them.
pub(crate) fn whole(of: &Organisation) -> Result<Report> {
    let mut report = Report::default();
    for name in &of.config.mailboxes {
        report.add(mailbox(of, name)?);
    }
    for check in WIDER_CHECKS {
        report.findings.extend(check(of)?);
    }
    Ok(report)
}

/// Audits one mailbox, with no delivery to it meanwhile.
pub(crate) fn mailbox(of: &Organisation, mailbox: &str) -> Result<Report> {
    let _lock = of.lock_mailbox(mailbox)?;
    let survey = Survey::of(of, mailbox)?;
    let mut findings: Vec<_> = CHECKS.iter().flat_map(|check| check(&survey)).collect();
    findings.sort_by(|a, b| (a.kind, &a.key).cmp(&(b.kind, &b.key)));
    let bad: BTreeSet<_> = findings.iter().map(|finding| &finding.key).collect();
    let in_order = survey.accepted.iter().filter(|message| !bad.contains(&message.key)).count();
    let accepted = survey.accepted.len() as u64;
    Ok(Report { accepted, in_order: in_order as u64, findings })
}
