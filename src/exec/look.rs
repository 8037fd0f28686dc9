//! Jobs that only read, asked what the world looks like before there is a run.
//!
//! Decides nothing, and writes nothing: what they say is handed back.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZero;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::core::preview::{Answer, Look};
use crate::keeper;

/// Starts all of them, so many at a time, and returns what each has said; nothing if a signal came in between. The first signal asks what
/// runs to end, the second one ends it.
///
/// # Errors
/// If signals cannot be watched.
pub fn look(looks: &[Look], slots: NonZero<usize>) -> io::Result<Option<BTreeMap<String, Answer>>> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let watched = signals.handle();
    let interrupts = AtomicU32::new(0);
    let base = keeper::environment();
    let (next, answers) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let work = || {
        while let Some(look) = looks.get(next.fetch_add(1, Ordering::Relaxed)) {
            if interrupts.load(Ordering::Relaxed) > 0 {
                return;
            }
            let answer = keeper::look(&look.command, &base, &interrupts);
            let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers.insert(look.id.clone(), answer);
        }
    };
    thread::scope(|scope| {
        let interrupts = &interrupts;
        scope.spawn(move || {
            for _ in signals.forever() {
                interrupts.fetch_add(1, Ordering::Relaxed);
            }
        });
        let workers = (0..slots.get().min(looks.len())).map(|_| scope.spawn(work));
        for worker in workers.collect::<Vec<_>>() {
            // What a worker panics with is told when all of them have ended.
            if let Err(panic) = worker.join() {
                watched.close();
                std::panic::resume_unwind(panic);
            }
        }
        watched.close();
    });
    let answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok((interrupts.into_inner() == 0).then_some(answers))
}
