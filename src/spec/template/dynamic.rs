//! JSON values whose texts may be templates: made of plain JSON, and rendered to it.
//!
//! Does not know keys of the language; which values may hold templates is the decoder's business.

use serde_json::{Map, Value};

use super::{EvalError, Reference, Scope, ScopeValue, Template, TemplateError};
use crate::spec::model::Dynamic;

impl Dynamic {
    /// Takes each text of a JSON value for a template. An error comes with the path of keys and indices to its text.
    ///
    /// Whatever holds no template becomes one [`Dynamic::Literal`], however large it is.
    pub fn parse(value: Value) -> Result<Dynamic, Vec<(Vec<String>, TemplateError)>> {
        let mut errors = Vec::new();
        let parsed = parse(value, &mut Vec::new(), &mut errors);
        if errors.is_empty() { Ok(parsed) } else { Err(errors) }
    }

    /// The value with every template in it rendered.
    pub fn render(&self, scope: &Scope) -> Result<Value, EvalError> {
        match self {
            Dynamic::Literal(value) => Ok(value.clone()),
            Dynamic::Template(template) => template.render(scope),
            Dynamic::List(items) => items.iter().map(|item| item.render(scope)).collect(),
            Dynamic::Map(entries) => {
                let render =
                    |(key, value): (&String, &Dynamic)| Ok((key.clone(), value.render(scope)?));
                entries.iter().map(render).collect::<Result<Map<_, _>, _>>().map(Value::Object)
            }
        }
    }

    /// The value as it can be put into another scope, without a copy of what it shares.
    pub fn render_shared(&self, scope: &Scope) -> Result<ScopeValue, EvalError> {
        match self {
            Dynamic::Literal(value) => Ok(ScopeValue::from(value)),
            Dynamic::Template(template) => template.render_shared(scope),
            Dynamic::List(items) => items
                .iter()
                .map(|item| item.render_shared(scope))
                .collect::<Result<_, _>>()
                .map(ScopeValue::list),
            Dynamic::Map(entries) => {
                let render = |(key, value): (&String, &Dynamic)| {
                    Ok((key.clone(), value.render_shared(scope)?))
                };
                entries.iter().map(render).collect::<Result<_, _>>().map(ScopeValue::map)
            }
        }
    }

    /// The value, if no template is in it.
    pub fn as_literal(&self) -> Option<&Value> {
        match self {
            Dynamic::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// The templates in it, in order.
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            Dynamic::Literal(_) => Vec::new(),
            Dynamic::Template(template) => vec![template],
            Dynamic::List(items) => items.iter().flat_map(Dynamic::templates).collect(),
            Dynamic::Map(entries) => entries.values().flat_map(Dynamic::templates).collect(),
        }
    }

    /// What its templates read from their scope.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.templates().into_iter().flat_map(Template::references)
    }
}

type Errors = Vec<(Vec<String>, TemplateError)>;

fn parse(value: Value, path: &mut Vec<String>, errors: &mut Errors) -> Dynamic {
    match value {
        Value::String(text) => parse_text(text, path, errors),
        Value::Array(items) => {
            let items = items.into_iter().enumerate();
            let parsed =
                items.map(|(index, item)| nested(index.to_string(), item, path, errors)).collect();
            literal_list(parsed)
        }
        Value::Object(entries) => {
            let parsed: Vec<(String, Dynamic)> = entries
                .into_iter()
                .map(|(key, value)| (key.clone(), nested(key, value, path, errors)))
                .collect();
            literal_map(parsed)
        }
        other => Dynamic::Literal(other),
    }
}

fn nested(key: String, value: Value, path: &mut Vec<String>, errors: &mut Errors) -> Dynamic {
    path.push(key);
    let parsed = parse(value, path, errors);
    path.pop();
    parsed
}

fn parse_text(text: String, path: &[String], errors: &mut Errors) -> Dynamic {
    match Template::parse(&text) {
        Ok(template) => template
            .literal_text()
            .map_or(Dynamic::Template(template), |text| Dynamic::Literal(Value::String(text))),
        Err(error) => {
            errors.push((path.to_vec(), error));
            Dynamic::Literal(Value::String(text))
        }
    }
}

fn literal_list(items: Vec<Dynamic>) -> Dynamic {
    if items.iter().all(|item| item.as_literal().is_some()) {
        return Dynamic::Literal(items.into_iter().filter_map(into_literal).collect());
    }
    Dynamic::List(items)
}

fn literal_map(entries: Vec<(String, Dynamic)>) -> Dynamic {
    if entries.iter().all(|(_, value)| value.as_literal().is_some()) {
        let entries = entries
            .into_iter()
            .filter_map(|(key, value)| into_literal(value).map(|value| (key, value)));
        return Dynamic::Literal(Value::Object(entries.collect()));
    }
    Dynamic::Map(entries.into_iter().collect())
}

fn into_literal(value: Dynamic) -> Option<Value> {
    match value {
        Dynamic::Literal(value) => Some(value),
        _ => None,
    }
}
