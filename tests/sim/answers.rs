//! Expressions and templates, played by a function of the seed, the instance's id and the state.
//!
//! Knows no hidden truth: it sees what the product's own evaluation sees.

use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Value, json};
use windlass::core::claim::{Holder, Lock};
use windlass::core::evaluate::{Evaluate, Out};
use windlass::core::job::{Command, Role};
use windlass::core::question::Question;
use windlass::core::record::{Item, Outcome};
use windlass::core::state::{InstanceId, Phase, State};
use windlass::plan::graph::Work;
use windlass::spec::model::Sharing;

use crate::{locks, questions};

/// The answers of one seed.
#[derive(Debug, Clone)]
pub(crate) struct Answers {
    pub(crate) seed: u64,
    /// Of a hundred evaluations, how many fail until somebody has resumed the run a few times.
    pub(crate) trouble: u64,
    /// The greatest number of items.
    pub(crate) items_max: u64,
}

impl Answers {
    /// A number that hangs on nothing but the seed, the question and the instance.
    fn draw(&self, question: &str, state: &State, instance: InstanceId) -> u64 {
        self.draw_for(question, &state.instance(instance).id)
    }

    fn draw_for(&self, question: &str, id: &str) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325 ^ self.seed;
        for byte in question.bytes().chain(id.bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        hash ^= hash >> 31;
        hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33
    }

    /// Errors that go away once the run was resumed once, twice or three times.
    fn fails(&self, question: &str, state: &State, instance: InstanceId) -> Result<(), String> {
        self.fails_for(question, state, &state.instance(instance).id)
    }

    fn fails_for(&self, question: &str, state: &State, id: &str) -> Result<(), String> {
        let drawn = self.draw_for(question, id);
        let passes_after = drawn / 100 % 3 + 1;
        if drawn % 100 < self.trouble && u64::from(state.run().resumes) < passes_after {
            return Err(format!("{question} is in trouble"));
        }
        Ok(())
    }
}

impl Evaluate for Answers {
    fn when(&self, state: &State, instance: InstanceId) -> Result<bool, String> {
        self.fails("when", state, instance)?;
        let needed = state.node(instance).needs.first();
        let skipped = needed.is_some_and(|&slot| {
            let task = state.task(state.sibling(instance, slot));
            task.is_some_and(|task| task.phase == Phase::Ended(Outcome::Skipped))
        });
        Ok(!skipped && self.draw("when?", state, instance) % 100 < 70)
    }

    fn items(&self, state: &State, instance: InstanceId) -> Result<Vec<Item>, String> {
        self.fails("items", state, instance)?;
        let around = state.keys(instance).len();
        let most = [self.items_max, 3, 2, 1][around.min(3)].min(self.items_max);
        let count = self.draw("items?", state, instance) % (most + 1);
        let key = |index: u64| char::from(b'a' + u8::try_from(index).expect("few items"));
        Ok((0..count)
            .map(|index| Item {
                key: Some(Arc::from(key(index).to_string())),
                value: json!({ "number": index }).into(),
            })
            .collect())
    }

    fn locks(&self, state: &State, holder: Holder) -> Result<Vec<Lock>, String> {
        if let Some(lock) = lock_of_setting(state, holder) {
            return Ok(vec![lock]);
        }
        let id = state.holder_id(holder);
        self.fails_for("locks", state, &id)?;
        let count = [0, 1, 1, 2][usize::try_from(self.draw_for("locks?", &id) % 4).expect("few")];
        let lock = |number: usize| {
            let name = self.draw_for(["first", "second"][number], &id);
            let name = locks::NAMES[usize::try_from(name % 3).expect("few")];
            // In most runs all who want a name want it in the same way.
            let mixed = self.seed.is_multiple_of(3);
            let drawn = self
                .draw_for("sharing", &if mixed { format!("{id}{name}") } else { name.to_owned() });
            Lock { name: name.into(), sharing: locks::sharing(drawn) }
        };
        Ok((0..count).map(lock).collect())
    }

    fn assert(&self, state: &State, instance: InstanceId) -> Result<Option<String>, String> {
        self.fails("assert", state, instance)?;
        Ok(self.fails("that", state, instance).err())
    }

    fn question(&self, state: &State, instance: InstanceId) -> Result<Question, String> {
        self.fails("question", state, instance)?;
        let work = state.graph().task(state.instance(instance).node).map(|task| task.work);
        let manual = matches!(work, Some(Work::Question(question)) if question.manual);
        let repairs =
            state.task(instance).is_some_and(|known| matches!(known.phase, Phase::Repairing(..)));
        Ok(questions::question(manual || repairs, self.draw("question?", state, instance)))
    }

