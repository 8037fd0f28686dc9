//! A document → the model: keys, types and names, with everything that is wrong at once.
//!
//! Does not know whether steps fit together; what cannot be understood is reported and left out, so that the rest can be checked.

mod action;
mod again;
mod allow;
mod driver;
mod effect;
mod fields;
mod lock;
mod outdented;
mod outputs;
mod policy;
mod probe;
mod question;
mod runbook;
mod scalar;
mod schema;
mod setting;
mod step;
mod verify;
mod wait;
mod window;

use indexmap::IndexMap;
use std::sync::Arc;

use super::finding::{Finding, Findings};
use super::model::{Driver, Place};
use super::template::TemplateError;
use super::yaml::Node;
use super::{codes, finding::Where};

pub(crate) use driver::decode as driver;
pub(crate) use policy::decode as policy;
pub(crate) use runbook::{DriverFile, decode as runbook, head};
pub(crate) use step::ITEMS_OPEN;

/// The version of the language that this windlass speaks.
const LANGUAGE: u64 = 1;

/// One file being decoded.
pub(crate) struct Decoder<'a> {
    file: u32,
    findings: &'a mut Findings,
    /// The drivers that could be loaded; nothing for those that are named and could not.
    drivers: &'a IndexMap<String, Option<Arc<Driver>>>,
}

impl<'a> Decoder<'a> {
    /// Decodes the file with this index, and reports to these findings.
    pub(crate) fn new(
        file: u32,
        findings: &'a mut Findings,
        drivers: &'a IndexMap<String, Option<Arc<Driver>>>,
    ) -> Decoder<'a> {
        Decoder { file, findings, drivers }
    }

    fn place(&self, node: u32) -> Place {
        Place { file: self.file, node }
    }

    fn error(&mut self, code: &'static str, node: u32, message: impl Into<String>) {
        self.errors(code, node, message, None);
    }

    fn errors(
        &mut self,
        code: &'static str,
        node: u32,
        message: impl Into<String>,
        help: impl Into<Option<String>>,
    ) {
        let finding = Finding::error(code, self.place(node), message).maybe_help(help.into());
        self.findings.push(finding);
    }

    /// A value of the wrong type.
    fn wrong_type(&mut self, what: &str, node: &Node, wanted: &str) {
        let message = format!("{what} must be {wanted}, not {}", node.in_words());
        self.error(codes::WRONG_TYPE, node.number, message);
    }

    fn template_error(&mut self, node: u32, error: TemplateError) {
        let at = Where::Within(self.place(node), error.range);
        self.findings
            .push(Finding::error(codes::TEMPLATE_SYNTAX, at, error.message).maybe_help(error.help));
    }
}
