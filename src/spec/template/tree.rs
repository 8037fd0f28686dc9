//! The tree of a template: what is evaluated, with its place in the source.
//!
//! Does not know how it was parsed nor how it is evaluated.

use std::ops::Range;
use std::sync::Arc;

use minijinja::Value;

/// A piece of a template.
#[derive(Debug)]
pub(super) enum Part {
    /// Text as it is.
    Text(String),
    /// `{{ }}`.
    Emit(Node),
    /// `{% if %}`.
    If { test: Node, then: Vec<Part>, otherwise: Vec<Part> },
    /// `{% for %}`.
    For(Box<For>),
    /// `{% set %}`.
    Set { name: Arc<str>, value: Node },
}

/// `{% for %}`.
#[derive(Debug)]
pub(super) struct For {
    /// One name, or several that an item is taken apart into.
    pub(super) names: Vec<Arc<str>>,
    pub(super) items: Node,
    pub(super) condition: Option<Node>,
    pub(super) body: Vec<Part>,
    pub(super) otherwise: Vec<Part>,
    pub(super) range: Range<usize>,
}

/// An expression with its place.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// What an expression is.
#[derive(Debug)]
pub(super) enum Kind {
    Constant(Value),
    Name(Arc<str>),
    Attribute(Box<Node>, Arc<str>),
    Item(Box<[Node; 2]>),
    Slice(Box<Slice>),
    Not(Box<Node>),
    Negate(Box<Node>),
    And(Box<[Node; 2]>),
    Or(Box<[Node; 2]>),
    Compare(Box<Node>, Vec<(Comparison, Node)>),
    Arithmetic(Arithmetic, Box<[Node; 2]>),
    Concat(Box<[Node; 2]>),
    /// The condition, what it gives if true, what if false.
    Choose(Box<[Node; 3]>),
    Filter(Box<Apply>),
    Test(Box<Apply>),
    Call(Arc<str>, Arguments),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

/// `value[start:stop:step]`.
#[derive(Debug)]
pub(super) struct Slice {
    pub(super) value: Node,
    pub(super) start: Option<Node>,
    pub(super) stop: Option<Node>,
    pub(super) step: Option<Node>,
}

/// A filter or a test with what it is applied to.
#[derive(Debug)]
pub(super) struct Apply {
    pub(super) name: String,
    pub(super) input: Node,
    pub(super) arguments: Arguments,
}

/// Arguments of a filter, test or function.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    pub(super) positional: Vec<Node>,
    pub(super) named: Vec<(String, Node)>,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
}

/// Arithmetic with two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Remainder,
    Power,
}

impl Node {
    /// The bytes of the source.
    pub(super) fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Whether the last thing done is this filter; a choice ends in it if both its sides do.
    pub(super) fn ends_in_filter(&self, filter: &str) -> bool {
        match &self.kind {
            Kind::Filter(apply) => apply.name == filter,
            Kind::Choose(sides) => {
                sides[1].ends_in_filter(filter) && sides[2].ends_in_filter(filter)
            }
            _ => false,
        }
    }
}

/// Every `{{ }}`, also inside statements, in the order of the text.
pub(super) fn emitted(parts: &[Part]) -> impl Iterator<Item = &Node> {
    let mut found = Vec::new();
    collect_emitted(parts, &mut found);
    found.into_iter()
}

fn collect_emitted<'a>(parts: &'a [Part], found: &mut Vec<&'a Node>) {
    for part in parts {
        match part {
            Part::Emit(node) => found.push(node),
            Part::If { then, otherwise, .. } => {
                collect_emitted(then, found);
                collect_emitted(otherwise, found);
            }
            Part::For(each) => {
                collect_emitted(&each.body, found);
                collect_emitted(&each.otherwise, found);
            }
            Part::Text(_) | Part::Set { .. } => {}
        }
    }
}
