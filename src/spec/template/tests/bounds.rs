//! What a template cannot do: run on, fill the memory, exhaust the stack, or convert what is shared.

use std::sync::Arc;

use serde_json::json;

use super::super::{Lookup, ScopeValue, Segment, convert::count};
use super::*;
use crate::spec::model::Dynamic;

fn fails(source: &str) -> String {
    match Template::parse(source) {
        Err(error) => error.message,
        Ok(template) => {
            template
                .render(&scope())
                .map(|value| panic!("{source:.80} gives {value}"))
                .unwrap_err()
                .message
        }
    }
}

#[test]
fn what_runs_on_is_stopped() {
    let stopped = "the template does too much; it was stopped";
    let nested = "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
    assert_eq!(fails(nested), stopped);
    let searching =
        "{% set l = range(100000) %}{% for a in l %}{% if -1 in l %}{% endif %}{% endfor %}";
    assert_eq!(fails(searching), stopped);
    let filtering = "{% set l = range(100000) %}{% for a in l %}{% set x = l | sort %}{% endfor %}";
    assert_eq!(fails(filtering), stopped);
    let doubling =
        format!("{{% set t = '0123456789' %}}{}{{{{ t }}}}", "{% set t = t ~ t %}".repeat(60));
    assert_eq!(fails(&doubling), "the text grows beyond 16 MiB");
    let sharing =
        format!("{{% set l = [0] %}}{}{{{{ l | tojson }}}}", "{% set l = [l, l] %}".repeat(60));
    assert_eq!(fails(&sharing), stopped);
}

#[test]
fn a_shared_value_is_not_written_out_beyond_measure() {
    let mut value = ScopeValue::from("x");
    for _ in 0..40 {
        value = ScopeValue::list(vec![value.clone(), value]);
    }
    let scope = Scope::new().with("x", value);
    let error = Expression::parse("x").unwrap().eval(&scope).unwrap_err();
    assert_eq!(error.message, "the value is too large to be written out");
}

#[test]
fn filters_do_not_fill_the_memory() {
    for source in [
        "{{ 'a' | indent(99999999999) }}",
        "{{ [1] | batch(99999999999, 0) | list }}",
        "{{ [1] | slice(99999999999) | list }}",
        "{{ '%99999999999d' | format(1) }}",
        "{{ '%*d' | format(99999999, 1) }}",
        "{% set a = range(100000) | join('aaaaaaaaaa') %}{{ a | replace('a', a) }}",
        "{{ range(100000) | join(range(100000) | join) }}",
        "{{ [1] | map('batch', 99999999999, 0) | list }}",
        "{{ ['a'] | map('indent', 99999999999) | list }}",
        "{{ range(99999999) }}",
        "{{ 10 ** 10 ** 10 }}",
    ] {
        assert!(!fails(source).is_empty(), "{source}");
    }
}

#[test]
fn depth_and_length_are_bounded() {
    let many = 200_000;
    for source in [
        "(".repeat(many),
        "[".repeat(many),
        "{".repeat(many),
        "-".repeat(many) + "1",
        "not ".repeat(many) + "true",
        "1".to_owned() + &"+1".repeat(many),
        "a".to_owned() + &".a".repeat(many),
        "a".to_owned() + &"|list".repeat(many),
        "a".to_owned() + &"[0]".repeat(many),
        "1".to_owned() + &" if a else 1".repeat(many),
        "1".to_owned() + &" is odd".repeat(many),
        "f".to_owned() + &"()".repeat(many),
        "a".repeat(300) + &"(a".repeat(many),
    ] {
        assert!(Expression::parse(&source).is_err(), "{source:.20}");
        assert!(Template::parse(&format!("{{{{ {source} }}}}")).is_err(), "{source:.20}");
    }
    assert!(Template::parse(&"{% if a %}".repeat(many)).is_err());
    assert!(
        Template::parse(&("{% if a %}{% elif b %}".to_owned() + &"{% elif c %}".repeat(many)))
            .is_err()
    );
    let deepest = "-".repeat(190) + "1";
    assert!(Expression::parse(&deepest).unwrap().eval(&scope()).is_ok());
    let widest = format!("[{}]", "'x', ".repeat(100_000));
    assert!(Expression::parse(&widest).unwrap().eval(&scope()).is_ok());
    let longest = "{{ index }}".repeat(100_000);
    assert_eq!(
        Template::parse(&longest).unwrap().render(&scope()).unwrap(),
        json!("3".repeat(100_000))
    );
}

