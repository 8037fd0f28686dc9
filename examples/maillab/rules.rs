//! Inbox rules: what a user has set up at the server, which belongs to the mailbox as its messages do.
//!
//! Does not apply them to any mail. What a user has set up is written down at `init`, for the audit, and lies in the row
//! of the mailbox as `rules.json`.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::disk;
use crate::failure::Result;
use crate::message::pick;
use crate::organisation::Organisation;
use crate::store::Row;
use crate::words;

/// One rule: what comes from a person goes to a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rule {
    /// The sender.
    pub(crate) from: String,
    /// The folder.
    pub(crate) folder: String,
}

/// The rules that the user of a mailbox has set up: one or two, by the seed.
pub(crate) fn made(seed: u64, mailbox: &str) -> Vec<Rule> {
    let name = format!("{seed}/{mailbox}/rules");
    let mut rng = ChaCha8Rng::from_seed(*blake3::hash(name.as_bytes()).as_bytes());
    let rules = (0..rng.random_range(1..=2)).map(|_| Rule {
        from: format!("{}@site.example", pick(&mut rng, words::PEOPLE)),
        folder: pick(&mut rng, &["Archive", "Projects"]).to_owned(),
    });
    rules.collect()
}

/// Writes down what the user has set up.
pub(crate) fn write_down(of: &Organisation, mailbox: &str, rules: &[Rule]) -> Result<()> {
    disk::write_json(&of.rules(mailbox), &rules)
}

/// What the user has set up; nothing in an organisation that was made without rules.
pub(crate) fn written_down(of: &Organisation, mailbox: &str) -> Result<Vec<Rule>> {
    let file = of.rules(mailbox);
    if file.exists() { disk::read_json(&file) } else { Ok(Vec::new()) }
}

/// The rules of a row.
pub(crate) fn of_row(row: &Row) -> Result<Vec<Rule>> {
    let file = row.rules_file();
    if file.exists() { disk::read_json(&file) } else { Ok(Vec::new()) }
}

/// Replaces the rules of a row.
pub(crate) fn set(row: &Row, rules: &[Rule]) -> Result<()> {
    disk::write_json(&row.rules_file(), &rules)
}
