//! The folder of claims as it really is: who holds what, other runs that take and give back locks in it, operators that take
//! locks away.
//!
//! Knows rules, not reasons: it grants what may be held side by side, and shares no code with `core`.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use windlass::core::claim::{Blocker, Holder, KnownClaim, Lock, in_order};
use windlass::core::evaluate::Evaluate;
use windlass::core::machine::{Effect, Input};
use windlass::core::record::{Outcome, StopReason};
use windlass::core::state::{InstanceBody, InstanceId, Phase, State};
use windlass::plan::graph::{Graph, NodeBody};
use windlass::spec::model::Sharing;

use crate::answers::Answers;
use crate::watch::Promise;
use crate::world::{World, time};

/// Names that many want.
pub(crate) const NAMES: [&str; 3] = ["a", "b", "c"];

/// One who holds a lock: our run, or another one with a number.
#[derive(Debug, Clone)]
struct Hold {
    lock: Lock,
    run: Option<u32>,
    scope: Arc<str>,
    token: Arc<str>,
}

/// The folder of claims, and everybody who uses it beside our run.
#[derive(Debug)]
pub(crate) struct Locks {
    holds: Vec<Hold>,
    /// Other runs, and whether their executors live.
    others: BTreeMap<u32, bool>,
    rng: ChaCha8Rng,
    /// How often others do something, in a thousand.
    traffic: u32,
    /// How often locks are taken away between two lives, in a thousand.
    theft: u32,
    /// How often an answer says that runs wait for each other, in a thousand of those that wait.
    rings: u32,
    granted: usize,
}

