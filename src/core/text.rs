//! Plain text for people, the same everywhere: in messages, in the window, on the command line.

/// Bytes in decimal units, as file managers show them: `999 B`, `340.0 kB`, `1.5 GB`.
pub fn bytes(n: u64) -> String {
    if n < 1000 {
        return format!("{n} B");
    }
    // What would be 1000.0 of one unit is 1.0 of the next.
    let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB")];
    let fits = |(unit, _): &(f64, &str)| n as f64 >= unit * 0.999_95;
    let (unit, name) = units.into_iter().find(fits).unwrap_or((1e3, "kB"));
    format!("{:.1} {name}", n as f64 / unit)
}

/// What keeps a number and its unit in one line.
pub const NO_BREAK: char = '\u{a0}';
/// Units that stand behind numbers, in the texts of the window.
const UNITS: [&str; 24] = [
    "%", "B", "kB", "MB", "GB", "TB", "mm", "mm²", "mm³", "cm", "cm²", "cm³", "mL", "ml", "L", "s",
    "ms", "min", "HU", "Hz", "g/mL", "°", "px", "mm/s",
];

/// The same with a no-break space between each number and the unit behind it, so that no line ends between them.
pub fn unbroken(text: &str) -> String {
    let mut kept = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(' ') {
        kept.push_str(before);
        let counted = before.ends_with(|c: char| c.is_ascii_digit());
        let unit = after.split(|c: char| !is_of_unit(c)).next().unwrap_or_default();
        let ends = !after[unit.len()..].starts_with(|c: char| c.is_ascii_digit());
        let is_unit = counted && ends && UNITS.contains(&unit);
        kept.push(if is_unit { NO_BREAK } else { ' ' });
        rest = after;
    }
    kept + rest
}

/// Whether a unit may have this character in it. (Of Chinese the next word comes without a space.)
fn is_of_unit(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '%' | '²' | '³' | '°' | '/')
}

/// The same with ordinary spaces: a name to be written down, a text to be looked up.
pub fn breakable(text: &str) -> String {
    text.replace(NO_BREAK, " ")
}

/// What a module says of an error, as a sentence that stands alone: it begins with a capital letter. What it names at its
/// beginning stays as it is: a file, a path, an address, a word that is spelled in a way of its own.
pub fn sentence(text: &str) -> String {
    // What is said of something, after its name.
    let about = text.split(": ").next().unwrap_or_default();
    let first = about.split([' ', NO_BREAK]).next().unwrap_or_default();
    let word = first.trim_end_matches([',', ';', '.', '?', '!']);
    let is_spelled_so = ["qform", "sform"].contains(&word);
    let is_word = !is_spelled_so
        && word.chars().skip(1).all(|c| c.is_lowercase() || matches!(c, '\'' | '’' | '-'));
    let ends_as_file = about.rsplit_once('.').is_some_and(|(_, ending)| {
        about != text
            && (1..=9).contains(&ending.len())
            && ending.chars().all(char::is_alphanumeric)
    });
    // `liver: …` is what somebody has called something.
    let is_name = about != text && !about.contains([' ', NO_BREAK]);
    let mut letters = text.chars();
    match letters.next() {
        Some(c) if c.is_lowercase() && is_word && !ends_as_file && !is_name => {
            c.to_uppercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

/// All of it in one line, with single spaces: what drivers and libraries say comes in several.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A field of a CSV (RFC 4180).
pub fn csv_field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// A number in a CSV; nothing where it is not defined.
pub fn csv_number(value: Option<f64>) -> String {
    value.map_or(String::new(), |v| v.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_commas_and_quotes_are_quoted() {
        assert_eq!(csv_field("rib, left \"7\""), "\"rib, left \"\"7\"\"\"");
        assert_eq!(csv_field("rib 7"), "rib 7");
    }

    #[test]
    fn bytes_have_one_decimal_and_the_unit_that_keeps_them_short() {
        for (n, text) in [
            (0, "0 B"),
            (1, "1 B"),
            (949, "949 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (340_000, "340.0 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (12_345_678, "12.3 MB"),
            (402_200_000, "402.2 MB"),
            (1_340_000_000, "1.3 GB"),
            (u64::MAX, "18446744.1 TB"),
        ] {
            assert_eq!(bytes(n), text, "{n}");
        }
    }

    #[test]
    fn a_number_and_its_unit_stay_in_one_line() {
        for (text, kept) in [
            ("8.4 MB go there", "8.4~MB go there"),
            ("a cube: 8.4 MB.", "a cube: 8.4~MB."),
            ("发送 8.4 MB，约 1.2 GB", "发送 8.4~MB，约 1.2~GB"),
            ("每处 8.4 MB数据", "每处 8.4~MB数据"),
            ("1.5 mm, 12 mm² (3 %)", "1.5~mm, 12~mm² (3~%)"),
            ("2 masks, 3 Mice, 4 B2 of it", "2 masks, 3 Mice, 4 B2 of it"),
            ("5  mm", "5  mm"),
            ("x y 7", "x y 7"),
            ("", ""),
        ] {
            let kept = kept.replace('~', "\u{a0}");
            assert_eq!(unbroken(text), kept, "{text}");
            assert_eq!(unbroken(&kept), kept, "once more");
            assert_eq!(breakable(&kept), text);
        }
    }

    #[test]
    fn a_sentence_begins_with_a_capital_letter_but_a_name_is_left_alone() {
        for (text, told) in [
            ("the server cannot be reached: /a.b", "The server cannot be reached: /a.b"),
            ("with http:// everybody reads it: use it", "With http:// everybody reads it: use it"),
            ("cancelled", "Cancelled"),
            ("über alles", "Über alles"),
            ("it's gone", "It's gone"),
            ("无法连接", "无法连接"),
            ("scan.nii.gz", "scan.nii.gz"),
            ("my scan.nii.gz: not found", "my scan.nii.gz: not found"),
            ("liver: not found", "liver: not found"),
            ("/a/b is full", "/a/b is full"),
            ("data/b is full", "data/b is full"),
            ("https://gpu.example says no", "https://gpu.example says no"),
            ("nnInteractive says no", "nnInteractive says no"),
            ("qform and sform disagree", "qform and sform disagree"),
            ("8 voxels", "8 voxels"),
            ("n: 8", "n: 8"),
            ("", ""),
        ] {
            assert_eq!(sentence(text), told);
            assert_eq!(sentence(told), told, "once more");
        }
    }

    #[test]
    fn one_line_has_single_spaces() {
        for (text, line) in [("", ""), (" gone\n\t for  good\r\n", "gone for good"), ("a", "a")] {
            assert_eq!(one_line(text), line);
        }
    }
}
