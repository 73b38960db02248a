//! Numbers as text, with their units.

use crate::document::Document;
use crate::geom::{Axis, DVec3, Direction};
use crate::ui::text::{tr, tr_with};
use crate::ui::{Hover, Latency, ViewState};
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

/// Bytes in decimal units: `640 kB`, `1.3 GB`.
pub fn bytes(n: u64) -> String {
    let n = n as f64;
    match n {
        n if n < 1e3 => format!("{n:.0} B"),
        n if n < 1e6 => format!("{:.0} kB", n / 1e3),
        n if n < 1e9 => format!("{:.1} MB", n / 1e6),
        n => format!("{:.2} GB", n / 1e9),
    }
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

/// ` HU` for what looks like CT, nothing otherwise.
pub fn unit(view: &ViewState) -> &'static str {
    if view.stats.is_some_and(|s| s.looks_like_ct()) { " HU" } else { "" }
}

/// The same for the layer that the window's controls act on.
pub fn layer_unit(view: &ViewState) -> &'static str {
    if view.layer_is_ct() { " HU" } else { "" }
}

/// What is under the pointer, or at the crosshair while the pointer is elsewhere.
pub fn place(document: &Document, view: &ViewState) -> String {
    let crosshair = || {
        let grid = document.image().grid();
        let voxel = grid.voxel_at(view.crosshair)?;
        let label = document.labels().get(voxel);
        let label = document.objects().iter().find(|o| o.id.0 == label).map(|o| o.name.clone());
        Some(Hover {
            voxel,
            world: view.crosshair,
            value: document.image().value_in(view.frame, voxel),
            label,
        })
    };
    let (hover, from) = match &view.hover {
        Some(hover) => (Some(hover.clone()), String::new()),
        None => (crosshair(), format!("{}: ", tr("Crosshair"))),
    };
    let Some(hover) = hover else { return format!("{from}{}", tr("outside of the scan")) };
    let [x, y, z] = hover.voxel;
    let mut text = format!(
        "{from}{} {x} {y} {z} · {} · {}{}",
        tr("voxel"),
        position(hover.world),
        number(hover.value),
        unit(view)
    );
    // Values of what lies over the scan, at the same place.
    for overlay in view.overlays.iter().filter(|o| o.visible) {
        if let Some(voxel) = overlay.volume.grid().voxel_at(hover.world) {
            text += " · ";
            text += &shorten(overlay.volume.name(), 12);
            text += " ";
            text += &number(overlay.volume.value(voxel));
        }
    }
    if let Some(label) = hover.label {
        text += " · ";
        text += &label;
    }
    text
}

/// `encode 640 · decode 38 · paste 4 ms`, dashes for what was not done.
pub fn latency(latency: Option<&Latency>) -> String {
    let ms = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |ms| format!("{ms:.0}"));
    let (encode, decode, paste) =
        latency.map_or((None, None, None), |l| (l.encode, Some(l.decode), Some(l.paste)));
    tr_with(
        "encode {encode} · decode {decode} · paste {paste} ms",
        &[("encode", &ms(encode)), ("decode", &ms(decode)), ("paste", &ms(paste))],
    )
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
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_340_000_000), "1.34 GB");
    }
}
