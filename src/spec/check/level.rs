//! The steps and settings that stand beside each other: who waits for whom, and what was asked about it.
//!
//! Does not know what is inside of a step.

use std::collections::HashMap;

use super::super::finding::{Finding, Findings, Where};
use super::super::model::{Located, Setting, Step};
use super::super::surround::RESTORED;
use super::{codes, cycle, upstream};

/// Steps and settings of one list. Positions are those of the steps, then of the settings, then of each setting's restoration.
pub(super) struct Level<'r> {
    pub(super) steps: &'r [Step],
    pub(super) settings: &'r [Setting],
    positions: HashMap<&'r str, u32>,
    /// What each position waits for.
    pub(super) waits: Vec<Vec<u32>>,
    questions: Vec<Question>,
    /// Some waits were wrong, so that what follows from them may be wrong too.
    pub(super) broken: bool,
}

/// Whether one step waits for another, which makes a reference right.
pub(super) struct Question {
    pub(super) from: u32,
    pub(super) to: u32,
    /// What reads, in words: it may stand deep inside of `from`.
    pub(super) reader: String,
    pub(super) at: Where,
}

impl<'r> Level<'r> {
    pub(super) fn new(steps: &'r [Step], settings: &'r [Setting]) -> Level<'r> {
        let positions =
            steps.iter().zip(0..).map(|(step, position)| (step.name.as_str(), position));
        Level {
            steps,
            settings,
            positions: positions.collect(),
            waits: Vec::with_capacity(steps.len()),
            questions: Vec::new(),
            broken: false,
        }
    }

    /// The step at a position that is one.
    pub(super) fn step(&self, position: u32) -> &'r Step {
        &self.steps[position as usize]
    }

    /// The position of a setting.
    pub(super) fn of_setting(&self, number: usize) -> u32 {
        u32::try_from(self.steps.len() + number).expect("a file has fewer values")
    }

    /// The position of a setting's restoration.
    pub(super) fn of_restored(&self, number: usize) -> u32 {
        u32::try_from(self.steps.len() + self.settings.len() + number)
            .expect("a file has fewer values")
    }

    /// The setting at a position, and whether it is its restoration; nothing for a step.
    pub(super) fn setting(&self, position: u32) -> Option<(&'r Setting, bool)> {
        let number = (position as usize).checked_sub(self.steps.len())?;
        match number.checked_sub(self.settings.len()) {
            None => Some((&self.settings[number], false)),
            Some(number) => Some((&self.settings[number], true)),
        }
    }

    /// The name of a step or setting.
    pub(super) fn name(&self, position: u32) -> &'r str {
        match self.setting(position) {
            Some((setting, _)) => &setting.name,
            None => &self.step(position).name,
        }
    }

    /// A step or setting in words: "step `move`".
    pub(super) fn in_words(&self, position: u32) -> String {
        match self.setting(position) {
            Some((setting, _)) => format!("setting `{}`", setting.name),
            None => format!("step `{}`", self.step(position).name),
        }
    }

    pub(super) fn position(&self, name: &str) -> Option<u32> {
        self.positions.get(name).copied()
    }

    /// The number of a setting beside these steps.
    pub(super) fn setting_number(&self, name: &str) -> Option<usize> {
        self.settings.iter().position(|setting| setting.name == name)
    }

    pub(super) fn names(&self) -> impl ExactSizeIterator<Item = &'r str> + use<'r> {
        self.steps.iter().map(|step| step.name.as_str())
    }

    /// Most references are to a step that is needed directly; only the others are kept.
    pub(super) fn ask(&mut self, question: Question) {
        if !self.waits[question.from as usize].contains(&question.to) {
            self.questions.push(question);
        }
    }

    /// Reports a cycle, else each question that is answered with no.
    pub(super) fn answer(self, findings: &mut Findings) {
        if let Some(cycle) = cycle::shortest(&self.waits) {
            return findings.push(self.cycle_finding(cycle));
        }
        if self.broken || self.questions.is_empty() {
            return;
        }
        let pairs: Vec<(u32, u32)> =
            self.questions.iter().map(|asked| (asked.from, asked.to)).collect();
        let answers = upstream::reach(&self.waits, &pairs);
        for (asked, _) in self.questions.iter().zip(answers).filter(|(_, reached)| !reached) {
            let (from, to) = (self.in_words(asked.from), &self.step(asked.to).name);
            let message = format!("{} reads `{to}`, but does not wait for it", asked.reader);
            let help = match from == asked.reader {
                true => format!("add it: `needs: [{to}]`"),
                false => {
                    format!("let group `{}` wait for it: `needs: [{to}]`", self.name(asked.from))
                }
            };
            findings
                .push(Finding::error(codes::NOT_UPSTREAM, asked.at.clone(), message).help(help));
        }
    }

    fn cycle_finding(&self, mut cycle: Vec<u32>) -> Finding {
        // A setting in it is what the author must look at.
        let restored = cycle
            .iter()
            .position(|&at| self.setting(at).is_some_and(|(_, restored)| restored))
            .or_else(|| cycle.iter().position(|&at| self.setting(at).is_some()));
        if let Some(first) = restored {
            cycle.rotate_left(first);
            return self.surround_finding(&cycle);
        }
        let (first, second) = (self.step(cycle[0]), self.step(cycle[1 % cycle.len()]));
        let message = format!("steps wait for each other in a circle: {}", self.round(&cycle));
        let waits = || first.needs.iter().chain(&first.after);
        let at = waits().find(|name| name.value == second.name).map_or(first.at, |name| name.at);
        Finding::error(codes::CYCLE, at, message)
            .help("each waits for the one behind the arrow; remove one of these `needs` or `after`")
    }

    /// A cycle that begins with a setting, or with the restoration of one.
    fn surround_finding(&self, cycle: &[u32]) -> Finding {
        let (setting, restored) =
            self.setting(cycle[0]).expect("the cycle was turned so that a setting is first");
        let name = &setting.name;
        let last = cycle[cycle.len() - 1];
        let inside = self.name(if restored { cycle[1] } else { last });
        let circle = self.round(cycle);
        let place = |names: &[Located<String>], wanted: &str| {
            names.iter().find(|one| one.value == wanted).map(|one| one.at)
        };
        let (message, at) = match restored {
            true if self.setting(cycle[1]).is_some() => {
                let needed = self.name(cycle[2 % cycle.len()]);
                let message = format!(
                    "setting `{name}` needs `{needed}`, which waits until it is restored: {circle}"
                );
                (message, place(&setting.needs, needed).unwrap_or(setting.at))
            }
            true => {
                let wanted = format!("{name}{RESTORED}");
                let at = match self.setting(last) {
                    None => place(&self.step(last).needs, &wanted).unwrap_or(setting.at),
                    Some(_) => setting.at,
                };
                let message = match cycle.len() {
                    2 => format!(
                        "setting `{name}` is in force around `{inside}`, which cannot wait until it is restored"
                    ),
                    _ => format!(
                        "setting `{name}` is in force around `{inside}`, which waits until it is restored: {circle}"
                    ),
                };
                (message, at)
            }
            false => {
                let message = format!(
                    "setting `{name}` is in force around `{inside}`, and waits for it: {circle}"
                );
                (message, place(&setting.needs, self.name(cycle[1])).unwrap_or(setting.at))
            }
        };
        let help = match setting.around.is_empty() {
            _ if restored && self.setting(cycle[1]).is_some() => {
                "it must be in force before it can be restored; remove one of these needs"
                    .to_owned()
            }
            true => "without `around` it is in force around everything beside it; say which steps"
                .to_owned(),
            false => format!("take `{inside}` out of its `around`"),
        };
        Finding::error(codes::SURROUNDS, at, message).help(help)
    }

    /// The whole circle, with its beginning again at the end.
    fn round(&self, cycle: &[u32]) -> String {
        let mut text = String::new();
        for &position in cycle {
            text.push_str(&format!("`{}` → ", self.label(position)));
        }
        text.push_str(&format!("`{}`", self.label(cycle[0])));
        text
    }

    fn label(&self, position: u32) -> String {
        match self.setting(position) {
            Some((setting, true)) => format!("{}{RESTORED}", setting.name),
            _ => self.name(position).to_owned(),
        }
    }
}
