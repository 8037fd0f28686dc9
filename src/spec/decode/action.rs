//! One action with how it is tried, judged and checked; and what may surround it where.
//!
//! Does not know steps; what may stand where is told apart by the [`Owner`].

use indexmap::IndexMap;

use super::super::codes;
use super::super::keys;
use super::super::model::{Action, Assertion, Output, Work};
use super::super::yaml::Kind;
use super::Decoder;
use super::fields::{Entry, Fields};
use super::wait::Waiting;

/// Who has the action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) part: Part,
    /// A driver, which does not use other drivers.
    pub(super) in_driver: bool,
}

/// What an action is to its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// What a step or a driver's action does.
    Action,
    /// One of `verify`.
    Check,
    /// What a probe asks.
    Probe,
    /// One of a state's `repair`.
    Repair,
    /// `get` of a setting.
    Get,
    /// `set`, `change` or `restore` of a setting.
    Set,
    /// `until` of `wait`.
    Until,
}

/// What stands where an action is wanted.
enum Said {
    /// An action, which the keys around it are about.
    Action(Action),
    /// What a person does, with what is told of it.
    Manual(Action, IndexMap<String, Output>),
    /// The `until` of a `wait`, with all that is about it.
    Until(Box<Work>),
}

impl Owner {
    pub(super) const STEP: Owner = Owner { part: Part::Action, in_driver: false };
    pub(super) const DRIVER: Owner = Owner { part: Part::Action, in_driver: true };

    /// Another part in the same place.
    pub(super) fn of(self, part: Part) -> Owner {
        Owner { part, ..self }
    }

    fn actions(self) -> &'static [&'static str] {
        match (self.in_driver, self.part) {
            (true, Part::Action | Part::Repair) => &["run", "shell", "manual"],
            (true, _) => &["run", "shell"],
            (false, Part::Action) => {
                &["run", "shell", "uses", "assert", "manual", "approve", "wait", "steps"]
            }
            (false, Part::Repair) => &["run", "shell", "uses", "manual"],
            (false, _) => &["run", "shell", "uses"],
        }
    }

    /// Where it stands, for a sentence.
    fn in_words(self) -> &'static str {
        match self.part {
            _ if self.in_driver => "a driver",
            Part::Action => "a step",
            Part::Check => "`verify`",
            Part::Probe => "a probe",
            Part::Repair => "`repair`",
            Part::Get | Part::Set => "a setting",
            Part::Until => "`until`",
        }
    }
}

/// What an action may be.
const ACTIONS: [&str; 7] = ["run", "shell", "uses", "assert", "manual", "approve", "wait"];

