//! `effect`, and which effects an action may have where it stands.
//!
//! Does not know what a command really does; the word of its author counts.

use super::super::codes;
use super::super::model::{Action, Effect, Work};
use super::super::yaml::Kind;
use super::Decoder;
use super::action::{Owner, Part};
use super::fields::Entry;

impl Decoder<'_> {
    pub(super) fn effect(&mut self, entry: &Entry, owner: Owner) -> Option<Effect> {
        let effect = match &entry.value.kind {
            Kind::Text(text) => match text.as_str() {
                "read" => Some(Effect::Read),
                "idempotent" => Some(Effect::Idempotent),
                "once" => Some(Effect::Once),
                _ => None,
            },
            _ => None,
        };
        if effect.is_none() {
            self.wrong_type("`effect`", &entry.value, "`read`, `idempotent` or `once`");
        }
        if let Some(refusal) = refusal(owner.part, effect?) {
            let Refusal { code, said: (message, help), .. } = refusal;
            self.errors(code, entry.value.number, message, help.to_owned());
        }
        effect
    }

    /// An action that only looks: it is `read`, and what it uses must be.
    pub(super) fn looking(&mut self, mut work: Work, part: Part) -> Work {
        self.check_used(&work, part);
        work.effect = Some(Effect::Read);
        work
    }

    /// Reports a driver's action whose effect does not fit where it is used.
    pub(super) fn check_used(&mut self, work: &Work, part: Part) {
        let Action::Uses { name, target: Some(target), .. } = &work.action else { return };
        if matches!(target.work.action, Action::Manual(_)) && part != Part::Repair {
            let message = format!("action `{}` is done by a person", name.value);
            let help = "it can only be a step of its own, or an action of a repair".to_owned();
            return self.errors(codes::MISPLACED_KEY, name.at.node, message, help);
        }
        let Some(refusal) = refusal(part, target.work.effect.unwrap_or_default()) else { return };
        let Refusal { code, used: (message, help), .. } = refusal;
        let message = format!("action `{}` {message}", name.value);
        self.errors(code, name.at.node, message, help.to_owned());
    }
}

/// Why an effect does not fit, with what to do: of an action that stands there, and of one that is used there.
struct Refusal {
    code: &'static str,
    said: (&'static str, &'static str),
    used: (&'static str, &'static str),
}

fn refusal(part: Part, effect: Effect) -> Option<Refusal> {
    match part {
        Part::Action | Part::Repair => None,
        Part::Set => (effect == Effect::Once).then_some(Refusal {
            code: codes::SETTING_ONCE,
            said: (
                "what changes a setting must not be `once`",
                "after a crash it is set or restored again; leave `effect` out if that does no harm",
            ),
            used: (
                "is `once`, so it cannot change a setting",
                "if doing it again does no harm, let the driver say so: `effect: idempotent`",
            ),
        }),
        Part::Check | Part::Probe | Part::Get | Part::Until if effect == Effect::Read => None,
        Part::Check => Some(Refusal {
            code: codes::CHECK_NOT_READ,
            said: (
                "an action of `verify` must be `read`",
                "a verification only looks; what changes something is a step of its own",
            ),
            used: (
                "is not `read`, so it cannot verify",
                "a verification may be done again at any time",
            ),
        }),
        Part::Probe => Some(Refusal {
            code: codes::LOOK_NOT_READ,
            said: (
                "a probe must be `read`",
                "a probe only looks; what changes something belongs into the `repair` of a state",
            ),
            used: (
                "is not `read`, so it cannot be a probe",
                "a probe may be asked at any time, and more than once",
            ),
        }),
        Part::Until => Some(Refusal {
            code: codes::LOOK_NOT_READ,
            said: (
                "what is asked under `until` must be `read`",
                "it is asked again and again; what changes something is a step of its own",
            ),
            used: (
                "is not `read`, so it cannot be asked under `until`",
                "it would be done again and again; what changes something is a step of its own",
            ),
        }),
        Part::Get => Some(Refusal {
            code: codes::LOOK_NOT_READ,
            said: ("`get` must be `read`", "`get` only looks; what changes something is `set`"),
            used: (
                "is not `read`, so it cannot be the `get` of a setting",
                "a setting may be read at any time, and more than once",
            ),
        }),
    }
}
