//! The temporary settings: each is as it was in the new organisation.
//!
//! Does not know who has changed one, nor whether a runbook is under way that will put it back.

use clap::ValueEnum;

use super::finding::{Finding, Kind};
use crate::failure::Result;
use crate::freeze;
use crate::organisation::Organisation;
use crate::quota;
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
    for server in of.servers()? {
        if let Some(bytes) = quota::limit(of, &server)? {
            let detail = format!("it is {bytes} bytes, and there was none at `init`");
            findings.push(left(&format!("quota-{}", server.name), detail));
        }
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
