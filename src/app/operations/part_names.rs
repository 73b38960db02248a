//! What objects are called that begin as parts of another.

use crate::document::{Document, Object};
use crate::ui::text::tr_with;

/// Names for so many parts of an object, which differ from all that are there: `Liver 2`, `Liver 3`. `None`: it is
/// called by its number, as the object itself.
pub fn part_names(document: &Document, target: &Object, count: usize) -> Vec<Option<String>> {
    if is_numbered(&target.name) {
        return vec![None; count];
    }
    let is_taken = |name: &str| document.objects().iter().any(|o| o.name == name);
    // The parts of `Liver 2` are `Liver 3` and so on, if it is itself a part of `Liver`. (`Rib 7` is none.)
    let base = match target.name.rsplit_once(' ') {
        Some((base, number)) if is_number(number) && is_taken(base) => base,
        _ => &target.name,
    };
    (2..).map(|n| numbered(base, n)).filter(|name| !is_taken(name)).take(count).map(Some).collect()
}

/// What the part on the patient's left is called.
pub fn left_name(document: &Document, target: &Object) -> String {
    free(document, tr_with("{name} left", &[("name", &target.name)]))
}

/// What a copy of an object is called.
pub fn copy_name(document: &Document, object: &Object) -> String {
    free(document, tr_with("{name} copy", &[("name", &object.name)]))
}

/// This name, or one like it that no object has.
fn free(document: &Document, name: String) -> String {
    let names = std::iter::once(name.clone()).chain((2..).map(|n| numbered(&name, n)));
    let free = |name: &String| document.objects().iter().all(|o| o.name != *name);
    names.into_iter().find(free).unwrap_or(name)
}

/// `Rib 7 (2)` is no eighth rib.
fn numbered(base: &str, n: usize) -> String {
    if base.ends_with(char::is_numeric) { format!("{base} ({n})") } else { format!("{base} {n}") }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether an object has been given no name yet.
fn is_numbered(name: &str) -> bool {
    name.strip_prefix("Object ").is_some_and(is_number)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::document::Command;
    use crate::geom::{DAffine3, Grid};
    use crate::ui::text::{Language, speak};
    use crate::volume::{NamedRegion, Region, Scale, StoredGeometry, Volume, Voxels};

    /// Objects of these names, a voxel each.
    fn named(names: &[&str]) -> Document {
        let grid = Grid::new([8, 1, 1], DAffine3::IDENTITY).unwrap();
        let (voxels, stored) = (Voxels::U8(vec![0; 8]), StoredGeometry::of(&grid));
        let volume = Volume::new("v", grid, vec![8, 1, 1], voxels, Scale::NONE, stored, vec![]);
        let mut document = Document::new(Arc::new(volume));
        let object = |(n, name): (usize, &&str)| {
            let region = Region::from_mask(8, (0..8).map(|i| i == n));
            let (value, name) = (n as u16 + 1, Some((*name).to_owned()));
            NamedRegion {
                value,
                name,
                colour: None,
                opacity: None,
                visible: true,
                region,
                on_top: None,
            }
        };
        document.apply(Command::Import(names.iter().enumerate().map(object).collect())).unwrap();
        document
    }

    #[test]
    fn a_part_has_a_name_of_its_own() {
        for (names, expected) in [
            (&["Object 2"][..], [None, None]),
            (&["Liver"], [Some("Liver 2"), Some("Liver 3")]),
            (&["Liver", "Liver 2"], [Some("Liver 3"), Some("Liver 4")]),
            // Of the part of a part.
            (&["Liver 2", "Liver"], [Some("Liver 3"), Some("Liver 4")]),
            (&["Liver 2"], [Some("Liver 2 (2)"), Some("Liver 2 (3)")]),
            (&["Rib 7", "Rib 8"], [Some("Rib 7 (2)"), Some("Rib 7 (3)")]),
            (&["L1"], [Some("L1 (2)"), Some("L1 (3)")]),
            (&["Object of interest"], [Some("Object of interest 2"), Some("Object of interest 3")]),
            (&["肝脏"], [Some("肝脏 2"), Some("肝脏 3")]),
        ] {
            let document = named(names);
            let found = part_names(&document, &document.objects()[0], 2);
            assert_eq!(found, expected.map(|name| name.map(str::to_owned)), "{names:?}");
        }
    }

    #[test]
    fn a_copy_has_a_name_of_its_own() {
        for (names, expected) in [
            (&["Liver"][..], "Liver copy"),
            (&["Liver", "Liver copy"], "Liver copy 2"),
            (&["Object 3"], "Object 3 copy"),
        ] {
            let document = named(names);
            assert_eq!(copy_name(&document, &document.objects()[0]), expected);
        }
    }

    #[test]
    fn the_left_part_is_named_in_the_language_of_the_window() {
        for (names, language, expected) in [
            (&["Kidney"][..], Language::English, "Kidney left"),
            (&["Kidney", "Kidney left"], Language::English, "Kidney left 2"),
            (&["肾"], Language::Chinese, "肾（左）"),
        ] {
            let document = named(names);
            speak(language);
            let found = left_name(&document, &document.objects()[0]);
            speak(Language::English);
            assert_eq!(found, expected);
        }
    }
}
