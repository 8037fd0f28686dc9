//! What happens to a run beside kills: it is told to stop, somebody else changes its setting, it is given up.
//!
//! Does not know what follows.

use rand::RngExt;
use serde_json::Value;

use super::Trial;
use crate::place::RUN;
use crate::processes::{self, Kind};

impl Trial {
    /// Tells the run to start nothing more; its executor answers, or the order is written down if there is none.
    pub(super) fn stop(&mut self) {
        let (code, stdout, stderr) = self.place.windlass(&["stop", RUN, "--because", "enough"]);
        // There may be no run yet, or it has ended just now.
        assert!(matches!(code, Some(0 | 2 | 6)), "{code:?}: {stderr}");
        self.figures.stops += u64::from(code == Some(0));
        self.overruled |= stdout.starts_with("recorded");
        self.tell(format!("told to stop: {code:?} {stdout}{stderr}"));
    }

    /// Somebody else changes the setting while it is in force, and nothing of the run lives.
    pub(super) fn drift(&mut self, status: &Value) {
        let mut settings = status["settings"].as_array().unwrap().iter();
        let in_force = settings.any(|setting| setting["state"] == "in_force");
        let drifts =
            in_force && self.place.read("setting") == "temporary\n" && self.rng.random_bool(0.3);
        let lives = |process: &processes::Process| process.kind == Kind::Job;
        if !drifts || processes::with_mark(&self.place.mark()).iter().any(lives) {
            return;
        }
        self.place.note("drift", RUN, "setting");
        std::fs::write(self.place.path("setting"), "theirs\n").unwrap();
        self.figures.drifts += 1;
        self.tell("somebody else changes the setting".to_owned());
    }

    /// Takes the run up to give it up, and sometimes leaves its setting as it is.
    pub(super) fn give_up(&mut self) {
        self.figures.resumes += 1;
        assert!(self.figures.resumes < super::RESUMES_MAX.into(), "the run cannot be given up");
        if self.journal.lines < 2 {
            return self.resume();
        }
        let mut settings = self.status["settings"].as_array().into_iter().flatten();
        let closed = ["idle", "restored", "written_off"];
        let open = settings.any(|setting| !closed.contains(&setting["state"].as_str().unwrap()));
        let mut words = vec!["abandon", RUN, "--because", "enough"];
        if open && self.rng.random_bool(0.3) {
            self.place.note("decided", RUN, "left");
            words.extend(["--write-off", "setting"]);
        }
        self.tell(format!("{words:?}"));
        self.start(&words);
    }
}
