//! Running to the end, failing, and going on.

use crate::bench::{Bench, finish};

#[test]
fn outputs_flow_from_step_to_step_with_their_types() {
    let bench = Bench::new();
    bench.write(
        "book.yaml",
        r#"
windlass: 1
name: flow
params: {names: {type: array, items: {type: string}}}
steps:
  count:
    effect: read
    run: [printf, '{"n": 12345678901234567890, "list": ["a", "b c"]}']
    outputs:
      n: {value: "{{ out.json.n }}", type: integer}
      list: "{{ out.json.list }}"
  enough:
    needs: [count]
    assert:
      - {that: steps.count.outputs.n > 5, message: too few}
  each:
    needs: [enough]
    for_each: {items: params.names, as: name}
    effect: idempotent
    shell: echo "$WHO:$#:$WINDLASS_TASK" >> "$HERE/ledger"
    env: {WHO: "{{ name }}"}
  splice:
    needs: [each]
    effect: idempotent
    run: [sh, -c, 'printf "%s|" "$@" >> "$HERE/spliced"', sh, "{{ steps.count.outputs.list }}", "{{ steps.count.outputs.n }}"]
  unwanted:
    needs: [splice]
    when: steps.count.outputs.n < 5
    run: ["false"]
"#,
    );
    bench
        .windlass(&["run", "book.yaml", "-p", "names=[x, \"y; rm -rf /\"]", "--jobs", "1"])
        .exits(0);
    assert_eq!(bench.ledger("ledger"), ["x:0:each[x]", "y; rm -rf /:0:each[y; rm -rf /]"]);
    assert_eq!(bench.read("spliced"), "a|b c|12345678901234567890|");
    assert_eq!(bench.state_of("unwanted"), "skipped");
    assert_eq!(bench.status()["state"], "succeeded");
}

#[test]
fn a_failed_run_goes_on_and_repeats_nothing_that_succeeded() {
    let bench = Bench::new();
    bench.write(
        "book.yaml",
        r#"
windlass: 1
name: fails-once
steps:
  first: {effect: idempotent, shell: 'echo first >> "$HERE/ledger"'}
  second: {needs: [first], effect: read, shell: 'test -e "$HERE/ready"'}
  third: {needs: [second], effect: idempotent, shell: 'echo third >> "$HERE/ledger"'}
  beside: {after: [second], effect: idempotent, shell: 'echo beside >> "$HERE/ledger"'}
"#,
    );
    let done = bench.windlass(&["run", "book.yaml", "--jobs", "1"]).exits(1);
    assert!(done.stderr.contains("windlass resume"), "{}", done.stderr);
    assert_eq!(bench.state_of("third"), "blocked");
    assert_eq!(bench.ledger("ledger"), ["first", "beside"]);
    bench.write("ready", "");
    bench.windlass(&["resume", "latest"]).exits(0);
    assert_eq!(bench.ledger("ledger"), ["first", "beside", "third"]);
    let again = bench.windlass(&["resume", "latest"]).exits(0);
    assert!(again.stderr.contains("nothing is left to do"), "{}", again.stderr);
}

#[test]
fn retries_go_on_until_one_ends_well_and_timeouts_are_failures() {
    let bench = Bench::new();
    bench.write(
        "book.yaml",
        r#"
windlass: 1
name: tries
steps:
  stubborn:
    effect: idempotent
    retry: {attempts: 5, delay: 1ms}
    shell: 'echo x >> "$HERE/tries"; test "$(wc -l < "$HERE/tries")" -ge 3'
  slow:
    on_failure: continue
    effect: read
    timeout: 50ms
    grace: 50ms
    shell: 'trap "" TERM; (trap "" TERM; sleep 1000) & sleep 1000'
  checked:
    on_failure: continue
    effect: idempotent
    shell: 'echo done >> "$HERE/done"'
    verify:
      - {run: [test, -e, verified]}
"#,
    );
    bench.windlass(&["run", "book.yaml"]).exits(1);
    assert_eq!(bench.ledger("tries").len(), 3);
    let status = bench.status();
    let slow =
        status["tasks"].as_array().unwrap().iter().find(|row| row["id"] == "slow").unwrap().clone();
    assert_eq!(
        (slow["state"].as_str(), slow["reason"].as_str()),
        (Some("failed"), Some("timed out"))
    );
    // The verification alone is repeated.
    assert_eq!(bench.state_of("checked"), "failed");
    bench.write("verified", "");
    bench.windlass(&["resume", "latest"]).exits(1);
    assert_eq!(bench.state_of("checked"), "succeeded");
    assert_eq!(bench.ledger("done").len(), 1);
}

