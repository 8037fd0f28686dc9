//! What `with` gives against what the driver's action declares, as far as it is known before a run.
//!
//! Does not render templates: a value with a template in it is checked when it is known.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::super::inputs::InputCheck;
use super::super::model::{DriverAction, Dynamic, Located, Place};
use super::{Finding, Findings, codes};

/// The actions' schemas, each understood once.
#[derive(Debug, Default)]
pub(super) struct InputChecks {
    known: HashMap<*const DriverAction, Option<InputCheck>>,
}

impl InputChecks {
    pub(super) fn check(
        &mut self,
        action: &Arc<DriverAction>,
        name: &Located<String>,
        with: &IndexMap<String, Located<Dynamic>>,
        findings: &mut Findings,
    ) {
        let mut meant = Vec::new();
        for (input, value) in with.iter().filter(|(input, _)| !action.inputs.contains_key(*input)) {
            let declared = action.inputs.keys().map(String::as_str);
            let near = findings.nearest(input, declared);
            meant.extend(near);
            let near = near.map(|near| format!("did you mean `{near}`?"));
            let message = format!("action `{}` has no input `{input}`", name.value);
            findings.push(
                Finding::error(codes::BAD_INPUTS, key_of(value.at), message).maybe_help(near),
            );
        }
        for (input, declared) in &action.inputs {
            // What is misspelt is not missing as well.
            let is_given = with.contains_key(input) || meant.contains(&input.as_str());
            if declared.default.is_none() && !is_given {
                let message = format!("input `{input}` of action `{}` is missing", name.value);
                let help = match &declared.description {
                    Some(description) => format!("`{input}`: {}", description.trim()),
                    None => format!("add it: `with: {{{input}: ...}}`"),
                };
                findings.push(Finding::error(codes::BAD_INPUTS, name.at, message).help(help));
            }
        }
        // An error in the schemas has been told in the driver's file.
        let check = self
            .known
            .entry(Arc::as_ptr(action))
            .or_insert_with(|| InputCheck::new(&action.inputs).ok());
        let Some(check) = check else { return };
        for (input, value) in with {
            if let Some(literal) = value.value.as_literal()
                && action.inputs.contains_key(input)
            {
                for violation in check.check_one(input, literal) {
                    let message =
                        format!("action `{}` does not take this: {violation}", name.value);
                    findings.push(Finding::error(codes::BAD_INPUTS, value.at, message));
                }
            }
        }
    }
}

/// The key in front of a value.
fn key_of(value: Place) -> Place {
    Place { node: value.node.saturating_sub(1), ..value }
}
