//! Times for people: where they are, with the zone beside it.
//!
//! Programs never read these: the journal and everything in JSON is RFC 3339 in UTC.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A time to the second, in the zone of whoever reads it: `2026-11-21 06:46:07 CET`.
#[must_use]
pub fn local(at: Timestamp) -> String {
    within(at, TimeZone::system())
}

fn within(at: Timestamp, zone: TimeZone) -> String {
    // A machine that does not say where it stands gets a time that needs no zone to be understood.
    let zone = if zone.is_unknown() { TimeZone::UTC } else { zone };
    at.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zone_stands_beside_the_time() {
        let at: Timestamp = "2026-11-21T05:46:07.25Z".parse().unwrap();
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        assert_eq!(within(at, berlin), "2026-11-21 06:46:07 CET");
        for zone in [TimeZone::UTC, TimeZone::unknown()] {
            assert_eq!(within(at, zone), "2026-11-21 05:46:07 UTC");
        }
    }
}
