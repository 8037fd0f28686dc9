//! Rehearsal: a runbook is run in simulation, and its executor, its keeper or the whole machine dies at every point of it.
//!
//! Starts nothing, reads no clock and prints nothing. Sees the core as an executor does, and knows no journal on disk.

mod answers;
mod ends;
mod explore;
mod life;
mod likeness;
mod locks;
mod made_up;
mod operator;
mod promises;
mod report;
mod table;
pub mod text;
mod trial;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::answers::{Answers, Asked, Assumption};
use self::explore::{Choice, Walk};
use self::life::{Flow, Life, Unwatched, somebody};
use self::likeness::Moments;
pub use self::made_up::parameter;
pub use self::report::{Point, Rehearsal, Silent};
use self::table::Table;
use self::trial::{Second, Stage};
use self::world::{Death, World};
use crate::core::expressions::Expressions;
use crate::core::machine::Input;
use crate::core::record::Opened;
use crate::core::state::State;
use crate::plan::Plan;
use crate::plan::graph::{Meaning, NodeId};

/// Conditions that are rehearsed both ways, at the most.
const CONDITIONS_MAX: usize = 8;
/// A second crash comes within so many steps of the resume.
const SECOND_WITHIN: u64 = 60;
/// Inputs after which an undisturbed run is taken to go on for ever, for each instance.
const INPUTS_MAX: usize = 200;

/// How much is rehearsed.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    /// How many jobs run at a time.
    pub jobs: usize,
    /// How many items of a group are rehearsed.
    pub items: usize,
    /// How many pairs of crashes are rehearsed beside all single ones.
    pub pairs: u64,
    /// Which pairs.
    pub seed: u64,
    /// How many threads work on it.
    pub threads: u64,
}

/// What can be said of an undisturbed run.
struct Undisturbed {
    moments: Moments,
    assumed: Vec<Assumption>,
    /// Why it does not come to a good end, if it does not.
    broken: Option<String>,
}

/// Rehearses a plan.
#[must_use]
pub fn rehearse(plan: &Arc<Plan>, extent: Extent) -> Rehearsal {
    let first = undisturbed(plan, extent, None);
    let mut assumed = first.assumed.clone();
    assumed.extend(probes_with_two_states(plan).map(Assumption::TwoStates));
    if let Some(broken) = first.broken {
        return Rehearsal::broken(plan, extent, &assumed, broken);
    }
    let mut table = all_that_goes_wrong(plan, extent, None, &first.moments);
    let conditions = first.assumed.iter().filter_map(|assumption| match assumption {
        Assumption::Condition(node) => Some(*node),
        _ => None,
    });
    for node in conditions.take(CONDITIONS_MAX) {
        let other = undisturbed(plan, extent, Some(node));
        assumed.extend(other.assumed);
        match other.broken {
            Some(broken) => table.add_broken(node, broken),
            None => {
                let more = all_that_goes_wrong(plan, extent, Some(node), &other.moments);
                table.points += more.points;
                table.merge(more);
            }
        }
    }
    assumed.sort_unstable();
    assumed.dedup();
    Rehearsal::new(plan, extent, &assumed, &table)
}

/// The tasks whose probes have no state between nothing and all.
fn probes_with_two_states(plan: &Plan) -> impl Iterator<Item = NodeId> {
    let ids = (0..plan.graph.nodes.len()).map(|index| NodeId(u32::try_from(index).unwrap_or(0)));
    ids.filter(|&node| {
        let task = plan.graph.task(node).filter(|task| task.asks());
        let states = task.and_then(|task| task.probe.as_ref()).map(|probe| &probe.states);
        states.is_some_and(|states| {
            let ends = |meaning: &Meaning| matches!(meaning, Meaning::Done | Meaning::Absent);
            states.iter().all(|state| ends(&state.meaning))
        })
    })
}

fn answers(plan: &Arc<Plan>, extent: Extent, denied: Option<NodeId>) -> Answers {
    let expressions = Expressions::new(plan.clone(), operator::RUN, operator::RUN);
    Answers::new(expressions, extent.items, denied)
}

fn begin(plan: &Plan, world: &World) -> Input {
    Input::Opened(Box::new(Opened {
        run: operator::RUN.to_owned(),
        runbook: plan.name.clone(),
        title: plan.title.clone(),
        digest: plan.digest.clone(),
        by: somebody(world),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        folder: plan.folder.to_string_lossy().into_owned(),
        vars: plan.vars.clone(),
    }))
}

