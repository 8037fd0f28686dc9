//! `allow`: rules of safety that are silenced, each with its reason.
//!
//! Does not know which rules there are.

use indexmap::IndexMap;

use super::super::codes;
use super::super::model::Allowed;
use super::super::yaml::Kind;
use super::Decoder;
use super::fields::Fields;

impl Decoder<'_> {
    /// `allow` of a step, or of the runbook.
    pub(super) fn allow(&mut self, fields: &mut Fields) -> IndexMap<String, Allowed> {
        let Some(entry) = fields.take("allow") else { return IndexMap::new() };
        let Some(codes) = self.fields("`allow`", entry.key.number, entry.value) else {
            return IndexMap::new();
        };
        let mut allowed = IndexMap::new();
        for (code, reason) in codes.into_entries() {
            let at = self.at(code.number);
            match reason.kind {
                Kind::Text(text) if !text.trim().is_empty() => {
                    allowed.insert(code.text, Allowed { reason: text, at });
                }
                _ => {
                    let message = format!("`{}` is silenced without a reason", code.text);
                    let help = format!("say why: `{}: \"...\"`", code.text);
                    self.errors(codes::WRONG_TYPE, reason.number, message, help);
                }
            }
        }
        allowed
    }
}
