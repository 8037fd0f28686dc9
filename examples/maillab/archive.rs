//! Archives of mailboxes: a tar file whose last member is a manifest.
//!
//! Does not know why a backup is made. The same mail gives the same bytes: members carry no dates and no owners.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::disk;
use crate::failure::{At, Failure, Result};
use crate::maildir::Item;
use crate::organisation::Organisation;
use crate::permissions;
use crate::rules::{self, Rule};
use crate::stages::{Stage, Stages};
use crate::store::{Row, Server};

const MANIFEST: &str = "manifest.json";

/// One message of an archive.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Member {
    /// The mailbox.
    pub(crate) mailbox: String,
    /// The key of the message.
    pub(crate) key: String,
    /// Its folder.
    pub(crate) folder: String,
    /// Its Maildir flags.
    pub(crate) flags: String,
    /// Its size.
    pub(crate) bytes: u64,
    /// BLAKE3 of its bytes, in hexadecimal.
    pub(crate) digest: String,
    /// The member of the archive that holds it.
    pub(crate) path: String,
}

/// What an archive says of itself.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// The server that the mail was on.
    pub(crate) server: String,
    /// All messages.
    pub(crate) messages: Vec<Member>,
    /// The inbox rules of each mailbox.
    #[serde(default)]
    pub(crate) rules: BTreeMap<String, Vec<Rule>>,
    /// Who may open each mailbox.
    #[serde(default)]
    pub(crate) permissions: BTreeMap<String, Vec<String>>,
}

impl Manifest {
    /// Gives a restored row the inbox rules and permissions that it had.
    pub(crate) fn furnish(&self, row: &Row) -> Result<()> {
        let rules = self.rules.get(&row.mailbox).map(Vec::as_slice).unwrap_or_default();
        rules::set(row, rules)?;
        let permissions = self.permissions.get(&row.mailbox).map(Vec::as_slice).unwrap_or_default();
        permissions::set(row, permissions)
    }

    /// The bytes of all messages.
    pub(crate) fn bytes(&self) -> u64 {
        self.messages.iter().map(|message| message.bytes).sum()
    }
}

/// Archives mailboxes of one server, each with no delivery to it meanwhile. The archive has its name only when it is
/// whole; an older one stays until then.
pub(crate) fn write(
    of: &Organisation,
    server: &Server,
    mailboxes: &[String],
    path: &Path,
    stages: &Stages,
) -> Result<Manifest> {
    let mut manifest = Manifest {
        server: server.name.clone(),
        messages: Vec::new(),
        rules: BTreeMap::new(),
        permissions: BTreeMap::new(),
    };
    let temporary = disk::temporary_beside(path);
    let file = File::create(&temporary).at("create", &temporary)?;
    let mut archive = tar::Builder::new(file);
    for mailbox in mailboxes {
        let _lock = of.lock_mailbox(mailbox)?;
        if let Some(row) = server.row(mailbox) {
            manifest.rules.insert(mailbox.clone(), rules::of_row(&row)?);
            manifest.permissions.insert(mailbox.clone(), permissions::of_row(&row)?);
            for item in row.mail.items()? {
                let (member, text) = read(&row, item)?;
                append(&mut archive, &member.path, &text).at("write", &temporary)?;
                manifest.messages.push(member);
            }
        }
    }
    let text = serde_json::to_vec_pretty(&manifest).at("encode", path)?;
    append(&mut archive, MANIFEST, &text).at("write", &temporary)?;
    archive.into_inner().and_then(|file| file.sync_all()).at("write", &temporary)?;
    stages.reach(Stage::WriteArchive)?;
    disk::rename(&temporary, path)?;
    stages.reach(Stage::PublishArchive)?;
    Ok(manifest)
}

/// What an archive of the row would hold.
pub(crate) fn list(row: &Row) -> Result<Vec<Member>> {
    row.mail.items()?.into_iter().map(|item| Ok(read(row, item)?.0)).collect()
}

/// Hands every message of an archive to `take`, with its place below the folder of all mailboxes.
pub(crate) fn each_message(
    path: &Path,
    mut take: impl FnMut(&Path, &mut dyn Read) -> Result<()>,
) -> Result<()> {
    let file = File::open(path).at("open", path)?;
    let mut archive = tar::Archive::new(file);
    for member in archive.entries().at("read", path)? {
        let mut member = member.at("read", path)?;
        let place = member.path().at("read", path)?.into_owned();
        if place != Path::new(MANIFEST) {
            take(&place, &mut member)?;
        }
    }
    Ok(())
}

/// The manifest of an archive.
pub(crate) fn read_manifest(path: &Path) -> Result<Manifest> {
    let file = File::open(path).at("open", path)?;
    let mut archive = tar::Archive::new(file);
    for member in archive.entries_with_seek().at("read", path)? {
        let mut member = member.at("read", path)?;
        if member.path().at("read", path)?.as_ref() == Path::new(MANIFEST) {
            let mut text = String::new();
            member.read_to_string(&mut text).at("read", path)?;
            return serde_json::from_str(&text).at("understand the manifest of", path);
        }
    }
    Err(Failure::failed(format!("`{}` is not an archive of this laboratory", path.display()))
        .because(format!("it has no member `{MANIFEST}`"))
        .next("`maillab backup MAILBOX` writes one and prints its path"))
}

fn read(row: &Row, item: Item) -> Result<(Member, Vec<u8>)> {
    let path = row.mail.path(&item);
    let text = fs::read(&path).at("read", &path)?;
    let member = Member {
        mailbox: row.mailbox.clone(),
        digest: blake3::hash(&text).to_hex().to_string(),
        bytes: text.len() as u64,
        path: format!("{}/{}", row.mailbox, item.place.display()),
        key: item.key,
        folder: item.folder,
        flags: item.flags,
    };
    Ok((member, text))
}

fn append(archive: &mut tar::Builder<File>, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o600);
    header.set_mtime(0);
    archive.append_data(&mut header, name, bytes)
}
