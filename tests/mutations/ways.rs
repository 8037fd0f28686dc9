//! The ways in which a line is spoilt.
//!
//! Knows lines and the keys of the language, and nothing of what is said about them.

/// A way to spoil a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    /// Two letters of a key are swapped.
    KeyMisspelt,
    /// A key stands there twice.
    KeyTwice,
    /// The colon behind a key is missing.
    ColonLost,
    /// The space behind the colon is missing.
    SpaceLost,
    /// The value behind a key is missing.
    ValueLost,
    /// A number or a list stands where something else should.
    ValueOfOtherType,
    /// A word of a closed list is another one.
    UnknownWord,
    /// A line begins a column too far to the left.
    IndentLost,
    /// A line begins a column too far to the right.
    IndentAdded,
    /// A tab stands for the indent.
    Tab,
    /// A line begins a level too far to the left.
    LevelLost,
    /// A line begins a level too far to the right.
    LevelAdded,
    /// The last space of the indent is one that does not break.
    NoBreakSpace,
    /// A text has no quotes and holds a colon.
    ColonInText,
    /// A template has no quotes.
    BareTemplate,
    /// The last quote of a line is missing.
    QuoteLost,
    /// The last bracket of a line is missing.
    BracketLost,
    /// The last brace of a line is missing.
    BraceLost,
    /// A template is closed by one brace.
    TemplateLeftOpen,
    /// A step that is needed has another name.
    NeedRenamed,
    /// An action that is used has another name.
    ActionRenamed,
    /// A parameter or an input that is read has another name.
    ParameterRenamed,
    /// A step whose output is read has another name.
    StepRenamed,
    /// An input that is given has another name.
    InputRenamed,
    /// An operator of another language.
    OtherOperator,
}

/// A text with one line spoilt.
pub(crate) struct Mutant {
    pub(crate) way: Way,
    /// Which line, counted from 1, in the text as it is now.
    pub(crate) line: usize,
    /// The line as it is now.
    pub(crate) spoilt: String,
    pub(crate) text: String,
}

/// Keys whose names the language gives, wherever the shipped files use them.
const KEYS: &[&str] = &[
    "windlass",
    "name",
    "title",
    "description",
    "params",
    "vars",
    "drivers",
    "defaults",
    "steps",
    "settings",
    "needs",
    "after",
    "when",
    "for_each",
    "uses",
    "with",
    "run",
    "effect",
    "success",
    "probe",
    "states",
    "outputs",
    "verify",
    "locks",
    "kind",
    "inputs",
    "timeout",
    "retry",
    "repeat",
    "actions",
    "driver",
    "confirm",
    "repair",
    "type",
    "items",
    "minItems",
    "minLength",
    "uniqueItems",
    "default",
    "minimum",
    "maximum",
    "wait",
    "assert",
    "on_failure",
    "until",
    "every",
    "allow",
    "manual",
    "approve",
    "get",
    "set",
    "around",
    "stop",
];

/// Values that come from a closed list, and one that does not.
const WORDS: &[(&str, &str)] = &[
    ("effect: once", "effect: twice"),
    ("effect: read", "effect: reads"),
    ("effect: idempotent", "effect: idempotnet"),
    ("type: string", "type: strnig"),
    ("type: integer", "type: int"),
    ("type: array", "type: list"),
    ("timeout: 30m", "timeout: 30 minutes"),
    ("timeout: 5m", "timeout: soon"),
    ("on_failure: continue", "on_failure: proceed"),
    ("windlass: 1", "windlass: 7"),
];

/// Keys whose value is no number.
const NO_NUMBERS: &[&str] = &[
    "title", "needs", "uses", "with", "run", "for_each", "steps", "probe", "verify", "outputs",
    "states",
];

/// Keys whose values are for people.
const TEXTS: &[&str] = &["title", "description", "stop"];

/// Every mutant of a text.
pub(crate) fn mutants(text: &str) -> Vec<Mutant> {
    let lines: Vec<&str> = text.lines().collect();
    let folded = folded(&lines);
    let mut found = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        if folded[number] || line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        let alone = is_alone(&lines, &folded, number);
        for (way, spoilt) in spoilt(line) {
            // What stands alone in its map may stand anywhere below its key.
            let moved = [Way::IndentLost, Way::IndentAdded, Way::LevelLost, Way::LevelAdded];
            if alone && moved.contains(&way) {
                continue;
            }
            // Below a text it becomes a part of that.
            if way == Way::LevelAdded && number > 0 && folded[number - 1] {
                continue;
            }
            // What is there twice is wrong where it stands the second time.
            let shift = usize::from(way == Way::KeyTwice);
            let mut all: Vec<&str> = lines.clone();
            match shift {
                0 => all[number] = &spoilt,
                _ => all.insert(number + 1, &spoilt),
            }
            let text = all.join("\n") + "\n";
            found.push(Mutant { way, line: number + 1 + shift, spoilt: spoilt.clone(), text });
        }
    }
    found
}

