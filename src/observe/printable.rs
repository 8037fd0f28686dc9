//! Making foreign text fit for a terminal and a log: without control characters, and no wider than there is room.
//!
//! Does not know where the text comes from.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use unicode_width::UnicodeWidthChar;

/// Whether a character acts on a terminal, or on the direction or order of what is read there, in place of being seen.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The text with what would act on a terminal written as escapes, such as `\n` and `\u{1b}`.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if acts(c) {
            let _ = write!(escaped, "{}", c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// A line of a program's output without what it would do to a terminal: no ANSI escapes, no control characters; a tab is a blank.
pub(super) fn strip(line: &str) -> String {
    let plain = console::strip_ansi_codes(line);
    plain.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|&c| !acts(c)).collect()
}

/// How many columns a text takes.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// The beginning of a text that takes no more than that many columns; an ellipsis says that something is missing.
pub(super) fn cut(text: &str, room: usize) -> Cow<'_, str> {
    if columns(text) <= room {
        return Cow::Borrowed(text);
    }
    let Some(room) = room.checked_sub(1) else { return Cow::Borrowed("") };
    let mut taken = 0;
    let mut end = 0;
    for (at, c) in text.char_indices() {
        taken += c.width().unwrap_or(0);
        if taken > room {
            break;
        }
        end = at + c.len_utf8();
    }
    Cow::Owned(format!("{}…", &text[..end]))
}

/// The same with the end of the text, which of a task's id tells the most.
pub(super) fn cut_front(text: &str, room: usize) -> Cow<'_, str> {
    if columns(text) <= room {
        return Cow::Borrowed(text);
    }
    let Some(room) = room.checked_sub(1) else { return Cow::Borrowed("") };
    let mut taken = 0;
    let mut start = text.len();
    for (at, c) in text.char_indices().rev() {
        taken += c.width().unwrap_or(0);
        if taken > room {
            break;
        }
        start = at;
    }
    Cow::Owned(format!("…{}", &text[start..]))
}

/// A time for people, the finer the shorter: `0.3s`, `2.1s`, `12s`, `3m 12s`, `2h 05m`, `3d 04h`.
pub(super) fn span(span: Duration) -> String {
    let tenths = (span.as_millis() + 50) / 100;
    let seconds = (span.as_millis() + 500) / 1000;
    if tenths < 100 { format!("{}.{}s", tenths / 10, tenths % 10) } else { whole_span(seconds) }
}

/// The same for what is shown while it grows: nothing finer than a second.
pub(super) fn running_span(span: Duration) -> String {
    whole_span(u128::from(span.as_secs()))
}

fn whole_span(seconds: u128) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{minutes}m {:02}s", seconds % 60),
        3600..86_400 => format!("{hours}h {:02}m", minutes % 60),
        _ => format!("{}d {:02}h", hours / 24, hours % 24),
    }
}

/// The time between two moments; none if they are in the wrong order, as after a clock was set back.
pub(super) fn between(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or_default()
}

/// The time of day to the second, in UTC as the journal has it.
pub(super) fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%SZ").to_string()
}

/// A time to wait for: with its date where it is not within a day of `now`.
pub(super) fn moment(at: Timestamp, now: Timestamp) -> String {
    if at.duration_since(now).as_hours().abs() < 24 {
        clock(at)
    } else {
        at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
    }
}

/// A number with its noun, in the plural where that is due.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_act_on_a_terminal_is_escaped() {
        assert_eq!(escape("move[alice]"), "move[alice]");
        assert_eq!(
            escape("a\u{1b}[2Jb\r\nc\u{202e}d\u{9b}é"),
            "a\\u{1b}[2Jb\\r\\nc\\u{202e}d\\u{9b}é"
        );
    }

    #[test]
    fn output_loses_its_escapes_and_control_characters() {
        assert_eq!(strip("\u{1b}[1;31mred\u{1b}[0m\tand \u{7}bell\u{9b}"), "red and bell");
        assert_eq!(strip("\u{1b}]0;title\u{7}text"), "text");
    }

    #[test]
    fn a_cut_text_fits_and_says_that_it_is_cut() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("abc", 1), "…");
        assert_eq!(cut("abc", 0), "");
        assert_eq!(cut_front("abcdef", 6), "abcdef");
        assert_eq!(cut_front("abcdef", 4), "…def");
        assert_eq!(cut_front("日本語", 4), "…語");
        assert_eq!(cut_front("abc", 0), "");
    }

    #[test]
    fn spans_are_as_fine_as_they_are_short() {
        let of = |milliseconds| span(Duration::from_millis(milliseconds));
        assert_eq!(
            [of(0), of(2_149), of(9_940), of(9_960), of(59_499)],
            ["0.0s", "2.1s", "9.9s", "10s", "59s"]
        );
        assert_eq!(
            [of(59_500), of(192_000), of(7_500_000), of(273_600_000)],
            ["1m 00s", "3m 12s", "2h 05m", "3d 04h"]
        );
        assert_eq!(running_span(Duration::from_millis(2_999)), "2s");
    }
}
