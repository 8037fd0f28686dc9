//! Where each accepted message is: once at its home, where the user sees it, and nowhere else.
//!
//! Does not look into messages.

use super::finding::{Finding, Kind};
use super::survey::{Copy, Survey};
use crate::ledger::Accepted;

/// What is lost, double, waiting or in a wrong place.
pub(super) fn check(survey: &Survey) -> Vec<Finding> {
    let found = survey.accepted.iter().flat_map(|message| {
        [double(survey, message), misplaced(survey, message)].into_iter().flatten()
    });
    found.collect()
}

fn double(survey: &Survey, message: &Accepted) -> Option<Finding> {
    let copies = survey.copies_of(&message.key);
    let home = copies.iter().filter(|copy| is_in_place(copy)).count();
    let detail = format!("{home} times at its home");
    (home > 1).then(|| survey.finding(Kind::Double, &message.key, detail))
}

fn misplaced(survey: &Survey, message: &Accepted) -> Option<Finding> {
    let key = &message.key;
    let copies = survey.copies_of(key);
    let in_place = copies.iter().any(is_in_place);
    let waiting = copies.iter().find(|copy| !copy.visible);
    // What a mailbox was copied from stays as it was; it counts only where the message is nowhere else.
    let mut others = copies.iter().filter(|copy| !copy.at_home && copy.visible);
    let elsewhere = others.clone().find(|copy| !copy.original);
    let elsewhere = elsewhere.or_else(|| others.next().filter(|_| !in_place));
    let (kind, detail) = match (in_place, elsewhere, waiting) {
        (false, None, None) if survey.queued.contains(key) => {
            (Kind::Queued, "accepted, and not yet in a mailbox".to_owned())
        }
        (false, None, None) => (Kind::Lost, "accepted, and nowhere".to_owned()),
        (false, Some(copy), _) => (Kind::Stranded, format!("only on `{}`", copy.server)),
        (false, None, Some(copy)) => {
            (Kind::InTransit, format!("in the InTransitFolder on `{}`", copy.server))
        }
        (true, Some(copy), _) | (true, None, Some(copy)) => {
            (Kind::LeftOver, format!("a copy is on `{}`", copy.server))
        }
        (true, None, None) => return None,
    };
    Some(survey.finding(kind, key, detail))
}

fn is_in_place(copy: &Copy) -> bool {
    copy.at_home && copy.visible
}
