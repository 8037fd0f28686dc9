//! The name that was probably meant where an unknown one was written.
//!
//! Does not know what the names name.

/// "did you mean `x`?", if one of the known names is near enough that a slip explains the difference.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(name, known).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// The known name that was probably meant, if a slip explains the difference.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= slips_max(name, candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The slips between two names; names of very different lengths are not compared letter by letter.
fn distance(name: &str, candidate: &str) -> usize {
    let difference = name.chars().count().abs_diff(candidate.chars().count());
    if difference > slips_max(name, candidate) {
        return difference;
    }
    strsim::damerau_levenshtein(name, candidate)
}

/// A third of the longer name; at least one, but never a name of one letter for another.
fn slips_max(name: &str, candidate: &str) -> usize {
    match name.chars().count().max(candidate.chars().count()) {
        0 | 1 => 0,
        length => (length / 3).max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_near_name_is_offered() {
        let known = ["backup", "move", "verify", "a"];
        for (name, expected) in [
            ("bakcup", Some("backup")),
            ("mvoe", Some("move")),
            ("verfy", Some("verify")),
            ("deploy", None),
            ("b", None),
        ] {
            let expected = expected.map(|name| format!("did you mean `{name}`?"));
            assert_eq!(did_you_mean(name, known), expected, "{name}");
        }
    }
}
