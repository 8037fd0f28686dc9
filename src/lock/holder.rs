//! Who holds a lock, for the eyes of whoever is refused.
//! Does not know whether the holder still lives: only the lock tells.

use std::env;
use std::fmt;

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// A process that holds a lock, or acts on a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The name of its machine.
    pub host: String,
    /// The name of its user.
    pub user: String,
    /// Its process id on that machine.
    pub pid: u32,
    /// Since when it holds the lock.
    pub since: Timestamp,
}

impl Holder {
    /// This process.
    pub fn this_process(since: Timestamp) -> Self {
        Self { host: host(), user: user(), pid: std::process::id(), since }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, user, pid, since } = self;
        let since = since.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S %Z");
        write!(f, "{user} on {host}, process {pid}, since {since}")
    }
}

fn host() -> String {
    #[cfg(unix)]
    return rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    return env::var("COMPUTERNAME").unwrap_or_else(|_| "unknown".to_owned());
}

/// The name by which the user has logged in, which `sudo` replaces and keeps beside it.
fn user() -> String {
    let name = |variable| env::var(variable).ok().filter(|name| !name.is_empty());
    name("USER").or_else(|| name("LOGNAME")).or_else(|| name("USERNAME")).unwrap_or_else(nameless)
}

fn nameless() -> String {
    #[cfg(unix)]
    {
        let uid = rustix::process::geteuid().as_raw();
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        login_name(&users, uid).map_or_else(|| format!("uid {uid}"), str::to_owned)
    }
    #[cfg(not(unix))]
    return "unknown".to_owned();
}

/// The name of a user in the form of `/etc/passwd`: name, password, uid, and more, between colons.
#[cfg(unix)]
fn login_name(users: &str, uid: u32) -> Option<&str> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _, found) = (fields.next()?, fields.next()?, fields.next()?);
        (found.parse() == Ok(uid) && !name.is_empty()).then_some(name)
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::login_name;

    #[test]
    fn the_login_name_is_found_by_its_number() {
        let users = "# a comment\n\nroot:x:0:0:root:/root:/bin/sh\nana:x:1000:1000::/:/bin/sh\nbob:x:100:1::/:\n";
        assert_eq!(login_name(users, 0), Some("root"));
        assert_eq!(login_name(users, 100), Some("bob"));
        assert_eq!(login_name(users, 1000), Some("ana"));
        assert_eq!(login_name(users, 10), None);
    }
}
