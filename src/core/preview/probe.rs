//! What the world looks like before a run: which jobs may be asked, and what follows from what they say.
//!
//! Starts nothing; the answers are brought to it. What cannot be read is unknown, and never "nothing has happened".

use super::walk::Walk;
use super::{Fate, Forecast, Foreseen};
use crate::core::evaluate::{Evaluate, Out};
use crate::core::job::{Command, Role};
use crate::core::state::InstanceId;
use crate::plan::graph::Meaning;

/// A job that only reads and may be started before the run: a task's probe, or `get` of a setting.
#[derive(Debug, Clone)]
pub struct Look {
    /// The task or setting that it looks at.
    pub id: String,
    /// What is started.
    pub command: Command,
}

/// What such a job has left behind, or why there is nothing.
pub type Answer = Result<Seen, String>;

/// What such a job has left behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// How it ended and what it printed.
    pub out: Out,
    /// The last line that it has printed on standard error.
    pub said: String,
}

impl Walk<'_> {
    /// Lets a task's probe be asked, or takes what it has said.
    pub(super) fn look_at(&mut self, id: InstanceId, row: &mut Foreseen) {
        let node = self.state.instance(id).node;
        let asks = self.plan.graph.task(node).is_some_and(crate::plan::graph::Task::asks);
        if !asks || row.unknown_until.is_some() {
            return;
        }
        let Some(out) = self.ask(id, &row.id, Role::Probe) else { return };
        let fate = match out.and_then(|out| self.judge(id, row, &out)) {
            Ok(fate) => fate,
            Err(why) => Fate::because(
                Forecast::Unknown,
                format!("{why}, so it is not known in which state the world is"),
            ),
        };
        row.verdict = fate.verdict;
        row.reason = fate.reason.or(row.reason.take());
    }

    /// What a job has said that looks at the world; nothing where nobody was asked.
    pub(super) fn ask(
        &mut self,
        id: InstanceId,
        name: &str,
        role: Role,
    ) -> Option<Result<Out, String>> {
        let asked = self.beside.answers.is_some();
        let command = match self.expressions.command(&self.state, id, role) {
            Ok(command) => command,
            Err(error) => return asked.then_some(Err(error)),
        };
        if self.expressions.knows_its_run(&self.state, id, role) {
            let why = "it reads the id or the folder of the run, and there is none yet".to_owned();
            return asked.then_some(Err(why));
        }
        // A step and a setting beside it may have one name.
        let name = if role == Role::Get { format!("{name}:get") } else { name.to_owned() };
        let answer = self.beside.answers.as_ref().and_then(|answers| answers.get(&name)).cloned();
        self.looks.push(Look { id: name, command });
        Some(answer?.and_then(|seen| self.believed(id, role, seen)))
    }

    /// What was said, if the job that said it has ended well.
    fn believed(&self, id: InstanceId, role: Role, seen: Seen) -> Result<Out, String> {
        if self.expressions.success(&self.state, id, role, &seen.out)? {
            return Ok(seen.out);
        }
        let ended = match seen.out.exit {
            Some(code) => format!("what was asked exited with {code}"),
            None => "what was asked was ended by a signal".to_owned(),
        };
        Err(if seen.said.is_empty() { ended } else { format!("{ended} ({})", seen.said) })
    }

    /// The state that the probe has found, as the machine would take it before a first start.
    fn judge(&self, id: InstanceId, row: &mut Foreseen, out: &Out) -> Result<Fate, String> {
        let index = self.expressions.probed(&self.state, id, out)?;
        let index = index.ok_or("no state of its probe holds")?;
        let shape = self.plan.graph.task(self.state.instance(id).node);
        let probe = shape.and_then(|task| task.probe.as_ref()).ok_or("it has no probe")?;
        let state = probe.states.get(index as usize).ok_or("its probe has no such state")?;
        row.found = Some(state.name.to_string());
        let found = format!("its probe finds it `{}`", state.name);
        Ok(match &state.meaning {
            Meaning::Done if probe.refuse_found => Fate::stop(format!(
                "{found} before it was ever started, which `found: refuse` forbids"
            )),
            Meaning::Done => Fate::because(Forecast::FoundDone, found),
            Meaning::Absent => Fate::because(Forecast::WillRun, found),
            Meaning::Wait { .. } => Fate::because(Forecast::Running, found),
            Meaning::Repair(actions) => {
                row.repair = (0..)
                    .take(actions.len())
                    .map(|action| self.mend(id, Role::Repair { state: index, action }))
                    .collect();
                Fate::because(Forecast::NeedsRepair, found)
            }
            Meaning::Stop => {
                let message = self.expressions.stop_message(&self.state, id, index, out)?;
                Fate::stop(format!("{found}: {message}"))
            }
        })
    }

    fn mend(&self, id: InstanceId, role: Role) -> Option<Vec<String>> {
        self.expressions.command(&self.state, id, role).ok().map(|command| command.argv)
    }
}
