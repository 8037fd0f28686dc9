//! What may happen at the same time: a file for each rule, and what a step is about.
//!
//! Does not know who runs the rules.

pub(super) mod fan_out;
pub(super) mod same_thing;
pub(super) mod without_lock;

use super::shape::Shape;
use crate::spec::model::Dynamic;
use crate::spec::template::Template;

/// What a step is about, written so that two steps with the same are about the same: its subject, with the list that an item comes
/// from in place of the item's name; or the whole command where nothing in it is a template. Nothing where that cannot be told.
pub(super) fn thing(shape: &Shape<'_>, number: usize) -> Option<String> {
    let deed = shape.nodes[number].deed.as_ref()?;
    let Some(subject) = deed.subject() else {
        return (!deed.words.is_empty()).then(|| deed.text());
    };
    let template = Template::parse(&subject.text).ok()?;
    let mut thing = subject.text.clone();
    for reference in template.references() {
        // What another step has found may be anything.
        if reference.root() == "steps" {
            return None;
        }
        if let Some((_, each)) = shape.item(number, reference.root()) {
            let items = match &each.items.value {
                Dynamic::Template(template) => template.source().to_owned(),
                list => format!("{list:?}"),
            };
            thing.push_str(&format!(" of {items}"));
        }
    }
    Some(thing)
}
