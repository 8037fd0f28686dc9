//! The JSON that windlass writes, as JSON Schema: made of the types that write it.
//!
//! Does not know what is in a run.

use jiff::Timestamp;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::Value;

use super::status::Status;
use crate::core::record::Record;

/// What `status --format json` prints.
#[must_use]
pub fn status() -> Value {
    titled::<Status>("windlass status")
}

/// One line of a run's `journal.jsonl`.
#[must_use]
pub fn journal() -> Value {
    titled::<Line>("windlass journal line")
}

/// One line of a run's journal. Readers must skip keys and kinds of records that they do not know.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it is what a line looks like, and is never made")]
enum Line {
    /// The first line.
    First(Guarded<First>),
    /// Any other line.
    Other(Box<Guarded<Record>>),
}

/// Says which form the lines have.
#[derive(Serialize, JsonSchema)]
struct First {
    /// What tells it from a record.
    event: FirstEvent,
    /// The version of the form.
    format: u32,
    /// The version of windlass that has begun the journal.
    windlass: String,
    /// The run's id.
    run: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "it is what a line looks like, and is never made")]
enum FirstEvent {
    /// The first line.
    Journal,
}

/// What a line says, with its number and what guards it.
#[derive(Serialize, JsonSchema)]
struct Guarded<T> {
    /// The number of the record, counted from 0.
    seq: u64,
    /// When it was recorded, to the microsecond.
    at: Timestamp,
    /// What has become known.
    #[serde(flatten)]
    record: T,
    /// The highest number that was known to be on disk when this line was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    durable: Option<u64>,
    /// The hash of the line before.
    prev: String,
    /// The hash of this line up to here.
    sum: String,
}

fn titled<T: JsonSchema>(title: &str) -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema: Schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), Value::from(title));
    let mut schema = schema.to_value();
    describe_variants(&mut schema);
    schema
}

/// What is said of a variant is said of the key that tells it from the others.
fn describe_variants(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(describe_variants),
        Value::Object(keywords) => {
            if let Some(Value::Array(variants)) = keywords.get_mut("oneOf") {
                variants.iter_mut().for_each(describe_variant);
            }
            keywords.values_mut().for_each(describe_variants);
        }
        _ => {}
    }
}

fn describe_variant(variant: &mut Value) {
    let Some(description) = variant.get("description").cloned() else { return };
    let Some(Value::Object(properties)) = variant.get_mut("properties") else { return };
    let keys = properties.values_mut().filter_map(Value::as_object_mut);
    for key in keys.filter(|key| !key.contains_key("description")) {
        key.insert("description".to_owned(), description.clone());
    }
}
