//! What the language gives.

use serde_json::json;

use super::*;

#[test]
fn a_whole_template_keeps_its_type_and_a_mixed_one_is_a_text() {
    for (source, expected) in [
        ("{{ params.size }}", json!(25)),
        ("{{ params.boxes }}", json!(["alice", "bob"])),
        ("{{ params.none }}", json!(null)),
        ("{{ params.flag }}", json!(true)),
        ("n={{ params.size }}", json!("n=25")),
        ("{{ params.size }} ", json!("25 ")),
        ("f={{ params.flag }} r={{ params.ratio }}", json!("f=true r=0.5")),
        ("plain", json!("plain")),
        ("line\n", json!("line\n")),
        ("{{ params.name }}\n", json!("ada\n")),
        ("{# remark #}x", json!("x")),
        ("{% raw %}{{ x }}{% endraw %}", json!("{{ x }}")),
    ] {
        assert_eq!(render(source).map_err(|error| error.message), Ok(expected), "{source}");
    }
}

#[test]
fn expressions_follow_jinja() {
    for (source, expected) in [
        ("1 + 2 * 3", json!(7)),
        ("7 // 2", json!(3)),
        ("-7 // 2", json!(-4)),
        ("7 / 2", json!(3.5)),
        ("2 ** 10", json!(1024)),
        ("-params.size", json!(-25)),
        ("-0.0", json!(-0.0)),
        ("'a' ~ 1 ~ true", json!("a1true")),
        ("'a' + 'b'", json!("ab")),
        ("[1] + [2]", json!([1, 2])),
        ("(1, 2)", json!([1, 2])),
        ("{'a': [1, {'b': none}]}", json!({"a": [1, {"b": null}]})),
        ("params.boxes[0]", json!("alice")),
        ("params.boxes[-1]", json!("bob")),
        ("params.boxes[1:]", json!(["bob"])),
        ("params.boxes[::-1]", json!(["bob", "alice"])),
        ("params['name']", json!("ada")),
        ("params.name[1:]", json!("da")),
        ("'wave_' ~ (index + 1)", json!("wave_4")),
        ("params.boxes | batch(1) | list", json!([["alice"], ["bob"]])),
        ("params.boxes | join(',')", json!("alice,bob")),
        ("params.boxes | map('upper') | list", json!(["ALICE", "BOB"])),
        ("out.json['items'] | map(attribute='id') | list", json!([1, 2])),
        ("out.json['items'] | selectattr('id', 'gt', 1) | list", json!([{"id": 2}])),
        ("out.stdout | trim | int", json!(5)),
        ("range(3)", json!([0, 1, 2])),
        ("'x' if params.flag else 'y'", json!("x")),
        ("params.none or 'other'", json!("other")),
        ("params.boxes and true", json!(true)),
        ("{'b': 1, 'a': 2} | tojson", json!("{\"b\":1,\"a\":2}")),
        ("['b', 'A', 'a'] | sort", json!(["A", "a", "b"])),
        ("['Al', 'al', 'al'] | unique | list", json!(["Al", "al"])),
        ("['Al', 'al'] | unique(case_sensitive=false) | list", json!(["Al"])),
        (
            "[{'n': 'x', 'v': 1}, {'n': 'X', 'v': 2}] | groupby('n') | map(attribute='grouper') | list",
            json!(["X", "x"]),
        ),
        ("[{'n': 'x', 'v': 1}] | groupby('n')", json!([["x", [{"n": "x", "v": 1}]]])),
        (
            "[{'v': 2}, {'v': 1}] | sort(attribute='v') | map(attribute='v') | join('-')",
            json!("1-2"),
        ),
        ("[{'v': {'w': [5]}}] | map(attribute='v.w.0') | list", json!([5])),
        ("[1, 2, 3] | sum", json!(6)),
        ("'%s: %03d' | format('n', 5)", json!("n: 005")),
        ("'a\nb' | indent(2)", json!("a\n  b")),
        ("['1', '2'] | map('int') | list", json!([1, 2])),
        ("params.none | tojson", json!("null")),
        ("out.json['items'] | length", json!(2)),
        ("'true' | bool", json!(true)),
        ("3 is odd and not 3 is even", json!(true)),
        ("params.none is none", json!(true)),
    ] {
        gives(source, expected);
    }
}

