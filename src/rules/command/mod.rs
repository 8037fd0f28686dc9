//! What a command does with what it is given: a file for each rule.
//!
//! Does not know who runs the rules.

pub(super) mod endless;
pub(super) mod false_look;
pub(super) mod inner_shell;
pub(super) mod secret_argument;

use crate::spec::model::{Action, Located, Work};
use crate::spec::template::Template;

/// The arguments that a piece of work writes out itself.
fn argv(work: &Work) -> Option<&[Located<Template>]> {
    match &work.action {
        Action::Run(argv) => Some(argv),
        _ => None,
    }
}
