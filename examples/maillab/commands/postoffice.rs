//! `postoffice`: mailboxes that are extracted from a postoffice (Q190423).

use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::{chosen, print_json};
use crate::archive;
use crate::failure::{Failure, Result};
use crate::layout::Layout;
use crate::ledger::SenderClass;
use crate::organisation::Organisation;
use crate::postoffice::{self, Arrival, Look, Routes, Sweeping};
use crate::switches::name_of;
use crate::transfer::Carried;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Extract mailboxes of a postoffice to the new server, and catch what arrives there late (Q190423).
    ///
    /// Needs `init --layout postoffice`; the first server is the postoffice, the second one the new server.
    #[command(subcommand)]
    Postoffice(Action),
}

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Copy whole mailboxes to the new server, and make that their home. The postoffice keeps all.
    ///
    /// Never repeat it: what the new server has already is there twice then. See `show`, then `sweep`.
    Extract {
        /// The mailboxes; without any, all.
        mailboxes: Vec<String>,
    },
    /// Say what is where; reads only.
    ///
    /// `state` is one of not_begun, half_extracted, extracted. `late` counts the messages on the postoffice that the new
    /// server lacks, `late_in_restored` those of the restored backup. `at_postoffice` is null when the mailbox is deleted.
    Show {
        /// The mailbox.
        mailbox: String,
    },
    /// Copy what the new server lacks, and nothing twice. Finishes an extraction that was interrupted; can be repeated.
    Sweep {
        /// The mailboxes; without any, all.
        mailboxes: Vec<String>,
        /// Take it from the backup that `restore` has restored, because the postoffice's mailbox is deleted.
        #[arg(long)]
        from_restored: bool,
    },
    /// Print which server each class of senders finds; reads only.
    Routes,
    /// Let a class of senders find another server: `new` as soon as the mailboxes are to get no more mail here.
    Route {
        /// Whose table: `internal` the postoffice's own list, `other-postoffice` those of other postoffices, `external`
        /// the connector, `stale-list` personal address books.
        #[arg(value_enum)]
        class: SenderClass,
        /// The server.
        server: String,
        /// Prove it: send a message of the class to this mailbox, and fail with exit code 1 if it arrives elsewhere.
        #[arg(long, value_name = "MAILBOX")]
        canary: Option<String>,
    },
    /// Send one message of each class and tell where each arrived: the proof that nothing comes here any more.
    Canary {
        /// The mailbox that gets them.
        mailbox: String,
    },
    /// Archive all mailboxes of the postoffice. Older archives stay: one of them may be the last that holds a mailbox.
    Backup,
    /// Restore all backups into a separate folder, from which `sweep --from-restored` takes what is lacking.
    Restore,
    /// Delete mailboxes on the postoffice, with all that they hold. Mail that still comes for them is returned.
    Delete {
        /// The mailboxes.
        #[arg(required = true)]
        mailboxes: Vec<String>,
        /// Refuse with exit code 3 while one holds mail that the new server lacks, or a class of senders still finds it.
        #[arg(long)]
        only_swept: bool,
    },
}

