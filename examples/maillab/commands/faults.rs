//! `fault`: arms a fault, or lists them all.

use clap::Args;
use serde_json::{Value, json};

use super::print_json;
use crate::failure::Result;
use crate::faults::Fault;
use crate::organisation::Organisation;

/// Which fault, and for whom.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The fault; it strikes once, and is then armed no more.
    #[arg(value_enum, required_unless_present = "list")]
    name: Option<Fault>,
    /// Strike only this mailbox; without it, whichever comes first.
    #[arg(long, value_name = "MAILBOX")]
    mailbox: Option<String>,
    /// List every fault with its article, where it strikes, and for whom it is armed.
    #[arg(long, conflicts_with_all = ["name", "mailbox"])]
    list: bool,
}

pub(super) fn run(arguments: &Arguments, of: &Organisation) -> Result<()> {
    let Some(fault) = arguments.name else { return list(of) };
    let mailbox = arguments.mailbox.as_deref();
    mailbox.map_or(Ok(()), |mailbox| of.check_mailbox(mailbox))?;
    of.faults().arm(fault, mailbox)?;
    print_json(&json!({"armed": fault.name(), "mailbox": mailbox}))
}

fn list(of: &Organisation) -> Result<()> {
    let faults = Fault::ALL.into_iter().map(|fault| {
        let (operation, stage) = fault.border();
        Ok(json!({
            "name": fault.name(),
            "article": fault.article(),
            "operation": operation,
            "after_stage": stage.name(),
            "description": fault.description(),
            "armed_for": of.faults().armed(fault)?,
        }))
    });
    print_json(&Value::Array(faults.collect::<Result<_>>()?))
}
