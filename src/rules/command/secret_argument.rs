//! A secret among the arguments of a command.
//!
//! Does not know values; it goes by names.

use super::super::shape::Shape;
use super::super::{Code, Hit, Rule, Severity};
use super::argv;
use crate::spec::finding::Where;
use crate::spec::template::Reference;

const WORDS: &[&str] =
    &["password", "passwd", "passphrase", "secret", "token", "credential", "credentials"];
const PAIRS: &[&str] = &["api_key", "private_key", "access_key"];
/// What is behind such a word names a place of the secret, which is none.
const PLACES: &[&str] = &["file", "path", "name", "id", "env", "url"];

pub(in super::super) const RULE: Rule = Rule {
    code: Code {
        code: "W0752",
        title: "a secret stands among the arguments of a command",
        explanation: "Everybody on the machine can read the arguments of a process, and they are written into the journal. Give the command its secret as a variable of the environment (`env`) or on its standard input (`stdin`), or name a file that holds it. What counts as a secret is what is called so: a password, passphrase, token, credential or key.",
    },
    severity: Severity::Warning,
    source: "argoproj/argo-workflows#3797: secret parameters shown in logs and process lists.",
    wrong: r#"
params:
  password: {type: string}
steps:
  list: {effect: read, run: [imaptool, --password, "{{ params.password }}", list]}
"#,
    right: r#"
params:
  password: {type: string}
steps:
  list: {effect: read, env: {IMAP_PASSWORD: "{{ params.password }}"}, run: [imaptool, list]}
"#,
    check: |shape: &Shape<'_>| {
        let mut hits = Vec::new();
        for piece in &shape.pieces {
            for argument in argv(piece.work).into_iter().flatten() {
                for reference in argument.value.references() {
                    let Some(name) = secret(reference) else { continue };
                    let message =
                        format!("`{name}` is shown in the list of processes, and in the journal");
                    let help = format!(
                        "give it as a variable: `env: {{{}: \"{{{{ {reference} }}}}\"}}`",
                        name.to_uppercase()
                    );
                    hits.push(
                        Hit::new(
                            piece.step,
                            Where::Within(argument.at, reference.range.clone()),
                            message,
                        )
                        .help(help),
                    );
                }
            }
        }
        hits
    },
};

/// The name, if something is read that is called a secret.
fn secret(reference: &Reference) -> Option<&str> {
    let name = match reference.root() {
        "params" | "vars" | "inputs" => reference.name(1),
        "steps" => (2..reference.path.len()).rev().find_map(|at| reference.name(at)),
        root => Some(root),
    }?;
    let words: Vec<&str> = name.split('_').collect();
    let is_place = words.last().is_some_and(|last| PLACES.contains(last));
    let is_secret = words.iter().any(|word| WORDS.contains(word))
        || PAIRS.iter().any(|pair| name == *pair || name.ends_with(&format!("_{pair}")));
    (is_secret && !is_place).then_some(name)
}
