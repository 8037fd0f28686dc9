//! Runs that wait for each other.

use super::memory::Memory;
use super::{held, names, run, want};
use crate::lock::claims::{Attempt, ClaimFolder, Owner, RunClaims};
use crate::spec::model::Sharing::{self, Exclusive, Shared, Slots};

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::lock::claims::claim::admits;
use crate::lock::claims::encloses;

type Claims = RunClaims<Memory>;

fn owner(run: &str) -> Owner {
    Owner { run: run.to_owned(), state_dir: "/state".into() }
}

/// Three runs, the oldest first.
fn three(folder: &ClaimFolder<Memory>) -> (Claims, Claims, Claims) {
    (run(folder, "old", 1), run(folder, "mid", 2), run(folder, "new", 3))
}

#[track_caller]
fn takes(claims: &Claims, scope: &str, name: &str, sharing: Sharing) {
    let granted = claims.acquire(&want(scope, scope, &[(name, sharing)])).unwrap();
    assert_eq!(granted, Attempt::Granted);
}

fn asks(claims: &Claims, scope: &str, name: &str) -> Attempt {
    claims.acquire(&want(scope, scope, &[(name, Exclusive)])).unwrap()
}

#[track_caller]
fn waits(claims: &Claims, scope: &str, name: &str) {
    let attempt = asks(claims, scope, name);
    assert!(matches!(attempt, Attempt::Held(_)), "{attempt:?}");
}

