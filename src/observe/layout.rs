//! A picture of a run → the lines that a terminal of that size shows.
//!
//! Pure: knows no terminal, no state and no clock.

use std::time::Duration;

use super::model::{Counts, ItemCounts};
use super::printable::{columns, cut, cut_front, running_span};

/// How many lines are drawn at the most, whatever the height.
const LINES_MAX: usize = 20;

/// How many groups have a line of their own.
const GROUPS_MAX: usize = 4;

/// The bar's width, between its brackets.
const BAR_MAX: usize = 20;

/// It grows and shrinks in steps of this many columns, lest it twitch whenever a number grows; no narrower bar says anything.
const BAR_STEP: usize = 5;

/// What there is to be seen of a run.
#[derive(Debug, Default)]
pub(super) struct Picture {
    /// What the run does.
    pub(super) title: String,
    /// Its tasks.
    pub(super) counts: Counts,
    /// Time since somebody began to watch.
    pub(super) elapsed: Duration,
    /// Time that the known rest will take.
    pub(super) left: Option<Duration>,
    /// Nothing new starts any more.
    pub(super) stopping: bool,
    /// The first of the groups that are at work.
    pub(super) groups: Vec<(String, ItemCounts)>,
    /// How many there are in all.
    pub(super) groups_total: usize,
    /// The first of the tasks that are at work.
    pub(super) tasks: Vec<Row>,
    /// How many there are in all.
    pub(super) tasks_total: usize,
}

/// A task at work.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// Its id.
    pub(super) id: String,
    /// How long its job has been running.
    pub(super) time: Duration,
    /// What it says, or what it waits for.
    pub(super) note: String,
}

/// How a line looks where colours are wanted; its text says the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// As everything else.
    Plain,
    /// The run as a whole, as long as all is well.
    Leading,
    /// Beside the point.
    Faint,
    /// Something has gone wrong.
    Alarming,
}

/// A line to be drawn.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Drawn {
    /// No wider than the terminal.
    pub(super) text: String,
    /// Its look.
    pub(super) tone: Tone,
}

/// How many tasks a terminal of that height shows at the most.
pub(super) fn tasks_max(height: usize) -> usize {
    lines_max(height).saturating_sub(1)
}

/// How many groups are shown at the most.
pub(super) fn groups_max() -> usize {
    GROUPS_MAX
}

fn lines_max(height: usize) -> usize {
    // The line of the cursor stays free, and so does one for what was said last.
    height.saturating_sub(2).clamp(1, LINES_MAX)
}

/// The lines that show a picture. The last column stays free, since some terminals wrap there.
pub(super) fn layout(picture: &Picture, width: usize, height: usize) -> Vec<Drawn> {
    let room = width.saturating_sub(1);
    let mut lines = vec![overall(picture, room)];
    let rest = lines_max(height) - 1;
    let (groups, folded_groups) =
        shown(picture.groups.len().min(GROUPS_MAX), picture.groups_total, rest / 2);
    let (tasks, folded_tasks) = shown(
        picture.tasks.len(),
        picture.tasks_total,
        rest - groups - usize::from(folded_groups > 0),
    );
    let names = picture.groups[..groups]
        .iter()
        .map(|(id, _)| columns(id))
        .chain(picture.tasks[..tasks].iter().map(|row| columns(&row.id)));
    let names = names.max().unwrap_or(0).min(room / 2);
    for (id, counts) in &picture.groups[..groups] {
        let tone = if counts.bad > 0 { Tone::Alarming } else { Tone::Plain };
        lines.push(drawn(&format!("{}  {}", padded(id, names), items(*counts)), room, tone));
    }
    if folded_groups > 0 {
        lines.push(drawn(&format!("and {folded_groups} more groups"), room, Tone::Faint));
    }
    for row in &picture.tasks[..tasks] {
        lines.push(drawn(&task(row, names), room, Tone::Plain));
    }
    if folded_tasks > 0 {
        lines.push(drawn(&format!("and {folded_tasks} more running"), room, Tone::Faint));
    }
    lines
}

/// How many of a list are shown where there is room for so many lines, and how many are folded into one.
fn shown(listed: usize, total: usize, lines: usize) -> (usize, usize) {
    if total <= lines && listed == total {
        return (total, 0);
    }
    let shown = listed.min(lines.saturating_sub(1));
    (shown, if lines == 0 { 0 } else { total - shown })
}

fn overall(picture: &Picture, room: usize) -> Drawn {
    let Counts { total, good, failed, in_doubt, unentered, .. } = picture.counts;
    let more = if unentered > 0 { "+" } else { "" };
    let mut facts = vec![format!("{good}/{total}{more}")];
    facts.extend((failed > 0).then(|| format!("{failed} failed")));
    facts.extend((in_doubt > 0).then(|| format!("{in_doubt} in doubt")));
    facts.extend(picture.stopping.then(|| "stopping".to_owned()));
    facts.push(running_span(picture.elapsed));
    // Less than a second is no news.
    let left = picture.left.filter(|left| left.as_secs() > 0 && !picture.stopping);
    if let Some(left) = left {
        let least = if unentered > 0 { "at least" } else { "about" };
        facts.push(format!("{least} {} left", running_span(left)));
    }
    let facts = facts.join(" · ");
    let tone = if failed + in_doubt > 0 { Tone::Alarming } else { Tone::Leading };
    let bar = room.saturating_sub(columns(&facts) + 4).min(BAR_MAX) / BAR_STEP * BAR_STEP;
    if bar == 0 {
        return drawn(&facts, room, tone);
    }
    let title = room.saturating_sub(bar + columns(&facts) + 6);
    let title = if title < columns(&picture.title).min(12) {
        String::new()
    } else {
        format!("  {}", cut(&picture.title, title))
    };
    drawn(
        &format!("[{}] {facts}{title}", self::bar(good + failed + in_doubt, total, bar)),
        room,
        tone,
    )
}

fn bar(ended: usize, total: usize, width: usize) -> String {
    let filled = (ended * width).checked_div(total).unwrap_or(0).min(width);
    let head = if filled < width { ">" } else { "" };
    format!("{}{head}{}", "=".repeat(filled), " ".repeat(width - filled - head.len()))
}

fn items(counts: ItemCounts) -> String {
    let bad = if counts.bad > 0 { format!(" · {} bad", counts.bad) } else { String::new() };
    format!("{}/{} items{bad} · {} running", counts.good, counts.total, counts.running)
}

fn task(row: &Row, names: usize) -> String {
    let name = padded(&row.id, names);
    let time = running_span(row.time);
    if row.note.is_empty() {
        format!("{name}  {time:>7}")
    } else {
        format!("{name}  {time:>7}  {}", row.note)
    }
}

fn padded(text: &str, room: usize) -> String {
    let text = cut_front(text, room);
    format!("{text}{}", " ".repeat(room - columns(&text)))
}

fn drawn(text: &str, room: usize, tone: Tone) -> Drawn {
    Drawn { text: cut(text.trim_end(), room).into_owned(), tone }
}
