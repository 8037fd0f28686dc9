//! Torture: real executors, keepers and jobs are killed with `kill -9` at points that a seed picks, and the run is resumed until
//! it ends. Meanwhile runs are told to stop, somebody else changes their setting, and some are given up in the end. A ledger that
//! the effects themselves write says whether anything was done twice, or was lost.
//!
//! The points are places reached in the journal, in `exits` and in the ledger, never times. `WINDLASS_TORTURE` chooses how long:
//! without it a fixed set of seeds; `kills`, or `kills:2000`, goes on until that many kills have been made (600 if no number is
//! given); `seed:17` is one trial, told step by step.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what a test cannot do without may stop it")]

mod book;
mod figures;
mod ledger;
mod operator;
mod oracle;
mod place;
mod points;
mod processes;
mod rivals;
mod trial;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use figures::Figures;
use trial::Trial;

/// Trials of a run of all tests.
const TRIALS: u64 = 16;
/// Kills of the long form.
const KILLS: u64 = 600;
/// Trials at the same time.
const HANDS: u64 = 2;

/// How long the torture lasts.
enum Length {
    Trials(u64),
    Kills(u64),
    Seed(u64),
}

impl Length {
    fn chosen() -> Self {
        let Ok(text) = std::env::var("WINDLASS_TORTURE") else { return Self::Trials(TRIALS) };
        let number = |text: &str| text.parse().expect("`WINDLASS_TORTURE` holds a number there");
        match text.split_once(':') {
            Some(("kills", count)) => Self::Kills(number(count)),
            Some(("seed", seed)) => Self::Seed(number(seed)),
            _ if text == "kills" => Self::Kills(KILLS),
            _ => {
                panic!("WINDLASS_TORTURE is `kills`, `kills:NUMBER` or `seed:NUMBER`, not `{text}`")
            }
        }
    }

    fn is_enough(&self, seed: u64, kills: u64) -> bool {
        match self {
            Self::Trials(trials) => seed >= *trials,
            Self::Kills(enough) => kills >= *enough,
            Self::Seed(_) => seed > 0,
        }
    }
}

#[test]
fn nothing_is_done_twice_or_lost_whoever_is_killed() {
    let length = Length::chosen();
    let (next, figures) = (AtomicU64::new(0), Mutex::new(Figures::default()));
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if length.is_enough(number, figures.lock().unwrap().kills()) {
                return;
            }
            let seed = if let Length::Seed(seed) = length { seed } else { number };
            let made = Trial::new(seed).run(matches!(length, Length::Seed(_)));
            figures.lock().unwrap().add(&made);
        }
    };
    thread::scope(|scope| {
        for _ in 0..HANDS {
            scope.spawn(work);
        }
    });
    let figures = figures.into_inner().unwrap();
    println!("{figures}");
    assert!(figures.kills() > 0, "nobody was killed");
}
