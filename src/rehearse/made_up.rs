//! Values in place of those that only a run can know: parameters that were not given, outputs, items.
//!
//! Makes up the same value every time. Does not know what the value is for.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Number, Value, json};

use crate::core::question::{Answer, Question, QuestionKind};
use crate::core::record::Item;
use crate::spec::model::{Output, OutputType, Work};
use crate::spec::schema::Schema;

/// Items of a group whose list is not known.
pub(super) fn items(count: usize) -> Vec<Item> {
    let key = |number: usize| format!("item_{number}");
    (1..=count)
        .map(|n| Item { key: Some(Arc::from(key(n))), value: Arc::new(key(n).into()) })
        .collect()
}

/// The outputs of a step of that name: those of its own, of its driver's action, and of its probe.
pub(super) fn outputs(step: &str, work: &Work, items: usize) -> Value {
    let target = work.target().map(|target| &target.work);
    let probes = [Some(work), target].into_iter().flatten();
    let probes = probes.filter_map(|work| work.probe.as_ref()).map(|probe| &probe.value.work);
    let all = target.into_iter().chain([work]).chain(probes);
    let declared = all.flat_map(|work| &work.outputs);
    let made = declared.map(|(name, output)| (name.clone(), output_of(step, name, output, items)));
    Value::Object(made.collect())
}

/// A question of which nothing is known but that it is put.
pub(super) fn question() -> Question {
    Question {
        kind: QuestionKind::Manual,
        text: "(what is asked)".to_owned(),
        confirm: false,
        fields: IndexMap::new(),
        by: Vec::new(),
        min: 1,
        until: None,
    }
}

/// The answer of somebody who has done what was asked.
pub(super) fn answer(question: &Question) -> Answer {
    let told = question.fields.iter().filter_map(|(name, field)| {
        let made = || parameter(name, &field.schema, 1);
        Some((name.clone(), field.default.clone().or_else(made)?))
    });
    Answer { go: true, fields: told.collect(), because: None }
}

fn output_of(step: &str, name: &str, output: &Output, items: usize) -> Value {
    match output.kind {
        Some(OutputType::Integer) => json!(1),
        Some(OutputType::Number) => json!(1.5),
        Some(OutputType::Boolean) => json!(true),
        Some(OutputType::Array) => (1..=items).map(|number| format!("{name}_{number}")).collect(),
        Some(OutputType::Object) => json!({}),
        Some(OutputType::String) | None => format!("({name} of {step})").into(),
    }
}

/// A value of a parameter that its schema accepts, if one is found; lists get so many items where they may.
#[must_use]
pub fn parameter(name: &str, schema: &Value, items: usize) -> Option<Value> {
    let parsed = Schema::parse(schema).ok()?;
    candidates(name, schema, items).into_iter().find(|value| parsed.accepts(value))
}

fn candidates(name: &str, schema: &Value, items: usize) -> Vec<Value> {
    let mut values = Vec::new();
    values.extend(schema.get("const").cloned());
    for key in ["examples", "enum"] {
        values.extend(schema.get(key).and_then(Value::as_array).into_iter().flatten().cloned());
    }
    let kinds = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(kind)) => vec![kind.as_str()],
        _ => vec!["string", "array", "object", "integer"],
    };
    for kind in kinds {
        match kind {
            "string" => values.extend(texts(name, schema)),
            "integer" | "number" => values.extend(numbers(schema)),
            "boolean" => values.extend([json!(true), json!(false)]),
            "array" => values.extend(list(name, schema, items)),
            "object" => values.extend(map(name, schema, items)),
            _ => values.push(Value::Null),
        }
    }
    values
}

/// Texts of the usual forms, the parameter's own name first.
fn texts(name: &str, schema: &Value) -> Vec<Value> {
    let least = bound(schema, "minLength").unwrap_or(0);
    let most = bound(schema, "maxLength").unwrap_or(usize::MAX);
    let long: String = name.chars().cycle().take(least.max(name.len()).min(most)).collect();
    let digits: String = "1".repeat(least.clamp(1, 64));
    let usual = [
        "a",
        "A",
        "1",
        "1.0.0",
        "10.0.0.1",
        "::1",
        "2026-01-31",
        "2026-01-31T03:00:00Z",
        "03:00",
        "host.example.org",
        "person@example.org",
        "https://example.org/",
        "/folder/file",
        "6ba7b810-9dad-41d1-80b4-00c04fd430c8",
    ];
    let own = [name.to_owned(), name.replace('_', "-"), long, digits];
    own.into_iter().chain(usual.map(str::to_owned)).map(Value::from).collect()
}

fn bound(schema: &Value, key: &str) -> Option<usize> {
    schema.get(key)?.as_u64().and_then(|number| usize::try_from(number).ok())
}

fn numbers(schema: &Value) -> Vec<Value> {
    let least = schema.get("minimum").or_else(|| schema.get("exclusiveMinimum"));
    let most = schema.get("maximum").or_else(|| schema.get("exclusiveMaximum"));
    let step = schema.get("multipleOf").cloned();
    let beside = |value: &Value, by: i64| value.as_i64().map(|number| json!(number + by));
    let mut values = vec![json!(1)];
    values.extend(least.cloned());
    values.extend(least.and_then(|value| beside(value, 1)));
    values.extend(most.cloned());
    values.extend(most.and_then(|value| beside(value, -1)));
    values.extend(step);
    values.push(Value::Number(Number::from(0)));
    values
}

fn list(name: &str, schema: &Value, items: usize) -> Option<Value> {
    let least = bound(schema, "minItems").unwrap_or(0);
    let most = bound(schema, "maxItems").unwrap_or(usize::MAX);
    let count = items.max(least).min(most);
    let any = json!({"type": "string"});
    let inner = schema.get("items").unwrap_or(&any);
    let singular = name.strip_suffix("es").filter(|stem| stem.ends_with(['x', 's', 'h']));
    let singular = singular.or_else(|| name.strip_suffix('s')).unwrap_or(name);
    let made = (1..=count).map(|number| parameter(&format!("{singular}_{number}"), inner, items));
    made.collect()
}

fn map(name: &str, schema: &Value, items: usize) -> Option<Value> {
    let mut made = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object);
    for (key, inner) in properties.into_iter().flatten() {
        // The names of a list's items go on in what is inside them, so that two of them differ.
        let number = name.rsplit_once('_').map(|(_, number)| number);
        let number = number.filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
        let inner_name = number.map_or_else(|| key.clone(), |number| format!("{key}_{number}"));
        made.insert(key.clone(), parameter(&inner_name, inner, items)?);
    }
    for key in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
        let key = key.as_str()?;
        made.entry(key).or_insert_with(|| key.into());
    }
    Some(Value::Object(made))
}
