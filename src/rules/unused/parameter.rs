//! A parameter that nothing reads.
//!
//! Does not know who gives it.

use super::super::{Code, Hit, Rule, Severity};
use super::names_behind;

pub(in super::super) const RULE: Rule = Rule {
    code: Code {
        code: "W0761",
        title: "a parameter is not used",
        explanation: "`params.NAME` stands nowhere in the runbook. Whoever runs it is asked for a value that changes nothing, and may believe that it does. Use it or remove it.",
    },
    severity: Severity::Warning,
    source: "The terraform linter's terraform_unused_declarations; LESSONS on misspelt names.",
    wrong: r#"
params:
  target: {type: string}
steps:
  list: {effect: read, run: [ls, /srv]}
"#,
    right: r#"
params:
  target: {type: string}
steps:
  list: {effect: read, run: [ls, "{{ params.target }}"]}
"#,
    check: |shape| {
        let Some(runbook) = shape.runbook.filter(|runbook| !runbook.params.is_empty()) else {
            return Vec::new();
        };
        let Some(used) = names_behind(shape, "params") else { return Vec::new() };
        let unused = runbook.params.iter().filter(|(name, _)| !used.contains(name.as_str()));
        unused
            .map(|(name, param)| {
                let message = format!("parameter `{name}` is read nowhere");
                Hit::new(None, param.at, message)
                    .help(format!("read it, `{{{{ params.{name} }}}}`, or remove it"))
            })
            .collect()
    },
};
