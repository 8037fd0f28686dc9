use super::*;

/// What is said of a text in which the parser stumbles over the last line.
fn blamed(said: &str, text: &str) -> Option<(usize, String)> {
    let suspect = suspect(text, said, text.lines().count())?;
    let line = text[..suspect.bytes.start].matches('\n').count() + 1;
    Some((line, suspect.message))
}

const KEY: &str = "could not find expected ':', while scanning a simple key";
const FLOW: &str = "did not find expected ',' or '}', while parsing a flow mapping";

#[test]
fn a_key_without_its_colon_or_its_space_is_blamed() {
    let colon = "steps:\n  a:\n    title A\n    run: [x]\n";
    assert_eq!(blamed(KEY, colon), Some((3, "there is no colon behind `title`".to_owned())));
    let space = "steps:\n  a:\n    title:A\n    run: [x]\n";
    assert_eq!(blamed(KEY, space), Some((3, "there is no space behind `title:`".to_owned())));
    let folded = "a: 1\ndescription >\n  a text\n  of two lines\nb: 1\n";
    assert_eq!(blamed(KEY, folded).unwrap().0, 2);
}

#[test]
fn an_item_without_its_colon_and_a_text_without_its_mark_are_blamed() {
    let said = "mapping values are not allowed in this context";
    let item = "a:\n  - run [x]\n    b: 1\n";
    assert_eq!(blamed(said, item), Some((2, "there is no colon behind `run`".to_owned())));
    let text = "a:\n  description:\n    A text\n    of: two\n";
    let told = "the text below `description:` is no value as it stands".to_owned();
    assert_eq!(blamed(said, text), Some((2, told)));
}

#[test]
fn text_of_a_block_is_blamed_for_nothing() {
    assert_eq!(blamed(KEY, "a: >\n  word [\n  \"word\nb: 1\nc: 1\n"), None);
    assert_eq!(blamed(KEY, "a: 1\nb: c: d\n"), None);
}

#[test]
fn what_is_opened_and_not_closed_is_blamed() {
    for (text, line, message) in [
        ("a: {b: [1, 2}\nc: 1\n", 1, "`[` is not closed"),
        ("a: {b: 1\nc: {d: 1}\ne: 1\n", 1, "`{` is not closed"),
        ("a: [\n  \"x\",\n  {b: 1\n]\nc: 1\n", 3, "`{` is not closed"),
        ("a: \"x\nb: \"y\"\n", 1, "the quote is not closed"),
        ("a: {b: 'it''s}\nc: 'd'\n", 1, "the quote is not closed"),
    ] {
        assert_eq!(blamed(FLOW, text), Some((line, message.to_owned())), "{text}");
    }
}

#[test]
fn what_is_closed_later_is_not_blamed() {
    assert_eq!(blamed(FLOW, "a: \"x\n  y\"\nb: [1,\n  2]\nc: x\n"), None);
    assert_eq!(blamed(FLOW, "a: it's {here}\nb: don't\nc: x\n"), None);
}

#[test]
fn a_line_out_of_step_is_blamed() {
    let text = "a:\n  b:\n    c: 1\n   d: 1\n    e: 1\n    f: 1\n";
    let said = "mapping values are not allowed in this context";
    assert_eq!(blamed(said, text), Some((4, "this line is indented by 3 spaces".to_owned())));
}

#[test]
fn a_line_that_has_lost_or_gained_a_level_is_blamed() {
    let said = "mapping values are not allowed in this context";
    for (text, line, message) in [
        ("a:\n  b: 1\n    c: 1\n", 3, "this line is indented further than the one above"),
        ("a:\n  b:\n  c: 1\n    d: 1\n", 3, "this line is indented no further than `b:`"),
        ("a:\n    b: 1\n  c: 1\n    d: 1\n", 3, "this line is indented less than the lines"),
        ("a:\n    b: 1\n  c: 1\n", 2, "this line is indented further than the ones"),
        ("a:\n  b:\n    x: 1\nc:\n    x: 1\n    y: 1\n  d: 1\n", 4, "this line is indented less"),
        ("a:\nb:\n    x: 1\n  c: 1\n", 2, "this line is indented no further than `a:`"),
    ] {
        let (told, words) = blamed(said, text).unwrap();
        assert!(told == line && words.starts_with(message), "{text}: {told} {words}");
    }
}

#[test]
fn a_blank_that_is_no_space_is_blamed_where_a_space_should_be() {
    let said = "mapping values are not allowed in this context";
    let told = |line| Some((line, "this looks like a space and is a no-break space".to_owned()));
    assert_eq!(blamed(said, "a:\n \u{a0}b: 1\n    c: 1\n"), told(2));
    assert_eq!(blamed(said, "a:\n  b:\u{a0}1\n  c: 1\n"), told(2));
    assert_eq!(blamed(said, "a:\n  -\u{a0}b: 1\n    c: 1\n"), told(2));
    let in_text = "a: 1\u{a0}000\nb: c: d\n";
    assert_eq!(blamed(said, in_text).unwrap().0, 2, "in a text it is welcome");
}

#[test]
fn a_text_with_a_colon_and_without_quotes_is_blamed() {
    let said = "mapping values are not allowed in this context";
    let suspect = suspect("a: 1\nb: say \"no\": don't\n", said, 2).unwrap();
    assert_eq!(suspect.message, "the text of `b` holds a colon, and has no quotes");
    assert_eq!(suspect.help, "write `b: 'say \"no\": don''t'`");
}
