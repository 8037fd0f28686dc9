//! A case: the same work for several contestants.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where and with what is measured.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) windlass: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) quick: bool,
}

pub(crate) type Prepared = Result<Vec<Contestant>, Box<dyn Error>>;

/// What is measured, by what it is called in the table.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// What DESIGN asks of windlass in this case.
    pub(crate) goal: &'static str,
    pub(crate) prepare: fn(&Bench) -> Prepared,
}

/// Somebody who does the work.
pub(crate) struct Contestant {
    pub(crate) name: String,
    pub(crate) work: Work,
    /// Undoes what a former time has left; it is not measured.
    pub(crate) reset: Option<Box<dyn Fn() -> std::io::Result<()>>>,
}

pub(crate) enum Work {
    /// A command, from its start to its end; its exit code must be this one.
    Command { program: Vec<String>, folder: PathBuf, exit: i32 },
    /// So many times `/bin/true`, so many at a time, and nothing else.
    Floor { count: usize, at_a_time: usize },
}

impl Bench {
    /// `count`, or a tenth of it.
    pub(crate) fn scaled(&self, count: usize) -> usize {
        if self.quick { (count / 10).max(1) } else { count }
    }

    /// A fresh folder for a case.
    pub(crate) fn folder(&self, name: &str) -> std::io::Result<PathBuf> {
        let folder = self.folder.join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// windlass with a state folder of its own, which is emptied before each time.
    pub(crate) fn windlass(&self, folder: &Path, arguments: &[&str]) -> Contestant {
        let state = folder.join("state");
        let mut contestant = self.windlass_on(&state, folder, arguments);
        contestant.reset = Some(Box::new(move || match fs::remove_dir_all(&state) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }));
        contestant
    }

    /// windlass with a state folder that stays as it is.
    pub(crate) fn windlass_on(
        &self,
        state: &Path,
        folder: &Path,
        arguments: &[&str],
    ) -> Contestant {
        let state = state.display().to_string();
        let mut program =
            vec![self.windlass.display().to_string(), "--state-dir".to_owned(), state];
        program.extend(arguments.iter().map(|&argument| argument.to_owned()));
        let work = Work::Command { program, folder: folder.to_owned(), exit: 0 };
        Contestant { name: "windlass".to_owned(), work, reset: None }
    }
}

impl Contestant {
    pub(crate) fn floor(count: usize, at_a_time: usize) -> Self {
        let work = Work::Floor { count, at_a_time };
        Self { name: "floor".to_owned(), work, reset: None }
    }

    pub(crate) fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// A peer, if it is installed.
    pub(crate) fn peer(program: &[&str], folder: &Path) -> Option<Self> {
        let asked = Command::new(program[0])
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        asked.ok().filter(std::process::ExitStatus::success)?;
        let work = Work::Command {
            program: program.iter().map(|&word| word.to_owned()).collect(),
            folder: folder.to_owned(),
            exit: 0,
        };
        Some(Self { name: program[0].to_owned(), work, reset: None })
    }

    /// Removes a file of the peer's before each time.
    pub(crate) fn forgets(mut self, file: PathBuf) -> Self {
        self.reset = Some(Box::new(move || {
            let _ = fs::remove_file(&file);
            Ok(())
        }));
        self
    }
}
