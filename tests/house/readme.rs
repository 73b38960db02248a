//! The README says what the program does.

use std::path::Path;

fn readme() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    std::fs::read_to_string(path).expect("README.md")
}

/// What stands between the two marks of this name.
fn table(name: &str) -> String {
    let (text, mark) = (readme(), format!("<!-- {name} -->\n"));
    let start = text.find(&mark).expect("mark") + mark.len();
    let end = text.find(&format!("<!-- /{name} -->")).expect("mark");
    text[start..end].to_owned()
}

#[test]
fn the_keys_are_the_programs() {
    assert_eq!(table("keys"), voxpoint::ui::commands::markdown());
}

#[test]
fn the_formats_are_the_programs() {
    assert_eq!(table("formats"), voxpoint::io::formats().markdown());
}

#[test]
fn what_it_links_to_is_there() {
    let text = readme();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut links = 0;
    for (at, _) in text.match_indices("](") {
        let link = text[at + 2..].split(')').next().unwrap_or_default();
        if !link.starts_with("http") && !link.starts_with('#') {
            assert!(root.join(link).exists(), "README.md links to {link}");
            links += 1;
        }
    }
    assert!(links > 3);
}
