//! The names and words that the laboratory's mail is made of.
//!
//! Knows no message format.

use rand::{Rng, RngExt};

use crate::message::pick;

/// First names of senders and mailboxes.
pub(crate) const PEOPLE: &[&str] = &[
    "alice", "bob", "carol", "david", "erin", "frank", "grace", "heidi", "ivan", "judy", "kevin",
    "laura", "mallory", "nina", "oscar", "peggy", "quentin", "rita", "sybil", "trent", "ursula",
    "victor", "wendy", "xavier", "yvonne", "zoe", "amelie", "bruno", "chiara", "dmitri", "elif",
    "fatima", "gustav", "hanna", "igor", "jana", "kenji", "lars", "mei", "noor",
];

/// Things that mail is about.
pub(crate) const NOUNS: &[&str] = &[
    "budget",
    "contract",
    "invoice",
    "forecast",
    "minutes",
    "roadmap",
    "schedule",
    "survey",
    "report",
    "offer",
    "audit",
    "training",
    "holiday",
    "printer",
    "canteen",
    "server",
    "release",
    "Übergabe",
    "Prüfung",
    "café",
];

const OPENINGS: &[&str] = &["Re: ", "Fwd: ", "", "", "", "Reminder: "];
const TAILS: &[&str] =
    &["for Monday", "of last week", "once more", "(draft)", "— final", "2nd try"];
const SENTENCES: &[&str] = &[
    "Please have a look before the meeting.",
    "I have put the figures into the shared folder.",
    "Nothing has changed since yesterday, but the date is fixed now.",
    "Could you confirm that you have received the last version?",
    "The customer asks for an answer by the end of the week.",
    "Grüße aus München, wir sehen uns am Freitag.",
    "Let me know if the numbers do not add up; I have checked them twice and still have my doubts.",
    "Merci d'avance, et à bientôt.",
    "The old printer is gone. The new one stands beside the kitchen.",
    "From what I have heard, the move to the new server is planned for the weekend.",
];

/// The name of the `n`th mailbox, from 0.
pub(crate) fn mailbox(n: usize) -> String {
    let round = n / PEOPLE.len();
    let name = PEOPLE[n % PEOPLE.len()];
    if round == 0 { name.to_owned() } else { format!("{name}{}", round + 1) }
}

/// A name as it is written in a letter.
pub(crate) fn title(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A subject line.
pub(crate) fn subject(rng: &mut impl Rng) -> String {
    format!("{}{} {}", pick(rng, OPENINGS), title(pick(rng, NOUNS)), pick(rng, TAILS))
}

/// A text of a few paragraphs.
pub(crate) fn paragraphs(rng: &mut impl Rng) -> String {
    let mut text = String::new();
    for _ in 0..rng.random_range(1..5) {
        for _ in 0..rng.random_range(1..6) {
            text.push_str(pick(rng, SENTENCES));
            text.push(' ');
        }
        text.push_str("\n\n");
    }
    text
}
