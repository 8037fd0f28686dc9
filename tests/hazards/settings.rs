//! What the naive runbooks change by hand is safe as a setting: in force while mailboxes move, put back afterwards, and never over
//! what somebody else has made of it.

use crate::bench::{Bench, text};

/// Moves `alice` and `bob` while the agreement rests and their mail is held.
const GUARDED: &str = r#"
windlass: 1
name: guarded-move
settings:
  schedule:
    get: {run: [maillab, rca, get]}
    set: {run: [maillab, rca, set, "{{ value }}"]}
    to: never
  delivery:
    get: {run: [maillab, frozen, get, --json], outputs: {value: {value: "{{ out.json.value }}", type: array}}}
    set: {run: [maillab, frozen, set, "{{ value }}"]}
    to: [alice, bob]
steps:
  alice: {run: [maillab, move, alice, --to, new]}
  bob: {needs: [alice], run: [maillab, move, bob, --to, new]}
  arrived: {needs: [bob], effect: read, run: [maillab, verify, alice, --home, new]}
"#;

#[test]
fn what_is_changed_for_a_time_is_in_force_when_the_hazard_comes_and_put_back_after_it() {
    let bench = Bench::with(&["--service-pack", "3"]);
    bench.maillab(&["antivirus", "set", "off"]);
    for fault in ["rca-cycle", "mail-in-window"] {
        bench.maillab(&["fault", fault, "--mailbox", "alice"]);
    }
    let run = bench.run_text(GUARDED);
    assert!(run.status.success(), "{}", text(&run.stderr));
    bench.maillab(&["antivirus", "set", "on"]);
    let audit = bench.audit();
    assert_eq!((&audit["accepted"], &audit["clean"]), (&11.into(), &true.into()), "{audit:#}");
}

#[test]
fn a_setting_that_a_second_administrator_has_changed_is_reported_and_left_alone() {
    let bench = Bench::new();
    bench.maillab(&["fault", "second-admin", "--mailbox", "alice"]);
    let run = bench.run_text(GUARDED);
    assert_eq!(run.status.code(), Some(8), "{}", text(&run.stderr));
    let audit = bench.audit();
    assert_eq!((&audit["lost"], &audit["setting"]), (&0.into(), &1.into()), "{audit:#}");
    assert_eq!(audit["findings"][0]["detail"], "it is `nightly`, and was `always` at `init`");
}
