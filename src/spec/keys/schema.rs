//! The tables of keys as JSON Schema (draft 7, which editors know best): completion, hover and errors while a runbook is written.
//!
//! Does not know more than shapes: whether names fit together, and whether expressions can be read, is said by `check`.

use serde_json::{Map, Value, json};

use super::super::schema::KEYWORDS;
use super::{DRIVER, Key, PARAMETER, POLICY, RUNBOOK, Shape, Table};

/// Keys that have no place in a driver, which does not use other drivers.
const NOT_IN_DRIVERS: [&str; 2] = ["uses", "with"];

const NAME: &str = "^[a-z][a-z0-9_]*$";
/// Numbers with units, the larger unit first, each unit once.
const DURATION: &str = r"^\s*(?=\d)(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?\s*$";
/// The same, and not zero.
const LONGER_THAN_NOTHING: &str = r"^\s*(?=.*[1-9])(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?\s*$";

/// The schema of a runbook's file.
#[must_use]
pub fn runbook() -> Value {
    Writer { in_driver: false, definitions: Map::new() }.document(&RUNBOOK, "windlass runbook")
}

/// The schema of a driver's file.
#[must_use]
pub fn driver() -> Value {
    Writer { in_driver: true, definitions: Map::new() }.document(&DRIVER, "windlass driver")
}

/// The schema of a policy's file.
#[must_use]
pub fn policy() -> Value {
    Writer { in_driver: false, definitions: Map::new() }.document(&POLICY, "windlass policy")
}

/// Writes tables, each of them once.
struct Writer {
    in_driver: bool,
    definitions: Map<String, Value>,
}

impl Writer {
    fn document(mut self, root: &'static Table, title: &str) -> Value {
        let mut schema = Map::new();
        schema.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
        schema.insert("title".to_owned(), json!(title));
        schema.extend(self.table(root));
        schema.insert("definitions".to_owned(), Value::Object(self.definitions));
        Value::Object(schema)
    }

    fn table(&mut self, table: &'static Table) -> Map<String, Value> {
        let keys: Vec<&Key> = table.keys().filter(|key| self.is_at_home(key.name)).collect();
        let required: Vec<&str> =
            keys.iter().filter(|key| key.required).map(|key| key.name).collect();
        let properties: Map<String, Value> =
            keys.into_iter().map(|key| (key.name.to_owned(), self.key(key))).collect();
        let mut schema = Map::new();
        let mut put = |name: &str, value: Value| schema.insert(name.to_owned(), value);
        put("description", json!(table.description));
        put("type", json!("object"));
        put("properties", Value::Object(properties));
        match table.named {
            None => put("additionalProperties", json!(false)),
            Some(shape) => {
                put("propertyNames", json!({ "pattern": NAME }));
                put("additionalProperties", Value::Object(self.shape(shape)))
            }
        };
        if !required.is_empty() {
            put("required", json!(required));
        }
        let alone = table.one_of.iter().filter(|name| self.is_at_home(name));
        let alone: Vec<Value> = alone.map(|name| json!({ "required": [name] })).collect();
        if !alone.is_empty() {
            put("oneOf", Value::Array(alone));
        }
        let dependencies = self.dependencies(table);
        if !dependencies.is_empty() {
            put("dependencies", Value::Object(dependencies));
        }
        schema
    }

    fn dependencies(&self, table: &Table) -> Map<String, Value> {
        let with = table.with.iter().filter(|(name, _)| self.is_at_home(name));
        let with = with.map(|(name, other)| ((*name).to_owned(), json!([other])));
        let without = table.without.iter().map(|(name, others)| {
            let refused: Map<String, Value> =
                others.iter().map(|other| ((*other).to_owned(), json!(false))).collect();
            ((*name).to_owned(), json!({ "properties": refused }))
        });
        with.chain(without).collect()
    }

    fn is_at_home(&self, name: &str) -> bool {
        !(self.in_driver && NOT_IN_DRIVERS.contains(&name))
    }

    fn key(&mut self, key: &Key) -> Value {
        let mut schema = Map::new();
        schema.insert("description".to_owned(), json!(described(key)));
        schema.extend(self.shape(key.shape));
        if let Some(default) = key.default {
            schema.insert("default".to_owned(), read(default));
        }
        if !key.examples.is_empty() {
            let examples = key.examples.iter().map(|example| read(example)).collect();
            schema.insert("examples".to_owned(), Value::Array(examples));
        }
        Value::Object(schema)
    }

