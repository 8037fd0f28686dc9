//! `windlass man`.
//!
//! Does not know what the commands do: the pages say what `--help` says.

use std::path::Path;
use std::{fs, io};

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::arguments::{Arguments, Manual};
use super::failure::{self, Failure};

pub(super) fn main(arguments: &Manual) -> Result<u8, Failure> {
    let mut program = Arguments::command().disable_help_subcommand(true);
    // Usage lines and names of pages are derived for the whole tree, from the top.
    program.build();
    if let Some(folder) = &arguments.out {
        fs::create_dir_all(folder)
            .and_then(|()| write_all(&program, folder))
            .map_err(|error| Failure::new(1, format!("{}: {error}", folder.display())))?;
        return Ok(0);
    }
    let mut text = Vec::new();
    page(find(&program, &arguments.of)?)
        .render(&mut text)
        .map_err(|error| Failure::new(failure::BUG, error.to_string()))?;
    super::print(&String::from_utf8_lossy(&text))?;
    Ok(0)
}

fn page(command: &Command) -> Man {
    Man::new(command.clone())
        .source(concat!("windlass ", env!("CARGO_PKG_VERSION")))
        .manual("Manual of windlass")
}

fn write_all(command: &Command, folder: &Path) -> io::Result<()> {
    page(command).generate_to(folder)?;
    for inside in command.get_subcommands().filter(|inside| !inside.is_hide_set()) {
        write_all(inside, folder)?;
    }
    Ok(())
}

/// The command that is named word by word, as in `journal check`.
fn find<'a>(program: &'a Command, words: &[String]) -> Result<&'a Command, Failure> {
    words.iter().try_fold(program, |command, word| {
        command.find_subcommand(word).filter(|found| !found.is_hide_set()).ok_or_else(|| {
            Failure::new(failure::USAGE, format!("there is no command `{}`", words.join(" ")))
                .help("`windlass --help` lists the commands")
        })
    })
}
