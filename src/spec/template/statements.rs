//! Pieces of a template → text: what stands between, inserted values, choices and loops.
//!
//! Does not know how an expression gets its value.

use std::ops::Range;

use minijinja::{Value, value::ValueKind};

use super::error::Failure;
use super::evaluate::{Evaluated, Evaluator};
use super::tree::{For, Part};
use super::{convert, fuel, guards, text};

/// A round of a loop, which makes the values of `loop`.
const ROUND_UNITS: usize = 5;

impl Evaluator<'_> {
    /// A template: the value of its one expression, else a text.
    pub(super) fn template(&mut self, parts: &[Part]) -> Evaluated<Value> {
        match parts {
            [Part::Emit(node)] => self.expression(node),
            _ => self.text(parts).map(Value::from),
        }
    }

    /// A template as text.
    pub(super) fn text(&mut self, parts: &[Part]) -> Evaluated<String> {
        let mut output = String::new();
        self.parts(parts, &mut output)?;
        Ok(output)
    }

    fn parts(&mut self, parts: &[Part], output: &mut String) -> Evaluated<()> {
        for part in parts {
            match part {
                Part::Text(text) => self.append(output, text, 0..0)?,
                Part::Emit(node) => {
                    let value = self.expression(node)?;
                    let written = text::in_text(&value)
                        .map_err(|message| Failure::new(message, node.range()))?;
                    self.append(output, &written, node.range())?;
                }
                Part::If { test, then, otherwise } => {
                    let branch = if self.truth(test)? { then } else { otherwise };
                    self.parts(branch, output)?;
                }
                Part::For(each) => self.for_loop(each, output)?,
                Part::Set { name, value } => {
                    let value = self.expression(value)?;
                    self.locals.push((name.clone(), value));
                }
            }
        }
        Ok(())
    }

    pub(super) fn append(
        &mut self,
        output: &mut String,
        text: &str,
        range: Range<usize>,
    ) -> Evaluated<()> {
        self.spend(1 + text.len() / fuel::BYTES_A_UNIT, &range)?;
        guards::text_in_bounds(output.len() + text.len())
            .map_err(|message| Failure::new(message, range))?;
        output.push_str(text);
        Ok(())
    }

    fn for_loop(&mut self, each: &For, output: &mut String) -> Evaluated<()> {
        let list = self.expression(&each.items)?;
        if !text::is_list(&list) && list.kind() != ValueKind::Map {
            return Err(Failure::new(
                format!("{} is no list to go through", text::describe(&list)),
                each.range.clone(),
            ));
        }
        let outside = self.locals.len();
        let mut items = Vec::new();
        for item in
            convert::iterate(&list).map_err(|message| Failure::new(message, each.range.clone()))?
        {
            let item = item.map_err(|message| Failure::new(message, each.range.clone()))?;
            self.spend(1, &each.range)?;
            if let Some(condition) = &each.condition {
                self.bind(each, &item)?;
                let chosen = self.truth(condition);
                self.locals.truncate(outside);
                if !chosen? {
                    continue;
                }
            }
            items.push(item);
        }
        if items.is_empty() {
            return self.parts(&each.otherwise, output);
        }
        for (index, item) in items.iter().enumerate() {
            self.spend(ROUND_UNITS, &each.range)?;
            self.bind(each, item)?;
            self.locals.push(("loop".into(), loop_value(index, items.len())));
            let done = self.parts(&each.body, output);
            self.locals.truncate(outside);
            done?;
        }
        Ok(())
    }

    /// Gives an item of a loop its name, or its parts theirs.
    fn bind(&mut self, each: &For, item: &Value) -> Evaluated<()> {
        if let [name] = each.names.as_slice() {
            self.locals.push((name.clone(), item.clone()));
            return Ok(());
        }
        if !text::is_list(item) || item.len() != Some(each.names.len()) {
            let message = format!(
                "{} is no list of {} to take apart",
                text::describe(item),
                each.names.len()
            );
            return Err(Failure::new(message, each.range.clone()));
        }
        for (name, part) in each.names.iter().zip(item.try_iter().into_iter().flatten()) {
            self.locals.push((name.clone(), part));
        }
        Ok(())
    }
}

fn loop_value(index: usize, length: usize) -> Value {
    Value::from_pairs([
        ("index", Value::from(index + 1)),
        ("index0", Value::from(index)),
        ("first", Value::from(index == 0)),
        ("last", Value::from(index + 1 == length)),
        ("length", Value::from(length)),
    ])
}
