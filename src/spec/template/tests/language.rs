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
