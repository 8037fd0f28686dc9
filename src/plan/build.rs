//! [`Plan::new`]: flattening a runbook into nodes.

mod settings;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::graph::{self, FanOut, Graph, Node, NodeBody, NodeId};
use super::{Plan, PlannedStep};
use crate::spec::model::{
    Action, Body, Effect, Located, LockName, Meaning, OnFailure, Probe, Retry, Runbook, Setting,
    Step, Window, WindowUse, Work,
};
use crate::spec::template::Scope;

/// Why a plan cannot be made of a runbook that is sound in itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanError {
    /// In words.
    pub message: String,
    /// Where it stands in the runbook.
    pub at: Option<crate::spec::model::Place>,
}

/// An action is tried once unless it says otherwise.
const ONE_TRY: Retry = Retry {
    attempts: 1,
    delay: Duration::ZERO,
    backoff: 1.0,
    max_delay: None,
    on_exit: Vec::new(),
};

impl Plan {
    /// Makes the plan of a runbook that has been checked, with parameters that fit their schemas.
    ///
    /// # Errors
    /// If one of the runbook's `vars` cannot be computed.
    pub fn new(
        runbook: Runbook,
        params: Map<String, Value>,
        folder: PathBuf,
    ) -> Result<Self, PlanError> {
        let vars = compute_vars(&runbook, &params)?;
        Ok(Self::with_vars(runbook, params, vars, folder))
    }

    /// The same, with `vars` as an earlier executor has computed and recorded them.
    #[must_use]
    pub fn with_vars(
        mut runbook: Runbook,
        params: Map<String, Value>,
        vars: Map<String, Value>,
        folder: PathBuf,
    ) -> Self {
        let digest = digest(&runbook, &params);
        let windows = std::mem::take(&mut runbook.windows).into_iter();
        let windows = windows.map(|(name, window)| (name, Arc::new(window))).collect();
        let mut flat = Flat { windows, timeout: runbook.defaults.timeout, ..Flat::default() };
        flat.root(&runbook);
        flat.lock(NodeId::ROOT, runbook.locks);
        flat.siblings(runbook.steps, runbook.settings, NodeId::ROOT);
        flat.graph.link();
        Self {
            name: runbook.name,
            title: runbook.title,
            description: runbook.description,
            digest,
            params: Value::Object(params),
            vars: Value::Object(vars),
            folder,
            defaults: runbook.defaults,
            graph: Arc::new(flat.graph),
            steps: flat.steps,
            sources: runbook.sources,
        }
    }
}

fn compute_vars(
    runbook: &Runbook,
    params: &Map<String, Value>,
) -> Result<Map<String, Value>, PlanError> {
    let mut vars = Map::new();
    let base = Scope::new().with("params", Value::Object(params.clone()));
    for (name, value) in &runbook.vars {
        let scope = base.with("vars", Value::Object(vars.clone()));
        let computed = value.value.render(&scope).map_err(|error| PlanError {
            message: format!("`vars.{name}` cannot be computed: {error}"),
            at: Some(value.at),
        })?;
        vars.insert(name.clone(), computed);
    }
    Ok(vars)
}

/// Fingerprint of the texts and the parameters.
fn digest(runbook: &Runbook, params: &Map<String, Value>) -> String {
    let mut hasher = blake3::Hasher::new();
    for source in &runbook.sources {
        hasher.update(&(source.text.len() as u64).to_le_bytes());
        hasher.update(source.text.as_bytes());
    }
    hasher.update(Value::Object(params.clone()).to_string().as_bytes());
    hasher.finalize().to_hex()[..32].to_owned()
}

#[derive(Default)]
struct Flat {
    windows: HashMap<String, Arc<Window>>,
    /// `timeout` where nothing nearer says one.
    timeout: Option<Duration>,
    graph: Graph,
    steps: Vec<PlannedStep>,
}