#[test]
fn a_fan_out_does_not_convert_the_list_that_its_items_share() {
    let boxes: Vec<String> = (0..100_000).map(|number| format!("box{number}")).collect();
    let before = count::so_far();
    let scope = Scope::new().with("params", json!({ "boxes": boxes }));
    let made = count::so_far();
    assert_eq!(made - before, 100_002);
    let items =
        Expression::parse("params.boxes").unwrap().eval_shared(&scope).unwrap().items().unwrap();
    assert_eq!((items.len(), count::so_far()), (100_000, made));
    let command =
        Template::parse("{{ box }} of {{ params.boxes | length }}, first {{ params.boxes[0] }}")
            .unwrap();
    let batches = Template::parse("{{ params.boxes | batch(25) | list }}").unwrap();
    let shared = scope.with("waves", batches.render_shared(&scope).unwrap());
    assert_eq!(count::so_far(), made);
    for item in &items {
        let text = command.render_text(&shared.with("box", item.clone())).unwrap();
        assert!(text.ends_with("of 100000, first box0"));
    }
    assert_eq!(count::so_far(), made);
}

#[derive(Debug)]
struct Steps;

impl Lookup for Steps {
    fn get(&self, key: &str) -> Option<ScopeValue> {
        (key == "backup").then(|| json!({"outputs": {"count": 7}, "status": "succeeded"}).into())
    }

    fn keys(&self) -> Vec<String> {
        vec!["backup".to_owned()]
    }

    fn why_missing(&self, key: &str) -> Option<String> {
        (key == "later").then(|| "step `later` has not run yet".to_owned())
    }
}

#[test]
fn a_lookup_is_asked_only_for_what_is_read() {
    let scope = Scope::new().with("steps", ScopeValue::lookup(Arc::new(Steps)));
    let eval = |source: &str| Expression::parse(source).unwrap().eval(&scope);
    assert_eq!(eval("steps.backup.outputs.count + 1").unwrap(), json!(8));
    assert_eq!(eval("'backup' in steps").unwrap(), json!(true));
    assert_eq!(eval("'later' in steps").unwrap(), json!(false));
    assert_eq!(eval("steps | list").unwrap(), json!(["backup"]));
    assert_eq!(
        eval("steps.later.status == 'x'").unwrap_err().message,
        "step `later` has not run yet"
    );
    let error = eval("steps.bakup").unwrap_err();
    assert_eq!(
        (error.message.as_str(), error.help.as_deref()),
        ("there is no `bakup` in this map", Some("did you mean `backup`?"))
    );
}

#[test]
fn references_name_what_is_read_and_where() {
    let shown = |source: &str| -> Vec<String> {
        let template = Template::parse(source).unwrap();
        template
            .references()
            .iter()
            .map(|reference| format!("{reference} @{}", &source[reference.range.clone()]))
            .collect()
    };
    assert_eq!(
        shown("{{ steps.backup.outputs.count }}"),
        ["steps.backup.outputs.count @steps.backup.outputs.count"]
    );
    assert_eq!(
        shown(
            "{{ steps.g.items[box].move.outputs['n'] | default_ }}"
                .replace(" | default_", "")
                .as_str()
        ),
        ["steps.g.items[].move.outputs.n @steps.g.items[box].move.outputs['n']", "box @box"]
    );
    assert_eq!(
        shown("{% for b in params.boxes %}{{ b.x }}{{ loop.index }}{{ c }}{% endfor %}{{ b }}"),
        ["params.boxes @params.boxes", "c @c", "b @b"]
    );
    assert_eq!(
        shown("{% set x = a %}{{ x }}{{ (y.z).w }}{{ 'q'.r }}{{ f[0] }}"),
        ["a @a", "y.z.w @y.z).w", "f[] @f[0]"]
    );
    assert_eq!(
        Expression::parse("a.b == c").unwrap().references()[0].path[1],
        Segment::Name("b".to_owned())
    );
}