/// Who waits for what, held by whom: the ring in words.
#[track_caller]
fn ring(attempt: &Attempt) -> String {
    let Attempt::Cycle(links) = attempt else { panic!("no ring: {attempt:?}") };
    for (link, next) in links.iter().zip(links.iter().cycle().skip(1)) {
        assert_eq!(link.held_by, next.owner);
    }
    links.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[test]
fn the_younger_of_two_is_refused_whoever_asks_first() {
    for new_is_first in [true, false] {
        let (_, folder) = Memory::folder();
        let (old, _, new) = three(&folder);
        takes(&old, "o", "x", Exclusive);
        takes(&new, "n", "y", Exclusive);
        if new_is_first {
            waits(&new, "n.t", "x");
            waits(&old, "o.t", "y");
        } else {
            waits(&old, "o.t", "y");
        }
        let expected = "run new (`n.t`) waits for lock `x`, held by run old (`o`); \
                        run old (`o.t`) waits for lock `y`, held by run new (`n`)";
        assert_eq!(ring(&asks(&new, "n.t", "x")), expected);
        // It does not wait any more, and nobody is held up in a ring.
        assert_eq!(folder.list().unwrap().waits.len(), 1);
        waits(&old, "o.t", "y");
        new.release(&names(&["y"]), "n").unwrap();
        takes(&old, "o.t", "y", Exclusive);
    }
}

#[test]
fn a_ring_of_three_is_found_and_told_from_the_one_that_is_refused() {
    let (_, folder) = Memory::folder();
    let (old, mid, new) = three(&folder);
    for (claims, name) in [(&old, "x"), (&mid, "y"), (&new, "z")] {
        takes(claims, "", name, Exclusive);
    }
    waits(&new, "t", "x");
    waits(&old, "t", "y");
    waits(&mid, "t", "z");
    waits(&old, "t", "y");
    let expected = "run new (`t`) waits for lock `x`, held by run old; \
                    run old (`t`) waits for lock `y`, held by run mid; \
                    run mid (`t`) waits for lock `z`, held by run new";
    assert_eq!(ring(&asks(&new, "t", "x")), expected);
}

#[test]
fn of_runs_that_were_opened_at_once_one_is_refused() {
    let (_, folder) = Memory::folder();
    let (a, b) = (run(&folder, "a", 1), run(&folder, "b", 1));
    takes(&a, "", "x", Exclusive);
    takes(&b, "", "y", Exclusive);
    waits(&a, "t", "y");
    ring(&asks(&b, "t", "x"));
    waits(&a, "t", "y");
}

#[test]
fn whoever_waits_for_a_ring_is_not_in_it() {
    let (_, folder) = Memory::folder();
    let (old, mid, new) = three(&folder);
    takes(&old, "", "x", Exclusive);
    takes(&mid, "", "y", Exclusive);
    waits(&mid, "t", "x");
    // The youngest, but nobody waits for it.
    takes(&new, "", "z", Exclusive);
    waits(&old, "t", "y");
    waits(&new, "t", "x");
    ring(&asks(&mid, "t", "x"));
}

#[test]
fn a_holder_whose_other_item_waits_will_finish() {
    let (_, folder) = Memory::folder();
    let (old, _, new) = three(&folder);
    takes(&old, "m[a]", "x", Exclusive);
    takes(&new, "m[a]", "y", Exclusive);
    // Neither of the items that wait is inside one that holds what the other wants.
    waits(&old, "m[b]", "y");
    waits(&new, "m[b]", "x");
    // Once the item that holds waits itself, there is a ring.
    waits(&old, "m[a].t", "y");
    ring(&asks(&new, "m[a].t", "x"));
}

#[test]
fn a_ring_may_lead_through_two_items_of_a_run() {
    let (_, folder) = Memory::folder();
    let (old, _, new) = three(&folder);
    takes(&old, "m[a]", "x", Exclusive);
    takes(&old, "m[b]", "y", Exclusive);
    takes(&new, "", "z", Exclusive);
    waits(&old, "m[a].t", "z");
    waits(&old, "m[b].t", "x");
    let expected = "run new (`t`) waits for lock `y`, held by run old (`m[b]`); \
                    run old (`m[b].t`) waits for lock `x`, held by run old (`m[a]`); \
                    run old (`m[a].t`) waits for lock `z`, held by run new";
    assert_eq!(ring(&asks(&new, "t", "y")), expected);
}

#[test]
fn items_of_one_run_that_wait_for_each_other_are_its_own_affair() {
    let (_, folder) = Memory::folder();
    let one = run(&folder, "one", 1);
    takes(&one, "m[a]", "x", Exclusive);
    takes(&one, "m[b]", "y", Exclusive);
    waits(&one, "m[a].t", "y");
    waits(&one, "m[b].t", "x");
    waits(&one, "m[a].t", "y");
}

#[test]
fn one_slot_that_will_be_free_is_enough() {
    let (_, folder) = Memory::folder();
    let (old, mid, new) = three(&folder);
    takes(&new, "", "z", Exclusive);
    takes(&old, "m[a]", "x", Slots(2));
    takes(&mid, "", "x", Slots(2));
    waits(&old, "m[a].t", "z");
    let slot = want("t", "t", &[("x", Slots(2))]);
    assert_eq!(held(&new.acquire(&slot).unwrap()).len(), 2);
    // Now the other one waits for us too.
    waits(&mid, "t", "z");
    ring(&new.acquire(&slot).unwrap());
}

#[test]
fn all_who_share_a_name_must_let_it_go() {
    let (_, folder) = Memory::folder();
    let (old, mid, new) = three(&folder);
    takes(&new, "", "z", Exclusive);
    takes(&old, "", "x", Shared);
    takes(&mid, "", "x", Shared);
    waits(&old, "t", "z");
    ring(&asks(&new, "t", "x"));
}

#[test]
fn all_names_of_a_wait_count() {
    let (_, folder) = Memory::folder();
    let (old, mid, new) = three(&folder);
    takes(&old, "", "x", Exclusive);
    takes(&mid, "", "y", Exclusive);
    takes(&new, "", "z", Exclusive);
    waits(&mid, "t", "z");
    let both = want("t", "t", &[("x", Exclusive), ("y", Exclusive)]);
    assert!(ring(&new.acquire(&both).unwrap()).contains("waits for lock `y`, held by run mid"));
}

#[test]
fn a_wait_of_a_run_without_executor_makes_no_ring() {
    let (memory, folder) = Memory::folder();
    let (old, _, new) = three(&folder);
    takes(&old, "", "x", Exclusive);
    takes(&new, "", "y", Exclusive);
    waits(&old, "t", "y");
    memory.end(&owner("old"));
    waits(&new, "t", "x");
}

#[test]
fn a_file_on_the_way_that_cannot_be_read_is_no_link() {
    let (memory, folder) = Memory::folder();
    let (old, _, new) = three(&folder);
    takes(&old, "", "x", Exclusive);
    takes(&new, "", "y", Exclusive);
    waits(&old, "t", "y");
    memory.damage("y.json", b"{");
    waits(&new, "t", "x");
}

#[test]
fn the_waits_of_an_earlier_executor_make_no_ring() {
    let (_, folder) = Memory::folder();
    let (old, _, new) = three(&folder);
    takes(&old, "", "x", Exclusive);
    takes(&new, "", "y", Exclusive);
    waits(&old, "t", "y");
    let _old_again = run(&folder, "old", 1);
    waits(&new, "t", "x");
}

const RUNS: [&str; 4] = ["a", "b", "c", "d"];
const NAMES: [&str; 4] = ["w", "x", "y", "z"];
/// Those that hold, and those inside them that wait.
const HOLD: [&str; 3] = ["", "m[a]", "m[b]"];
const WAIT: [&str; 3] = ["t", "m[a].t", "m[b].t"];

/// A run, the scope in it that waits, and for what.
type Waiting = (usize, &'static str, Vec<(usize, Sharing)>);

/// Who holds what and who waits for what, and what becomes of it if nobody is refused.
#[derive(Clone, Default)]
struct Future {
    holds: Vec<(usize, &'static str, usize, Sharing)>,
    waits: Vec<Waiting>,
}

impl Future {
    /// Whoever waits for nothing gives back what it holds, and whoever can have what it waits for takes it, is finished, and
    /// gives it back, until nothing happens any more. What is left then waits for ever.
    fn comes(mut self) -> BTreeSet<(usize, &'static str)> {
        loop {
            let before = (self.holds.len(), self.waits.len());
            let waits = self.waits.clone();
            self.holds.retain(|(run, scope, ..)| {
                waits.iter().any(|(waiting, inner, _)| waiting == run && encloses(scope, inner))
            });
            let holds = self.holds.clone();
            self.waits.retain(|(_, _, names)| {
                !names.iter().all(|(name, sharing)| {
                    let of_name = holds.iter().filter(|(_, _, held, _)| held == name);
                    admits(*sharing, &of_name.map(|(.., sharing)| *sharing).collect::<Vec<_>>())
                })
            });
            if before == (self.holds.len(), self.waits.len()) {
                return self.waits.into_iter().map(|(run, scope, _)| (run, scope)).collect();
            }
        }
    }
}

fn sharing() -> impl Strategy<Value = Sharing> {
    prop_oneof![3 => Just(Exclusive), 1 => Just(Shared), 1 => (1u32..3).prop_map(Slots)]
}

type Asked = (usize, usize, Vec<(usize, Sharing)>);

fn asked(scopes: usize) -> impl Strategy<Value = Asked> {
    let names = proptest::collection::btree_map(0..NAMES.len(), sharing(), 1..3);
    (0..RUNS.len(), 0..scopes, names.prop_map(|names| names.into_iter().collect()))
}

/// Asks for the run, and notes in the future what comes of it; says whether it was refused.
fn ask(runs: &[Claims], future: &mut Future, scope: &'static str, asked: &Asked) -> bool {
    let (run, _, names) = asked;
    let given: Vec<_> = names.iter().map(|(name, sharing)| (NAMES[*name], *sharing)).collect();
    future.waits.retain(|(waiting, inner, _)| !(waiting == run && *inner == scope));
    match runs[*run].acquire(&want(scope, scope, &given)).unwrap() {
        Attempt::Granted => {
            let holds = names.iter().map(|(name, sharing)| (*run, scope, *name, *sharing));
            future.holds.extend(holds);
            false
        }
        Attempt::Held(_) => {
            future.waits.push((*run, scope, names.clone()));
            false
        }
        Attempt::Cycle(_) => {
            let mut unrefused = future.clone();
            unrefused.waits.push((*run, scope, names.clone()));
            assert!(unrefused.comes().contains(&(*run, scope)), "refused without need");
            true
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn nobody_is_refused_who_would_not_wait_for_ever(
        holding in proptest::collection::vec(asked(HOLD.len()), 1..8),
        waiting in proptest::collection::vec(asked(WAIT.len()), 1..8),
    ) {
        let (_, folder) = Memory::folder();
        let runs: Vec<Claims> = (0..).zip(RUNS).map(|(age, name)| run(&folder, name, age)).collect();
        let mut future = Future::default();
        for (number, one) in holding.iter().enumerate() {
            // One scope claims all at once, so each asks only once.
            let is_first = |other: &Asked| (other.0, other.1) != (one.0, one.1);
            if holding[..number].iter().all(is_first) {
                ask(&runs, &mut future, HOLD[one.1], one);
                runs[one.0].withdraw(HOLD[one.1]).unwrap();
                future.waits.clear();
            }
        }
        for one in &waiting {
            ask(&runs, &mut future, WAIT[one.1], one);
        }
    }

    #[test]
    fn nobody_waits_for_ever_where_each_run_waits_for_one_thing(
        holding in proptest::collection::vec(asked(1), 1..8),
        waiting in proptest::collection::vec(asked(1), 1..8),
    ) {
        let (_, folder) = Memory::folder();
        let runs: Vec<Claims> = (0..).zip(RUNS).map(|(age, name)| run(&folder, name, age)).collect();
        let mut future = Future::default();
        for (number, one) in holding.iter().enumerate() {
            if holding[..number].iter().all(|other| other.0 != one.0) {
                ask(&runs, &mut future, "", one);
                runs[one.0].withdraw("").unwrap();
                future.waits.clear();
            }
        }
        // A name that the run holds itself is not asked for again.
        let mut polled: Vec<Asked> = Vec::new();
        for (run, _, names) in waiting {
            let holds = |name: usize| future.holds.iter().any(|hold| (hold.0, hold.2) == (run, name));
            let wanted: Vec<_> = names.into_iter().filter(|(name, _)| !holds(*name)).collect();
            if !wanted.is_empty() && polled.iter().all(|other| other.0 != run) {
                polled.push((run, 0, wanted));
            }
        }
        // Everybody asks again until nobody is refused any more.
        for _ in 0..=RUNS.len() {
            polled.retain(|one| !ask(&runs, &mut future, "t", one));
            let granted = |one: &Asked| future.holds.iter().any(|hold| (hold.0, hold.1) == (one.0, "t"));
            polled.retain(|one| !granted(one));
        }
        prop_assert_eq!(future.comes(), BTreeSet::new());
    }
}
