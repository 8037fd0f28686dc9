//! `windlass graph`.

use std::path::Path;

use serde_json::Map;

use super::arguments::{Graph, Picture, Place};
use super::failure::Failure;
use super::{known, runbook};
use crate::core::standing::TaskStanding;
use crate::core::state::State;
use crate::plan::Plan;
use crate::plan::graph::NodeId;
use crate::report::graph;

pub(super) fn main(place: &Place, arguments: &Graph) -> Result<u8, Failure> {
    let path = Path::new(&arguments.what);
    let text = if path.is_file() {
        let runbook = runbook::load(path, &arguments.drivers)?;
        // A picture of the steps needs neither parameters nor what is computed from them.
        let plan = Plan::with_vars(runbook, Map::new(), Map::new(), std::path::PathBuf::new());
        draw(&plan, arguments.format, &|_| None)
    } else {
        let known = known::read(known::find(place, &arguments.what)?)?;
        let worst = worst_by_node(&known.state);
        draw(&known.plan, arguments.format, &|node: NodeId| {
            worst.get(node.index()).copied().flatten().map(colour)
        })
    };
    super::print(&text)?;
    Ok(0)
}

fn draw(plan: &Plan, format: Picture, colours: graph::Colours<'_>) -> String {
    match format {
        Picture::Dot => graph::dot(plan, colours),
        Picture::Mermaid => graph::mermaid(plan, colours),
    }
}

/// For each step, the standing of the task of it that most needs attention. A step that fans out is drawn as one.
fn worst_by_node(state: &State) -> Vec<Option<TaskStanding>> {
    let mut worst: Vec<Option<TaskStanding>> = vec![None; state.graph().nodes.len()];
    for (id, instance, _) in state.tasks() {
        let standing = state.task_standing(id);
        let parent = state.graph().node(instance.node).parent;
        let single = state
            .graph()
            .group(parent)
            .and_then(|group| group.fan_out.as_ref())
            .is_some_and(|fan_out| fan_out.single);
        let node = if single { parent } else { instance.node };
        let seen = &mut worst[node.index()];
        if seen.is_none_or(|seen| urgency(standing) > urgency(seen)) {
            *seen = Some(standing);
        }
    }
    worst
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
