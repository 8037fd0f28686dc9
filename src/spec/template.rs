//! Templates and expressions.

/// A text with templates in it, parsed.
#[derive(Debug, Clone)]
pub struct Template {}

/// An expression, parsed.
#[derive(Debug, Clone)]
pub struct Expression {}