pub(super) fn run(command: Command, of: &Organisation) -> Result<()> {
    of.config.layout.check(Layout::Postoffice)?;
    let Command::Postoffice(action) = command;
    match action {
        Action::Extract { mailboxes } => {
            print_carried(of, mailboxes, |mailbox| postoffice::extract(of, mailbox))
        }
        Action::Show { mailbox } => {
            of.check_mailbox(&mailbox)?;
            print_json(&show(of, &mailbox)?)
        }
        Action::Sweep { mailboxes, from_restored } => {
            print_carried(of, mailboxes, |mailbox| postoffice::sweep(of, mailbox, from_restored))
        }
        Action::Routes => {
            let routes = Routes::read(of)?;
            let all_at_target = routes.all_name(&of.config.target);
            print_json(&json!({"routes": routes.tables(), "all_at_target": all_at_target}))
        }
        Action::Route { class, server, canary } => {
            canary.as_ref().map_or(Ok(()), |mailbox| of.check_mailbox(mailbox))?;
            let changed = postoffice::reroute(of, class, &server)?;
            print_json(&json!({"class": name_of(&class), "server": server, "changed": changed}))?;
            canary.map_or(Ok(()), |mailbox| prove(of, &mailbox, class, &server))
        }
        Action::Canary { mailbox } => {
            of.check_mailbox(&mailbox)?;
            canary(of, &mailbox)
        }
        Action::Backup => backup(of),
        Action::Restore => {
            let messages = postoffice::restore(of)?;
            print_json(&json!({"messages": messages}))
        }
        Action::Delete { mailboxes, only_swept } => {
            let sweeping = if only_swept { Sweeping::Required } else { Sweeping::Ignored };
            let mut deleted = Vec::new();
            for mailbox in chosen(of, mailboxes)? {
                if postoffice::delete(of, &mailbox, sweeping)? {
                    deleted.push(mailbox);
                }
            }
            print_json(&json!({"deleted": deleted}))
        }
    }
}

fn show(of: &Organisation, mailbox: &str) -> Result<Value> {
    let _lock = of.lock_mailbox(mailbox)?;
    let Look { state, at_postoffice, at_target, late, late_in_restored } =
        postoffice::look(of, mailbox)?;
    Ok(json!({
        "mailbox": mailbox,
        "state": state,
        "home": of.directory().entry(mailbox)?.home(),
        "at_postoffice": at_postoffice,
        "at_target": at_target,
        "late": late,
        "late_in_restored": late_in_restored,
        "all_at_target": Routes::read(of)?.all_name(&of.config.target),
    }))
}

fn prove(of: &Organisation, mailbox: &str, class: SenderClass, server: &str) -> Result<()> {
    let place = fly(of, mailbox, class)?;
    if place == server {
        return Ok(());
    }
    let class = name_of(&class);
    Err(Failure::failed(format!("senders of the class `{class}` do not find `{server}`"))
        .because(format!("a message to `{mailbox}` arrived at `{place}`"))
        .next(format!("`maillab postoffice route {class} {server}` changes their table again")))
}

fn fly(of: &Organisation, mailbox: &str, class: SenderClass) -> Result<String> {
    Ok(match postoffice::canary(of, mailbox, class)? {
        Arrival::Server(name) => name,
        Arrival::Queue => "(queued)".to_owned(),
        Arrival::Sender => "(returned)".to_owned(),
    })
}

fn canary(of: &Organisation, mailbox: &str) -> Result<()> {
    let mut arrived = serde_json::Map::new();
    for class in SenderClass::value_variants() {
        arrived.insert(name_of(class), json!(fly(of, mailbox, *class)?));
    }
    let all_at_target = arrived.values().all(|place| *place == json!(of.config.target));
    print_json(&json!({"arrived": arrived, "all_at_target": all_at_target}))
}

fn backup(of: &Organisation) -> Result<()> {
    let server = of.server(&of.config.source)?;
    let stages = of.stages("backup", "postoffice");
    let path = postoffice::next_backup(of);
    let manifest = archive::write(of, &server, &server.mailboxes()?, &path, &stages)?;
    print_json(&json!({
        "archive": path,
        "messages": manifest.messages.len(),
        "bytes": manifest.bytes(),
    }))
}

fn print_carried(
    of: &Organisation,
    mailboxes: Vec<String>,
    carry: impl Fn(&str) -> Result<Carried>,
) -> Result<()> {
    let mut sum = Carried::default();
    for mailbox in chosen(of, mailboxes)? {
        let Carried { messages, bytes } = carry(&mailbox)?;
        sum.messages += messages;
        sum.bytes += bytes;
    }
    print_json(&json!({"messages": sum.messages, "bytes": sum.bytes}))
}
