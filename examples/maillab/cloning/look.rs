//! What an account and its mailbox are like now: the states of the module's table.
//!
//! Changes nothing, and decides nothing. The caller holds the mailbox's lock.

use std::collections::BTreeSet;

use serde::Serialize;

use super::accounts::{Account, Family};
use super::mailbox::target;
use super::wizard::{Progress, Record, source_row};
use crate::copying::original;
use crate::failure::Result;
use crate::organisation::Organisation;

/// One of the module's states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// No account, no row.
    Absent,
    /// An account without a row.
    ObjectOnly,
    /// A row that the wizard has not touched.
    Initialised,
    /// The wizard was interrupted while it cloned.
    HalfCloned,
    /// Cloned.
    Cloned,
    /// The wizard was interrupted while it merged.
    HalfMerged,
    /// Merged.
    Merged,
    /// A row without an account.
    Orphaned,
    /// An account by another name.
    Duplicated,
}

impl State {
    /// As it is printed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            State::Absent => "absent",
            State::ObjectOnly => "object_only",
            State::Initialised => "initialised",
            State::HalfCloned => "half_cloned",
            State::Cloned => "cloned",
            State::HalfMerged => "half_merged",
            State::Merged => "merged",
            State::Orphaned => "orphaned",
            State::Duplicated => "duplicated",
        }
    }
}

/// What there is.
#[derive(Debug)]
pub(crate) struct Look {
    /// The state.
    pub(crate) state: State,
    /// Whether both controllers know the same of the mailbox's accounts.
    pub(crate) replicated: bool,
    /// Whether no sender's mail goes to an account, whichever controller is asked.
    pub(crate) forwards: bool,
    /// The accounts that exist.
    pub(crate) accounts: Vec<Account>,
    /// Messages in the accounts' rows.
    pub(crate) items: usize,
    /// Those of them that the source does not have.
    pub(crate) only_at_target: usize,
    /// Messages at the source that no account has.
    pub(crate) only_at_source: usize,
}

/// Looks at a mailbox.
pub(crate) fn look(of: &Organisation, mailbox: &str) -> Result<Look> {
    let family = of.accounts().family(mailbox)?;
    let target = target(of)?;
    let rows: Vec<_> =
        family.accounts.iter().filter_map(|account| target.row(&account.name)).collect();
    let (mut items, mut held) = (0, BTreeSet::new());
    for row in &rows {
        items += row.mail.items()?.len();
        held.extend(row.keys()?);
    }
    let at_source = source_row(of, mailbox)?.keys()?;
    let takes = |account: &Account| account.first.takes_mail() || account.second.takes_mail();
    Ok(Look {
        state: state(of, mailbox, &family)?,
        replicated: family.converged(),
        forwards: !family.accounts.iter().any(takes),
        accounts: family.existing().cloned().collect(),
        items,
        only_at_target: held.iter().filter(|key| !at_source.contains(original(key))).count(),
        only_at_source: at_source.difference(&held).count(),
    })
}

fn state(of: &Organisation, mailbox: &str, family: &Family) -> Result<State> {
    if family.existing().any(|account| account.name != mailbox) {
        return Ok(State::Duplicated);
    }
    let account = family.named(mailbox).is_some_and(Account::exists);
    let row = target(of)?.row(mailbox).is_some();
    let record = Record::read(of, mailbox)?.filter(|record| record.account == mailbox);
    Ok(match (account, row, record.map(|record| record.progress)) {
        (false, false, _) => State::Absent,
        (false, true, _) => State::Orphaned,
        (true, false, _) => State::ObjectOnly,
        (true, true, None) => State::Initialised,
        (true, true, Some(Progress::Cloning)) => State::HalfCloned,
        (true, true, Some(Progress::Cloned)) => State::Cloned,
        (true, true, Some(Progress::Merging)) => State::HalfMerged,
        (true, true, Some(Progress::Merged)) => State::Merged,
    })
}

/// What is wrong with a mailbox beside its messages, one sentence each. The caller holds the mailbox's lock.
pub(crate) fn complaints(of: &Organisation, mailbox: &str) -> Result<Vec<String>> {
    let family = of.accounts().family(mailbox)?;
    let beside = family.existing().filter(|account| account.name != mailbox);
    let named = |account: &Account| format!("its account `{}` is a duplicate", account.name);
    Ok(beside.map(named).collect())
}
