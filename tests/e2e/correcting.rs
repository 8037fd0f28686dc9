//! Going on with a corrected runbook.

use crate::bench::Bench;

fn book(steps: &str) -> String {
    format!("windlass: 1\nname: fix\nsteps:\n{steps}")
}

const DONE: &str = "  done: {run: [\"true\"]}\n";
const READS: &str = "  reads: {needs: [done], effect: read, run: [test, -e, ready]}\n";

fn a_failed_run(bench: &Bench) {
    bench.write("book.yaml", &book(&format!("{DONE}{READS}")));
    bench.windlass(&["run", "book.yaml", "--run-id", "r"]).exits(1);
}

#[test]
fn a_name_that_accepts_nothing_is_an_error() {
    let bench = Bench::new();
    a_failed_run(&bench);
    let accepting = |task| ["resume", "r", "--runbook", "book.yaml", "--accept", task];
    let told = bench.windlass(&accepting("doen")).exits(2);
    assert!(told.stderr.contains("did you mean `done`?"), "{}", told.stderr);
    let told = bench.windlass(&accepting("elsewhere")).exits(2);
    assert!(told.stderr.contains("`windlass status r`"), "{}", told.stderr);
}

#[test]
fn nothing_new_comes_before_what_was_started_also_not_by_name() {
    let bench = Bench::new();
    a_failed_run(&bench);
    let resume = ["resume", "r", "--runbook", "new.yaml"];
    let backup = "  backup: {run: [\"true\"]}\n";
    // One step further back it would come too late as well.
    for between in ["", "  check: {needs: [backup], effect: read, run: [\"true\"]}\n"] {
        let need = if between.is_empty() { "backup" } else { "check" };
        let done = format!("  done: {{needs: [{need}], run: [\"true\"]}}\n");
        bench.write("new.yaml", &book(&format!("{backup}{between}{done}{READS}")));
        let accepted = ["--accept", "done"];
        for accept in [&[][..], &accepted] {
            let told = bench.windlass(&[&resume[..], accept].concat()).exits(6);
            let reason = "`backup` comes before `done`, which was started";
            assert!(told.stderr.contains(reason), "{}", told.stderr);
        }
    }
    // A step that makes what failed possible is what a correction is for.
    let make = "  make: {effect: idempotent, run: [touch, ready]}\n";
    let reads = READS.replace("[done]", "[done, make]");
    bench.write("new.yaml", &book(&format!("{DONE}{make}{reads}")));
    bench.windlass(&resume).exits(0);
}
