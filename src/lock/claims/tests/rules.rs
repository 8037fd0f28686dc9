//! Who gets a name, who does not, and what is told.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jiff::Timestamp;
use tempfile::tempdir;

use super::memory::Memory;
use super::{claimant, held, names, run, want};
use crate::journal::{RunFolder, StateFolder};
use crate::lock::claims::disk::Disk;
use crate::lock::claims::{Attempt, ClaimError, ClaimFolder, Liveness, Owner};
use crate::lock::{Holder, try_lock_run};
use crate::spec::model::Sharing::{Exclusive, Shared, Slots};

#[test]
fn a_held_name_is_refused_with_who_holds_it() {
    let (_, folder) = Memory::folder();
    let (one, two) = (run(&folder, "one", 1), run(&folder, "two", 2));
    let wanted = want("move[ana]", "one/1", &[("mailbox:ana", Exclusive), ("server:a", Shared)]);
    assert_eq!(one.acquire(&wanted).unwrap(), Attempt::Granted);
    let refused = two.acquire(&want("", "two/1", &[("b", Exclusive), ("mailbox:ana", Shared)]));
    let refused = refused.unwrap();
    let by = ("mailbox:ana".to_owned(), "one".to_owned(), "move[ana]".to_owned());
    assert_eq!(held(&refused), [by]);
    let Attempt::Held(by) = refused else { unreachable!() };
    assert_eq!(by[0].executor, Liveness::Alive);
    let text = by[0].to_string();
    assert!(text.starts_with("lock `mailbox:ana` is held by run one (`move[ana]`) of "), "{text}");
    // Nothing was claimed, and what is shared is shared.
    assert_eq!(folder.holders("b").unwrap(), []);
    assert_eq!(two.acquire(&want("", "two/1", &[("server:a", Shared)])).unwrap(), Attempt::Granted);
    let of_server: BTreeSet<String> =
        folder.holders("server:a").unwrap().into_iter().map(|claim| claim.hold.owner.run).collect();
    assert_eq!(of_server, BTreeSet::from(["one".to_owned(), "two".to_owned()]));
}

#[test]
fn what_is_released_can_be_had_and_only_by_its_token() {
    let (memory, folder) = Memory::folder();
    let (one, two) = (run(&folder, "one", 1), run(&folder, "two", 2));
    let both = names(&["a", "b"]);
    one.acquire(&want("s", "one/1", &[("a", Exclusive), ("b", Exclusive)])).unwrap();
    one.release(&both, "one/2").unwrap();
    two.release(&both, "one/1").unwrap();
    assert_eq!(one.missing(&both, "one/1").unwrap(), names(&[]));
    assert_eq!(one.missing(&both, "one/2").unwrap(), both);
    assert_eq!(two.missing(&both, "one/1").unwrap(), both);
    for _ in 0..2 {
        one.release(&names(&["a"]), "one/1").unwrap();
        assert_eq!(one.missing(&both, "one/1").unwrap(), names(&["a"]));
    }
    assert_eq!(two.acquire(&want("s", "t", &[("a", Exclusive)])).unwrap(), Attempt::Granted);
    one.release(&both, "one/1").unwrap();
    two.release(&both, "t").unwrap();
    assert_eq!(memory.file_names(), names(&[]));
}

#[test]
fn the_items_of_a_run_exclude_each_other() {
    let (_, folder) = Memory::folder();
    let one = run(&folder, "one", 1);
    assert_eq!(one.acquire(&want("m[a]", "1", &[("x", Exclusive)])).unwrap(), Attempt::Granted);
    let refused = one.acquire(&want("m[b]", "2", &[("x", Exclusive)])).unwrap();
    assert_eq!(held(&refused), [("x".to_owned(), "one".to_owned(), "m[a]".to_owned())]);
    one.release(&names(&["x"]), "1").unwrap();
    assert_eq!(one.acquire(&want("m[b]", "2", &[("x", Exclusive)])).unwrap(), Attempt::Granted);
}

