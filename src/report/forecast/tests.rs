use super::*;
use crate::spec::model::Effect;

fn foreseen(id: String, verdict: Forecast) -> Foreseen {
    Foreseen {
        step: String::new(),
        item: None,
        title: String::new(),
        kind: None,
        effect: Effect::Once,
        argv: None,
        verifications: Vec::new(),
        waits: None,
        window: None,
        needs: Vec::new(),
        locks: Vec::new(),
        settings: Vec::new(),
        wave: None,
        usual_seconds: None,
        verdict,
        found: None,
        repair: Vec::new(),
        unknown_until: None,
        reason: None,
        id,
    }
}

fn preview(tasks: Vec<Foreseen>) -> Preview {
    Preview {
        runbook: "book".to_owned(),
        title: "Book".to_owned(),
        digest: "d".to_owned(),
        params: serde_json::Value::Null,
        settings: Vec::new(),
        critical_path: vec!["a".to_owned()],
        probed: false,
        usual_seconds: None,
        looks: Vec::new(),
        tasks,
    }
}

#[test]
fn many_items_are_folded_and_counted() {
    let items = (0..10).flat_map(|item| {
        let verdict = if item == 7 { Forecast::Skip } else { Forecast::WillRun };
        ["copy", "move"].map(|step| foreseen(format!("boxes[{item}].{step}"), verdict))
    });
    let rest = [foreseen("end".to_owned(), Forecast::WillRun)];
    let text = text(&preview(items.chain(rest).collect()));
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    assert_eq!(
        lines[4..],
        [
            "1. boxes[0].copy  [once]",
            "2. boxes[0].move  [once]",
            "3. boxes[1].copy  [once]",
            "4. boxes[1].move  [once]",
            "…  8 more items of boxes: 14 will run, 2 will be skipped",
            "21. end  [once]",
            "`--format json` lists them all",
            "",
            "21 tasks: 19 will run, 2 will be skipped",
            "longest way: a",
        ]
    );
}

#[test]
fn groups_inside_items_are_folded_each_for_itself() {
    let ids =
        (0..2).flat_map(|wave| (0..8).map(move |item| format!("waves[{wave}].boxes[{item}]")));
    let tasks: Vec<Foreseen> = ids.map(|id| foreseen(id, Forecast::WillRun)).collect();
    let text = text(&preview(tasks));
    for wave in 0..2 {
        let line = format!("6 more items of waves[{wave}].boxes: 6 will run");
        assert_eq!(text.matches(&line).count(), 1, "{text}");
    }
    assert!(text.contains("waves[1].boxes[1]") && !text.contains("waves[1].boxes[2]"), "{text}");
}

#[test]
fn few_items_and_unknown_ones_are_shown_as_they_are() {
    let ids = (0..6).map(|item| format!("boxes[{item}]")).chain(["rest[?].a".to_owned()]);
    let tasks: Vec<Foreseen> = ids.map(|id| foreseen(id, Forecast::WillRun)).collect();
    let text = text(&preview(tasks));
    assert!(!text.contains('…') && text.contains("rest[?].a"), "{text}");
}
