//! What a picture shows: boxes, arrows and brackets, before anything has a place.
//!
//! Does not know how large anything is.

use super::{Standings, Tally};
use crate::core::standing::TaskStanding;
use crate::plan::Plan;
use crate::plan::graph::{NodeBody, NodeId, Work};
use crate::spec::model::{Action, Effect};

/// The steps of a group.
#[derive(Debug, Clone, Default)]
pub(super) struct Figure {
    pub(super) items: Vec<Item>,
    pub(super) arrows: Vec<Arrow>,
    pub(super) brackets: Vec<Bracket>,
}

/// A step, or a group with what is inside.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) label: String,
    /// Said below the label.
    pub(super) note: String,
    pub(super) tooltip: String,
    pub(super) form: Form,
    /// It is done once per item.
    pub(super) many: bool,
    /// It is on the longest way.
    pub(super) critical: bool,
    pub(super) tally: Tally,
    pub(super) inside: Option<Figure>,
}

/// What a box looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// It changes nothing.
    Read,
    /// It may be done again.
    Idempotent,
    /// It must not happen twice.
    Once,
    /// Conditions; nothing is started.
    Assert,
    /// Time passes, or it is asked again and again until something has come: the delay of flow charts.
    Wait,
    /// A person does it: the manual operation of flow charts.
    Manual,
    /// People say whether it goes on.
    Approval,
    Group,
}

/// From one item to another, by their numbers.
#[derive(Debug, Clone)]
pub(super) struct Arrow {
    pub(super) from: usize,
    pub(super) to: usize,
    /// The second only comes after the first, whatever has become of it.
    pub(super) weak: bool,
    pub(super) critical: bool,
    pub(super) tooltip: String,
}

/// A setting, around the items that it protects.
#[derive(Debug, Clone)]
pub(super) struct Bracket {
    pub(super) label: String,
    pub(super) tooltip: String,
    pub(super) around: Vec<usize>,
}

/// What is to be shown of a group, and of all groups inside.
pub(super) fn figure(
    plan: &Plan,
    group: NodeId,
    standings: Standings<'_>,
    critical: bool,
) -> Figure {
    let children = plan.graph.group(group).map_or(&[][..], |group| &group.children);
    let numbers = numbers(plan, children);
    let mut figure = Figure { arrows: arrows(plan, children, &numbers), ..Figure::default() };
    let steps: Vec<NodeId> =
        children.iter().copied().filter(|child| plan.graph.setting(*child).is_none()).collect();
    let longest = if critical { longest_way(plan, &steps, &mut figure.arrows) } else { Vec::new() };
    for (number, &child) in steps.iter().enumerate() {
        figure.items.push(item(plan, child, standings, longest.contains(&number)));
    }
    for &child in children {
        let Some(setting) = plan.graph.setting(child) else { continue };
        let around = setting.around.iter().filter_map(|slot| numbers[*slot as usize]).collect();
        figure.brackets.push(bracket(plan, child, around));
    }
    figure
}

/// For each child of a group its number among the steps; none for settings.
fn numbers(plan: &Plan, children: &[NodeId]) -> Vec<Option<usize>> {
    let mut next = 0;
    let number = |child: &NodeId| {
        plan.graph.setting(*child).is_none().then(|| {
            next += 1;
            next - 1
        })
    };
    children.iter().map(number).collect()
}

fn arrows(plan: &Plan, children: &[NodeId], numbers: &[Option<usize>]) -> Vec<Arrow> {
    let mut arrows = Vec::new();
    for (slot, &child) in children.iter().enumerate() {
        let Some(to) = numbers[slot] else { continue };
        let node = plan.graph.node(child);
        let needs = node.needs.iter().map(|need| (*need as usize, false));
        for (before, weak) in needs.chain(node.after.iter().map(|after| (*after as usize, true))) {
            let earlier = &plan.graph.node(children[before]).name;
            // A setting that must be restored stands for all that it is around.
            let (from, tooltip) = match plan.graph.setting(children[before]) {
                Some(setting) => (
                    setting.around.iter().filter_map(|slot| numbers[*slot as usize]).collect(),
                    format!("{} needs {earlier} restored", node.name),
                ),
                None => {
                    let word = if weak { "comes after" } else { "needs" };
                    (
                        numbers[before].into_iter().collect(),
                        format!("{} {word} {earlier}", node.name),
                    )
                }
            };
            let from: Vec<usize> = from;
            arrows.extend(from.into_iter().filter(|from| *from != to).map(|from| Arrow {
                from,
                to,
                weak,
                critical: false,
                tooltip: tooltip.clone(),
            }));
        }
    }
    without_detours(&arrows, numbers.len())
}

/// Leaves out what follows from other arrows: where `c` needs `b` and `b` needs `a`, nobody has to be told that `c` comes after `a`.
fn without_detours(arrows: &[Arrow], count: usize) -> Vec<Arrow> {
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); count];
    for arrow in arrows {
        next[arrow.from].push(arrow.to);
    }
    let reaches = |from: usize, to: usize| {
        let mut seen = vec![false; count];
        let mut open: Vec<usize> = next[from].iter().copied().filter(|step| *step != to).collect();
        while let Some(at) = open.pop() {
            if at == to {
                return true;
            }
            if !std::mem::replace(&mut seen[at], true) {
                open.extend(&next[at]);
            }
        }
        false
    };
    let mut kept: Vec<Arrow> = Vec::with_capacity(arrows.len());
    for arrow in arrows {
        let known = kept.iter().any(|known| (known.from, known.to) == (arrow.from, arrow.to));
        if !known && !reaches(arrow.from, arrow.to) {
            kept.push(arrow.clone());
        }
    }
    kept
}

