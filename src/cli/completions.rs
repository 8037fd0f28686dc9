//! `windlass completions`.

use clap::CommandFactory;

use super::arguments::{Arguments, Completions};
use super::failure::Failure;

pub(super) fn main(arguments: &Completions) -> Result<u8, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "windlass", &mut text);
    super::print(&String::from_utf8_lossy(&text))?;
    Ok(0)
}
