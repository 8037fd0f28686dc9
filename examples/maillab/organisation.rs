//! The organisation on disk: where everything is, and who may touch a mailbox when.
//!
//! Does not know what any operation does with it.
//!
//! ```text
//! organisation.json            written last by `init`: without it there is no organisation
//! directory/<mailbox>.json     the home in both views
//! ledger/<mailbox>.jsonl       every message ever accepted
//! queue/<mailbox>/<key>        accepted or about to be, not yet in a mailbox
//! servers/<server>/mailboxes/<mailbox>/{row,rules,permissions}.json + {cur,new,tmp,.Folder/...,.InTransitFolder/...}
//! servers/<server>/{log.json,staging,white-space}
//! accounts/<mailbox>.json      its objects in the other organisation, as two domain controllers see them
//! wizard/<mailbox>.json        what the wizard has done to the row that it is cloned into
//! routes.json  extractions/<mailbox>.json  restored/   of a postoffice
//! rules/<mailbox>.json         the inbox rules that its user has made
//! permissions/<mailbox>.json   whom its user has let in
//! moves/<mailbox>.json         the status of its last move, as long as it is kept
//! profiles/<mailbox>.json      the server that the user's mail program connects to
//! switches/  backups/  faults/  locks/
//! ```

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cloning::Accounts;
use crate::directory::Directory;
use crate::disk;
use crate::failure::{At, Code, Failure, Result};
use crate::faults::Faults;
use crate::layout::Layout;
use crate::ledger::Ledger;
use crate::lock::{self, Lock};
use crate::stages::{Mode, Stages};
use crate::store::Server;
use crate::switches::{CIRCULAR_LOGGING, Power, Switches};
use crate::transaction_log::TransactionLog;

/// What `init` decided.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Config {
    /// Version of the layout on disk.
    pub(crate) format: u32,
    /// Every message follows from it.
    pub(crate) seed: u64,
    /// The server that mailboxes begin on.
    pub(crate) source: String,
    /// The server that they move to.
    pub(crate) target: String,
    /// The service pack of both servers; before 4, a move has the window of Q277911.
    #[serde(default = "newest_service_pack")]
    pub(crate) service_pack: u32,
    /// How the two servers belong together.
    #[serde(default)]
    pub(crate) layout: Layout,
    /// All mailboxes.
    pub(crate) mailboxes: Vec<String>,
}

/// An organisation whose file does not say it was made with this one.
fn newest_service_pack() -> u32 {
    4
}

/// The version of the layout on disk that this program reads and writes.
pub(crate) const FORMAT: u32 = 1;

/// An organisation, opened by one command.
#[derive(Debug)]
pub(crate) struct Organisation {
    root: PathBuf,
    mode: Mode,
    /// What `init` decided.
    pub(crate) config: Config,
}

impl Organisation {
    /// Opens the organisation in `root`.
    pub(crate) fn open(root: &Path, mode: Mode) -> Result<Self> {
        let file = config_file(root);
        if !file.exists() {
            let what = format!("`{}` holds no organisation", root.display());
            return Err(Failure::failed(what)
                .because("`--dir` or MAILLAB_DIR names its folder, by default `./maillab`")
                .next("`maillab init` makes one"));
        }
        let config: Config = disk::read_json(&file)?;
        if config.format != FORMAT {
            let found = format!("its layout has version {}, not {FORMAT}", config.format);
            return Err(Failure::failed(format!("cannot use `{}`", root.display()))
                .because(found)
                .next("`maillab --dir ELSEWHERE init` makes a new one"));
        }
        let root = root.canonicalize().at("find", root)?;
        Ok(Organisation { root, mode, config })
    }

    /// An organisation that is being made: not yet to be opened by others.
    pub(crate) fn unfinished(root: PathBuf, config: Config) -> Self {
        Organisation { root, mode: Mode::Silent, config }
    }

    /// Makes the organisation one that can be opened.
    pub(crate) fn finish(&self) -> Result<()> {
        disk::write_json(&config_file(&self.root), &self.config)
    }

