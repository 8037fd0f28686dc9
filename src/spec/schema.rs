//! JSON Schema (draft 2020-12): whether a schema is one, and what a value breaks in it. The only file that names `jsonschema`.
//!
//! Does not know parameters, inputs or files; a schema cannot refer to anything outside itself.

use std::fmt::Write as _;

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::Value;
use strsim::damerau_levenshtein;

/// Violations of one value that are told; a list of 100,000 bad items is not told item by item.
const VIOLATIONS_MAX: usize = 10;

/// A schema that has been understood.
#[derive(Debug)]
pub struct Schema(Validator);

/// What is wrong with a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaError {
    /// Keys and indices from the schema to the wrong part.
    pub path: Vec<String>,
    /// One line, lowercase, no full stop.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// What a value breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where in the value: `[3].size`; empty for the value itself.
    pub path: String,
    /// One line, lowercase, no full stop; does not repeat long or nested values.
    pub message: String,
}

impl Violation {
    /// The violation with the name of what holds the value: "`mailboxes[3]`: a text is needed, not the number 5".
    pub fn of(&self, name: &str) -> String {
        format!("`{name}{}`: {}", self.path, self.message)
    }
}

impl Schema {
    /// Understands a schema. Keywords that JSON Schema does not have are errors, because it would ignore them.
    pub fn parse(schema: &Value) -> Result<Schema, Vec<SchemaError>> {
        let mut unknown = Vec::new();
        find_unknown_keywords(schema, &mut Vec::new(), &mut unknown);
        if !unknown.is_empty() {
            return Err(unknown);
        }
        jsonschema::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(true)
            .should_ignore_unknown_formats(false)
            .with_pattern_options(PatternOptions::regex())
            .offline()
            .build(schema)
            .map(Schema)
            .map_err(|error| vec![schema_error(&error)])
    }

    /// What a value breaks, in the order of the value; the last of very many says so.
    pub fn violations(&self, value: &Value) -> Vec<Violation> {
        let mut errors = self.0.iter_errors(value);
        let mut violations: Vec<Violation> =
            errors.by_ref().take(VIOLATIONS_MAX).map(|error| violation(&error)).collect();
        if errors.next().is_some() {
            violations.push(Violation {
                path: String::new(),
                message: "and more of this kind".to_owned(),
            });
        }
        violations
    }

    /// Whether a value keeps the schema.
    pub fn accepts(&self, value: &Value) -> bool {
        self.0.is_valid(value)
    }
}

fn schema_error(error: &ValidationError<'_>) -> SchemaError {
    let path = error.instance_path().segments().map(|segment| segment.to_string()).collect();
    SchemaError { path, message: message(error), help: None }
}

fn violation(error: &ValidationError<'_>) -> Violation {
    let mut path = String::new();
    for segment in error.instance_path().segments() {
        // Writing to a String cannot fail.
        let _ = match segment {
            jsonschema::paths::LocationSegment::Index(index) => write!(path, "[{index}]"),
            jsonschema::paths::LocationSegment::Property(name) => write!(path, ".{name}"),
        };
    }
    Violation { path, message: message(error) }
}

