//! One name, one thing: whoever meets a public type's name anywhere in the sources knows which one is meant.

use std::collections::BTreeMap;

use crate::architecture::sources;

/// The tool that paints, and the shape that it paints with: a brush to everybody.
const SHARED: &[&str] = &["Brush"];

/// The names of the public types that a file declares.
fn public_types(code: &str) -> impl Iterator<Item = &str> {
    code.lines().filter_map(|line| {
        let mut words = line.trim_start().strip_prefix("pub ")?.split_whitespace();
        if !matches!(words.next()?, "struct" | "enum" | "trait" | "type") {
            return None;
        }
        words.next()?.split(|c: char| !c.is_alphanumeric() && c != '_').next()
    })
}

/// The names that stand for several types, with the files that declare them.
fn homonyms(files: &[(String, String)]) -> Vec<(&str, Vec<&str>)> {
    let mut declared: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (file, code) in files {
        for name in public_types(code) {
            declared.entry(name).or_default().push(file);
        }
    }
    declared.into_iter().filter(|(_, files)| files.len() > 1).collect()
}

#[test]
fn no_public_types_share_a_name() {
    let files = sources();
    assert!(files.iter().flat_map(|(_, code)| public_types(code)).count() > 200);
    let mut found = homonyms(&files);
    found.retain(|(name, _)| !SHARED.contains(name));
    assert_eq!(found, [], "give one of each a name of its own");
}

#[test]
fn types_that_share_a_name_are_found() {
    let file = |name: &str, code: &str| (name.to_owned(), code.to_owned());
    let files = [
        file("a.rs", "pub struct Plane<'a>(&'a str);\npub(crate) struct Inner;\n"),
        file("b.rs", "    pub enum Plane {\n}\nstruct Inner;\npub type Other = u8;\n"),
        file("c.rs", "pub fn plane() {}\npub trait Planes {}\n"),
    ];
    assert_eq!(homonyms(&files), [("Plane", vec!["a.rs", "b.rs"])]);
}
