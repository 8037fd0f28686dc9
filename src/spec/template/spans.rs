//! Where in the source a part of minijinja's syntax tree stands, in bytes.
//!
//! Does not know what the part means.

use std::ops::Range;

use minijinja::machinery::{Span, ast};

/// The bytes of a span.
pub(super) fn range(span: Span) -> Range<usize> {
    span.start_offset as usize..span.end_offset as usize
}

/// Where an expression begins; minijinja's own span of a chain begins at its last link.
pub(super) fn leftmost(expression: &ast::Expr<'_>) -> usize {
    match expression {
        ast::Expr::GetAttr(attribute) => leftmost(&attribute.expr),
        ast::Expr::GetItem(item) => leftmost(&item.expr),
        ast::Expr::Slice(slice) => leftmost(&slice.expr),
        ast::Expr::Call(call) => leftmost(&call.expr),
        other => range(other.span()).start,
    }
}

/// The bytes of a statement, without its opening `{%`.
pub(super) fn statement_range(statement: &ast::Stmt<'_>) -> Range<usize> {
    range(match statement {
        ast::Stmt::Template(s) => s.span(),
        ast::Stmt::EmitExpr(s) => s.span(),
        ast::Stmt::EmitRaw(s) => s.span(),
        ast::Stmt::ForLoop(s) => s.span(),
        ast::Stmt::IfCond(s) => s.span(),
        ast::Stmt::WithBlock(s) => s.span(),
        ast::Stmt::Set(s) => s.span(),
        ast::Stmt::SetBlock(s) => s.span(),
        ast::Stmt::AutoEscape(s) => s.span(),
        ast::Stmt::FilterBlock(s) => s.span(),
        ast::Stmt::Block(s) => s.span(),
        ast::Stmt::Import(s) => s.span(),
        ast::Stmt::FromImport(s) => s.span(),
        ast::Stmt::Extends(s) => s.span(),
        ast::Stmt::Include(s) => s.span(),
        ast::Stmt::Macro(s) => s.span(),
        ast::Stmt::CallBlock(s) => s.span(),
        ast::Stmt::Do(s) => s.span(),
    })
}
