//! The `exits` file: what a keeper writes down of starts and ends, one JSON object a line.
//!
//! It is the evidence when the keeper has gone. It does not know what follows from it, and nobody reads it while the keeper's
//! own word can be had.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::unix;
use crate::core::job::{End, JobId};

/// Name of the file in the run's folder.
pub(super) const FILE: &str = "exits";

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    pub(super) job: JobId,
    #[serde(flatten)]
    pub(super) fact: Fact,
}

/// What is noted of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Fact {
    /// It is about to be started. Written before anything of it can live.
    Starting(Starting),
    /// It has a main process.
    Started(Started),
    /// It could not be started: there was no process, or it could not become the program.
    NotSpawned(String),
    /// It was not started, for want of room for its files: as if it had never been asked for.
    Withdrawn(bool),
    /// Its main process has ended.
    Ended(End),
    /// Nothing of it is left.
    Over(bool),
}

/// By what the processes of a job can be found, whatever they do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Starting {
    /// Where its files are, relative to the run's folder.
    pub(super) folder: PathBuf,
    /// What all its processes have in their environment, as `NAME=VALUE`.
    pub(super) marks: Vec<String>,
}

/// The main process of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Started {
    pub(super) pid: u32,
    /// Ticks since that boot; 0 if it was not to be had.
    pub(super) start_time: u64,
    pub(super) boot_id: String,
    /// The session that it leads.
    pub(super) session: u32,
    /// Its command line, for people.
    pub(super) command: String,
}

/// All that is noted of one job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Trace {
    pub(super) starting: Option<Starting>,
    pub(super) started: Option<Started>,
    pub(super) not_spawned: Option<String>,
    pub(super) withdrawn: bool,
    pub(super) end: Option<End>,
    pub(super) over: bool,
}

impl Trace {
    fn add(&mut self, fact: Fact) {
        match fact {
            Fact::Starting(starting) => self.starting = Some(starting),
            Fact::Started(started) => self.started = Some(started),
            Fact::NotSpawned(reason) => self.not_spawned = Some(reason),
            Fact::Withdrawn(withdrawn) => self.withdrawn = withdrawn,
            Fact::Ended(end) => self.end = Some(end),
            Fact::Over(over) => self.over = over,
        }
    }
}

/// Reads what is noted of a job in the run's folder. A line that is torn or not understood tells nothing.
pub(super) fn trace(folder: &Path, job: &JobId) -> io::Result<Trace> {
    let mut trace = Trace::default();
    let text = match std::fs::read(folder.join(FILE)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(trace),
        Err(error) => return Err(error),
    };
    let text = String::from_utf8_lossy(&text);
    let task = serde_json::to_string(&job.task).expect("a text can be written as JSON");
    // Only lines that hold the task's name are parsed: the file has three lines for each job of the run.
    for line in text.lines().filter(|line| line.contains(&task)) {
        if let Ok(note) = serde_json::from_str::<Note>(line)
            && note.job == *job
        {
            trace.add(note.fact);
        }
    }
    Ok(trace)
}

/// The jobs of which it is noted that they were about to be started, and not that nothing is left of them.
pub(super) fn open_jobs(folder: &Path) -> io::Result<Vec<JobId>> {
    let bytes = match std::fs::read(folder.join(FILE)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut open = BTreeSet::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let Ok(Note { job, fact }) = serde_json::from_slice(line) else { continue };
        let is_closed = match fact {
            Fact::Starting(_) => {
                open.insert(job);
                continue;
            }
            Fact::Started(_) => false,
            Fact::NotSpawned(_) | Fact::Withdrawn(_) => true,
            Fact::Ended(end) => end.over,
            Fact::Over(over) => over,
        };
        if is_closed {
            open.remove(&job);
        }
    }
    Ok(open.into_iter().collect())
}