impl Locks {
    /// Gives some steps of a plan locks, by the seed; half of all plans have none.
    pub(crate) fn new(seed: u64, graph: &mut Graph) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x10c5);
        let chance = [0.0, 0.0, 0.15, 0.4][rng.random_range(0..4)];
        for node in &mut graph.nodes {
            let single = matches!(&node.body, NodeBody::Group(group)
                if group.fan_out.as_ref().is_some_and(|fan_out| fan_out.single));
            let setting = matches!(node.body, NodeBody::Setting(_));
            node.locks = setting || (!single && rng.random_bool(chance));
        }
        Self {
            holds: Vec::new(),
            others: BTreeMap::new(),
            traffic: [0, 10, 60][rng.random_range(0..3)],
            theft: [0, 0, 300][rng.random_range(0..3)],
            rings: [0, 0, 50][rng.random_range(0..3)],
            rng,
            granted: 0,
        }
    }

    pub(crate) fn calm_down(&mut self) {
        (self.traffic, self.theft, self.rings) = (0, 0, 0);
    }

    /// No executor of ours lives, and nobody else is in a hurry: other runs are resumed and end.
    pub(crate) fn others_leave(&mut self) {
        self.holds.retain(|hold| hold.run.is_none());
        self.others.clear();
    }

    /// Another run takes a lock, gives one back, or loses its executor.
    pub(crate) fn others_act(&mut self, our_run_rests: bool) {
        // Whoever waits for a living run must see it end, or it would wait for ever.
        let pace = if our_run_rests { 300 } else { self.traffic };
        if self.rng.random_range(0..1000) >= pace {
            return;
        }
        let theirs: Vec<usize> =
            (0..self.holds.len()).filter(|&at| self.holds[at].run.is_some()).collect();
        match self.rng.random_range(0..10) {
            0..4 if self.traffic > 0 => {
                let name = NAMES[self.rng.random_range(0..NAMES.len())];
                let lock = Lock { name: name.into(), sharing: sharing(self.rng.random()) };
                let number = self.rng.random_range(1..4);
                let alive = *self.others.entry(number).or_insert(true);
                if alive && self.in_the_way(&lock, "").is_empty() {
                    let (scope, token) = ("".into(), "theirs".into());
                    self.holds.push(Hold { lock, run: Some(number), scope, token });
                }
            }
            4..6 => {
                let number = self.rng.random_range(1..4);
                if let Some(alive) = self.others.get_mut(&number) {
                    *alive = !*alive;
                }
            }
            _ if !theirs.is_empty() => {
                let at = theirs[self.rng.random_range(0..theirs.len())];
                self.holds.remove(at);
            }
            _ => {}
        }
    }

    /// An operator takes locks away from a run without an executor, now and then.
    pub(crate) fn thieves_come(&mut self) {
        let theft = self.theft;
        let rng = &mut self.rng;
        self.holds.retain(|hold| hold.run.is_some() || rng.random_range(0..1000) >= theft);
    }

    /// What an executor does first: it gives back what its journal does not know of.
    pub(crate) fn release_unknown(&mut self, is_known: impl Fn(&str) -> bool) {
        self.holds.retain(|hold| hold.run.is_some() || is_known(&hold.token));
    }

    fn in_the_way(&self, wanted: &Lock, scope: &str) -> Vec<&Hold> {
        let others: Vec<&Hold> = self
            .holds
            .iter()
            .filter(|hold| hold.lock.name == wanted.name)
            .filter(|hold| hold.run.is_some() || hold.scope.as_ref() != scope)
            .collect();
        let fits = |other: &&&Hold| match (wanted.sharing, other.lock.sharing) {
            (Sharing::Shared, Sharing::Shared) => true,
            (Sharing::Slots(own), Sharing::Slots(theirs)) => {
                others.len() < own.min(theirs) as usize
            }
            _ => false,
        };
        if others.iter().all(|other| fits(&other)) { Vec::new() } else { others }
    }

    /// Carries out an effect, and says what is to be answered.
    pub(crate) fn carry_out(
        &mut self,
        effect: &Effect,
        state: &State,
        durable: impl Fn() -> Result<State, String>,
        world: &World,
        now: i64,
    ) -> Result<Option<Input>, String> {
        Ok(match effect {
            Effect::Acquire { holder, locks, token } => Some(self.acquire(holder, locks, token)),
            Effect::Release { holder, names, token } => {
                check_release(state, &durable()?, holder, token, world, now)?;
                self.check_run_is_last(state, holder, token)?;
                self.holds.retain(|hold| {
                    hold.run.is_some() || hold.token != *token || !names.contains(&hold.lock.name)
                });
                Some(Input::Released { holder: holder.clone(), token: token.clone() })
            }
            Effect::Verify { claims } => {
                let mut lost = Vec::new();
                for KnownClaim { holder, names, token } in claims {
                    let gone = |name: &&Arc<str>| !self.is_held(holder, name, token);
                    let missing: Vec<Arc<str>> = names.iter().filter(gone).cloned().collect();
                    if !missing.is_empty() {
                        lost.push((holder.clone(), missing));
                    }
                }
                Some(Input::Verified { lost })
            }
            _ => None,
        })
    }

    /// What a run holds for all that is in it, it gives back last.
    fn check_run_is_last(&self, state: &State, holder: &str, token: &Arc<str>) -> Promise {
        let is_other = |hold: &&Hold| hold.run.is_none() && hold.token != *token;
        match self.holds.iter().find(is_other) {
            Some(hold) if holder.is_empty() && state.claims().knows(token) => {
                Err(format!("the run's own locks are given back before {}", hold.lock))
            }
            _ => Ok(()),
        }
    }

    fn acquire(&mut self, holder: &Arc<str>, locks: &[Lock], token: &Arc<str>) -> Input {
        let (id, token) = (holder.clone(), token.clone());
        let blockers: Vec<&Hold> =
            locks.iter().flat_map(|lock| self.in_the_way(lock, holder)).collect();
        if blockers.is_empty() {
            let again = |hold: &Hold| {
                hold.run.is_none()
                    && hold.scope == *holder
                    && locks.iter().any(|lock| lock.name == hold.lock.name)
            };
            self.holds.retain(|hold| !again(hold));
            self.holds.extend(locks.iter().map(|lock| Hold {
                lock: lock.clone(),
                run: None,
                scope: id.clone(),
                token: token.clone(),
            }));
            self.granted += 1;
            return Input::Granted { holder: id, token };
        }
        let others = blockers.iter().filter_map(|hold| Some((hold, hold.run?)));
        let by: Vec<Blocker> = others
            .map(|(hold, number)| Blocker {
                lock: hold.lock.name.clone(),
                run: format!("other-{number}"),
                state_dir: None,
                scope: hold.scope.to_string(),
                user: "op".to_owned(),
                host: "here".to_owned(),
                since: time(0),
                alive: self.others.get(&number).copied().unwrap_or(false),
            })
            .collect();
        if by.iter().any(|other| other.alive) && self.rng.random_range(0..1000) < self.rings {
            let reason = "runs wait for each other".to_owned();
            return Input::Refused { holder: id, token, reason };
        }
        Input::Denied { holder: id, token, by }
    }

    fn is_held(&self, holder: &str, name: &str, token: &str) -> bool {
        self.holds.iter().any(|hold| {
            hold.run.is_none()
                && hold.scope.as_ref() == holder
                && hold.lock.name.as_ref() == name
                && hold.token.as_ref() == token
        })
    }

    /// A job starts: every lock that is asked for around it must be held in the folder, by what asks or by something around that.
    pub(crate) fn check_job(&self, state: &State, task: &str, answers: &Answers) -> Promise {
        if state.run().stopped == Some(StopReason::Abandoned) {
            // A run that is given up only finds out what has happened, and puts settings back.
            return Ok(());
        }
        let id = state.find(task).ok_or("a job of nothing")?;
        for holder in state.holders_around(id) {
            for lock in in_order(answers.locks(state, holder)?) {
                let around = state.holders_enclosing(holder).into_iter().chain([holder]);
                let mut held = around.filter_map(|outer| {
                    let claim = state.claims().of(outer)?;
                    let held = claim.locks.iter().find(|held| held.name == lock.name)?;
                    Some((outer, claim, held))
                });
                let sound = held.any(|(outer, claim, held)| {
                    claim.whole
                        && held.covers(&lock)
                        && self.is_held(&state.holder_id(outer), &lock.name, &claim.token)
                });
                if !sound {
                    return Err(format!("{task} starts without lock {lock}"));
                }
            }
        }
        Ok(())
    }

    /// An executor has ended as it should: the folder holds what the journal says, and nothing else.
    pub(crate) fn check_end(&self, state: &State) -> Promise {
        let unknown =
            self.holds.iter().find(|hold| hold.run.is_none() && !state.claims().knows(&hold.token));
        if let Some(hold) = unknown {
            return Err(format!("the executor goes and leaves {hold:?}"));
        }
        for (holder, claim) in state.claims().held() {
            let id = state.holder_id(holder);
            let gone = |lock: &&Lock| !self.is_held(&id, &lock.name, &claim.token);
            if let Some(lock) = claim.locks.iter().find(gone) {
                return Err(format!("the journal says that `{id}` holds {lock}"));
            }
        }
        Ok(())
    }

    /// Whether everything around a task that has locks in the plan holds some.
    pub(crate) fn has_all(&self, state: &State, task: InstanceId, answers: &Answers) -> bool {
        state.holders_around(task).into_iter().all(|holder| {
            let whole = state.claims().of(holder).is_some_and(|claim| claim.whole);
            whole || answers.locks(state, holder).is_ok_and(|locks| locks.is_empty())
        })
    }

    /// Whether a task cannot start because somebody holds a lock that it needs next.
    pub(crate) fn keep_waiting(&self, state: &State, task: InstanceId, answers: &Answers) -> bool {
        for holder in state.holders_around(task) {
            if state.claims().of(holder).is_some_and(|claim| claim.whole) {
                continue;
            }
            let Ok(locks) = answers.locks(state, holder) else { return false };
            let covered = |lock: &Lock| {
                state.holders_enclosing(holder).iter().any(|&outer| {
                    let claim = state.claims().of(outer);
                    claim.is_some_and(|claim| {
                        claim.locks.iter().any(|held| held.covers(lock) && held.name == lock.name)
                    })
                })
            };
            let mut locks = in_order(locks);
            locks.retain(|lock| !covered(lock));
            if !locks.is_empty() {
                let id = state.holder_id(holder);
                return locks.iter().any(|lock| !self.in_the_way(lock, &id).is_empty());
            }
        }
        false
    }
}

