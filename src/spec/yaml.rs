//! Text → a tree of values, numbered in document order. The only file that names `serde_yaml`.
//!
//! Does not know keys of the language nor where in the text a value stands: its number says that, and `locate` knows numbers.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{
    DeserializeSeed, EnumAccess, Error as _, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde_json::{Map, Number, Value};

use crate::diag::LineColumn;

/// A file that is larger is not read.
pub(crate) const BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Values in one file, aliases counted with all that they stand for.
const NODES_MAX: u32 = 2_000_000;
/// Characters that end or begin a value. A text with more is refused before it fills the memory with values.
const SEPARATORS_MAX: usize = 4_000_000;
/// Brackets that are open at the same time; the scanner's work grows with them at every character.
const BRACKETS_MAX: usize = 1_000;

/// A value with its number.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Number in document order; keys and values are counted alike.
    pub number: u32,
    /// What it is.
    pub kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// `null`, `~` or nothing at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in file order, without repeated keys.
    Map(Vec<(Key, Node)>),
}

/// A key of a map.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    /// Number in document order.
    pub number: u32,
    /// The text.
    pub text: String,
}

/// A document that could be read, with what is not allowed in it.
#[derive(Debug)]
pub(crate) struct Document {
    /// The outermost value.
    pub root: Node,
    /// What is not allowed, in document order.
    pub faults: Vec<Fault>,
}

/// Something that YAML has and a runbook must not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Number of the value.
    pub number: u32,
    /// What it is.
    pub kind: FaultKind,
}

/// What a [`Fault`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// A key stands twice in a map.
    DuplicateKey {
        /// The key.
        key: String,
        /// Number of the first one.
        first: u32,
    },
    /// `<<`.
    MergeKey,
    /// A key that is a number, a list or something else that is no text.
    KeyNotText,
    /// `{{ x }}` without quotes, which YAML takes for a map in a map.
    BareTemplate {
        /// Number of the outer map.
        map: u32,
        /// What stands between the braces.
        inside: String,
    },
    /// `!name`.
    Tag(String),
    /// `.inf` or `.nan`.
    NotFinite,
}

/// Why a text is no document at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// Not YAML.
    Syntax {
        /// One line, lowercase, no full stop.
        message: String,
        /// Where the parser gave up.
        place: Option<LineColumn>,
        /// Where that begins which it could not finish.
        begun: Option<LineColumn>,
    },
    /// More than one document.
    SeveralDocuments,
    /// Over a budget.
    TooMuch {
        /// One line, lowercase, no full stop.
        message: String,
        /// Where the budget was used up, if that is known.
        place: Option<LineColumn>,
    },
}