/// Where the last line ends that is whole. Looks from the end: the file has lines for every job that the run has ever had.
fn end_of_lines(file: &File) -> io::Result<u64> {
    let mut chunk = [0; 1 << 12];
    let mut end = file.metadata()?.len();
    while end > 0 {
        let start = end.saturating_sub(chunk.len() as u64);
        let part =
            &mut chunk[..usize::try_from(end - start).expect("it is no longer than a chunk")];
        file.read_exact_at(part, start)?;
        if let Some(at) = part.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// The file as its one writer sees it.
#[derive(Debug)]
pub(super) struct Exits {
    folder: PathBuf,
    file: File,
    /// Where the next line goes. What stands behind it was torn by a failed write, and the next one goes over it.
    offset: u64,
    buffer: Vec<u8>,
    /// Something has been written that is not known to be on disk.
    unsynced: bool,
    entry_synced: bool,
}

impl Exits {
    /// Opens the file in the run's folder, or creates it.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join(FILE);
        let file = unix::open_to_write(&path)?;
        let offset = end_of_lines(&file)?;
        file.set_len(offset)?;
        Ok(Self {
            folder: folder.to_owned(),
            file,
            offset,
            buffer: Vec::new(),
            unsynced: true,
            entry_synced: false,
        })
    }

    /// Puts a line into the buffer.
    pub(super) fn note(&mut self, job: &JobId, fact: Fact) {
        let note = Note { job: job.clone(), fact };
        serde_json::to_writer(&mut self.buffer, &note).expect("a note has only text keys");
        self.buffer.push(b'\n');
    }

    /// Writes what is in the buffer. What could not be written stays in it, and the next call writes it at the same place.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        unix::write_at(&self.file, &self.buffer, self.offset)?;
        self.offset += self.buffer.len() as u64;
        self.buffer.clear();
        self.unsynced = true;
        Ok(())
    }

    /// How much is in the buffer, to be handed to [`Self::take_back`].
    pub(super) fn mark(&self) -> usize {
        self.buffer.len()
    }

    /// Forgets what was noted since the mark was made, after a write of it has failed.
    pub(super) fn take_back(&mut self, mark: usize) {
        self.buffer.truncate(mark);
        // A part of it may have been written. Where it cannot be cut off, a job counts as started that never was: a doubt too many.
        drop(self.file.set_len(self.offset));
    }

    /// Writes what is in the buffer, and returns once all that was ever written is on disk.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.flush()?;
        // What a failed sync has left behind is unknown, and a second one would not tell: it is never tried again.
        if std::mem::take(&mut self.unsynced) {
            self.file.sync_data()?;
        }
        if !std::mem::replace(&mut self.entry_synced, true) {
            unix::sync_folder(&self.folder)?;
        }
        Ok(())
    }

    /// Whether nobody can ever read the file, since it was deleted.
    pub(super) fn is_deleted(&self) -> bool {
        self.file.metadata().is_ok_and(|metadata| metadata.nlink() == 0)
    }

    /// Whether everything has been written.
    pub(super) fn is_flushed(&self) -> bool {
        self.buffer.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn job(task: &str, attempt: u32) -> JobId {
        JobId { task: task.into(), attempt }
    }

    #[test]
    fn notes_are_read_back_for_their_job_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut exits = Exits::open(folder.path()).expect("a new file");
        let starting =
            Starting { folder: "tasks/a/1".into(), marks: vec!["WINDLASS_TASK=a".to_owned()] };
        exits.note(&job("a", 1), Fact::Starting(starting.clone()));
        exits.note(&job("a", 2), Fact::NotSpawned("no such program".to_owned()));
        exits.note(&job("b", 1), Fact::Over(true));
        exits.flush().expect("it can be written");

        let of_a = trace(folder.path(), &job("a", 1)).expect("it can be read");
        assert_eq!(of_a, Trace { starting: Some(starting), ..Trace::default() });
        let of_b = trace(folder.path(), &job("b", 1)).expect("it can be read");
        assert_eq!(of_b, Trace { over: true, ..Trace::default() });
        assert_eq!(trace(folder.path(), &job("c", 1)).expect("it can be read"), Trace::default());
    }

    #[test]
    fn a_job_is_open_until_nothing_is_left_of_it() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(open_jobs(folder.path()).expect("there is nothing to read"), []);
        let mut exits = Exits::open(folder.path()).expect("a new file");
        let starting = Fact::Starting(Starting::default());
        for task in ["runs", "over", "never"] {
            exits.note(&job(task, 1), starting.clone());
        }
        exits.note(&job("never", 1), Fact::NotSpawned("no such program".to_owned()));
        exits.note(&job("over", 1), Fact::Over(true));
        exits.flush().expect("it can be written");
        assert_eq!(open_jobs(folder.path()).expect("it can be read"), [job("runs", 1)]);
    }

    #[test]
    fn a_torn_line_is_cut_off() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(FILE);
        let whole = "{\"job\":{\"task\":\"a\",\"attempt\":1},\"over\":true}\n";
        let both = whole.to_owned() + &whole.replace(":1}", ":2}");
        // The last is longer than what is looked at in one go.
        for torn in ["", "{\"job\":{\"task\":\"a", &"x".repeat(10_000)] {
            fs::write(&path, format!("{whole}{torn}")).expect("it can be written");
            let mut exits = Exits::open(folder.path()).expect("it can be opened");
            exits.note(&job("a", 2), Fact::Over(true));
            exits.flush().expect("it can be written");
            assert_eq!(fs::read_to_string(&path).expect("it can be read"), both);
        }
    }

    #[test]
    fn a_file_that_was_deleted_is_known_to_be() {
        let folder = tempfile::tempdir().expect("a folder");
        let exits = Exits::open(folder.path()).expect("a new file");
        assert!(!exits.is_deleted());
        fs::remove_file(folder.path().join(FILE)).expect("it can be deleted");
        assert!(exits.is_deleted());
    }

    #[test]
    fn without_a_file_there_is_no_trace() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(trace(folder.path(), &job("a", 1)).expect("it can be read"), Trace::default());
    }
}
