//! Values of parameters: from the command line and from files, by the schema that each parameter declares.
//!
//! Does not read files nor YAML itself; whoever calls lends a [`Reader`].

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::model::{Param, Place};
use super::near::did_you_mean;
use super::schema::{Schema, type_in_words};
use super::typed;

/// What reading parameters needs from outside. Errors are one line, without the path.
pub trait Reader {
    /// The text of a file, within the bounds of any file of a runbook.
    fn read(&self, path: &Path) -> Result<String, String>;

    /// YAML as JSON.
    fn yaml(&self, text: &str) -> Result<Value, String>;
}

/// `-p name=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The parameter's name.
    pub name: String,
    /// What stands behind the `=`.
    pub text: String,
}

impl std::str::FromStr for Given {
    type Err = String;

    fn from_str(argument: &str) -> Result<Given, String> {
        match argument.split_once('=') {
            Some((name, text)) if !name.is_empty() => {
                Ok(Given { name: name.to_owned(), text: text.to_owned() })
            }
            _ => Err(format!("`{argument}` is not of the form `name=value`")),
        }
    }
}

/// Something wrong with a parameter's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Stable code, `W0601` to `W0605`.
    pub code: &'static str,
    /// One line, lowercase, no full stop.
    pub message: String,
    /// What to do about it, one line each.
    pub help: Vec<String>,
    /// The parameter's declaration, where there is one.
    pub at: Option<Place>,
}

/// A required parameter has no value.
pub const MISSING: &str = "W0601";
/// A value is given to a parameter that is not declared.
pub const UNKNOWN: &str = "W0602";
/// A value breaks the parameter's schema.
pub const BREAKS_SCHEMA: &str = "W0603";
/// A value, or the file that holds it, cannot be read.
pub const UNREADABLE: &str = "W0604";
/// A parameter is given twice.
pub const TWICE: &str = "W0605";

/// The value of every parameter, in the order of declaration: `-p` before `--params FILE` (the last file first) before the
/// default. All that is wrong is told at once.
pub fn resolve(
    declared: &IndexMap<String, Param>,
    given: &[Given],
    files: &[PathBuf],
    reader: &dyn Reader,
) -> Result<Map<String, Value>, Vec<Problem>> {
    let mut resolving =
        Resolving { declared, reader, values: IndexMap::new(), problems: Vec::new() };
    for file in files {
        resolving.take_file(file);
    }
    resolving.take_arguments(given);
    resolving.finish()
}

struct Resolving<'a> {
    declared: &'a IndexMap<String, Param>,
    reader: &'a dyn Reader,
    /// Values with where they come from, in words. One that could not be read is nothing, and is not missing either.
    values: IndexMap<String, Option<(Value, String)>>,
    problems: Vec<Problem>,
}

