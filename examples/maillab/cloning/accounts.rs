//! The accounts of the organisation that mailboxes are cloned into, as its two domain controllers see them.
//!
//! Does not know what a mailbox holds. Tools write to the first controller; the second one follows when a replication
//! cycle runs, and none runs by itself, so that the lag is as long as an operator or a test wants it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::disk;
use crate::failure::Result;

/// What one controller knows of an account. The higher version is the newer one; a deletion has one too.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct View {
    /// Whether the object exists.
    pub(crate) exists: bool,
    /// Whether it has a target address: mail for it goes on to the organisation that the mailbox comes from.
    pub(crate) forwards: bool,
    /// Counts the changes.
    pub(crate) version: u64,
}

impl View {
    /// Whether a sender who asks this controller has mail delivered into the account's own mailbox.
    pub(crate) fn takes_mail(&self) -> bool {
        self.exists && !self.forwards
    }
}

/// One account: a user object with its mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    /// Its name: the mailbox's, or that with a number if the name was taken.
    pub(crate) name: String,
    /// What the controller that tools write to knows.
    pub(crate) first: View,
    /// What the other controller knows, which answers whether a name is free.
    pub(crate) second: View,
}

impl Account {
    /// Whether a controller knows it.
    pub(crate) fn exists(&self) -> bool {
        self.first.exists || self.second.exists
    }

    /// Whether both controllers know the same.
    pub(crate) fn converged(&self) -> bool {
        self.first == self.second
    }

    /// Changes what the first controller knows.
    fn change(&mut self, exists: bool, forwards: bool) {
        let version = self.first.version.max(self.second.version) + 1;
        self.first = View { exists, forwards, version };
    }
}

/// All accounts that were ever made for one mailbox. Whoever changes them holds the mailbox's lock.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Family {
    /// The accounts, the one with the mailbox's own name first.
    pub(crate) accounts: Vec<Account>,
}

impl Family {
    /// The accounts that a controller knows.
    pub(crate) fn existing(&self) -> impl Iterator<Item = &Account> {
        self.accounts.iter().filter(|account| account.exists())
    }

    /// An account by its name.
    pub(crate) fn named(&self, name: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.name == name)
    }

    /// The account that the first controller knows, by whatever name.
    pub(crate) fn present(&self) -> Option<&Account> {
        self.accounts.iter().find(|account| account.first.exists)
    }

    /// Whether both controllers know the same of all.
    pub(crate) fn converged(&self) -> bool {
        self.accounts.iter().all(Account::converged)
    }

    /// Makes an account on the first controller, unless it has one. A name that the second controller still has is not
    /// free, so the account gets the next one: `alice-1`, `alice-2`.
    pub(crate) fn create(&mut self, mailbox: &str, forwards: bool) {
        if self.present().is_some() {
            return;
        }
        let names = (0u64..).map(|n| match n {
            0 => mailbox.to_owned(),
            _ => format!("{mailbox}-{n}"),
        });
        let taken = |name: &String| self.named(name).is_some_and(Account::exists);
        let name =
            names.into_iter().find(|name| !taken(name)).expect("there are more numbers than names");
        let place = self.accounts.iter().position(|account| account.name == name);
        let place = place.unwrap_or_else(|| {
            let account = Account { name, first: View::default(), second: View::default() };
            self.accounts.push(account);
            self.accounts.len() - 1
        });
        self.accounts[place].change(true, forwards);
    }

    /// Deletes every account on the first controller; returns their names.
    pub(crate) fn delete(&mut self) -> Vec<String> {
        let present = self.accounts.iter_mut().filter(|account| account.first.exists);
        let deleted = present.map(|account| {
            account.change(false, false);
            account.name.clone()
        });
        deleted.collect()
    }

    /// Gives the accounts a target address or takes it away; tells whether that changed anything.
    pub(crate) fn forward(&mut self, forwards: bool) -> bool {
        let mut changed = false;
        for account in self.accounts.iter_mut().filter(|account| account.first.exists) {
            if account.first.forwards != forwards {
                account.change(true, forwards);
                changed = true;
            }
        }
        changed
    }

    /// Gives the newer view to the other controller; tells whether that changed anything.
    pub(crate) fn replicate(&mut self) -> bool {
        let mut changed = false;
        for account in self.accounts.iter_mut().filter(|account| !account.converged()) {
            if account.first.version > account.second.version {
                account.second = account.first.clone();
            } else {
                account.first = account.second.clone();
            }
            changed = true;
        }
        changed
    }
}

/// The accounts of all mailboxes, one file each.
#[derive(Debug)]
pub(crate) struct Accounts {
    root: PathBuf,
}

impl Accounts {
    /// The accounts kept under `root`.
    pub(crate) fn at(root: PathBuf) -> Self {
        Accounts { root }
    }

    /// The accounts of a mailbox; none if there never were any.
    pub(crate) fn family(&self, mailbox: &str) -> Result<Family> {
        let path = self.path(mailbox);
        if path.exists() { disk::read_json(&path) } else { Ok(Family::default()) }
    }

    /// Replaces the accounts of a mailbox.
    pub(crate) fn write(&self, mailbox: &str, family: &Family) -> Result<()> {
        disk::write_json(&self.path(mailbox), family)
    }

    fn path(&self, mailbox: &str) -> PathBuf {
        self.root.join(format!("{mailbox}.json"))
    }
}