/// The longest way through a group, as it is ranked by the plan; its arrows are marked.
fn longest_way(plan: &Plan, steps: &[NodeId], arrows: &mut [Arrow]) -> Vec<usize> {
    let rank = |number: usize| plan.graph.node(steps[number]).rank;
    // Of equals the first in file order.
    let greatest = |numbers: &mut dyn Iterator<Item = usize>| {
        numbers.min_by_key(|number| (std::cmp::Reverse(rank(*number)), *number))
    };
    let mut way = Vec::new();
    let mut at = greatest(&mut (0..steps.len()));
    while let Some(number) = at {
        way.push(number);
        let mut behind = arrows.iter().filter(|arrow| arrow.from == number).map(|arrow| arrow.to);
        at = greatest(&mut behind);
        for arrow in arrows.iter_mut().filter(|arrow| arrow.from == number) {
            arrow.critical = Some(arrow.to) == at;
        }
    }
    way
}

fn item(plan: &Plan, node: NodeId, standings: Standings<'_>, critical: bool) -> Item {
    let (name, step) = (&plan.graph.node(node).name, plan.step(node));
    let group = plan.graph.group(node);
    let fan_out = group.and_then(|group| group.fan_out.as_ref());
    // A step with its own `for_each` is one box.
    let single = group.filter(|_| fan_out.is_some_and(|fan_out| fan_out.single));
    let leaf = single.and_then(|group| group.children.first().copied()).unwrap_or(node);
    let is_group = group.is_some() && single.is_none();
    let inside = is_group.then(|| figure(plan, node, standings, critical));
    let label = match &step.for_each {
        Some(for_each) => format!("{name} × {}", for_each.name.value),
        None => name.to_string(),
    };
    let form = if is_group { Form::Group } else { form(plan, leaf) };
    let parallel = fan_out.and_then(|fan_out| fan_out.parallel);
    let parallel = parallel.map(|parallel| format!("{parallel} at a time"));
    let words = [plan.kind(leaf).map(str::to_owned), Some(in_words(form).to_owned()), parallel];
    let words: Vec<String> = words.into_iter().flatten().filter(|word| !word.is_empty()).collect();
    let tally = if is_group { Tally::new() } else { standings(node) };
    let note = if tally.is_empty() { words.join(" · ") } else { told(&tally) };
    let mut tooltip = vec![
        plan.title(leaf).to_owned(),
        format!("{}: {}", plan.graph.path(node), words.join(", ")),
    ];
    tooltip.extend(step.description.as_deref().map(|text| text.trim().to_owned()));
    tooltip.extend((!tally.is_empty()).then(|| told(&tally)));
    let tooltip = tooltip.join("\n");
    Item { label, note, tooltip, form, many: fan_out.is_some(), critical, tally, inside }
}

fn form(plan: &Plan, leaf: NodeId) -> Form {
    let action = plan.step(leaf).work.as_deref().map(|work| &work.action);
    if matches!(action, Some(Action::Assert(_))) {
        return Form::Assert;
    }
    match &plan.graph.node(leaf).body {
        NodeBody::Task(task) => match (task.work, task.effect) {
            (Work::Pause(_), _) => Form::Wait,
            _ if task.wait.is_some() => Form::Wait,
            (Work::Question(question), _) if question.manual => Form::Manual,
            (Work::Question(_), _) => Form::Approval,
            (_, Effect::Read) => Form::Read,
            (_, Effect::Idempotent) => Form::Idempotent,
            (_, Effect::Once) => Form::Once,
        },
        _ => Form::Group,
    }
}

fn in_words(form: Form) -> &'static str {
    match form {
        Form::Read => "read",
        Form::Idempotent => "idempotent",
        Form::Once => "once",
        Form::Assert => "assert",
        Form::Wait => "wait",
        Form::Manual => "manual",
        Form::Approval => "approve",
        Form::Group => "",
    }
}

/// "succeeded", or "38 succeeded, 2 failed".
pub(super) fn told(tally: &Tally) -> String {
    let word = |standing: &TaskStanding| standing.name().replace('_', " ");
    match tally.as_slice() {
        [(standing, 1)] => word(standing),
        several => {
            let told =
                several.iter().map(|(standing, count)| format!("{count} {}", word(standing)));
            told.collect::<Vec<String>>().join(", ")
        }
    }
}

fn bracket(plan: &Plan, setting: NodeId, around: Vec<usize>) -> Bracket {
    let name = &plan.graph.node(setting).name;
    let hold = plan.graph.setting(setting).is_some_and(|setting| setting.hold);
    let mut tooltip = format!("{}\n{name}: a temporary setting", plan.title(setting));
    tooltip.push_str(if hold {
        ", in force until all that it is around has ended well"
    } else {
        ", put back when all that it is around has ended"
    });
    Bracket { label: name.to_string(), tooltip, around }
}
