//! What a template reads: dotted paths that begin with a name of the scope.
//!
//! Does not know which names exist.

use std::fmt;
use std::ops::Range;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// A name that is known: `.name` or `["name"]`.
    Name(String),
    /// A key that only evaluation tells: `[key]`, or a number.
    Computed,
}

/// A path that a template reads, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The path; the first segment is a name of the scope.
    pub path: Vec<Segment>,
    /// The bytes of the source from the first segment to the last.
    pub range: Range<usize>,
}

impl Reference {
    /// The name of the scope that it begins with.
    pub fn root(&self) -> &str {
        self.name(0).expect("a path begins with a name")
    }

    /// The segment at an index, if it is there and a known name.
    pub fn name(&self, index: usize) -> Option<&str> {
        match self.path.get(index) {
            Some(Segment::Name(name)) => Some(name),
            _ => None,
        }
    }
}

/// `steps.waves.items[].move`.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.path.iter().enumerate() {
            match segment {
                Segment::Name(name) if index == 0 => f.write_str(name)?,
                Segment::Name(name) => write!(f, ".{name}")?,
                Segment::Computed => f.write_str("[]")?,
            }
        }
        Ok(())
    }
}