impl Flat {
    fn root(&mut self, runbook: &Runbook) {
        let group =
            graph::Group { children: Vec::with_capacity(runbook.steps.len()), fan_out: None };
        self.graph.nodes.push(blank("", NodeId::ROOT, 0, NodeBody::Group(group)));
        self.steps.push(PlannedStep { env: runbook.env.clone(), ..PlannedStep::default() });
    }

    /// The steps of a group, then its settings.
    fn siblings(&mut self, steps: Vec<Step>, settings: Vec<Setting>, parent: NodeId) {
        let links = links(&steps, &settings);
        let shapes = settings::shapes(&steps, &settings);
        let slots = u32::try_from(steps.len()).expect("a runbook has fewer steps")..;
        for ((step, slot), (needs, after)) in steps.into_iter().zip(0..).zip(links) {
            let mut node = node(&step, parent, slot);
            (node.needs, node.after) = (needs, after);
            self.step(step, node);
        }
        for ((setting, slot), (shape, needs)) in settings.into_iter().zip(slots).zip(shapes) {
            let mut node = blank(&setting.name, parent, slot, NodeBody::Setting(Box::new(shape)));
            node.needs = needs;
            node.conditional = setting.when.is_some();
            // Its claim keeps two runs, and two items, from taking each other's temporary value for the old one.
            node.locks = true;
            self.next(parent);
            self.graph.nodes.push(node);
            self.steps.push(settings::planned(setting));
        }
    }

    fn step(&mut self, step: Step, node: Node) {
        let id = self.next(node.parent);
        let Step {
            name,
            at,
            title,
            description,
            kind,
            when,
            for_each,
            env,
            dir,
            timeout,
            grace,
            locks,
            window,
            body,
            settings,
            ..
        } = step;
        self.graph.nodes.push(node);
        let planned = PlannedStep {
            at: Some(at),
            title,
            description,
            kind,
            when,
            for_each,
            env,
            dir,
            timeout,
            grace,
            locks,
            work: None,
            setting: None,
        };
        self.graph.nodes[id.index()].locks = !planned.locks.is_empty();
        self.graph.nodes[id.index()].window =
            window.and_then(|used| self.window(used, planned.timeout, &body, id));
        match body {
            Body::Group(steps) => {
                self.steps.push(planned);
                self.siblings(steps, settings, id);
            }
            Body::Action(work) if planned.for_each.is_some() => {
                self.single(&name, work, planned, id);
            }
            Body::Action(work) => {
                self.graph.nodes[id.index()].locks |= brings_locks(&work);
                self.steps.push(PlannedStep { work: Some(work), ..planned });
            }
        }
    }

    /// The window of a step; names that nobody has were refused when the runbook was checked.
    fn window(
        &self,
        used: WindowUse,
        own: Option<Duration>,
        body: &Body,
        id: NodeId,
    ) -> Option<Box<graph::Window>> {
        let hours = self.windows.get(&used.name.value)?.clone();
        let expect = used.expect.map(|expect| expect.value).or_else(|| match body {
            Body::Action(work) => self.time_of(work, own, id),
            // What is said of each job of a group says nothing of the whole.
            Body::Group(_) => own,
        });
        Some(Box::new(graph::Window { name: used.name.value.into(), hours, expect }))
    }

    /// The timeout of a step's job, as it is rendered: its own, that of the nearest group, its driver's, or the default.
    fn time_of(&self, work: &Work, own: Option<Duration>, id: NodeId) -> Option<Duration> {
        let mut at = self.graph.node(id).parent;
        let mut around = self.steps[at.index()].timeout;
        while around.is_none() && at != NodeId::ROOT {
            at = self.graph.node(at).parent;
            around = self.steps[at.index()].timeout;
        }
        let starts = !matches!(
            work.target().map_or(&work.action, |target| &target.work.action),
            Action::Assert(_) | Action::Pause(_) | Action::Manual(_) | Action::Approve(_)
        );
        let target = work.target().and_then(|target| target.work.timeout);
        let of_job = own.or(around).or(target).or(self.timeout);
        match (&work.action, work.wait) {
            (Action::Pause(time), _) => Some(*time),
            (_, Some(wait)) => wait.timeout,
            _ => of_job.filter(|_| starts),
        }
    }

