//! The keys of the language: where each may stand, what its value looks like, and what it is for.
//!
//! One table for each kind of map. The decoder takes its known keys from here, and the JSON Schemas for editors are made of nothing
//! else, so the two cannot differ in a key. Does not know how a value is decoded, nor whether names fit together.

mod declaration;
mod driver;
mod policy;
mod probe;
mod runbook;
pub mod schema;
mod setting;
mod shape;
mod step;
mod waiting;
mod work;

pub(crate) use declaration::PARAMETER;
pub(crate) use driver::{ACTION as DRIVER_ACTION, DRIVER};
pub(crate) use policy::{POLICY, RULE as POLICY_RULE};
pub(crate) use probe::{CONFIRM, PLAIN_STATE, PROBE, REPAIR, STATE, STATE_WAIT};
pub(crate) use runbook::{DEFAULTS, RUNBOOK};
pub(crate) use setting::{SETTING, SETTING_FOR_EACH, SETTING_GET, SETTING_SET};
pub(crate) use shape::Shape;
pub(crate) use step::{ASSERTION, FOR_EACH, LOCK, STEP};
pub(crate) use waiting::{APPROVE, MANUAL, UNTIL, WAIT, WINDOW, WINDOW_USE};
pub(crate) use work::{CHECK, OUTPUT, REPEAT, RETRY};

/// One key of a map.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) required: bool,
    /// What it is for, in one or two sentences; Markdown.
    description: &'static str,
    /// What holds without it, as JSON.
    default: Option<&'static str>,
    /// What may be written, as JSON.
    examples: &'static [&'static str],
}

impl Key {
    const fn new(name: &'static str, shape: Shape, description: &'static str) -> Self {
        Self { name, shape, required: false, description, default: None, examples: &[] }
    }

    const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    const fn default(self, json: &'static str) -> Self {
        Self { default: Some(json), ..self }
    }

    const fn examples(self, json: &'static [&'static str]) -> Self {
        Self { examples: json, ..self }
    }
}

/// The keys of one kind of map.
#[derive(Debug)]
pub(crate) struct Table {
    /// Under which a schema refers to it.
    name: &'static str,
    description: &'static str,
    /// In the order in which people are told of them.
    keys: &'static [&'static [Key]],
    /// Names that the author chooses, and what stands under them.
    named: Option<Shape>,
    /// Exactly one of these is there.
    one_of: &'static [&'static str],
    /// The first is there only together with the second.
    with: &'static [(&'static str, &'static str)],
    /// Where the first is there, none of the others is.
    without: &'static [(&'static str, &'static [&'static str])],
}

impl Table {
    /// A table without keys, to be filled.
    const EMPTY: Self = Self {
        name: "",
        description: "",
        keys: &[],
        named: None,
        one_of: &[],
        with: &[],
        without: &[],
    };

    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> + Clone {
        self.keys.iter().copied().flatten()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> + Clone + '_ {
        self.keys().map(|key| key.name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// Keys of which exactly one is there.
    pub(crate) fn one_of(&self) -> &'static [&'static str] {
        self.one_of
    }

    /// What may not be there together with that key.
    pub(crate) fn excluded_by(&self, key: &str) -> &'static [&'static str] {
        self.without.iter().find(|(first, _)| *first == key).map_or(&[], |(_, others)| others)
    }
}