    fn command(&self, state: &State, instance: InstanceId, role: Role) -> Result<Command, String> {
        self.fails("command", state, instance)?;
        if role == Role::Set {
            let value = json!(temporary(state, instance));
            return Ok(command_to_set(state, instance, "Set", &value));
        }
        Ok(Command {
            argv: vec![state.instance(instance).id.to_string(), format!("{role:?}")],
            env: IndexMap::new(),
            dir: PathBuf::from("/"),
            stdin: None,
            timeout_ms: None,
            grace_ms: 1,
        })
    }

    fn success(
        &self,
        state: &State,
        instance: InstanceId,
        _role: Role,
        out: &Out,
    ) -> Result<bool, String> {
        self.fails("success", state, instance)?;
        Ok(out.exit == Some(0))
    }

    fn outputs(
        &self,
        state: &State,
        instance: InstanceId,
        _role: Role,
        out: &Out,
    ) -> Result<Value, String> {
        self.fails("outputs", state, instance)?;
        said(out).map(|text| json!({ "said": text }))
    }

    fn probed(
        &self,
        state: &State,
        instance: InstanceId,
        out: &Out,
    ) -> Result<Option<u32>, String> {
        self.fails("probed", state, instance)?;
        let said = said(out)?;
        let probe =
            state.graph().task(state.instance(instance).node).and_then(|t| t.probe.as_ref());
        let states = &probe.ok_or("it has no probe")?.states;
        let found = states.iter().position(|state| state.name.as_ref() == said);
        Ok(found.map(|index| u32::try_from(index).expect("a probe has few states")))
    }

    fn stop_message(
        &self,
        state: &State,
        instance: InstanceId,
        _index: u32,
        out: &Out,
    ) -> Result<String, String> {
        self.fails("stop", state, instance)?;
        said(out)
    }

    fn until(&self, state: &State, instance: InstanceId, out: &Out) -> Result<bool, String> {
        self.fails("until", state, instance)?;
        let hash = said(out)?.bytes().fold(self.seed, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3).rotate_left(23)
        });
        Ok((hash ^ (hash >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 61 != 0)
    }

    fn setting_to(&self, state: &State, part: InstanceId) -> Result<Value, String> {
        self.fails("to", state, part)?;
        Ok(json!(temporary(state, part)))
    }

    fn setting_value(&self, state: &State, part: InstanceId, out: &Out) -> Result<Value, String> {
        self.fails("value", state, part)?;
        said(out).map(Value::from)
    }

    fn restore_command(
        &self,
        state: &State,
        part: InstanceId,
        old: &Value,
    ) -> Result<Command, String> {
        self.fails("restore", state, part)?;
        Ok(command_to_set(state, part, "Restore", old))
    }

    fn reads_stdout(&self, state: &State, instance: InstanceId, role: Role) -> bool {
        let outputs = state.graph().task(state.instance(instance).node).is_some_and(|t| t.outputs);
        matches!(role, Role::Probe | Role::Get) || (role == Role::Action && outputs)
    }
}

/// The value that a part of a setting has for a time.
pub(crate) fn temporary(state: &State, part: InstanceId) -> String {
    format!("ours of {}", state.instance(part).id)
}

/// A command that sets a value: its last argument.
fn command_to_set(state: &State, part: InstanceId, role: &str, value: &Value) -> Command {
    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Command {
        argv: vec![state.instance(part).id.to_string(), role.to_owned(), value],
        env: IndexMap::new(),
        dir: PathBuf::from("/"),
        stdin: None,
        timeout_ms: None,
        grace_ms: 1,
    }
}

/// A setting is the same in all items around it, so that they exclude each other.
fn lock_of_setting(state: &State, holder: Holder) -> Option<Lock> {
    let Holder::Task(id) = holder else { return None };
    let key = state.part(id)?.key.clone().unwrap_or_default();
    let name = format!("setting {}{key}", state.node(id).name);
    Some(Lock { name: name.into(), sharing: Sharing::Exclusive })
}

fn said(out: &Out) -> Result<String, String> {
    match &out.stdout {
        Some(Ok(text)) => Ok(text.clone()),
        Some(Err(error)) => Err(error.clone()),
        None => Err("nobody has read what the job printed".to_owned()),
    }
}
