//! Random calls of several runs against a plain map that does the same.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::memory::Memory;
use super::{run, want};
use crate::lock::claims::{Attempt, ClaimFolder, Disk};
use crate::spec::model::Sharing::{self, Exclusive, Shared, Slots};

#[derive(Clone, Debug)]
enum Call {
    Acquire { run: usize, scope: usize, token: usize, names: Vec<(usize, Sharing)> },
    Release { run: usize, token: usize, names: Vec<usize> },
    TakeAway { name: usize, holder: usize },
    Forget { run: usize, kept: usize },
}

const NAMES: [&str; 4] = ["mailbox:Ana", "mailbox:ana", "con", ""];
const RUNS: [&str; 3] = ["old", "mid", "new"];

fn calls() -> impl Strategy<Value = Call> {
    let sharing = prop_oneof![Just(Exclusive), Just(Shared), (1u32..4).prop_map(Slots)];
    let some = proptest::collection::vec((0..NAMES.len(), sharing), 1..4);
    let names = proptest::collection::vec(0..NAMES.len(), 1..4);
    prop_oneof![
        4 => (0..RUNS.len(), 0..2usize, 0..3usize, some)
            .prop_map(|(run, scope, token, names)| Call::Acquire { run, scope, token, names }),
        3 => (0..RUNS.len(), 0..3usize, names)
            .prop_map(|(run, token, names)| Call::Release { run, token, names }),
        1 => (0..NAMES.len(), 0..3usize).prop_map(|(name, holder)| Call::TakeAway { name, holder }),
        1 => (0..RUNS.len(), 0..3usize).prop_map(|(run, kept)| Call::Forget { run, kept }),
    ]
}

/// Holder by name, run and scope: token and sharing.
type Map = BTreeMap<(usize, usize, usize), (usize, Sharing)>;

/// How many may be in a room at most, and of which kind they must be.
fn limit(sharing: Sharing) -> (u8, usize) {
    match sharing {
        Exclusive => (0, 1),
        Shared => (1, usize::MAX),
        Slots(slots) => (2, slots as usize),
    }
}

/// Enters all names into the map, or none.
fn acquire(
    map: &mut Map,
    run: usize,
    scope: usize,
    token: usize,
    names: &[(usize, Sharing)],
) -> bool {
    let mut wanted: BTreeMap<usize, Sharing> = BTreeMap::new();
    for (name, sharing) in names {
        let both = match (wanted.get(name), *sharing) {
            (None, one) => one,
            (Some(Slots(one)), Slots(other)) => Slots((*one).min(other)),
            (Some(Shared), Shared) => Shared,
            (Some(_), _) => Exclusive,
        };
        wanted.insert(*name, both);
    }
    let mut after = map.clone();
    for (name, sharing) in &wanted {
        after.insert((*name, run, scope), (token, *sharing));
        let inside: Vec<_> =
            after.iter().filter(|((of, ..), _)| of == name).map(|(_, (_, s))| limit(*s)).collect();
        // Whoever was there before has been let in; only the new one has to fit.
        let fits = inside.len() == 1
            || inside.iter().all(|(kind, most)| *kind == inside[0].0 && inside.len() <= *most);
        if !fits {
            return false;
        }
    }
    *map = after;
    true
}

fn found<D: Disk>(folder: &ClaimFolder<D>) -> Map {
    let position = |of: &[&str], one: &str| of.iter().position(|other| *other == one).unwrap();
    let claims = folder.list().unwrap().claims.into_iter();
    let entry = |claim: crate::lock::claims::Claim| {
        let scope = claim.hold.scope[1..].parse().unwrap();
        let token = claim.hold.token.parse().unwrap();
        let run = position(&RUNS, &claim.hold.owner.run);
        ((position(&NAMES, &claim.name), run, scope), (token, claim.hold.sharing))
    };
    claims.map(entry).collect()
}

fn make<D: Disk + Clone>(folder: &ClaimFolder<D>, map: &mut Map, call: &Call) {
    let of = |number: usize| run(folder, RUNS[number], number as i64);
    match call {
        Call::Acquire { run, scope, token, names } => {
            let given: Vec<_> = names.iter().map(|(name, s)| (NAMES[*name], *s)).collect();
            let wanted = want(&format!("s{scope}"), &token.to_string(), &given);
            let attempt = of(*run).acquire(&wanted).unwrap();
            assert_eq!(attempt == Attempt::Granted, acquire(map, *run, *scope, *token, names));
        }
        Call::Release { run, token, names } => {
            let given: Vec<String> = names.iter().map(|name| NAMES[*name].to_owned()).collect();
            let claims = of(*run);
            claims.release(&given, &token.to_string()).unwrap();
            map.retain(|(name, of, _), (held, _)| {
                !(of == run && held == token && names.contains(name))
            });
            assert_eq!(claims.missing(&given, &token.to_string()).unwrap(), given);
        }
        Call::TakeAway { name, holder } => {
            let holders = folder.holders(NAMES[*name]).unwrap();
            let Some(claim) = holders.get(*holder) else { return };
            let scope: usize = claim.hold.scope[1..].parse().unwrap();
            let run = RUNS.iter().position(|run| *run == claim.hold.owner.run).unwrap();
            assert!(folder.take_away(claim, &claim.hold.by, "why").unwrap().is_some());
            assert!(map.remove(&(*name, run, scope)).is_some());
        }
        Call::Forget { run, kept } => {
            of(*run).release_unknown(|token| token == kept.to_string()).unwrap();
            map.retain(|(_, of, _), (token, _)| of != run || token == kept);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_folder_does_what_a_map_does(calls in proptest::collection::vec(calls(), 1..60)) {
        let (_, folder) = Memory::folder();
        let mut map = Map::new();
        for call in &calls {
            make(&folder, &mut map, call);
            prop_assert_eq!(found(&folder), map.clone(), "{:?}", call);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4, ..ProptestConfig::default() })]

    #[test]
    fn a_folder_on_a_disk_does_too(calls in proptest::collection::vec(calls(), 40)) {
        let place = tempfile::tempdir().unwrap();
        let folder = ClaimFolder::open(place.path()).unwrap();
        let mut map = Map::new();
        for call in &calls {
            make(&folder, &mut map, call);
            prop_assert_eq!(found(&folder), map.clone(), "{:?}", call);
        }
    }
}
