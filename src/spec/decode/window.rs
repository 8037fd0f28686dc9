//! `windows`, and the `window` of a step: when something may begin.
//!
//! Does not know whether what begins can end in time.

use indexmap::IndexMap;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;

use super::super::codes;
use super::super::keys;
use super::super::model::{Located, Window, WindowUse};
use super::super::near::did_you_mean;
use super::super::yaml::{Kind, Node};
use super::Decoder;
use super::fields::Entry;

const DAYS: [(&str, Weekday); 7] = [
    ("Mon", Weekday::Monday),
    ("Tue", Weekday::Tuesday),
    ("Wed", Weekday::Wednesday),
    ("Thu", Weekday::Thursday),
    ("Fri", Weekday::Friday),
    ("Sat", Weekday::Saturday),
    ("Sun", Weekday::Sunday),
];

impl Decoder<'_> {
    pub(super) fn windows(&mut self, entry: Entry) -> IndexMap<String, Window> {
        let mut windows = IndexMap::new();
        let Some(fields) = self.fields("`windows`", entry.key.number, entry.value) else {
            return windows;
        };
        for (key, value) in fields.into_entries() {
            self.check_name("a window", &key.text, key.number);
            // A window that is broken is no window that is missing.
            let broken = Window {
                days: DAYS.iter().map(|&(_, day)| day).collect(),
                from: Time::midnight(),
                to: Time::midnight(),
                tz: TimeZone::UTC,
                at: self.at(key.number),
            };
            let window = self.window(&key.text, key.number, value).unwrap_or(broken);
            windows.insert(key.text, window);
        }
        windows
    }

    fn window(&mut self, name: &str, at: u32, value: Node) -> Option<Window> {
        let mut fields = self.fields_of(format!("window `{name}`"), at, value, &keys::WINDOW)?;
        let every = || Some(DAYS.iter().map(|&(_, day)| day).collect());
        let days = fields.take("days").map_or_else(every, |entry| self.days(&entry));
        let from = self.required(&mut fields, "from").and_then(|entry| self.time(&entry));
        let to = self.required(&mut fields, "to").and_then(|entry| self.time(&entry));
        let tz = self.required(&mut fields, "tz").and_then(|entry| self.time_zone(&entry));
        self.finish(fields, &keys::WINDOW);
        Some(Window { days: days?, from: from?, to: to?, tz: tz?, at: self.at(at) })
    }

    fn days(&mut self, entry: &Entry) -> Option<Vec<Weekday>> {
        let Kind::List(items) = &entry.value.kind else {
            self.wrong_type("`days`", &entry.value, "a list of days, as in `[Sat, Sun]`");
            return None;
        };
        if items.is_empty() {
            self.error(codes::BAD_WINDOW, entry.value.number, "`days` names no day");
            return None;
        }
        let days: Vec<Option<Weekday>> = items.iter().map(|item| self.day(item)).collect();
        days.into_iter().collect()
    }

    fn day(&mut self, item: &Node) -> Option<Weekday> {
        let Kind::Text(text) = &item.kind else {
            self.wrong_type("a day", item, "one of Mon, Tue, Wed, Thu, Fri, Sat and Sun");
            return None;
        };
        let found = DAYS.iter().find(|(name, _)| name == text);
        if found.is_none() {
            let message = format!("`{text}` is no day");
            let long = DAYS.iter().find(|(name, _)| {
                text.get(..3).is_some_and(|first| first.eq_ignore_ascii_case(name))
            });
            let help = match long {
                Some((name, _)) => format!("write `{name}`"),
                None => "the days are Mon, Tue, Wed, Thu, Fri, Sat and Sun".to_owned(),
            };
            self.errors(codes::BAD_WINDOW, item.number, message, help);
        }
        found.map(|&(_, day)| day)
    }

    /// `22:00`; `24:00` is the end of the day.
    fn time(&mut self, entry: &Entry) -> Option<Time> {
        let what = format!("`{}`", entry.key.text);
        let help = "write hours and minutes in quotes, as in \"22:00\"".to_owned();
        let Kind::Text(text) = &entry.value.kind else {
            let message = format!("{what} must be a time of day, not {}", entry.value.in_words());
            self.errors(codes::WRONG_TYPE, entry.value.number, message, help);
            return None;
        };
        let time = match text.as_str() {
            "24:00" => Some(Time::midnight()),
            _ => text
                .split_once(':')
                .filter(|(hours, minutes)| hours.len() == 2 && minutes.len() == 2)
                .and_then(|(hours, minutes)| {
                    Time::new(hours.parse().ok()?, minutes.parse().ok()?, 0, 0).ok()
                }),
        };
        if time.is_none() {
            let message = format!("`{text}` is no time of day");
            self.errors(codes::BAD_WINDOW, entry.value.number, message, help);
        }
        time
    }

    fn time_zone(&mut self, entry: &Entry) -> Option<TimeZone> {
        let Kind::Text(name) = &entry.value.kind else {
            self.wrong_type("`tz`", &entry.value, "the name of a time zone, as in `Europe/Berlin`");
            return None;
        };
        let found = TimeZone::get(name).ok();
        if found.is_none() {
            let known: Vec<String> =
                jiff::tz::db().available().map(|name| name.to_string()).collect();
            let near = did_you_mean(name, known.iter().map(String::as_str));
            let help = near.unwrap_or_else(|| {
                "write its name in the time zone database, as in `Europe/Berlin`".to_owned()
            });
            let message = format!("there is no time zone `{name}`");
            self.errors(codes::BAD_WINDOW, entry.value.number, message, help);
        }
        found
    }

    /// `window` of a step or group: a name, or `{name, expect}`.
    pub(super) fn window_of(&mut self, entry: Entry) -> Option<WindowUse> {
        if let Kind::Text(name) = &entry.value.kind {
            let name = self.located(name.clone(), entry.value.number);
            return Some(WindowUse { name, expect: None });
        }
        let at = entry.key.number;
        if !matches!(entry.value.kind, Kind::Map(_)) {
            self.wrong_type("`window`", &entry.value, "the name of a window, or `{name, expect}`");
            return None;
        }
        let mut fields = self.fields_of("`window`", at, entry.value, &keys::WINDOW_USE)?;
        let name = self.required(&mut fields, "name").and_then(|entry| {
            let number = entry.value.number;
            let name = self.text(entry)?;
            Some(self.located(name, number))
        });
        let expect = fields.take("expect").and_then(|entry| {
            let number = entry.value.number;
            let expect = self.duration(&entry, true)?;
            Some(Located { value: expect, at: self.at(number) })
        });
        self.finish(fields, &keys::WINDOW_USE);
        Some(WindowUse { name: name?, expect })
    }
}
