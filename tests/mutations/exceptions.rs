//! Where the line that was spoilt is not the one that an error can stand on, and why.

use super::ways::{Mutant, Way};

/// Lines that are excused, if they were spoilt that way.
pub(crate) struct Exception {
    pub(crate) way: Way,
    /// The spoilt line has this in it.
    pub(crate) holds: &'static str,
    /// Why.
    pub(crate) because: &'static str,
}

impl Exception {
    pub(crate) fn fits(&self, mutant: &Mutant) -> bool {
        assert!(!self.because.is_empty());
        self.way == mutant.way && mutant.spoilt.contains(self.holds)
    }
}

/// Still a sound runbook.
pub(crate) const FINE: &[Exception] = &[
    Exception { way: Way::ValueLost, holds: "description:", because: "a description may be empty" },
    Exception { way: Way::ValueLost, holds: "waves:", because: "a variable may be nothing" },
    Exception {
        way: Way::KeyTwice,
        holds: "- run:",
        because: "a list may hold the same verification twice",
    },
];

/// Said elsewhere.
pub(crate) const MISPLACED: &[Exception] = &[Exception {
    way: Way::ValueLost,
    holds: "repair:",
    because: "the value had an anchor; what is wrong is where the anchor is used",
}];