    fn shape(&mut self, shape: Shape) -> Map<String, Value> {
        let schema = match shape {
            Shape::Text => json!({ "type": "string" }),
            Shape::Template => json!({ "type": ["string", "integer"] }),
            Shape::Expression => json!({
                "type": ["string", "boolean", "number"],
                "pattern": r"^(?!\s*\{\{)",
                "patternErrorMessage": "an expression stands without {{ }}",
            }),
            Shape::Name => json!({ "type": "string", "pattern": NAME }),
            Shape::RunbookName => json!({ "type": "string", "pattern": "^[a-z0-9-]+$" }),
            Shape::Version => json!({ "const": 1 }),
            Shape::Duration => duration(LONGER_THAN_NOTHING),
            Shape::DurationOrZero => duration(DURATION),
            Shape::Whole(least) => json!({ "type": "integer", "minimum": least }),
            Shape::ExitCode => json!({ "type": "integer", "minimum": 1, "maximum": 255 }),
            Shape::Factor => json!({ "type": "number", "minimum": 1, "maximum": 1000 }),
            Shape::Truth => json!({ "type": "boolean" }),
            Shape::Any => json!({}),
            Shape::NoMap => json!({ "not": { "type": "object" } }),
            Shape::Word(words) => {
                json!({ "enum": words.iter().map(|(word, _)| *word).collect::<Vec<_>>() })
            }
            Shape::List(of, least) => self.list(*of, least, false),
            Shape::Set(of, least) => self.list(*of, least, true),
            Shape::Named(of) => named(NAME, &self.shape(*of), 0),
            Shape::NamedSome(of) => named(NAME, &self.shape(*of), 1),
            Shape::Environment => {
                named("^(?!WINDLASS_)[A-Za-z_][A-Za-z0-9_]*$", &self.shape(Shape::Template), 0)
            }
            Shape::Reasons => named("^W[0-9]{4}$", &self.shape(Shape::Text), 0),
            Shape::Either(shapes) => {
                let either: Vec<Value> =
                    shapes.iter().map(|shape| Value::Object(self.shape(*shape))).collect();
                json!({ "anyOf": either })
            }
            Shape::Map(table) => self.refer(table),
            Shape::Declaration => self.refer(&PARAMETER),
        };
        match schema {
            Value::Object(schema) => schema,
            _ => Map::new(),
        }
    }

    fn list(&mut self, of: Shape, least: u32, unique: bool) -> Value {
        let mut schema = json!({ "type": "array", "items": self.shape(of) });
        if least > 0 {
            schema["minItems"] = json!(least);
        }
        if unique {
            schema["uniqueItems"] = json!(true);
        }
        schema
    }

    fn refer(&mut self, table: &'static Table) -> Value {
        if !self.definitions.contains_key(table.name) {
            // What a table holds may refer to the table itself.
            self.definitions.insert(table.name.to_owned(), Value::Null);
            let mut schema = self.table(table);
            if std::ptr::eq(table, &raw const PARAMETER) {
                add_keywords(&mut schema);
            }
            self.definitions.insert(table.name.to_owned(), Value::Object(schema));
        }
        json!({ "$ref": format!("#/definitions/{}", table.name) })
    }
}

/// The keywords of JSON Schema that have no words of their own.
fn add_keywords(schema: &mut Map<String, Value>) {
    let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
    for keyword in KEYWORDS.iter().filter(|keyword| !keyword.starts_with('$')) {
        if !properties.contains_key(*keyword) {
            let description = format!("`{keyword}` as in JSON Schema, draft 2020-12.");
            properties.insert((*keyword).to_owned(), json!({ "description": description }));
        }
    }
    schema.insert("patternProperties".to_owned(), json!({ r"^\$": {} }));
}

/// What a key is for, and what each of its words means.
fn described(key: &Key) -> String {
    let Shape::Word(words) = key.shape else { return key.description.to_owned() };
    let mut text = key.description.to_owned() + "\n";
    for (word, meaning) in words {
        text.push_str(&format!("\n- `{word}`: {meaning}"));
    }
    text
}

fn duration(pattern: &str) -> Value {
    json!({
        "type": "string",
        "pattern": pattern,
        "patternErrorMessage": "a duration is a number with its unit: `500ms`, `90s`, `10m`, `1h30m`, `2d`",
    })
}

fn named(pattern: &str, of: &Map<String, Value>, least: u32) -> Value {
    let mut schema = json!({
        "type": "object",
        "propertyNames": { "pattern": pattern },
        "additionalProperties": of,
    });
    if least > 0 {
        schema["minProperties"] = json!(least);
    }
    schema
}

fn read(json: &str) -> Value {
    serde_json::from_str(json).expect("the tables of keys hold JSON, which a test reads")
}
