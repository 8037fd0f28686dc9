//! minijinja's syntax tree → the tree that is evaluated, with what it refers to.
//!
//! Does not evaluate; what can be known to be wrong without values is said here.

use std::ops::Range;
use std::sync::Arc;

use minijinja::machinery::ast;

use crate::spec::near::did_you_mean;

use super::environment;
use super::error::TemplateError;
use super::reference::{Reference, Segment};
use super::spans::{leftmost, range, statement_range};
use super::tree::{Apply, Arguments, Arithmetic, Comparison, For, Kind, Node, Part, Slice};

/// Nodes inside nodes. Evaluation recurses once for each.
const DEPTH_MAX: usize = 200;

/// A tree under construction.
pub(super) struct Lowering<'s> {
    source: &'s str,
    /// Names that the template itself has set; they are no references.
    locals: Vec<Arc<str>>,
    depth: usize,
    pub(super) references: Vec<Reference>,
}

type Lowered<T> = Result<T, TemplateError>;

impl<'s> Lowering<'s> {
    pub(super) fn new(source: &'s str) -> Lowering<'s> {
        Lowering { source, locals: Vec::new(), depth: 0, references: Vec::new() }
    }

    /// A sequence of pieces.
    pub(super) fn parts(&mut self, statements: &[ast::Stmt<'_>]) -> Lowered<Vec<Part>> {
        statements.iter().map(|statement| self.part(statement)).collect()
    }

    fn part(&mut self, statement: &ast::Stmt<'_>) -> Lowered<Part> {
        match statement {
            ast::Stmt::EmitRaw(raw) => Ok(Part::Text(raw.raw.to_owned())),
            ast::Stmt::EmitExpr(emit) => self.expression(&emit.expr).map(Part::Emit),
            ast::Stmt::IfCond(condition) => Ok(Part::If {
                test: self.expression(&condition.expr)?,
                then: self.parts(&condition.true_body)?,
                otherwise: self.parts(&condition.false_body)?,
            }),
            ast::Stmt::ForLoop(each) => self.for_loop(each),
            ast::Stmt::Set(set) => {
                let value = self.expression(&set.expr)?;
                let ast::Expr::Var(name) = &set.target else {
                    return Err(self.error("`{% set %}` sets one name", range(set.target.span())));
                };
                let name: Arc<str> = name.id.into();
                self.locals.push(name.clone());
                Ok(Part::Set { name, value })
            }
            other => Err(TemplateError {
                help: Some("statements are `for`, `if` and `set`".to_owned()),
                ..self.error("this statement is not available in a runbook", statement_range(other))
            }),
        }
    }

    fn for_loop(&mut self, each: &ast::ForLoop<'_>) -> Lowered<Part> {
        if each.recursive {
            return Err(
                self.error("`recursive` is not available in a runbook", range(each.iter.span()))
            );
        }
        let items = self.expression(&each.iter)?;
        let outside = self.locals.len();
        let names = self.targets(&each.target)?;
        self.locals.extend(names.iter().cloned());
        let condition =
            each.filter_expr.as_ref().map(|expression| self.expression(expression)).transpose()?;
        self.locals.push("loop".into());
        let body = self.parts(&each.body)?;
        self.locals.truncate(outside);
        let otherwise = self.parts(&each.else_body)?;
        let range = items.range();
        Ok(Part::For(Box::new(For { names, items, condition, body, otherwise, range })))
    }

    fn targets(&self, target: &ast::Expr<'_>) -> Lowered<Vec<Arc<str>>> {
        let name = |expression: &ast::Expr<'_>| match expression {
            ast::Expr::Var(name) => Ok(Arc::from(name.id)),
            other => Err(self.error("a name is needed here", range(other.span()))),
        };
        match target {
            ast::Expr::List(list) => list.items.iter().map(name).collect(),
            ast::Expr::Tuple(tuple) => tuple.items.iter().map(name).collect(),
            one => Ok(vec![name(one)?]),
        }
    }

    /// An expression.
    pub(super) fn expression(&mut self, expression: &ast::Expr<'_>) -> Lowered<Node> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(TemplateError {
                help: Some("compute parts of it in `vars`".to_owned()),
                ..self.error("the expression is nested too deeply", range(expression.span()))
            });
        }
        let node = match expression {
            ast::Expr::Var(_) | ast::Expr::GetAttr(_) | ast::Expr::GetItem(_) => {
                self.path(expression)?.0
            }
            _ => self.operation(expression)?,
        };
        self.depth -= 1;
        Ok(node)
    }

    /// A name, an attribute or an item; with it, the index of the reference that it continues.
    fn path(&mut self, expression: &ast::Expr<'_>) -> Lowered<(Node, Option<usize>)> {
        match expression {
            ast::Expr::Var(name) => Ok(self.name(name.id, range(name.span()))),
            ast::Expr::GetAttr(attribute) => {
                let (inner, reference) = self.deeper(&attribute.expr)?;
                let end = range(attribute.span()).end;
                self.extend(reference, Segment::Name(attribute.name.to_owned()), end);
                Ok((
                    spanning(
                        inner.start,
                        end,
                        Kind::Attribute(Box::new(inner), attribute.name.into()),
                    ),
                    reference,
                ))
            }
            ast::Expr::GetItem(item) => {
                let (inner, reference) = self.deeper(&item.expr)?;
                let end = range(item.span()).end;
                let key = self.expression(&item.subscript_expr)?;
                let segment = match &key.kind {
                    Kind::Constant(value) if value.as_str().is_some() => {
                        Segment::Name(value.as_str().unwrap_or_default().to_owned())
                    }
                    _ => Segment::Computed,
                };
                self.extend(reference, segment, end);
                Ok((spanning(inner.start, end, Kind::Item(Box::new([inner, key]))), reference))
            }
            other => Ok((self.operation(other)?, None)),
        }
    }

    fn deeper(&mut self, expression: &ast::Expr<'_>) -> Lowered<(Node, Option<usize>)> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.error("the expression is nested too deeply", range(expression.span())));
        }
        let lowered = self.path(expression);
        self.depth -= 1;
        lowered
    }

    fn name(&mut self, name: &str, range: Range<usize>) -> (Node, Option<usize>) {
        let reference = (!self.locals.iter().any(|local| &**local == name)).then(|| {
            self.references.push(Reference {
                path: vec![Segment::Name(name.to_owned())],
                range: range.clone(),
            });
            self.references.len() - 1
        });
        (node(range, Kind::Name(name.into())), reference)
    }

    fn extend(&mut self, reference: Option<usize>, segment: Segment, end: usize) {
        if let Some(index) = reference {
            self.references[index].path.push(segment);
            self.references[index].range.end = end;
        }
    }

    fn operation(&mut self, expression: &ast::Expr<'_>) -> Lowered<Node> {
        let span = range(expression.span());
        match expression {
            ast::Expr::Const(constant) => Ok(node(span, Kind::Constant(constant.value.clone()))),
            ast::Expr::List(list) => Ok(node(span, Kind::List(self.all(&list.items)?))),
            ast::Expr::Tuple(tuple) => Ok(node(span, Kind::List(self.all(&tuple.items)?))),
            ast::Expr::Map(map) => {
                let entries = map.keys.iter().zip(&map.values);
                let entries = entries
                    .map(|(key, value)| Ok((self.expression(key)?, self.expression(value)?)));
                Ok(node(span, Kind::Map(entries.collect::<Lowered<_>>()?)))
            }
            ast::Expr::UnaryOp(unary) => {
                let operand = Box::new(self.expression(&unary.expr)?);
                let start = operand.start.min(u32_of(span.start));
                Ok(spanning(
                    start,
                    operand.end as usize,
                    match unary.op {
                        ast::UnaryOpKind::Not => Kind::Not(operand),
                        ast::UnaryOpKind::Neg => Kind::Negate(operand),
                    },
                ))
            }
            ast::Expr::BinOp(binary) => {
                let operands = [self.expression(&binary.left)?, self.expression(&binary.right)?];
                Ok(spanning(
                    operands[0].start,
                    operands[1].end as usize,
                    binary_kind(binary.op, operands),
                ))
            }
            ast::Expr::Compare(compare) => self.comparison(compare),
            ast::Expr::IfExpr(choice) => self.choice(choice, span),
            ast::Expr::Slice(slice) => self.slice(slice, span),
            ast::Expr::Filter(filter) => self.filter(filter, span),
            ast::Expr::Test(test) => self.test(test, span),
            ast::Expr::Call(call) => self.call(call, span),
            ast::Expr::Var(_) | ast::Expr::GetAttr(_) | ast::Expr::GetItem(_) => {
                Ok(self.path(expression)?.0)
            }
        }
    }

    fn all(&mut self, expressions: &[ast::Expr<'_>]) -> Lowered<Vec<Node>> {
        expressions.iter().map(|expression| self.expression(expression)).collect()
    }

    fn comparison(&mut self, compare: &ast::Compare<'_>) -> Lowered<Node> {
        let first = Box::new(self.expression(&compare.expr)?);
        let rest =
            compare.ops.iter().map(|next| Ok((comparison(next.op), self.expression(&next.expr)?)));
        let rest: Vec<(Comparison, Node)> = rest.collect::<Lowered<_>>()?;
        let end = rest.last().map_or(first.end, |(_, last)| last.end);
        Ok(spanning(first.start, end as usize, Kind::Compare(first, rest)))
    }

    fn choice(&mut self, choice: &ast::IfExpr<'_>, span: Range<usize>) -> Lowered<Node> {
        let yes = self.expression(&choice.true_expr)?;
        let test = self.expression(&choice.test_expr)?;
        let Some(otherwise) = &choice.false_expr else {
            return Err(TemplateError {
                help: Some("add `else` and what it is then; `none` is null".to_owned()),
                ..self.error(
                    "without `else` this is undefined where the condition is false",
                    yes.start as usize..span.end,
                )
            });
        };
        let no = self.expression(otherwise)?;
        Ok(spanning(yes.start, no.end as usize, Kind::Choose(Box::new([test, yes, no]))))
    }

    fn slice(&mut self, slice: &ast::Slice<'_>, span: Range<usize>) -> Lowered<Node> {
        let value = self.expression(&slice.expr)?;
        let mut part = |expression: &Option<ast::Expr<'_>>| {
            expression.as_ref().map(|expression| self.expression(expression)).transpose()
        };
        let (start, stop, step) = (part(&slice.start)?, part(&slice.stop)?, part(&slice.step)?);
        let begin = value.start;
        Ok(spanning(begin, span.end, Kind::Slice(Box::new(Slice { value, start, stop, step }))))
    }

    fn filter(&mut self, filter: &ast::Filter<'_>, span: Range<usize>) -> Lowered<Node> {
        let Some(input) = &filter.expr else {
            return Err(self.error("a filter needs something to work on", span));
        };
        let input = self.expression(input)?;
        if !environment::FILTERS.contains(&filter.name) {
            let help = environment::why_no_filter(filter.name)
                .map(str::to_owned)
                .or_else(|| did_you_mean(filter.name, environment::FILTERS.iter().copied()));
            return Err(TemplateError {
                help,
                ..self.error(format!("there is no filter `{}`", filter.name), span)
            });
        }
        let arguments = self.arguments(&filter.args)?;
        let start = input.start;
        let apply = Apply { name: filter.name.to_owned(), input, arguments };
        Ok(spanning(start, span.end, Kind::Filter(Box::new(apply))))
    }

    fn test(&mut self, test: &ast::Test<'_>, span: Range<usize>) -> Lowered<Node> {
        let input = self.expression(&test.expr)?;
        if !environment::TESTS.contains(&test.name) {
            let help = environment::why_no_test(test.name)
                .map(str::to_owned)
                .or_else(|| did_you_mean(test.name, environment::TESTS.iter().copied()));
            return Err(TemplateError {
                help,
                ..self.error(format!("there is no test `{}`", test.name), span)
            });
        }
        let arguments = self.arguments(&test.args)?;
        let start = input.start;
        let apply = Apply { name: test.name.to_owned(), input, arguments };
        Ok(spanning(start, span.end, Kind::Test(Box::new(apply))))
    }

    fn call(&mut self, call: &ast::Call<'_>, span: Range<usize>) -> Lowered<Node> {
        let ast::Expr::Var(name) = &call.expr else {
            return Err(TemplateError {
                help: Some("a filter may do it: `value | name`".to_owned()),
                ..self.error("values have no methods", leftmost(&call.expr)..span.end)
            });
        };
        if !environment::FUNCTIONS.contains(&name.id) {
            let help = did_you_mean(name.id, environment::FUNCTIONS.iter().copied());
            let message = format!("there is no function `{}`", name.id);
            return Err(TemplateError { help, ..self.error(message, range(name.span())) });
        }
        let arguments = self.arguments(&call.args)?;
        Ok(node(range(name.span()).start..span.end, Kind::Call(name.id.into(), arguments)))
    }

    fn arguments(&mut self, arguments: &[ast::CallArg<'_>]) -> Lowered<Arguments> {
        let mut lowered = Arguments::default();
        for argument in arguments {
            match argument {
                ast::CallArg::Pos(value) => lowered.positional.push(self.expression(value)?),
                ast::CallArg::Kwarg(name, value) => {
                    lowered.named.push(((*name).to_owned(), self.expression(value)?));
                }
                ast::CallArg::PosSplat(value) | ast::CallArg::KwargSplat(value) => {
                    return Err(self.error(
                        "`*` and `**` are not available in arguments",
                        range(value.span()),
                    ));
                }
            }
        }
        Ok(lowered)
    }

    fn error(&self, message: impl Into<String>, range: Range<usize>) -> TemplateError {
        let end = range.end.min(self.source.len());
        TemplateError { message: message.into(), range: range.start.min(end)..end, help: None }
    }
}

