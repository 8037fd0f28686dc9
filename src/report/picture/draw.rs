//! Places → SVG.
//!
//! Does not know plans but for the title; colours come from one style sheet, which knows light and dark.

use std::fmt::Write as _;

use super::figure::{Arrow, Bracket, Figure, Form, Item};
use super::place::{Flow, Frame, HEADER, Placed, Span, label_width, note_width};
use crate::core::standing::TaskStanding;
use crate::plan::Plan;

const STYLE: &str = include_str!("style.css");

const MARGIN: f64 = 16.0;
const TITLE: f64 = 30.0;
const LEGEND_LINE: f64 = 30.0;
/// A picture that is narrower than this is widened, so that its legend need not be very high.
const WIDTH_MIN: f64 = 420.0;
/// How far slanting sides come in.
const CUT: f64 = 10.0;

/// The whole picture.
pub(super) fn draw(plan: &Plan, figure: &Figure, placed: &Placed) -> String {
    let title_width = note_width(&plan.title) * 1.5;
    let width = placed.width.max(WIDTH_MIN).max(title_width) + 2.0 * MARGIN;
    let legend = legend(figure, width - 2.0 * MARGIN);
    let legend_top = MARGIN + TITLE + placed.height + 18.0;
    let height = legend_top + legend.height + MARGIN;
    let mut svg = String::new();
    line(
        &mut svg,
        &format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\">"
        ),
    );
    line(&mut svg, &format!("<title>{}</title>", escape(&plan.title)));
    line(&mut svg, &format!("<style>\n{STYLE}</style>"));
    line(&mut svg, "<defs>");
    for class in ["arrow", "long"] {
        line(
            &mut svg,
            &format!(
                "<marker id=\"{class}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"{class}-head\" d=\"M0 0.5L7.5 4L0 7.5z\"/></marker>"
            ),
        );
    }
    line(&mut svg, "</defs>");
    line(&mut svg, "<rect class=\"page\" width=\"100%\" height=\"100%\"/>");
    let top = MARGIN + 14.0;
    line(
        &mut svg,
        &format!("<text class=\"title\" x=\"{MARGIN}\" y=\"{top}\">{}</text>", escape(&plan.title)),
    );
    let left = (width - placed.width) / 2.0;
    line(&mut svg, &format!("<g transform=\"translate({left:.1} {:.1})\">", MARGIN + TITLE));
    level(figure, placed, &mut svg);
    line(&mut svg, "</g>");
    line(&mut svg, &format!("<g transform=\"translate({MARGIN} {legend_top:.1})\">"));
    svg.push_str(&legend.text);
    line(&mut svg, "</g>\n</svg>");
    svg
}

fn line(svg: &mut String, text: &str) {
    svg.push_str(text);
    svg.push('\n');
}

/// The steps of one group: arrows below the boxes, brackets beside them.
fn level(figure: &Figure, placed: &Placed, svg: &mut String) {
    for (bracket, span) in figure.brackets.iter().zip(&placed.brackets) {
        draw_bracket(bracket, *span, placed.flow, svg);
    }
    for critical in [false, true] {
        let arrows = figure.arrows.iter().zip(&placed.ways);
        for (arrow, way) in arrows.filter(|(arrow, _)| arrow.critical == critical) {
            draw_arrow(arrow, way, placed.flow, svg);
        }
    }
    for (item, frame) in figure.items.iter().zip(&placed.boxes) {
        draw_item(item, frame, svg);
    }
}

fn draw_arrow(arrow: &Arrow, way: &[(f64, f64)], flow: Flow, svg: &mut String) {
    let Some((first, rest)) = way.split_first() else { return };
    let mut path = format!("M{:.1} {:.1}", first.0, first.1);
    let mut last = *first;
    for (number, point) in rest.iter().enumerate() {
        // Straight through a layer, then curved into the next lane.
        let _ = if number % 2 == 0 {
            write!(path, "L{:.1} {:.1}", point.0, point.1)
        } else {
            let (one, other) = match flow {
                Flow::Down => {
                    let middle = f64::midpoint(last.1, point.1);
                    ((last.0, middle), (point.0, middle))
                }
                Flow::Right => {
                    let middle = f64::midpoint(last.0, point.0);
                    ((middle, last.1), (middle, point.1))
                }
            };
            write!(
                path,
                "C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}",
                one.0, one.1, other.0, other.1, point.0, point.1
            )
        };
        last = *point;
    }
    let class = if arrow.critical { "long" } else { "arrow" };
    let weak = if arrow.weak { " weak" } else { "" };
    line(
        svg,
        &format!(
            "<path class=\"{class}{weak}\" marker-end=\"url(#{class})\" d=\"{path}\"><title>{}</title></path>",
            escape(&arrow.tooltip)
        ),
    );
}