pub(crate) fn sharing(drawn: u64) -> Sharing {
    [Sharing::Exclusive, Sharing::Exclusive, Sharing::Shared, Sharing::Slots(2), Sharing::Slots(1)]
        [usize::try_from(drawn % 5).expect("less than five")]
}

/// Locks are given back only when all under them has ended well, or is waived, and a power cut would not change that; or when a task
/// has done nothing under its own.
fn check_release(
    state: &State,
    durable: &State,
    id: &str,
    token: &str,
    world: &World,
    now: i64,
) -> Promise {
    let holder = state.holder(id).ok_or("locks of nothing are released")?;
    if state.claims().of(holder).is_none_or(|claim| claim.token.as_ref() != token) {
        // It was granted too late, and nobody has heard of it.
        return Ok(());
    }
    for (known, when) in [(state, "now"), (durable, "after a power cut")] {
        if known.run().stopped == Some(StopReason::Abandoned) {
            continue;
        }
        for (index, instance) in known.instances().iter().enumerate() {
            let at = InstanceId(u32::try_from(index).expect("a simulated run is small"));
            if at == InstanceId::ROOT || !is_under(known, at, holder) {
                continue;
            }
            let good = match &instance.body {
                InstanceBody::Task(task) => {
                    let own = holder == Holder::Task(at) && task.jobs == 0;
                    matches!(
                        task.phase,
                        Phase::Ended(Outcome::Succeeded | Outcome::Skipped | Outcome::Waived)
                    ) || own && task.phase == Phase::Waiting
                }
                InstanceBody::Group(group) => match group.ended {
                    Some(outcome) => outcome != Outcome::Failed,
                    None => group.items.is_some(),
                },
                InstanceBody::Setting(_) => true,
                InstanceBody::Part(part) => !part.standing.is_open(),
            };
            // Of a run that is given up nothing but life and doubt holds a lock.
            let given_up =
                known.run().stopped == Some(StopReason::Abandoned) && known.may_be_abandoned();
            if !good && !given_up {
                return Err(format!(
                    "locks of `{id}` are released while {} is open ({when})",
                    instance.id
                ));
            }
            if world.is_alive(&instance.id, now) {
                return Err(format!("locks of `{id}` are released while {} lives", instance.id));
            }
        }
    }
    Ok(())
}

fn is_under(state: &State, id: InstanceId, holder: Holder) -> bool {
    let mut at = id;
    loop {
        let scope = state.instance(at).scope;
        if holder == Holder::Task(at) || (at != InstanceId::ROOT && holder == Holder::Scope(scope))
        {
            return true;
        }
        if at == InstanceId::ROOT {
            return false;
        }
        at = state.scope(scope).group;
    }
}
