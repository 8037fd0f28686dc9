//! What kind of place an organisation is: decided by `init`, never changed.
//!
//! Does not know what follows from it: who delivers, moves or copies asks for it.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::failure::{Code, Failure, Result};

/// How the two servers belong together.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Layout {
    /// Two servers of one site: mailboxes are moved (KB328810, Q252869, Q277911).
    #[default]
    Site,
    /// Two organisations, one server each: mailboxes are cloned by the wizard, and stay where they were (KB842101).
    Organisations,
    /// A postoffice and a new server: mailboxes are extracted, and stay where they were (Q190423).
    Postoffice,
}

impl Layout {
    fn name(self) -> &'static str {
        match self {
            Layout::Site => "site",
            Layout::Organisations => "organisations",
            Layout::Postoffice => "postoffice",
        }
    }

    /// Whether a migration copies and leaves the source as it was.
    pub(crate) fn copies(self) -> bool {
        self != Layout::Site
    }

    /// Refuses what belongs to another layout.
    pub(crate) fn check(self, needed: Layout) -> Result<()> {
        if self == needed {
            return Ok(());
        }
        let (is, needed) = (self.name(), needed.name());
        Err(Failure::new(Code::Refused, format!("this needs the layout `{needed}`"))
            .because(format!("the layout here is `{is}`, and mail would be looked for elsewhere"))
            .next(format!("`maillab --dir ELSEWHERE init --layout {needed}` makes one")))
    }
}