fn draw_bracket(bracket: &Bracket, span: Span, flow: Flow, svg: &mut String) {
    let Span { at, begin, end } = span;
    let middle = f64::midpoint(begin, end);
    let (path, text) = match flow {
        Flow::Down => (
            format!("M{:.1} {begin:.1}H{at:.1}V{end:.1}H{:.1}", at + 6.0, at + 6.0),
            format!("transform=\"translate({:.1} {middle:.1}) rotate(-90)\"", at - 5.0),
        ),
        Flow::Right => (
            format!("M{begin:.1} {:.1}V{at:.1}H{end:.1}V{:.1}", at + 6.0, at + 6.0),
            format!("x=\"{middle:.1}\" y=\"{:.1}\"", at - 5.0),
        ),
    };
    let (label, tooltip) = (escape(&bracket.label), escape(&bracket.tooltip));
    line(
        svg,
        &format!(
            "<g><title>{tooltip}</title><path class=\"bracket\" d=\"{path}\"/><text class=\"setting\" {text}>{label}</text></g>"
        ),
    );
}

fn draw_item(item: &Item, frame: &Frame, svg: &mut String) {
    line(svg, &format!("<g transform=\"translate({:.1} {:.1})\">", frame.x, frame.y));
    line(svg, &format!("<title>{}</title>", escape(&item.tooltip)));
    let (width, height) = (frame.width, frame.height);
    let state = item.tally.first().map_or("", |(standing, _)| class_of(*standing));
    let class = format!("{}{state}", if item.critical { " critical" } else { "" });
    if item.many {
        outline(item.form, (4.0, 4.0, width, height), "behind", svg);
    }
    outline(item.form, (0.0, 0.0, width, height), &class, svg);
    match (&item.inside, &frame.inside) {
        (Some(figure), Some((left, top, placed))) => {
            let text = HEADER - 9.0;
            line(
                svg,
                &format!(
                    "<text class=\"label\" x=\"14\" y=\"{text:.1}\">{}</text>",
                    escape(&item.label)
                ),
            );
            let note = 14.0 + label_width(&item.label) + 14.0;
            line(
                svg,
                &format!(
                    "<text class=\"note\" x=\"{note:.1}\" y=\"{text:.1}\">{}</text>",
                    escape(&item.note)
                ),
            );
            line(svg, &format!("<g transform=\"translate({left:.1} {top:.1})\">"));
            level(figure, placed, svg);
            line(svg, "</g>");
        }
        _ => {
            let middle = width / 2.0;
            line(
                svg,
                &format!(
                    "<text class=\"label middle\" x=\"{middle:.1}\" y=\"18\">{}</text>",
                    escape(&item.label)
                ),
            );
            line(
                svg,
                &format!(
                    "<text class=\"note middle\" x=\"{middle:.1}\" y=\"33\">{}</text>",
                    escape(&item.note)
                ),
            );
        }
    }
    line(svg, "</g>");
}

fn path(svg: &mut String, class: &str, way: &str) {
    line(svg, &format!("<path class=\"{class}\" d=\"{way}\"/>"));
}

/// The border that says what may be done with a step.
fn outline(form: Form, (x, y, width, height): (f64, f64, f64, f64), class: &str, svg: &mut String) {
    let rectangle = |inset: f64, radius: f64, class: &str| {
        format!(
            "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"{radius:.1}\"/>",
            x + inset,
            y + inset,
            width - 2.0 * inset,
            height - 2.0 * inset
        )
    };
    let class = format!("box {}", class.trim_start());
    match form {
        Form::Read => line(svg, &rectangle(0.0, height / 2.0, &class)),
        Form::Idempotent => line(svg, &rectangle(0.0, height / 6.0, &class)),
        Form::Once => {
            line(svg, &rectangle(0.0, 1.0, &class));
            line(svg, &rectangle(3.0, 0.0, "inner"));
        }
        Form::Assert => {
            let (inner, middle) = (width - 2.0 * CUT, y + height / 2.0);
            let from = format!("M{x:.1} {middle:.1}L{:.1} {y:.1}h{inner:.1}", x + CUT);
            let to =
                format!("L{:.1} {middle:.1}l-{CUT:.1} {:.1}h-{inner:.1}", x + width, height / 2.0);
            path(svg, &class, &format!("{from}{to}z"));
        }
        Form::Wait => {
            let (straight, radius) = (width - height / 2.0, height / 2.0);
            let round = format!("a{radius:.1} {radius:.1} 0 0 1 0 {height:.1}");
            path(svg, &class, &format!("M{x:.1} {y:.1}h{straight:.1}{round}h-{straight:.1}z"));
        }
        Form::Manual => {
            let bottom = width - 2.0 * CUT;
            let sides = format!("l-{CUT:.1} {height:.1}h-{bottom:.1}");
            path(svg, &class, &format!("M{x:.1} {y:.1}h{width:.1}{sides}z"));
        }
        Form::Approval => {
            let (flat, half) = (width - 2.0 * CUT, height / 2.0);
            let right = format!("h{flat:.1}l{CUT:.1} {half:.1}l-{CUT:.1} {half:.1}");
            let top = format!("M{:.1} {y:.1}{right}h-{flat:.1}l-{CUT:.1} -{half:.1}z", x + CUT);
            path(svg, &class, &top);
            let bars = format!("M{:.1} {y:.1}v{height:.1}m{flat:.1} 0v-{height:.1}", x + CUT);
            path(svg, "inner", &bars);
        }
        Form::Group => {
            line(svg, &rectangle(0.0, 9.0, &format!("group {}", class.trim_start_matches("box"))));
        }
    }
}

