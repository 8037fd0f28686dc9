//! `windlass graph`.

use std::cmp::Reverse;
use std::path::Path;

use serde_json::Map;

use super::arguments::{Graph, Picture, Place};
use super::failure::Failure;
use super::{known, runbook};
use crate::core::standing::TaskStanding;
use crate::core::state::State;
use crate::plan::Plan;
use crate::plan::graph::NodeId;
use crate::report::picture::Tally;
use crate::report::{graph, picture};

pub(super) fn main(place: &Place, arguments: &Graph) -> Result<u8, Failure> {
    let path = Path::new(&arguments.what);
    let text = if path.is_file() {
        let runbook = runbook::load(path, &arguments.drivers)?;
        // A picture of the steps needs neither parameters nor what is computed from them.
        let plan = Plan::with_vars(runbook, Map::new(), Map::new(), std::path::PathBuf::new());
        draw(&plan, arguments.format, &[])
    } else {
        let known = known::read(known::find(place, &arguments.what)?)?;
        draw(&known.plan, arguments.format, &tallies(&known.state))
    };
    super::print(&text)?;
    Ok(0)
}

fn draw(plan: &Plan, format: Picture, tallies: &[Tally]) -> String {
    let tally = |node: NodeId| tallies.get(node.index()).cloned().unwrap_or_default();
    let worst = |node: NodeId| tally(node).first().map(|(standing, _)| colour(*standing));
    match format {
        Picture::Dot => graph::dot(plan, &worst),
        Picture::Mermaid => graph::mermaid(plan, &worst),
        Picture::Svg => picture::svg(plan, &tally),
    }
}

/// For each step how its tasks stand, first those that most need attention. A step that fans out is drawn as one.
fn tallies(state: &State) -> Vec<Tally> {
    let mut tallies = vec![Tally::new(); state.graph().nodes.len()];
    for (id, instance, _) in state.tasks() {
        let standing = state.task_standing(id);
        let parent = state.graph().node(instance.node).parent;
        let single = state
            .graph()
            .group(parent)
            .and_then(|group| group.fan_out.as_ref())
            .is_some_and(|fan_out| fan_out.single);
        let node = if single { parent } else { instance.node };
        let tally = &mut tallies[node.index()];
        match tally.iter_mut().find(|(known, _)| *known == standing) {
            Some((_, count)) => *count += 1,
            None => tally.push((standing, 1)),
        }
    }
    for tally in &mut tallies {
        tally.sort_by_key(|(standing, _)| Reverse(urgency(*standing)));
    }
    tallies
}

fn urgency(standing: TaskStanding) -> u8 {
    match standing {
        TaskStanding::Skipped => 0,
        TaskStanding::Succeeded => 1,
        TaskStanding::Waived => 2,
        TaskStanding::Waiting => 3,
        TaskStanding::Blocked => 4,
        TaskStanding::Running => 5,
        TaskStanding::Failed => 6,
        TaskStanding::InDoubt => 7,
    }
}

fn colour(standing: TaskStanding) -> &'static str {
    match standing {
        TaskStanding::Succeeded => "#b7e1cd",
        TaskStanding::Skipped | TaskStanding::Waived => "#d9d9d9",
        TaskStanding::Running => "#c9daf8",
        TaskStanding::Failed => "#f4b6b6",
        TaskStanding::InDoubt => "#ffe599",
        TaskStanding::Waiting | TaskStanding::Blocked => "#ffffff",
    }
}
