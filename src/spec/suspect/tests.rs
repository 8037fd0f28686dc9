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
    assert_eq!(blamed(said, "a:\n  b: 1\n    c: 1\n"), None, "nothing tells which is wrong");
}
