//! Tables of what was measured, for a terminal and for a note.

use std::time::Duration;

use crate::growth::Point;
use crate::measure::Measured;

/// Prints the medians of a case, and how they compare with the floor, or with the first where there is none.
pub(crate) fn print(case: &str, goal: &str, results: &[Measured]) {
    let base = results.iter().find(|result| result.name == "floor").or(results.first());
    let Some(base) = base.map(Measured::median) else { return };
    println!("\n{case}\n  goal: {goal}");
    println!("  {:<28} {:>10} {:>8} {:>10}  spread", "", "median", "ratio", "memory");
    for result in results {
        let median = result.median();
        let ratio = median.as_secs_f64() / base.as_secs_f64();
        let (least, most) = (result.times.iter().min(), result.times.iter().max());
        let spread = format!(
            "{} to {}",
            seconds(least.copied().unwrap_or_default()),
            seconds(most.copied().unwrap_or_default())
        );
        let memory = match result.peak {
            0 => String::new(),
            peak => format!("{} MB", peak / 1_000_000),
        };
        println!(
            "  {:<28} {:>10} {ratio:>7.2}x {memory:>10}  {spread}",
            result.name,
            seconds(median)
        );
    }
}

/// Prints how a cost grows with the work, with the exponent of the best fitting power.
pub(crate) fn print_growth(case: &str, goal: &str, points: &[Point]) {
    println!("\n{case}\n  goal: {goal}");
    for point in points {
        let memory = point.peak / 1_000_000;
        println!("  {:>10} {:>10} {memory:>7} MB", point.size, seconds(point.median));
    }
    println!("  exponent {:.2}", exponent(points));
}

/// The slope of the straight line through the logarithms.
fn exponent(points: &[Point]) -> f64 {
    let logs: Vec<(f64, f64)> = points
        .iter()
        .map(|point| ((point.size as f64).ln(), point.median.as_secs_f64().ln()))
        .collect();
    let count = logs.len() as f64;
    let (x, y) = logs.iter().fold((0.0, 0.0), |(x, y), log| (x + log.0, y + log.1));
    let (x, y) = (x / count, y / count);
    let top: f64 = logs.iter().map(|log| (log.0 - x) * (log.1 - y)).sum();
    let bottom: f64 = logs.iter().map(|log| (log.0 - x).powi(2)).sum();
    top / bottom
}

fn seconds(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 0.1 => format!("{:.1} ms", seconds * 1000.0),
        seconds => format!("{seconds:.2} s"),
    }
}
