//! Where mail goes, by class of senders: each class has a table of its own.
//!
//! Does not know what has been extracted.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::ValueEnum;

use crate::delivery;
use crate::disk;
use crate::failure::Result;
use crate::faults::Fault;
use crate::ledger::SenderClass;
use crate::organisation::Organisation;
use crate::stages::Stage;
use crate::store::RowState;
use crate::switches::name_of;

/// The server that each class of senders finds, by the name of the class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Routes(BTreeMap<String, String>);

impl Routes {
    /// The present tables: a class that was never rerouted finds the postoffice.
    pub(crate) fn read(of: &Organisation) -> Result<Self> {
        let path = of.routes();
        let mut routes: BTreeMap<String, String> =
            if path.exists() { disk::read_json(&path)? } else { BTreeMap::new() };
        for class in SenderClass::value_variants() {
            routes.entry(name_of(class)).or_insert_with(|| of.config.source.clone());
        }
        Ok(Routes(routes))
    }

    /// The server that a class finds.
    pub(crate) fn server(&self, class: SenderClass) -> &str {
        &self.0[&name_of(&class)]
    }

    /// All tables, by the name of the class.
    pub(crate) fn tables(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// Whether every class finds this server.
    pub(crate) fn all_name(&self, server: &str) -> bool {
        self.0.values().all(|named| named == server)
    }
}

/// Lets a class find another server; tells whether that changed anything.
pub(crate) fn reroute(of: &Organisation, class: SenderClass, server: &str) -> Result<bool> {
    let server = of.server(server)?.name;
    let name = name_of(&class);
    let stages = of.stages("route", &name);
    if stages.pass(Stage::BeginReroute)? == Some(Fault::RouteStays) {
        return Ok(true);
    }
    let changed = {
        let _lock = of.lock_routes()?;
        let mut routes = Routes::read(of)?;
        let before = routes.0.insert(name.clone(), server.clone());
        disk::write_json(&of.routes(), &routes.0)?;
        before != Some(server)
    };
    stages.reach(Stage::SwitchRoutes)?;
    Ok(changed)
}

/// Whether mail of a class goes back to its sender: its table names the postoffice, where the mailbox is no more.
pub(crate) fn returns(of: &Organisation, mailbox: &str, class: SenderClass) -> Result<bool> {
    let routes = Routes::read(of)?;
    let server = routes.server(class);
    Ok(server == of.config.source && of.server(server)?.row(mailbox).is_none())
}

/// The folder that takes a message now. The new server makes a mailbox for the first message; the postoffice does not.
pub(crate) fn route(
    of: &Organisation,
    mailbox: &str,
    class: SenderClass,
) -> Result<Option<PathBuf>> {
    let server = of.server(Routes::read(of)?.server(class))?;
    let row = match server.row(mailbox) {
        None if server.name == of.config.target => {
            Some(server.create_row(mailbox, RowState::Live)?)
        }
        row => row,
    };
    Ok(row.map(|row| row.mail.root().to_owned()))
}

/// Where a message of a class arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// On this server.
    Server(String),
    /// Still in the queue.
    Queue,
    /// It was returned.
    Sender,
}

/// Sends a message of a class, and tells where it arrived: the only proof of a route.
pub(crate) fn canary(of: &Organisation, mailbox: &str, class: SenderClass) -> Result<Arrival> {
    if delivery::deliver(of, mailbox, class)?.returned > 0 {
        return Ok(Arrival::Sender);
    }
    let _lock = of.lock_mailbox(mailbox)?;
    let accepted = of.ledger(mailbox).read()?;
    let sent = accepted.iter().rev().find(|message| message.sender_class == class);
    let key = &sent.expect("it was accepted just now").key;
    for server in of.servers()? {
        if let Some(row) = server.row(mailbox)
            && row.keys()?.contains(key)
        {
            return Ok(Arrival::Server(server.name));
        }
    }
    Ok(Arrival::Queue)
}
