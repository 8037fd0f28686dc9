//! `wizard` and `account`: mailboxes that are cloned into another organisation (KB842101).

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::print_json;
use crate::archive;
use crate::cloning::{self, Look, Outcome, Sweeping};
use crate::failure::{Failure, Result};
use crate::layout::Layout;
use crate::organisation::Organisation;
use crate::rules;
use crate::stages::Stage;
use crate::transfer::Carried;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run the Migration Wizard: make an account for each mailbox, then clone one mailbox after the other (KB842101).
    ///
    /// Needs `init --layout organisations`. Stages, per mailbox: create_account; begin_mailbox, copy_message,
    /// end_mailbox. A mailbox that is initialised already (by mail, by a log-on, or by a wizard that was cancelled) is
    /// merged instead of cloned, without a word: what it has of the source's mail is there twice then. The answer tells
    /// which. The source is never changed. Look at `account show` before running it again.
    Wizard(Wizard),
    /// Look after the accounts of the other organisation, which two domain controllers know of (KB842101).
    #[command(subcommand)]
    Account(Account),
}

/// Which mailboxes, and how.
#[derive(Debug, Args)]
pub(super) struct Wizard {
    #[command(flatten)]
    mode: Mode,
    /// The mailboxes; without any, all.
    mailboxes: Vec<String>,
    /// Give new accounts a target address, so that mail for them goes on to the source (`account forward`).
    #[arg(long)]
    forward: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Mode {
    /// Clone what is not initialised, and merge the rest.
    #[arg(long = "clone")]
    cloning: bool,
    /// Merge everything.
    #[arg(long)]
    merge: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Account {
    /// Make accounts on the first controller, without a mailbox. Nothing is done where there is one.
    ///
    /// A name that the second controller still has is not free: the account is then called `alice-1`.
    Create {
        /// The mailboxes.
        #[arg(required = true)]
        mailboxes: Vec<String>,
        /// Give them a target address, so that mail for them goes on to the source.
        #[arg(long)]
        forward: bool,
    },
    /// Say in which state the account and its mailbox are; reads only.
    ///
    /// `state` is one of absent, object_only, initialised, half_cloned, cloned, half_merged, merged, orphaned (a mailbox
    /// without an account), duplicated (an account such as `alice-1`). `replicated`: both controllers know the same.
    /// `forwards`: whichever controller is asked, mail goes to the source. `only_at_target` counts the messages that the
    /// source does not have.
    Show {
        /// The mailbox.
        mailbox: String,
    },
    /// Say in which states all mailboxes are; reads only.
    List,
    /// Let mail for the account go on to the source, or end that; on the first controller.
    Forward {
        /// The mailbox.
        mailbox: String,
        /// `on` blocks the delivery into the account's own mailbox.
        #[arg(value_enum)]
        value: OnOff,
    },
    /// Log the user on to the account, which initialises its mailbox.
    LogOn {
        /// The mailbox.
        mailbox: String,
    },
    /// Bring to the source what only the account's mailbox holds. Can be repeated.
    SweepBack {
        /// The mailbox.
        mailbox: String,
    },
    /// Delete accounts on the first controller, and their mailboxes with all that they hold (the repair of KB842101).
    ///
    /// Can be repeated. The second controller knows them until a replication cycle has run.
    Delete {
        /// The mailboxes.
        #[arg(required = true)]
        mailboxes: Vec<String>,
        /// Refuse with exit code 3 while a mailbox holds mail that the source does not have; see `sweep-back`.
        #[arg(long)]
        only_swept: bool,
    },
    /// Run one replication cycle between the controllers; none runs by itself.
    ///
    /// A cycle need not carry everything: `converged` tells whether both know the same then.
    Replicate,
    /// Succeed if both controllers know the same of these mailboxes, or of all.
    Converged {
        /// The mailboxes.
        mailboxes: Vec<String>,
    },
    /// Copy to the account what came to the source since it was cloned, and nothing twice. Can be repeated.
    ///
    /// Refused with exit code 3 unless the mailbox is cloned or merged, and the controllers agree.
    CatchUp {
        /// The mailbox.
        mailbox: String,
    },
    /// Succeed if the account's mailbox holds every message of an archive with its contents, folder and flags, and its rules.
    Compare {
        /// The mailbox.
        mailbox: String,
        /// The archive that `backup` made of the source.
        #[arg(long, value_name = "ARCHIVE")]
        against: PathBuf,
    },
    /// Make the account the user's mailbox: all mail goes there, and what came to the source since is carried over.
    ///
    /// Refused with exit code 3 unless the mailbox is cloned or merged, and the controllers agree. Can be repeated.
    CutOver {
        /// The mailbox.
        mailbox: String,
    },
}

/// Whether mail goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OnOff {
    /// It goes to the source.
    On,
    /// It goes into the account's own mailbox.
    Off,
}

pub(super) fn run(command: Command, of: &Organisation) -> Result<()> {
    of.config.layout.check(Layout::Organisations)?;
    match command {
        Command::Wizard(wizard) => run_wizard(wizard, of),
        Command::Account(action) => act(action, of),
    }
}

fn run_wizard(wizard: Wizard, of: &Organisation) -> Result<()> {
    let Wizard { mode, mailboxes, forward } = wizard;
    let mailboxes = super::chosen(of, mailboxes)?;
    let Outcome { cloned, merged, carried } = cloning::run(of, &mailboxes, mode.merge, forward)?;
    let Carried { messages, bytes } = carried;
    print_json(&json!({"cloned": cloned, "merged": merged, "messages": messages, "bytes": bytes}))
}

fn act(action: Account, of: &Organisation) -> Result<()> {
    match action {
        Account::Create { mailboxes, forward } => {
            let mailboxes = super::chosen(of, mailboxes)?;
            let create = |mailbox: &String| cloning::create_account(of, mailbox, forward);
            let accounts = mailboxes.iter().map(create).collect::<Result<Vec<_>>>()?;
            print_json(&json!({"accounts": accounts}))
        }
        Account::Show { mailbox } => {
            of.check_mailbox(&mailbox)?;
            print_json(&show(of, &mailbox)?)
        }
        Account::List => list(of),
        Account::Forward { mailbox, value } => {
            of.check_mailbox(&mailbox)?;
            forward(of, &mailbox, value == OnOff::On)
        }
        Account::LogOn { mailbox } => {
            of.check_mailbox(&mailbox)?;
            let initialised = cloning::log_on(of, &mailbox)?;
            print_json(&json!({"mailbox": mailbox, "initialised": initialised}))
        }
        Account::SweepBack { mailbox } => {
            of.check_mailbox(&mailbox)?;
            print_carried(&mailbox, cloning::sweep_back(of, &mailbox)?)
        }
        Account::Delete { mailboxes, only_swept } => {
            let sweeping = if only_swept { Sweeping::Required } else { Sweeping::Ignored };
            let mut deleted = Vec::new();
            for mailbox in super::chosen(of, mailboxes)? {
                deleted.extend(cloning::delete(of, &mailbox, sweeping)?);
            }
            print_json(&json!({"deleted": deleted}))
        }
        Account::Replicate => replicate(of),
        Account::Converged { mailboxes } => converged(of, mailboxes),
        Account::CatchUp { mailbox } => {
            of.check_mailbox(&mailbox)?;
            print_carried(&mailbox, cloning::catch_up(of, &mailbox)?)
        }
        Account::Compare { mailbox, against } => {
            of.check_mailbox(&mailbox)?;
            compare(of, &mailbox, &against)
        }
        Account::CutOver { mailbox } => {
            of.check_mailbox(&mailbox)?;
            print_carried(&mailbox, cloning::cut_over(of, &mailbox)?)
        }
    }
}

fn show(of: &Organisation, mailbox: &str) -> Result<Value> {
    let _lock = of.lock_mailbox(mailbox)?;
    let Look { state, replicated, forwards, accounts, items, only_at_target, only_at_source } =
        cloning::look(of, mailbox)?;
    let home = of.directory().entry(mailbox)?.home().to_owned();
    Ok(json!({
        "mailbox": mailbox,
        "state": state,
        "replicated": replicated,
        "forwards": forwards,
        "home": home,
        "cut_over": home == of.config.target,
        "items": items,
        "only_at_target": only_at_target,
        "only_at_source": only_at_source,
        "accounts": accounts,
    }))
}

fn list(of: &Organisation) -> Result<()> {
    let mut states = serde_json::Map::new();
    let mut replicated = true;
    for mailbox in &of.config.mailboxes {
        let _lock = of.lock_mailbox(mailbox)?;
        let seen = cloning::look(of, mailbox)?;
        states.insert(mailbox.clone(), json!(seen.state));
        replicated &= seen.replicated;
    }
    print_json(&json!({"states": states, "replicated": replicated}))
}

fn forward(of: &Organisation, mailbox: &str, on: bool) -> Result<()> {
    let stages = of.stages("forward", mailbox);
    let changed = {
        let _lock = of.lock_mailbox(mailbox)?;
        let mut family = of.accounts().family(mailbox)?;
        let changed = family.forward(on);
        of.accounts().write(mailbox, &family)?;
        changed
    };
    stages.reach(Stage::SwitchRoutes)?;
    print_json(&json!({"mailbox": mailbox, "forwards": on, "changed": changed}))
}

fn replicate(of: &Organisation) -> Result<()> {
    let mut replicated = 0;
    for mailbox in &of.config.mailboxes {
        replicated += u64::from(cloning::replicate(of, mailbox)?);
    }
    let mut converged = true;
    for mailbox in &of.config.mailboxes {
        converged &= of.accounts().family(mailbox)?.converged();
    }
    print_json(&json!({"replicated": replicated, "converged": converged}))
}

fn converged(of: &Organisation, mailboxes: Vec<String>) -> Result<()> {
    let mut waiting = Vec::new();
    for mailbox in super::chosen(of, mailboxes)? {
        if !of.accounts().family(&mailbox)?.converged() {
            waiting.push(mailbox);
        }
    }
    print_json(&json!({"converged": waiting.is_empty(), "waiting": waiting}))?;
    if waiting.is_empty() {
        return Ok(());
    }
    let failure = Failure::failed("the domain controllers have not converged");
    let because = |failure: Failure, mailbox: &String| {
        failure.because(format!("they do not know the same of mailbox `{mailbox}`"))
    };
    let failure = waiting.iter().fold(failure, because);
    Err(failure.next("`maillab account replicate` runs a replication cycle"))
}

fn compare(of: &Organisation, mailbox: &str, archive: &Path) -> Result<()> {
    let mut manifest = archive::read_manifest(archive)?;
    let rules = manifest.rules.remove(mailbox).unwrap_or_default();
    let (present, kept) = {
        let _lock = of.lock_mailbox(mailbox)?;
        match of.server(&of.config.target)?.row(mailbox) {
            Some(row) => (archive::list(&row)?, rules::of_row(&row)?),
            None => (Vec::new(), Vec::new()),
        }
    };
    let members = manifest.messages.into_iter().filter(|member| member.mailbox == mailbox);
    let missing: Vec<_> =
        members.filter(|member| !present.contains(member)).map(|member| member.key).collect();
    print_json(&json!({"mailbox": mailbox, "missing": missing, "rules_kept": rules == kept}))?;
    if missing.is_empty() && rules == kept {
        return Ok(());
    }
    let failure = Failure::failed(format!("the clone of mailbox `{mailbox}` is not its archive"));
    let failure = missing.iter().fold(failure, |failure, key| {
        failure.because(format!("`{key}` is not there as it was archived"))
    });
    let failure =
        if rules == kept { failure } else { failure.because("its inbox rules are not the same") };
    Err(failure.next(format!("`maillab account show {mailbox}` shows its state")))
}

fn print_carried(mailbox: &str, carried: Carried) -> Result<()> {
    let Carried { messages, bytes } = carried;
    print_json(&json!({"mailbox": mailbox, "messages": messages, "bytes": bytes}))
}
