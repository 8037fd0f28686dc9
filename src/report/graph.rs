//! Pictures of a plan as text: Graphviz dot and Mermaid.

use std::fmt::Write as _;

use crate::plan::Plan;
use crate::plan::graph::{Node, NodeBody, NodeId};
use crate::spec::model::Effect;

/// What a run adds to a picture: how each step stands, by number of the node.
pub type Colours<'a> = &'a dyn Fn(NodeId) -> Option<&'static str>;

/// The plan in the language of Graphviz: groups as clusters, steps that must not happen twice with a double border.
#[must_use]
pub fn dot(plan: &Plan, colours: Colours<'_>) -> String {
    let mut text = format!(
        "digraph {} {{\n  rankdir=LR;\n  compound=true;\n  node [shape=box, fontname=\"sans-serif\"];\n",
        quote(&plan.name)
    );
    let _ = writeln!(text, "  label={};", quote(&plan.title));
    dot_inside(plan, NodeId::ROOT, 1, colours, &mut text);
    for (from, to, weak) in edges(plan) {
        let mut attributes = Vec::new();
        if let Some(cluster) = cluster(plan, from) {
            attributes.push(format!("ltail={}", quote(&cluster)));
        }
        if let Some(cluster) = cluster(plan, to) {
            attributes.push(format!("lhead={}", quote(&cluster)));
        }
        if weak {
            attributes.push("style=dashed".to_owned());
        }
        let attributes = if attributes.is_empty() {
            String::new()
        } else {
            format!(" [{}]", attributes.join(", "))
        };
        let _ = writeln!(text, "  {} -> {}{attributes};", anchor(plan, from), anchor(plan, to));
    }
    text.push_str("}\n");
    text
}

fn dot_inside(plan: &Plan, group: NodeId, depth: usize, colours: Colours<'_>, text: &mut String) {
    let indent = "  ".repeat(depth);
    for &child in plan.graph.group(group).map_or(&[][..], |group| &group.children) {
        if is_box(plan, child) {
            let _ =
                writeln!(text, "{indent}subgraph {} {{", quote(&format!("cluster_{}", child.0)));
            let _ = writeln!(text, "{indent}  label={};", quote(&label(plan, child)));
            dot_inside(plan, child, depth + 1, colours, text);
            let _ = writeln!(text, "{indent}}}");
        } else {
            let border = if effect(plan, child) == Effect::Once { ", peripheries=2" } else { "" };
            let fill = colours(child).map_or_else(String::new, |colour| {
                format!(", style=filled, fillcolor={}", quote(colour))
            });
            let _ = writeln!(
                text,
                "{indent}n{} [label={}{border}{fill}];",
                child.0,
                quote(&label(plan, child))
            );
        }
    }
}

/// The plan in the language of Mermaid.
#[must_use]
pub fn mermaid(plan: &Plan, colours: Colours<'_>) -> String {
    let mut text = "flowchart LR\n".to_owned();
    mermaid_inside(plan, NodeId::ROOT, 1, colours, &mut text);
    for (from, to, weak) in edges(plan) {
        let _ = writeln!(text, "  n{} {} n{}", from.0, if weak { "-.->" } else { "-->" }, to.0);
    }
    text
}

fn mermaid_inside(
    plan: &Plan,
    group: NodeId,
    depth: usize,
    colours: Colours<'_>,
    text: &mut String,
) {
    let indent = "  ".repeat(depth);
    for &child in plan.graph.group(group).map_or(&[][..], |group| &group.children) {
        let label = label(plan, child).replace('"', "#quot;");
        if is_box(plan, child) {
            let _ = writeln!(text, "{indent}subgraph n{}[\"{label}\"]", child.0);
            mermaid_inside(plan, child, depth + 1, colours, text);
            let _ = writeln!(text, "{indent}end");
        } else {
            let (open, close) =
                if effect(plan, child) == Effect::Once { ("[[", "]]") } else { ("[", "]") };
            let _ = writeln!(text, "{indent}n{}{open}\"{label}\"{close}", child.0);
            if let Some(colour) = colours(child) {
                let _ = writeln!(text, "{indent}style n{} fill:{colour}", child.0);
            }
        }
    }
}

/// Edges as (from, to, whether the second only comes after the first).
fn edges(plan: &Plan) -> impl Iterator<Item = (NodeId, NodeId, bool)> + '_ {
    let numbered = plan.graph.nodes.iter().zip(0..).map(|(node, number)| (NodeId(number), node));
    numbered.flat_map(move |(id, node)| {
        let needs = node.needs.iter().map(move |&slot| (sibling(plan, node, slot), id, false));
        let after = node.after.iter().map(move |&slot| (sibling(plan, node, slot), id, true));
        needs.chain(after)
    })
}

fn sibling(plan: &Plan, node: &Node, slot: u32) -> NodeId {
    plan.graph.group(node.parent).map_or(NodeId::ROOT, |group| group.children[slot as usize])
}

/// Whether a node is drawn around others. A step with its own `for_each` is drawn as one.
fn is_box(plan: &Plan, node: NodeId) -> bool {
    plan.graph
        .group(node)
        .is_some_and(|group| !group.fan_out.as_ref().is_some_and(|fan_out| fan_out.single))
}

fn effect(plan: &Plan, node: NodeId) -> Effect {
    match &plan.graph.node(node).body {
        NodeBody::Task(task) => task.effect,
        NodeBody::Group(group) => group
            .children
            .first()
            .and_then(|&child| plan.graph.task(child))
            .map_or(Effect::Once, |task| task.effect),
        NodeBody::Setting(_) => Effect::Idempotent,
    }
}

fn label(plan: &Plan, node: NodeId) -> String {
    let name = &plan.graph.node(node).name;
    match &plan.step(node).for_each {
        Some(for_each) => format!("{name} × {}", for_each.name.value),
        None => name.to_string(),
    }
}

fn cluster(plan: &Plan, node: NodeId) -> Option<String> {
    is_box(plan, node).then(|| format!("cluster_{}", node.0))
}

/// The node that an edge of a cluster is tied to: Graphviz joins nodes only, and cuts the line at the cluster's border.
fn anchor(plan: &Plan, node: NodeId) -> String {
    let mut at = node;
    while is_box(plan, at) {
        match plan.graph.group(at).and_then(|group| group.children.first()) {
            Some(&child) => at = child,
            None => break,
        }
    }
    format!("n{}", at.0)
}

fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
