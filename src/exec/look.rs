//! Jobs that only read, asked what the world looks like before there is a run.
//!
//! Decides nothing, and writes nothing: what they say is handed back.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::core::preview::{Answer, Look};
use crate::keeper;

/// Starts all of them, so many at a time, and returns what each has said; nothing if a signal came in between.
///
/// # Errors
/// If signals cannot be watched.
pub fn look(looks: &[Look], slots: NonZero<usize>) -> io::Result<Option<BTreeMap<String, Answer>>> {
    let stop = Arc::new(AtomicBool::new(false));
    let watched = [SIGINT, SIGTERM]
        .map(|signal| signal_hook::flag::register(signal, Arc::clone(&stop)))
        .into_iter()
        .collect::<io::Result<Vec<_>>>()?;
    let base = keeper::environment();
    let (next, answers) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let work = || {
        while let Some(look) = looks.get(next.fetch_add(1, Ordering::Relaxed)) {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let answer = keeper::look(&look.command, &base, &stop);
            let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers.insert(look.id.clone(), answer);
        }
    };
    thread::scope(|scope| {
        for _ in 0..slots.get().min(looks.len()) {
            scope.spawn(work);
        }
    });
    for signal in watched {
        signal_hook::low_level::unregister(signal);
    }
    let answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok((!stop.load(Ordering::Relaxed)).then_some(answers))
}
