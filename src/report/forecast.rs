//! What a run would do, for people: every task once, but of a group with many items only the first few.
//!
//! Does not know how it was found out. Programs get all of it as JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use super::shell;
use crate::core::preview::{Forecast, Foreseen, ForeseenSetting, Preview};

/// A group with more items than this is folded.
const ITEMS_MAX: usize = 6;

/// How many settings are shown.
const SETTINGS_MAX: usize = 10;

/// How many items of a folded group are shown.
const ITEMS_SHOWN: usize = 2;

/// The tasks in the order in which they could be done, and what follows from them.
#[must_use]
pub fn text(preview: &Preview) -> String {
    let mut text = format!("{} ({})\n", preview.title, preview.runbook);
    let _ = writeln!(text, "digest {}\n", preview.digest);
    settings(&mut text, &preview.settings);
    let mut fold = Fold::new(&preview.tasks);
    for (number, foreseen) in preview.tasks.iter().enumerate() {
        match fold.hides(&foreseen.id) {
            None => task(&mut text, number + 1, foreseen),
            Some(Hidden { group, first: true }) => {
                let _ = writeln!(text, "   …  {}", fold.words(&group, &preview.tasks));
            }
            Some(Hidden { first: false, .. }) => {}
        }
    }
    let count = preview.tasks.len();
    let noun = if count == 1 { "task" } else { "tasks" };
    let _ = writeln!(text, "\n{count} {noun}: {}", counts(preview.tasks.iter()));
    if fold.has_hidden() {
        text.push_str("`--format json` lists them all\n");
    }
    let _ = writeln!(text, "longest way: {}", preview.critical_path.join(" → "));
    text
}

/// What is changed for a time, each with its value and what it is in force around.
fn settings(text: &mut String, settings: &[ForeseenSetting]) {
    if settings.is_empty() {
        return;
    }
    text.push_str("changed for a time:\n");
    for setting in settings.iter().take(SETTINGS_MAX) {
        let to = setting.to.as_ref().map_or_else(|| "(not known yet)".to_owned(), Value::to_string);
        let until = setting.unknown_until.as_ref();
        let what = match (setting.verdict, until) {
            (Forecast::WillRun, _) => format!("is made {to} around {}", setting.around.join(", ")),
            (Forecast::Skip, _) => "will be left alone".to_owned(),
            (Forecast::Stop, _) => "cannot be changed".to_owned(),
            (Forecast::Unknown, Some(until)) => format!("unknown until {until} has ended"),
            (Forecast::Unknown, None) => "unknown".to_owned(),
        };
        let held = if setting.hold { "; held after a failure" } else { "" };
        let why = setting.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let _ = writeln!(text, "      {} {what}{held}{why}", setting.id);
        if let Some(get) = &setting.get {
            let _ = writeln!(text, "      read by $ {}", typed(get));
        }
    }
    if settings.len() > SETTINGS_MAX {
        let _ = writeln!(
            text,
            "   …  {} more (`--format json` lists all)",
            settings.len() - SETTINGS_MAX
        );
    }
    text.push('\n');
}

fn task(text: &mut String, number: usize, task: &Foreseen) {
    let _ = writeln!(text, "{number:>4}. {}{}", task.id, told(task));
    if let Some(argv) = &task.argv {
        let _ = writeln!(text, "      $ {}", typed(argv));
    }
    for line in task.waits.iter().flat_map(|waits| waits.lines()) {
        let _ = writeln!(text, "      {line}");
    }
    for verification in &task.verifications {
        let _ = match verification {
            Some(argv) => writeln!(text, "      then verified by $ {}", typed(argv)),
            None => writeln!(text, "      then verified; details unknown until it has run"),
        };
    }
    if !task.needs.is_empty() {
        let _ = writeln!(text, "      needs {}", task.needs.join(", "));
    }
    if let Some(window) = &task.window {
        let _ = writeln!(text, "      begins in window {window}");
    }
    if !task.locks.is_empty() {
        let _ = writeln!(text, "      under lock {}", task.locks.join(", "));
    }
    if let Some(reason) = &task.reason {
        let _ = writeln!(text, "      {reason}");
    }
}

fn typed(argv: &[String]) -> String {
    shell::command(argv.iter().map(String::as_str))
}

/// What will become of a task, after its id.
fn told(task: &Foreseen) -> String {
    let effect = format!("{:?}", task.effect).to_lowercase();
    match (task.verdict, &task.unknown_until) {
        (Forecast::WillRun, None) => format!("  [{effect}]"),
        (Forecast::WillRun, Some(until)) => {
            format!("  [{effect}] details unknown until {until} has ended")
        }
        (Forecast::Skip, _) => "  will be skipped".to_owned(),
        (Forecast::Stop, _) => "  will fail before anything is started".to_owned(),
        (Forecast::Unknown, Some(until)) => format!("  unknown until {until} has ended"),
        (Forecast::Unknown, None) => "  unknown".to_owned(),
    }
}

fn counts<'a>(tasks: impl Iterator<Item = &'a Foreseen>) -> String {
    let verdicts: Vec<Forecast> = tasks.map(|task| task.verdict).collect();
    let parts = [
        (Forecast::WillRun, "will run"),
        (Forecast::Skip, "will be skipped"),
        (Forecast::Stop, "will fail"),
        (Forecast::Unknown, "not known yet"),
    ];
    let count = |of| verdicts.iter().filter(|verdict| **verdict == of).count();
    let parts = parts.into_iter().map(|(verdict, words)| (count(verdict), words));
    let parts: Vec<String> = parts
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{count} {words}"))
        .collect();
    parts.join(", ")
}