/// Runs a plan to its end without any fault.
fn undisturbed(plan: &Arc<Plan>, extent: Extent, denied: Option<NodeId>) -> Undisturbed {
    let answers = answers(plan, extent, denied);
    let mut moments = Moments::default();
    let broken = run_undisturbed(plan, extent, &answers, &mut moments).err();
    Undisturbed { moments, assumed: answers.assumed(), broken }
}

fn run_undisturbed(
    plan: &Arc<Plan>,
    extent: Extent,
    answers: &Answers,
    moments: &mut Moments,
) -> Result<(), String> {
    let state = State::new(plan.graph.clone());
    let mut life = Life::new(Asked(answers), state, World::default(), extent.jobs);
    let opening = begin(plan, &life.world);
    life.take(opening, &mut Unwatched)?;
    for _ in 0..INPUTS_MAX * (10 + plan.graph.nodes.len() * extent.items.pow(2)) {
        if life.is_finished() {
            return came_to_a_good_end(&life);
        }
        if life.has_no_letters() {
            moments.add(life.state(), &life.world);
        }
        if life.go_on(&mut Unwatched)? == Flow::Dead {
            break;
        }
    }
    Err("the run goes on for ever".to_owned())
}

fn came_to_a_good_end(life: &Life<'_>) -> Result<(), String> {
    let state = life.state();
    let breaches = life.breaches.iter().cloned().chain(promises::of_rest(state, &life.world));
    if let Some(breach) = breaches.into_iter().next() {
        return Err(breach.in_words());
    }
    if state.run().closed {
        return Ok(());
    }
    let bad = state.tasks().find_map(|(_, instance, task)| {
        let reason = task.reason.as_deref().filter(|_| instance.standing.bad)?;
        Some(format!("`{}`: {reason}", instance.id))
    });
    let bad = bad.or_else(|| {
        let mut parts = state.all_parts();
        parts.find_map(|(id, part)| {
            Some(format!("`{}`: {}", state.instance(id).id, part.reason.as_deref()?))
        })
    });
    Err(bad.unwrap_or_else(|| "it comes to rest before its end".to_owned()))
}

/// Everything that can go wrong once, and as many pairs as are asked for.
fn all_that_goes_wrong(
    plan: &Arc<Plan>,
    extent: Extent,
    denied: Option<NodeId>,
    moments: &Moments,
) -> Table {
    let threads = extent.threads.max(1);
    let walk = |choice: Choice| {
        let answers = answers(plan, extent, denied);
        let stage = Stage { answers: &answers, undisturbed: moments, slots: extent.jobs };
        let state = State::new(plan.graph.clone());
        let mut life = Life::new(Asked(&answers), state.clone(), World::default(), extent.jobs);
        let opening = begin(plan, &life.world);
        let mut walk = Walk::new(stage, state, choice);
        if let Err(error) = walk.walk(&mut life, Some(opening)) {
            walk.table.add_broken(NodeId::ROOT, error);
        }
        (walk.table, walk.turn)
    };
    let share = |choices: Vec<Choice>| -> Vec<(Table, u64)> {
        std::thread::scope(|scope| {
            let walkers: Vec<_> =
                choices.into_iter().map(|choice| scope.spawn(|| walk(choice))).collect();
            let joined = walkers.into_iter().map(|walker| walker.join());
            joined
                .map(|walked| walked.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        })
    };
    let singles = (0..threads).map(|first| Choice::Share { first, of: threads });
    let mut table = Table::default();
    let mut turns = 0;
    for (walked, turn) in share(singles.collect()) {
        table.points = walked.points;
        turns = turn;
        table.merge(walked);
    }
    if extent.pairs > 0 && turns > 0 {
        for (walked, _) in share(pairs(extent, turns, threads)) {
            table.merge(walked);
        }
    }
    table
}

/// Pairs of crashes, picked by the seed, for each of the threads.
fn pairs(extent: Extent, turns: u64, threads: u64) -> Vec<Choice> {
    let mut picks =
        vec![BTreeMap::<u64, Vec<Second>>::new(); usize::try_from(threads).unwrap_or(1)];
    let mut random = Random(extent.seed);
    let deaths = [
        Death::Executor,
        Death::Keeper,
        Death::Machine { tail_lost: false },
        Death::Machine { tail_lost: true },
    ];
    for number in 0..extent.pairs {
        let turn = random.below(turns);
        let after = u32::try_from(random.below(SECOND_WITHIN)).unwrap_or(0);
        let death = deaths[usize::try_from(random.below(4)).unwrap_or(0)];
        let thread = usize::try_from(number % threads).unwrap_or(0);
        picks[thread].entry(turn).or_default().push(Second { after, death });
    }
    picks.into_iter().map(Choice::Pairs).collect()
}

/// Numbers that a seed decides (splitmix64, Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }
}
