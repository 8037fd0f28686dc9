//! Windows: whether what begins may begin, and whether what waits has to.
//!
//! Reckons in milliseconds of the day, and looks for itself whether something of an item was started.

use jiff::Timestamp;
use windlass::core::claim::Holder;
use windlass::core::state::{InstanceBody, InstanceId, Items, ScopeId, State};
use windlass::plan::graph::Window;

use crate::watch::{Promise, ensure};

const DAY: i64 = 24 * 60 * 60 * 1_000;

/// When something may begin that waits since `now`.
fn opens(window: &Window, now: i64) -> i64 {
    let of_day =
        |time: jiff::civil::Time| i64::from(time.second()) * 1_000 + i64::from(time.millisecond());
    let (from, to) = (of_day(window.hours.from), of_day(window.hours.to));
    let day = now.div_euclid(DAY) * DAY;
    let expect = window.expect.map_or(1, |expect| i64::try_from(expect.as_millis()).unwrap_or(DAY));
    let (gap, end) = (day + to, day + from);
    // What takes no time at all begins before the window closes all the same.
    let late = if now < gap { now + expect.max(1) > gap } else { now < end };
    if late { end } else { now }
}

/// Whether something inside of an item was really started.
fn has_started(state: &State, scope: ScopeId) -> bool {
    state.children(scope).any(|id| match &state.instance(id).body {
        InstanceBody::Task(task) => {
            let asks_only = task.jobs == 0 && is_approval(state, id);
            task.started.is_some() && !asks_only || task.attempts > 0 || is_decided(state, id)
        }
        InstanceBody::Group(group) => {
            group.items.into_iter().flat_map(Items::scopes).any(|inner| has_started(state, inner))
        }
        InstanceBody::Setting(_) => {
            state.parts_of(id).any(|(_, part)| part.set_jobs + part.restore_jobs > 0)
        }
        InstanceBody::Part(_) => false,
    })
}

fn is_approval(state: &State, id: InstanceId) -> bool {
    use windlass::plan::graph::Work;
    let work = state.graph().task(state.instance(id).node).map(|task| task.work);
    matches!(work, Some(Work::Question(question)) if !question.manual)
}

/// An operator has said of it that it has happened.
fn is_decided(state: &State, id: InstanceId) -> bool {
    use windlass::core::state::{Knowledge, Proof};
    let by_hand = state.task(id).is_some_and(|task| {
        task.knowledge == Knowledge::Done(Proof::Operator) && task.started.is_none()
    });
    by_hand && !is_approval(state, id)
}

/// A task begins: every window around it must be open, and its own as well.
pub(crate) fn check_open(state: &State, id: InstanceId, now: i64) -> Promise {
    let mut at = id;
    let own = state.node(id).window.as_deref();
    ensure(own.is_none_or(|window| opens(window, now) == now), || {
        "it begins outside of its window".to_owned()
    })?;
    while at != InstanceId::ROOT {
        let scope = state.instance(at).scope;
        at = state.scope(scope).group;
        let Some(window) = state.node(at).window.as_deref() else { continue };
        let fits = has_started(state, scope) || opens(window, now) == now;
        ensure(fits, || {
            format!("an item of {} begins outside of its window", state.instance(at).id)
        })?;
    }
    Ok(())
}

/// Whoever waits for a window has one that is closed, and waits for its next opening.
pub(crate) fn check_awaited(state: &State, holder: &str, now: i64, until: Timestamp) -> Promise {
    let group = match state.holder(holder).ok_or("nobody waits for a window")? {
        Holder::Task(task) => task,
        Holder::Scope(scope) => state.scope(scope).group,
    };
    let window = state.node(group).window.as_deref().ok_or("it has no window")?;
    let ought = opens(window, now);
    ensure(ought > now && until.as_millisecond() == ought, || {
        format!("it waits until {until}, and its window opens at {ought}")
    })
}
