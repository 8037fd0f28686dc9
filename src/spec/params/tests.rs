use std::collections::HashMap;

use serde_json::json;

use super::*;

/// Files in memory; JSON stands for YAML, of which it is a part.
struct Files(HashMap<&'static str, &'static str>);

impl Reader for Files {
    fn read(&self, path: &Path) -> Result<String, String> {
        self.0
            .get(path.to_str().unwrap())
            .map(|text| (*text).to_owned())
            .ok_or_else(|| "there is no such file".to_owned())
    }

    fn yaml(&self, text: &str) -> Result<Value, String> {
        serde_json::from_str(text).or_else(|_| {
            if text.contains('[') { Err("bad YAML".to_owned()) } else { Ok(json!(text)) }
        })
    }
}

fn param(schema: Value, default: Option<Value>) -> Param {
    Param { schema, default, description: None, at: Place { file: 0, node: 7 } }
}

fn declared() -> IndexMap<String, Param> {
    let row = json!({"type": "object", "properties": {"size": {"type": "integer"}, "vip": {"type": "boolean"}}});
    IndexMap::from([
        ("source".to_owned(), param(json!({"type": "string"}), None)),
        (
            "boxes".to_owned(),
            param(
                json!({"type": "array", "items": {"type": "string"}, "minItems": 1}),
                Some(json!(["x"])),
            ),
        ),
        ("rows".to_owned(), param(json!({"type": "array", "items": row}), Some(json!([])))),
        ("size".to_owned(), param(json!({"type": "integer", "maximum": 30}), Some(json!(25)))),
        ("dry".to_owned(), param(json!({"type": "boolean"}), Some(json!(false)))),
        ("limit".to_owned(), param(json!({"type": ["number", "null"]}), Some(json!(null)))),
        ("mode".to_owned(), param(json!({"enum": ["fast", 5]}), Some(json!("fast")))),
        ("options".to_owned(), param(json!({"type": "object"}), Some(json!({})))),
    ])
}

fn files() -> Files {
    Files(HashMap::from([
        ("boxes.txt", "alice\r\n\n  bob  \n"),
        ("token.txt", "  s3cret \r\n"),
        ("rows.csv", "\u{feff}name, size,vip\n\"A, B\",5,true\nc,,false\n"),
        ("ragged.csv", "a,b\n1,2\n3\n"),
        ("double.csv", "a,a\n1,2\n"),
        ("typed.csv", "name,size\nx,big\n"),
        ("boxes.json", "[\"a\"]"),
        ("all.yaml", r#"{"source": "file", "size": 3, "boxes": ["f"]}"#),
        ("wrong.yaml", r#"{"sorce": "x", "size": 99}"#),
        ("list.yaml", "[1]"),
    ]))
}

fn resolved(arguments: &[&str], from: &[&str]) -> Result<Map<String, Value>, Vec<String>> {
    let given: Vec<Given> = arguments.iter().map(|argument| argument.parse().unwrap()).collect();
    let from: Vec<PathBuf> = from.iter().map(PathBuf::from).collect();
    resolve(&declared(), &given, &from, &files()).map_err(|problems| {
        problems
            .iter()
            .map(|p| format!("{} {} {}", p.code, p.message, p.help.join(" | ")).trim().to_owned())
            .collect()
    })
}

fn value(argument: &str) -> Value {
    let name = argument.split('=').next().unwrap();
    resolved(&["source=s", argument][usize::from(name == "source")..], &[]).unwrap()[name].clone()
}

#[test]
fn a_value_is_read_by_its_schema() {
    for (argument, expected) in [
        ("source=5", json!("5")),
        ("source= a=b ", json!(" a=b ")),
        ("source=", json!("")),
        ("source=@@x", json!("@x")),
        ("source=@token.txt", json!("  s3cret ")),
        ("size=7", json!(7)),
        ("dry=true", json!(true)),
        ("limit=0.5", json!(0.5)),
        ("limit=null", json!(null)),
        ("mode=fast", json!("fast")),
        ("mode=5", json!(5)),
        ("boxes=[\"a\", \"b\"]", json!(["a", "b"])),
        ("boxes=@boxes.txt", json!(["alice", "bob"])),
        ("boxes=@boxes.json", json!(["a"])),
        ("options={\"a\": 1}", json!({"a": 1})),
        (
            "rows=@rows.csv",
            json!([{"name": "A, B", "size": 5, "vip": true}, {"name": "c", "vip": false}]),
        ),
    ] {
        assert_eq!(value(argument), expected, "{argument}");
    }
}

#[test]
fn the_command_line_comes_before_files_and_files_before_defaults() {
    let all = resolved(&["size=7"], &["all.yaml"]).unwrap();
    assert_eq!(
        serde_json::to_string(&all).unwrap(),
        r#"{"source":"file","boxes":["f"],"rows":[],"size":7,"dry":false,"limit":null,"mode":"fast","options":{}}"#
    );
}

#[test]
fn everything_wrong_is_told_at_once() {
    assert_eq!(
        resolved(
            &["size=x", "boxes=alice", "dry=yes", "mode=slow", "zzz=1", "size=3"],
            &["wrong.yaml", "none.yaml", "list.yaml"]
        )
        .unwrap_err(),
        [
            "W0602 the runbook has no parameter `sorce` in `wrong.yaml` did you mean `source`?",
            "W0604 `none.yaml`: there is no such file",
            "W0604 `list.yaml` holds no map of parameters",
            "W0604 `size`: a whole number is needed, not the text `x`",
            "W0604 `boxes`: a list is needed, not the text `alice` write `[a, b]`, or `@FILE` for a file with an item a line",
            "W0604 `dry`: true or false is needed, not the text `yes`",
            "W0602 the runbook has no parameter `zzz` its parameters are `source`, `boxes`, `rows`, `size`, `dry`, `limit`, `mode`, `options`",
            "W0605 parameter `size` is given twice",
            "W0601 parameter `source` has no value give it: `-p source=...` or `--params FILE`",
            "W0603 `mode`: the text `slow` is none of [\"fast\",5]",
        ]
    );
    assert_eq!(
        resolved(&["source=s"], &["wrong.yaml"]).unwrap_err()[1],
        "W0603 `size`: the number 99 is more than 30 in `wrong.yaml`"
    );
    assert_eq!(
        resolved(&["source=s", "boxes=[]"], &[]).unwrap_err(),
        ["W0603 `boxes`: the list has no item, fewer than 1"]
    );
}

#[test]
fn a_bad_file_is_told_with_its_line() {
    for (argument, message) in [
        ("rows=@ragged.csv", "`ragged.csv`: line 3 has 1 cell, the first line has 2 cells"),
        ("rows=@double.csv", "`double.csv`: two columns are named `a`"),
        (
            "rows=@typed.csv",
            "`typed.csv`: line 2, `size`: a whole number is needed, not the text `big`",
        ),
        (
            "boxes=@boxes.xls",
            "`boxes.xls`: the name of the file must end in `.txt`, `.csv`, `.json` or `.yaml`",
        ),
        ("boxes=@none.txt", "`none.txt`: there is no such file"),
        ("boxes=[", "bad YAML"),
    ] {
        let name = argument.split('=').next().unwrap();
        assert_eq!(
            resolved(&["source=s", argument], &[]).unwrap_err(),
            [format!("W0604 `{name}`: {message}")],
            "{argument}"
        );
    }
    assert!("novalue".parse::<Given>().is_err() && "=x".parse::<Given>().is_err());
}