impl Resolving<'_> {
    fn take_file(&mut self, path: &Path) {
        let shown = path.display();
        let read = self.reader.read(path).and_then(|text| self.reader.yaml(&text));
        let entries = match read {
            Ok(Value::Object(entries)) => entries,
            Ok(_) => {
                return self.problem(
                    UNREADABLE,
                    format!("`{shown}` holds no map of parameters"),
                    None,
                );
            }
            Err(reason) => return self.problem(UNREADABLE, format!("`{shown}`: {reason}"), None),
        };
        for (name, value) in entries {
            if self.is_declared(&name, &format!(" in `{shown}`")) {
                self.values.insert(name, Some((value, format!(" in `{shown}`"))));
            }
        }
    }

    fn take_arguments(&mut self, given: &[Given]) {
        let mut seen: Vec<&str> = Vec::new();
        for Given { name, text } in given {
            if seen.contains(&name.as_str()) {
                self.problem(TWICE, format!("parameter `{name}` is given twice"), None);
                continue;
            }
            seen.push(name);
            if !self.is_declared(name, "") {
                continue;
            }
            let param = &self.declared[name];
            let value = match read_argument(&param.schema, text, self.reader) {
                Ok(value) => Some((value, String::new())),
                Err((message, help)) => {
                    self.problem(UNREADABLE, format!("`{name}`: {message}"), Some(param.at));
                    self.problems.last_mut().expect("a problem was just told").help.extend(help);
                    None
                }
            };
            self.values.insert(name.clone(), value);
        }
    }

    fn is_declared(&mut self, name: &str, place: &str) -> bool {
        if self.declared.contains_key(name) {
            return true;
        }
        let near = did_you_mean(name, self.declared.keys().map(String::as_str));
        self.problem(UNKNOWN, format!("the runbook has no parameter `{name}`{place}"), None);
        let help = near.or_else(|| (!self.declared.is_empty()).then(|| self.names()));
        self.problems.last_mut().expect("a problem was just told").help.extend(help);
        false
    }

    fn names(&self) -> String {
        let names: Vec<String> = self.declared.keys().map(|name| format!("`{name}`")).collect();
        format!("its parameters are {}", names.join(", "))
    }

    fn finish(mut self) -> Result<Map<String, Value>, Vec<Problem>> {
        let mut complete = Map::new();
        for (name, param) in self.declared {
            match (self.values.swap_remove(name), &param.default) {
                (Some(Some((value, place))), _) => {
                    self.check(name, param, &value, &place);
                    complete.insert(name.clone(), value);
                }
                (Some(None), _) => {}
                (None, Some(default)) => {
                    complete.insert(name.clone(), default.clone());
                }
                (None, None) => self.missing(name, param),
            }
        }
        if self.problems.is_empty() { Ok(complete) } else { Err(self.problems) }
    }

    fn check(&mut self, name: &str, param: &Param, value: &Value, place: &str) {
        // A schema that is none has been told when the runbook was checked; nothing keeps it.
        let violations = match Schema::parse(&param.schema) {
            Ok(schema) => {
                schema.violations(value).iter().map(|violation| violation.of(name)).collect()
            }
            Err(errors) => errors
                .iter()
                .map(|error| format!("`{name}`: {}", error.message))
                .collect::<Vec<_>>(),
        };
        for violation in violations {
            self.problem(BREAKS_SCHEMA, format!("{violation}{place}"), Some(param.at));
        }
    }

    fn missing(&mut self, name: &str, param: &Param) {
        self.problem(MISSING, format!("parameter `{name}` has no value"), Some(param.at));
        let example = match types(&param.schema).as_slice() {
            ["array", ..] => {
                format!("give it: `-p {name}=[...]`, `-p {name}=@FILE` or `--params FILE`")
            }
            _ => format!("give it: `-p {name}=...` or `--params FILE`"),
        };
        let problem = self.problems.last_mut().expect("a problem was just told");
        problem.help.extend(
            param
                .description
                .as_ref()
                .map(|description| format!("`{name}`: {}", description.trim())),
        );
        problem.help.push(example);
    }

    fn problem(&mut self, code: &'static str, message: String, at: Option<Place>) {
        self.problems.push(Problem { code, message, help: Vec::new(), at });
    }
}

/// Why a value cannot be read, and what to do about it.
pub type Unread = (String, Option<String>);

/// A value from the command line, by its schema. `@FILE` is the file's content, `@@` a text that begins with `@`.
///
/// # Errors
/// If the text cannot be understood as what the schema says, or the file not be read.
pub fn read_argument(schema: &Value, text: &str, reader: &dyn Reader) -> Result<Value, Unread> {
    match text.strip_prefix('@') {
        Some(literal) if literal.starts_with('@') => read_text(schema, literal, reader),
        Some(path) => read_file(schema, Path::new(path), reader)
            .map_err(|reason| (format!("`{path}`: {reason}"), None)),
        None => read_text(schema, text, reader),
    }
}

fn read_file(schema: &Value, path: &Path, reader: &dyn Reader) -> Result<Value, String> {
    let extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default()
        .to_lowercase();
    match extension.as_str() {
        "json" => serde_json::from_str(&reader.read(path)?).map_err(|error| error.to_string()),
        "yaml" | "yml" => reader.yaml(&reader.read(path)?),
        "csv" => read_csv(schema, &reader.read(path)?),
        "txt" if types(schema) == ["string"] => {
            Ok(Value::String(without_line_end(&reader.read(path)?).to_owned()))
        }
        "txt" => Ok(reader
            .read(path)?
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(Value::from)
            .collect()),
        _ => Err("the name of the file must end in `.txt`, `.csv`, `.json` or `.yaml`".to_owned()),
    }
}

fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

/// A list of maps by the header. A cell has the type that the schema gives its column, and is left out where it is empty and no text.
fn read_csv(schema: &Value, text: &str) -> Result<Value, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut rows = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = rows.headers().map_err(|error| csv_error(&error))?.clone();
    for (index, name) in header.iter().enumerate() {
        if name.is_empty() {
            return Err(format!("column {} has no name in the first line", index + 1));
        }
        if header.iter().take(index).any(|earlier| earlier == name) {
            return Err(format!("two columns are named `{name}`"));
        }
    }
    let columns: Vec<&Value> =
        header.iter().map(|name| &schema["items"]["properties"][name]).collect();
    let mut list = Vec::new();
    for row in rows.records() {
        let row = row.map_err(|error| csv_error(&error))?;
        let line = row.position().map_or(0, csv::Position::line);
        let mut entry = Map::new();
        for ((name, cell), column) in header.iter().zip(&row).zip(&columns) {
            if let Some(value) = read_cell(column, cell)
                .map_err(|reason| format!("line {line}, `{name}`: {reason}"))?
            {
                entry.insert(name.to_owned(), value);
            }
        }
        list.push(Value::Object(entry));
    }
    Ok(Value::Array(list))
}

fn csv_error(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            format!("line {line} has {}, the first line has {}", cells(*len), cells(*expected_len))
        }
        _ => error.to_string(),
    }
}

fn cells(count: u64) -> String {
    if count == 1 { "1 cell".to_owned() } else { format!("{count} cells") }
}

fn read_cell(column: &Value, cell: &str) -> Result<Option<Value>, String> {
    let types = types(column);
    if types.is_empty() || types.contains(&"string") {
        return Ok(Some(Value::from(cell)));
    }
    if cell.is_empty() {
        return Ok(None);
    }
    scalar(&types, cell).map(Some).ok_or_else(|| wanted(&types, cell))
}

/// A text from the command line: as it is where a text will do, else by its type; lists and maps are YAML.
fn read_text(schema: &Value, text: &str, reader: &dyn Reader) -> Result<Value, Unread> {
    let types = types(schema);
    if types.contains(&"string") {
        return Ok(Value::from(text));
    }
    if types.is_empty() {
        return Ok(untyped(schema, text, reader));
    }
    if let Some(value) = scalar(&types, text) {
        return Ok(value);
    }
    if !types.contains(&"array") && !types.contains(&"object") {
        return Err((wanted(&types, text), None));
    }
    match reader.yaml(text) {
        Ok(value @ (Value::Array(_) | Value::Object(_))) => Ok(value),
        Ok(_) if types.contains(&"array") => Err((
            wanted(&types, text),
            Some("write `[a, b]`, or `@FILE` for a file with an item a line".to_owned()),
        )),
        Ok(_) => Err((
            wanted(&types, text),
            Some("write `{key: value}`, or `@FILE` for a YAML or JSON file".to_owned()),
        )),
        Err(reason) => Err((reason, None)),
    }
}

/// Without a type the schema decides whether the text or what YAML makes of it is meant; the text comes first.
fn untyped(schema: &Value, text: &str, reader: &dyn Reader) -> Value {
    let as_text = Value::from(text);
    match (Schema::parse(schema), reader.yaml(text)) {
        (Ok(schema), Ok(value)) if !schema.accepts(&as_text) && schema.accepts(&value) => value,
        _ => as_text,
    }
}

fn scalar(types: &[&str], text: &str) -> Option<Value> {
    types.iter().find_map(|kind| match *kind {
        "integer" => typed::integer(text),
        "number" => typed::number(text),
        "boolean" => typed::boolean(text),
        "null" => (text.trim() == "null").then_some(Value::Null),
        _ => None,
    })
}

fn wanted(types: &[&str], text: &str) -> String {
    let words: Vec<&str> = types.iter().map(|kind| type_in_words(kind)).collect();
    format!("{} is needed, not {}", words.join(" or "), super::schema::describe(&Value::from(text)))
}

/// The types that a schema names.
fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