#[test]
fn asking_again_is_granted_and_another_token_takes_the_place_of_the_old_one() {
    let (_, folder) = Memory::folder();
    let one = run(&folder, "one", 1);
    let wanted = want("s", "1", &[("x", Exclusive)]);
    assert_eq!(one.acquire(&wanted).unwrap(), Attempt::Granted);
    let before = folder.holders("x").unwrap();
    assert_eq!(one.acquire(&wanted).unwrap(), Attempt::Granted);
    assert_eq!(folder.holders("x").unwrap(), before);
    assert_eq!(one.acquire(&want("s", "2", &[("x", Shared)])).unwrap(), Attempt::Granted);
    assert_eq!(one.missing(&names(&["x"]), "1").unwrap(), names(&["x"]));
    assert_eq!(folder.holders("x").unwrap().len(), 1);
}

#[test]
fn slots_are_counted_over_all_runs_and_the_smallest_number_counts() {
    let (_, folder) = Memory::folder();
    let (one, two) = (run(&folder, "one", 1), run(&folder, "two", 2));
    assert_eq!(one.acquire(&want("a", "1", &[("x", Slots(3))])).unwrap(), Attempt::Granted);
    assert_eq!(two.acquire(&want("a", "1", &[("x", Slots(2))])).unwrap(), Attempt::Granted);
    assert_eq!(held(&one.acquire(&want("b", "2", &[("x", Slots(3))])).unwrap()).len(), 2);
    two.release(&names(&["x"]), "1").unwrap();
    assert_eq!(one.acquire(&want("b", "2", &[("x", Slots(3))])).unwrap(), Attempt::Granted);
    assert_eq!(one.acquire(&want("c", "3", &[("x", Slots(3))])).unwrap(), Attempt::Granted);
    assert_eq!(held(&one.acquire(&want("d", "4", &[("x", Slots(3))])).unwrap()).len(), 3);
}

#[test]
fn a_name_that_is_asked_for_twice_is_as_strict_as_both() {
    let (_, folder) = Memory::folder();
    let one = run(&folder, "one", 1);
    let twice = [("x", Shared), ("x", Exclusive), ("y", Slots(3)), ("y", Slots(2))];
    one.acquire(&want("s", "1", &twice)).unwrap();
    let sharing = |name| folder.holders(name).unwrap().into_iter().map(|claim| claim.hold.sharing);
    assert_eq!(sharing("x").collect::<Vec<_>>(), [Exclusive]);
    assert_eq!(sharing("y").collect::<Vec<_>>(), [Slots(2)]);
}

#[test]
fn runs_of_two_state_folders_may_have_the_same_id() {
    let (_, folder) = Memory::folder();
    let of = |state_dir| folder.for_run(claimant(Path::new(state_dir), "nightly", 1)).unwrap();
    let (one, two) = (of("/a"), of("/b"));
    let wanted = want("", "nightly//1", &[("x", Exclusive)]);
    assert_eq!(one.acquire(&wanted).unwrap(), Attempt::Granted);
    assert_eq!(held(&two.acquire(&wanted).unwrap()).len(), 1);
    two.release(&names(&["x"]), "nightly//1").unwrap();
    assert_eq!(one.missing(&names(&["x"]), "nightly//1").unwrap(), names(&[]));
    assert_eq!(folder.list().unwrap().waits.len(), 1);
    drop(of("/a"));
    assert_eq!(folder.list().unwrap().waits.len(), 1, "the wait of the other run was withdrawn");
}

#[test]
fn a_file_that_cannot_be_understood_is_never_a_free_name() {
    let (memory, folder) = Memory::folder();
    let one = run(&folder, "one", 1);
    one.acquire(&want("", "1", &[("x", Exclusive), ("y", Exclusive)])).unwrap();
    let intact = String::from_utf8(folder.claims.read("x.json").unwrap().unwrap()).unwrap();
    let foreign = intact.replace("\"name\":\"x\"", "\"name\":\"y\"");
    let nobody = format!("{}\"holders\":[]}}", intact.split("\"holders\"").next().unwrap());
    let bad =
        ["", "{", &intact[..intact.len() / 2], "null", "{\"a\":1}", "\0\0\0", &foreign, &nobody];
    for content in bad {
        memory.damage("x.json", content.as_bytes());
        for result in [
            one.acquire(&want("", "1", &[("x", Exclusive)])).map(drop),
            one.release(&names(&["x"]), "1"),
            one.missing(&names(&["x"]), "1").map(drop),
            folder.holders("x").map(drop),
        ] {
            let Err(ClaimError::Unreadable { path, .. }) = &result else {
                panic!("{content:?}: {result:?}")
            };
            assert_eq!(path, Path::new("/locks/x.json"));
            assert!(result.unwrap_err().to_string().contains("`rm /locks/x.json`"), "{content:?}");
        }
        let listing = folder.list().unwrap();
        assert_eq!(listing.claims.iter().map(|claim| &claim.name).collect::<Vec<_>>(), ["y"]);
        assert_eq!(listing.unreadable.len(), 1, "{content:?}");
        // It is in the way of those who want its name, and of nobody else.
        one.release_unknown(|_| true).unwrap();
        let refused = run(&folder, "two", 2).acquire(&want("", "1", &[("y", Exclusive)]));
        assert_eq!(held(&refused.unwrap()).len(), 1, "{content:?}");
    }
    memory.damage("x.json", intact.replace("\"format\":1", "\"format\":2").as_bytes());
    assert!(matches!(folder.holders("x"), Err(ClaimError::Newer { format: 2, .. })));
}

