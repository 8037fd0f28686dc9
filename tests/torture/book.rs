//! Runbooks at random: single steps and groups of items, steps that need each other, and jobs that are slow, fail, hang, or do
//! not heed TERM.
//!
//! Does not know what happens to them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A runbook, and what its tasks are.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) text: String,
    /// By task id.
    pub(crate) tasks: BTreeMap<String, Task>,
    /// Tasks around which the setting is in force.
    pub(crate) around: BTreeSet<String>,
}

/// Beside whom a task does its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Company {
    #[default]
    Anybody,
    /// Nobody who works alone or in shared company.
    Alone,
    /// Nobody who works alone.
    Shared,
    /// One other of this kind.
    Two,
}

impl Company {
    fn at_random(rng: &mut ChaCha8Rng) -> Self {
        match rng.random_range(0..20) {
            0..5 => Self::Alone,
            5..8 => Self::Shared,
            8..11 => Self::Two,
            _ => Self::Anybody,
        }
    }

    /// Whether one of this kind may begin beside those.
    pub(crate) fn bears(self, met: &[Self]) -> bool {
        let count = |kind: Self| met.iter().filter(|other| **other == kind).count();
        match self {
            Self::Anybody => true,
            Self::Alone => count(Self::Alone) + count(Self::Shared) == 0,
            Self::Shared => count(Self::Alone) == 0,
            Self::Two => count(Self::Two) < 2,
        }
    }

    /// The word of a job, and the lock of its step.
    fn words(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Anybody => None,
            Self::Alone => Some(("alone", "critical")),
            Self::Shared => Some(("shared", "{name: critical, shared: true}")),
            Self::Two => Some(("two", "{name: desk, slots: 2}")),
        }
    }
}

/// What the oracle must know of a task.
#[derive(Debug, Clone, Default)]
pub(crate) struct Task {
    pub(crate) once: bool,
    pub(crate) company: Company,
    /// Tasks that must have had their effect before this one begins.
    pub(crate) needs: BTreeSet<String>,
}

/// Asks the ledger.
const PROBE: &str = ", probe: {run: [sh, probe.sh], states: {done: \"out.stdout | trim == 'done'\", absent: \"out.stdout | trim == 'absent'\"}}";

/// A setting around one step.
fn setting(around: &str, failure: &str) -> String {
    let hold = if failure == "hold" { "\n    on_failure: hold" } else { "" };
    format!(
        "settings:\n  setting:\n    get: {{run: [cat, setting]}}\n    set: {{effect: idempotent, run: [sh, set.sh, \"{{{{ value }}}}\"]}}\n    to: temporary\n    around: [{around}]{hold}\n"
    )
}

/// How a step is written, before it is known in which items.
struct Step {
    name: String,
    once: bool,
    company: Company,
    body: String,
    needs: Vec<usize>,
}

impl Book {
    pub(crate) fn at_random(rng: &mut ChaCha8Rng) -> Self {
        let mut book = Self::default();
        // What has to be done before a step that needs this one.
        let mut ends: Vec<(String, Vec<String>)> = Vec::new();
        for number in 0..rng.random_range(2..6) {
            let needed: Vec<usize> = (0..ends.len()).filter(|_| rng.random_bool(0.4)).collect();
            let before: BTreeSet<String> =
                needed.iter().flat_map(|index| ends[*index].1.clone()).collect();
            let names: Vec<&str> = needed.iter().map(|index| ends[*index].0.as_str()).collect();
            let needs = format!("needs: [{}]", names.join(", "));
            let name = format!("s{number}");
            let tasks = if rng.random_bool(0.5) {
                book.add_group(rng, &name, &needs, &before)
            } else {
                let step = Step::at_random(rng, name.clone(), 0);
                writeln!(book.text, "  {name}: {{{needs}, {}}}", step.body).unwrap();
                let Step { once, company, .. } = step;
                book.tasks.insert(name.clone(), Task { once, company, needs: before });
                vec![name.clone()]
            };
            ends.push((name, tasks));
        }
        let mut head = "windlass: 1\nname: torture\n".to_owned();
        if rng.random_bool(0.4) {
            let (name, tasks) = &ends[rng.random_range(0..ends.len())];
            let failure = if rng.random_bool(0.5) { "hold" } else { "restore" };
            head.push_str(&setting(name, failure));
            book.around.extend(tasks.iter().cloned());
        }
        book.text.insert_str(0, &format!("{head}steps:\n"));
        book
    }

    /// Names of the gates: of each task, and of what never ends.
    pub(crate) fn gates(&self) -> impl Iterator<Item = &str> {
        self.tasks.keys().map(String::as_str).chain(["never"])
    }

    /// Four steps that all go well, with a setting around one of them, a lock and a probe.
    pub(crate) fn small() -> Self {
        let mut book = Self::default();
        book.text.push_str("windlass: 1\nname: torture\n");
        book.text.push_str(&setting("c", "hold"));
        book.text.push_str("steps:\n");
        let steps: [(&str, &str, &[&str], &str, &str); 4] = [
            ("a", "once", &[], "", "append"),
            ("b", "read", &["a"], "", "append"),
            ("c", "once", &["a"], ", locks: [critical]", "alone, append"),
            ("d", "once", &["b", "c"], PROBE, "append"),
        ];
        for (name, effect, needs, keys, words) in steps {
            let listed = needs.join(", ");
            writeln!(
                book.text,
                "  {name}: {{needs: [{listed}], effect: {effect}{keys}, run: [sh, effect.sh, {words}]}}"
            )
            .unwrap();
            let needs = needs.iter().map(|name| (*name).to_owned()).collect();
            let company =
                if words.starts_with("alone") { Company::Alone } else { Company::Anybody };
            let once = effect == "once";
            book.tasks.insert(name.to_owned(), Task { once, company, needs });
        }
        book.around.insert("c".to_owned());
        book
    }

