//! The making of an organisation with its mail: the same plan gives the same bytes.
//!
//! Knows nothing of what happens to it later. Nothing is synced message by message, since nothing is promised before
//! `organisation.json` is there, which is written when all the rest is on disk.

use std::fs;
use std::path::Path;

use crate::disk;
use crate::failure::{At, Code, Failure, Result};
use crate::layout::Layout;
use crate::ledger::SenderClass;
use crate::maildir;
use crate::message::{self, Message, Recipe};
use crate::organisation::{Config, FORMAT, Organisation, config_file};
use crate::permissions;
use crate::profile::Profile;
use crate::rules;
use crate::store::RowState;
use crate::words;

/// Every 97th message is about 1 MB long.
const LARGE_EVERY: u64 = 97;

/// What to make.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Number of mailboxes.
    pub(crate) mailboxes: usize,
    /// Messages in each of them.
    pub(crate) messages: u64,
    /// Decides every byte.
    pub(crate) seed: u64,
    /// Name of the server that mailboxes begin on.
    pub(crate) source: String,
    /// Name of the server that they will move to.
    pub(crate) target: String,
    /// How the two servers belong together.
    pub(crate) layout: Layout,
    /// The service pack of both servers.
    pub(crate) service_pack: u32,
    /// Size of each server's transaction log drive, in bytes.
    pub(crate) log_capacity_bytes: u64,
}

/// What was made.
#[derive(Debug)]
pub(crate) struct Founded {
    /// Messages in all mailboxes.
    pub(crate) messages: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
}

/// Makes the organisation in `root`, which must be empty or absent.
pub(crate) fn found(root: &Path, plan: &Plan) -> Result<Founded> {
    check_server_names(plan)?;
    check_empty(root)?;
    disk::create_folder(root)?;
    let config = Config {
        format: FORMAT,
        seed: plan.seed,
        source: plan.source.clone(),
        target: plan.target.clone(),
        service_pack: plan.service_pack,
        layout: plan.layout,
        mailboxes: (0..plan.mailboxes).map(words::mailbox).collect(),
    };
    let organisation = Organisation::unfinished(root.to_owned(), config);
    organisation.create_folders()?;
    organisation.switches().create()?;
    for server in organisation.servers()? {
        organisation.log(&server).format(plan.log_capacity_bytes)?;
    }
    let mut founded = Founded { messages: 0, bytes: 0 };
    for (n, mailbox) in organisation.config.mailboxes.iter().enumerate() {
        fill(&organisation, (n, mailbox), plan, &mut founded)?;
    }
    disk::sync_tree(root)?;
    organisation.finish()?;
    Ok(founded)
}

fn fill(
    to: &Organisation,
    (n, mailbox): (usize, &str),
    plan: &Plan,
    founded: &mut Founded,
) -> Result<()> {
    let source = to.server(&plan.source)?;
    let row = source.create_row(mailbox, RowState::Live)?;
    let mut accepted = Vec::new();
    for number in 1..=plan.messages {
        let large = (founded.messages + 4).is_multiple_of(LARGE_EVERY);
        let sender_class =
            if number % 3 == 0 { SenderClass::External } else { SenderClass::Internal };
        let recipe = Recipe { seed: plan.seed, mailbox, number, large, sender_class };
        let message = message::filed(recipe)?;
        write(row.mail.root(), &message)?;
        founded.messages += 1;
        founded.bytes += message.accepted.bytes;
        accepted.push(message.accepted);
    }
    let let_in = permissions::made(&to.config, n);
    permissions::set(&row, &let_in)?;
    permissions::write_down(to, mailbox, &let_in)?;
    let rules = rules::made(plan.seed, mailbox);
    rules::set(&row, &rules)?;
    rules::write_down(to, mailbox, &rules)?;
    to.ledger(mailbox).begin(&accepted)?;
    to.directory().enter(mailbox, &source.name)?;
    Profile { server: source.name }.write(to, mailbox)
}

fn write(root: &Path, message: &Message) -> Result<()> {
    let kept = &message.accepted;
    let path = root.join(maildir::place(&kept.folder, &kept.key, &kept.flags));
    if !disk::folder_of(&path).is_dir() {
        maildir::create_parts(disk::folder_of(disk::folder_of(&path)))?;
    }
    fs::write(&path, &message.text).at("write", &path)
}

fn check_server_names(plan: &Plan) -> Result<()> {
    for name in [&plan.source, &plan.target] {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        if name.is_empty() || !name.chars().all(fits) {
            return Err(Failure::failed(format!("`{name}` cannot be the name of a server"))
                .because("a name is made of lower-case letters, digits, `_` and `-`"));
        }
    }
    if plan.source == plan.target {
        return Err(Failure::failed("the source and the target need different names"));
    }
    Ok(())
}

fn check_empty(root: &Path) -> Result<()> {
    if config_file(root).exists() {
        let what = format!("`{}` already holds an organisation", root.display());
        return Err(Failure::new(Code::Refused, what)
            .because("`init` never touches mail that was accepted")
            .next("`maillab --dir ELSEWHERE init` makes another one"));
    }
    if !disk::all_names(root)?.is_empty() {
        let what = format!("`{}` is not empty", root.display());
        return Err(Failure::new(Code::Refused, what)
            .because("an `init` was interrupted here, or the folder serves something else")
            .next("remove it if it is not needed, or choose another one with `--dir`"));
    }
    Ok(())
}
