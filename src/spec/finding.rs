//! What is wrong in a runbook, while places are still numbers of values; it becomes diagnostics when it has to be shown.
//!
//! Does not know what is checked.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use super::locate::{self, Location};
use super::model::Place;
use super::near::{did_you_mean, nearest};
use crate::diag::{Diagnostic, Severity, Source, Span};

/// How many characters of a word are told.
const WORD_MAX: usize = 240;

/// One thing that is wrong.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Stable code.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One line, lowercase, no full stop.
    pub message: String,
    /// Where it stands.
    pub at: Where,
    /// What to do about it, one line each.
    pub help: Vec<String>,
    /// Another place that belongs to it: what is there, and the place. Shown as help with its line.
    pub see: Option<(String, Place)>,
}

/// Where something stands.
#[derive(Debug, Clone)]
pub enum Where {
    /// In no file.
    Nowhere,
    /// A value.
    Value(Place),
    /// A range of a value's own text.
    Within(Place, Range<usize>),
    /// Bytes of a file.
    Bytes(u32, Range<usize>),
}

impl Where {
    fn place(&self) -> Option<Place> {
        match self {
            Where::Value(place) | Where::Within(place, _) => Some(*place),
            Where::Nowhere | Where::Bytes(..) => None,
        }
    }
}

impl From<Place> for Where {
    fn from(place: Place) -> Where {
        Where::Value(place)
    }
}

impl Finding {
    /// An error.
    pub fn error(code: &'static str, at: impl Into<Where>, message: impl Into<String>) -> Finding {
        Finding {
            code,
            severity: Severity::Error,
            message: message.into(),
            at: at.into(),
            help: Vec::new(),
            see: None,
        }
    }

    /// A warning.
    pub fn warning(
        code: &'static str,
        at: impl Into<Where>,
        message: impl Into<String>,
    ) -> Finding {
        Finding { severity: Severity::Warning, ..Finding::error(code, at, message) }
    }

    /// With help.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Finding {
        self.help.push(help.into());
        self
    }

    /// With help, if there is any.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Finding {
        self.help.extend(help);
        self
    }

    /// With another place that belongs to it.
    #[must_use]
    pub fn see(mut self, what: impl Into<String>, at: Place) -> Finding {
        self.see = Some((what.into(), at));
        self
    }
}

/// Everything that is wrong, as it is found.
#[derive(Debug)]
pub struct Findings {
    list: Vec<Finding>,
    errors: usize,
    /// Names that may still be compared with an unknown one: in a long list of wrong names not each gets a suggestion.
    comparisons_left: usize,
    /// Values of which the worst is told already.
    ignored: BTreeSet<Place>,
    /// Patterns that may still be compiled: one alone may take a millisecond.
    patterns_left: usize,
}

impl Findings {
    /// Findings that are kept. A file with more is wrong in one way many times over.
    const KEPT_MAX: usize = 1_000;
    const COMPARISONS_MAX: usize = 200_000;
    /// Patterns in all schemas of a runbook and its drivers.
    pub(super) const PATTERNS_MAX: usize = 1_000;

    /// Nothing found yet.
    pub fn new() -> Findings {
        Findings {
            list: Vec::new(),
            errors: 0,
            comparisons_left: Self::COMPARISONS_MAX,
            ignored: BTreeSet::new(),
            patterns_left: Self::PATTERNS_MAX,
        }
    }

    /// Whether so many more patterns of schemas may be compiled.
    pub(super) fn may_compile(&mut self, patterns: usize) -> bool {
        let left = self.patterns_left.checked_sub(patterns);
        self.patterns_left = left.unwrap_or(0);
        left.is_some()
    }

    /// From here on nothing is said of a value: what it is taken for is not what was written.
    pub(super) fn ignore(&mut self, value: Place) {
        self.ignored.insert(value);
    }

    /// One more.
    pub fn push(&mut self, finding: Finding) {
        if finding.at.place().is_some_and(|place| self.ignored.contains(&place)) {
            return;
        }
        self.errors += usize::from(finding.severity == Severity::Error);
        if self.list.len() < Self::KEPT_MAX {
            self.list.push(finding);
        }
    }

    /// Whether no more are kept.
    pub fn are_full(&self) -> bool {
        self.list.len() >= Self::KEPT_MAX
    }