    /// Steps that work under locks, one of them also under a setting; some have their effect and fail, some fail before it.
    pub(crate) fn of_rivals() -> Self {
        let mut book = Self::default();
        book.text.push_str("windlass: 1\nname: torture\n");
        book.text.push_str(&setting("c", "restore"));
        book.text.push_str("steps:\n");
        for (name, company, words) in [
            ("a", Company::Alone, "work, append"),
            ("b", Company::Alone, "append, work, fail=1"),
            ("c", Company::Shared, "work, append, work"),
            ("d", Company::Two, "fail=1, append"),
            ("e", Company::Shared, "append, work"),
            ("f", Company::Two, "work, append"),
        ] {
            let (word, lock) = company.words().expect("none of them likes everybody");
            writeln!(
                book.text,
                "  {name}: {{effect: once, on_failure: continue, locks: [{lock}], run: [sh, effect.sh, {word}, {words}]}}"
            )
            .unwrap();
            let task = Task { once: true, company, needs: BTreeSet::new() };
            book.tasks.insert(name.to_owned(), task);
        }
        book.around.insert("c".to_owned());
        book
    }

    fn add_group(
        &mut self,
        rng: &mut ChaCha8Rng,
        group: &str,
        needs: &str,
        before: &BTreeSet<String>,
    ) -> Vec<String> {
        let items: Vec<String> = (0..rng.random_range(1..5)).map(|n| format!("i{n}")).collect();
        let (parallel, failures) = (rng.random_range(1..4), rng.random_range(0..3));
        let steps: Vec<Step> = (0..rng.random_range(1..4))
            .map(|index| Step::at_random(rng, format!("t{index}"), index))
            .collect();
        let listed = items.join(", ");
        writeln!(
            self.text,
            "  {group}:\n    {needs}\n    for_each: {{items: [{listed}], as: item, parallel: {parallel}, max_failures: {failures}}}\n    steps:"
        )
        .unwrap();
        for step in &steps {
            let names: Vec<&str> =
                step.needs.iter().map(|index| steps[*index].name.as_str()).collect();
            writeln!(
                self.text,
                "      {}: {{needs: [{}], {}}}",
                step.name,
                names.join(", "),
                step.body
            )
            .unwrap();
        }
        let mut tasks = Vec::new();
        for item in &items {
            for step in &steps {
                let id = |name: &str| format!("{group}[{item}].{name}");
                let inside = step.needs.iter().map(|index| id(&steps[*index].name));
                let needs = before.iter().cloned().chain(inside).collect();
                tasks.push(id(&step.name));
                let Step { once, company, .. } = *step;
                self.tasks.insert(id(&step.name), Task { once, company, needs });
            }
        }
        tasks
    }
}

impl Step {
    fn at_random(rng: &mut ChaCha8Rng, name: String, index: usize) -> Self {
        let effect = ["once", "once", "once", "idempotent", "read"][rng.random_range(0..5)];
        let mut words: Vec<String> = Vec::new();
        let mut keys = format!("effect: {effect}");
        if rng.random_bool(0.15) {
            words.push("deaf".to_owned());
        }
        let company = Company::at_random(rng);
        if let Some((word, lock)) = company.words() {
            words.push(word.to_owned());
            write!(keys, ", locks: [{lock}]").unwrap();
        }
        words.extend(delay(rng));
        let trouble = trouble(rng, &mut keys);
        let late = rng.random_bool(0.5);
        words.extend(trouble.iter().filter(|_| !late).cloned());
        words.push("append".to_owned());
        words.extend(trouble.into_iter().filter(|_| late));
        words.extend(delay(rng));
        if effect != "once" && rng.random_bool(0.6) {
            keys.push_str(", retry: {attempts: 3, delay: 1ms}");
        }
        let probed = effect == "once" && rng.random_bool(0.4);
        if probed {
            keys.push_str(PROBE);
            if rng.random_bool(0.5) {
                keys.push_str(", retry: {attempts: 3, delay: 1ms}");
            }
        }
        if effect == "once" && rng.random_bool(0.1) {
            words.push("leave".to_owned());
        }
        if rng.random_bool(0.3) {
            keys.push_str(", on_failure: continue");
        }
        let needs = (0..index).filter(|_| rng.random_bool(0.7)).collect();
        let body = format!("{keys}, run: [sh, effect.sh, {}]", words.join(", "));
        Self { name, once: effect == "once", company, body, needs }
    }
}

fn delay(rng: &mut ChaCha8Rng) -> Option<String> {
    match rng.random_range(0..10) {
        0..2 => Some("gate".to_owned()),
        2..5 => Some("work".to_owned()),
        _ => None,
    }
}

fn trouble(rng: &mut ChaCha8Rng, keys: &mut String) -> Option<String> {
    match rng.random_range(0..10) {
        0..3 => Some(format!("fail={}", rng.random_range(1..3))),
        3 => {
            keys.push_str(", timeout: 100ms, grace: 50ms");
            Some("hang=1".to_owned())
        }
        _ => None,
    }
}
