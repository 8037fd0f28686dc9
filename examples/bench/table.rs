//! Tables of what was measured, for a terminal and for a note.

use std::time::Duration;

use crate::growth::Point;
use crate::instructions::{Count, HotPath};
use crate::measure::Measured;

/// Prints the medians of a case, on the clock and of the processors' own time, and how they compare with the floor, or with the first
/// where there is none.
pub(crate) fn print(case: &str, goal: &str, results: &[Measured]) {
    let base = results.iter().find(|result| result.name == "floor").or(results.first());
    let Some(base) = base else { return };
    println!("\n{case}\n  goal: {goal}");
    println!(
        "  {:<28} {:>10} {:>8} {:>10} {:>8} {:>10}  spread",
        "", "median", "ratio", "work", "ratio", "memory"
    );
    for result in results {
        let median = result.median();
        let ratio = median.as_secs_f64() / base.median().as_secs_f64();
        // The system tells work in steps of 10 ms: what takes less has none.
        let work_ratio = match base.work() {
            Duration::ZERO => String::new(),
            work => format!("{:.2}x", result.work().as_secs_f64() / work.as_secs_f64()),
        };
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
            "  {:<28} {:>10} {ratio:>7.2}x {:>10} {work_ratio:>8} {memory:>10}  {spread}",
            result.name,
            seconds(median),
            seconds(result.work())
        );
    }
}

/// Prints how a cost grows with the size, on the clock and of the processors' own time, with the exponent of the best fitting power.
pub(crate) fn print_growth(case: &str, goal: &str, points: &[Point]) {
    println!("\n{case}\n  goal: {goal}");
    println!("  {:>10} {:>10} {:>10} {:>10}", "size", "median", "work", "memory");
    for point in points {
        let memory = point.peak / 1_000_000;
        let (median, work) = (seconds(point.median), seconds(point.work));
        println!("  {:>10} {median:>10} {work:>10} {memory:>7} MB", point.size);
    }
    let (median, work) =
        (exponent(points, |point| point.median), exponent(points, |point| point.work));
    println!("  exponent   {:>10} {:>10}", power(median), power(work));
}

/// What the columns of [`print_count`] are.
pub(crate) fn print_counts_head() {
    println!("instructions of a unit of work, at a size and at twice that; growth is the exponent");
    println!(
        "  {:<24} {:>7} {:>11} {:>7} {:>11} {:>11} {:>7}",
        "", "size", "each", "size", "each", "one more", "growth"
    );
}

/// Prints what a unit of work takes at both sizes. A growth of 1 is linear.
pub(crate) fn print_count(path: &HotPath, counts: &[Count; 2]) {
    let each = counts.each_ref().map(|count| count.instructions as f64 / count.size as f64);
    let [small, large] = counts;
    // What one more unit takes: the start of the program falls out.
    let more = large.instructions.saturating_sub(small.instructions) as f64;
    let growth = (large.instructions as f64 / small.instructions as f64).log2();
    println!(
        "  {:<24} {:>7} {:>11.0} {:>7} {:>11.0} {:>11.0} {growth:>7.2}",
        format!("{}, a {}", path.name, path.unit),
        small.size,
        each[0],
        large.size,
        each[1],
        more / (large.size - small.size) as f64,
    );
}

/// The slope of the straight line through the logarithms.
fn exponent(points: &[Point], cost: impl Fn(&Point) -> Duration) -> f64 {
    let logs: Vec<(f64, f64)> = points
        .iter()
        .map(|point| ((point.size as f64).ln(), cost(point).as_secs_f64().ln()))
        .collect();
    let count = logs.len() as f64;
    let (x, y) = logs.iter().fold((0.0, 0.0), |(x, y), log| (x + log.0, y + log.1));
    let (x, y) = (x / count, y / count);
    let top: f64 = logs.iter().map(|log| (log.0 - x) * (log.1 - y)).sum();
    let bottom: f64 = logs.iter().map(|log| (log.0 - x).powi(2)).sum();
    top / bottom
}

/// What takes less than a tick of the clock has no power.
fn power(exponent: f64) -> String {
    if exponent.is_finite() { format!("{exponent:.2}") } else { "-".to_owned() }
}

fn seconds(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 0.1 => format!("{:.1} ms", seconds * 1000.0),
        seconds => format!("{seconds:.2} s"),
    }
}
