//! What templates read: names that can be seen, and parameters and variables that are declared.
//!
//! Does not know steps; what is read of them is looked at in `parts`.

use std::ops::Range;

use indexmap::IndexMap;

use super::super::finding::Where;
use super::super::model::{Dynamic, Located, Param, Place, Runbook};
use super::super::template::{Expression, Reference, Scope, Template};
use super::{Checker, Finding, Findings, codes};

/// What `out` has.
const OUT: [&str; 5] = ["exit", "stdout", "stderr", "lines", "json"];
/// What `run` has.
const RUN: [&str; 2] = ["id", "dir"];

/// What can be seen from a place, but for items of `for_each`.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'r> {
    /// The runbook's parameters and variables, and its steps; a driver sees none of them.
    pub(super) runbook: Option<&'r Runbook>,
    /// How many variables are computed before.
    pub(super) vars: usize,
    /// Whether steps can be read.
    pub(super) steps: bool,
    /// The inputs of a driver's action.
    pub(super) inputs: Option<&'r IndexMap<String, Param>>,
    /// Whether an action has ended whose result is judged.
    pub(super) out: bool,
    /// Whether a setting is given a value.
    pub(super) value: bool,
}

impl<'r> View<'r> {
    /// Around the steps.
    pub(super) fn runbook(runbook: &'r Runbook) -> View<'r> {
        let vars = runbook.vars.len();
        View { runbook: Some(runbook), vars, steps: false, inputs: None, out: false, value: false }
    }

    /// In a step.
    pub(super) fn step(runbook: &'r Runbook) -> View<'r> {
        View { steps: true, ..View::runbook(runbook) }
    }

    /// In a driver's action.
    pub(super) fn driver(inputs: &'r IndexMap<String, Param>) -> View<'r> {
        View {
            runbook: None,
            vars: 0,
            steps: false,
            inputs: Some(inputs),
            out: false,
            value: false,
        }
    }
}

/// Where a template stands, and how much of its source is not in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site {
    at: Place,
    before: usize,
}

impl Site {
    pub(super) fn at(at: Place) -> Site {
        Site { at, before: 0 }
    }

    /// A template with so many bytes in front that the author has not written.
    pub(super) fn behind(at: Place, before: usize) -> Site {
        Site { at, before }
    }

    pub(super) fn of(self, range: &Range<usize>) -> Where {
        let shifted =
            range.start.saturating_sub(self.before)..range.end.saturating_sub(self.before);
        Where::Within(self.at, shifted)
    }
}

impl<'r> Checker<'r, '_> {
    /// Checks what a template or expression reads.
    pub(super) fn read_names(&mut self, references: &'r [Reference], site: Site, view: &View<'r>) {
        for reference in references {
            if reference.root() == "steps" && view.steps {
                self.read_step(reference, site);
            } else if !self.items.contains(&reference.root()) {
                let around = Around { items: &self.items, nameless: self.nameless_item };
                name(self.findings, reference, site, view, &around);
            }
        }
    }
}

/// Names of items around a place.
pub(super) struct Around<'a> {
    pub(super) items: &'a [&'a str],
    pub(super) nameless: bool,
}

/// Checks a reference to anything but a step or an item.
pub(super) fn name(
    findings: &mut Findings,
    reference: &Reference,
    site: Site,
    view: &View<'_>,
    around: &Around<'_>,
) {
    let at = site.of(&reference.range);
    match reference.root() {
        "params" if let Some(runbook) = view.runbook => {
            declared(findings, reference, at, ("parameter", "params"), &runbook.params);
        }
        "vars" if let Some(runbook) = view.runbook => {
            var(findings, reference, at, runbook, view.vars);
        }
        "inputs" if let Some(inputs) = view.inputs => {
            declared(findings, reference, at, ("input", "inputs"), inputs);
        }
        "run" => part(findings, reference, at, "run", &RUN),
        "out" if view.out => part(findings, reference, at, "out", &OUT),
        "value" if view.value => {}
        "index" if !around.items.is_empty() => {}
        _ if around.nameless => {}
        root => {
            let near = near_name(findings, root, view, around);
            let finding =
                Finding::error(codes::UNKNOWN_NAME, at, format!("`{root}` is not known here"));
            findings.push(finding.help(why_unknown(root, view).map_or(near, str::to_owned)));
        }
    }
}