#[test]
fn items_stop_when_too_many_are_bad_and_only_the_bad_ones_are_resumed() {
    let bench = Bench::new();
    bench.write(
        "book.yaml",
        r#"
windlass: 1
name: items
steps:
  boxes:
    for_each: {items: [a, b, c, d, e], as: box, parallel: 1, max_failures: 1}
    steps:
      move:
        effect: idempotent
        env: {BOX: "{{ box }}"}
        shell: 'echo "$BOX" >> "$HERE/ledger"; case "$BOX" in b|d) test -e "$HERE/ready";; esac'
"#,
    );
    bench.windlass(&["run", "book.yaml"]).exits(1);
    assert_eq!(bench.ledger("ledger"), ["a", "b", "c", "d"]);
    bench.write("ready", "");
    bench.windlass(&["resume", "latest", "--jobs", "1"]).exits(0);
    let mut ledger = bench.ledger("ledger");
    ledger.sort();
    assert_eq!(ledger, ["a", "b", "b", "c", "d", "d", "e"]);
}

#[test]
fn two_executors_of_one_run_are_refused() {
    let bench = Bench::new();
    let (here, go) = (bench.fifo("here"), bench.fifo("go"));
    bench.write(
        "book.yaml",
        "windlass: 1\nname: held\nsteps:\n  wait: {effect: read, shell: 'echo at > \"$HERE/here\"; read x < \"$HERE/go\"'}\n",
    );
    let first = bench.start(&["run", "book.yaml"]);
    here.hear();
    let second = bench.windlass(&["resume", "latest"]).exits(4);
    assert!(second.stderr.contains("windlass status"), "{}", second.stderr);
    assert_eq!(bench.status()["state"], "running");
    go.say("on\n");
    finish(first).exits(0);
}

#[test]
fn a_corrected_runbook_is_taken_over_unless_it_changes_what_is_done() {
    let bench = Bench::new();
    let book = |first: &str, second: &str| {
        format!(
            "windlass: 1\nname: fix\nsteps:\n  one: {{run: [sh, -c, 'echo {first} >> ledger']}}\n  two: {{needs: [one], effect: idempotent, run: [{second}]}}\n"
        )
    };
    bench.write("book.yaml", &book("one", "no-such-program"));
    let failed = bench.windlass(&["run", "book.yaml"]).exits(1);
    assert!(failed.stderr.contains("no-such-program"), "{}", failed.stderr);
    bench.write("changed.yaml", &book("uno", "\"true\""));
    let refused = bench.windlass(&["resume", "latest", "--runbook", "changed.yaml"]).exits(6);
    assert!(refused.stderr.contains("--accept one"), "{}", refused.stderr);
    bench.write("fixed.yaml", &book("one", "\"true\""));
    bench.windlass(&["resume", "latest", "--runbook", "fixed.yaml"]).exits(0);
    assert_eq!(bench.ledger("ledger"), ["one"]);
    bench.windlass(&["journal", "check", "latest"]).exits(0);
}

#[test]
fn a_run_until_a_step_does_what_comes_before_it_and_a_resume_the_rest() {
    let bench = Bench::new();
    bench.write(
        "book.yaml",
        r#"
windlass: 1
name: until
steps:
  first: {effect: idempotent, shell: 'echo first >> "$HERE/ledger"'}
  boxes:
    needs: [first]
    for_each: {items: [a, b], as: box, parallel: 1}
    steps:
      move: {effect: idempotent, env: {BOX: "{{ box }}"}, shell: 'echo "$BOX" >> "$HERE/ledger"'}
  beside: {effect: idempotent, shell: 'echo beside >> "$HERE/ledger"'}
  last: {needs: [boxes, beside], effect: idempotent, shell: 'echo last >> "$HERE/ledger"'}
"#,
    );
    let told = bench.windlass(&["run", "book.yaml", "--until", "boxs"]).exits(2);
    assert!(told.stderr.contains("did you mean `boxes`?"), "{}", told.stderr);
    bench.windlass(&["run", "book.yaml", "--until", "boxes"]).exits(5);
    assert_eq!(bench.ledger("ledger"), ["first", "a", "b"]);
    let status = bench.status();
    assert_eq!(
        (&status["state"], bench.state_of("beside").as_str()),
        (&"interrupted".into(), "waiting")
    );
    bench.windlass(&["resume", "latest", "--until", "beside"]).exits(5);
    assert_eq!(bench.ledger("ledger"), ["first", "a", "b", "beside"]);
    bench.windlass(&["resume", "latest", "--until", "last"]).exits(0);
    assert_eq!(bench.ledger("ledger"), ["first", "a", "b", "beside", "last"]);
}
