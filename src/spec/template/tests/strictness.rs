//! What the language refuses, and where it says so.

use super::*;

fn check(cases: &[(&str, &str, &str)]) {
    for (source, message, place) in cases {
        assert_eq!(refuses(source), ((*message).to_owned(), (*place).to_owned()), "{source}");
    }
}

#[test]
fn what_does_not_exist_is_an_error_wherever_it_stands() {
    check(&[
        ("missing", "`missing` is not defined here", "missing"),
        ("missing == 1", "`missing` is not defined here", "missing"),
        ("1 in [missing]", "`missing` is not defined here", "missing"),
        ("missing or true", "`missing` is not defined here", "missing"),
        ("[missing]", "`missing` is not defined here", "missing"),
        ("{'a': missing}", "`missing` is not defined here", "missing"),
        ("missing is none", "`missing` is not defined here", "missing"),
        ("missing | length", "`missing` is not defined here", "missing"),
        ("params.boxes | join(missing)", "`missing` is not defined here", "missing"),
        ("params.nam != 'x'", "there is no `nam` in this map", "params.nam"),
        ("params['nam']", "there is no `nam` in this map", "params['nam']"),
        ("out.json.home.x", "the text `b` has no `x`", "out.json.home.x"),
        ("params.boxes[2]", "there is no item 2 in a list of 2", "params.boxes[2]"),
        ("params.boxes[-3]", "there is no item -3 in a list of 2", "params.boxes[-3]"),
        ("[] | first", "`first` gives nothing here", "[] | first"),
        ("{} | attr('x')", "`attr` gives nothing here", "{} | attr('x')"),
        ("{'a': 1}.b", "there is no `b` in this map", "{'a': 1}.b"),
        ("params.none.x", "null has no `x`", "params.none.x"),
    ]);
    assert_eq!(eval("parms.name").unwrap_err().help.as_deref(), Some("did you mean `params`?"));
    assert_eq!(eval("params.sise").unwrap_err().help.as_deref(), Some("did you mean `size`?"));
}

#[test]
fn an_attribute_that_an_item_lacks_is_an_error_in_every_filter() {
    for source in [
        "[{'a': 1}, {}] | map(attribute='a') | list",
        "[{'a': 1}, {}] | selectattr('a') | list",
        "[{'a': 1}, {}] | rejectattr('a') | list",
        "[{'a': 1}, {}] | selectattr('a', 'eq', 1) | list",
        "[{'a': 1}, {}] | groupby('a')",
        "[{'a': 1}, {}] | groupby(attribute='a')",
        "[{'a': 1}, {}] | sort(attribute='a')",
        "[{'a': 1}, {}] | unique(attribute='a')",
        "[{'a': 1}, {}] | join(',', attribute='a')",
        "[{'a': 1}, {}] | join(',', 'a')",
        "[{'a': 1}, {}] | sum('a')",
        "[{'a': 1}, {}] | sum(attribute='a')",
        "[{'a': 1}, {}] | min(attribute='a')",
        "[{'a': {'b': 1}}, {'a': {}}] | map(attribute='a.b')",
    ] {
        let (message, _) = refuses(source);
        assert!(message.contains("has no `a"), "{source}: {message}");
    }
}

