//! `windlass logs`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use super::arguments::{Logs, Place};
use super::failure::{Failure, USAGE};
use super::known;
use crate::core::record::Record;
use crate::journal::{self, RunFolder};
use crate::lock;

/// How often files are looked at again while following.
const FOLLOW_POLL: Duration = Duration::from_millis(200);

/// Bytes copied at a time: a log may be larger than memory.
const CHUNK: usize = 64 << 10;

/// One output file of one job.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Stream {
    /// In the order in which jobs were started.
    number: u64,
    path: PathBuf,
    title: String,
}

pub(super) fn main(place: &Place, arguments: &Logs) -> Result<u8, Failure> {
    let folder = known::find(place, &arguments.run)?;
    let mut printer = Printer::default();
    loop {
        // Whether an executor lives is asked first: what it wrote last is then certainly seen below.
        let alive = arguments.follow && lock::is_locked(&folder)?;
        let streams = streams(&folder, arguments.task.as_deref())?;
        for stream in &streams {
            if !printer
                .print(stream)
                .map_err(|error| Failure::new(1, format!("{}: {error}", stream.path.display())))?
            {
                return Ok(0);
            }
        }
        if !alive {
            if let (None, Some(task)) = (&printer.last, &arguments.task) {
                eprintln!("nothing was printed by {task}");
            }
            return Ok(0);
        }
        thread::sleep(FOLLOW_POLL);
    }
}

/// The output files of a run, or of one task of it, in the order in which the jobs were started.
fn streams(folder: &RunFolder, task: Option<&str>) -> Result<Vec<Stream>, Failure> {
    let contents = journal::read::<Record>(&folder.journal())?;
    let mut found = Vec::new();
    let mut known = false;
    for entry in &contents.entries {
        known |=
            task.is_some_and(|task| entry.record.subject().is_some_and(|id| is_inside(id, task)));
        let Record::JobStarting { task: id, attempt, role, .. } = &entry.record else { continue };
        if task.is_some_and(|task| !is_inside(id, task)) {
            continue;
        }
        let label = role.label().map(|label| format!(" ({label})")).unwrap_or_default();
        let what = format!("{id}, job {attempt}{label}");
        for name in ["stdout", "stderr"] {
            let path = folder.task(id, *attempt).join(name);
            found.push(Stream {
                number: entry.seq,
                path,
                title: format!("==> {what}, {name} <=="),
            });
        }
    }
    if let (Some(task), false) = (task, known) {
        let state = known::rebuild(folder, &contents.entries)?.1;
        if state.named(task).is_none() {
            return Err(known::unknown_task(USAGE, folder.id(), &state, task));
        }
    }
    Ok(found)
}

/// Whether a task is the one that was named, or stands in the group or item that was named, or opens or closes
/// the setting that was named.
fn is_inside(id: &str, named: &str) -> bool {
    id.strip_prefix(named).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[', ':']))
}

/// Prints what is new in files, each under its title.
#[derive(Debug, Default)]
struct Printer {
    printed: BTreeMap<PathBuf, u64>,
    last: Option<PathBuf>,
}

impl Printer {
    /// Prints what was added to a stream; `false` if nobody reads any more.
    fn print(&mut self, stream: &Stream) -> io::Result<bool> {
        let mut file = match File::open(&stream.path) {
            Ok(file) => file,
            // What stayed empty is not kept, and a job that has just been started has no file yet.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
            Err(error) => return Err(error),
        };
        let from = self.printed.get(&stream.path).copied().unwrap_or(0);
        if file.metadata()?.len() <= from {
            return Ok(true);
        }
        file.seek(SeekFrom::Start(from))?;
        let mut out = io::stdout().lock();
        let copied = self.copy(&mut file, stream, &mut out);
        match copied {
            Ok(copied) => {
                self.printed.insert(stream.path.clone(), from + copied);
                self.last = Some(stream.path.clone());
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn copy(&self, file: &mut File, stream: &Stream, out: &mut impl Write) -> io::Result<u64> {
        if self.last.as_ref() != Some(&stream.path) {
            writeln!(out, "{}", stream.title)?;
        }
        let mut chunk = vec![0; CHUNK];
        let mut copied = 0;
        loop {
            let count = file.read(&mut chunk)?;
            if count == 0 {
                out.flush()?;
                return Ok(copied);
            }
            out.write_all(&chunk[..count])?;
            copied += count as u64;
        }
    }
}
