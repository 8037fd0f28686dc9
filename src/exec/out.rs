//! Reading what a job has left behind.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::core::evaluate::Out;

/// How much standard output expressions can read, in bytes.
const STDOUT_MAX: u64 = 16 << 20;

/// What a job with that folder left behind; its standard output only where somebody reads it.
pub(super) fn read(folder: &Path, exit: Option<i32>, reads_stdout: bool) -> Out {
    Out { exit, stdout: reads_stdout.then(|| stdout(&folder.join("stdout"))) }
}

fn stdout(path: &Path) -> Result<String, String> {
    let file = match File::open(path) {
        Ok(file) => file,
        // A file that stayed empty is not kept.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    let mut bytes = Vec::new();
    file.take(STDOUT_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("{}: {error}", path.display()))?;
    if bytes.len() as u64 > STDOUT_MAX {
        return Err(format!(
            "it is longer than {} MiB, the most that an expression can read",
            STDOUT_MAX >> 20
        ));
    }
    String::from_utf8(bytes).map_err(|error| format!("it is not UTF-8: {error}"))
}
