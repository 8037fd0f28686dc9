//! Files of ours with bytes changed at random, read by the loader and by the reader of journals.
//!
//! Fault model: bytes are flipped, lost, doubled, moved, or taken from another file. `WINDLASS_FUZZ=N` makes N of each instead of a few; the
//! seed of what goes wrong is printed, and `WINDLASS_FUZZ_SEED` begins there.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without may stop it")]

mod journals;
mod runbooks;

use std::env;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// How many files each test makes if nothing is said.
const FEW: u64 = 400;

/// The seeds to go through.
fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let first = number("WINDLASS_FUZZ_SEED").unwrap_or(0);
    first..first + number("WINDLASS_FUZZ").unwrap_or(FEW)
}

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// Changes a few places of some bytes, with pieces of `others` and of `words`.
fn spoil(rng: &mut ChaCha8Rng, bytes: &mut Vec<u8>, others: &[Vec<u8>], words: &[&str]) {
    for _ in 0..rng.random_range(1..=4) {
        let at = rng.random_range(0..=bytes.len());
        let end = (at + rng.random_range(0..40)).min(bytes.len());
        match rng.random_range(0..7) {
            0 => bytes[at..end]
                .iter_mut()
                .take(1)
                .for_each(|byte| *byte ^= 1 << rng.random_range(0..8)),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let piece = bytes[at..end].to_vec();
                let to = rng.random_range(0..=bytes.len());
                bytes.splice(to..to, piece);
            }
            3 => {
                let other = &others[rng.random_range(0..others.len())];
                let from = rng.random_range(0..=other.len());
                let until = (from + rng.random_range(0..200)).min(other.len());
                bytes.splice(at..at, other[from..until].iter().copied());
            }
            4 => {
                let word = words[rng.random_range(0..words.len())];
                bytes.splice(at..end, word.bytes());
            }
            5 => bytes.truncate(at),
            _ => swap_lines(rng, bytes),
        }
    }
}

fn swap_lines(rng: &mut ChaCha8Rng, bytes: &mut Vec<u8>) {
    let mut lines: Vec<Vec<u8>> =
        bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    if lines.len() > 1 {
        let (one, other) = (rng.random_range(0..lines.len()), rng.random_range(0..lines.len()));
        lines.swap(one, other);
        *bytes = lines.concat();
    }
}
