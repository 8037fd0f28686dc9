//! Steps that wait: for a time, or until something is found; and whether the records about it may follow.
//!
//! Reckons for itself when an ask is due and when a wait is over.

use jiff::Timestamp;
use windlass::core::record::Verdict;
use windlass::core::state::{InstanceId, State};
use windlass::plan::graph::{NodeId, Work};
use windlass::spec::model::Wait;

use crate::watch::{Promise, ensure};

fn wait(state: &State, id: InstanceId) -> Option<Wait> {
    state.graph().task(state.instance(id).node)?.wait
}

/// Whether a step succeeds although what it waits for has not come.
pub(crate) fn goes_on(state: &State, node: NodeId) -> bool {
    state.graph().task(node).and_then(|task| task.wait).is_some_and(|wait| wait.goes_on)
}

/// When a wait is over, if it has begun and has an end.
fn last(state: &State, id: InstanceId) -> Option<i64> {
    let timeout = wait(state, id)?.timeout?.as_millis();
    let since = state.task(id)?.asking_since?.as_millisecond();
    Some(since + i64::try_from(timeout).unwrap_or(i64::MAX))
}

pub(crate) fn is_overdue(state: &State, id: InstanceId, now: i64) -> bool {
    last(state, id).is_some_and(|last| last <= now)
}

/// What is said of an ask.
pub(crate) fn check_ask(
    state: &State,
    id: InstanceId,
    now: i64,
    verdict: &Verdict,
    (found, over): (bool, bool),
) -> Promise {
    let Some(wait) = wait(state, id) else {
        let overdue = matches!(verdict, Verdict::Overdue { .. });
        return ensure(!overdue, || "it is overdue, and waits for nothing".to_owned());
    };
    let overdue = is_overdue(state, id, now);
    let fits = match verdict {
        Verdict::Good => found,
        Verdict::Repeat { held } => !found && (!overdue || !over && wait.goes_on) && !held,
        Verdict::Overdue { .. } => !found && overdue && over && wait.goes_on,
        Verdict::Bad { .. } => true,
    };
    ensure(fits, || "that is not what the ask has found".to_owned())
}

/// An ask that has found nothing is followed by another, a last one when the time is up.
pub(crate) fn check_next_ask(state: &State, id: InstanceId, now: i64, until: Timestamp) -> Promise {
    let Some(wait) = wait(state, id) else { return Ok(()) };
    let every = i64::try_from(wait.every.as_millis()).unwrap_or(i64::MAX);
    let next = last(state, id).map_or(now + every, |last| last.min(now + every));
    ensure(until.as_millisecond() == next, || format!("it is asked again at {until}"))
}

/// A pause lasts as long as the plan says.
pub(crate) fn check_pause(state: &State, id: InstanceId, now: i64, until: Timestamp) -> Promise {
    let work = state.graph().task(state.instance(id).node).map(|task| task.work);
    let Some(Work::Pause(time)) = work else { return Err("it waits before it begins".to_owned()) };
    let ought = now + i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    ensure(until.as_millisecond() == ought, || format!("it waits until {until} for {time:?}"))
}
