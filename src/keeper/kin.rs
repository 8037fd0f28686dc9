//! Which processes belong to a job.
//!
//! Knows no one way that always works: a process may leave its session, its parent, its environment or its open files, and is
//! found as long as it has kept any of them. Does not know what is to be done with those found.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::proc::{self, Process};

/// Name of the file in a job's folder whose lock all its processes inherit.
pub(super) const LIFE_FILE: &str = "alive";

/// By what the processes of one job are known.
#[derive(Debug, Clone, Default)]
pub(super) struct Kin {
    /// Id and start time of its main process, which leads its session.
    pub(super) main: Option<(u32, u64)>,
    /// What its processes have in their environment.
    pub(super) marks: Vec<String>,
    /// Ids and start times of all that were ever found.
    members: BTreeMap<u32, u64>,
}

impl Kin {
    pub(super) fn new(main: Option<(u32, u64)>, marks: Vec<String>) -> Self {
        Self { main, marks, members: BTreeMap::new() }
    }

    /// Those among `candidates` that belong to the job and live. Parents must stand before their children.
    ///
    /// `life` is device and inode of the job's life lock where somebody holds it.
    pub(super) fn find(
        &mut self,
        candidates: &[Process],
        life: Option<(u64, u64)>,
    ) -> Vec<Process> {
        let session = self.session(candidates);
        let mut found = Vec::new();
        let mut ids = BTreeSet::new();
        for process in candidates {
            let belongs = ids.contains(&process.parent)
                || self.members.get(&process.pid) == Some(&process.start_time)
                || session.is_some_and(|(id, since)| {
                    process.session == id && process.start_time >= since
                })
                || proc::environment_holds(process.pid, &self.marks)
                || life.is_some_and(|life| proc::holds_open(process.pid, life));
            if belongs {
                ids.insert(process.pid);
                self.members.insert(process.pid, process.start_time);
                if !process.ended {
                    found.push(process.clone());
                }
            }
        }
        found
    }

    /// The job's session, unless all of it has ended and its id has been given to another process.
    fn session(&self, candidates: &[Process]) -> Option<(u32, u64)> {
        let (pid, since) = self.main?;
        let usurped =
            candidates.iter().any(|process| process.pid == pid && process.start_time != since);
        (!usurped).then_some((pid, since))
    }
}

/// Device and inode of a job's life lock if somebody may hold it, nothing if it is surely free.
pub(super) fn held_life(folder: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let path = folder.join(LIFE_FILE);
    if super::unix::is_free(&path).unwrap_or(false) {
        return None;
    }
    Some(std::fs::metadata(&path).map_or((0, 0), |metadata| (metadata.dev(), metadata.ino())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process that no system has, so that nothing can be read of it.
    fn process(pid: u32, parent: u32, session: u32, start_time: u64) -> Process {
        Process {
            pid: pid + 500_000_000,
            parent: parent + 500_000_000,
            session: session + 500_000_000,
            start_time,
            ended: false,
        }
    }

    fn found(kin: &mut Kin, candidates: &[Process]) -> Vec<u32> {
        kin.find(candidates, None).iter().map(|process| process.pid - 500_000_000).collect()
    }

    #[test]
    fn session_and_parentage_are_followed_and_remembered() {
        let mut kin = Kin::new(Some((500_000_010, 70)), Vec::new());
        let main = process(10, 1, 10, 70);
        let (child, stray) = (process(11, 10, 10, 71), process(12, 11, 12, 72));
        assert_eq!(found(&mut kin, &[main, process(20, 1, 20, 70), child, stray]), [10, 11, 12]);
        let orphan = process(12, 1, 12, 72);
        assert_eq!(found(&mut kin, &[orphan, process(20, 1, 20, 70)]), [12]);
        let namesake = process(12, 1, 12, 99);
        assert_eq!(found(&mut kin, &[namesake]), [0; 0]);
    }

    #[test]
    fn a_session_whose_id_was_given_away_is_not_the_jobs() {
        let mut kin = Kin::new(Some((500_000_010, 70)), Vec::new());
        assert_eq!(found(&mut kin, &[process(10, 1, 10, 90), process(11, 10, 10, 91)]), [0; 0]);
        assert_eq!(found(&mut kin, &[process(11, 1, 10, 60)]), [0; 0]);
        assert_eq!(found(&mut kin, &[process(11, 1, 10, 71)]), [11]);
    }

    #[test]
    fn the_ended_do_not_live_but_lead_to_their_children() {
        let mut kin = Kin::new(Some((500_000_010, 70)), Vec::new());
        let main = Process { ended: true, ..process(10, 1, 10, 70) };
        assert_eq!(found(&mut kin, &[main, process(11, 10, 11, 71)]), [11]);
    }
}