/// A task that is not shown.
struct Hidden {
    /// The outermost folded group that it is hidden in.
    group: String,
    /// It is the first one.
    first: bool,
}

/// Which items are hidden, by the ids of their groups: a key holds no brackets, so that an id says which items it is inside of.
struct Fold {
    /// The hidden items of each folded group.
    hidden: BTreeMap<String, BTreeSet<String>>,
    told: BTreeSet<String>,
}

impl Fold {
    fn new(tasks: &[Foreseen]) -> Self {
        let mut items: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for (group, item) in tasks.iter().flat_map(|task| around(&task.id)) {
            if seen.insert(item) {
                items.entry(group).or_default().push(item);
            }
        }
        let folded = items.into_iter().filter(|(_, items)| items.len() > ITEMS_MAX);
        let hidden = folded.map(|(group, items)| {
            let hidden = items[ITEMS_SHOWN..].iter().map(|item| (*item).to_owned());
            (group.to_owned(), hidden.collect())
        });
        Self { hidden: hidden.collect(), told: BTreeSet::new() }
    }

    fn has_hidden(&self) -> bool {
        !self.told.is_empty()
    }

    fn hides(&mut self, id: &str) -> Option<Hidden> {
        let (group, _) = around(id).find(|(group, item)| {
            self.hidden.get(*group).is_some_and(|hidden| hidden.contains(*item))
        })?;
        Some(Hidden { group: group.to_owned(), first: self.told.insert(group.to_owned()) })
    }

    /// What is hidden in a group, in words.
    fn words(&self, group: &str, tasks: &[Foreseen]) -> String {
        let hidden = self.hidden.get(group);
        let inside = tasks.iter().filter(|task| {
            around(&task.id).any(|(_, item)| hidden.is_some_and(|hidden| hidden.contains(item)))
        });
        let count = hidden.map_or(0, BTreeSet::len);
        format!("{count} more items of {group}: {}", counts(inside))
    }
}

/// The items that a task is inside of, outermost first, each with its group.
fn around(id: &str) -> impl Iterator<Item = (&str, &str)> {
    let opened = id.match_indices('[');
    opened.filter_map(move |(open, _)| {
        let close = open + id[open..].find(']')?;
        Some((&id[..open], &id[..=close]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::model::Effect;

    fn foreseen(id: String, verdict: Forecast) -> Foreseen {
        Foreseen {
            step: String::new(),
            item: None,
            title: String::new(),
            kind: None,
            effect: Effect::Once,
            argv: None,
            verifications: Vec::new(),
            waits: None,
            window: None,
            needs: Vec::new(),
            locks: Vec::new(),
            verdict,
            unknown_until: None,
            reason: None,
            id,
        }
    }

    fn preview(tasks: Vec<Foreseen>) -> Preview {
        Preview {
            runbook: "book".to_owned(),
            title: "Book".to_owned(),
            digest: "d".to_owned(),
            params: serde_json::Value::Null,
            settings: Vec::new(),
            critical_path: vec!["a".to_owned()],
            tasks,
        }
    }

    #[test]
    fn many_items_are_folded_and_counted() {
        let items = (0..10).flat_map(|item| {
            let verdict = if item == 7 { Forecast::Skip } else { Forecast::WillRun };
            ["copy", "move"].map(|step| foreseen(format!("boxes[{item}].{step}"), verdict))
        });
        let rest = [foreseen("end".to_owned(), Forecast::WillRun)];
        let text = text(&preview(items.chain(rest).collect()));
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        assert_eq!(
            lines[3..],
            [
                "1. boxes[0].copy  [once]",
                "2. boxes[0].move  [once]",
                "3. boxes[1].copy  [once]",
                "4. boxes[1].move  [once]",
                "…  8 more items of boxes: 14 will run, 2 will be skipped",
                "21. end  [once]",
                "",
                "21 tasks: 19 will run, 2 will be skipped",
                "`--format json` lists them all",
                "longest way: a",
            ]
        );
    }

    #[test]
    fn groups_inside_items_are_folded_each_for_itself() {
        let ids =
            (0..2).flat_map(|wave| (0..8).map(move |item| format!("waves[{wave}].boxes[{item}]")));
        let tasks: Vec<Foreseen> = ids.map(|id| foreseen(id, Forecast::WillRun)).collect();
        let text = text(&preview(tasks));
        for wave in 0..2 {
            let line = format!("6 more items of waves[{wave}].boxes: 6 will run");
            assert_eq!(text.matches(&line).count(), 1, "{text}");
        }
        assert!(
            text.contains("waves[1].boxes[1]") && !text.contains("waves[1].boxes[2]"),
            "{text}"
        );
    }

    #[test]
    fn few_items_and_unknown_ones_are_shown_as_they_are() {
        let ids = (0..6).map(|item| format!("boxes[{item}]")).chain(["rest[?].a".to_owned()]);
        let tasks: Vec<Foreseen> = ids.map(|id| foreseen(id, Forecast::WillRun)).collect();
        let text = text(&preview(tasks));
        assert!(!text.contains('…') && text.contains("rest[?].a"), "{text}");
    }
}
