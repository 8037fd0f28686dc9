//! Something that may never end.
//!
//! Does not know how long anything takes.

use super::super::deed::Deed;
use super::super::shape::Shape;
use super::super::{Code, Hit, Rule, Severity};
use crate::spec::model::Meaning;

/// Programs that wait for another machine.
const NETWORK: &[&str] = &[
    "ssh",
    "scp",
    "sftp",
    "rsync",
    "curl",
    "wget",
    "nc",
    "ncat",
    "telnet",
    "ftp",
    "lftp",
    "psql",
    "mysql",
    "ldapsearch",
    "ldapmodify",
    "imapsync",
    "mbsync",
    "doveadm",
    "dsync",
    "smbclient",
    "mount",
];

pub(in super::super) const RULE: Rule = Rule {
    code: Code {
        code: "W0754",
        title: "what may hang has no timeout",
        explanation: "The command talks to another machine, or something is asked again and again, and nothing bounds its time: when the other side does not answer, the run waits for ever and says nothing. `timeout` of the step, of a group around it, of the driver's action or under `defaults` bounds a command; `max` bounds a `repeat`, and `timeout` a state with `wait`.",
    },
    severity: Severity::Warning,
    source: "Q151992: a move that never completes, without an event.",
    wrong: r#"
steps:
  list: {effect: read, run: [ssh, backup.example, ls]}
"#,
    right: r#"
defaults: {timeout: 5m}
steps:
  list: {effect: read, run: [ssh, backup.example, ls]}
"#,
    check: |shape: &Shape<'_>| {
        let mut hits = Vec::new();
        for piece in &shape.pieces {
            let deed = Deed::new(piece.work);
            let network = deed.program().filter(|program| NETWORK.contains(program));
            if let (Some(program), false, Some(at)) = (network, piece.is_bounded, deed.at) {
                let message = format!("`{program}` may wait for another machine without end");
                hits.push(Hit::new(piece.step, at, message).help("bound it: `timeout: 10m`"));
            }
            if let Some(repeat) =
                piece.work.repeat.as_ref().filter(|repeat| repeat.value.max.is_none())
            {
                let message = "it is repeated without end if this never holds".to_owned();
                hits.push(
                    Hit::new(piece.step, repeat.value.until.at, message)
                        .help("bound it: `max: 100`"),
                );
            }
            for (name, state) in piece.work.probe.iter().flat_map(|probe| &probe.value.states) {
                if matches!(state.meaning, Meaning::Wait { timeout: None, .. }) {
                    let message = format!("the state `{name}` is waited for without end");
                    hits.push(
                        Hit::new(piece.step, state.at, message)
                            .help("bound it: `wait: {every: 10s, timeout: 1h}`"),
                    );
                }
            }
        }
        hits
    },
};