    /// How many errors there are.
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// "did you mean", as long as that does not take too long.
    pub fn near<'a>(
        &mut self,
        name: &str,
        known: impl ExactSizeIterator<Item = &'a str>,
    ) -> Option<String> {
        self.comparisons_left = self.comparisons_left.checked_sub(known.len())?;
        did_you_mean(name, known)
    }

    /// The known name that was probably meant, as long as that does not take too long.
    pub(super) fn nearest<'a>(
        &mut self,
        name: &str,
        known: impl Iterator<Item = &'a str> + Clone,
    ) -> Option<&'a str> {
        self.comparisons_left = self.comparisons_left.checked_sub(known.clone().count())?;
        nearest(name, known)
    }

    /// The findings with their places in the sources, sorted by file, place and code.
    pub fn into_diagnostics(mut self, sources: &[Arc<Source>]) -> Vec<Diagnostic> {
        if self.are_full() {
            self.list.push(Finding::error(
                super::codes::TOO_MANY,
                Where::Nowhere,
                format!("there are more errors than these {}", Self::KEPT_MAX),
            ));
        }
        diagnose(self.list, sources)
    }
}

impl Default for Findings {
    fn default() -> Findings {
        Findings::new()
    }
}

/// Findings as diagnostics, sorted by file, place and code.
pub fn diagnose(findings: Vec<Finding>, sources: &[Arc<Source>]) -> Vec<Diagnostic> {
    let places = Places::find(&findings, sources);
    let mut keyed: Vec<((usize, usize), Diagnostic)> =
        findings.into_iter().map(|finding| places.diagnostic(finding, sources)).collect();
    keyed.sort_by(|(a, left), (b, right)| a.cmp(b).then(left.code.cmp(right.code)));
    keyed.into_iter().map(|(_, diagnostic)| diagnostic).collect()
}

/// The same with words that nobody reads to their end cut short: a name may be as long as its file.
fn clipped(text: String) -> String {
    if text.len() <= WORD_MAX {
        return text;
    }
    let clip = |word: &str| match word.char_indices().nth(WORD_MAX) {
        Some((cut, _)) if word.starts_with('`') => format!("{}…`", &word[..cut]),
        Some((cut, _)) => format!("{}…", &word[..cut]),
        None => word.to_owned(),
    };
    text.split(' ').map(clip).collect::<Vec<String>>().join(" ")
}

/// Where values stand, file by file.
struct Places(BTreeMap<u32, HashMap<u32, Location>>);

impl Places {
    fn find(findings: &[Finding], sources: &[Arc<Source>]) -> Places {
        let mut wanted: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for finding in findings {
            let others = finding.see.as_ref().map(|(_, place)| *place);
            for place in finding.at.place().into_iter().chain(others) {
                wanted.entry(place.file).or_default().insert(place.node);
            }
        }
        let find = |(file, nodes): (u32, BTreeSet<u32>)| {
            let source = sources.get(file as usize)?;
            Some((file, locate::find(&source.text, &nodes)))
        };
        Places(wanted.into_iter().filter_map(find).collect())
    }

    fn location(&self, place: Place) -> Option<&Location> {
        self.0.get(&place.file)?.get(&place.node)
    }

    fn diagnostic(
        &self,
        finding: Finding,
        sources: &[Arc<Source>],
    ) -> ((usize, usize), Diagnostic) {
        let span = self.span(&finding.at, sources);
        let mut help = finding.help;
        if let Some((what, place)) = &finding.see
            && let Some(line) = self.line(*place, sources)
        {
            help.push(format!("{what} is in line {line}"));
        }
        let file = match &finding.at {
            Where::Nowhere => usize::MAX,
            Where::Bytes(file, _) => *file as usize,
            Where::Value(place) | Where::Within(place, _) => place.file as usize,
        };
        let key = (file, span.as_ref().map_or(0, |span| span.start));
        let Finding { code, severity, message, .. } = finding;
        let message = clipped(message);
        let help = help.into_iter().map(clipped).collect();
        (key, Diagnostic { code, severity, message, span, help })
    }

    fn span(&self, at: &Where, sources: &[Arc<Source>]) -> Option<Span> {
        let (file, bytes) = match at {
            Where::Nowhere => return None,
            Where::Bytes(file, bytes) => (*file, bytes.clone()),
            Where::Value(place) => {
                (place.file, self.location(*place).map_or(0..0, |found| found.bytes.clone()))
            }
            Where::Within(place, range) => {
                let text = &sources.get(place.file as usize)?.text;
                (place.file, self.location(*place).map_or(0..0, |found| found.within(text, range)))
            }
        };
        let source = sources.get(file as usize)?.clone();
        Some(Span { source, start: bytes.start, end: bytes.end })
    }

    fn line(&self, place: Place, sources: &[Arc<Source>]) -> Option<usize> {
        let start = self.location(place)?.bytes.start;
        Some(sources.get(place.file as usize)?.line(start))
    }
}
