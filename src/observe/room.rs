//! Whether there is room on the disk of a folder.
//!
//! Does not know what is written there; what cannot be asked counts as room.

use std::path::Path;

use rustix::fs::{StatVfs, statvfs};

/// Whether nothing more can be written to the disk of a folder.
pub(crate) fn is_full(folder: &Path) -> bool {
    statvfs(folder).is_ok_and(|disk| is_used_up(&disk))
}

/// Whether no bytes or no inodes are left. File systems that count no inodes say that they have none at all.
fn is_used_up(disk: &StatVfs) -> bool {
    disk.f_bavail == 0 || (disk.f_files > 0 && disk.f_ffree == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_inodes_are_both_needed() {
        let disk = statvfs(".").unwrap();
        let with = |bytes, files, files_free| StatVfs {
            f_bavail: bytes,
            f_files: files,
            f_ffree: files_free,
            ..disk
        };
        for (bytes, files, files_free, full) in
            [(1, 1, 1, false), (0, 1, 1, true), (1, 1, 0, true), (1, 0, 0, false)]
        {
            let disk = with(bytes, files, files_free);
            assert_eq!(is_used_up(&disk), full, "{bytes} bytes, {files_free} of {files} inodes");
        }
    }

    #[test]
    fn a_disk_that_cannot_be_asked_counts_as_room() {
        assert!(!is_full(Path::new("/nowhere/at/all")));
    }
}
