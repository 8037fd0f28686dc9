//! Words quoted so that a POSIX shell reads them as they are.
//!
//! Quotes only what needs it, and in the way that people read best: what they see is what they would type.

use std::borrow::Cow;

/// One word that is not the first of a command.
#[must_use]
pub fn word(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-+=:,./@%".contains(c);
    if text.chars().all(plain) && !text.is_empty() && !text.starts_with('=') {
        return Cow::Borrowed(text);
    }
    quoted(text)
}

fn quoted(text: &str) -> Cow<'_, str> {
    Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
}

/// A command.
#[must_use]
pub fn command<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut words = words.into_iter();
    // A program with an equals sign in its name would be taken for the setting of a variable.
    let program =
        words.next().map(|name| if name.contains('=') { quoted(name) } else { word(name) });
    program.into_iter().chain(words.map(word)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn only_what_needs_it_is_quoted() {
        for (text, expected) in [
            ("move", "move"),
            ("--output", "--output"),
            ("bytes=12", "bytes=12"),
            ("=x", "'=x'"),
            ("", "''"),
            ("boxes[a].move", "'boxes[a].move'"),
            ("it's", r"'it'\''s'"),
            ("~", "'~'"),
        ] {
            assert_eq!(word(text), expected);
        }
        assert_eq!(command(["a=b", "c=d", "e f"]), "'a=b' c=d 'e f'");
    }

    #[test]
    fn a_shell_reads_what_was_meant() {
        let words = [
            "", " ", "'", "\"", "\\", "$HOME", "`id`", "a\nb", "*", "é", "!", "x='y'", "#", "=ls",
            "~",
        ];
        let typed = command(std::iter::once("printf").chain(["%s|"]).chain(words));
        let told = Command::new("sh").args(["-c", &typed]).output().unwrap();
        assert_eq!(String::from_utf8(told.stdout).unwrap(), words.join("|") + "|");
    }
}
