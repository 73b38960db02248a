//! Numbers as text, with their units.

use super::text::tr;
use crate::geom::{Axis, DVec3, Direction};
use crate::text::bytes;
use crate::volume::readable;

/// Millilitres with three significant digits: `0.42 mL`, `12.3 mL`, `142 mL`, `1.42 L`.
pub fn millilitres(ml: f64) -> String {
    match ml {
        ml if ml <= 0.0 => "0 mL".to_owned(),
        ml if ml < 0.001 => "<0.001 mL".to_owned(),
        ml if ml < 0.0995 => format!("{ml:.3} mL"),
        ml if ml < 9.995 => format!("{ml:.2} mL"),
        ml if ml < 99.95 => format!("{ml:.1} mL"),
        ml if ml < 999.5 => format!("{ml:.0} mL"),
        ml => format!("{:.2} L", ml / 1000.0),
    }
}

/// `12.3 MB of 402.1 MB`.
pub fn of(done: u64, total: u64) -> String {
    tr("{done} of {total}").replace("{done}", &bytes(done)).replace("{total}", &bytes(total))
}

/// RAS millimetres with the letter of the side on which they lie, so that no sign can be misread:
/// `L 12.5 A 40.1 I 804.0 mm`.
pub fn position(world: DVec3) -> String {
    format!("{} mm", Axis::ALL.map(|axis| side(world, axis)).join(" "))
}

/// One coordinate of a world position with the letter of the side on which it lies: `L 12.5`.
pub fn side(world: DVec3, axis: Axis) -> String {
    let tenths = (world[axis.index()] * 10.0).round() / 10.0;
    let letter = Direction { axis, positive: tenths >= 0.0 }.letter();
    format!("{letter} {:.1}", tenths.abs())
}

/// A voxel value: whole numbers plain, others with four significant digits.
pub fn number(value: f64) -> String {
    digits(value, 4)
}

/// A voxel value that can be changed by typing: six significant digits.
pub fn editable(value: f64) -> String {
    digits(value, 6)
}

/// [`readable`] with a true minus, as wide as the digits.
pub fn digits(value: f64, digits: usize) -> String {
    if value.is_finite() {
        readable(value, digits).replace('-', "−")
    } else {
        tr("not a number").to_owned()
    }
}

/// At most `max` characters, the middle replaced by an ellipsis.
pub fn shorten(text: &str, max: usize) -> String {
    let count = text.chars().count();
    if count <= max {
        return text.to_owned();
    }
    let tail = (max - 1) / 2;
    let head: String = text.chars().take(max - 1 - tail).collect();
    let tail: String = text.chars().skip(count - tail).collect();
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_have_three_digits_and_a_unit() {
        for (ml, text) in [
            (0.0, "0 mL"),
            (0.0004, "<0.001 mL"),
            (0.0421, "0.042 mL"),
            (0.42, "0.42 mL"),
            (9.994, "9.99 mL"),
            (9.996, "10.0 mL"),
            (12.34, "12.3 mL"),
            (99.96, "100 mL"),
            (142.4, "142 mL"),
            (999.6, "1.00 L"),
            (1420.0, "1.42 L"),
        ] {
            assert_eq!(millilitres(ml), text, "{ml}");
        }
    }

    #[test]
    fn positions_name_their_side() {
        assert_eq!(position(DVec3::new(-12.5, 40.1, -804.0)), "L 12.5 A 40.1 I 804.0 mm");
        assert_eq!(position(DVec3::new(12.5, -40.1, 804.0)), "R 12.5 P 40.1 S 804.0 mm");
        assert_eq!(position(DVec3::new(-0.04, 0.0, -0.04)), "R 0.0 A 0.0 S 0.0 mm");
    }

    #[test]
    fn values_are_short_and_keep_their_sign() {
        for (value, text) in [
            (47.0, "47"),
            (-1024.0, "−1024"),
            (-0.0, "0"),
            (0.123_456, "0.1235"),
            (-2.71234, "−2.712"),
            (1234.56, "1235"),
            (2.5e-7, "2.5e−7"),
            (-1.1e-9, "−1.1e−9"),
            (1e300, "1e300"),
            (f64::MAX, "1.798e308"),
            (0.000_123_456, "0.0001235"),
            (2.5, "2.5"),
            (f64::INFINITY, "not a number"),
            (f64::NAN, "not a number"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn long_names_keep_both_ends() {
        assert_eq!(shorten("short", 10), "short");
        let short = shorten("a_very_long_file_name.nii.gz", 15);
        assert_eq!(short, "a_very_….nii.gz");
        assert_eq!(short.chars().count(), 15);
    }
}
