//! What is declared and never read: a file for each rule.
//!
//! Does not know who runs the rules.

pub(super) mod output;
pub(super) mod parameter;

use std::collections::BTreeSet;

use super::shape::Shape;

/// The names that stand behind a word and a dot anywhere in the runbook's own text; nothing if the word stands there without one, so
/// that every name may be meant.
fn names_behind<'r>(shape: &Shape<'r>, word: &str) -> Option<BTreeSet<&'r str>> {
    let text = &shape.runbook?.sources.first()?.text;
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut names = BTreeSet::new();
    for (at, _) in text.match_indices(word) {
        let before = text[..at].chars().next_back();
        let rest = &text[at + word.len()..];
        if before.is_some_and(is_part) || rest.starts_with(is_part) {
            continue;
        }
        let name = if let Some(rest) = rest.strip_prefix('.') {
            rest
        } else if let Some(rest) = rest.strip_prefix("[\"").or_else(|| rest.strip_prefix("['")) {
            rest
        } else if rest.trim_start_matches(' ').starts_with(':') || rest.starts_with(['`', ',']) {
            // The key itself, or a word in a text for people.
            continue;
        } else if before.is_some_and(|c| "({[ |=".contains(c))
            && rest.trim_start().starts_with(['|', '}', '['])
        {
            return None;
        } else {
            continue;
        };
        let end = name.find(|c: char| !is_part(c)).unwrap_or(name.len());
        names.insert(&name[..end]);
    }
    Some(names)
}
