//! Where a machine's claims are.
//! Creates nothing, and does not look into the folder.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The folder that all users of a machine can see.
const OF_THE_MACHINE: &str = "/var/lib/windlass/locks";

/// The variable that names another folder.
const VARIABLE: &str = "WINDLASS_LOCKS_DIR";

/// By the variable, else the folder of the machine, else one in the state folder, with a warning in words.
pub(super) fn choose(
    state_dir: &Path,
    variable: impl Fn(&str) -> Option<OsString>,
    may_write: impl Fn(&Path) -> bool,
) -> (PathBuf, Option<String>) {
    if let Some(chosen) = variable(VARIABLE).filter(|value| !value.is_empty()) {
        let chosen = PathBuf::from(chosen);
        return (std::path::absolute(&chosen).unwrap_or(chosen), None);
    }
    let of_the_machine = PathBuf::from(OF_THE_MACHINE);
    if !cfg!(windows) && may_write(&of_the_machine) {
        return (of_the_machine, None);
    }
    let own = state_dir.join("locks");
    let warning = format!(
        "locks are kept in `{}`: runs with another state folder do not see them\n  set `{VARIABLE}` to a folder that all who run windlass here may write",
        own.display()
    );
    (own, Some(warning))
}

/// Whether files can be made in a folder, or the folder itself can be made.
pub(super) fn may_write(folder: &Path) -> bool {
    let Some(nearest) = folder.ancestors().find(|above| above.exists()) else { return false };
    nearest.is_dir() && is_writable(nearest)
}

#[cfg(unix)]
fn is_writable(folder: &Path) -> bool {
    use rustix::fs::Access;
    rustix::fs::access(folder, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

#[cfg(not(unix))]
fn is_writable(folder: &Path) -> bool {
    folder.metadata().is_ok_and(|metadata| !metadata.permissions().readonly())
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsString;
    use std::fs;
    use std::path::Path;

    use tempfile::tempdir;

    use super::{choose, may_write};

    #[test]
    fn the_variable_counts_then_the_machine_then_the_state_folder_with_a_warning() {
        let chosen = |variable: &str, writable| {
            let variable = |_: &str| Some(OsString::from(variable));
            let (path, warning) = choose(Path::new("/state"), variable, |_| writable);
            (path.to_string_lossy().into_owned(), warning)
        };
        assert_eq!(chosen("/l", true), ("/l".to_owned(), None));
        assert_eq!(chosen("", true), ("/var/lib/windlass/locks".to_owned(), None));
        let (path, warning) = chosen("", false);
        assert_eq!(path, "/state/locks");
        assert!(warning.is_some_and(|warning| warning.contains("`/state/locks`")));
    }

    #[test]
    fn a_folder_that_is_missing_is_judged_by_the_one_above_it() {
        let folder = tempdir().unwrap();
        assert!(may_write(folder.path()));
        assert!(may_write(&folder.path().join("a/b")));
        assert!(!folder.path().join("a").exists());
        fs::write(folder.path().join("file"), "").unwrap();
        assert!(!may_write(&folder.path().join("file/b")));
        assert!(!may_write(&folder.path().join("file")));
    }
}