/// Whether a line is the only entry of its map or list.
fn is_alone(lines: &[&str], folded: &[bool], number: usize) -> bool {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let own = indent(lines[number]);
    let counts = |at: &usize| !folded[*at] && !lines[*at].trim().is_empty();
    let sibling = |mut others: &mut dyn Iterator<Item = usize>| {
        let first = (&mut others).filter(counts).find(|&at| indent(lines[at]) <= own);
        first.is_some_and(|at| indent(lines[at]) == own)
    };
    !sibling(&mut (0..number).rev()) && !sibling(&mut (number + 1..lines.len()))
}

/// Which lines are text of a folded value, where nothing is spoilt.
fn folded(lines: &[&str]) -> Vec<bool> {
    let mut depth = None;
    let inside = |line: &&str| {
        let indent = line.len() - line.trim_start().len();
        if let Some(outer) = depth {
            if line.trim().is_empty() || indent > outer {
                return true;
            }
            depth = None;
        }
        if line.trim_end().ends_with(": >") || line.trim_end().ends_with(": |") {
            depth = Some(indent);
        }
        false
    };
    lines.iter().map(inside).collect()
}

fn spoilt(line: &str) -> Vec<(Way, String)> {
    let indent = line.len() - line.trim_start().len();
    let mut ways = Vec::new();
    if indent >= 1 {
        ways.push((Way::IndentLost, line[1..].to_owned()));
        ways.push((Way::IndentAdded, format!(" {line}")));
        ways.push((Way::Tab, format!("\t{}", line.trim_start())));
        ways.push((Way::NoBreakSpace, format!("{}\u{a0}{}", &line[1..indent], &line[indent..])));
    }
    if indent >= 2 {
        ways.push((Way::LevelLost, line[2..].to_owned()));
        ways.push((Way::LevelAdded, format!("  {line}")));
    }
    if let Some((key, value)) = key_of(line) {
        keyed(line, key, value, &mut ways);
    }
    for (sound, wrong) in WORDS {
        if line.contains(sound) {
            ways.push((Way::UnknownWord, line.replacen(sound, wrong, 1)));
        }
    }
    for (way, mark) in [(Way::QuoteLost, "\""), (Way::BracketLost, "]"), (Way::BraceLost, "}")] {
        if let Some(at) = line.rfind(mark) {
            ways.push((way, format!("{}{}", &line[..at], &line[at + 1..])));
        }
    }
    let text = key_of(line).is_some_and(|(key, _)| TEXTS.contains(&key));
    for (way, before, after) in [
        (Way::TemplateLeftOpen, "}}", "}"),
        (Way::NeedRenamed, "needs: [", "needs: [x_"),
        (Way::ActionRenamed, "uses: mail.", "uses: mail.x_"),
        (Way::ParameterRenamed, "params.", "params.x_"),
        (Way::ParameterRenamed, "inputs.", "inputs.x_"),
        (Way::StepRenamed, "steps.", "steps.x_"),
        (Way::InputRenamed, "with: {", "with: {x_"),
        (Way::OtherOperator, " and ", " && "),
        (Way::OtherOperator, " == ", " = "),
    ] {
        if line.contains(before) && !(text && way == Way::OtherOperator) {
            ways.push((way, line.replacen(before, after, 1)));
        }
    }
    ways
}

/// The ways that need a key.
fn keyed(line: &str, key: &str, value: &str, ways: &mut Vec<(Way, String)>) {
    let at = line.find(key).expect("it is the key of the line");
    let (before, behind) = (&line[..at], &line[at + key.len()..]);
    ways.push((Way::KeyTwice, line.to_owned()));
    if TEXTS.contains(&key) && !value.is_empty() && !value.starts_with(['"', '\'', '>', '|']) {
        ways.push((Way::ColonInText, format!("{before}{key}: this: {value}")));
    }
    if value.starts_with("\"{{") && value.ends_with("}}\"") {
        let bare = &value[1..value.len() - 1];
        ways.push((Way::BareTemplate, format!("{before}{key}: {bare}")));
    }
    ways.push((Way::ColonLost, format!("{before}{key}{}", &behind[1..])));
    if KEYS.contains(&key) {
        ways.push((Way::KeyMisspelt, format!("{before}{}{behind}", misspelt(key))));
    }
    if !value.is_empty() {
        ways.push((Way::SpaceLost, format!("{before}{key}:{value}")));
        ways.push((Way::ValueLost, format!("{before}{key}:")));
        if NO_NUMBERS.contains(&key) {
            ways.push((Way::ValueOfOtherType, format!("{before}{key}: 7")));
        }
    }
}

/// The key that a line begins with, and its value.
fn key_of(line: &str) -> Option<(&str, &str)> {
    let rest = line.trim_start();
    let rest = rest.strip_prefix("- ").unwrap_or(rest);
    let (key, value) = rest.split_once(':')?;
    let is_name = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    // A comment is no value.
    let value = if value.trim_start().starts_with('#') { "" } else { value.trim() };
    (is_name && !key.is_empty()).then_some((key, value))
}

/// The key with its last two letters swapped, or one left out where they are the same.
fn misspelt(key: &str) -> String {
    let mut letters: Vec<char> = key.chars().collect();
    let last = letters.len() - 1;
    if letters[last] == letters[last - 1] {
        letters.pop();
    } else {
        letters.swap(last, last - 1);
    }
    letters.into_iter().collect()
}
