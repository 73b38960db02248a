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
    fn one_line_has_single_spaces() {
        for (text, line) in [("", ""), (" gone\n\t for  good\r\n", "gone for good"), ("a", "a")] {
            assert_eq!(one_line(text), line);
        }
    }
}