fn message(error: &ValidationError<'_>) -> String {
    let given = describe(error.instance());
    match error.kind() {
        Kind::Type { kind } => format!("{} is needed, not {given}", types_in_words(kind)),
        Kind::Required { property } => {
            format!("`{}` is missing", property.as_str().unwrap_or_default())
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            format!("{} not known here", listed(unexpected))
        }
        Kind::Enum { options } => format!("{given} is none of {options}"),
        Kind::Constant { expected_value } => format!("{expected_value} is needed, not {given}"),
        Kind::Minimum { limit } => format!("{given} is less than {limit}"),
        Kind::Maximum { limit } => format!("{given} is more than {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("{given} is not more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("{given} is not less than {limit}"),
        Kind::MinItems { limit } => {
            format!("the list has {}, fewer than {limit}", items(error.instance()))
        }
        Kind::MaxItems { limit } => {
            format!("the list has {}, more than {limit}", items(error.instance()))
        }
        Kind::MinLength { limit } => format!("{given} has fewer than {limit} characters"),
        Kind::MaxLength { limit } => format!("{given} has more than {limit} characters"),
        Kind::Pattern { pattern } => format!("{given} does not match the pattern `{pattern}`"),
        Kind::Format { format } => format!("{given} is not of the format `{format}`"),
        Kind::UniqueItems => "the list holds an item twice".to_owned(),
        _ => error.masked_with(given.as_str()).to_string(),
    }
}

fn listed(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("{} {}", quoted.join(", "), if names.len() == 1 { "is" } else { "are" })
}

fn items(list: &Value) -> String {
    match list.as_array().map_or(0, Vec::len) {
        0 => "no item".to_owned(),
        1 => "1 item".to_owned(),
        many => format!("{many} items"),
    }
}

fn types_in_words(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => type_in_words(&one.to_string()).to_owned(),
        TypeKind::Multiple(many) => {
            let mut words: Vec<&str> = many.iter().map(|one| type_in_words(one.as_str())).collect();
            words.sort_by_key(|word| *word == "null");
            words.join(" or ")
        }
    }
}

/// A JSON Schema type in words.
pub fn type_in_words(name: &str) -> &str {
    match name {
        "string" => "a text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a map",
        other => other,
    }
}

/// A value in a message: what it is, and what it holds as far as that is short.
pub fn describe(value: &Value) -> String {
    const CHARACTERS_MAX: usize = 40;
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => match text.char_indices().nth(CHARACTERS_MAX) {
            Some((cut, _)) => format!("the text `{}…`", text[..cut].escape_debug()),
            None => format!("the text `{}`", text.escape_debug()),
        },
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a map".to_owned(),
    }
}

/// The keywords of draft 2020-12.
pub(crate) const KEYWORDS: &[&str] = &[
    "$anchor",
    "$comment",
    "$defs",
    "$dynamicAnchor",
    "$dynamicRef",
    "$id",
    "$ref",
    "$schema",
    "$vocabulary",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "contains",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "default",
    "dependentRequired",
    "dependentSchemas",
    "deprecated",
    "description",
    "else",
    "enum",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "if",
    "items",
    "maxContains",
    "maximum",
    "maxItems",
    "maxLength",
    "maxProperties",
    "minContains",
    "minimum",
    "minItems",
    "minLength",
    "minProperties",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "patternProperties",
    "prefixItems",
    "properties",
    "propertyNames",
    "readOnly",
    "required",
    "then",
    "title",
    "type",
    "unevaluatedItems",
    "unevaluatedProperties",
    "uniqueItems",
    "writeOnly",
];

fn find_unknown_keywords(schema: &Value, path: &mut Vec<String>, errors: &mut Vec<SchemaError>) {
    let Value::Object(keywords) = schema else { return };
    for (keyword, value) in keywords {
        path.push(keyword.clone());
        match keyword.as_str() {
            "properties" | "patternProperties" | "$defs" | "dependentSchemas" => {
                each_entry(value, path, errors);
            }
            "allOf" | "anyOf" | "oneOf" | "prefixItems" => each_entry(value, path, errors),
            "items"
            | "additionalProperties"
            | "contains"
            | "not"
            | "if"
            | "then"
            | "else"
            | "propertyNames"
            | "unevaluatedItems"
            | "unevaluatedProperties"
            | "contentSchema" => find_unknown_keywords(value, path, errors),
            known if KEYWORDS.contains(&known) => {}
            unknown => errors.push(SchemaError {
                path: path.clone(),
                message: format!("JSON Schema has no keyword `{unknown}`"),
                help: near_keyword(unknown),
            }),
        }
        path.pop();
    }
}

