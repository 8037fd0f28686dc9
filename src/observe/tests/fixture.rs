//! A run that goes the way a test wants it to.

use std::cell::RefCell;
use std::io::{self, Write};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::core::job::{End, Role, Survivor};
use crate::core::record::{
    Actor, Item, JobEnd, Judgement, Opened, Outcome, Record, StopReason, Verdict,
};
use crate::core::state::State;
use crate::exec::{Fact, Observer};
use crate::journal::RunFolder;
use crate::plan::Plan;
use crate::plan::graph::{FanOut, Graph, Group, Node, NodeBody, NodeId, Task, Work};
use crate::spec::model::{Effect, OnFailure, Retry};

/// 22:41:07 UTC on a day in November.
pub(super) fn start() -> Timestamp {
    "2026-11-20T22:41:07Z".parse().unwrap()
}

/// A run of the step `check` and, after it, of `backup` and `move` for each of the `mailboxes`.
pub(super) struct Run {
    pub(super) state: State,
    pub(super) plan: Arc<Plan>,
    pub(super) folder: RunFolder,
    pub(super) now: Timestamp,
    seq: u64,
    root: tempfile::TempDir,
}

impl Run {
    pub(super) fn new() -> Self {
        Self::of(flat())
    }

    /// A run of `waves`, each with its `mailboxes`, and in each of these the step `move`.
    pub(super) fn nested() -> Self {
        Self::of(nested())
    }

    fn of(graph: Graph) -> Self {
        let graph = Arc::new(graph);
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("20261120-2241-k3");
        std::fs::create_dir(&path).unwrap();
        let mut run = Self {
            state: State::new(graph.clone()),
            plan: Arc::new(plan(graph)),
            folder: RunFolder::at(&path),
            now: start(),
            seq: 0,
            root,
        };
        run.fact(opened());
        run
    }

    /// The path that differs from test to test.
    pub(super) fn root(&self) -> String {
        self.root.path().display().to_string()
    }

    pub(super) fn pass(&mut self, milliseconds: u64) {
        self.now += Duration::from_millis(milliseconds);
    }

    pub(super) fn fact(&mut self, record: Record) -> Fact {
        self.state.apply(self.now, &record).unwrap();
        self.seq += 1;
        Fact { seq: self.seq, at: self.now, record }
    }

    pub(super) fn show(&mut self, observer: &mut dyn Observer, record: Record) {
        let fact = self.fact(record);
        observer.fact(&fact, &self.state);
    }

    /// A job of a task prints, and keeps its folder.
    pub(super) fn print(&self, task: &str, attempt: u32, stream: &str, text: &str) -> PathBuf {
        let folder = self.folder.task(task, attempt);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(stream), text).unwrap();
        folder
    }
}

pub(super) fn opened() -> Record {
    Record::Opened(Box::new(Opened {
        run: "20261120-2241-k3".to_owned(),
        runbook: "move-mailboxes".to_owned(),
        title: "Move mailboxes between two servers".to_owned(),
        digest: "d".to_owned(),
        by: actor(),
        version: "0.1.0".to_owned(),
        folder: "/srv/runbooks".to_owned(),
        vars: Value::Null,
    }))
}

pub(super) fn actor() -> Actor {
    Actor { user: "ada".to_owned(), host: "mx1".to_owned(), pid: None, boot: None }
}

pub(super) fn frozen(task: &str, keys: &[&str]) -> Record {
    let items =
        keys.iter().map(|key| Item { key: Some((*key).into()), value: Value::from(*key).into() });
    Record::ItemsFrozen { task: task.into(), items: items.collect() }
}

pub(super) fn starting(task: &str, attempt: u32, role: Role) -> Record {
    Record::JobStarting {
        task: task.into(),
        attempt,
        role,
        effect: Effect::Idempotent,
        argv: vec!["true".to_owned()],
        digest: "d".to_owned(),
    }
}

