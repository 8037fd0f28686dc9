//! The moving picture of a run on a terminal: how far it is, what is at work, and above it what will not be forgotten.
//!
//! The only file that names `indicatif`. Draws at ticks alone, so that facts cost next to nothing.

use std::env;
use std::io::{self, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::{SignedDuration, Timestamp};

use super::layout::{Drawn, Picture, Row, Tone, groups_max, layout, tasks_max};
use super::model::Model;
use super::printable::{between, escape, moment};
use super::tail::last_line;
use super::wording::{self, Weight};
use crate::core::state::{InstanceId, Phase, State};
use crate::exec::{Fact, Observer};
use crate::journal::RunFolder;

/// The least time between two pictures.
const REDRAW: SignedDuration = SignedDuration::from_millis(100);

/// The size of a terminal that does not tell it.
const SIZE_UNKNOWN: (usize, usize) = (24, 80);

/// Draws until the terminal is gone.
pub(super) struct Bars {
    folder: RunFolder,
    title: String,
    model: Model,
    /// Lines to stay above the picture, not yet written.
    lasting: Vec<Drawn>,
    bar: ProgressBar,
    terminal: console::Term,
    colours: bool,
    drawn: Option<Timestamp>,
    detached: bool,
}

impl Bars {
    /// Draws on standard error.
    pub(super) fn new(folder: RunFolder, title: &str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(ProgressStyle::with_template("{msg}").expect("the template is well formed"));
        Self {
            folder,
            title: escape(title).into_owned(),
            model: Model::default(),
            lasting: Vec::new(),
            bar,
            terminal: console::Term::stderr(),
            colours: env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
            drawn: None,
            detached: false,
        }
    }

    fn size(&self) -> (usize, usize) {
        match self.terminal.size_checked() {
            Some((height, width)) if height > 0 && width > 0 => (height.into(), width.into()),
            _ => SIZE_UNKNOWN,
        }
    }

    fn say_lasting(&mut self) {
        if !self.lasting.is_empty() && !self.detached {
            let text: Vec<String> = self.lasting.iter().map(|line| self.painted(line)).collect();
            self.bar.println(text.join("\n"));
        }
        self.lasting.clear();
    }

    fn painted(&self, line: &Drawn) -> String {
        match (self.colours, line.tone) {
            (false, _) | (true, Tone::Plain) => line.text.clone(),
            (true, Tone::Leading) => format!("\u{1b}[1;32m{}\u{1b}[0m", line.text),
            (true, Tone::Faint) => format!("\u{1b}[2m{}\u{1b}[0m", line.text),
            (true, Tone::Alarming) => format!("\u{1b}[31m{}\u{1b}[0m", line.text),
        }
    }

    fn picture(&self, state: &State, now: Timestamp, height: usize) -> Picture {
        let mut active: Vec<(InstanceId, Timestamp)> =
            self.model.active().map(|id| (id, since(state, id, now))).collect();
        let running: Vec<_> = active
            .iter()
            .filter(|(_, since)| *since < now)
            .map(|&(id, since)| (state.instance(id).node, since))
            .collect();
        active.sort_by_key(|&(id, since)| (since, id));
        let tasks = active
            .iter()
            .take(tasks_max(height))
            .map(|&(id, since)| self.row(state, id, since, now));
        let groups = self.model.groups().take(groups_max());
        Picture {
            title: self.title.clone(),
            counts: self.model.counts(),
            elapsed: self.model.pace().began().map(|began| between(began, now)).unwrap_or_default(),
            left: self.model.pace().estimate(now, &running),
            stopping: state.run().stopped.is_some(),
            groups: groups
                .map(|(id, counts)| (escape(&state.instance(id).id).into_owned(), counts))
                .collect(),
            groups_total: self.model.groups().len(),
            tasks: tasks.collect(),
            tasks_total: active.len(),
        }
    }

    fn row(&self, state: &State, id: InstanceId, since: Timestamp, now: Timestamp) -> Row {
        let task = &state.instance(id).id;
        let known = state.task(id);
        let reason =
            known.and_then(|known| known.reason.as_deref()).unwrap_or("it has ended badly");
        let note = match known.map(|known| known.phase) {
            Some(Phase::Running(job)) => {
                let printed = last_line(&self.folder.task(task, job.attempt));
                match job.role.label() {
                    None => printed,
                    Some(label) if printed.is_empty() => label,
                    Some(label) => format!("{label}: {printed}"),
                }
            }
            Some(Phase::Awaiting) => {
                let question = known.and_then(|known| known.question.as_ref());
                question.map_or_else(String::new, |question| {
                    let first = question.text.lines().next().unwrap_or_default();
                    format!("asks {}: {}", escape(&question.whom()), escape(first))
                })
            }
            Some(Phase::Pausing(_, until) | Phase::Sleeping(until)) => {
                format!("waits until {}: {}", moment(until, now), escape(reason))
            }
            Some(Phase::Judging(_)) => {
                format!("{}; waiting until all of it is over", escape(reason))
            }
            _ => String::new(),
        };
        Row { id: escape(task).into_owned(), time: between(since, now), note }
    }
}

/// Since when a task's job runs; what waits counts from now, so that it comes last.
fn since(state: &State, id: InstanceId, now: Timestamp) -> Timestamp {
    match state.task(id).map(|task| (task.phase, task.started)) {
        Some((Phase::Running(job), _)) => job.since,
        Some((Phase::Judging(_), Some(started))) => started,
        _ => now,
    }
}

impl Observer for Bars {
    fn fact(&mut self, fact: &Fact, state: &State) {
        if self.detached {
            return;
        }
        self.model.fact(&fact.record, state);
        if !wording::may_last(&fact.record) {
            return;
        }
        if let Some(line) =
            wording::line(fact, state, &self.folder).filter(|line| line.weight != Weight::Usual)
        {
            let tone = if line.weight == Weight::Bad { Tone::Alarming } else { Tone::Plain };
            self.lasting.push(Drawn { text: line.text, tone });
        }
    }

    fn tick(&mut self, state: &State, now: Timestamp) {
        if self.detached
            || self.drawn.is_some_and(|drawn| {
                (SignedDuration::ZERO..REDRAW).contains(&now.duration_since(drawn))
            })
        {
            return;
        }
        self.drawn = Some(now);
        self.model.update(state, now);
        self.say_lasting();
        let (height, width) = self.size();
        let lines: Vec<String> = layout(&self.picture(state, now, height), width, height)
            .iter()
            .map(|line| self.painted(line))
            .collect();
        self.bar.set_message(lines.join("\n"));
    }

    fn warn(&mut self, text: &str) {
        self.lasting.push(Drawn { text: wording::warning(text), tone: Tone::Alarming });
        self.say_lasting();
    }

    fn detach(&mut self) {
        self.detached = true;
        self.bar.set_draw_target(ProgressDrawTarget::hidden());
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        if self.detached {
            return;
        }
        self.bar.finish_and_clear();
        let mut stderr = io::stderr().lock();
        for line in &self.lasting {
            let _ = writeln!(stderr, "{}", self.painted(line));
        }
    }
}