fn binary_kind(operator: ast::BinOpKind, operands: [Node; 2]) -> Kind {
    use ast::BinOpKind as Op;
    let arithmetic = |operator, operands| Kind::Arithmetic(operator, Box::new(operands));
    let compare = |comparison, [left, right]: [Node; 2]| {
        Kind::Compare(Box::new(left), vec![(comparison, right)])
    };
    match operator {
        Op::ScAnd => Kind::And(Box::new(operands)),
        Op::ScOr => Kind::Or(Box::new(operands)),
        Op::Concat => Kind::Concat(Box::new(operands)),
        Op::Add => arithmetic(Arithmetic::Add, operands),
        Op::Sub => arithmetic(Arithmetic::Subtract, operands),
        Op::Mul => arithmetic(Arithmetic::Multiply, operands),
        Op::Div => arithmetic(Arithmetic::Divide, operands),
        Op::FloorDiv => arithmetic(Arithmetic::FloorDivide, operands),
        Op::Rem => arithmetic(Arithmetic::Remainder, operands),
        Op::Pow => arithmetic(Arithmetic::Power, operands),
        Op::Eq => compare(Comparison::Equal, operands),
        Op::Ne => compare(Comparison::NotEqual, operands),
        Op::Lt => compare(Comparison::Less, operands),
        Op::Lte => compare(Comparison::LessOrEqual, operands),
        Op::Gt => compare(Comparison::Greater, operands),
        Op::Gte => compare(Comparison::GreaterOrEqual, operands),
        Op::In => compare(Comparison::In, operands),
    }
}

fn comparison(operator: ast::CompareOpKind) -> Comparison {
    match operator {
        ast::CompareOpKind::Eq => Comparison::Equal,
        ast::CompareOpKind::Ne => Comparison::NotEqual,
        ast::CompareOpKind::Lt => Comparison::Less,
        ast::CompareOpKind::Lte => Comparison::LessOrEqual,
        ast::CompareOpKind::Gt => Comparison::Greater,
        ast::CompareOpKind::Gte => Comparison::GreaterOrEqual,
        ast::CompareOpKind::In => Comparison::In,
        ast::CompareOpKind::NotIn => Comparison::NotIn,
    }
}

fn node(range: Range<usize>, kind: Kind) -> Node {
    Node { kind, start: u32_of(range.start), end: u32_of(range.end) }
}

fn spanning(start: u32, end: usize, kind: Kind) -> Node {
    Node { kind, start, end: u32_of(end) }
}

/// minijinja counts bytes in 32 bits, so nothing is lost.
fn u32_of(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}
