//! The audit: every message of the ledger exactly once at its home, unchanged and where it was filed.
//!
//! Repairs nothing, and believes no file name: messages are found by the Message-ID that they carry, and compared by
//! digest. A survey says what there is, and each check, in a file of its own, judges one side of it.

mod contents;
mod finding;
mod home;
mod place;
mod survey;
mod unknown;

use std::collections::BTreeSet;

use crate::failure::Result;
use crate::organisation::Organisation;

pub(crate) use finding::{Finding, Kind, Report};
use survey::Survey;
pub(crate) use survey::key_of;

/// All that is asked about a mailbox.
const CHECKS: [fn(&Survey) -> Vec<Finding>; 4] =
    [place::check, contents::check, unknown::check, home::check];

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