#[test]
fn a_wait_is_listed_until_it_is_over() {
    let (memory, folder) = Memory::folder();
    let (one, two) = (run(&folder, "one", 1), run(&folder, "two", 2));
    let waits = || {
        let waits = folder.list().unwrap().waits.into_iter();
        waits.map(|(owner, wait)| (owner.run, wait.scope)).collect::<Vec<_>>()
    };
    let of_two = |scope: &str| ("two".to_owned(), scope.to_owned());
    one.acquire(&want("", "1", &[("x", Exclusive)])).unwrap();
    let wanted = want("s", "1", &[("x", Exclusive), ("y", Exclusive)]);
    two.acquire(&wanted).unwrap();
    let since = folder.list().unwrap().waits[0].1.since;
    let changes = memory.changes();
    two.acquire(&wanted).unwrap();
    assert_eq!(memory.changes(), changes, "asking again wrote something");
    assert_eq!(folder.list().unwrap().waits[0].1.since, since);
    two.acquire(&want("t", "2", &[("x", Shared)])).unwrap();
    assert_eq!(waits(), [of_two("s"), of_two("t")]);
    two.withdraw("s").unwrap();
    two.withdraw("s").unwrap();
    assert_eq!(waits(), [of_two("t")]);
    one.release(&names(&["x"]), "1").unwrap();
    assert_eq!(two.acquire(&want("t", "2", &[("x", Shared)])).unwrap(), Attempt::Granted);
    assert_eq!(waits(), []);
    one.acquire(&want("a", "3", &[("x", Exclusive)])).unwrap();
    memory.end(&Owner { run: "one".to_owned(), state_dir: "/state".into() });
    assert_eq!(waits(), [], "a wait of a run without executor");
}

#[test]
fn what_the_journal_does_not_know_is_given_back() {
    let (memory, folder) = Memory::folder();
    let (one, two) = (run(&folder, "one", 1), run(&folder, "two", 2));
    one.acquire(&want("a", "1", &[("x", Shared), ("y", Exclusive)])).unwrap();
    one.acquire(&want("b", "2", &[("x", Shared), ("z", Exclusive)])).unwrap();
    two.acquire(&want("a", "1", &[("x", Shared)])).unwrap();
    memory.damage("z.json.new", b"{");
    one.release_unknown(|token| token == "2").unwrap();
    assert_eq!(one.missing(&names(&["x", "y"]), "1").unwrap(), names(&["x", "y"]));
    assert_eq!(one.missing(&names(&["x", "z"]), "2").unwrap(), names(&[]));
    assert_eq!(one.held().unwrap().len(), 2);
    assert_eq!(memory.file_names(), names(&["x.json", "z.json"]));
    one.release_unknown(|_| false).unwrap();
    assert_eq!(one.held().unwrap(), []);
    assert_eq!(two.missing(&names(&["x"]), "1").unwrap(), names(&[]));
}

