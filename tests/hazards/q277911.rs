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

#[test]
fn the_runbook_for_such_servers_closes_the_window_or_refuses_them() {
    let bench = Bench::with(&["--service-pack", "3"]);
    bench.maillab(&["fault", "mail-in-window", "--mailbox", "alice"]);
    let mut parameters = vec![r#"mailboxes=["alice","bob"]"#, "source=old", "target=new"];
    let run = bench.run_shipped("server-to-server-move.yaml", &parameters);
    assert!(run.status.success(), "{}", text(&run.stderr));
    let audit = bench.audit();
    assert_eq!((&audit["accepted"], &audit["clean"]), (&11.into(), &true.into()), "{audit:#}");

    let older = Bench::with(&["--service-pack", "3"]);
    parameters.push("minimum_service_pack=4");
    let run = older.run_shipped("server-to-server-move.yaml", &parameters);
    assert_eq!(run.status.code(), Some(1), "{}", text(&run.stderr));
    assert_eq!(older.maillab(&["locate", "alice"])["target"]["exists"], false);
}

#[test]
fn the_runbook_for_waves_holds_the_mail_back_until_the_window_has_closed() {
    let bench = Bench::with(&["--service-pack", "3"]);
    bench.maillab(&["fault", "mail-in-window", "--mailbox", "alice"]);
    let run = bench.run_ours();
    assert!(run.status.success(), "{}", text(&run.stderr));
    let audit = bench.audit();
    assert_eq!((&audit["accepted"], &audit["clean"]), (&11.into(), &true.into()), "{audit:#}");
}