#[test]
fn values_of_different_kinds_are_not_compared() {
    let number_and_text =
        "; an output that is a number says `type: integer`, and `| int` makes one of a text";
    check(&[
        (
            "params.size == '25'",
            &format!("the number 25 and the text `25` cannot be compared{number_and_text}"),
            "params.size == '25'",
        ),
        (
            "out.stdout > 3",
            &format!("the text `5\\n` and the number 3 cannot be compared{number_and_text}"),
            "out.stdout > 3",
        ),
        (
            "1 != 'a'",
            &format!("the number 1 and the text `a` cannot be compared{number_and_text}"),
            "1 != 'a'",
        ),
        (
            "1 in ['1']",
            &format!("the text `1` and the number 1 cannot be compared{number_and_text}"),
            "1 in ['1']",
        ),
        (
            "[1] == ['1']",
            &format!("the number 1 and the text `1` cannot be compared{number_and_text}"),
            "[1] == ['1']",
        ),
        (
            "{'a': 1} == {'a': '1'}",
            &format!("the number 1 and the text `1` cannot be compared{number_and_text}"),
            "{'a': 1} == {'a': '1'}",
        ),
        (
            "params.flag == 'true'",
            "true and the text `true` cannot be compared; an output that is true or false says `type: boolean`",
            "params.flag == 'true'",
        ),
        ("true == 1", "true and the number 1 cannot be compared", "true == 1"),
        ("none < 1", "null and the number 1 cannot be compared", "none < 1"),
        ("[1] < [2]", "a list has no order; numbers and texts have", "[1] < [2]"),
        ("5 in 'a5'", "a text holds texts, and the number 5 is none", "5 in 'a5'"),
        (
            "5 in {'a': 1}",
            "a map holds keys that are texts, and the number 5 is none",
            "5 in {'a': 1}",
        ),
        ("'a' in 5", "nothing is in the number 5; a list, a map or a text is needed", "'a' in 5"),
        (
            "1 is eq('1')",
            &format!("`is eq`: the number 1 and the text `1` cannot be compared{number_and_text}"),
            "1 is eq('1')",
        ),
    ]);
    for source in [
        "[1, '1'] | select('eq', 1) | list",
        "[1, 'a'] | sort",
        "[1, 'a'] | min",
        "[1, none] | max",
        "[1, '1'] | unique | list",
        "[{'a': 1}, {'a': '1'}] | sort(attribute='a')",
        "[{'a': 1}, {'a': '1'}] | groupby('a')",
        "{'a': 1, 'b': 'x'} | dictsort(by='value')",
    ] {
        let (message, _) = refuses(source);
        assert!(message.contains("cannot be compared"), "{source}: {message}");
    }
}

#[test]
fn operators_need_what_they_work_on() {
    check(&[
        ("1 + '1'", "`+` needs two numbers, not the number 1 and the text `1`", "1 + '1'"),
        ("true + 1", "`+` needs two numbers, not true and the number 1", "true + 1"),
        ("'a' * 3", "`*` needs two numbers, not the text `a` and the number 3", "'a' * 3"),
        ("1 / 0", "cannot calculate 1 / 0", "1 / 0"),
        (
            "9223372036854775807 * 4",
            "the number 36893488147419103228 does not fit in 64 bits",
            "9223372036854775807 * 4",
        ),
        ("1e308 * 10", "the number inf is not finite", "1e308 * 10"),
        (
            "not 'false'",
            "the text `false` is neither true nor false; compare it: `== \"...\"`",
            "'false'",
        ),
        (
            "out.stdout and true",
            "the text `5\\n` is neither true nor false; compare it: `== \"...\"`",
            "out.stdout",
        ),
        ("params.boxes['0']", "a place in a list is a whole number, not the text `0`", "'0'"),
        ("params.none | upper", "`upper`: null is nothing to work on", "params.none | upper"),
        ("params.none | int", "`int`: null is nothing to work on", "params.none | int"),
        ("'5x' | bool", "`bool`: the text `5x` is neither `true` nor `false`", "'5x' | bool"),
        ("[none] | map('int')", "`map`: null is nothing to work on", "[none] | map('int')"),
        (
            "['x'] | select | list",
            "`select`: the text `x` is neither true nor false; compare it: `== \"...\"`",
            "['x'] | select",
        ),
        (
            "[9223372036854775807, 9223372036854775807, 9] | sum",
            "the number 18446744073709551623 does not fit in 64 bits",
            "[9223372036854775807, 9223372036854775807, 9] | sum",
        ),
        ("'nan' | float", "the number NaN is not finite", "'nan' | float"),
        ("'a' ~ none", "null cannot stand inside a text", "none"),
    ]);
}