#[test]
fn comparisons_hold_within_one_kind() {
    for (source, expected) in [
        ("1 == 1.0", true),
        ("1 < 2 <= 2 < 3", true),
        ("1 < 2 > 5", false),
        ("'a' < 'b'", true),
        ("params.none == none", true),
        ("params.name == none", false),
        ("none != 5", true),
        ("[1, 2] == [1, 2]", true),
        ("[1] == [1, '2']", false),
        ("{'a': 1} == {'a': 1.0}", true),
        ("{'a': 1} == {'b': 1}", false),
        ("params.flag == true", true),
        ("'alice' in params.boxes", true),
        ("'eve' not in params.boxes", true),
        ("'home' in out.json", true),
        ("'nowhere' in out.json", false),
        ("'d' in params.name", true),
        ("5 in ['a', 5]", true),
        ("18446744073709551615 > 9223372036854775807", true),
        ("9007199254740993 == 9007199254740992.0", false),
    ] {
        gives(source, json!(expected));
    }
}

#[test]
fn statements_choose_repeat_and_set() {
    for (source, expected) in [
        ("{% if params.flag %}yes{% else %}no{% endif %}", "yes"),
        ("{% if index == 1 %}a{% elif index == 3 %}b{% endif %}", "b"),
        (
            "{% for box in params.boxes %}{{ loop.index }}={{ box }}{% if not loop.last %};{% endif %}{% endfor %}",
            "1=alice;2=bob",
        ),
        ("{% for box in params.boxes if box != 'bob' %}{{ box }}{% endfor %}", "alice"),
        ("{% for box in [] %}x{% else %}none{% endfor %}", "none"),
        ("{% for key, value in {'a': 1}|items %}{{ key }}{{ value }}{% endfor %}", "a1"),
        ("{% for key in {'a': 1, 'b': 2} %}{{ key }}{% endfor %}", "ab"),
        ("{% set n = index + 1 %}{{ n }}!", "4!"),
        ("a {{- params.name -}} b", "aadab"),
    ] {
        assert_eq!(render(source).map_err(|error| error.message), Ok(json!(expected)), "{source}");
    }
}

#[test]
fn numbers_and_order_survive_bit_for_bit() {
    let value = json!({
        "z": 9007199254740993_i64, "y": u64::MAX, "x": i64::MIN, "a": 0.1, "b": 1.0, "c": 1e300, "d": -0.0,
        "e": 5e-324, "f": 3, "g": [[], {}, "", null, false], "h": "ü\u{0}\u{1F600}",
    });
    let scope = Scope::new().with("value", value.clone());
    let given = Expression::parse("value").unwrap().eval(&scope).unwrap();
    assert_eq!(serde_json::to_string(&given).unwrap(), serde_json::to_string(&value).unwrap());
}

#[test]
fn quoting_survives_any_text() {
    for (source, expected) in [
        ("'it''s' | sh", r"'its'"),
        ("\"it's\" | sh", r"'it'\''s'"),
        ("'' | sh", "''"),
        ("['a b', '$(x)'] | sh", "'a b' '$(x)'"),
        ("5 | sh", "'5'"),
        ("\"it's ‘so’\" | pwsh", "'it''s ‘‘so’’'"),
        ("['a', 'b'] | pwsh", "'a', 'b'"),
    ] {
        gives(source, json!(expected));
    }
    let nasty = "a'b\"c\\d $e `f`\n*?[x]#~;&|<>(){}!\t ";
    let scope = Scope::new().with("x", nasty);
    let quoted = Template::parse("{{ x | sh }}").unwrap().render_text(&scope).unwrap();
    assert_eq!(shlex::split(&quoted), Some(vec![nasty.to_owned()]));
}

#[test]
fn paths_are_taken_apart_as_posix_does() {
    for (path, base, dir) in [
        ("/a/b.txt", "b.txt", "/a"),
        ("/a/b/", "b", "/a"),
        ("a", "a", "."),
        ("/a", "a", "/"),
        ("/", "/", "/"),
        ("//", "/", "/"),
        ("", "", "."),
        ("a//b", "b", "a"),
        ("./a", "a", "."),
    ] {
        gives(&format!("'{path}' | basename"), json!(base));
        gives(&format!("'{path}' | dirname"), json!(dir));
    }
}
