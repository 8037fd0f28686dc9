//! Templates and expressions: parsing them once, and evaluating them over a [`Scope`].
//!
//! Does not know YAML, files or steps; a range in an error counts bytes in the template's own source.
//!
//! The language is minijinja's, read by minijinja's parser and served by its filters. The tree is walked here and not by
//! minijinja's own machine, because runbooks need more strictness than it offers: a name or a key that does not exist is an error
//! wherever it appears, also when it would only be compared or tested, and values of different kinds are never equal nor unequal.

mod convert;
mod dynamic;
mod environment;
mod error;
mod evaluate;
mod filters;
mod fuel;
mod guards;
mod lower;
mod operators;
mod reference;
mod scope;
mod spans;
mod statements;
mod syntax;
mod text;
mod tree;

use std::sync::Arc;

use serde_json::Value;

pub use error::{EvalError, TemplateError};
pub use reference::{Reference, Segment};
pub use scope::{Lookup, Scope, ScopeValue};

use evaluate::Evaluator;
use tree::{Node, Part};

/// A text with templates in it, parsed. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Template(Arc<ParsedTemplate>);

#[derive(Debug)]
struct ParsedTemplate {
    source: Arc<str>,
    parts: Vec<Part>,
    references: Vec<Reference>,
}

impl Template {
    /// Parses a text. A text without `{{`, `{%` or `{#` is a literal and always parses.
    pub fn parse(source: &str) -> Result<Template, TemplateError> {
        let source: Arc<str> = source.into();
        let (parts, references) = syntax::parse_template(&source)?;
        Ok(Template(Arc::new(ParsedTemplate { source, parts, references })))
    }

    /// The text as it was written.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// What the template reads from its scope, in the order of the text.
    pub fn references(&self) -> &[Reference] {
        &self.0.references
    }

    /// Whether it always gives the same text, because nothing in it is evaluated.
    pub fn is_literal(&self) -> bool {
        self.0.parts.iter().all(|part| matches!(part, Part::Text(_)))
    }

    /// The text that it always gives, if it is a literal.
    pub fn literal_text(&self) -> Option<String> {
        let text = |part: &Part| match part {
            Part::Text(text) => Some(text.clone()),
            _ => None,
        };
        self.0.parts.iter().map(text).collect()
    }

    /// Whether the text is one whole `{{ }}`, so that it keeps the type of what it gives.
    pub fn is_whole(&self) -> bool {
        matches!(self.0.parts.as_slice(), [Part::Emit(_)])
    }

    /// Where, in the order of the text, a `{{ }}` stands whose last filter is not `filter`.
    pub fn not_ending_in_filter(&self, filter: &str) -> Vec<std::ops::Range<usize>> {
        tree::emitted(&self.0.parts)
            .filter(|node| !node.ends_in_filter(filter))
            .map(|node| node.range())
            .collect()
    }

    /// Whether every `{{ }}` in it ends in `| filter`.
    pub fn ends_in_filter(&self, filter: &str) -> bool {
        self.not_ending_in_filter(filter).is_empty()
    }

    /// The value: of any type if the text is one whole `{{ }}`, else a text.
    pub fn render(&self, scope: &Scope) -> Result<Value, EvalError> {
        self.render_shared(scope)?
            .to_json()
            .map_err(|message| EvalError::whole(message, &self.0.source))
    }

    /// The value as it can be put into another scope, without a copy of what it shares.
    pub fn render_shared(&self, scope: &Scope) -> Result<ScopeValue, EvalError> {
        Evaluator::new(scope)
            .template(&self.0.parts)
            .map(ScopeValue)
            .map_err(|failure| EvalError::new(*failure, &self.0.source))
    }

    /// The value as a text: a number or a boolean as JSON writes it; null, a list and a map are errors.
    pub fn render_text(&self, scope: &Scope) -> Result<String, EvalError> {
        Evaluator::new(scope)
            .text(&self.0.parts)
            .map_err(|failure| EvalError::new(*failure, &self.0.source))
    }
}

impl PartialEq for Template {
    fn eq(&self, other: &Template) -> bool {
        self.source() == other.source()
    }
}

/// An expression, parsed. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Expression(Arc<ParsedExpression>);

#[derive(Debug)]
struct ParsedExpression {
    source: Arc<str>,
    node: Node,
    references: Vec<Reference>,
}

impl Expression {
    /// Parses an expression, which stands without braces.
    pub fn parse(source: &str) -> Result<Expression, TemplateError> {
        let source: Arc<str> = source.into();
        let (node, references) = syntax::parse_expression(&source)?;
        Ok(Expression(Arc::new(ParsedExpression { source, node, references })))
    }

    /// The expression as it was written.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// What the expression reads from its scope, in the order of the text.
    pub fn references(&self) -> &[Reference] {
        &self.0.references
    }

    /// The value.
    pub fn eval(&self, scope: &Scope) -> Result<Value, EvalError> {
        self.eval_shared(scope)?
            .to_json()
            .map_err(|message| EvalError::whole(message, &self.0.source))
    }

    /// The value as it can be put into another scope, without a copy of what it shares.
    pub fn eval_shared(&self, scope: &Scope) -> Result<ScopeValue, EvalError> {
        self.run(scope).map(ScopeValue)
    }

    /// The value where only true or false will do.
    pub fn eval_bool(&self, scope: &Scope) -> Result<bool, EvalError> {
        let value = self.run(scope)?;
        operators::as_bool(&value).ok_or_else(|| {
            let message = format!(
                "true or false is needed here, but `{}` gives {}",
                self.source(),
                text::describe(&value)
            );
            EvalError::whole(message, &self.0.source)
        })
    }

    fn run(&self, scope: &Scope) -> Result<minijinja::Value, EvalError> {
        Evaluator::new(scope)
            .expression(&self.0.node)
            .map_err(|failure| EvalError::new(*failure, &self.0.source))
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Expression) -> bool {
        self.source() == other.source()
    }
}

#[cfg(test)]
mod tests;
