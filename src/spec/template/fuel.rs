//! How much one evaluation may do before it is stopped.
//!
//! Does not know what it does.

use std::ops::Range;

use minijinja::{Value, value::ValueKind};

use super::error::Failure;
use super::evaluate::{Evaluated, Evaluator};
use super::scope::LookupObject;
use super::tree::Node;
use super::{convert, text};

/// A unit is a node evaluated, or an item or 16 bytes that a filter reads or a text gains.
pub(super) const FUEL: usize = 5_000_000;
/// Bytes of text that cost as much as a node.
pub(super) const BYTES_A_UNIT: usize = 16;

impl Evaluator<'_> {
    /// A result that is computed now and not when it is read, and in which nothing is undefined.
    pub(super) fn settled(&mut self, value: Value, what: &str, node: &Node) -> Evaluated<Value> {
        if value.is_undefined() {
            return Err(Failure::new(format!("{what} gives nothing here"), node.range()));
        }
        if !text::is_list(&value) {
            if value.is_number() {
                convert::to_number(&value)
                    .map_err(|message| Failure::new(message, node.range()))?;
            }
            self.spend(value.as_str().map_or(0, str::len) / BYTES_A_UNIT, &node.range())?;
            return Ok(value);
        }
        let lazy = value.kind() == ValueKind::Iterable;
        let mut items = Vec::new();
        for item in
            convert::iterate(&value).map_err(|message| Failure::new(message, node.range()))?
        {
            let item = item.map_err(|message| Failure::new(message, node.range()))?;
            self.spend(1, &node.range())?;
            if item.is_undefined() {
                return Err(Failure::new(
                    format!("an item that {what} gives is undefined"),
                    node.range(),
                ));
            }
            if lazy {
                items.push(item);
            }
        }
        Ok(if lazy { Value::from(items) } else { value })
    }

    /// Spends fuel for reading a whole value; stops counting when there is none left.
    pub(super) fn weigh(&mut self, value: &Value, range: &Range<usize>) -> Evaluated<()> {
        self.spend(1, range)?;
        match value.kind() {
            ValueKind::String => {
                self.spend(value.as_str().map_or(0, str::len) / BYTES_A_UNIT, range)
            }
            ValueKind::Seq | ValueKind::Iterable => {
                for item in value.try_iter().into_iter().flatten() {
                    self.weigh(&item, range)?;
                }
                Ok(())
            }
            ValueKind::Map if value.downcast_object_ref::<LookupObject>().is_none() => {
                for key in value.try_iter().into_iter().flatten() {
                    self.weigh(&value.get_item(&key).unwrap_or_default(), range)?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn spend(&mut self, units: usize, range: &Range<usize>) -> Evaluated<()> {
        match self.fuel.checked_sub(units) {
            Some(left) => {
                self.fuel = left;
                Ok(())
            }
            None => Err(Failure::new("the template does too much; it was stopped", range.clone())),
        }
    }
}
