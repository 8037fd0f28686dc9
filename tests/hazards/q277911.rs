//! Q277911: what is delivered between the creation of a mailbox and its InTransit flag is lost, and nobody is told.

use crate::bench::{Bench, text};

#[test]
fn the_naive_runbook_succeeds_and_has_lost_a_message_before_service_pack_4() {
    for (pack, lost) in [("3", 1), ("4", 0)] {
        let bench = Bench::of_service_pack(pack);
        bench.maillab(&["fault", "mail-in-window", "--mailbox", "alice"]);
        let run = bench.run("server-to-server-move.yaml");
        assert!(run.status.success(), "{}", text(&run.stderr));
        let audit = bench.audit();
        assert_eq!((&audit["accepted"], &audit["lost"]), (&11.into(), &lost.into()), "{audit:#}");
    }
}
