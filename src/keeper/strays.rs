//! Notes of jobs that the journal does not know, and taking them out of `exits`.
//!
//! Does not know how they came about; whoever asks says which jobs are known, and must have made sure that no keeper lives.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use serde::Deserialize;

use super::evidence::gather;
use super::exits;
use super::{KeeperError, proc};
use crate::core::job::JobId;
use crate::core::recover::Evidence;
use crate::journal::write_file;

/// How a line begins, before the job.
const JOB_KEY: &[u8] = b"{\"job\":";

/// A line as a whole.
#[derive(Deserialize)]
struct Note<'a> {
    #[serde(borrow)]
    job: Named<'a>,
}

/// Whose a line is.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    task: Cow<'a, str>,
    attempt: u32,
}

impl<'a> Named<'a> {
    /// Reads no more of a line than it needs: there are three lines for each job that a run has ever had.
    fn of(line: &'a [u8]) -> Option<Self> {
        match line.strip_suffix(b"}\n").and_then(|line| line.strip_prefix(JOB_KEY)) {
            Some(head) => serde_json::Deserializer::from_slice(head).into_iter().next()?.ok(),
            // It is not as a keeper writes it, or was cut off: what can be read of it counts all the same.
            None => Some(serde_json::from_slice::<Note<'_>>(line).ok()?.job),
        }
    }
}

/// What `exits` holds of jobs that are not known.
#[derive(Debug)]
pub struct Strays {
    /// The jobs.
    pub jobs: BTreeSet<JobId>,
    /// Their lines.
    notes: Vec<u8>,
}

impl Strays {
    /// Reads the notes in the run's folder once. A line that does not tell whose it is counts as known: nobody would take it for anything.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn find(folder: &Path, is_known: impl Fn(&str, u32) -> bool) -> Result<Self, KeeperError> {
        let mut strays = Self { jobs: BTreeSet::new(), notes: Vec::new() };
        let path = folder.join(exits::FILE);
        let mut notes = match File::open(&path) {
            Ok(file) => BufReader::with_capacity(1 << 16, file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(strays),
            Err(error) => return Err(unreadable(&path, error)),
        };
        let mut line = Vec::new();
        loop {
            line.clear();
            let count =
                notes.read_until(b'\n', &mut line).map_err(|error| unreadable(&path, error))?;
            if count == 0 {
                return Ok(strays);
            }
            if let Some(job) = Named::of(&line)
                && !is_known(&job.task, job.attempt)
            {
                strays.jobs.insert(JobId { task: job.task.into(), attempt: job.attempt });
                strays.notes.extend_from_slice(&line);
            }
        }
    }

    /// The first of these jobs of which a process lives, with its id and command line.
    ///
    /// # Errors
    /// If the notes cannot be read.
    pub fn alive(&self, folder: &Path) -> Result<Option<(&JobId, u32, String)>, KeeperError> {
        // Only what was started in this boot of the machine can live, and its notes say in which it was.
        let boot = proc::boot_id();
        if !String::from_utf8_lossy(&self.notes).contains(&boot) {
            return Ok(None);
        }
        for job in &self.jobs {
            if let Evidence::Orphaned { pid, command } = gather(folder, job)? {
                return Ok(Some((job, pid, command)));
            }
        }
        Ok(None)
    }

    /// Moves the notes of these jobs into a folder. A crash in the middle leaves them in both places, never in none.
    ///
    /// # Errors
    /// What the system says.
    pub fn set_aside(&self, folder: &Path, into: &Path) -> io::Result<()> {
        if self.jobs.is_empty() {
            return Ok(());
        }
        write_file(&into.join(exits::FILE), &self.notes)?;
        let path = folder.join(exits::FILE);
        let notes = std::fs::read(&path)?;
        let lines = notes.split_inclusive(|byte| *byte == b'\n');
        let others: Vec<&[u8]> = lines.filter(|line| !self.has(line)).collect();
        write_file(&path, &others.concat())
    }

    fn has(&self, line: &[u8]) -> bool {
        Named::of(line).is_some_and(|Named { task, attempt }| {
            self.jobs.contains(&JobId { task: task.into(), attempt })
        })
    }
}

fn unreadable(path: &Path, error: io::Error) -> KeeperError {
    KeeperError::Io { doing: format!("`{}` cannot be read", path.display()), error }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn only_the_notes_of_unknown_jobs_are_moved() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(exits::FILE);
        let line = |task: &str, attempt: u32| {
            format!("{{\"job\":{{\"task\":\"{task}\",\"attempt\":{attempt}}},\"over\":true}}\n")
        };
        let (known, stray, torn) = (line("a", 1), line(r#"b[\"q\"]"#, 2), "{\"job\":{\"ta");
        fs::write(&path, format!("{known}{stray}{torn}")).expect("it can be written");
        let strays = Strays::find(folder.path(), |task, _| task == "a").expect("it can be read");
        let expected = JobId { task: "b[\"q\"]".into(), attempt: 2 };
        assert_eq!(strays.jobs, BTreeSet::from([expected]));
        let into = folder.path().join("aside-1");
        fs::create_dir(&into).expect("a folder");
        strays.set_aside(folder.path(), &into).expect("they can be moved");
        assert_eq!(fs::read_to_string(&path).expect("it is there"), known + torn);
        assert_eq!(fs::read_to_string(into.join(exits::FILE)).expect("it is there"), stray);
    }

    #[test]
    fn a_note_that_no_keeper_writes_so_counts_all_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let job = r#""job":{"task":"b","attempt":1}"#;
        for line in [
            format!("{{{job},\"over\":true}}"),
            format!("{{{job},\"over\":true}}\r\n"),
            format!("{{\"over\":true,{job}}}\n"),
            format!(" {{{job},\"over\":true}}\n"),
        ] {
            fs::write(folder.path().join(exits::FILE), &line).expect("it can be written");
            let strays = Strays::find(folder.path(), |_, _| false).expect("it can be read");
            assert_eq!(strays.jobs.len(), 1, "{line:?}");
        }
    }
}
