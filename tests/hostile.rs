//! Bad input of any kind gives an error, never a panic, an endless loop or a full memory.
//!
//! Nothing here looks at a clock: what is bounded is counted, and a test that hangs has failed.

use std::fmt::Write as _;
use std::fs;

use indexmap::IndexMap;
use proptest::prelude::*;
use windlass::diag::{Diagnostic, Source, json, render};
use windlass::plan::Plan;
use windlass::plan::graph::NodeId;
use windlass::spec::codes;
use windlass::spec::load::{self, Files, Loaded};
use windlass::spec::model::Runbook;
use windlass::spec::params;
use windlass::spec::template::{Expression, Scope, Template};

fn load(text: impl Into<String>) -> Result<Loaded, Vec<Diagnostic>> {
    load::load_from(Source::new("hostile.yaml", text), IndexMap::new())
}

/// The codes of what is wrong; everything is rendered too.
fn codes_of(text: impl Into<String>) -> Vec<&'static str> {
    let wrong = load(text).expect_err("it is refused");
    render::report(&wrong, false);
    json::report(&wrong);
    wrong.iter().map(|one| one.code).collect()
}

fn runbook(steps: &str) -> String {
    format!("windlass: 1\nname: hostile\nsteps:\n{steps}")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("random.yaml");
        fs::write(&path, bytes).unwrap();
        let wrong = load::load(&path, &[]).unwrap_err();
        render::report(&wrong, true);
        json::report(&wrong);
    }

    #[test]
    fn random_yaml(text in "[-a-c:{}\\[\\],&*!|>'\"#%@ \n\t\r{{}}0-9é🦀]{0,120}") {
        codes_of(text);
    }

    /// A runbook in which a few characters have been changed is right, or told what is wrong with it.
    #[test]
    fn a_damaged_runbook(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<char>()), 1..4)) {
        let shipped = fs::read_to_string("runbooks/move-mailboxes.yaml").unwrap();
        let driver = fs::read_to_string("runbooks/drivers/maillab.yaml").unwrap();
        let mut characters: Vec<char> = shipped.chars().collect();
        for (at, character) in changes {
            let at = at.index(characters.len());
            characters[at] = character;
        }
        let drivers = IndexMap::from([("mail".to_owned(), Source::new("mail.yaml", driver))]);
        let text: String = characters.into_iter().collect();
        if let Err(wrong) = load::load_from(Source::new("damaged.yaml", text), drivers) {
            prop_assert!(!wrong.is_empty());
            render::report(&wrong, false);
            json::report(&wrong);
        }
    }

    /// Words in the place of others: keys where names stand, names where keys stand.
    #[test]
    fn words_in_wrong_places(swaps in proptest::collection::vec(any::<[prop::sample::Index; 2]>(), 1..6)) {
        let mut words: Vec<&str> = EVERYTHING.split_inclusive([' ', ':', ',', '[', ']', '{', '}', '\n', '.', '"']).collect();
        for [to, from] in swaps {
            let (to, from) = (to.index(words.len()), from.index(words.len()));
            words[to] = words[from];
        }
        match load(words.concat()) {
            Ok(loaded) => everything_has_a_turn(loaded.runbook),
            Err(wrong) => {
                prop_assert!(!wrong.is_empty());
                render::report(&wrong, false);
                json::report(&wrong);
            }
        }
    }

    /// However settings and steps wait for each other: what the check passes, the plan can order.
    #[test]
    fn what_is_checked_can_be_planned(
        steps in proptest::collection::vec((any::<u8>(), any::<u8>()), 2..7),
        settings in proptest::collection::vec((any::<u8>(), any::<u8>()), 1..4),
    ) {
        let names = |prefix: char, bits: u8, below: usize, suffix: &str| -> Vec<String> {
            let named = (0..below.min(8)).filter(|number| bits >> number & 1 == 1);
            named.map(|number| format!("\"{prefix}{number}{suffix}\"")).collect()
        };
        let mut text = String::from("windlass: 1\nname: settings\nsettings:\n");
        for (number, (around, needs)) in settings.iter().enumerate() {
            let around = names('a', *around, steps.len(), "").join(", ");
            let around = if around.is_empty() { String::new() } else { format!(", around: [{around}]") };
            let needs = names('a', needs & needs >> 4, steps.len(), "").join(", ");
            writeln!(text, "  s{number}: {{get: {{run: [x]}}, set: {{run: [x]}}, to: 1, needs: [{needs}]{around}}}").unwrap();
        }
        text.push_str("steps:\n");
        for (number, (needs, restored)) in steps.iter().enumerate() {
            let mut needs = names('a', *needs, number, "");
            needs.extend(names('s', restored & restored >> 4, settings.len(), ":restored"));
            writeln!(text, "  a{number}: {{run: [x], needs: [{}]}}", needs.join(", ")).unwrap();
        }
        match load(text) {
            Ok(loaded) => everything_has_a_turn(loaded.runbook),
            Err(wrong) => prop_assert!(
                wrong.iter().all(|one| [codes::SURROUNDS, codes::SURROUNDS_NOTHING, codes::CYCLE].contains(&one.code))
            ),
        }
    }
}

