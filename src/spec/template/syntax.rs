//! Text → tree: reading with minijinja's parser, within bounds that keep its recursion harmless.
//!
//! Does not know values or scopes.

use std::ops::Range;
use std::sync::LazyLock;

use minijinja::machinery::{Token, ast, parse, parse_expr, tokenize};
use minijinja::syntax::SyntaxConfig;

use super::convert;
use super::error::TemplateError;
use super::lower::Lowering;
use super::reference::Reference;
use super::tree::{Node, Part};

/// Operators in one expression. The parser and the tree's destructor recurse once for each.
const OPERATORS_MAX: usize = 500;
/// `else` in one expression; the parser recurses deeply for each.
const ELSES_MAX: usize = 50;
/// Statements in one template.
const STATEMENTS_MAX: usize = 500;

/// A template's text is kept to the byte, its last line break included.
static SYNTAX: LazyLock<SyntaxConfig> = LazyLock::new(|| {
    SyntaxConfig::builder()
        .keep_trailing_newline(true)
        .build()
        .expect("the usual delimiters are valid")
});

/// Reads a template.
pub(super) fn parse_template(source: &str) -> Result<(Vec<Part>, Vec<Reference>), TemplateError> {
    if !["{{", "{%", "{#"].iter().any(|opening| source.contains(opening)) {
        return Ok((vec![Part::Text(source.to_owned())], Vec::new()));
    }
    let unread = check_bounds(source, false)?;
    let statement =
        parse(source, "", SYNTAX.clone()).map_err(|error| from_parser(&error, source))?;
    unread.map_or(Ok(()), Err)?;
    let ast::Stmt::Template(template) = &statement else {
        return Err(whole("this is not a template", source));
    };
    let mut lowering = Lowering::new(source);
    let parts = lowering.parts(&template.children)?;
    Ok((parts, lowering.references))
}

/// Reads an expression.
pub(super) fn parse_expression(source: &str) -> Result<(Node, Vec<Reference>), TemplateError> {
    let text = source.trim();
    if text.is_empty() {
        return Err(whole("an expression is missing", source));
    }
    if let Some(inside) = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")) {
        let inside = inside.trim_start_matches('-').trim_end_matches('-').trim();
        return Err(TemplateError {
            help: Some(format!("write `{inside}`")),
            ..whole("an expression stands here, without `{{ }}`", source)
        });
    }
    let unread = check_bounds(source, true)?;
    let expression = parse_expr(source).map_err(|error| from_parser(&error, source))?;
    unread.map_or(Ok(()), Err)?;
    let mut lowering = Lowering::new(source);
    let node = lowering.expression(&expression)?;
    Ok((node, lowering.references))
}

/// Refuses what would make the parser recurse too far. Syntax errors are left to the parser, but for the one that is returned: behind a
/// text, the parser takes what is no token for the end (minijinja 3.0.5), and would leave out the rest of a condition.
fn check_bounds(source: &str, expression: bool) -> Result<Option<TemplateError>, TemplateError> {
    let (mut operators, mut elses, mut statements) = (0, 0, 0);
    for token in tokenize(source, expression, SYNTAX.clone()) {
        let (token, span) = match token {
            Ok(read) => read,
            Err(error) => return Ok(Some(from_parser(&error, source))),
        };
        let range = span.start_offset as usize..span.end_offset as usize;
        match token {
            Token::VariableStart | Token::BlockStart => (operators, elses) = (0, 0),
            Token::Ident("else" | "elif") => elses += 1,
            Token::Ident("not" | "and" | "or" | "if" | "is" | "in") => operators += 1,
            Token::Ident(_) | Token::Str(_) | Token::String(_) | Token::TemplateData(_) => {}
            Token::Int(_) | Token::Int128(_) | Token::Float(_) | Token::Comma | Token::Colon => {}
            _ => operators += 1,
        }
        if matches!(token, Token::BlockStart) {
            statements += 1;
        }
        if operators > OPERATORS_MAX || elses > ELSES_MAX {
            return Err(TemplateError {
                message: "the expression is too long".to_owned(),
                range,
                help: Some("compute parts of it in `vars`".to_owned()),
            });
        }
        if statements > STATEMENTS_MAX {
            return Err(TemplateError {
                message: format!("the template has more than {STATEMENTS_MAX} statements"),
                range,
                help: None,
            });
        }
    }
    Ok(None)
}

fn from_parser(error: &minijinja::Error, source: &str) -> TemplateError {
    let range = error.range().map_or(0..source.len(), |range| within(range, source));
    let help = operator(source, range.start).map(str::to_owned);
    TemplateError { message: convert::plain_message(error), range, help }
}

/// What is to be written for an operator of another language that stands there.
fn operator(source: &str, at: usize) -> Option<&'static str> {
    let known = [
        ("&&", "write `and`"),
        ("||", "write `or`"),
        ("=", "write `==` to compare"),
        ("!", "write `not`"),
    ];
    let (before, rest) = source.split_at(at);
    // The end of an operator that is known is not to blame.
    let known = known.into_iter().filter(|_| !before.ends_with(['=', '!', '<', '>']));
    known.into_iter().find(|(sign, _)| rest.starts_with(sign)).map(|(_, help)| help)
}

/// A range that can be sliced, and that shows something: an empty one is widened by a character.
fn within(range: Range<usize>, source: &str) -> Range<usize> {
    let start = source.floor_char_boundary(range.start.min(source.len()));
    let end = source.ceil_char_boundary(range.end.clamp(start, source.len()));
    if start < end {
        return start..end;
    }
    match source[start..].chars().next() {
        Some(next) => start..start + next.len_utf8(),
        None => source[..start].char_indices().next_back().map_or(start, |(last, _)| last)..start,
    }
}

fn whole(message: &str, source: &str) -> TemplateError {
    TemplateError { message: message.to_owned(), range: 0..source.len(), help: None }
}