impl Decoder<'_> {
    /// The action among the fields of a step, a driver's action or a check; nothing if there is none or more than one.
    pub(super) fn work(&mut self, fields: &mut Fields, owner: Owner) -> Option<Work> {
        let action = self.action(fields, owner);
        for (key, of) in [("interpreter", "shell"), ("with", "uses")] {
            if fields.has(key) {
                let message = format!("{} has `{key}`, but no `{of}`", fields.what);
                self.misplaced(fields, key, &message, &format!("`{key}` belongs to `{of}`"));
            }
        }
        self.excluded(fields, action.as_ref());
        // A step's env, dir, locks and times stand in the step, which takes them before.
        let env = fields.take("env");
        let env = self.env(env);
        let mut work = Work {
            env,
            dir: fields.take("dir").and_then(|entry| self.template_entry(&entry)),
            stdin: fields.take("stdin").and_then(|entry| self.template_entry(&entry)),
            timeout: fields.take("timeout").and_then(|entry| self.duration(&entry, false)),
            grace: fields.take("grace").and_then(|entry| self.duration(&entry, true)),
            effect: fields.take("effect").and_then(|entry| self.effect(&entry, owner)),
            success: fields
                .take("success")
                .and_then(|entry| self.expression("`success`", &entry.value)),
            ..Work::nothing()
        };
        // What a part does not have is left for its owner to report as unknown.
        if owner.part != Part::Probe {
            work.retry = fields.take("retry").and_then(|entry| self.retry(entry));
        }
        if matches!(owner.part, Part::Action | Part::Probe | Part::Get)
            && let Some(entry) = fields.take("outputs")
        {
            work.outputs = self.outputs(entry);
        }
        if owner.part == Part::Action {
            work.verify =
                fields.take("verify").map(|entry| self.verify(entry, owner)).unwrap_or_default();
            work.probe = fields.take("probe").map(|entry| self.probe(entry, owner));
            work.repeat = fields.take("repeat").and_then(|entry| self.repeat(entry));
            let locks = fields.take("locks");
            work.locks = self.locks(locks);
        }
        match action? {
            Said::Action(action) => Some(Work { action, ..work }),
            Said::Manual(action, outputs) => Some(Work { action, outputs, ..work }),
            Said::Until(inside) => {
                let Work { verify, outputs, locks, .. } = work;
                Some(Work { verify, outputs, locks, ..*inside })
            }
        }
    }

    /// Reports what does not belong to such an action.
    fn excluded(&mut self, fields: &mut Fields, action: Option<&Said>) {
        let what = fields.what.clone();
        let (is, of) = match action {
            Some(Said::Action(Action::Assert(_))) => ("asserts and starts nothing", "assert"),
            Some(Said::Action(Action::Pause(_))) => ("waits and starts nothing", "approve"),
            Some(Said::Action(Action::Approve(_))) => ("asks people and starts nothing", "approve"),
            Some(Said::Manual(..)) => ("is done by a person", "manual"),
            Some(Said::Until(_)) => ("waits", "wait"),
            _ => return,
        };
        for key in keys::STEP.excluded_by(of) {
            let (message, help) = match (of, *key) {
                ("wait", key) => {
                    (format!("{what} {is}, and has no `{key}` of its own"), of_until(key))
                }
                ("manual", "outputs") => (
                    format!("{what} {is}, so it has no `outputs`"),
                    "what is told under `fields` is its outputs",
                ),
                (_, key) => (format!("{what} {is}, so it has no `{key}`"), "leave it out"),
            };
            self.misplaced(fields, key, &message, help);
        }
    }

    /// Reports all actions but one.
    pub(super) fn several_actions(&mut self, fields: &mut Fields, first: &str, owner: Owner) {
        for key in ACTIONS {
            if key != first
                && let Some(entry) = fields.take(key)
            {
                let message = format!("{} has both `{first}` and `{key}`", fields.what);
                let help = match owner {
                    Owner::STEP => "a step does one thing; make two steps of it",
                    _ => "keep one of them",
                };
                self.errors(codes::ACTIONS, entry.key.number, message, help.to_owned());
            }
        }
    }

    fn action(&mut self, fields: &mut Fields, owner: Owner) -> Option<Said> {
        let allowed = owner.actions();
        let mut refused = false;
        for key in ACTIONS.iter().filter(|key| !allowed.contains(key)) {
            if fields.has(key) {
                refused = true;
                let message = format!("`{key}` is not available in {}", owner.in_words());
                self.misplaced(fields, key, &message, "write `run` or `shell`");
            }
        }
        let Some(first) = ACTIONS.into_iter().find(|key| fields.has(key)) else {
            if !refused {
                let quoted: Vec<String> = allowed.iter().map(|key| format!("`{key}`")).collect();
                let message = format!("{} does nothing", fields.what);
                self.errors(
                    codes::ACTIONS,
                    fields.at,
                    message,
                    format!("give it one of {}", quoted.join(", ")),
                );
            }
            return None;
        };
        let entry = fields.take(first)?;
        self.several_actions(fields, first, owner);
        let action = match first {
            "run" => self.run(&entry),
            "shell" => {
                let interpreter = fields.take("interpreter");
                self.shell(&entry, interpreter)
            }
            "uses" => {
                let with = fields.take("with");
                self.uses(entry, with)
            }
            "assert" => self.assertions(entry),
            "approve" => self.approve(entry),
            "manual" => {
                let (action, outputs) = self.manual(entry)?;
                return Some(Said::Manual(action, outputs));
            }
            _ => return self.waits(entry, owner),
        };
        action.map(Said::Action)
    }

    /// `wait`: for a time, or until something holds.
    fn waits(&mut self, entry: Entry, owner: Owner) -> Option<Said> {
        match self.waiting(entry, owner)? {
            Waiting::For(time) => Some(Said::Action(Action::Pause(time))),
            Waiting::Until(work) => Some(Said::Until(work)),
        }
    }

    fn run(&mut self, entry: &Entry) -> Option<Action> {
        let Kind::List(items) = &entry.value.kind else {
            let message =
                format!("`run` must be a list, one argument each, not {}", entry.value.in_words());
            let help = match &entry.value.kind {
                Kind::Text(text) => match shlex::split(text).filter(|_| !text.contains("{{")) {
                    Some(words) => format!(
                        "write `run: [{}]`, or `shell` if a shell must read it",
                        words.join(", ")
                    ),
                    None => "write `shell` if a shell must read it".to_owned(),
                },
                _ => "write `run: [COMMAND, ARGUMENT, ...]`".to_owned(),
            };
            self.errors(codes::WRONG_TYPE, entry.value.number, message, help);
            return None;
        };
        if items.is_empty() {
            self.error(codes::WRONG_TYPE, entry.value.number, "`run` names no command");
            return None;
        }
        let before = self.findings.errors();
        let argv = items.iter().filter_map(|item| self.template("an argument", item)).collect();
        (self.findings.errors() == before).then_some(Action::Run(argv))
    }

    fn shell(&mut self, entry: &Entry, interpreter: Option<Entry>) -> Option<Action> {
        let interpreter = match interpreter {
            None => vec!["sh".to_owned(), "-eu".to_owned()],
            Some(entry) => self.interpreter(&entry)?,
        };
        let script = self.template_entry(entry)?;
        let (places, at) = (script.value.not_ending_in_filter("sh"), script.at);
        for range in places {
            let inside = script.value.source()[range.clone()].trim().to_owned();
            let finding = super::Finding::error(
                codes::UNQUOTED,
                super::Where::Within(at, range),
                format!("`{{{{ {inside} }}}}` would be pasted into the script as it is"),
            );
            self.findings.push(finding.help(format!(
                "let it in through `env`, or quote it for the shell: `{{{{ {inside} | sh }}}}`"
            )));
        }
        Some(Action::Shell { script, interpreter })
    }

    fn interpreter(&mut self, entry: &Entry) -> Option<Vec<String>> {
        let words = match &entry.value.kind {
            Kind::List(items) => items
                .iter()
                .map(|item| match &item.kind {
                    Kind::Text(word) => Some(word.clone()),
                    _ => None,
                })
                .collect::<Option<Vec<String>>>(),
            _ => None,
        };
        let words = words.filter(|words| !words.is_empty());
        if words.is_none() {
            self.wrong_type(
                "`interpreter`",
                &entry.value,
                "a list of texts, as in `[bash, -euo, pipefail]`",
            );
        }
        words
    }

    fn uses(&mut self, entry: Entry, with: Option<Entry>) -> Option<Action> {
        let number = entry.value.number;
        let name = self.text(entry)?;
        let target = self.find_action(&name, number);
        let mut inputs = IndexMap::new();
        if let Some(Entry { key, value }) = with
            && let Some(fields) = self.fields("`with`", key.number, value)
        {
            for (key, value) in fields.into_entries() {
                if let Some(dynamic) = self.dynamic(&value) {
                    inputs.insert(key.text, dynamic);
                } else {
                    // A value that is broken is no value that is missing.
                    let null = super::super::model::Dynamic::List(Vec::new());
                    inputs.insert(key.text, self.located(null, value.number));
                }
            }
        }
        Some(Action::Uses { name: self.located(name, number), target, with: inputs })
    }

    fn assertions(&mut self, entry: Entry) -> Option<Action> {
        let Kind::List(items) = entry.value.kind else {
            self.wrong_type("`assert`", &entry.value, "a list of `{that, message}`");
            return None;
        };
        let mut assertions = Vec::with_capacity(items.len());
        for item in items {
            let number = item.number;
            let Some(mut fields) =
                self.fields_of("an item of `assert`", number, item, &keys::ASSERTION)
            else {
                continue;
            };
            let that = self.required(&mut fields, "that");
            let that = that.and_then(|entry| self.expression("`that`", &entry.value));
            let message = fields.take("message").and_then(|entry| self.template_entry(&entry));
            self.finish(fields, &keys::ASSERTION);
            assertions.extend(that.map(|that| Assertion { that, message }));
        }
        Some(Action::Assert(assertions))
    }
}

/// Where a key belongs that is about the action under `until`.
fn of_until(key: &str) -> &'static str {
    match key {
        "success" => "what is waited for is `met`, under `wait`",
        "probe" | "repeat" => "it is asked until `met` holds; leave it out",
        "effect" => "what is asked is `read`; leave it out",
        _ => "write it under `until`",
    }
}
