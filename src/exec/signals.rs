//! Signals → events. Knows nothing of what they lead to.

use std::io;
use std::sync::mpsc::Sender;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::Event;

/// Sends an event for every SIGINT, SIGTERM and SIGHUP from now on.
pub(super) fn watch(sender: &Sender<Event>) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let sender = sender.clone();
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            let event = if signal == SIGHUP { Event::HangUp } else { Event::Interrupt };
            if sender.send(event).is_err() {
                return;
            }
        }
    })?;
    Ok(())
}