/// A runbook with every key that an action can have around it.
const EVERYTHING: &str = r#"windlass: 1
name: everything
params: {boxes: {type: array, items: {type: string}, default: [alice]}}
locks: [server, {name: "log:{{ run.id }}", slots: 4}]
settings:
  schedule:
    get: {run: [cat, schedule], outputs: {value: "{{ out.stdout }}"}}
    set: {run: [store, "{{ value }}"], retry: {attempts: 2}}
    to: never
    needs: [check]
    around: [move]
    on_failure: hold
    found: accept
    locks: [{name: schedule, shared: true}]
  flags:
    for_each: {items: params.boxes, as: flag}
    when: params.boxes | length > 1
    get: {run: [cat, "{{ flag }}"]}
    change: {run: [store, "{{ value }}"], effect: idempotent}
    restore: {run: [drop, "{{ value }}"]}
    to: "{{ steps.check.outputs.count }}"
    needs: [check]
steps:
  check: {run: [count], effect: read, outputs: {count: {value: "{{ out.stdout }}", type: integer}}}
  move:
    needs: [check]
    for_each: {items: params.boxes, as: box, parallel: 2}
    locks: ["box:{{ box }}"]
    settings: {freeze: {get: {run: [cat, "{{ box }}"]}, set: {run: [store]}, to: true}}
    steps:
      copy:
        run: [copy, "{{ box }}"]
        retry: {attempts: 3}
        outputs: {count: {value: "{{ out.stdout }}", type: integer}}
        probe:
          run: [look, "{{ box }}"]
          confirm: {times: 2, every: 1s}
          found: refuse
          outputs: {count: {value: "{{ out.json.count }}", type: integer}}
          states:
            done: out.exit == 0
            absent: {when: out.exit == 1}
            busy: {when: out.exit == 2, wait: {every: 1s, timeout: 1h}}
            half: {when: out.exit == 3, repair: [{effect: idempotent, run: [mend]}]}
            other: {when: out.exit == 4, stop: "see {{ out.stdout }}"}
      sweep:
        needs: [copy, "freeze:restored"]
        run: [sweep]
        effect: idempotent
        repeat: {until: out.stdout == '0', consecutive: 2, every: 1s, max: 9}
  report: {needs: ["schedule:restored"], run: [report]}
"#;

/// The plan can be made, and an order found for all that stands beside each other.
fn everything_has_a_turn(runbook: Runbook) {
    let sources = runbook.sources.clone();
    let Ok(params) = params::resolve(&runbook.params, &[], &[], &Files) else { return };
    let Ok(plan) = Plan::new(runbook, params, "/".into()) else { return };
    for index in 0..plan.graph.nodes.len() {
        let id = NodeId(u32::try_from(index).expect("a plan has few steps"));
        if let Some(group) = plan.graph.group(id) {
            assert_eq!(plan.graph.order(id).len(), group.children.len(), "{}", sources[0].text);
        }
    }
}

#[test]
fn a_runbook_with_everything_in_it_is_sound() {
    let loaded = load(EVERYTHING).map_err(|wrong| render::report(&wrong, false));
    everything_has_a_turn(loaded.unwrap_or_else(|wrong| panic!("{wrong}")).runbook);
}

