//! The kind of a step: what it says, what its driver's action says, or what its name lets it be taken for.
//!
//! Does not know what follows from a kind; rules and policies do.

use super::deed::Deed;
use crate::spec::model::{Body, Effect, Step};

/// Words in names, the kind that they stand for, and whether something of that kind only looks.
const WORDS: &[(&str, &str, bool)] = &[
    ("backup", "backup", false),
    ("archive", "backup", false),
    ("move", "move", false),
    ("copy", "copy", false),
    ("clone", "clone", false),
    ("extract", "extract", false),
    ("freeze", "freeze", false),
    ("hold", "freeze", false),
    ("unfreeze", "unfreeze", false),
    ("thaw", "unfreeze", false),
    ("release", "unfreeze", false),
    ("sweep", "sweep", false),
    ("defrag", "defrag", false),
    ("reroute", "reroute", false),
    ("antivirus", "antivirus", false),
    ("circular", "circular_logging", false),
    ("rca", "schedule", false),
    ("delete", "delete", false),
    ("remove", "delete", false),
    ("purge", "delete", false),
    ("decommission", "delete", false),
    ("retire", "delete", false),
    ("check", "check", true),
    ("measure", "check", true),
    ("converged", "converge", true),
    ("converge", "converge", true),
    ("verify", "verify", true),
    ("compare", "verify", true),
    ("audit", "verify", true),
];

/// The kind of a step.
///
/// A step without one is taken for what a word of its name says, or else its subcommand: `move_bob`, `[maillab, move, bob]`. That
/// must fit its effect, so that `check_moved`, which only looks, is no move.
pub(crate) fn of<'r>(step: &'r Step, deed: Option<&Deed>) -> Option<&'r str> {
    if let Some(kind) = &step.kind {
        return Some(kind);
    }
    let Body::Action(work) = &step.body else { return None };
    if let Some(action) = work.target() {
        return action.kind.as_deref();
    }
    let deed = deed?;
    let looks = deed.effect == Effect::Read;
    let by_name = step.name.split('_').find_map(|word| by_word(word, looks));
    by_name.or_else(|| {
        let second = deed.words.get(1).filter(|word| word.is_literal)?;
        second.text.split(['-', '_']).find_map(|word| by_word(word, looks))
    })
}

pub(crate) fn by_word(word: &str, looks: bool) -> Option<&'static str> {
    let fits = |(known, _, reads): &&(&str, &str, bool)| *known == word && *reads == looks;
    WORDS.iter().find(fits).map(|(_, kind, _)| *kind)
}

/// Whether a kind brings data to another place.
pub(crate) fn brings(kind: Option<&str>) -> bool {
    matches!(kind, Some("move" | "copy" | "clone" | "extract"))
}
