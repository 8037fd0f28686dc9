//! Plans as files: written by `plan --out`, and made again by `run`, which refuses one that is stale.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf, absolute};
use std::sync::Arc;

use super::arguments::{Drivers, Given};
use super::failure::{BUG, Failure, REFUSED, USAGE};
use super::{actor, plan, runbook};
use crate::core::preview::Preview;
use crate::exec::{self, Texts};
use crate::journal::write_file;
use crate::observe::printable::escape;
use crate::plan::Plan;
use crate::report::next;
use crate::report::planned::{FORMAT, Made, Planned, Text, Typed, Unplanned};
use crate::report::{shell, stale};
use crate::spec::load::{BYTES_MAX, DriverChoice, read_text};
use crate::spec::params;

/// Whether a plan may be written there: over nothing but another plan, or an empty file.
pub(super) fn may_be_written(out: &Path) -> Result<(), Failure> {
    let refused = |why: String| {
        Err(Failure::new(USAGE, format!("`{}` {why}", out.display()))
            .help("nothing was done; name a new file"))
    };
    let metadata = match fs::symlink_metadata(out) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return refused(format!("cannot be looked at: {error}")),
        Ok(metadata) => metadata,
    };
    if !metadata.is_file() {
        return refused("is there and is no regular file".to_owned());
    }
    if metadata.len() == 0 {
        return Ok(());
    }
    match read_text(out).map(|text| Planned::parse(&text)) {
        Err(_) => refused("is there and cannot be read as a plan".to_owned()),
        Ok(Err(Unplanned::Else)) => refused("is there and is no plan".to_owned()),
        Ok(_) => Ok(()),
    }
}

/// What was typed, so that it means the same in any folder.
pub(super) fn typed(runbook: &Path, given: &Given) -> Result<Typed, Failure> {
    let mut params = Vec::new();
    for argument in &given.params {
        let parsed: Result<params::Given, String> = argument.parse();
        let parsed = parsed.map_err(|error| Failure::new(USAGE, format!("`-p`: {error}")))?;
        // `@@` begins a text, and no path.
        let file = parsed.text.strip_prefix('@').filter(|file| !file.starts_with('@'));
        params.push(match file {
            Some(file) => format!("{}=@{}", parsed.name, text_of(&lasting(Path::new(file))?)?),
            None => argument.clone(),
        });
    }
    let mut drivers = Vec::new();
    for DriverChoice { name, path } in runbook::choices(&given.drivers)? {
        drivers.push(format!("{name}={}", text_of(&lasting(&path)?)?));
    }
    let params_file = given.params_file.as_deref().map(lasting).transpose()?;
    Ok(Typed { runbook: lasting(runbook)?, params, params_file, drivers })
}

/// A file that is read again when the plan is run. What is there only once, as a pipe is, cannot be; what is missing is told by
/// whoever reads it.
fn lasting(path: &Path) -> Result<PathBuf, Failure> {
    if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
        let message = format!("{} is no regular file", path.display());
        return Err(Failure::new(USAGE, message)
            .help("a plan that is kept is made again from the same files when it is run")
            .help("put what it holds into a file, and name that one"));
    }
    whole(path)
}

fn whole(path: &Path) -> Result<PathBuf, Failure> {
    absolute(path).map_err(|error| Failure::new(USAGE, format!("{}: {error}", path.display())))
}

fn text_of(path: &Path) -> Result<&str, Failure> {
    path.to_str().ok_or_else(|| Failure::new(USAGE, format!("{} is not UTF-8", path.display())))
}

