//! A value that meets a shell by way of an argument.
//!
//! Does not know what the value holds. Scripts under `shell` are checked where templates are (W0304).

use super::super::shape::Shape;
use super::super::{Code, Hit, Rule, Severity};
use super::argv;
use crate::spec::finding::Where;
use crate::spec::model::Located;
use crate::spec::template::Template;

/// Programs that take a script as an argument, and the option in front of it.
const SHELLS: &[&str] =
    &["sh", "bash", "dash", "zsh", "ksh", "fish", "su", "pwsh", "powershell", "cmd"];
/// Programs that hand their last arguments to a shell somewhere else.
const REMOTE: &[&str] = &["ssh", "eval", "watch", "parallel"];

pub(in super::super) const RULE: Rule = Rule {
    code: Code {
        code: "W0751",
        title: "a value is pasted into a command that a shell reads",
        explanation: "`run` never meets a shell, but the program that it starts may be one, or may hand its arguments to one on another machine, as `ssh` does. Then a quote or a semicolon in a value runs as a command. Let values in through `env` of a `shell` step, or end the template in `| sh`, which quotes.",
    },
    severity: Severity::Warning,
    source: "argoproj/argo-workflows#12534: parameters pasted raw into scripts.",
    wrong: r#"
params:
  folder: {type: string}
steps:
  list: {effect: read, run: [sh, -c, "ls {{ params.folder }} | wc -l"]}
"#,
    right: r#"
params:
  folder: {type: string}
steps:
  list:
    effect: read
    env: {FOLDER: "{{ params.folder }}"}
    shell: ls "$FOLDER" | wc -l
"#,
    check: |shape: &Shape<'_>| {
        let mut hits = Vec::new();
        for piece in &shape.pieces {
            let Some(arguments) = argv(piece.work).and_then(pasted) else { continue };
            for argument in arguments {
                for range in argument.value.not_ending_in_filter("sh") {
                    if !argument.value.ends_in_filter("pwsh") {
                        let message =
                            "a value is pasted into a command that a shell reads".to_owned();
                        let help =
                            "end it in `| sh`, or write a `shell` step with the value under `env`";
                        hits.push(
                            Hit::new(piece.step, Where::Within(argument.at, range), message)
                                .help(help),
                        );
                    }
                }
            }
        }
        hits
    },
};

/// The arguments that a shell reads.
fn pasted(argv: &[Located<Template>]) -> Option<&[Located<Template>]> {
    let program = argv.first()?.value.literal_text()?;
    let program = program.rsplit('/').next()?;
    if REMOTE.contains(&program) {
        // The first argument that is no option is where it goes.
        let options =
            argv[1..].iter().take_while(|argument| argument.value.source().starts_with('-'));
        return argv.get(1 + options.count() + 1..);
    }
    if !SHELLS.contains(&program) {
        return None;
    }
    let is_option = |argument: &Located<Template>| {
        let text = argument.value.source();
        matches!(text, "/c" | "/C" | "-Command" | "-command")
            || (text.starts_with('-') && !text.starts_with("--") && text.ends_with('c'))
    };
    let option = argv.iter().position(is_option)?;
    argv.get(option + 1..(option + 2).min(argv.len()))
}