fn class_of(standing: TaskStanding) -> &'static str {
    match standing {
        TaskStanding::Waiting => "",
        TaskStanding::Blocked => " blocked",
        TaskStanding::Running => " running",
        TaskStanding::Succeeded => " succeeded",
        TaskStanding::Skipped | TaskStanding::Waived => " left-out",
        TaskStanding::Failed => " failed",
        TaskStanding::InDoubt => " doubt",
    }
}

/// What the forms in the picture mean.
struct Legend {
    text: String,
    height: f64,
}

fn legend(figure: &Figure, width: f64) -> Legend {
    let mut seen = Seen::default();
    seen.look(figure);
    let mut entries: Vec<(String, &str)> = Vec::new();
    for (form, words) in [
        (Form::Read, "changes nothing"),
        (Form::Idempotent, "may be done again"),
        (Form::Once, "must not happen twice"),
        (Form::Assert, "conditions"),
        (Form::Wait, "waits"),
        (Form::Manual, "done by a person"),
        (Form::Approval, "people decide"),
    ] {
        if seen.forms.contains(&form) {
            let mut mark = String::new();
            outline(form, (0.0, 0.0, 30.0, 16.0), "", &mut mark);
            entries.push((mark, words));
        }
    }
    if seen.many {
        let mut mark = String::new();
        outline(Form::Idempotent, (4.0, 3.0, 26.0, 14.0), "behind", &mut mark);
        outline(Form::Idempotent, (0.0, 0.0, 26.0, 14.0), "", &mut mark);
        entries.push((mark, "once per item"));
    }
    if seen.brackets {
        entries.push((
            "<path class=\"bracket\" d=\"M20 0H12V16H20\"/>\n".to_owned(),
            "a temporary setting around",
        ));
    }
    if seen.weak {
        entries.push((
            "<path class=\"arrow weak\" d=\"M0 8H30\"/>\n".to_owned(),
            "after, however it ended",
        ));
    }
    entries.push(("<path class=\"long\" d=\"M0 8H30\"/>\n".to_owned(), "the longest way"));
    let (mut x, mut y, mut text) = (0.0, 0.0, String::new());
    for (mark, words) in entries {
        let entry = 40.0 + note_width(words) + 14.0;
        if x > 0.0 && x + entry > width {
            (x, y) = (0.0, y + LEGEND_LINE);
        }
        line(&mut text, &format!("<g transform=\"translate({x:.1} {y:.1})\">"));
        text.push_str(&mark);
        line(&mut text, &format!("<text class=\"note\" x=\"40\" y=\"12\">{words}</text></g>"));
        x += entry;
    }
    Legend { text, height: y + 20.0 }
}

/// What a picture has that must be explained.
#[derive(Default)]
struct Seen {
    forms: Vec<Form>,
    many: bool,
    weak: bool,
    brackets: bool,
}

impl Seen {
    fn look(&mut self, figure: &Figure) {
        self.brackets |= !figure.brackets.is_empty();
        self.weak |= figure.arrows.iter().any(|arrow| arrow.weak);
        for item in &figure.items {
            self.forms.push(item.form);
            self.many |= item.many;
            item.inside.iter().for_each(|inside| self.look(inside));
        }
    }
}

/// A text as SVG has it; what XML cannot hold is left out.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(character),
            control if control.is_control() || matches!(control, '\u{fffe}' | '\u{ffff}') => {}
            other => escaped.push(other),
        }
    }
    escaped
}
