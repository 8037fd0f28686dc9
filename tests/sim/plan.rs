//! Random plans: nested groups, fan-outs, edges and all that a step can say.
//!
//! Knows nothing of how a plan is run.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use windlass::plan::graph::{
    FanOut, Graph, Group, Meaning, Mend, Node, NodeBody, NodeId, Probe, ProbeState, Question,
    Repeat, Setting, Task, Window, Work,
};
use windlass::spec::model::{self, Confirm, Effect, OnFailure, Place, Retry, Wait};

/// How deep groups are nested at the most.
const DEPTH_MAX: u32 = 4;

/// A plan of at most about `size` steps.
pub(crate) fn random_plan(rng: &mut ChaCha8Rng, size: usize) -> Graph {
    let mut plan = Plan { rng, nodes: vec![group(None)], size };
    plan.nodes[0].name = "".into();
    plan.fill(NodeId::ROOT, 0, false);
    let mut graph = Graph { nodes: plan.nodes };
    graph.link();
    graph
}

struct Plan<'a> {
    rng: &'a mut ChaCha8Rng,
    nodes: Vec<Node>,
    size: usize,
}

impl Plan<'_> {
    /// Makes the steps of a group. In a `tame` one, which comes after something, nothing is `once`.
    fn fill(&mut self, parent: NodeId, depth: u32, tame: bool) {
        let count = self.rng.random_range(1..=4);
        let first = self.nodes.len();
        for _ in 0..count {
            let node = self.random_step(depth);
            self.nodes.push(node);
        }
        let children: Vec<NodeId> = (first..first + count).map(id).collect();
        if let NodeBody::Group(group) = &mut self.nodes[parent.index()].body {
            group.children.clone_from(&children);
        }
        let order = self.tie(&children);
        self.add_settings(parent, &children, &order);
        for child in children {
            let node = &mut self.nodes[child.index()];
            let tame = tame || !node.after.is_empty();
            match &mut node.body {
                NodeBody::Task(task) if tame && task.effect == Effect::Once => {
                    task.effect = Effect::Idempotent;
                    task.probe = None;
                }
                NodeBody::Task(_) | NodeBody::Setting(_) => {}
                NodeBody::Group(group) if group.fan_out.as_ref().is_some_and(|f| f.single) => {
                    self.fill_single(child, tame);
                }
                NodeBody::Group(_) => self.fill(child, depth + 1, tame),
            }
        }
    }

    /// The one step of a step with its own `for_each`.
    fn fill_single(&mut self, parent: NodeId, tame: bool) {
        let mut node = self.random_task();
        node.name = self.nodes[parent.index()].name.clone();
        node.window = self.nodes[parent.index()].window.take();
        if let (NodeBody::Task(task), true) = (&mut node.body, tame) {
            task.effect = Effect::Read;
            task.probe = None;
        }
        let child = id(self.nodes.len());
        self.nodes.push(node);
        if let NodeBody::Group(group) = &mut self.nodes[parent.index()].body {
            group.children = vec![child];
        }
    }

    /// Edges between siblings: none goes against a random order, so there is no cycle.
    fn tie(&mut self, siblings: &[NodeId]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..siblings.len()).collect();
        for last in (1..order.len()).rev() {
            order.swap(last, self.rng.random_range(0..=last));
        }
        let density = self.rng.random_range(10..60);
        for later in 1..order.len() {
            for earlier in 0..later {
                if self.rng.random_range(0..100) >= density {
                    continue;
                }
                let comes_after = self.rng.random_range(0..100) < 30;
                let slot = u32::try_from(order[earlier]).expect("a group has few steps");
                let node = &mut self.nodes[siblings[order[later]].index()];
                if comes_after { node.after.push(slot) } else { node.needs.push(slot) }
            }
        }
        order
    }

    /// Settings around some of the siblings; what they need comes before those, and who needs them restored comes behind.
    fn add_settings(&mut self, parent: NodeId, siblings: &[NodeId], order: &[usize]) {
        let count = [0, 0, 1, 1, 2][self.rng.random_range(0..5)];
        let slot = |position: usize| u32::try_from(order[position]).expect("few steps");
        for number in 0..count {
            let first = self.rng.random_range(0..order.len());
            let end = self.rng.random_range(first..order.len()) + 1;
            let mut around: Vec<u32> = (first..end).map(slot).collect();
            if around.len() > 1 && self.rng.random_bool(0.3) {
                around.remove(self.rng.random_range(0..around.len()));
            }
            let needs = if first > 0 && self.rng.random_bool(0.3) {
                vec![slot(self.rng.random_range(0..first))]
            } else {
                Vec::new()
            };
            let own = u32::try_from(siblings.len() + number).expect("few steps");
            if end < order.len() && self.rng.random_bool(0.5) {
                let behind = siblings[order[self.rng.random_range(end..order.len())]];
                self.nodes[behind.index()].needs.push(own);
            }
            let retries = [0; 3].map(|_: u32| {
                let attempts = self.rng.random_range(1..=2);
                self.random_retry(attempts)
            });
            let [get, set, restore] = retries;
            let setting = Setting {
                around,
                fan_out: self.rng.random_bool(0.3),
                hold: self.rng.random_bool(0.3),
                accept_found: self.rng.random_bool(0.3),
                get,
                set,
                restore,
            };
            let mut node = node(NodeBody::Setting(Box::new(setting)));
            node.name = format!("s{}", self.nodes.len()).into();
            node.conditional = self.rng.random_bool(0.2);
            node.needs = needs;
            let child = id(self.nodes.len());
            self.nodes.push(node);
            if let NodeBody::Group(group) = &mut self.nodes[parent.index()].body {
                group.children.push(child);
            }
        }
    }

    fn random_step(&mut self, depth: u32) -> Node {
        let room = depth < DEPTH_MAX && self.nodes.len() < self.size;
        let mut node = match self.rng.random_range(0..100) {
            0..35 if room => {
                let fan_out = self.rng.random_bool(0.6).then(|| self.random_fan_out(false));
                group(fan_out)
            }
            35..50 => group(Some(self.random_fan_out(true))),
            _ => self.random_task(),
        };
        node.name = format!("n{}", self.nodes.len()).into();
        node.conditional = self.rng.random_bool(0.2);
        if self.rng.random_bool(0.12) {
            node.window = Some(Box::new(self.random_window()));
        }
        if self.rng.random_bool(0.45) {
            node.on_failure = OnFailure::Continue;
        }
        node
    }

    /// A window that is always open but for a while in the first seconds of each day: a run sees little more of a day.
    fn random_window(&mut self) -> Window {
        let closes = self.rng.random_range(1_000..4_000);
        let opens = closes + self.rng.random_range(1..1_500);
        let time = |ms: i32| Time::new(0, 0, (ms / 1_000) as i8, ms % 1_000 * 1_000_000);
        let hours = model::Window {
            days: Weekday::Monday.cycle_forward().take(7).collect(),
            from: time(opens).expect("a second of a minute"),
            to: time(closes).expect("a second of a minute"),
            tz: TimeZone::UTC,
            at: Place { file: 0, node: 0 },
        };
        let expect = self.rng.random_range(0..600);
        Window {
            name: "w".into(),
            hours: Arc::new(hours),
            expect: self.rng.random_bool(0.5).then(|| Duration::from_millis(expect)),
        }
    }

    fn random_fan_out(&mut self, single: bool) -> FanOut {
        FanOut {
            parallel: self.rng.random_bool(0.7).then(|| self.rng.random_range(1..=3)),
            max_failures: if self.rng.random_bool(0.4) { 0 } else { self.rng.random_range(1..=3) },
            single,
        }
    }

    fn random_task(&mut self) -> Node {
        match self.rng.random_range(0..100) {
            0..6 => return self.random_pause(),
            6..13 => return self.random_wait(),
            13..21 => return self.random_question(),
            _ => {}
        }
        let effect = [Effect::Read, Effect::Idempotent, Effect::Once, Effect::Once]
            [self.rng.random_range(0..4)];
        let assert = self.rng.random_bool(0.1);
        let probed = !assert && effect == Effect::Once && self.rng.random_bool(0.7);
        let attempts =
            if effect == Effect::Once && !probed { 1 } else { self.rng.random_range(1..=3) };
        let repeats = !assert && (effect != Effect::Once || probed) && self.rng.random_bool(0.15);
        let checks = if assert { 0 } else { [0, 0, 1, 2][self.rng.random_range(0..4)] };
        let task = Task {
            effect: if assert { Effect::Read } else { effect },
            work: if assert { Work::Assert } else { Work::Job },
            retry: self.random_retry(attempts),
            verify: (0..checks)
                .map(|_| {
                    let attempts = self.rng.random_range(1..=3);
                    self.random_retry(attempts)
                })
                .collect(),
            outputs: !assert && self.rng.random_bool(0.3),
            probe: probed.then(|| Box::new(self.random_probe())),
            repeat: repeats.then(|| Repeat {
                consecutive: self.rng.random_range(1..=2),
                every: Duration::from_millis(self.rng.random_range(0..10)),
                max: self.rng.random_bool(0.5).then(|| self.rng.random_range(4..=8)),
            }),
            wait: None,
        };
        node(NodeBody::Task(task))
    }

    fn random_pause(&mut self) -> Node {
        let time = Duration::from_millis(self.rng.random_range(1..200));
        let retry = self.random_retry(1);
        node(NodeBody::Task(plain(Work::Pause(time), Effect::Read, retry)))
    }

    fn random_question(&mut self) -> Node {
        let manual = self.rng.random_bool(0.5);
        let late = !manual && self.rng.random_bool(0.3);
        let timeout = late.then(|| Duration::from_millis(self.rng.random_range(1..500)));
        let retry = self.random_retry(1);
        let work = Work::Question(Question { manual, timeout });
        let effect = if manual { Effect::Once } else { Effect::Read };
        let checks = if manual { self.rng.random_range(0..=1) } else { 0 };
        let verify = (0..checks).map(|_| self.random_retry(2)).collect();
        node(NodeBody::Task(Task { verify, ..plain(work, effect, retry) }))
    }

    fn random_wait(&mut self) -> Node {
        let attempts = self.rng.random_range(1..=2);
        let retry = self.random_retry(attempts);
        let wait = Wait {
            every: Duration::from_millis(self.rng.random_range(1..20)),
            timeout: self
                .rng
                .random_bool(0.7)
                .then(|| Duration::from_millis(self.rng.random_range(1..150))),
            goes_on: self.rng.random_bool(0.5),
        };
        let outputs = self.rng.random_bool(0.5);
        let task = plain(Work::Job, Effect::Read, retry);
        node(NodeBody::Task(Task { wait: Some(wait), outputs, ..task }))
    }

    /// A probe with the states `done` and `absent`, and some of the others that the world may be in.
    fn random_probe(&mut self) -> Probe {
        let mut states = vec![("done", Meaning::Done), ("absent", Meaning::Absent)];
        if self.rng.random_bool(0.7) {
            let every = Duration::from_millis(self.rng.random_range(1..15));
            let timeout = self
                .rng
                .random_bool(0.5)
                .then(|| Duration::from_millis(self.rng.random_range(0..150)));
            states.push(("ongoing", Meaning::Wait { every, timeout }));
        }
        if self.rng.random_bool(0.85) {
            let actions = self.rng.random_range(1..=3);
            states.push((
                "stranded",
                Meaning::Repair((0..actions).map(|_| self.random_mend()).collect()),
            ));
        }
        if self.rng.random_bool(0.5) {
            states.push(("half", Meaning::Stop));
        }
        Probe {
            confirm: self.rng.random_bool(0.3).then(|| Confirm {
                times: self.rng.random_range(1..=3),
                every: Duration::from_millis(self.rng.random_range(0..10)),
            }),
            refuse_found: self.rng.random_bool(0.2),
            states: states
                .into_iter()
                .map(|(name, meaning)| ProbeState { name: name.into(), meaning })
                .collect(),
        }
    }

    fn random_mend(&mut self) -> Mend {
        let effect =
            [Effect::Idempotent, Effect::Idempotent, Effect::Once][self.rng.random_range(0..3)];
        let attempts = self.rng.random_range(1..=2);
        let manual = self.rng.random_bool(0.2);
        Mend { manual, effect, retry: self.random_retry(attempts) }
    }

    fn random_retry(&mut self, attempts: u32) -> Retry {
        Retry {
            attempts,
            delay: Duration::from_millis(self.rng.random_range(0..20)),
            backoff: if self.rng.random_bool(0.5) { 1.0 } else { 2.0 },
            max_delay: self.rng.random_bool(0.3).then(|| Duration::from_millis(25)),
            on_exit: if self.rng.random_bool(0.2) { vec![1] } else { Vec::new() },
        }
    }
}

/// A task without anything around it.
fn plain(work: Work, effect: Effect, retry: Retry) -> Task {
    Task {
        effect,
        work,
        retry,
        verify: Vec::new(),
        outputs: false,
        probe: None,
        repeat: None,
        wait: None,
    }
}

fn id(index: usize) -> NodeId {
    NodeId(u32::try_from(index).expect("a plan has few steps"))
}

fn group(fan_out: Option<FanOut>) -> Node {
    node(NodeBody::Group(Group { children: Vec::new(), fan_out }))
}

fn node(body: NodeBody) -> Node {
    Node {
        name: "".into(),
        parent: NodeId::ROOT,
        slot: 0,
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
