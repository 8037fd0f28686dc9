//! The reason that a person gives for a decision.
//!
//! Does not know what is decided; it only sees to it that the record will say something.

/// Parses what stands behind `--because`.
pub(super) fn parse(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("it is empty: say how you know, as it is recorded".to_owned()),
        "WHY" | "TEXT" => Err(format!("`{text}` stands for what you have to say: how you know")),
        _ => Ok(text.to_owned()),
    }
}