    fn lock(&mut self, id: NodeId, locks: Vec<Located<LockName>>) {
        self.graph.nodes[id.index()].locks = !locks.is_empty();
        self.steps[id.index()].locks = locks;
    }

    /// A step with its own `for_each`: a group whose one child has the same name. A condition that looks at the item is the child's.
    fn single(&mut self, name: &str, work: Box<Work>, mut planned: PlannedStep, id: NodeId) {
        let per_item =
            planned.when.as_ref().zip(planned.for_each.as_ref()).is_some_and(|(when, for_each)| {
                when.value
                    .references()
                    .iter()
                    .any(|path| path.root() == for_each.name.value || path.root() == "index")
            });
        let when = if per_item { planned.when.take() } else { None };
        let claims = std::mem::take(&mut self.graph.nodes[id.index()].locks);
        let window = self.graph.nodes[id.index()].window.take();
        self.graph.nodes[id.index()].conditional = planned.when.is_some();
        let inner = PlannedStep {
            at: planned.at,
            title: planned.title.clone(),
            description: planned.description.clone(),
            kind: planned.kind.clone(),
            when,
            // What a command is started with may look at the item.
            env: std::mem::take(&mut planned.env),
            dir: planned.dir.take(),
            timeout: planned.timeout.take(),
            grace: planned.grace.take(),
            // Each item claims them for itself.
            locks: std::mem::take(&mut planned.locks),
            work: Some(work),
            ..PlannedStep::default()
        };
        let child = self.next(id);
        let body = NodeBody::Task(task(inner.work.as_deref().expect("it was given just now")));
        let mut node = blank(name, id, 0, body);
        node.conditional = inner.when.is_some();
        node.window = window;
        node.locks = claims || inner.work.as_deref().is_some_and(brings_locks);
        self.graph.nodes.push(node);
        self.steps.push(planned);
        self.steps.push(inner);
        debug_assert_eq!(child.index() + 1, self.steps.len(), "nodes and steps are numbered alike");
    }

    fn next(&mut self, parent: NodeId) -> NodeId {
        let id = NodeId(
            u32::try_from(self.graph.nodes.len())
                .expect("a runbook has fewer than four thousand million steps"),
        );
        if let NodeBody::Group(group) = &mut self.graph.nodes[parent.index()].body {
            group.children.push(id);
        }
        id
    }
}

/// A node without edges.
fn blank(name: &str, parent: NodeId, slot: u32, body: NodeBody) -> Node {
    Node {
        name: name.into(),
        parent,
        slot,
        needs: Vec::new(),
        after: Vec::new(),
        needed_by: Vec::new(),
        followed_by: Vec::new(),
        surrounded_by: Vec::new(),
        on_failure: OnFailure::Stop,
        conditional: false,
        locks: false,
        window: None,
        rank: 0,
        body,
    }
}

fn node(step: &Step, parent: NodeId, slot: u32) -> Node {
    let fan_out = step.for_each.as_ref().map(|for_each| FanOut {
        parallel: for_each.parallel,
        max_failures: for_each.max_failures,
        single: matches!(step.body, Body::Action(_)),
    });
    let body = match &step.body {
        Body::Action(work) if fan_out.is_none() => NodeBody::Task(task(work)),
        _ => NodeBody::Group(graph::Group { children: Vec::new(), fan_out }),
    };
    let mut node = blank(&step.name, parent, slot, body);
    node.on_failure = step.on_failure;
    node.conditional = step.when.is_some();
    node
}

/// The slots of steps by their names, and of settings as `NAME:restored`.
fn slots(steps: &[Step], settings: &[Setting]) -> HashMap<String, u32> {
    let steps = steps.iter().map(|step| step.name.clone());
    let settings = settings.iter().map(|setting| format!("{}:restored", setting.name));
    steps.chain(settings).zip(0..).collect()
}