#[test]
fn a_file_of_50_mb_is_not_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.yaml");
    fs::write(&path, "a: b\n".repeat(10_000_000)).unwrap();
    let wrong = load::load(&path, &[]).unwrap_err();
    assert_eq!(wrong[0].code, codes::UNREADABLE);
    assert!(wrong[0].message.contains("16 MiB"), "{}", wrong[0].message);
}

#[cfg(unix)]
#[test]
fn a_file_without_an_end_is_refused() {
    let wrong = load::load(std::path::Path::new("/dev/zero"), &[]).unwrap_err();
    assert_eq!(wrong[0].code, codes::UNREADABLE);
}

#[test]
fn aliases_of_aliases_are_counted_in_full() {
    let mut bomb =
        String::from("windlass: 1\nname: a\nvars:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..30 {
        let inside = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(bomb, "  a{level}: &a{level} [{inside}]").unwrap();
    }
    assert_eq!(codes_of(bomb), [codes::TOO_MUCH]);
    // Few aliases of a large value stay below the parser's own limit; ours counts values.
    let large = vec!["x"; 200_000].join(", ");
    let aliases = vec!["*a"; 50].join(", ");
    assert_eq!(codes_of(format!("a: &a [{large}]\nb: [{aliases}]\n")), [codes::TOO_MUCH]);
}

#[test]
fn deep_nesting_is_refused() {
    assert_eq!(codes_of("[".repeat(1_000_000)), [codes::TOO_MUCH]);
    assert_eq!(codes_of("[".repeat(900)), [codes::TOO_MUCH]);
    assert_eq!(codes_of(format!("{}{}", "[".repeat(500), "]".repeat(500))), [codes::TOO_MUCH]);
    assert_eq!(codes_of("- ".repeat(5_000)), [codes::TOO_MUCH]);
    assert_eq!(
        codes_of((0..300).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect::<String>()),
        [codes::TOO_MUCH]
    );
    let groups: String = (0..60).map(|depth| format!("g{depth}: {{steps: {{")).collect();
    let text =
        format!("windlass: 1\nname: a\nsteps: {{{groups}a: {{run: [x]}}{}}}\n", "}}".repeat(60));
    assert!(codes_of(text).contains(&codes::TOO_MUCH));
}

#[test]
fn many_values_are_refused_before_they_fill_the_memory() {
    assert_eq!(codes_of(format!("[{}]", "a,".repeat(7_000_000))), [codes::TOO_MUCH]);
    assert_eq!(codes_of(format!("[{}]", "a,".repeat(2_100_000))), [codes::TOO_MUCH]);
}

#[test]
fn a_cycle_over_very_many_steps_is_printed_whole() {
    for count in [10_000, 100_000] {
        let mut steps = String::new();
        for step in 0..count {
            writeln!(steps, "  s{step}: {{run: [x], needs: [s{}]}}", (step + 1) % count).unwrap();
        }
        let wrong = load(runbook(&steps)).unwrap_err();
        assert_eq!((wrong.len(), wrong[0].code), (1, codes::CYCLE));
        assert_eq!(wrong[0].message.matches('→').count(), count);
        render::report(&wrong, false);
    }
}

/// Every step needs several others far ahead and back: there are very many cycles, and one of two steps.
#[test]
fn a_knot_of_cycles_ends() {
    let count = 20_000;
    let mut steps = String::new();
    for step in 0..count {
        let needs: Vec<String> =
            [1, 7, 1_009].iter().map(|far| format!("s{}", (step + far) % count)).collect();
        let back = if step == 15_001 { ", s15000" } else { "" };
        writeln!(steps, "  s{step}: {{run: [x], needs: [{}{back}]}}", needs.join(", ")).unwrap();
    }
    assert_eq!(codes_of(runbook(&steps)), [codes::CYCLE]);
}

/// Each step reads one half as far down: as many targets as steps, none of them needed directly.
#[test]
fn references_to_far_steps_are_followed() {
    let count = 20_000;
    let mut steps = String::from("  s0: {run: [x], outputs: {n: \"{{ out.exit }}\"}}\n");
    for step in 1..count {
        let (before, far) = (step - 1, step / 2);
        writeln!(
            steps,
            "  s{step}: {{run: [x, \"{{{{ steps.s{far}.outputs.n }}}}\"], needs: [s{before}], outputs: {{n: \"{{{{ out.exit }}}}\"}}}}"
        )
        .unwrap();
    }
    assert_eq!(load(runbook(&steps)).unwrap().runbook.steps.len(), count);
}

