//! Windows of time: whether something may begin now, and if not, when.
//!
//! Knows no clock: the present is told to it. A local time that a change of the clock skips is the one as much later as the clock
//! was moved; of one that comes twice the first counts. So a window is never longer than what its author has written, but for the
//! hour that the clock itself gives.

use std::time::Duration;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::model::Window;

/// How many days ahead are looked through for a window that is long enough: every change of the clock is among them.
const DAYS_MAX: i32 = 400;

/// When something may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// Now.
    Now,
    /// Not before that time.
    At(Timestamp),
    /// No opening is long enough.
    Never,
}

/// When something that takes as long as `expect` may begin inside of a window. Openings that follow each other without a gap are one.
#[must_use]
pub fn opening(window: &Window, expect: Option<Duration>, now: Timestamp) -> Opening {
    let today = now.to_zoned(window.tz.clone()).date();
    let mut stretch: Option<(Timestamp, Timestamp)> = None;
    // What has opened yesterday may be open still.
    for ahead in -1..=DAYS_MAX {
        let Some((from, to)) = today
            .checked_add(ahead.days())
            .ok()
            .filter(|date| window.days.contains(&date.weekday()))
            .and_then(|date| span(window, date))
        else {
            continue;
        };
        stretch = match stretch {
            Some((begins, ends)) if from <= ends => Some((begins, ends.max(to))),
            _ => Some((from, to)),
        };
        // A stretch that is long enough need not be followed to its end.
        if let Some((begins, ends)) = stretch
            && let start = begins.max(now)
            && fits(start, expect, ends)
        {
            return if begins <= now { Opening::Now } else { Opening::At(begins) };
        }
    }
    Opening::Never
}

fn fits(start: Timestamp, expect: Option<Duration>, ends: Timestamp) -> bool {
    let Some(expect) = expect else { return start < ends };
    let length = SignedDuration::try_from(expect).unwrap_or(SignedDuration::MAX);
    start < ends && start.checked_add(length).is_ok_and(|last| last <= ends)
}

/// From when to when a window is open that opens on that day.
fn span(window: &Window, date: Date) -> Option<(Timestamp, Timestamp)> {
    let last = if window.to <= window.from { date.tomorrow().ok()? } else { date };
    let at = |date: Date, time| {
        let zoned = date.to_datetime(time).to_zoned(window.tz.clone());
        zoned.ok().map(|zoned| zoned.timestamp())
    };
    Some((at(date, window.from)?, at(last, window.to)?))
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Weekday, time};
    use jiff::tz::TimeZone;

    use super::*;
    use crate::spec::model::Place;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn window(days: &[Weekday], from: i8, to: i8) -> Window {
        Window {
            days: days.to_vec(),
            from: time(from, 30, 0, 0),
            to: time(to, 30, 0, 0),
            tz: TimeZone::get("Europe/Berlin").unwrap(),
            at: Place { file: 0, node: 0 },
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_begins() {
        let nights = window(&[Weekday::Saturday], 22, 6);
        for (now, expect, opens) in [
            ("2026-11-21T12:00:00Z", 0, Opening::At(at("2026-11-21T21:30:00Z"))),
            ("2026-11-21T21:30:00Z", 8, Opening::Now),
            ("2026-11-22T05:00:00Z", 0, Opening::Now),
            ("2026-11-22T05:00:00Z", 1, Opening::At(at("2026-11-28T21:30:00Z"))),
            ("2026-11-22T05:30:00Z", 0, Opening::At(at("2026-11-28T21:30:00Z"))),
            ("2026-11-22T21:30:00Z", 0, Opening::At(at("2026-11-28T21:30:00Z"))),
        ] {
            assert_eq!(opening(&nights, Some(expect * HOUR), at(now)), opens, "{now} {expect}h");
        }
    }

    /// On 29 March 2026 Berlin has no time between 2:00 and 3:00, on 25 October that hour comes twice.
    #[test]
    fn a_change_of_the_clock_moves_what_it_skips_and_does_not_open_twice() {
        let early = window(&[Weekday::Sunday], 2, 4);
        let skipped = at("2026-03-29T01:30:00Z");
        assert_eq!(opening(&early, None, at("2026-03-28T12:00:00Z")), Opening::At(skipped));
        assert_eq!(opening(&early, Some(HOUR), skipped), Opening::Now);
        assert_ne!(opening(&early, Some(2 * HOUR), skipped), Opening::Now);
        let first = at("2026-10-25T00:30:00Z");
        assert_eq!(opening(&early, Some(3 * HOUR), at("2026-10-24T12:00:00Z")), Opening::At(first));
        let night = window(&[Weekday::Saturday], 22, 2);
        assert_eq!(opening(&night, None, at("2026-10-25T00:29:00Z")), Opening::Now);
        assert_eq!(
            opening(&night, None, at("2026-10-25T01:00:00Z")),
            Opening::At(at("2026-10-31T21:30:00Z"))
        );
    }

    #[test]
    fn openings_without_a_gap_are_one_and_what_is_too_long_never_fits() {
        let weekend = window(&[Weekday::Saturday, Weekday::Sunday], 0, 0);
        let start = at("2026-11-21T10:00:00Z");
        assert_eq!(opening(&weekend, Some(37 * HOUR), start), Opening::Now);
        assert_eq!(opening(&weekend, Some(50 * HOUR), start), Opening::Never);
        // The clock gives an hour once a year.
        let given = at("2027-10-29T22:30:00Z");
        assert_eq!(opening(&weekend, Some(49 * HOUR), start), Opening::At(given));
        assert_eq!(
            opening(&weekend, Some(38 * HOUR), start),
            Opening::At(at("2026-11-27T23:30:00Z"))
        );
    }
}
