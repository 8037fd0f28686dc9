//! Random plans in a world that fails at random: the deepest test of the core. DESIGN.md, section 7.
//!
//! `WINDLASS_SIM_SEED=17 cargo test --test sim` runs one seed and tells all that happens in it; `WINDLASS_SIM_SEEDS=100000` runs
//! that many instead of the usual number.

mod answers;
mod cut_off;
mod debts;
mod inquiry;
mod journal;
mod locks;
mod operator;
mod plan;
mod questions;
mod recover_table;
mod refusals;
mod run;
mod settings_table;
mod standing;
mod trouble;
mod waits;
mod watch;
mod windows;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use run::{Run, Story};

/// Seeds of an ordinary run of the test.
const SEEDS: u64 = 3_000;
/// Seeds beyond them that see what others seldom see.
const RARE: [u64; 8] = [6_280, 6_471, 9_807, 12_080, 12_298, 15_485, 17_511, 19_663];

#[test]
fn every_run_keeps_its_promises_and_comes_to_an_end() {
    if let Some(seed) = number("WINDLASS_SIM_SEED") {
        let story = Run::new(seed, true).play();
        println!("{story:?}");
        assert_eq!(story.err(), None, "seed {seed}");
        return;
    }
    let seeds = number("WINDLASS_SIM_SEEDS").unwrap_or(SEEDS);
    let next = AtomicU64::new(0);
    let work = || {
        let mut total = Story::default();
        let mut broken = Vec::new();
        loop {
            let turn = next.fetch_add(1, Ordering::Relaxed);
            let rare = RARE.get(usize::try_from(turn).unwrap_or(usize::MAX)).copied();
            let Some(seed) = rare.or_else(|| turn.checked_sub(RARE.len() as u64)) else { continue };
            if seed >= seeds && rare.is_none() || broken.len() >= 5 {
                return (total, broken);
            }
            match try_seed(seed) {
                Ok(story) => total.add(story),
                Err(why) => broken.push((seed, why)),
            }
        }
    };
    let (total, mut broken) = std::thread::scope(|scope| {
        let other = scope.spawn(work);
        let (mut total, mut broken) = work();
        let (story, more) = other.join().expect("a seed's panic is caught");
        total.add(story);
        broken.extend(more);
        (total, broken)
    });
    println!("{total:?}");
    broken.sort();
    let told: Vec<String> = broken
        .iter()
        .map(|(seed, why)| format!("WINDLASS_SIM_SEED={seed} cargo test --test sim\n    {why}"))
        .collect();
    assert!(told.is_empty(), "promises broken; to see one again:\n{}", told.join("\n"));
    let enough = total.crashes as u64 * 2 > seeds && total.jobs as u64 > seeds;
    let enough = enough && u64::from(total.by_hand) * 50 > seeds;
    assert!(enough, "the simulation hardly simulates anything: {total:?}");
}

fn try_seed(seed: u64) -> Result<Story, String> {
    let run = AssertUnwindSafe(|| Run::new(seed, false).play());
    catch_unwind(run).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(format!("panic: {}", text.unwrap_or_default()))
    })
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|text| text.parse().ok())
}

impl Story {
    fn add(&mut self, other: Self) {
        self.lives += other.lives;
        self.crashes += other.crashes;
        self.transitions += other.transitions;
        self.records += other.records;
        self.jobs += other.jobs;
        self.instances += other.instances;
        self.by_hand += other.by_hand;
    }
}
