//! Tree + scope → value.
//!
//! Does not parse, and reads nothing but the scope: no clock, no random, no files.

use std::sync::Arc;

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{State, Value};

use crate::spec::near::did_you_mean;

use super::error::Failure;
use super::scope::{LookupObject, Scope};
use super::tree::{Apply, Arguments, Arithmetic, Comparison, Kind, Node, Slice};
use super::{convert, environment, fuel, operators, text};

pub(super) type Evaluated<T> = Result<T, Box<Failure>>;

/// One evaluation.
pub(super) struct Evaluator<'s> {
    pub(super) scope: &'s Scope,
    /// Names that the template has set, the innermost last.
    pub(super) locals: Vec<(Arc<str>, Value)>,
    pub(super) fuel: usize,
    /// What filters are called with; made when the first one is.
    pub(super) state: Option<State<'static, 'static>>,
}

impl<'s> Evaluator<'s> {
    pub(super) fn new(scope: &'s Scope) -> Evaluator<'s> {
        Evaluator { scope, locals: Vec::new(), fuel: fuel::FUEL, state: None }
    }

    /// An expression. The result is never undefined.
    pub(super) fn expression(&mut self, node: &Node) -> Evaluated<Value> {
        self.spend(1, &node.range())?;
        let fail = |message: String| Failure::new(message, node.range());
        match &node.kind {
            Kind::Constant(value) => Ok(value.clone()),
            Kind::Name(name) => self.name(name, node),
            Kind::Attribute(inner, name) => {
                let value = self.expression(inner)?;
                attribute(&value, name).ok_or_else(|| missing_key(&value, name, node))
            }
            Kind::Item(pair) => self.item(&pair[0], &pair[1], node),
            Kind::Slice(slice) => self.slice(slice, node),
            Kind::Not(operand) => Ok(Value::from(!self.truth(operand)?)),
            Kind::Negate(operand) => operators::negate(&self.expression(operand)?).map_err(fail),
            Kind::And(pair) => self.shortcut(pair, false),
            Kind::Or(pair) => self.shortcut(pair, true),
            Kind::Choose(sides) => {
                let chosen = if self.truth(&sides[0])? { &sides[1] } else { &sides[2] };
                self.expression(chosen)
            }
            Kind::Compare(first, rest) => self.compare(first, rest),
            Kind::Arithmetic(operator, pair) => self.arithmetic(*operator, pair, node),
            Kind::Concat(pair) => self.concatenate(pair, node),
            Kind::Filter(apply) => self.filter(apply, node),
            Kind::Test(apply) => self.test(apply, node),
            Kind::Call(name, arguments) => self.call(name, arguments, node),
            Kind::List(items) => items
                .iter()
                .map(|item| self.expression(item))
                .collect::<Evaluated<Vec<_>>>()
                .map(Value::from),
            Kind::Map(entries) => self.map(entries),
        }
    }

    fn name(&self, name: &str, node: &Node) -> Evaluated<Value> {
        if let Some((_, value)) = self.locals.iter().rev().find(|(local, _)| &**local == name) {
            return Ok(value.clone());
        }
        self.scope.get(name).map(|value| value.0.clone()).ok_or_else(|| {
            let help = did_you_mean(name, self.scope.names());
            Failure::new(format!("`{name}` is not defined here"), node.range()).help(help)
        })
    }

    fn item(&mut self, value: &Node, key: &Node, node: &Node) -> Evaluated<Value> {
        let value = self.expression(value)?;
        let key_value = self.expression(key)?;
        if value.kind() == ValueKind::Map {
            let Some(name) = key_value.as_str() else {
                let message =
                    format!("a key of a map is a text, not {}", text::describe(&key_value));
                return Err(Failure::new(message, key.range()));
            };
            return attribute(&value, name).ok_or_else(|| missing_key(&value, name, node));
        }
        if !text::is_list(&value) && value.kind() != ValueKind::String {
            return Err(Failure::new(
                format!("{} has no items", text::describe(&value)),
                node.range(),
            ));
        }
        if !key_value.is_integer() {
            let message = format!(
                "a place in {} is a whole number, not {}",
                text::kind(&value),
                text::describe(&key_value)
            );
            return Err(Failure::new(message, key.range()));
        }
        match value.get_item(&key_value) {
            Ok(item) if !item.is_undefined() => Ok(item),
            _ => {
                let message = format!(
                    "there is no item {key_value} in {} of {}",
                    text::kind(&value),
                    value.len().unwrap_or(0)
                );
                Err(Failure::new(message, node.range()))
            }
        }
    }

    fn slice(&mut self, slice: &Slice, node: &Node) -> Evaluated<Value> {
        let value = self.expression(&slice.value)?;
        if !text::is_list(&value) && value.kind() != ValueKind::String {
            return Err(Failure::new(
                format!("{} has no slices", text::describe(&value)),
                node.range(),
            ));
        }
        self.spend(value.len().unwrap_or(0), &node.range())?;
        let mut bound = |bound: &Option<Node>| -> Evaluated<Value> {
            let Some(bound) = bound else { return Ok(Value::from(())) };
            let value = self.expression(bound)?;
            match value.is_integer() || value.is_none() {
                true => Ok(value),
                false => Err(Failure::new(
                    format!("a slice has whole numbers, not {}", text::describe(&value)),
                    bound.range(),
                )),
            }
        };
        let (start, stop, step) = (bound(&slice.start)?, bound(&slice.stop)?, bound(&slice.step)?);
        let sliced = operators::slice(&value, &start, &stop, &step)
            .map_err(|message| Failure::new(message, node.range()))?;
        self.settled(sliced, "a slice", node)
    }

    /// `and` and `or`: the second operand counts only if the first does not decide.
    fn shortcut(&mut self, pair: &[Node; 2], decides: bool) -> Evaluated<Value> {
        let left = self.expression(&pair[0])?;
        let truth =
            operators::truth(&left).map_err(|message| Failure::new(message, pair[0].range()))?;
        if truth == decides { Ok(left) } else { self.expression(&pair[1]) }
    }

    pub(super) fn truth(&mut self, node: &Node) -> Evaluated<bool> {
        let value = self.expression(node)?;
        operators::truth(&value).map_err(|message| Failure::new(message, node.range()))
    }

    fn compare(&mut self, first: &Node, rest: &[(Comparison, Node)]) -> Evaluated<Value> {
        let mut left = self.expression(first)?;
        for (comparison, next) in rest {
            let right = self.expression(next)?;
            let range = first.start as usize..next.end as usize;
            self.weigh(&left, &range)?;
            self.weigh(&right, &range)?;
            if !operators::compare(*comparison, &left, &right)
                .map_err(|message| Failure::new(message, range))?
            {
                return Ok(Value::from(false));
            }
            left = right;
        }
        Ok(Value::from(true))
    }

    fn arithmetic(
        &mut self,
        operator: Arithmetic,
        pair: &[Node; 2],
        node: &Node,
    ) -> Evaluated<Value> {
        let (left, right) = (self.expression(&pair[0])?, self.expression(&pair[1])?);
        if operator == Arithmetic::Add && text::is_list(&left) && text::is_list(&right) {
            let items =
                left.try_iter().into_iter().flatten().chain(right.try_iter().into_iter().flatten());
            return self.settled(items.collect(), "the sum", node);
        }
        let result = operators::calculate(operator, &left, &right)
            .map_err(|message| Failure::new(message, node.range()))?;
        self.settled(result, "the result", node)
    }

    fn concatenate(&mut self, pair: &[Node; 2], node: &Node) -> Evaluated<Value> {
        let mut output = String::new();
        for operand in pair {
            let value = self.expression(operand)?;
            let written =
                text::in_text(&value).map_err(|message| Failure::new(message, operand.range()))?;
            self.append(&mut output, &written, node.range())?;
        }
        Ok(Value::from(output))
    }

    fn map(&mut self, entries: &[(Node, Node)]) -> Evaluated<Value> {
        let mut pairs = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let key_value = self.expression(key)?;
            if key_value.kind() != ValueKind::String {
                let message =
                    format!("a key of a map is a text, not {}", text::describe(&key_value));
                return Err(Failure::new(message, key.range()));
            }
            pairs.push((key_value, self.expression(value)?));
        }
        Ok(Value::from_pairs(pairs))
    }

