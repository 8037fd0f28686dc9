//! Diagnostics as a SARIF 2.1.0 log, which code scanning services read.
//!
//! Does not know what a code means; whoever does says it.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use serde_json::{Map, Value, json};

use super::{Diagnostic, Severity, Span};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The log. `about` gives a code's title and explanation.
pub fn log(
    diagnostics: &[Diagnostic],
    about: impl Fn(&str) -> Option<(&'static str, &'static str)>,
) -> Value {
    let codes: BTreeSet<&'static str> = diagnostics.iter().map(|one| one.code).collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    let rules: Vec<Value> = codes.iter().map(|code| rule(code, about(code))).collect();
    let results: Vec<Value> = diagnostics.iter().map(|one| result(one, &codes)).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "windlass",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: &str, about: Option<(&str, &str)>) -> Value {
    let mut rule = json!({"id": code});
    if let Some((title, explanation)) = about {
        rule["shortDescription"] = json!({"text": title});
        rule["fullDescription"] = json!({"text": explanation});
        rule["help"] =
            json!({"text": format!("{explanation} `windlass explain {code}` says more.")});
    }
    rule
}

fn result(diagnostic: &Diagnostic, codes: &[&str]) -> Value {
    let mut message = diagnostic.message.clone();
    for help in &diagnostic.help {
        message.push_str(&format!("\nhelp: {help}"));
    }
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let mut result = Map::new();
    result.insert("ruleId".to_owned(), json!(diagnostic.code));
    if let Ok(index) = codes.binary_search(&diagnostic.code) {
        result.insert("ruleIndex".to_owned(), json!(index));
    }
    result.insert("level".to_owned(), json!(level));
    result.insert("message".to_owned(), json!({"text": message}));
    let locations: Vec<Value> = diagnostic.span.iter().map(location).collect();
    result.insert("locations".to_owned(), Value::Array(locations));
    Value::Object(result)
}

fn location(span: &Span) -> Value {
    let (begin, end) = (span.begin(), span.finish());
    json!({"physicalLocation": {
        "artifactLocation": {"uri": uri(&span.source.path)},
        "region": {
            "startLine": begin.line,
            "startColumn": begin.column,
            "endLine": end.line,
            "endColumn": end.column,
        },
    }})
}

/// A path as a URI reference: relative as it is, absolute with its scheme.
fn uri(path: &Path) -> String {
    let mut uri = if path.is_absolute() { "file://".to_owned() } else { String::new() };
    let mut first = !path.is_absolute();
    for component in path.components() {
        let segment = match component {
            Component::Normal(segment) => segment.to_string_lossy().into_owned(),
            Component::ParentDir => "..".to_owned(),
            Component::CurDir | Component::RootDir => continue,
            Component::Prefix(prefix) => prefix.as_os_str().to_string_lossy().into_owned(),
        };
        if !std::mem::take(&mut first) {
            uri.push('/');
        }
        push_encoded(&mut uri, &segment);
    }
    uri
}

fn push_encoded(uri: &mut String, segment: &str) {
    for byte in segment.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                uri.push(char::from(byte));
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_uri_reference() {
        for (path, expected) in [
            ("runbooks/move.yaml", "runbooks/move.yaml"),
            ("./a b.yaml", "a%20b.yaml"),
            ("../ä:1.yaml", "../%C3%A4%3A1.yaml"),
            ("/srv/x#y.yaml", "file:///srv/x%23y.yaml"),
        ] {
            assert_eq!(uri(Path::new(path)), expected);
        }
    }
}
