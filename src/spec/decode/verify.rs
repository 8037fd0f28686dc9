//! `verify`: actions that look whether an action has had its effect.
//!
//! Does not know when they are done.

use super::super::keys;
use super::super::model::{Located, Work};
use super::super::yaml::{Kind, Node};
use super::Decoder;
use super::action::{Owner, Part};
use super::fields::Entry;

impl Decoder<'_> {
    pub(super) fn verify(&mut self, entry: Entry, owner: Owner) -> Vec<Located<Work>> {
        let Kind::List(items) = entry.value.kind else {
            self.wrong_type("`verify`", &entry.value, "a list of actions");
            return Vec::new();
        };
        let owner = owner.of(Part::Check);
        items.into_iter().filter_map(|item| self.check(item, owner)).collect()
    }

    fn check(&mut self, item: Node, owner: Owner) -> Option<Located<Work>> {
        let number = item.number;
        let mut fields = self.fields_of("an action of `verify`", number, item, &keys::CHECK)?;
        let work = self.work(&mut fields, owner);
        self.finish(fields, &keys::CHECK);
        let work = self.looking(work?, owner.part);
        Some(self.located(work, number))
    }
}