#[test]
fn the_last_filter_of_every_insertion_is_known() {
    let ends = |source: &str| Template::parse(source).unwrap().ends_in_filter("sh");
    assert!(ends(
        "echo {{ a | sh }} {{ b | upper | sh }}{% if c %}{{ d | sh if e else f | sh }}{% endif %}"
    ));
    assert!(ends("echo"));
    assert!(!ends("echo {{ a }}") && !ends("{{ a | sh | upper }}") && !ends("{{ a | sh ~ b }}"));
    let template = Template::parse("{{ a | sh }} {{ b }}").unwrap();
    assert_eq!(template.not_ending_in_filter("sh").first(), Some(&(16..17)));
}

#[test]
fn a_dynamic_value_renders_every_text_and_keeps_what_is_literal() {
    let value = json!({"a": ["{{ params.size }}", "x", {"b": "n={{ index }}"}], "c": [1, {"d": null}], "e": "{% raw %}{{{% endraw %}"});
    let dynamic = Dynamic::parse(value).unwrap();
    assert_eq!(
        dynamic.render(&scope()).unwrap(),
        json!({"a": [25, "x", {"b": "n=3"}], "c": [1, {"d": null}], "e": "{{"})
    );
    assert_eq!(
        dynamic.render_shared(&scope()).unwrap().to_json().unwrap(),
        dynamic.render(&scope()).unwrap()
    );
    assert_eq!(
        dynamic.references().map(ToString::to_string).collect::<Vec<_>>(),
        ["params.size", "index"]
    );
    assert!(Dynamic::parse(json!([1, "x"])).unwrap().as_literal().is_some());
    let errors = Dynamic::parse(json!({"a": ["{{", {"b": "{{ x | no }}"}]})).unwrap_err();
    let paths: Vec<_> = errors.iter().map(|(path, _)| path.join(".")).collect();
    assert_eq!(paths, ["a.0", "a.1.b"]);
}

#[test]
fn every_filter_test_and_function_that_is_offered_exists() {
    use super::super::environment::{FILTERS, FUNCTIONS, TESTS, state};
    let unknown = |error: minijinja::Error| error.to_string().contains("unknown");
    for filter in FILTERS {
        assert!(!state().apply_filter(filter, &[]).is_err_and(unknown), "{filter}");
    }
    for test in TESTS {
        assert!(!state().perform_test(test, &[]).is_err_and(unknown), "{test}");
    }
    for function in FUNCTIONS {
        assert!(state().lookup(function).is_some(), "{function}");
    }
}

#[test]
fn templates_can_be_shared_between_threads() {
    fn shared<T: Clone + std::fmt::Debug + Send + Sync + 'static>() {}
    shared::<Template>();
    shared::<Expression>();
    shared::<Scope>();
    shared::<ScopeValue>();
    shared::<Dynamic>();
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(source in r#"[a-c0-2 .,|(){}%\[\]'"<>=+*~!-]{0,40}"#, loose in ".{0,60}") {
        for text in [source.clone(), format!("{{{{{source}}}}}"), format!("{{% {source} %}}"), loose] {
            if let Ok(template) = Template::parse(&text) {
                template.render(&scope()).map_err(|error| text[error.range].len()).ok();
            }
            match Expression::parse(&text) {
                Ok(expression) => { expression.eval(&scope()).map_err(|error| text[error.range].len()).ok(); }
                Err(error) => { let _ = &text[error.range]; }
            }
        }
    }
}
