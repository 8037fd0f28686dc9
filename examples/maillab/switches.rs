//! The switches that KB328810 speaks of, each one word in a file. A runbook treats them as temporary settings.
//!
//! Does not know what they do to a move.

use std::fs;
use std::path::PathBuf;

use clap::ValueEnum;

use crate::disk;
use crate::failure::{At, Failure, Result};

/// The schedule of the Recipient Connection Agreement (KB328810, step 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Schedule {
    /// Replication runs all the time.
    Always,
    /// Replication runs at night.
    Nightly,
    /// No replication.
    Never,
}

/// A thing that is on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Power {
    /// It works.
    On,
    /// It does not.
    Off,
}

/// A named switch whose values are those of `V`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Switch<V> {
    /// As it is typed.
    pub(crate) name: &'static str,
    /// What it is in a new organisation.
    pub(crate) initial: V,
}

/// The schedule of the Recipient Connection Agreement.
pub(crate) const RCA: Switch<Schedule> = Switch { name: "rca", initial: Schedule::Always };
/// The antivirus program of both servers (KB328810, step 3).
pub(crate) const ANTIVIRUS: Switch<Power> = Switch { name: "antivirus", initial: Power::On };
/// Circular logging of both servers (KB328810, step 4).
pub(crate) const CIRCULAR_LOGGING: Switch<Power> =
    Switch { name: "circular-logging", initial: Power::Off };

/// Where the switches are kept.
#[derive(Debug)]
pub(crate) struct Switches {
    root: PathBuf,
}

impl Switches {
    /// The switches under `root`.
    pub(crate) fn at(root: PathBuf) -> Self {
        Switches { root }
    }

    /// Puts every switch as it is in a new organisation.
    pub(crate) fn create(&self) -> Result<()> {
        self.set(&RCA, &RCA.initial)?;
        self.set(&ANTIVIRUS, &ANTIVIRUS.initial)?;
        self.set(&CIRCULAR_LOGGING, &CIRCULAR_LOGGING.initial)
    }

    /// The present value.
    pub(crate) fn get<V: ValueEnum>(&self, switch: &Switch<V>) -> Result<V> {
        let path = self.root.join(switch.name);
        let text = fs::read_to_string(&path).at("read", &path)?;
        V::from_str(text.trim(), false).map_err(|_| {
            Failure::failed(format!("`{}` is no value of `{}`", text.trim(), switch.name))
                .next(format!("`maillab {} set --help` lists the values", switch.name))
        })
    }

    /// Changes the value, whatever it is now.
    pub(crate) fn set<V: ValueEnum>(&self, switch: &Switch<V>, value: &V) -> Result<()> {
        disk::replace(&self.root.join(switch.name), format!("{}\n", name_of(value)).as_bytes())
    }

    /// Says what a switch is and what it was at first, if the two differ.
    pub(crate) fn changed<V: ValueEnum + PartialEq>(
        &self,
        switch: &Switch<V>,
    ) -> Result<Option<(String, String)>> {
        let value = self.get(switch)?;
        let differs = value != switch.initial;
        Ok(differs.then(|| (name_of(&value), name_of(&switch.initial))))
    }
}

/// The word for a value, as `get` prints it and `set` reads it.
pub(crate) fn name_of<V: ValueEnum>(value: &V) -> String {
    let possible = value.to_possible_value();
    possible.map(|value| value.get_name().to_owned()).unwrap_or_default()
}