    fn filter(&mut self, apply: &Apply, node: &Node) -> Evaluated<Value> {
        let values = self.values(Some(&apply.input), &apply.arguments)?;
        if !environment::CHEAP_FILTERS.contains(&apply.name.as_str()) {
            values.iter().try_for_each(|value| self.weigh(value, &node.range()))?;
        }
        let result = self.state().apply_filter(&apply.name, &values).map_err(|error| {
            Failure::new(
                format!("`{}`: {}", apply.name, convert::plain_message(&error)),
                node.range(),
            )
        })?;
        self.settled(result, &format!("`{}`", apply.name), node)
    }

    fn test(&mut self, apply: &Apply, node: &Node) -> Evaluated<Value> {
        let values = self.values(Some(&apply.input), &apply.arguments)?;
        values.iter().try_for_each(|value| self.weigh(value, &node.range()))?;
        self.state().perform_test(&apply.name, &values).map(Value::from).map_err(|error| {
            Failure::new(
                format!("`is {}`: {}", apply.name, convert::plain_message(&error)),
                node.range(),
            )
        })
    }

    fn call(&mut self, name: &str, arguments: &Arguments, node: &Node) -> Evaluated<Value> {
        let values = self.values(None, arguments)?;
        let result = environment::call(self.state(), name, &values).map_err(|error| {
            Failure::new(format!("`{name}`: {}", convert::plain_message(&error)), node.range())
        })?;
        self.settled(result, &format!("`{name}`"), node)
    }

    fn values(&mut self, input: Option<&Node>, arguments: &Arguments) -> Evaluated<Vec<Value>> {
        let mut values = Vec::with_capacity(2 + arguments.positional.len());
        for node in input.into_iter().chain(&arguments.positional) {
            values.push(self.expression(node)?);
        }
        if !arguments.named.is_empty() {
            let mut named = Vec::with_capacity(arguments.named.len());
            for (name, node) in &arguments.named {
                named.push((name.as_str(), self.expression(node)?));
            }
            values.push(Kwargs::from_iter(named).into());
        }
        Ok(values)
    }

    fn state(&mut self) -> &mut State<'static, 'static> {
        self.state.get_or_insert_with(environment::state)
    }
}

fn attribute(value: &Value, name: &str) -> Option<Value> {
    value.get_attr(name).ok().filter(|found| !found.is_undefined())
}

fn missing_key(value: &Value, name: &str, node: &Node) -> Box<Failure> {
    if value.kind() != ValueKind::Map {
        return Failure::new(format!("{} has no `{name}`", text::describe(value)), node.range());
    }
    if let Some(reason) =
        value.downcast_object_ref::<LookupObject>().and_then(|lookup| lookup.0.why_missing(name))
    {
        return Failure::new(reason, node.range());
    }
    /// Beyond so many keys a near miss is not worth the search.
    const KEYS_SEARCHED_MAX: usize = 1_000;
    let keys: Vec<Value> = value.try_iter().into_iter().flatten().take(KEYS_SEARCHED_MAX).collect();
    let help = did_you_mean(name, keys.iter().filter_map(Value::as_str));
    Failure::new(format!("there is no `{name}` in this map"), node.range()).help(help)
}