#[test]
fn what_an_operator_takes_away_is_noted_and_missed() {
    let (memory, folder) = Memory::folder();
    let (one, two) = (run(&folder, "one", 1), run(&folder, "two", 2));
    one.acquire(&want("a", "1", &[("x", Shared), ("y", Exclusive)])).unwrap();
    two.acquire(&want("b", "2", &[("x", Shared)])).unwrap();
    let claim = folder.holders("x").unwrap().remove(0);
    assert_eq!(claim.hold.owner.run, "one");
    let by = Holder::this_process(Timestamp::from_second(9).unwrap());
    let note = folder.take_away(&claim, &by, "the disk is gone").unwrap().unwrap();
    assert_eq!((note.at, note.because.as_str()), (by.since, "the disk is gone"));
    assert_eq!(folder.take_away(&claim, &by, "again").unwrap(), None);
    assert_eq!(folder.taken_away().unwrap(), [note]);
    assert_eq!(one.missing(&names(&["x", "y"]), "1").unwrap(), names(&["x"]));
    assert_eq!(two.missing(&names(&["x"]), "2").unwrap(), names(&[]));
    // A line that was cut short is passed over.
    memory.damage("released.jsonl", b"{\"at\":");
    assert_eq!(folder.taken_away().unwrap(), []);
}

#[test]
fn whether_the_holder_lives_is_asked_of_its_lock() {
    let place = tempdir().unwrap();
    let state = StateFolder::at(&place.path().join("state"));
    let folder = state.new_run(Some("one"), Timestamp::now()).unwrap();
    let owner = Owner::of(&folder);
    assert_eq!(
        owner.folder().path().canonicalize().unwrap(),
        folder.path().canonicalize().unwrap()
    );
    let claims = ClaimFolder::open(&place.path().join("deep/locks")).unwrap();
    let claimant = |owner: &Owner| super::super::Claimant {
        owner: owner.clone(),
        opened: Timestamp::UNIX_EPOCH,
        executor: Holder::this_process(Timestamp::UNIX_EPOCH),
    };
    let (one, two) = (claims.for_run(claimant(&owner)).unwrap(), run(&claims, "two", 1));
    one.acquire(&want("", "1", &[("mailbox:Ana", Exclusive)])).unwrap();
    assert!(place.path().join("deep/locks/mailbox%3a%41na.json").exists());
    let alive = || {
        let Attempt::Held(held) =
            two.acquire(&want("", "1", &[("mailbox:Ana", Exclusive)])).unwrap()
        else {
            panic!("it was not held")
        };
        held[0].executor
    };
    assert_eq!(alive(), Liveness::Gone);
    let lock = try_lock_run(&folder).unwrap();
    assert_eq!(alive(), Liveness::Alive);
    drop(lock);
    assert_eq!(alive(), Liveness::Gone);
    let mut hold = claims.holders("mailbox:Ana").unwrap().remove(0).hold;
    hold.by.host.push_str("-elsewhere");
    assert_eq!(claims.executor(&hold), Liveness::Unknown);
}

#[cfg(unix)]
#[test]
fn a_run_is_the_same_however_the_way_to_it_was_typed() {
    let place = tempdir().unwrap();
    let state = StateFolder::at(&place.path().join("state"));
    let folder = state.new_run(Some("one"), Timestamp::now()).unwrap();
    std::os::unix::fs::symlink(place.path().join("state"), place.path().join("link")).unwrap();
    let by_link = RunFolder::at(&place.path().join("link/runs/one"));
    assert_eq!(Owner::of(&by_link), Owner::of(&folder));
}

#[cfg(unix)]
#[test]
fn the_folder_is_its_owners_alone_unless_it_was_made_for_several_users() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempdir().unwrap();
    let mode =
        |path: &str| fs::metadata(place.path().join(path)).unwrap().permissions().mode() & 0o777;
    let claims = ClaimFolder::open(&place.path().join("own")).unwrap();
    run(&claims, "one", 1).acquire(&want("", "1", &[("x", Exclusive)])).unwrap();
    assert_eq!((mode("own"), mode("own/lock")), (0o700, 0o600));
    let shared = place.path().join("shared");
    fs::create_dir(&shared).unwrap();
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o770)).unwrap();
    let claims = ClaimFolder::open(&shared).unwrap();
    run(&claims, "one", 1).acquire(&want("", "1", &[("x", Exclusive)])).unwrap();
    assert_eq!((mode("shared/lock"), mode("shared/x.json")), (0o660, 0o660));
    assert_eq!(mode("shared/waits"), 0o770);
}