impl Node {
    /// The value as JSON.
    pub(crate) fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Number(number) => Value::Number(number.clone()),
            Kind::Text(text) => Value::String(text.clone()),
            Kind::List(items) => items.iter().map(Node::to_json).collect(),
            Kind::Map(entries) => Value::Object(
                entries
                    .iter()
                    .map(|(key, value)| (key.text.clone(), value.to_json()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }

    /// What it is, in words.
    pub(crate) fn in_words(&self) -> String {
        match &self.kind {
            Kind::Null => "nothing".to_owned(),
            other => match other {
                Kind::List(_) => "a list".to_owned(),
                Kind::Map(_) => "a map".to_owned(),
                _ => super::schema::describe(&self.to_json()),
            },
        }
    }
}

/// Reads a document.
pub(crate) fn parse(text: &str) -> Result<Document, Unreadable> {
    check_bounds(text)?;
    let builder = Builder::default();
    let read = serde_yaml::Deserializer::from_str(text).deserialize_any(NodeVisitor {
        builder: &builder,
        number: builder.next_number().unwrap_or(0),
    });
    match read {
        Ok(root) => {
            let mut faults = builder.faults.into_inner();
            faults.sort_by_key(|fault| fault.number);
            Ok(Document { root, faults })
        }
        Err(_) if builder.over_budget.get() => Err(too_much(format!(
            "the file holds more than {NODES_MAX} values, aliases counted in full"
        ))),
        Err(error) => Err(unreadable(&error)),
    }
}

/// YAML as JSON, for values that stand outside a runbook.
pub(crate) fn to_json(text: &str) -> Result<Value, String> {
    let document = parse(text).map_err(|error| match error {
        Unreadable::Syntax { message, place: Some(LineColumn { line, column }), .. } => {
            format!("line {line}, column {column}: {message}")
        }
        Unreadable::Syntax { message, .. } | Unreadable::TooMuch { message, .. } => message,
        Unreadable::SeveralDocuments => "there is more than one document".to_owned(),
    })?;
    match document.faults.first() {
        Some(fault) => Err(fault.kind.message()),
        None => Ok(document.root.to_json()),
    }
}

impl FaultKind {
    /// One line, lowercase, no full stop.
    pub(crate) fn message(&self) -> String {
        match self {
            FaultKind::DuplicateKey { key, .. } => format!("`{key}` stands twice in the same map"),
            FaultKind::MergeKey => "the merge key `<<` is not available in a runbook".to_owned(),
            FaultKind::KeyNotText => "a key must be a text".to_owned(),
            FaultKind::BareTemplate { .. } => {
                "this template has no quotes, so YAML takes it for a map".to_owned()
            }
            FaultKind::Tag(tag) => format!("the tag `!{tag}` is not available in a runbook"),
            FaultKind::NotFinite => "a number must be finite".to_owned(),
        }
    }
}

/// Refuses what would cost far more memory or time than its size lets expect. Texts in quotes count as if they were YAML.
fn check_bounds(text: &str) -> Result<(), Unreadable> {
    if text.len() as u64 > BYTES_MAX {
        return Err(too_much(format!("the file has more than {} MiB", BYTES_MAX / 1024 / 1024)));
    }
    let (mut separators, mut open) = (0usize, 0usize);
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => {
                open += 1;
                separators += 1;
            }
            b']' | b'}' => open = open.saturating_sub(1),
            b',' | b':' | b'\n' | b'-' | b'?' => separators += 1,
            _ => continue,
        }
        if open > BRACKETS_MAX {
            return Err(too_much(format!(
                "more than {BRACKETS_MAX} brackets are open at the same time"
            )));
        }
    }
    if separators > SEPARATORS_MAX {
        return Err(too_much(format!(
            "the file holds more than {SEPARATORS_MAX} lines and separators"
        )));
    }
    Ok(())
}

fn too_much(message: String) -> Unreadable {
    Unreadable::TooMuch { message, place: None }
}

fn unreadable(error: &serde_yaml::Error) -> Unreadable {
    let text = error.to_string();
    let place = error
        .location()
        .map(|location| LineColumn { line: location.line(), column: location.column() });
    if text.starts_with("deserializing from YAML containing more than one document") {
        return Unreadable::SeveralDocuments;
    }
    if text.starts_with("recursion limit exceeded") {
        return Unreadable::TooMuch { message: "values are nested too deeply".to_owned(), place };
    }
    if text.starts_with("repetition limit exceeded") {
        return too_much("aliases stand for too many values".to_owned());
    }
    let (message, places) = without_places(&text);
    let begun = places.get(1).copied().filter(|begun| Some(*begun) < place);
    Unreadable::Syntax { message, place, begun }
}

/// libyaml's message without the places in it, and the places; ours are shown with the line itself.
fn without_places(text: &str) -> (String, Vec<LineColumn>) {
    let (mut message, mut places) = (Vec::new(), Vec::new());
    let mut words = text.split(' ');
    while let Some(word) = words.next() {
        let mut ahead = words.clone();
        let read = |ahead: &mut std::str::Split<'_, char>| {
            let [at, line, column, number] =
                [ahead.next()?, ahead.next()?, ahead.next()?, ahead.next()?];
            let numbers = (line.parse().ok()?, number.trim_end_matches(',').parse().ok()?);
            (at == "line" && column == "column").then_some((numbers, number.ends_with(',')))
        };
        match read(&mut ahead).filter(|_| word == "at") {
            Some(((line, column), goes_on)) => {
                places.push(LineColumn { line, column });
                words = ahead;
                if goes_on && let Some(last) = message.last_mut() {
                    *last = format!("{last},");
                }
            }
            None => message.push(word.to_owned()),
        }
    }
    (message.join(" "), places)
}

/// What the visitors share.
#[derive(Default)]
struct Builder {
    numbers: Cell<u32>,
    over_budget: Cell<bool>,
    faults: RefCell<Vec<Fault>>,
}

impl Builder {
    fn next_number(&self) -> Option<u32> {
        let number = self.numbers.get();
        self.numbers.set(number + 1);
        if number >= NODES_MAX {
            self.over_budget.set(true);
            return None;
        }
        Some(number)
    }

    fn fault(&self, number: u32, kind: FaultKind) {
        self.faults.borrow_mut().push(Fault { number, kind });
    }
}

/// Takes the next number, then reads a value.
struct NodeSeed<'b>(&'b Builder);

