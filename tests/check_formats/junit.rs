//! JUnit XML: elements and attributes that readers of it know, which have no standard but the schema of Jenkins' xUnit plugin
//! (`junit-10.xsd`).
//!
//! Does not know what a report should say, only what form it has.

use std::process::Command;

use roxmltree::{Document, Node};

/// What an element may hold: its name, what must stand in its tag, what may, and the elements inside.
type Form =
    (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

const FORMS: [Form; 5] = [
    ("testsuites", &[], &["name", "tests", "failures", "errors", "time"], &["testsuite"]),
    (
        "testsuite",
        &["name", "tests", "failures", "errors"],
        &["skipped", "time", "timestamp", "hostname", "id", "package", "file"],
        &["testcase", "properties", "system-out", "system-err"],
    ),
    (
        "testcase",
        &["name"],
        &["classname", "time"],
        &["skipped", "error", "failure", "system-out", "system-err"],
    ),
    ("failure", &[], &["type", "message"], &[]),
    ("system-out", &[], &[], &[]),
];

fn report_of(paths: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_windlass"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["check", "--format", "junit"])
        .args(paths)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn has_its_form(element: Node<'_, '_>) {
    let name = element.tag_name().name();
    let known = FORMS.iter().find(|(known, ..)| *known == name);
    let (_, required, allowed, inside) = known.unwrap_or_else(|| panic!("there is no <{name}>"));
    for attribute in *required {
        assert!(element.has_attribute(*attribute), "<{name}> has no {attribute}");
    }
    for attribute in element.attributes() {
        let attribute = attribute.name();
        assert!(
            required.contains(&attribute) || allowed.contains(&attribute),
            "<{name} {attribute}>"
        );
    }
    for child in element.children().filter(Node::is_element) {
        let child_name = child.tag_name().name();
        assert!(inside.contains(&child_name), "<{child_name}> in <{name}>");
        has_its_form(child);
    }
}

/// A count in a tag is that of the elements below.
fn counts(element: Node<'_, '_>) {
    let below = |name: &str| element.descendants().filter(|node| node.has_tag_name(name)).count();
    for (attribute, name) in [("tests", "testcase"), ("failures", "failure"), ("errors", "error")] {
        let told: usize = element.attribute(attribute).unwrap().parse().unwrap();
        assert_eq!(told, below(name), "{attribute} of {:?}", element.attribute("name"));
    }
}

#[test]
fn every_report_has_the_form_that_readers_know() {
    for paths in
        [&["tests/diagnostics"][..], &["examples/naive", "tests/no such file.yaml"], &["runbooks"]]
    {
        let text = report_of(paths);
        let document = Document::parse(&text).unwrap();
        let root = document.root_element();
        assert_eq!(root.tag_name().name(), "testsuites");
        has_its_form(root);
        counts(root);
        root.children().filter(Node::is_element).for_each(counts);
        assert!(root.descendants().any(|node| node.has_tag_name("testcase")), "{paths:?}");
    }
}
