//! Commands that only look: `locate`, `measure`, `converged`, `consistency-check`, `verify`, `audit`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};

use super::{print, print_json};
use crate::archive;
use crate::audit::{self, Finding, Kind, Report};
use crate::consistency;
use crate::delivery;
use crate::failure::{Failure, Result};
use crate::freeze;
use crate::organisation::Organisation;
use crate::profile::Profile;
use crate::store::{RowState, Server};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say where a mailbox is: its home in both views of the directory, and what each server holds of it.
    ///
    /// `complete` means that the server's row holds the whole mailbox: no move copies into it any more, and none has
    /// moved its data away. `unreadable` counts the messages that no tool can read (see `isinteg`).
    Locate {
        /// The mailbox.
        mailbox: String,
    },
    /// Measure what a move of these mailboxes would carry, and the room for it on the target's transaction log drive.
    Measure {
        /// The mailboxes.
        #[arg(required = true)]
        mailboxes: Vec<String>,
    },
    /// Succeed if both views of the directory agree on the home of each of these mailboxes.
    Converged {
        /// The mailboxes.
        #[arg(required = true)]
        mailboxes: Vec<String>,
        /// Also ask that this server is the home of all of them.
        #[arg(long, value_name = "SERVER")]
        home: Option<String>,
    },
    /// Say which service pack both servers have: before 4, a move has the window of Q277911.
    ServicePack,
    /// Succeed if the profile of each of these users names the mailbox's home server: each has logged on since the move.
    LoggedOn {
        /// The users' mailboxes.
        #[arg(required = true)]
        mailboxes: Vec<String>,
    },
    /// Check a server's store against the directory, and that every message can be read. Repairs nothing.
    ConsistencyCheck {
        /// The server.
        server: String,
    },
    /// Succeed if every message of the ledger for this mailbox can be read at its home exactly once.
    ///
    /// While the mailbox is frozen, what waits in its queue is where it should be.
    Verify {
        /// The mailbox.
        mailbox: String,
        /// Also ask for every message of this archive, with its contents, folder and flags.
        #[arg(long, value_name = "ARCHIVE")]
        against: Option<PathBuf>,
        /// Also ask that this server is the mailbox's home.
        #[arg(long, value_name = "SERVER")]
        home: Option<String>,
    },
    /// Succeed if every message that was ever accepted is exactly once at its home, and every setting is as it was at
    /// `init`; else list what is lost, double, stranded or left over, and what is not put back.
    ///
    /// Also asks for contents, folders and flags, for inbox rules, and for who can open each mailbox.
    Audit {
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(command: Command, of: &Organisation) -> Result<()> {
    match command {
        Command::Locate { mailbox } => {
            of.check_mailbox(&mailbox)?;
            print_json(&locate(of, &mailbox)?)
        }
        Command::Measure { mailboxes } => {
            check_all(of, &mailboxes)?;
            print_json(&measure(of, &mailboxes)?)
        }
        Command::Converged { mailboxes, home } => {
            check_all(of, &mailboxes)?;
            converged(of, &mailboxes)?;
            let Some(home) = home else { return Ok(()) };
            let home = of.server(&home)?;
            mailboxes.iter().try_for_each(|mailbox| check_home(of, mailbox, &home))
        }
        Command::ServicePack => print_json(&json!({"service_pack": of.config.service_pack})),
        Command::LoggedOn { mailboxes } => {
            check_all(of, &mailboxes)?;
            logged_on(of, &mailboxes)
        }
        Command::ConsistencyCheck { server } => consistency_check(of, &of.server(&server)?),
        Command::Verify { mailbox, against, home } => {
            of.check_mailbox(&mailbox)?;
            if let Some(home) = home {
                check_home(of, &mailbox, &of.server(&home)?)?;
            }
            verify(of, &mailbox, against.as_deref())
        }
        Command::Audit { json } => audit_all(of, json),
    }
}

fn check_all(of: &Organisation, mailboxes: &[String]) -> Result<()> {
    mailboxes.iter().try_for_each(|mailbox| of.check_mailbox(mailbox))
}

fn locate(of: &Organisation, mailbox: &str) -> Result<Value> {
    let _lock = of.lock_mailbox(mailbox)?;
    let entry = of.directory().entry(mailbox)?;
    let [source, target] = of.servers()?;
    let (source, target) = (look(&source, mailbox)?, look(&target, mailbox)?);
    Ok(json!({
        "mailbox": mailbox,
        "home": entry.home(),
        "directory": {
            "source_view": entry.source_view.home,
            "target_view": entry.target_view.home,
            "converged": entry.converged(),
        },
        "in_transit": source["state"] == "in_transit" || target["state"] == "in_transit",
        "source": source,
        "target": target,
        "queued": delivery::queued(of, mailbox)?.len(),
        "profile": Profile::read(of, mailbox)?.server,
    }))
}

fn look(server: &Server, mailbox: &str) -> Result<Value> {
    let name = &server.name;
    let Some(row) = server.row(mailbox) else {
        return Ok(json!({
            "server": name, "exists": false, "state": null, "items": 0, "bytes": 0,
            "in_transit_items": 0, "unreadable": 0, "complete": false,
        }));
    };
    let state = row.state()?;
    let items = row.mail.items()?;
    Ok(json!({
        "server": name,
        "exists": true,
        "state": state,
        "items": items.len(),
        "unreadable": items.iter().filter(|item| server.is_corrupt(&item.key)).count(),
        "bytes": row.bytes()?,
        "in_transit_items": row.mail.in_transit()?.len(),
        "complete": state == RowState::Live,
    }))
}

fn measure(of: &Organisation, mailboxes: &[String]) -> Result<Value> {
    let (mut messages, mut bytes) = (0, 0);
    for mailbox in mailboxes {
        let home = of.server(of.directory().entry(mailbox)?.home())?;
        let _lock = of.lock_mailbox(mailbox)?;
        if let Some(row) = home.row(mailbox) {
            messages += row.mail.items()?.len();
            bytes += row.bytes()?;
        }
    }
    let [_, target] = of.servers()?;
    let log = of.log(&target).usage()?;
    Ok(json!({
        "mailboxes": mailboxes.len(),
        "messages": messages,
        "bytes": bytes,
        "free_log_bytes": log.free_bytes(),
        "log_capacity_bytes": log.capacity_bytes,
    }))
}

fn converged(of: &Organisation, mailboxes: &[String]) -> Result<()> {
    let mut waiting = Vec::new();
    for mailbox in mailboxes {
        if !of.directory().entry(mailbox)?.converged() {
            waiting.push(mailbox);
        }
    }
    print_json(&json!({"converged": waiting.is_empty(), "waiting": waiting}))?;
    if waiting.is_empty() {
        return Ok(());
    }
    let failure = Failure::failed("the directory has not converged");
    let failure = waiting.iter().fold(failure, |failure, mailbox| {
        failure.because(format!("its two views name different homes of mailbox `{mailbox}`"))
    });
    Err(failure.next("`maillab replicate` runs a replication cycle"))
}

fn logged_on(of: &Organisation, mailboxes: &[String]) -> Result<()> {
    let mut waiting = Vec::new();
    for mailbox in mailboxes {
        if Profile::read(of, mailbox)?.server != of.directory().entry(mailbox)?.home() {
            waiting.push(mailbox);
        }
    }
    print_json(&json!({"logged_on": waiting.is_empty(), "waiting": waiting}))?;
    if waiting.is_empty() {
        return Ok(());
    }
    let failure = Failure::failed("not every user has logged on");
    let failure = waiting.iter().fold(failure, |failure, mailbox| {
        failure.because(format!("the profile of `{mailbox}` names another server than its home"))
    });
    Err(failure.next("`maillab profile MAILBOX` logs a user on"))
}

fn consistency_check(of: &Organisation, server: &Server) -> Result<()> {
    let checked = consistency::check(of, server)?;
    print_json(&json!({
        "server": server.name,
        "mailboxes": checked.mailboxes,
        "messages": checked.messages,
        "inconsistencies": checked.inconsistencies,
    }))?;
    if checked.inconsistencies.is_empty() {
        return Ok(());
    }
    let failure = Failure::failed(format!("the store of `{}` is not consistent", server.name));
    Err(checked
        .inconsistencies
        .into_iter()
        .fold(failure, Failure::because)
        .next("`maillab locate MAILBOX` shows the state of a mailbox"))
}

fn check_home(of: &Organisation, mailbox: &str, server: &Server) -> Result<()> {
    let entry = of.directory().entry(mailbox)?;
    if entry.home() == server.name {
        return Ok(());
    }
    Err(Failure::failed(format!("`{}` is not the home of mailbox `{mailbox}`", server.name))
        .because(format!("its home is `{}`", entry.home()))
        .next(format!("`maillab locate {mailbox}` shows where its data is")))
}

fn verify(of: &Organisation, mailbox: &str, against: Option<&Path>) -> Result<()> {
    let mut report = audit::mailbox(of, mailbox)?;
    if freeze::holds(of, mailbox)? {
        report.findings.retain(|finding| finding.kind != Kind::Queued);
    }
    let missing = match against {
        Some(archive) => missing_from_home(of, mailbox, archive)?,
        None => Vec::new(),
    };
    let in_order = report.findings.is_empty() && missing.is_empty();
    print_json(&json!({
        "mailbox": mailbox,
        "verified": in_order,
        "accepted": report.accepted,
        "in_order": report.in_order,
        "findings": report.findings,
        "missing_from_archive": missing,
    }))?;
    if in_order {
        return Ok(());
    }
    let failure = Failure::failed(format!("mailbox `{mailbox}` is not in order"));
    let failure = report.findings.iter().map(describe).fold(failure, Failure::because);
    let failure = missing.iter().fold(failure, |failure, key| {
        failure.because(format!("`{key}` is in the archive, and not as it was at home"))
    });
    Err(failure.next(format!("`maillab locate {mailbox}` shows where its data is")))
}

/// The keys of the archive's messages that are not at home with the same contents, folder and flags.
fn missing_from_home(of: &Organisation, mailbox: &str, archive: &Path) -> Result<Vec<String>> {
    let manifest = archive::read_manifest(archive)?;
    let _lock = of.lock_mailbox(mailbox)?;
    let home = of.server(of.directory().entry(mailbox)?.home())?;
    let present = home.row(mailbox).map(|row| archive::list(&row)).transpose()?.unwrap_or_default();
    let members = manifest.messages.into_iter().filter(|member| member.mailbox == mailbox);
    Ok(members.filter(|member| !present.contains(member)).map(|member| member.key).collect())
}

fn audit_all(of: &Organisation, json: bool) -> Result<()> {
    let report = audit::whole(of)?;
    if json {
        print_json(&report_json(of, &report))?;
    } else {
        print(&report_text(of, &report))?;
    }
    if report.findings.is_empty() {
        return Ok(());
    }
    let mut failure = Failure::failed("the audit is not clean");
    if report.count(Kind::Queued) > 0 {
        failure = failure.next("`maillab drain` stores what waits in the queue");
    }
    Err(failure.next("`maillab locate MAILBOX` shows where the data of a mailbox is"))
}

fn report_json(of: &Organisation, report: &Report) -> Value {
    let mut value = json!({
        "clean": report.findings.is_empty(),
        "mailboxes": of.config.mailboxes.len(),
        "accepted": report.accepted,
        "in_order": report.in_order,
    });
    for kind in Kind::ALL {
        value[kind.name()] = json!(report.count(kind));
    }
    value["findings"] = json!(report.findings);
    value
}

fn report_text(of: &Organisation, report: &Report) -> String {
    let mut lines: Vec<String> = report.findings.iter().map(describe).collect();
    let counts = Kind::ALL.map(|kind| (kind, report.count(kind)));
    let bad = counts.iter().filter(|(_, count)| *count > 0);
    let bad: Vec<_> = bad.map(|(kind, count)| format!("{count} {}", kind.name())).collect();
    let verdict = if bad.is_empty() {
        "clean: nothing lost, nothing double".to_owned()
    } else {
        bad.join(", ")
    };
    lines.push(format!(
        "{} of {} accepted messages exactly once at home, in {} mailboxes; {verdict}",
        report.in_order,
        report.accepted,
        of.config.mailboxes.len(),
    ));
    lines.join("\n")
}

fn describe(finding: &Finding) -> String {
    let Finding { kind, mailbox, key, detail } = finding;
    let subject = format!("{mailbox} {key}");
    format!("{} {}: {detail}", kind.name(), subject.trim())
}