    /// A server by its name.
    pub(crate) fn server(&self, name: &str) -> Result<Server> {
        let Config { source, target, .. } = &self.config;
        if name != source && name != target {
            return Err(Failure::failed(format!("there is no server `{name}`"))
                .because(format!("the servers are `{source}` and `{target}`")));
        }
        let root = self.root.join("servers").join(name);
        Ok(Server { name: name.to_owned(), root })
    }

    /// The source, then the target.
    pub(crate) fn servers(&self) -> Result<[Server; 2]> {
        Ok([self.server(&self.config.source)?, self.server(&self.config.target)?])
    }

    /// The server that is not `name`.
    pub(crate) fn other(&self, name: &str) -> Result<Server> {
        let Config { source, target, .. } = &self.config;
        self.server(if name == source { target } else { source })
    }

    /// Whether mailboxes are copied from this server, and stay there.
    pub(crate) fn is_original(&self, server: &Server) -> bool {
        self.config.layout.copies() && server.name == self.config.source
    }

    /// Refuses a mailbox that does not exist.
    pub(crate) fn check_mailbox(&self, name: &str) -> Result<()> {
        if self.config.mailboxes.iter().any(|known| known == name) {
            return Ok(());
        }
        Err(Failure::failed(format!("there is no mailbox `{name}`"))
            .next("`maillab list` names all mailboxes"))
    }

    /// Waits for the mailbox: held around each short stage, so that deliveries go on between two of them.
    pub(crate) fn lock_mailbox(&self, mailbox: &str) -> Result<Lock> {
        lock::wait(&self.lock_file(&format!("mailbox-{mailbox}")))
    }

    /// Claims the mailbox for a whole operation such as a move; deliveries do not ask for it. Waits while the
    /// stores are claimed.
    pub(crate) fn claim_operation(&self, mailbox: &str) -> Result<[Lock; 2]> {
        let stores = lock::wait_shared(&self.lock_file("stores"))?;
        let Some(claim) = lock::try_now(&self.lock_file(&format!("operation-{mailbox}")))? else {
            let what = format!("another operation works on mailbox `{mailbox}`");
            return Err(Failure::new(Code::Busy, what)
                .because("its process is alive, and two would destroy each other's work")
                .next(format!("`maillab locate {mailbox}` shows how far it is")));
        };
        Ok([stores, claim])
    }

    /// Claims the stores as a whole when no move is under way; none begins until the claim is dropped.
    pub(crate) fn claim_stores(&self) -> Result<Lock> {
        lock::wait(&self.lock_file("stores"))
    }

    /// Like [`Organisation::claim_stores`], but refuses to wait for a move.
    pub(crate) fn claim_idle_stores(&self) -> Result<Lock> {
        lock::try_now(&self.lock_file("stores"))?.ok_or_else(|| {
            Failure::new(Code::Busy, "the stores cannot be taken offline")
                .because("a mailbox is being moved")
                .next("try again when the move has ended")
        })
    }

    fn lock_file(&self, name: &str) -> PathBuf {
        self.root.join("locks").join(name)
    }

    /// The directory of homes.
    pub(crate) fn directory(&self) -> Directory {
        Directory::at(self.root.join("directory"))
    }

    /// The accounts of the organisation that mailboxes are cloned into.
    pub(crate) fn accounts(&self) -> Accounts {
        Accounts::at(self.root.join("accounts"))
    }

    /// Where the wizard keeps what it has done to a mailbox.
    pub(crate) fn wizard_record(&self, mailbox: &str) -> PathBuf {
        self.root.join("wizard").join(format!("{mailbox}.json"))
    }

    /// The tables of the classes of senders of a postoffice.
    pub(crate) fn routes(&self) -> PathBuf {
        self.root.join("routes.json")
    }

    /// Waits for those tables.
    pub(crate) fn lock_routes(&self) -> Result<Lock> {
        lock::wait(&self.lock_file("routes"))
    }

