//! Where the state folder is.
//! Does not look at the disk.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Chooses by the flag, `$WINDLASS_STATE_DIR`, and then by who runs this: root has `/var/lib/windlass`, others
/// `windlass` in `$XDG_STATE_HOME` or `~/.local/state` (on Windows in `%LOCALAPPDATA%`).
pub(super) fn locate(
    flag: Option<&Path>,
    variable: impl Fn(&str) -> Option<OsString>,
    is_root: bool,
) -> Option<PathBuf> {
    let folder = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // The convention for XDG folders has a path that is not absolute ignored.
    let absolute = |name: &str| folder(name).filter(|path| path.is_absolute());
    if let Some(flag) = flag {
        return Some(flag.to_owned());
    }
    if let Some(chosen) = folder("WINDLASS_STATE_DIR") {
        return Some(chosen);
    }
    if is_root {
        return Some(PathBuf::from("/var/lib/windlass"));
    }
    if cfg!(windows) {
        return absolute("LOCALAPPDATA").map(|local| local.join("windlass"));
    }
    absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
        .map(|state| state.join("windlass"))
}

/// Whether this process may do anything on this machine.
pub(super) fn is_root() -> bool {
    #[cfg(unix)]
    return rustix::process::geteuid().is_root();
    #[cfg(not(unix))]
    return false;
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsString;
    use std::path::{Path, PathBuf};

    use super::locate;

    fn chosen(flag: Option<&str>, variables: &[(&str, &str)], is_root: bool) -> Option<PathBuf> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        };
        locate(flag.map(Path::new), variable, is_root)
    }

    #[test]
    fn the_first_that_is_given_counts() {
        let all = [("WINDLASS_STATE_DIR", "/w"), ("XDG_STATE_HOME", "/x"), ("HOME", "/h")];
        let is = |path: &str| Some(PathBuf::from(path));
        assert_eq!(chosen(Some("/f"), &all, true), is("/f"));
        assert_eq!(chosen(None, &all, true), is("/w"));
        assert_eq!(chosen(None, &all[1..], true), is("/var/lib/windlass"));
        assert_eq!(chosen(None, &all[1..], false), is("/x/windlass"));
        assert_eq!(chosen(None, &all[2..], false), is("/h/.local/state/windlass"));
        assert_eq!(chosen(None, &[], false), None);
    }

    #[test]
    fn empty_variables_and_relative_xdg_folders_do_not_count() {
        let odd = [("WINDLASS_STATE_DIR", ""), ("XDG_STATE_HOME", "x"), ("HOME", "/h")];
        assert_eq!(chosen(None, &odd, false), Some(PathBuf::from("/h/.local/state/windlass")));
    }
}