fn each_entry(value: &Value, path: &mut Vec<String>, errors: &mut Vec<SchemaError>) {
    let mut visit = |key: String, schema: &Value| {
        path.push(key);
        find_unknown_keywords(schema, path, errors);
        path.pop();
    };
    match value {
        Value::Object(entries) => {
            entries.iter().for_each(|(key, schema)| visit(key.clone(), schema));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, schema)| visit(index.to_string(), schema));
        }
        _ => {}
    }
}

fn near_keyword(unknown: &str) -> Option<String> {
    let near = KEYWORDS
        .iter()
        .map(|known| (damerau_levenshtein(unknown, known), known))
        .min_by_key(|(distance, _)| *distance)?;
    (near.0 <= 3 && near.0 * 2 < unknown.len()).then(|| format!("did you mean `{}`?", near.1))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn violations(schema: &Value, value: &Value) -> Vec<String> {
        let schema = Schema::parse(schema).unwrap();
        schema.violations(value).iter().map(|violation| violation.of("p")).collect()
    }

    #[test]
    fn a_violation_says_where_and_what() {
        let boxes = json!({"type": "array", "minItems": 1, "uniqueItems": true, "items": {
            "type": "object", "required": ["name"], "additionalProperties": false,
            "properties": {"name": {"type": "string", "pattern": "^[a-z]+$"}, "size": {"type": ["integer", "null"], "maximum": 9}}}});
        for (value, expected) in [
            (json!([]), vec!["`p`: the list has no item, fewer than 1"]),
            (json!("x"), vec!["`p`: a list is needed, not the text `x`"]),
            (json!([{}]), vec!["`p[0]`: `name` is missing"]),
            (
                json!([{"name": "A", "size": 10}]),
                vec![
                    "`p[0].name`: the text `A` does not match the pattern `^[a-z]+$`",
                    "`p[0].size`: the number 10 is more than 9",
                ],
            ),
            (
                json!([{"name": "a", "nmae": 1, "x": 2}]),
                vec!["`p[0]`: `nmae`, `x` are not known here"],
            ),
            (json!([{"name": "a"}, {"name": "a"}]), vec!["`p`: the list holds an item twice"]),
            (
                json!([{"name": "a", "size": "1"}]),
                vec!["`p[0].size`: a whole number or null is needed, not the text `1`"],
            ),
        ] {
            assert_eq!(violations(&boxes, &value), expected, "{value}");
        }
        assert_eq!(
            violations(&json!({"enum": ["a", 1]}), &json!("b")),
            ["`p`: the text `b` is none of [\"a\",1]"]
        );
        assert_eq!(
            violations(&json!({"format": "date"}), &json!("x")),
            ["`p`: the text `x` is not of the format `date`"]
        );
    }

    #[test]
    fn very_many_violations_are_cut_short() {
        let told = violations(&json!({"items": {"type": "string"}}), &(0..100_000).collect());
        assert_eq!((told.len(), told[10].as_str()), (11, "`p`: and more of this kind"));
    }

    #[test]
    fn a_schema_that_is_none_is_told() {
        let error = |schema: Value| Schema::parse(&schema).unwrap_err().remove(0);
        let misspelt = error(json!({"type": "array", "items": {"minimun": 3}}));
        assert_eq!(misspelt.path, ["items", "minimun"]);
        assert_eq!(misspelt.help.as_deref(), Some("did you mean `minimum`?"));
        let wrong_type = error(json!({"properties": {"a": {"type": "strin"}}}));
        assert_eq!(wrong_type.path, ["properties", "a", "type"]);
        assert!(Schema::parse(&json!({"pattern": "("})).is_err());
        assert!(Schema::parse(&json!({"format": "no-such-format"})).is_err());
        assert!(Schema::parse(&json!({"$ref": "http://localhost/x.json"})).is_err());
        assert!(Schema::parse(&json!({"$ref": "#/$defs/none"})).is_err());
        assert!(Schema::parse(&json!(5)).is_err());
        let own = json!({"$defs": {"s": {"type": "string"}}, "properties": {"minimun": {"$ref": "#/$defs/s"}}});
        assert!(Schema::parse(&own).unwrap().accepts(&json!({"minimun": "x"})));
    }
}
