//! Runs that wait for each other.

use super::memory::Memory;
use super::{held, names, run, want};
use crate::lock::claims::{Attempt, ClaimFolder, Owner, RunClaims};
use crate::spec::model::Sharing::{self, Exclusive, Shared, Slots};

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
fn the_waits_of_an_earlier_executor_make_no_ring() {
    let (_, folder) = Memory::folder();
    let (old, _, new) = three(&folder);
    takes(&old, "", "x", Exclusive);
    takes(&new, "", "y", Exclusive);
    waits(&old, "t", "y");
    let _old_again = run(&folder, "old", 1);
    waits(&new, "t", "x");
}
