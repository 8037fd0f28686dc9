//! The temporary settings: each is as it was in the new organisation.
//!
//! Does not know who has changed one, nor whether a runbook is under way that will put it back.

use clap::ValueEnum;

use super::finding::{Finding, Kind};
use crate::failure::Result;
use crate::freeze;
use crate::organisation::Organisation;
use crate::switches::{ANTIVIRUS, CIRCULAR_LOGGING, RCA, Switch};

/// The settings that are left as somebody has changed them.
pub(super) fn check(of: &Organisation) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    findings.extend(switch(of, &RCA)?);
    findings.extend(switch(of, &ANTIVIRUS)?);
    findings.extend(switch(of, &CIRCULAR_LOGGING)?);
    let frozen = freeze::frozen(of)?;
    if !frozen.is_empty() {
        findings.push(left("frozen", format!("delivery is held for {}", frozen.join(", "))));
    }
    Ok(findings)
}

fn switch<V: ValueEnum + PartialEq>(
    of: &Organisation,
    switch: &Switch<V>,
) -> Result<Option<Finding>> {
    let changed = of.switches().changed(switch)?;
    Ok(changed.map(|(value, initial)| {
        left(switch.name, format!("it is `{value}`, and was `{initial}` at `init`"))
    }))
}

fn left(setting: &str, detail: String) -> Finding {
    Finding { kind: Kind::Setting, mailbox: String::new(), key: setting.to_owned(), detail }
}
