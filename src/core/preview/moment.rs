//! When something could begin at the earliest: as if there were slots enough, and each job took as long as it usually does.
//!
//! Knows neither tasks nor groups; whoever walks the plan says what comes after what.

use std::cmp::Ordering;

/// A point of a run that has not begun.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Moment {
    /// How many tasks have ended one after the other by then.
    pub(super) wave: u32,
    /// How much time has passed by then.
    pub(super) seconds: f64,
}

impl Moment {
    /// The later one in both respects.
    pub(super) fn or_later(self, other: Self) -> Self {
        Self { wave: self.wave.max(other.wave), seconds: self.seconds.max(other.seconds) }
    }

    /// When a task has ended that begins here.
    pub(super) fn after_task(self, seconds: f64) -> Self {
        Self { wave: self.wave + 1, seconds: self.seconds + seconds }
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.seconds.total_cmp(&other.seconds).then(self.wave.cmp(&other.wave))
    }
}

/// The items of a group, so many of which may be open at a time.
#[derive(Debug)]
pub(super) struct Lanes {
    start: Moment,
    /// When each lane that was taken is free again.
    ends: Vec<Moment>,
    parallel: Option<u32>,
    /// When all items have ended.
    last: Moment,
}

impl Lanes {
    pub(super) fn new(start: Moment, parallel: Option<u32>) -> Self {
        Self { start, ends: Vec::new(), parallel, last: start }
    }

    /// When the next item begins: at the start, or when the first of the open ones has ended.
    pub(super) fn next(&mut self) -> Moment {
        let full = self.parallel.is_some_and(|parallel| self.ends.len() >= parallel as usize);
        let free = self.ends.iter().enumerate().min_by(|one, other| one.1.compare(other.1));
        match free.map(|(lane, _)| lane) {
            Some(lane) if full => self.ends.swap_remove(lane),
            _ => self.start,
        }
    }

    /// The item that was begun last has ended then.
    pub(super) fn ended(&mut self, end: Moment) {
        if self.parallel.is_some() {
            self.ends.push(end);
        }
        self.last = self.last.or_later(end);
    }

    pub(super) fn last(&self) -> Moment {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_waits_for_the_first_that_makes_room() {
        let mut lanes = Lanes::new(Moment { wave: 2, seconds: 5.0 }, Some(2));
        let lengths = [3.0, 1.0, 1.0, 4.0];
        let starts: Vec<f64> = lengths
            .into_iter()
            .map(|length| {
                let start = lanes.next();
                lanes.ended(start.after_task(length));
                start.seconds
            })
            .collect();
        assert_eq!(starts, [5.0, 5.0, 6.0, 7.0]);
        assert_eq!(lanes.last(), Moment { wave: 5, seconds: 11.0 });
    }

    #[test]
    fn without_a_bound_all_items_begin_at_once() {
        let mut lanes = Lanes::new(Moment::default(), None);
        for _ in 0..3 {
            let start = lanes.next();
            assert_eq!(start, Moment::default());
            lanes.ended(start.after_task(1.0));
        }
        assert_eq!(lanes.last(), Moment { wave: 1, seconds: 1.0 });
    }
}