/// A plan that was foreseen just now, as it is kept.
pub(super) fn make(given: Typed, plan: &Plan, preview: &Preview) -> Result<Planned, Failure> {
    let by = actor::this_process();
    let made = Made {
        at: exec::now(),
        user: by.user,
        host: by.host,
        windlass: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let mut texts = Vec::new();
    for source in &plan.sources {
        let text = Text::of(source);
        texts.push(Text { file: whole(&text.file)?, ..text });
    }
    Planned::new(made, given, texts, preview)
        .map_err(|error| Failure::new(BUG, format!("the plan cannot be written: {error}")))
}

/// Writes a plan so that there is a whole one or none, also after a power cut.
pub(super) fn write(out: &Path, planned: &Planned) -> Result<(), Failure> {
    let failed = |why: String| {
        Failure::new(1, format!("the plan cannot be written to `{}`: {why}", out.display()))
    };
    let text = super::json(planned)?;
    if text.len() as u64 > BYTES_MAX {
        let size = text.len().div_ceil(1024 * 1024);
        let why = format!("it has {size} MiB, and {} are read at most", BYTES_MAX / 1024 / 1024);
        return Err(failed(why).help("run the runbook itself, or plan fewer items at a time"));
    }
    let mut beside = out.as_os_str().to_owned();
    beside.push(".new");
    // A file of that name is somebody else's.
    if fs::symlink_metadata(&beside).is_ok() {
        let beside = Path::new(&beside).display().to_string();
        return Err(
            failed(format!("`{beside}` is in the way")).help("move it away, or name another file")
        );
    }
    write_file(out, text.as_bytes()).map_err(|error| failed(error.to_string()))
}

/// The plan that a file holds; nothing if it is something else.
pub(super) fn read(path: &Path) -> Result<Option<Planned>, Failure> {
    // What cannot be read is told when it is read as a runbook.
    let Ok(text) = read_text(path) else { return Ok(None) };
    let path = path.display();
    match Planned::parse(&text) {
        Ok(planned) => Ok(Some(planned)),
        Err(Unplanned::Else) => Ok(None),
        Err(Unplanned::Newer(version)) => Err(Failure::new(
            USAGE,
            format!(
                "`{path}` is a plan of form {version}, and this windlass knows {FORMAT} at the most"
            ),
        )
        .help("run it with the windlass that made it, or make it anew")),
        Err(Unplanned::Damaged(error)) => {
            Err(Failure::new(USAGE, format!("the plan `{path}` is damaged: {error}"))
                .help("make it anew with `windlass plan --out`"))
        }
    }
}

/// The plan again, as it is to be run, with the texts that it was made from; refused if it is not what was reviewed.
pub(super) fn again(path: &Path, then: &Planned) -> Result<(Arc<Plan>, Texts), Failure> {
    let given = Given {
        params: then.given.params.clone(),
        params_file: then.given.params_file.clone(),
        drivers: Drivers { drivers: then.given.drivers.clone() },
    };
    let text = runbook::load(&then.given.runbook, &given.drivers)?;
    let params = runbook::parameters(&text, &given)?;
    let texts = Texts::of(&text);
    let plan = Arc::new(runbook::plan(text, params, &then.given.runbook)?);
    let preview = plan::foresee(plan.clone(), BTreeMap::new(), then.is_probed())?;
    let now = make(then.given.clone(), &plan, &preview)?;
    let changes = stale::changes(then, &now)
        .map_err(|error| Failure::new(BUG, format!("two plans cannot be compared: {error}")))?;
    if changes.is_empty() {
        return Ok((plan, texts));
    }
    let message = format!("the plan `{}` is stale: nothing was started", path.display());
    let failure = changes
        .iter()
        .fold(Failure::new(REFUSED, message), |failure, line| failure.help(escape(line)));
    Err(failure.help(format!("`{}` makes it anew, to be reviewed again", make_anew(path, then))))
}

fn make_anew(path: &Path, then: &Planned) -> String {
    let given = &then.given;
    let mut words = vec!["plan".to_owned(), given.runbook.to_string_lossy().into_owned()];
    for param in &given.params {
        words.extend(["-p".to_owned(), param.clone()]);
    }
    if let Some(file) = &given.params_file {
        words.extend(["--params".to_owned(), file.to_string_lossy().into_owned()]);
    }
    for driver in &given.drivers {
        words.extend(["--driver".to_owned(), driver.clone()]);
    }
    words.extend(then.is_probed().then(|| "--probe".to_owned()));
    words.extend(["--out".to_owned(), path.to_string_lossy().into_owned()]);
    let words = words.iter().map(|word| shell::word(word));
    format!("{} {}", next::program(), words.collect::<Vec<_>>().join(" "))
}
