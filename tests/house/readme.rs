//! The README says what the program does.

use std::path::Path;

fn readme() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    std::fs::read_to_string(path).expect("README.md")
}

#[test]
fn the_keys_are_the_programs() {
    let text = readme();
    let start = text.find("<!-- keys -->\n").expect("marker") + "<!-- keys -->\n".len();
    let end = text.find("<!-- /keys -->").expect("marker");
    assert_eq!(&text[start..end], voxpoint::ui::commands::shortcuts::markdown());
}

#[test]
fn what_it_links_to_is_there() {
    let text = readme();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut links = 0;
    for (at, _) in text.match_indices("](") {
        let link = text[at + 2..].split(')').next().unwrap_or_default();
        if !link.starts_with("http") {
            assert!(root.join(link).exists(), "README.md links to {link}");
            links += 1;
        }
    }
    assert!(links > 3);
}
