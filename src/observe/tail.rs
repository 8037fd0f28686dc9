//! The last line that a running job has printed.
//!
//! Reads a bounded piece from the end of its output files, whatever their length.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::SystemTime;

use super::printable::strip;

/// How much is read from the end of a file, in bytes.
const READ_MAX: u64 = 4096;

/// What a job with that folder printed last, on either stream, fit for a terminal; empty if it has printed nothing.
pub(super) fn last_line(folder: &Path) -> String {
    let mut newest: Option<(SystemTime, File, u64)> = None;
    for name in ["stdout", "stderr"] {
        let Ok(file) = File::open(folder.join(name)) else { continue };
        let Ok(about) = file.metadata() else { continue };
        let Ok(changed) = about.modified() else { continue };
        if about.is_file()
            && about.len() > 0
            && newest.as_ref().is_none_or(|(before, ..)| *before <= changed)
        {
            newest = Some((changed, file, about.len()));
        }
    }
    newest.and_then(|(_, file, length)| last_lines(file, length, 1).pop()).unwrap_or_default()
}

/// The last lines of a file, fit for a terminal, the newest last; empty lines are left out.
pub(crate) fn last_lines_of(path: &Path, count: usize) -> Vec<String> {
    let Ok(file) = File::open(path) else { return Vec::new() };
    let Ok(about) = file.metadata() else { return Vec::new() };
    if about.is_file() { last_lines(file, about.len(), count) } else { Vec::new() }
}

fn last_lines(mut file: File, length: u64, count: usize) -> Vec<String> {
    let start = length.saturating_sub(READ_MAX);
    let mut bytes = Vec::new();
    if file.seek(SeekFrom::Start(start)).is_err()
        || file.take(READ_MAX).read_to_end(&mut bytes).is_err()
    {
        return Vec::new();
    }
    // A progress meter writes its line again and again with carriage returns between.
    let text = String::from_utf8_lossy(&bytes);
    let mut lines: Vec<String> = text
        .split(['\n', '\r'])
        .enumerate()
        .map(|(number, line)| (number == 0 && start > 0, line))
        .map(whole)
        .collect();
    lines.retain(|line| !line.trim().is_empty());
    lines.split_off(lines.len().saturating_sub(count))
}

/// A line of which the beginning was not read starts with an ellipsis.
fn whole((torn, line): (bool, &str)) -> String {
    let line = strip(line);
    if torn { format!("…{}", line.trim_start_matches('\u{fffd}')) } else { line }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_last_line_is_found_however_the_output_ends() {
        let folder = tempfile::tempdir().unwrap();
        let print = |text: &[u8]| fs::write(folder.path().join("stdout"), text).unwrap();
        assert_eq!(last_line(folder.path()), "", "nothing was printed");
        print(b"one\n\x1b[32mtwo\x1b[0m\n\n");
        assert_eq!(last_line(folder.path()), "two");
        print(b"copied 10 %\rcopied 20 %\rcopied 30 %");
        assert_eq!(last_line(folder.path()), "copied 30 %");
        print(b"caf\xe9\n");
        assert_eq!(last_line(folder.path()), "caf\u{fffd}");
    }

    #[test]
    fn a_long_file_is_read_from_its_end_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stderr");
        let mut text = "x".repeat(3 << 20);
        text.push_str("\nlast\n");
        fs::write(&path, &text).unwrap();
        assert_eq!(last_line(folder.path()), "last");
        fs::write(&path, "y".repeat(1 << 20)).unwrap();
        assert_eq!(last_lines_of(&path, 3), [format!("…{}", "y".repeat(4096))]);
    }

    #[test]
    fn several_lines_come_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stderr");
        fs::write(&path, "a\nb\n\nc\n").unwrap();
        assert_eq!(last_lines_of(&path, 2), ["b", "c"]);
        assert_eq!(last_lines_of(&folder.path().join("absent"), 2), [""; 0]);
    }
}
