//! `windlass schema`.

use super::arguments::{Schema, SchemaName};
use super::failure::Failure;
use crate::report::schema as printed;
use crate::spec::keys::schema as written;

pub(super) fn main(arguments: &Schema) -> Result<u8, Failure> {
    let schema = match arguments.name {
        SchemaName::Runbook => written::runbook(),
        SchemaName::Driver => written::driver(),
        SchemaName::Policy => written::policy(),
        SchemaName::Journal => printed::journal(),
        SchemaName::Status => printed::status(),
    };
    super::print_json(&schema)?;
    Ok(0)
}
