//! What becomes of one task: its command, its locks, what it waits for, and what its probe says.
//!
//! Does not walk; is told what is above the task.

use super::moment::Moment;
use super::walk::{Passed, Walk};
use super::{Fate, Forecast, Foreseen};
use crate::core::evaluate::Evaluate;
use crate::core::job::Role;
use crate::core::machine::in_words;
use crate::core::question::Question;
use crate::core::state::InstanceId;
use crate::plan::graph::{NodeId, Work};
use crate::spec::model::Effect;

impl Walk<'_> {
    pub(super) fn task(&mut self, id: InstanceId, mut fate: Fate, start: Moment) -> Passed {
        let node = self.state.instance(id).node;
        let work = self.plan.graph.task(node).map(|task| task.work);
        let (mut argv, mut asked) = (None, None);
        if fate.verdict == Forecast::WillRun {
            match self.expressions.action_depends_on(&self.state, id) {
                Some(until) => fate.unknown_until = Some(until),
                None if work == Some(Work::Assert) => {
                    match self.expressions.assert(&self.state, id) {
                        Ok(None) => {}
                        Ok(Some(message)) | Err(message) => fate = Fate::stop(message),
                    }
                }
                None if matches!(work, Some(Work::Question(_))) => {
                    match self.expressions.question(&self.state, id) {
                        Ok(question) => asked = Some(question),
                        Err(error) => fate = Fate::stop(error),
                    }
                }
                None if work != Some(Work::Job) => {}
                None => match self.expressions.command(&self.state, id, Role::Action) {
                    Ok(command) => argv = Some(command.argv),
                    Err(error) => fate = Fate::stop(error),
                },
            }
        }
        let name = self.state.instance(id).id.to_string();
        let mut row = Foreseen {
            argv,
            needs: self.needs(id),
            item: self.state.keys(id).last().map(ToString::to_string),
            locks: self.locks(id),
            settings: self.settings_around(id),
            window: self.window(id),
            waits: waits(work, asked),
            ..self.row(node, name, fate)
        };
        if row.verdict == Forecast::WillRun {
            row.verifications = self.verifications(id);
            self.look_at(id, &mut row);
        }
        let end = self.moment_after(&mut row, start);
        let stops = row.verdict == Forecast::Stop;
        self.tasks.push(row);
        Passed { end, stops }
    }

    fn settings_around(&self, id: InstanceId) -> Vec<String> {
        let around = self.state.settings_around(id).into_iter();
        around.map(|setting| self.state.instance(setting).id.to_string()).collect()
    }

    fn window(&self, id: InstanceId) -> Option<String> {
        let holder = self.state.windows_around(id).into_iter().next_back()?;
        let window = self.state.windows_of(holder)?;
        let expect =
            window.expect.map(|expect| format!(", which must have {} left", in_words(expect)));
        Some(format!("{}{}", window.name, expect.unwrap_or_default()))
    }

    fn locks(&self, id: InstanceId) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for holder in self.state.holders_around(id) {
            if self.expressions.locks_depend_on(&self.state, holder).is_some() {
                continue;
            }
            // What cannot be rendered fails the task when its turn comes; its command tells that already.
            for lock in self.expressions.locks(&self.state, holder).unwrap_or_default() {
                if !names.iter().any(|name| **name == *lock.name) {
                    names.push(lock.name.to_string());
                }
            }
        }
        names
    }

    fn verifications(&self, id: InstanceId) -> Vec<Option<Vec<String>>> {
        let task = self.plan.graph.task(self.state.instance(id).node);
        let count = task.map_or(0, |task| u32::try_from(task.verify.len()).unwrap_or(u32::MAX));
        let command = |number| self.expressions.command(&self.state, id, Role::Verify(number));
        (0..count).map(|number| command(number).ok().map(|command| command.argv)).collect()
    }

    /// What a task waits for: its own needs, or else those of the nearest group around it that has some.
    fn needs(&self, id: InstanceId) -> Vec<String> {
        let mut at = id;
        while at != InstanceId::ROOT {
            let needs = self.state.waits_for(at);
            if !needs.is_empty() {
                return needs;
            }
            at = self.state.scope(self.state.instance(at).scope).group;
        }
        Vec::new()
    }

    /// What is known of a step whatever its items are.
    pub(super) fn row(&self, node: NodeId, id: String, fate: Fate) -> Foreseen {
        Foreseen {
            id,
            step: self.plan.graph.path(node),
            item: None,
            title: self.plan.title(node).to_owned(),
            kind: self.plan.kind(node).map(str::to_owned),
            effect: self.plan.graph.task(node).map_or(Effect::Once, |task| task.effect),
            argv: None,
            verifications: Vec::new(),
            waits: None,
            window: None,
            needs: Vec::new(),
            locks: Vec::new(),
            settings: Vec::new(),
            wave: None,
            usual_seconds: None,
            verdict: fate.verdict,
            found: None,
            repair: Vec::new(),
            unknown_until: fate.unknown_until,
            reason: fate.reason,
        }
    }
}

/// What a task waits for that starts nothing.
fn waits(work: Option<Work>, asked: Option<Question>) -> Option<String> {
    match (work?, asked) {
        (Work::Pause(time), _) => Some(format!("waits for {}", in_words(time))),
        (Work::Question(_), Some(question)) => {
            Some(format!("asks {}: {}", question.whom(), question.text.trim_end()))
        }
        (Work::Question(_), None) => Some("asks people".to_owned()),
        (Work::Job | Work::Assert, _) => None,
    }
}
