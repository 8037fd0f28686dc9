//! Ids of runs: which are valid, and how a new one is made.
//! Does not know which are taken.

use std::hash::{BuildHasher, Hasher, RandomState};

use jiff::Timestamp;

use super::encode::encode;

/// The longest id that a run may have.
pub const RUN_ID_LENGTH_MAX: usize = 64;

/// The word that stands for the newest run wherever an id is expected.
pub(super) const LATEST: &str = "latest";

/// Digits of which none can be taken for another when an id is read out at night.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What keeps `id` from being the id of a run.
pub(super) fn check(id: &str) -> Result<(), &'static str> {
    let is_allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    if id.is_empty() || id.starts_with('-') || !id.bytes().all(is_allowed) {
        return Err(
            "an id has lower case letters, digits and hyphens, and no hyphen at its beginning",
        );
    }
    if id.len() > RUN_ID_LENGTH_MAX {
        return Err("an id has at most 64 characters");
    }
    if id == LATEST {
        return Err("`latest` stands for the newest run");
    }
    if encode(id) != id {
        return Err("some systems keep this name for a device");
    }
    Ok(())
}

/// A new id, like `20261120-2210-k3`: date and time in UTC, and random digits.
pub(super) fn generate(now: Timestamp, random_digits: usize) -> String {
    let mut id = now.strftime("%Y%m%d-%H%M-").to_string();
    // The standard library seeds its hashers from the system's random numbers; more is not needed to keep
    // apart two runs of the same minute, since the folder decides whose the id is.
    let mut random = RandomState::new().build_hasher().finish();
    for _ in 0..random_digits.min(12) {
        id.push(char::from(DIGITS[(random % 32) as usize]));
        random /= 32;
    }
    id
}

#[cfg(test)]
mod tests {
    use super::{check, generate};

    #[test]
    fn ids_that_name_no_folder_are_refused() {
        for id in ["", "-a", "A", "a/b", "..", ".", "a.b", "a b", "latest", "con", "lpt1", "é"] {
            assert!(check(id).is_err(), "{id}");
        }
        assert!(check(&"a".repeat(65)).is_err());
        for id in ["a", "0", "move-alice", "20261120-2210-k3", "latest-1", &"a".repeat(64)] {
            assert_eq!(check(id), Ok(()), "{id}");
        }
    }

    #[test]
    fn a_new_id_is_valid_and_tells_the_time() {
        let now = "2026-11-20T22:10:59Z".parse().unwrap();
        for digits in 1..=12 {
            let id = generate(now, digits);
            assert!(id.starts_with("20261120-2210-"), "{id}");
            assert_eq!(id.len(), 14 + digits);
            assert_eq!(check(&id), Ok(()));
        }
    }
}
