//! Names of tasks, locks and runs as names of files, for every file system.
//! Does not know what the names stand for.

use std::fmt::Write;

/// The longest name that [`encode`] gives, in bytes. Some encrypting file systems take no more than 143.
pub const ENCODED_LENGTH_MAX: usize = 120;

/// What of a long name stays readable: the rest goes to a tilde and 32 digits of a hash.
const KEPT_LENGTH: usize = ENCODED_LENGTH_MAX - 33;

/// The name of a file for a name of any kind. Different names get names that differ on every file system,
/// also where it takes `a` for `A` or composes accents; none is reserved (`con`, `nul.txt`), hidden, or
/// begins with a hyphen.
///
/// `a-z 0-9 _ - . [ ]` stay as they are, other bytes become `%` and two digits, and a name that grows too
/// long is cut and ends in `~` and a hash of the whole.
pub fn encode(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for (position, byte) in name.bytes().enumerate() {
        let at_edge = position == 0 || position + 1 == name.len();
        let first = position == 0;
        match byte {
            b'.' if at_edge => escape(&mut encoded, byte),
            b'-' if first => escape(&mut encoded, byte),
            _ if first && is_reserved(name) => escape(&mut encoded, byte),
            b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.' | b'[' | b']' => {
                encoded.push(char::from(byte));
            }
            _ => escape(&mut encoded, byte),
        }
    }
    if encoded.is_empty() {
        // No escape is this short, so no other name gives it.
        encoded.push('%');
    }
    if encoded.len() > ENCODED_LENGTH_MAX {
        encoded.truncate(KEPT_LENGTH);
        encoded.push('~');
        encoded.push_str(&blake3::hash(name.as_bytes()).to_hex()[..32]);
    }
    encoded
}

fn escape(encoded: &mut String, byte: u8) {
    write!(encoded, "%{byte:02x}").expect("a String takes all that is written");
}

/// Whether Windows takes the name for a device, which it does whatever comes after a dot.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    if ["con", "prn", "aux", "nul"].contains(&stem) {
        return true;
    }
    let number = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    number.is_some_and(|number| number.len() == 1 && number.as_bytes()[0].is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::{ENCODED_LENGTH_MAX, encode};

    /// The inverse, for names that were not cut: that it exists is the proof that no two names meet.
    fn decode(encoded: &str) -> Option<Vec<u8>> {
        if encoded == "%" {
            return Some(Vec::new());
        }
        let mut bytes = Vec::new();
        let mut rest = encoded;
        while let Some(byte) = rest.bytes().next() {
            if byte == b'%' {
                bytes.push(u8::from_str_radix(rest.get(1..3)?, 16).ok()?);
                rest = &rest[3..];
            } else {
                bytes.push(byte);
                rest = &rest[1..];
            }
        }
        Some(bytes)
    }

    fn is_valid_everywhere(encoded: &str) -> bool {
        let stem = encoded.split('.').next().unwrap_or_default();
        let device = |prefix: &str| {
            stem.strip_prefix(prefix).is_some_and(|n| n.len() == 1 && n.parse::<u8>().is_ok())
        };
        !encoded.is_empty()
            && encoded.len() <= ENCODED_LENGTH_MAX
            && encoded.bytes().all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase())
            && !encoded.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|'])
            && !encoded.starts_with(['.', '-'])
            && !encoded.ends_with('.')
            && !["con", "prn", "aux", "nul"].contains(&stem)
            && !device("com")
            && !device("lpt")
    }

    fn names() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[a-z_]{1,8}(\\[[a-zA-Z0-9@. :-]{0,12}\\])?(\\.[a-z]{1,6})?",
            "(CON|con|nul|aux|prn|com1|lpt9|LPT9|com10)(\\.[a-z]{0,3})?",
            "[.%~ -]{0,4}[a-z]{0,2}[.%~ -]{0,4}",
            "[a-zA-Z:]{80,400}",
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_name_is_valid_everywhere(name in names()) {
            let encoded = encode(&name);
            prop_assert!(is_valid_everywhere(&encoded), "{encoded}");
        }

        #[test]
        fn every_name_can_be_got_back_unless_it_was_cut(name in names()) {
            let encoded = encode(&name);
            if encoded.contains('~') {
                prop_assert_eq!(encoded.len(), ENCODED_LENGTH_MAX);
            } else {
                prop_assert_eq!(decode(&encoded), Some(name.into_bytes()));
            }
        }

        #[test]
        fn a_long_name_differs_from_one_that_differs_at_its_end(start in "[a-z]{120,200}", a: char, b: char) {
            prop_assume!(a != b);
            prop_assert_ne!(encode(&format!("{start}{a}")), encode(&format!("{start}{b}")));
        }

        #[test]
        fn a_name_as_long_as_it_may_be_is_not_cut(name in "[a-z]{120}") {
            prop_assert_eq!(encode(&name), name);
        }
    }

    #[test]
    fn task_ids_stay_readable() {
        assert_eq!(
            encode("waves[wave_1].mailboxes[al-ice].move"),
            "waves[wave_1].mailboxes[al-ice].move"
        );
        assert_eq!(encode("rca:restore"), "rca%3arestore");
        assert_eq!(encode("mailbox:Alice"), "mailbox%3a%41lice");
    }

    #[test]
    fn odd_names_are_distinct_and_valid() {
        let odd = [
            "", ".", "..", "%", "%25", "~", "-", "-rf", "con", "CON", "Con", "con.txt", "%63on",
            "com1", "com10", "com", "a", "A", "a.", "a ", " a", ".a", "a/b", "a\\b", "a:b", "a\0b",
            "a\nb", "é", "e\u{301}", "ß", "ss", "ſ", "K", "\u{212a}", "i", "ı", "İ",
        ];
        let encoded: HashSet<String> = odd.iter().map(|name| encode(name)).collect();
        assert_eq!(encoded.len(), odd.len());
        for name in &encoded {
            assert!(is_valid_everywhere(name), "{name}");
        }
    }
}
