//! Names under `needs`, `after` and `around`: whom they mean beside the one that waits.
//!
//! Does not know what follows from who waits for whom.

use super::super::finding::Finding;
use super::super::model::{Located, Setting, Step};
use super::super::surround::{RESTORED, surrounded};
use super::names::Naming;
use super::{Checker, codes};

impl<'r> Checker<'r, '_> {
    /// Resolves what the steps and settings of a level wait for.
    pub(super) fn link(&mut self, number: usize) {
        let (steps, settings) = (self.levels[number].steps, self.levels[number].settings);
        for (step, position) in steps.iter().zip(0..) {
            self.around.push((number, position));
            let waits = self.waits_of_step(number, step, position);
            self.twice(step);
            self.levels[number].waits.push(waits);
            self.around.pop();
        }
        if settings.is_empty() {
            return;
        }
        for (setting, index) in settings.iter().zip(0..) {
            let position = self.levels[number].of_setting(index);
            self.around.push((number, position));
            let waits = self.waits_of_setting(number, setting);
            self.levels[number].waits.push(waits);
            self.around.pop();
        }
        self.surround(number);
    }

    /// What is surrounded waits for the setting, and the setting is restored after it.
    fn surround(&mut self, number: usize) {
        let level = &mut self.levels[number];
        let (settings, broken) = (level.settings, level.broken);
        let mut idle = Vec::new();
        for (index, mut around) in surrounded(level.steps, settings).into_iter().enumerate() {
            let setting = level.of_setting(index);
            for &inside in &around {
                level.waits[inside as usize].push(setting);
            }
            if around.is_empty() {
                idle.push(&settings[index]);
            }
            around.push(setting);
            level.waits.push(around);
        }
        for setting in idle.into_iter().filter(|one| !broken && one.around.is_empty()) {
            let message = format!("setting `{}` is in force around nothing", setting.name);
            self.push(Finding::error(codes::SURROUNDS_NOTHING, setting.at, message).help(
                "all steps beside it come before what it needs, or wait until it is restored",
            ));
        }
    }

    fn waits_of_step(&mut self, number: usize, step: &'r Step, position: u32) -> Vec<u32> {
        let mut waits = Vec::with_capacity(step.needs.len() + step.after.len());
        for (name, naming) in step
            .needs
            .iter()
            .map(|name| (name, Naming::Needs))
            .chain(step.after.iter().map(|name| (name, Naming::After)))
        {
            match self.levels[number].position(&name.value) {
                Some(other) if other == position => self.self_need(number, step, name),
                Some(other) => waits.push(other),
                None if self.names_setting(number, &name.value) => {
                    waits.extend(self.restored(number, step, name, naming));
                }
                None => self.unknown_need(number, name, naming),
            }
        }
        waits
    }

    /// Whether a name is meant for a setting, right or wrong.
    fn names_setting(&self, number: usize, name: &str) -> bool {
        name.contains(':') || self.levels[number].setting_number(name).is_some()
    }

    /// `NAME:restored`; anything else about a setting is reported.
    fn restored(
        &mut self,
        number: usize,
        step: &Step,
        name: &Located<String>,
        naming: Naming,
    ) -> Option<u32> {
        let level = &self.levels[number];
        let (setting, part) = name.value.split_once(':').unwrap_or((&name.value, ""));
        let found = level.setting_number(setting);
        if let Some(found) = found.filter(|_| format!(":{part}") == RESTORED) {
            if naming == Naming::Needs {
                return Some(level.of_restored(found));
            }
            let message =
                format!("step `{}` comes `after` a setting, which can only be needed", step.name);
            let help = format!("write `needs: [\"{}\"]`", name.value);
            self.wrong_setting(number, name, message, help);
            return None;
        }
        let (message, help) = match found {
            Some(_) if part.is_empty() => (
                format!("step `{}` needs `{setting}`, which is a setting", step.name),
                format!("to wait until it is restored: `needs: [\"{setting}{RESTORED}\"]`"),
            ),
            Some(_) if part == "set" => (
                format!("step `{}` needs `{}`, which cannot be waited for", step.name, name.value),
                format!(
                    "name the step under `around` of `{setting}`, and it starts when that is in force"
                ),
            ),
            Some(_) => (
                format!("step `{}` needs `{}`, which there is not", step.name, name.value),
                format!("what can be needed of a setting is `{setting}{RESTORED}`"),
            ),
            None => {
                let message = format!(
                    "step `{}` needs `{}`, but there is no setting `{setting}` beside it",
                    step.name, name.value
                );
                (message, self.which_setting(number, setting))
            }
        };
        self.wrong_setting(number, name, message, help);
        None
    }

    /// What to do about the name of a setting that is not beside a step.
    fn which_setting(&mut self, number: usize, setting: &str) -> String {
        let names: Vec<&str> =
            self.levels[number].settings.iter().map(|setting| setting.name.as_str()).collect();
        if let Some(near) = self.findings.near(setting, names.iter().copied()) {
            return near;
        }
        let outside = self.around.iter().rev().skip(1);
        for &(level, position) in outside {
            if self.levels[level].setting_number(setting).is_some() {
                return format!("let group `{}` need it", self.levels[level].name(position));
            }
        }
        match names.as_slice() {
            [] => "there are no settings beside it; they stand under `settings`, beside `steps`"
                .to_owned(),
            _ => format!("the settings beside it are `{}`", names.join("`, `")),
        }
    }

    fn wrong_setting(
        &mut self,
        level: usize,
        name: &Located<String>,
        message: String,
        help: String,
    ) {
        self.levels[level].broken = true;
        self.push(Finding::error(codes::SETTING_NEED, name.at, message).help(help));
    }

    /// What a setting needs. Names under `around` are looked at, and resolved with those of the others.
    fn waits_of_setting(&mut self, number: usize, setting: &'r Setting) -> Vec<u32> {
        for name in &setting.around {
            if self.levels[number].position(&name.value).is_none() {
                self.unknown_need(number, name, Naming::Around);
            }
        }
        let mut waits = Vec::with_capacity(setting.needs.len());
        for name in &setting.needs {
            match self.levels[number].position(&name.value) {
                Some(other) => waits.push(other),
                None if self.names_setting(number, &name.value) => {
                    let message = format!(
                        "setting `{}` needs `{}`, but a setting waits for steps only",
                        setting.name, name.value
                    );
                    let help = "name the steps that must have succeeded before it is set";
                    self.wrong_setting(number, name, message, help.to_owned());
                }
                None => self.unknown_need(number, name, Naming::Needs),
            }
        }
        waits
    }

    fn self_need(&mut self, level: usize, step: &Step, name: &Located<String>) {
        self.levels[level].broken = true;
        let message = format!("step `{}` waits for itself", step.name);
        self.push(Finding::error(codes::SELF_NEED, name.at, message).help("remove it"));
    }

    fn twice(&mut self, step: &Step) {
        if step.after.is_empty() || step.needs.is_empty() {
            return;
        }
        let needed: std::collections::HashSet<&str> =
            step.needs.iter().map(|name| name.value.as_str()).collect();
        for name in step.after.iter().filter(|name| needed.contains(name.value.as_str())) {
            let message =
                format!("step `{}` has `{}` under both `needs` and `after`", step.name, name.value);
            self.push(
                Finding::error(codes::LISTED_TWICE, name.at, message)
                    .help("`needs` if it must have succeeded, `after` if it must only have ended"),
            );
        }
    }

    fn unknown_need(&mut self, level: usize, name: &'r Located<String>, naming: Naming) {
        self.levels[level].broken = true;
        if let Some(finding) = self.elsewhere(name, naming) {
            return self.push(finding);
        }
        let message =
            format!("{} {} `{}`, which is not a step", self.in_words(), naming.verb(), name.value);
        let near = self.findings.near(&name.value, self.levels[level].names());
        let near = near.and_then(|near| {
            Some(format!(
                "a step named {} exists",
                near.strip_prefix("did you mean ")?.strip_suffix('?')?
            ))
        });
        self.push(Finding::error(codes::UNKNOWN_STEP, name.at, message).maybe_help(near));
    }
}