/// `needs` and `after` of siblings as slots. Names that nobody has were refused when the runbook was checked.
fn links(steps: &[Step], settings: &[Setting]) -> Vec<(Vec<u32>, Vec<u32>)> {
    let slots = slots(steps, settings);
    let resolve = |names: &[Located<String>]| {
        names.iter().filter_map(|name| slots.get(&name.value).copied()).collect()
    };
    steps.iter().map(|step| (resolve(&step.needs), resolve(&step.after))).collect()
}

/// Whether an action, or that of a driver behind it, has locks of its own.
fn brings_locks(work: &Work) -> bool {
    let inherited = work.target().is_some_and(|target| !target.work.locks.is_empty());
    !work.locks.is_empty() || inherited
}

fn task(work: &Work) -> graph::Task {
    let target = work.target().map(|target| &target.work);
    let how = match &target.unwrap_or(work).action {
        Action::Assert(_) => graph::Work::Assert,
        Action::Pause(time) => graph::Work::Pause(*time),
        Action::Manual(_) => graph::Work::Question(graph::Question { manual: true, timeout: None }),
        Action::Approve(approve) => {
            graph::Work::Question(graph::Question { manual: false, timeout: approve.timeout })
        }
        Action::Run(_) | Action::Shell { .. } | Action::Uses { .. } => graph::Work::Job,
    };
    let retry = work.retry.as_ref().or_else(|| target?.retry.as_ref());
    let inherited = target.map(|target| target.verify.as_slice()).unwrap_or_default();
    graph::Task {
        effect: match how {
            graph::Work::Assert | graph::Work::Pause(_) => Effect::Read,
            graph::Work::Question(question) if !question.manual => Effect::Read,
            graph::Work::Job | graph::Work::Question(_) => {
                work.effect.or_else(|| target?.effect).unwrap_or_default()
            }
        },
        work: how,
        retry: retry.map_or(ONE_TRY, |retry| retry.value.clone()),
        verify: inherited.iter().chain(&work.verify).map(|check| retry_of(&check.value)).collect(),
        outputs: !work.outputs.is_empty()
            || target.is_some_and(|target| !target.outputs.is_empty()),
        probe: work
            .probe
            .as_ref()
            .or_else(|| target?.probe.as_ref())
            .map(|probe| Box::new(shape_of_probe(&probe.value))),
        repeat: work.repeat.as_ref().or_else(|| target?.repeat.as_ref()).map(|repeat| {
            graph::Repeat {
                consecutive: repeat.value.consecutive,
                every: repeat.value.every,
                max: repeat.value.max,
            }
        }),
        wait: work.wait,
    }
}

fn shape_of_probe(probe: &Probe) -> graph::Probe {
    let states = probe.states.iter().map(|(name, state)| graph::ProbeState {
        name: name.as_str().into(),
        meaning: match &state.meaning {
            Meaning::Done => graph::Meaning::Done,
            Meaning::Absent => graph::Meaning::Absent,
            Meaning::Wait { every, timeout } => {
                graph::Meaning::Wait { every: *every, timeout: *timeout }
            }
            Meaning::Repair(actions) => graph::Meaning::Repair(
                actions.iter().map(|action| shape_of_mend(&action.value)).collect(),
            ),
            Meaning::Stop(_) => graph::Meaning::Stop,
        },
    });
    graph::Probe {
        confirm: probe.confirm,
        refuse_found: probe.refuse_found,
        states: states.collect(),
    }
}

fn shape_of_mend(work: &Work) -> graph::Mend {
    let target = work.target().map(|target| &target.work);
    graph::Mend {
        manual: matches!(target.unwrap_or(work).action, Action::Manual(_)),
        effect: work.effect.or_else(|| target?.effect).unwrap_or_default(),
        retry: retry_of(work),
    }
}

fn retry_of(work: &Work) -> Retry {
    let target = work.target().and_then(|target| target.work.retry.as_ref());
    work.retry.as_ref().or(target).map_or(ONE_TRY, |retry| retry.value.clone())
}