    /// How far the extraction of a mailbox from a postoffice came.
    pub(crate) fn extraction(&self, mailbox: &str) -> PathBuf {
        self.root.join("extractions").join(format!("{mailbox}.json"))
    }

    /// Where a backup of a postoffice is restored.
    pub(crate) fn restored(&self) -> PathBuf {
        self.root.join("restored")
    }

    /// The ledger of a mailbox.
    pub(crate) fn ledger(&self, mailbox: &str) -> Ledger {
        Ledger::of(&self.root.join("ledger"), mailbox)
    }

    /// The folder of a mailbox's queue.
    pub(crate) fn queue(&self, mailbox: &str) -> PathBuf {
        self.root.join("queue").join(mailbox)
    }

    /// The switches.
    pub(crate) fn switches(&self) -> Switches {
        Switches::at(self.root.join("switches"))
    }

    /// The file of a setting that is not a switch.
    pub(crate) fn switch_file(&self, name: &str) -> PathBuf {
        self.root.join("switches").join(name)
    }

    /// The faults that are armed.
    pub(crate) fn faults(&self) -> Faults {
        Faults::at(self.root.join("faults"))
    }

    /// The transaction log drive of a server.
    pub(crate) fn log(&self, server: &Server) -> TransactionLog {
        let lock = self.lock_file(&format!("log-{}", server.name));
        TransactionLog::new(&server.name, server.root.join("log.json"), lock)
    }

    /// Writes the log of `bytes` that are moved to `server`.
    pub(crate) fn log_moved(&self, server: &Server, bytes: u64) -> Result<()> {
        let circular = self.switches().get(&CIRCULAR_LOGGING)? == Power::On;
        self.log(server).append(bytes, circular)
    }

    /// The file of an archive.
    pub(crate) fn archive(&self, name: &str) -> PathBuf {
        self.root.join("backups").join(format!("{name}.tar"))
    }

    /// The file of a server's last full backup.
    pub(crate) fn full_archive(&self, server: &Server) -> PathBuf {
        self.archive(&format!("full-{}", server.name))
    }

    /// The file of the inbox rules that a user has made.
    pub(crate) fn rules(&self, mailbox: &str) -> PathBuf {
        self.root.join("rules").join(format!("{mailbox}.json"))
    }

    /// The file of whom a user has let in.
    pub(crate) fn permissions(&self, mailbox: &str) -> PathBuf {
        self.root.join("permissions").join(format!("{mailbox}.json"))
    }

    /// The file of the status of a mailbox's last move.
    pub(crate) fn move_status(&self, mailbox: &str) -> PathBuf {
        self.root.join("moves").join(format!("{mailbox}.json"))
    }

    /// The file of a user's profile.
    pub(crate) fn profile(&self, mailbox: &str) -> PathBuf {
        self.root.join("profiles").join(format!("{mailbox}.json"))
    }

    /// The borders of an operation.
    pub(crate) fn stages<'a>(&self, operation: &'static str, subject: &'a str) -> Stages<'a> {
        Stages::new(self.mode, self.faults(), operation, subject)
    }

    /// The folders that every organisation has.
    pub(crate) fn create_folders(&self) -> Result<()> {
        for folder in [
            "directory",
            "accounts",
            "extractions",
            "wizard",
            "ledger",
            "queue",
            "profiles",
            "rules",
            "permissions",
            "moves",
            "switches",
            "backups",
            "locks",
        ] {
            disk::create_folder(&self.root.join(folder))?;
        }
        for server in self.servers()? {
            disk::create_folder(&server.root.join("mailboxes"))?;
        }
        for mailbox in &self.config.mailboxes {
            disk::create_folder(&self.queue(mailbox))?;
        }
        Ok(())
    }
}

/// The file whose presence makes a folder an organisation.
pub(crate) fn config_file(root: &Path) -> PathBuf {
    root.join("organisation.json")
}