pub(super) fn ended(task: &str, attempt: u32, exit: i32) -> Record {
    let end = End {
        exit: Some(exit),
        signal: None,
        timed_out: false,
        killed: false,
        started: start(),
        ended: start(),
        over: true,
        survivors: Vec::new(),
    };
    let verdict = if exit == 0 { Verdict::Good } else { Verdict::Bad { reason: end.to_string() } };
    Record::JobEnded { task: task.into(), attempt, end: JobEnd::Ran(end), verdict }
}

pub(super) fn lingering(task: &str, attempt: u32) -> Record {
    let survivors = vec![Survivor { pid: 4711, command: "sleep 100".to_owned() }];
    let end = End {
        exit: Some(1),
        signal: None,
        timed_out: false,
        killed: false,
        started: start(),
        ended: start(),
        over: false,
        survivors,
    };
    Record::JobEnded {
        task: task.into(),
        attempt,
        verdict: Verdict::Bad { reason: end.to_string() },
        end: JobEnd::Ran(end),
    }
}

pub(super) fn over(task: &str, outcome: Outcome, reason: Option<&str>) -> Record {
    Record::TaskEnded { task: task.into(), outcome, reason: reason.map(str::to_owned) }
}

pub(super) fn doubt(task: &str, reason: &str) -> Record {
    Record::Judged {
        task: task.into(),
        judgement: Judgement::InDoubt,
        state: None,
        reason: reason.to_owned(),
    }
}

pub(super) fn stopped(why: StopReason) -> Record {
    Record::Stopped { why, by: Some(actor()), because: None }
}

/// The three facts of a task that goes well.
pub(super) fn success(task: &str) -> [Record; 3] {
    [starting(task, 1, Role::Action), ended(task, 1, 0), over(task, Outcome::Succeeded, None)]
}

fn flat() -> Graph {
    linked(vec![
        node("", &[], group(&[1, 2], None)),
        node("check", &[], task()),
        node("mailboxes", &[0], group(&[3, 4], Some(fan_out()))),
        node("backup", &[], task()),
        node("move", &[0], task()),
    ])
}

fn nested() -> Graph {
    linked(vec![
        node("", &[], group(&[1], None)),
        node("waves", &[], group(&[2], Some(fan_out()))),
        node("mailboxes", &[], group(&[3], Some(fan_out()))),
        node("move", &[], task()),
    ])
}

fn linked(nodes: Vec<Node>) -> Graph {
    let mut graph = Graph { nodes };
    graph.link();
    graph
}

fn group(children: &[u32], fan_out: Option<FanOut>) -> NodeBody {
    NodeBody::Group(Group { children: children.iter().copied().map(NodeId).collect(), fan_out })
}

fn fan_out() -> FanOut {
    FanOut { parallel: None, max_failures: 2, single: false }
}

fn node(name: &str, needs: &[u32], body: NodeBody) -> Node {
    Node {
        name: name.into(),
        parent: NodeId::ROOT,
        slot: 0,
        needs: needs.to_vec(),
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

fn task() -> NodeBody {
    let retry = Retry {
        attempts: 1,
        delay: Duration::ZERO,
        backoff: 1.0,
        max_delay: None,
        on_exit: Vec::new(),
    };
    NodeBody::Task(Task {
        effect: Effect::Idempotent,
        work: Work::Job,
        retry,
        verify: Vec::new(),
        outputs: false,
        probe: None,
        repeat: None,
        wait: None,
    })
}

fn plan(graph: Arc<Graph>) -> Plan {
    let steps = graph.nodes.iter().map(|_| Default::default()).collect();
    Plan {
        name: "move-mailboxes".to_owned(),
        title: "Move mailboxes between two servers".to_owned(),
        description: None,
        digest: "d".to_owned(),
        params: Value::Null,
        vars: Value::Null,
        folder: PathBuf::from("/srv/runbooks"),
        defaults: Default::default(),
        graph,
        steps,
        sources: Vec::new(),
    }
}

/// What was written so far, and whether writing fails.
#[derive(Clone, Default)]
pub(super) struct Paper {
    written: Rc<RefCell<Vec<u8>>>,
    pub(super) fails: Rc<RefCell<Option<io::ErrorKind>>>,
}

impl Paper {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.written.borrow().clone()).unwrap()
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(kind) = *self.fails.borrow() {
            return Err(kind.into());
        }
        self.written.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
