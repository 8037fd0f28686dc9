//! A command that changes something, where only a look is allowed.
//!
//! Does not know what programs do, but for some that everybody knows.

use super::super::deed::Deed;
use super::super::piece::Role;
use super::super::shape::Shape;
use super::super::{Code, Hit, Rule, Severity};
use crate::spec::model::{Body, Effect};

/// Programs that do nothing but change.
const CHANGERS: &[&str] = &[
    "rm", "rmdir", "mv", "mkdir", "touch", "chmod", "chown", "chgrp", "ln", "shred", "truncate",
    "kill", "pkill", "killall", "reboot", "shutdown", "mkfs", "dropdb", "createdb", "useradd",
    "userdel", "install",
];
/// Programs of which a subcommand changes.
const SUBCOMMANDS: &[(&str, &[&str])] = &[
    (
        "systemctl",
        &["start", "stop", "restart", "reload", "enable", "disable", "mask", "unmask", "kill"],
    ),
    ("git", &["push", "commit", "merge", "reset", "clean"]),
    ("kubectl", &["apply", "delete", "create", "patch", "scale", "drain", "cordon", "uncordon"]),
    ("docker", &["run", "rm", "stop", "start", "kill", "push"]),
];
/// Options with which they only say what they would do.
const DRY: &[&str] = &["--dry-run", "--dry-run=client", "--dry-run=server", "--check", "--no-act"];

pub(in super::super) const RULE: Rule = Rule {
    code: Code {
        code: "W0753",
        title: "what should only look seems to change something",
        explanation: "Probes, verifications, `get` and everything that is `read` are done at any time and more than once, also after a crash and by a resume. This one starts a program that changes things, or is the very command of the action that it should look at. If it really only looks, say so under `allow`.",
    },
    severity: Severity::Warning,
    source: "DESIGN 4.4: probes and verifications are always `read`; go-task/task#166: a dry run that wrote.",
    wrong: r#"
steps:
  ready: {effect: read, run: [touch, /srv/ready]}
"#,
    right: r#"
steps:
  ready: {effect: read, run: [test, -e, /srv/ready]}
"#,
    check: |shape: &Shape<'_>| {
        let mut hits = Vec::new();
        for piece in shape.pieces.iter().filter(|piece| piece.effect == Effect::Read) {
            let deed = Deed::new(piece.work);
            let Some(at) = deed.at else { continue };
            if deed.words.iter().any(|word| DRY.contains(&word.text.as_str())) {
                continue;
            }
            let what = piece.role.in_words();
            let message = if is_action_of(shape, piece.step, piece.role, &deed) {
                format!("{what} is the very command that it should look at")
            } else if let Some(program) = changer(&deed) {
                format!("{what} should only look, but `{program}` changes something")
            } else {
                continue;
            };
            let help = match piece.role {
                Role::Action => {
                    "say `effect: idempotent` if doing it again does no harm; else remove `effect: read`"
                }
                _ => "use a command that only reads",
            };
            hits.push(Hit::new(piece.step, at, message).help(help));
        }
        hits
    },
};

fn changer(deed: &Deed) -> Option<String> {
    let program = deed.program()?;
    if CHANGERS.contains(&program) {
        return Some(program.to_owned());
    }
    let (_, subcommands) = SUBCOMMANDS.iter().find(|(known, _)| *known == program)?;
    let second = &deed.words.get(1)?.text;
    subcommands.contains(&second.as_str()).then(|| format!("{program} {second}"))
}

/// Whether a probe or a verification does again what the action does.
fn is_action_of(shape: &Shape<'_>, step: Option<usize>, role: Role, deed: &Deed) -> bool {
    let Some(number) = step.filter(|_| matches!(role, Role::Probe | Role::Verify)) else {
        return false;
    };
    let node = &shape.nodes[number];
    let Body::Action(work) = &node.step.body else { return false };
    let action = Deed::new(work);
    action.effect != Effect::Read && !deed.words.is_empty() && action.words == deed.words
}