fn why_unknown(root: &str, view: &View<'_>) -> Option<&'static str> {
    match root {
        "params" | "vars" | "steps" if view.inputs.is_some() => Some(
            "a driver sees only its inputs; declare one under `inputs`, and let `with` give it",
        ),
        "steps" => Some("this is computed before any step runs"),
        "inputs" => Some(
            "inputs are seen only inside a driver's action; here there are `params` and `vars`",
        ),
        "out" => Some(
            "the result of an action is seen only in its `success`, `outputs` and `until`, and in the `states` of a probe",
        ),
        "value" => Some("`value` is seen only in `set`, `change` and `restore` of a setting"),
        "index" => Some("`index` is the number of an item, so it is seen only inside `for_each`"),
        _ => None,
    }
}

/// What may have been meant, else what there is.
fn near_name(findings: &mut Findings, root: &str, view: &View<'_>, around: &Around<'_>) -> String {
    let mut known = Vec::new();
    if let Some(runbook) = view.runbook {
        if runbook.params.contains_key(root) {
            return format!("did you mean `params.{root}`?");
        }
        if runbook.vars.contains_key(root) {
            return format!("did you mean `vars.{root}`?");
        }
        known.extend(["params", "vars"]);
    }
    if view.inputs.is_some_and(|inputs| inputs.contains_key(root)) {
        return format!("did you mean `inputs.{root}`?");
    }
    known.extend(view.steps.then_some("steps"));
    known.extend(view.inputs.is_some().then_some("inputs"));
    known.push("run");
    known.extend(view.out.then_some("out"));
    known.extend(view.value.then_some("value"));
    known.extend(around.items.iter().copied());
    known.extend((!around.items.is_empty()).then_some("index"));
    findings.near(root, known.iter().copied()).unwrap_or_else(|| {
        let quoted: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
        format!("here there are {}; a text stands in quotes", quoted.join(", "))
    })
}

/// `params.x`, `inputs.x`.
fn declared(
    findings: &mut Findings,
    reference: &Reference,
    at: Where,
    (what, root): (&str, &str),
    declared: &IndexMap<String, Param>,
) {
    let Some(name) = reference.name(1).filter(|name| !declared.contains_key(*name)) else { return };
    let near = findings.near(name, declared.keys().map(String::as_str));
    let help = near.unwrap_or_else(|| format!("declare it under `{root}`"));
    findings.push(
        Finding::error(codes::UNKNOWN_PARAM, at, format!("there is no {what} `{name}`")).help(help),
    );
}

fn var(
    findings: &mut Findings,
    reference: &Reference,
    at: Where,
    runbook: &Runbook,
    visible: usize,
) {
    let Some(name) = reference.name(1) else { return };
    match runbook.vars.get_index_of(name) {
        Some(index) if index < visible => {}
        Some(index) => {
            let message = match index == visible {
                true => format!("variable `{name}` reads itself"),
                false => format!("variable `{name}` is computed later"),
            };
            let help = "variables are computed in the order of the file; move it up";
            findings.push(Finding::error(codes::LATER_VAR, at, message).help(help));
        }
        None => {
            let near = findings.near(name, runbook.vars.keys().map(String::as_str));
            let help = near.unwrap_or_else(|| match runbook.params.contains_key(name) {
                true => format!("did you mean `params.{name}`?"),
                false => "declare it under `vars`".to_owned(),
            });
            let message = format!("there is no variable `{name}`");
            findings.push(Finding::error(codes::UNKNOWN_PARAM, at, message).help(help));
        }
    }
}

/// `run.x`, `out.x`.
fn part(findings: &mut Findings, reference: &Reference, at: Where, root: &str, parts: &[&str]) {
    let Some(name) = reference.name(1).filter(|name| !parts.contains(name)) else { return };
    let near = findings.near(name, parts.iter().copied());
    let help = near.unwrap_or_else(|| {
        let quoted: Vec<String> = parts.iter().map(|part| format!("`{root}.{part}`")).collect();
        format!("there are {}", quoted.join(", "))
    });
    findings.push(
        Finding::error(codes::UNKNOWN_NAME, at, format!("`{root}` has no `{name}`")).help(help),
    );
}

/// Reports a condition that reads nothing and is neither true nor false.
pub(super) fn truth(findings: &mut Findings, expression: &Located<Expression>, what: &str) {
    if !expression.value.references().is_empty() {
        return;
    }
    if let Err(error) = expression.value.eval_bool(&Scope::new()) {
        let message = format!("{what} must be true or false: {}", error.message);
        findings.push(
            Finding::error(codes::NOT_TRUTH, expression.at, message)
                .help("compare it with something, as in `params.size > 5`"),
        );
    }
}

/// Calls back for each template in a value, with the place of its text. Values are numbered in document order.
pub(super) fn each_template<'r>(
    value: &'r Dynamic,
    at: Place,
    call: &mut dyn FnMut(&'r Template, Place),
) -> u32 {
    match value {
        Dynamic::Literal(literal) => at.node + values_in(literal),
        Dynamic::Template(template) => {
            call(template, at);
            at.node + 1
        }
        Dynamic::List(items) => items
            .iter()
            .fold(at.node + 1, |node, item| each_template(item, Place { node, ..at }, call)),
        Dynamic::Map(entries) => entries.values().fold(at.node + 1, |node, entry| {
            each_template(entry, Place { node: node + 1, ..at }, call)
        }),
    }
}

/// How many values a value is, keys counted.
pub(super) fn values_in(value: &serde_json::Value) -> u32 {
    match value {
        serde_json::Value::Array(items) => 1 + items.iter().map(values_in).sum::<u32>(),
        serde_json::Value::Object(entries) => {
            1 + entries.values().map(|entry| 1 + values_in(entry)).sum::<u32>()
        }
        _ => 1,
    }
}
