//! `deliver`, `drip` and `drain`: mail that arrives while mailboxes move.

use std::io::{ErrorKind, Read};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Subcommand;
use jiff::SignedDuration;
use serde_json::json;
use signal_hook::consts::{SIGINT, SIGTERM};

use super::{chosen, print_json};
use crate::delivery::{self, Tally};
use crate::failure::{Failure, Result};
use crate::ledger::SenderClass;
use crate::organisation::Organisation;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Deliver new messages to one mailbox, by the directory's word.
    ///
    /// A message is accepted when it is in the ledger, on disk. It goes to the mailbox's home as the sender's side of
    /// the directory sees it, or into the InTransitFolder of a server that the mailbox is being moved to. Prints how
    /// many were stored and how many wait in the queue.
    Deliver {
        /// The mailbox.
        mailbox: String,
        /// Number of messages.
        #[arg(long, value_name = "N", default_value_t = 1)]
        count: u64,
        /// Who sends: `internal` follows the directory's source view, `external` its target view; the other two are like
        /// `internal` unless the layout is `postoffice`, where each class has a table of its own.
        #[arg(long, value_name = "CLASS", value_enum, default_value_t = SenderClass::External)]
        sender_class: SenderClass,
    },
    /// Deliver a steady stream of messages, to all mailboxes in turn and from all classes of senders.
    ///
    /// Ends cleanly on SIGTERM or Ctrl-C, after `--count` messages, or as soon as the file of `--until-file` exists.
    /// Prints how many were stored and how many wait in the queue.
    Drip {
        /// Only these mailboxes.
        mailboxes: Vec<String>,
        /// Time between two messages, such as `50ms` or `2s`.
        #[arg(long, value_name = "DURATION", default_value = "200ms")]
        every: SignedDuration,
        /// End after so many messages.
        #[arg(long, value_name = "N")]
        count: Option<u64>,
        /// End when this file exists.
        #[arg(long, value_name = "PATH")]
        until_file: Option<PathBuf>,
    },
    /// Store the messages that wait in the queue: a delivery was interrupted, or the directory was wrong.
    Drain {
        /// Only these mailboxes.
        mailboxes: Vec<String>,
    },
}

pub(super) fn run(command: Command, organisation: &Organisation) -> Result<()> {
    match command {
        Command::Deliver { mailbox, count, sender_class } => {
            organisation.check_mailbox(&mailbox)?;
            let mut tally = Tally::default();
            for _ in 0..count {
                tally.add(delivery::deliver(organisation, &mailbox, sender_class)?);
            }
            print_tally(tally)
        }
        Command::Drip { mailboxes, every, count, until_file } => {
            let every = Duration::try_from(every)
                .map_err(|error| Failure::failed("`--every` cannot be negative").because(error))?;
            let mailboxes = chosen(organisation, mailboxes)?;
            let end = End { count, until_file: until_file.as_deref() };
            print_tally(drip(organisation, &mailboxes, every, end)?)
        }
        Command::Drain { mailboxes } => {
            let mut tally = Tally::default();
            for mailbox in chosen(organisation, mailboxes)? {
                tally.add(delivery::drain(organisation, &mailbox)?);
            }
            print_tally(tally)
        }
    }
}

/// When a stream of mail ends.
#[derive(Debug, Clone, Copy)]
struct End<'a> {
    count: Option<u64>,
    until_file: Option<&'a Path>,
}

impl End<'_> {
    fn reached(self, messages: u64) -> bool {
        self.count == Some(messages) || self.until_file.is_some_and(Path::exists)
    }
}

fn drip(to: &Organisation, mailboxes: &[String], every: Duration, end: End) -> Result<Tally> {
    let mut signals = Signals::listen()?;
    let mut tally = Tally::default();
    for (n, mailbox) in (0..).zip(mailboxes.iter().cycle()) {
        let signalled = n > 0 && !end.reached(n) && signals.arrived_within(every)?;
        if signalled || end.reached(n) {
            break;
        }
        let class = SenderClass::of_stream(to.config.layout, n, mailboxes.len());
        tally.add(delivery::deliver(to, mailbox, class)?);
    }
    Ok(tally)
}

/// SIGTERM and SIGINT as bytes on a socket, so that waiting for the next message ends with them.
struct Signals(UnixStream);

impl Signals {
    fn listen() -> Result<Self> {
        let listen = || {
            let (read, write) = UnixStream::pair()?;
            signal_hook::low_level::pipe::register(SIGTERM, write.try_clone()?)?;
            signal_hook::low_level::pipe::register(SIGINT, write)?;
            Ok(Signals(read))
        };
        listen().map_err(signal_failure)
    }

    fn arrived_within(&mut self, time: Duration) -> Result<bool> {
        // A timeout of zero would mean none at all.
        let timeout = time.max(Duration::from_micros(1));
        self.0.set_read_timeout(Some(timeout)).map_err(signal_failure)?;
        match self.0.read(&mut [0]) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            // A signal has come, perhaps another one, such as the SIGCONT of a shell.
            Err(error) if error.kind() == ErrorKind::Interrupted => {
                self.arrived_within(Duration::ZERO)
            }
            Err(error) => Err(signal_failure(error)),
        }
    }
}

fn signal_failure(error: std::io::Error) -> Failure {
    Failure::failed("cannot listen for signals").because(error)
}

fn print_tally(tally: Tally) -> Result<()> {
    let Tally { stored, queued, returned } = tally;
    print_json(&json!({"stored": stored, "queued": queued, "returned": returned}))
}
