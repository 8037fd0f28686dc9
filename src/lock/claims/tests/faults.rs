//! A process that is killed over any change, and power cuts.
//!
//! The fault model: what is written beside its place may be torn by a kill, and is whole once the write has returned; a file is
//! put in its place or removed as a whole; what was put and removed since the folder was last synced may each be there after a
//! power cut or not.

use std::collections::BTreeMap;

use super::memory::Memory;
use super::{names, run, want};
use crate::lock::claims::{Attempt, ClaimError, ClaimFolder, Owner};
use crate::spec::model::Sharing::{self, Exclusive, Shared, Slots};

/// One call of the story.
enum Call {
    Acquire { run: usize, token: &'static str, names: &'static [(&'static str, Sharing)] },
    Release { run: usize, token: &'static str, names: &'static [&'static str] },
}
use Call::{Acquire, Release};

const RUNS: [&str; 2] = ["one", "two"];

/// All kinds of files come about, are changed and go, one at a time and several at once.
const STORY: &[Call] = &[
    Acquire { run: 0, token: "1", names: &[("x", Exclusive), ("y", Exclusive), ("z", Exclusive)] },
    Acquire { run: 0, token: "2", names: &[("s", Shared)] },
    Acquire { run: 1, token: "1", names: &[("s", Shared), ("t", Slots(2))] },
    Acquire { run: 1, token: "2", names: &[("u", Exclusive), ("x", Exclusive)] },
    Release { run: 0, token: "1", names: &["x", "y"] },
    Acquire { run: 1, token: "2", names: &[("u", Exclusive), ("x", Exclusive)] },
    Acquire { run: 0, token: "3", names: &[("t", Slots(2)), ("y", Shared)] },
    Release { run: 0, token: "2", names: &["s"] },
    Acquire { run: 0, token: "1", names: &[("v", Exclusive), ("z", Exclusive)] },
    Release { run: 1, token: "1", names: &["s", "t"] },
    Release { run: 1, token: "2", names: &["u", "x"] },
    Release { run: 0, token: "3", names: &["t", "y"] },
    Release { run: 0, token: "1", names: &["v", "z"] },
];

/// What each run holds under which token, as whoever called knows it.
type Known = BTreeMap<(usize, &'static str), Vec<&'static str>>;

/// Makes a call; says whether it was granted.
fn call(folder: &ClaimFolder<Memory>, call: &Call) -> Result<bool, ClaimError> {
    let (Acquire { run: number, token, .. } | Release { run: number, token, .. }) = call;
    let claims =
        folder.for_run(super::claimant("/state".as_ref(), RUNS[*number], *number as i64))?;
    match call {
        Acquire { names, .. } => {
            // One scope for each token, as if each were an item.
            Ok(claims.acquire(&want(&format!("m[{token}]"), token, names))? == Attempt::Granted)
        }
        Release { names: released, .. } => claims.release(&names(released), token).map(|()| true),
    }
}

fn note(known: &mut Known, made: &Call) {
    match made {
        Acquire { run, token, names } => {
            let held = known.entry((*run, *token)).or_default();
            held.extend(names.iter().map(|(name, _)| *name));
            held.sort_unstable();
            held.dedup();
        }
        Release { run, token, names } => {
            let held = known.entry((*run, *token)).or_default();
            held.retain(|name| !names.contains(name));
        }
    }
}

/// All that was granted is held, and no two hold what excludes them.
fn assert_sound(folder: &ClaimFolder<Memory>, known: &Known, when: &str) {
    let listing = folder.list().unwrap();
    assert!(listing.unreadable.is_empty(), "{when}: {:?}", listing.unreadable);
    for ((number, token), held) in known {
        let claims = run(folder, RUNS[*number], 0);
        assert_eq!(claims.missing(&names(held), token).unwrap(), names(&[]), "{when}");
    }
    let mut by_name: BTreeMap<&str, Vec<Sharing>> = BTreeMap::new();
    for claim in &listing.claims {
        by_name.entry(&claim.name).or_default().push(claim.hold.sharing);
    }
    for (name, holders) in by_name {
        let alone = holders.len() == 1;
        let shared = holders.iter().all(|sharing| *sharing == Shared);
        let slots = holders.iter().all(|sharing| *sharing == Slots(2)) && holders.len() <= 2;
        assert!(alone || shared || slots, "{when}: {name} {holders:?}");
    }
}

/// Tells the story from a call on. The first may find that it was done already in part or as a whole.
fn tell(memory: &Memory, from: usize, mut known: Known, when: &str) {
    let folder = memory.open();
    for made in &STORY[from..] {
        assert_sound(&folder, &known, when);
        if call(&folder, made).unwrap() {
            note(&mut known, made);
        }
    }
    assert_sound(&folder, &known, when);
    assert_eq!(folder.list().unwrap().claims, [], "{when}");
    let after = memory.after_power_cut(|_| false).open();
    assert_eq!(after.list().unwrap().claims, [], "{when}, and a power cut");
}

/// Tells the story until the process is killed; returns the call over which that was, and what was known before it.
fn tell_until_killed(memory: &Memory) -> Option<(usize, Known)> {
    let (folder, mut known) = (memory.open(), Known::new());
    for (number, made) in STORY.iter().enumerate() {
        match call(&folder, made) {
            Ok(granted) => {
                // The third asks for what is held, and gets it once it was released.
                assert_eq!(granted, number != 3);
                if granted {
                    note(&mut known, made);
                }
            }
            Err(error) => {
                assert!(memory.is_dead(), "{error}");
                return Some((number, known));
            }
        }
    }
    None
}

#[test]
fn after_a_kill_over_any_change_the_same_call_makes_it_whole() {
    let (whole, _) = Memory::folder();
    assert!(tell_until_killed(&whole).is_none());
    assert!(whole.changes() > 50, "{}", whole.changes());
    for change in 1..=whole.changes() {
        let (memory, _) = Memory::folder();
        memory.kill_at(change);
        let (number, mut known) = tell_until_killed(&memory).unwrap();
        // What a call that was cut short was to give back may be gone already.
        let cut_short = &STORY[number];
        if let Release { .. } = cut_short {
            note(&mut known, cut_short);
        }
        let images = [
            ("kill", memory.after_kill()),
            ("none", memory.after_power_cut(|_| false)),
            ("all", memory.after_power_cut(|_| true)),
            ("even", memory.after_power_cut(|number| number % 2 == 0)),
            ("odd", memory.after_power_cut(|number| number % 2 == 1)),
            ("thirds", memory.after_power_cut(|number| number % 3 == 0)),
        ];
        for (image, found) in images {
            tell(&found, number, known.clone(), &format!("{image} at change {change}"));
        }
    }
}

#[test]
fn what_was_granted_or_released_survives_a_power_cut_right_after() {
    for calls in 0..STORY.len() {
        let (memory, folder) = Memory::folder();
        let mut known = Known::new();
        for made in &STORY[..=calls] {
            if call(&folder, made).unwrap() {
                note(&mut known, made);
            }
        }
        let found = memory.after_power_cut(|_| false).open();
        let when = format!("after call {calls}");
        assert_sound(&found, &known, &when);
        let held: usize = known.values().map(Vec::len).sum();
        assert_eq!(found.list().unwrap().claims.len(), held, "{when}");
    }
}

#[test]
fn a_release_by_an_operator_is_noted_before_it_is_done() {
    let mut struck = 0;
    for change in 1.. {
        let (memory, folder) = Memory::folder();
        let one = run(&folder, "one", 1);
        one.acquire(&want("", "1", &[("x", Exclusive)])).unwrap();
        let claim = folder.holders("x").unwrap().remove(0);
        let by = crate::lock::Holder::this_process(jiff::Timestamp::UNIX_EPOCH);
        memory.kill_at(memory.changes() + change);
        if folder.take_away(&claim, &by, "why").is_ok() {
            break;
        }
        struck += 1;
        for found in [memory.after_kill(), memory.after_power_cut(|_| false)] {
            let found = found.open();
            let is_held = !found.holders("x").unwrap().is_empty();
            assert!(is_held || found.taken_away().unwrap().len() == 1);
            found.take_away(&claim, &by, "why").unwrap();
            assert_eq!(found.holders("x").unwrap(), []);
            assert!(!found.taken_away().unwrap().is_empty());
        }
    }
    assert!(struck >= 4, "{struck}");
}

#[test]
fn a_wait_that_was_cut_short_harms_nobody() {
    for change in 1.. {
        let (memory, folder) = Memory::folder();
        let (one, two) = (run(&folder, "one", 1), run(&folder, "two", 2));
        one.acquire(&want("", "1", &[("x", Exclusive)])).unwrap();
        memory.kill_at(memory.changes() + change);
        let wanted = want("", "1", &[("x", Exclusive)]);
        if two.acquire(&wanted).is_ok() {
            assert!(change > 2);
            break;
        }
        let owner = Owner { run: "two".to_owned(), state_dir: "/state".into() };
        for found in [memory.after_kill(), memory.after_power_cut(|number| number % 2 == 0)] {
            let (folder, again) = (found.open(), run(&found.open(), "two", 2));
            assert!(matches!(again.acquire(&wanted).unwrap(), Attempt::Held(_)));
            assert_eq!(folder.list().unwrap().waits[0].0, owner);
        }
    }
}
