//! A setting by itself: its name, and what its templates read.
//!
//! Does not know what it surrounds.

use super::super::model::{Change, Setting};
use super::references::{Site, View};
use super::walk::Reader;
use super::{Checker, Finding, codes};

impl<'r> Checker<'r, '_> {
    /// The settings of a level.
    pub(super) fn settings(&mut self, number: usize) {
        let settings = self.levels[number].settings;
        for (index, setting) in settings.iter().enumerate() {
            let position = self.levels[number].of_setting(index);
            self.around.push((number, position));
            self.setting(number, setting);
            self.around.pop();
        }
    }

    fn setting(&mut self, level: usize, setting: &'r Setting) {
        if let Some(position) = self.levels[level].position(&setting.name) {
            let other = self.levels[level].step(position).at;
            let message = format!("setting `{}` has the name of a step beside it", setting.name);
            self.push(
                Finding::error(codes::SHADOWED, setting.at, message)
                    .see("the step", other)
                    .help("give it another name, so that a task's id means one of them"),
            );
        }
        let outside = (self.items.len(), self.whens.len(), self.nameless_item);
        self.condition(setting.when.as_ref());
        if let Some(when) = &setting.when {
            self.whens.push(when.value.references());
        }
        let view = View::step(self.runbook);
        if let Some(for_each) = &setting.for_each {
            self.dynamic_items(for_each);
            self.enter_items(for_each);
            if let Some(key) = &for_each.key {
                self.read(key.value.references(), Site::at(key.at), &view);
            }
        }
        self.work(&setting.get, &view);
        self.dynamic(&setting.to.value, setting.to.at, &view);
        self.locks(&setting.locks, &view);
        let changing = View { value: true, ..view };
        match &setting.change {
            Change::Set(set) => self.work(set, &changing),
            Change::Pair { change, restore } => {
                self.work(change, &changing);
                self.work(restore, &changing);
            }
        }
        self.items.truncate(outside.0);
        self.whens.truncate(outside.1);
        self.nameless_item = outside.2;
    }
}