#[test]
fn only_a_boolean_is_a_condition() {
    let given = |source: &str| Expression::parse(source).unwrap().eval_bool(&scope());
    assert_eq!(given("params.size > 20").map_err(|error| error.message), Ok(true));
    for (source, gives) in [
        ("params.size", "the number 25"),
        ("'true'", "the text `true`"),
        ("params.boxes", "a list"),
        ("none", "null"),
    ] {
        let message = format!("true or false is needed here, but `{source}` gives {gives}");
        assert_eq!(given(source).map_err(|error| error.message), Err(message));
    }
}

#[test]
fn lists_maps_and_null_do_not_slip_into_a_text() {
    for (source, message) in [
        (
            "a{{ params.boxes }}",
            "a list cannot stand inside a text; `| tojson` writes it as JSON, `| join(\" \")` its items one after the other",
        ),
        ("a{{ out.json }}", "a map cannot stand inside a text; `| tojson` writes it as JSON"),
        ("a{{ params.none }}", "null cannot stand inside a text"),
    ] {
        assert_eq!(
            render(source).map_err(|error| error.message),
            Err(message.to_owned()),
            "{source}"
        );
    }
    let whole = Template::parse("{{ params.boxes }}").unwrap();
    assert!(whole.render(&scope()).is_ok());
    assert!(whole.render_text(&scope()).is_err());
}

#[test]
fn what_cannot_be_understood_is_said_with_its_place() {
    let cases = [
        ("{{ 1 + }}", "unexpected end of variable block", "}}"),
        ("{{ params.name", "unexpected end of input, expected end of variable block", "name"),
        ("{{ x | sgh }}", "there is no filter `sgh`", "sgh"),
        ("{{ x | default('') }}", "there is no filter `default`", "default('')"),
        ("{{ x is defined }}", "there is no test `defined`", "defined"),
        ("{{ now() }}", "there is no function `now`", "now"),
        ("{{ 'a'.upper() }}", "values have no methods", "'a'.upper()"),
        ("{{ 1 if x }}", "without `else` this is undefined where the condition is false", "1 if x"),
        (
            "{% macro f() %}{% endmacro %}",
            "this statement is not available in a runbook",
            "macro f() %}{% endmacro",
        ),
        ("{% include 'x' %}", "this statement is not available in a runbook", "include 'x'"),
        (
            "{% for x in y recursive %}{% endfor %}",
            "`recursive` is not available in a runbook",
            "y",
        ),
    ];
    for (source, message, place) in cases {
        let error = Template::parse(source).unwrap_err();
        assert_eq!((error.message.as_str(), &source[error.range]), (message, place), "{source}");
    }
    let help = |source: &str| Template::parse(source).unwrap_err().help.unwrap_or_default();
    assert_eq!(help("{{ x | lenght }}"), "did you mean `length`?");
    assert!(help("{{ x | default(1) }}").contains("give the parameter a `default`"));
}

#[test]
fn an_expression_stands_without_braces() {
    let error = Expression::parse("{{ params.flag }}").unwrap_err();
    assert_eq!(error.message, "an expression stands here, without `{{ }}`");
    assert_eq!(error.help.as_deref(), Some("write `params.flag`"));
    assert_eq!(Expression::parse("  ").unwrap_err().message, "an expression is missing");
    assert_eq!(Expression::parse("a b").unwrap_err().message, "unexpected input after expression");
}

/// The parser of minijinja takes what it cannot read behind a text for the end of the expression.
#[test]
fn nothing_behind_a_text_is_left_out() {
    for source in ["a == 'x' && b", "a == 'x' & b", "'x' $", "a == 'x' and b ~ 'y' \u{a7} c"] {
        let error = Expression::parse(source).unwrap_err();
        assert!(error.message.contains("unexpected"), "{source}: {}", error.message);
    }
    for source in ["{{ 'x' && b }}", "{% if a == 'x' && b %}y{% endif %}"] {
        assert!(Template::parse(source).is_err(), "{source}");
    }
    let help = |source: &str| Expression::parse(source).unwrap_err().help;
    assert_eq!(help("a == 'x' && b"), Some("write `and`".to_owned()));
    assert_eq!(help("a = 1"), Some("write `==` to compare".to_owned()));
    assert_eq!(help("!a"), Some("write `not`".to_owned()));
}