#[test]
fn many_wrong_names_among_many_steps_are_told_without_comparing_all_with_all() {
    let mut steps = String::new();
    for step in 0..20_000 {
        writeln!(steps, "  step_number_{step}: {{run: [x], needs: [stp_number_{step}]}}").unwrap();
    }
    let codes = codes_of(runbook(&steps));
    assert_eq!((codes.len(), codes[0]), (1_001, codes::UNKNOWN_STEP));
}

#[test]
fn one_line_of_a_megabyte_is_cut_around_the_caret() {
    let wide = "ä".repeat(500_000);
    let text = format!(
        "windlass: 1\nname: a\nsteps: {{a: {{run: [x, '{wide}'], nedes: [b], title: '{wide}'}}}}\n"
    );
    let wrong = load(text).unwrap_err();
    let shown = render::report(&wrong, false);
    assert!(shown.len() < 2_000, "{} bytes", shown.len());
    assert!(shown.contains(":3:500027") && shown.contains("nedes: [b]"), "{shown}");
}

#[test]
fn control_characters_never_reach_the_terminal() {
    let text = "windlass: 1\nname: a\ntitle: \"\\e[31mred\"\n\"k\\e[2J\\u202e\": 1\nsteps: {a: {run: [x]}}\n";
    let shown = render::report(&load(text).unwrap_err(), false);
    assert!(shown.contains("has no key"), "{shown}");
    assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
    let raw =
        render::report(&load("a: \u{1b}[31m\u{85}\u{202e}x\nwindlass: 2\n").unwrap_err(), false);
    assert!(!raw.contains(['\u{1b}', '\u{202e}']), "{raw:?}");
}

#[test]
fn a_template_that_loops_runs_out_of_fuel() {
    let scope = Scope::new();
    let nested = "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}x{% endfor %}{% endfor %}{% endfor %}";
    assert!(Template::parse(nested).unwrap().render(&scope).is_err());
    assert!(Expression::parse("range(1000000000) | list | length").unwrap().eval(&scope).is_err());
    // The same where it stands alone as a condition, which is evaluated when the runbook is checked.
    let steps = "  a: {run: [x], when: (range(99999) | list | length) > (range(99999) | map('string') | join | length)}\n";
    let _ = load(runbook(steps));
    let steps = "  a: {run: [x], when: range(1000000000) | list | length == 5}\n";
    assert_eq!(codes_of(runbook(steps)), [codes::NOT_TRUTH]);
}

#[test]
fn very_many_patterns_are_not_all_compiled() {
    let mut text = runbook("  a: {run: [b]}\nparams:\n");
    for number in 0..1_001 {
        let _ = writeln!(text, "  p{number}: {{type: string, pattern: '^p{number}$'}}");
    }
    assert_eq!(codes_of(&text), [codes::TOO_MUCH]);
    let one_less = text.trim_end().rsplit_once('\n').unwrap().0;
    assert!(load(one_less).is_ok());
}

#[test]
fn a_name_of_a_megabyte_is_told_by_its_beginning() {
    let text = runbook(&format!("  a: {{run: [b], needs: [{}]}}\n", "é".repeat(1 << 19)));
    let wrong = load(text).unwrap_err();
    let told = &wrong[0];
    let longest = told.help.iter().chain([&told.message]).map(String::len).max();
    assert!(
        told.message.starts_with("step `a` needs `ééé") && longest < Some(2_000),
        "{longest:?}"
    );
}

#[test]
fn of_very_many_misspelt_keys_only_some_are_compared_with_all_there_are() {
    let steps: String = (0..20_000)
        .map(|number| format!("  s{number}: {{run: [b], nedes: [x], paralel: 2}}\n"))
        .collect();
    let wrong = load(runbook(&steps)).unwrap_err();
    assert_eq!(wrong.len(), 1_001);
    assert!(wrong[0].help[0].contains("did you mean `needs`?"), "{:?}", wrong[0]);
    assert_eq!(wrong[999].help, [""; 0], "{:?}", wrong[999]);
}
