//! The journal of a run, from records to lines to disk, and the folders that a run lives in.
//! Does not know what a record means: everything here is generic over it.
//!
//! A journal is a file of JSON objects, one a line:
//!
//! ```text
//! {"seq":0,"at":"2026-11-20T22:10:00.000000Z","event":"journal","format":1,"windlass":"0.1.0","run":"20261120-2210-k3","prev":"000…","sum":"4f0c…"}
//! {"seq":1,"at":"2026-11-20T22:10:00.004121Z","event":"opened",…,"durable":0,"prev":"9b1e…","sum":"77a2…"}
//! ```
//!
//! - `prev` is the BLAKE3 hash, cut to 32 hexadecimal digits, of the whole line before (zeros on the
//!   first line), so lines cannot be changed, dropped, added or put in another order unnoticed.
//! - `sum` is the BLAKE3 hash, cut to 16 digits, of all of its own line that stands before `,"sum"`.
//!   Without it nothing would guard the last line.
//! - `durable` stands on every line but the first: everything up to that sequence number was on disk when
//!   the line was made. A damaged line that an intact line declares durable is an error; any
//!   other damage is what a crash leaves behind, and the journal is cut there with a warning.
//! - The first line has this form in every format, so that an older windlass can tell that a journal is
//!   too new for it.

mod begun;
mod durable;
mod encode;
mod error;
mod first;
mod folder;
mod line;
mod locate;
mod read;
mod run_id;
mod scan;
mod storage;
mod tail;
#[cfg(test)]
mod tests;
mod write;

pub use begun::begun;
pub use durable::{make_folder, sync_folder, write_file};
pub use encode::{ENCODED_LENGTH_MAX, encode};
pub use error::JournalError;
pub use first::first;
pub use folder::{FolderError, RunFolder, StateFolder};
pub use line::{DEPTH_MAX, FORMAT, kept_time};
pub use read::{Contents, Entry, read};
pub use run_id::RUN_ID_LENGTH_MAX;
pub use storage::Storage;
pub use tail::Tail;
pub use write::Journal;
