//! Messages, made from a seed: the same seed, mailbox and number give the same bytes, dates included.
//!
//! Does not know where a message is stored or whether it was accepted.

use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::mime::{BodyPart, MimePart};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::failure::{Failure, Result};
use crate::ledger::{Accepted, SenderClass};
use crate::words;

/// Monday, 4 January 1999, 08:00 UTC: the laboratory's mail begins in the week in which its articles were young.
const FIRST_DATE_SECONDS: i64 = 915_436_800;
const LARGE_BYTES: usize = 750_000;

/// A message and how it lies in a mailbox.
#[derive(Debug)]
pub(crate) struct Message {
    /// What the ledger keeps of it.
    pub(crate) accepted: Accepted,
    /// RFC 5322.
    pub(crate) text: Vec<u8>,
}

/// Which message to make.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recipe<'a> {
    /// The seed of the organisation.
    pub(crate) seed: u64,
    /// The receiver.
    pub(crate) mailbox: &'a str,
    /// The number of the message in its mailbox, from 1.
    pub(crate) number: u64,
    /// Whether it has an attachment that makes it about 1 MB long.
    pub(crate) large: bool,
    /// Who sends it.
    pub(crate) sender_class: SenderClass,
}

/// A message that has lain in a mailbox for a while: it has a folder and flags.
pub(crate) fn filed(recipe: Recipe) -> Result<Message> {
    let mut rng = random(recipe, "filed");
    let folder = pick(&mut rng, &["INBOX", "INBOX", "INBOX", "Archive", "Projects", "Sent"]);
    let flags = pick(&mut rng, &["", "S", "S", "S", "RS", "FS", "FRS", "D"]);
    compose(recipe, folder, flags)
}

/// A message that is on its way to the inbox.
pub(crate) fn arriving(recipe: Recipe) -> Result<Message> {
    compose(recipe, "INBOX", "")
}

fn compose(recipe: Recipe, folder: &str, flags: &str) -> Result<Message> {
    let mut rng = random(recipe, "text");
    let key = format!("{}-{:06}", recipe.mailbox, recipe.number);
    let minutes = recipe.number as i64 * 47 + rng.random_range(0..40);
    let sender = pick(&mut rng, words::PEOPLE);
    let domain = match recipe.sender_class {
        SenderClass::External => "world.example",
        SenderClass::Internal | SenderClass::OtherPostoffice | SenderClass::StaleList => {
            "site.example"
        }
    };
    let builder = MessageBuilder::new()
        .message_id(format!("{key}@maillab.example"))
        .date(FIRST_DATE_SECONDS + minutes * 60 + rng.random_range(0..60))
        .from(Address::new_address(Some(words::title(sender)), format!("{sender}@{domain}")))
        .to(Address::new_address(
            Some(words::title(recipe.mailbox)),
            format!("{}@site.example", recipe.mailbox),
        ))
        .subject(words::subject(&mut rng))
        .body(body(recipe, &key, &mut rng));
    let text = builder.write_to_vec().map_err(|error| {
        Failure::failed(format!("cannot write the message `{key}`")).because(error)
    })?;
    let accepted = Accepted {
        folder: folder.to_owned(),
        flags: flags.to_owned(),
        bytes: text.len() as u64,
        digest: blake3::hash(&text).to_hex().to_string(),
        sender_class: recipe.sender_class,
        key,
    };
    Ok(Message { accepted, text })
}

fn body(recipe: Recipe, key: &str, rng: &mut ChaCha8Rng) -> MimePart<'static> {
    let text = MimePart::new("text/plain", words::paragraphs(rng));
    let attached = if recipe.large {
        LARGE_BYTES + rng.random_range(0..LARGE_BYTES / 4)
    } else if rng.random_ratio(1, 6) {
        rng.random_range(200..6_000)
    } else {
        return text;
    };
    let mut bytes = vec![0; attached];
    rng.fill_bytes(&mut bytes);
    let name = format!("{}.dat", pick(rng, words::NOUNS));
    let attachment = MimePart::new("application/octet-stream", BodyPart::Binary(bytes.into()));
    // The crate would draw a boundary from the clock.
    let mixed = ContentType::new("multipart/mixed").attribute("boundary", format!("={key}="));
    MimePart::new(mixed, vec![text, attachment.attachment(name)])
}

fn random(recipe: Recipe, purpose: &str) -> ChaCha8Rng {
    let Recipe { seed, mailbox, number, .. } = recipe;
    let name = format!("{seed}/{mailbox}/{number}/{purpose}");
    ChaCha8Rng::from_seed(*blake3::hash(name.as_bytes()).as_bytes())
}

/// One of several.
pub(crate) fn pick<T: Copy>(rng: &mut impl Rng, from: &[T]) -> T {
    from[rng.random_range(0..from.len())]
}