impl<'de> DeserializeSeed<'de> for NodeSeed<'_> {
    type Value = Node;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        let number = self.0.next_number().ok_or_else(|| D::Error::custom("over budget"))?;
        NodeVisitor { builder: self.0, number }.deserialize(deserializer)
    }
}

/// Reads a value that has its number.
struct NodeVisitor<'b> {
    builder: &'b Builder,
    number: u32,
}

impl<'de> DeserializeSeed<'de> for NodeVisitor<'_> {
    type Value = Node;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl NodeVisitor<'_> {
    fn node<E>(&self, kind: Kind) -> Result<Node, E> {
        Ok(Node { number: self.number, kind })
    }
}

impl<'de> Visitor<'de> for NodeVisitor<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        self.node(Kind::Null)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        self.node(Kind::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        self.node(Kind::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        self.node(Kind::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        self.node(Kind::Number(value.into()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Node, E> {
        self.node(Kind::Text(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Node, E> {
        self.node(Kind::Text(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        match Number::from_f64(value) {
            Some(number) => self.node(Kind::Number(number)),
            None => {
                self.builder.fault(self.number, FaultKind::NotFinite);
                self.node(Kind::Null)
            }
        }
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        self.node(Kind::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Node, E> {
        self.node(Kind::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(NodeSeed(self.builder))? {
            // Most lists have one item, and there may be very many lists.
            if list.is_empty() {
                list.reserve_exact(1);
            }
            list.push(item);
        }
        self.node(Kind::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut map = Entries::new(self.builder);
        while let Some(key) = entries.next_key_seed(NodeSeed(self.builder))? {
            let value = entries.next_value_seed(NodeSeed(self.builder))?;
            map.add(key, value);
        }
        map.entries.shrink_to_fit();
        self.node(Kind::Map(map.entries))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Node, A::Error> {
        let (tag, value) = tagged.variant_seed(std::marker::PhantomData::<String>)?;
        self.builder.fault(self.number, FaultKind::Tag(tag));
        value.newtype_variant_seed(self)
    }
}

/// What stands in `{{ x }}` or `{{ f(x, y) }}`, if a map's key and value are what is left of that.
fn bare_template(key: &Kind, value: &Node) -> Option<String> {
    let is_nothing = |node: &Node| matches!(node.kind, Kind::Null);
    let Kind::Map(inside) = key else { return None };
    let is_template = is_nothing(value) && inside.iter().all(|(_, value)| is_nothing(value));
    let texts: Vec<&str> = inside.iter().map(|(key, _)| key.text.as_str()).collect();
    (is_template && !texts.is_empty()).then(|| texts.join(", "))
}

/// A map under construction.
struct Entries<'b> {
    builder: &'b Builder,
    entries: Vec<(Key, Node)>,
    /// Numbers of the keys, once there are so many that looking through them would take long.
    index: HashMap<String, u32>,
}

impl<'b> Entries<'b> {
    const FEW: usize = 16;

    fn new(builder: &'b Builder) -> Entries<'b> {
        Entries { builder, entries: Vec::new(), index: HashMap::new() }
    }

    fn add(&mut self, key: Node, value: Node) {
        let number = key.number;
        let Kind::Text(text) = key.kind else {
            let template = bare_template(&key.kind, &value).filter(|_| self.entries.is_empty());
            // The first key of a map is numbered directly behind it.
            let map = number.saturating_sub(1);
            let bare = template.map(|inside| FaultKind::BareTemplate { map, inside });
            let kind = bare.unwrap_or(FaultKind::KeyNotText);
            return self.builder.fault(number, kind);
        };
        if text == "<<" {
            return self.builder.fault(number, FaultKind::MergeKey);
        }
        if let Some(first) = self.first(&text) {
            return self.builder.fault(number, FaultKind::DuplicateKey { key: text, first });
        }
        self.entries.push((Key { number, text }, value));
        if self.entries.len() == Self::FEW {
            self.index =
                self.entries.iter().map(|(key, _)| (key.text.clone(), key.number)).collect();
        } else if self.entries.len() > Self::FEW {
            let (key, _) = &self.entries[self.entries.len() - 1];
            self.index.insert(key.text.clone(), key.number);
        }
    }

    fn first(&self, text: &str) -> Option<u32> {
        if self.entries.len() < Self::FEW {
            return self
                .entries
                .iter()
                .find(|(key, _)| key.text == text)
                .map(|(key, _)| key.number);
        }
        self.index.get(text).copied()
    }
}
