use super::LabelStyle;

/// Labels that a colour table has room for: every `u16`.
const LABELS: usize = 1 << 16;

/// Width and height of the colour table's texture: label `l` at (l mod 256, l / 256).
pub(super) const TABLE_SIDE: u32 = 256;

/// The fourth byte says how a label is drawn: 0 not at all, up to here faint, above as a mask; and within
/// each how opaque its surface in 3D is.
const FAINT: u8 = 127;

/// Whether a label with this fourth byte is faint.
pub(super) fn is_faint(byte: u8) -> bool {
    (1..=FAINT).contains(&byte)
}

/// Opacity of the surface of a label with this fourth byte, 0 to 1.
pub(super) fn surface_opacity(byte: u8) -> f64 {
    match byte {
        0 => 0.0,
        1..=FAINT => FAINT_OPACITY * f64::from(byte - 1) / 126.0,
        _ => f64::from(byte - 128) / 127.0,
    }
}

/// Of the surface of what is no mask yet, if it were opaque as a mask.
const FAINT_OPACITY: f64 = 0.45;

/// The colour of every label: four bytes each, sRGB and how it is drawn ([`FAINT`]).
/// Labels without a style get a colour of their own. Background is hidden.
pub(super) fn colour_table(styles: &[LabelStyle]) -> Vec<u8> {
    let mut table = vec![0; LABELS * 4];
    for (label, texel) in table.chunks_exact_mut(4).enumerate().skip(1) {
        let [r, g, b] = default_colour(label as u16);
        texel.copy_from_slice(&[r, g, b, 255]);
    }
    for style in styles.iter().filter(|s| s.value != 0) {
        let [r, g, b] = style.colour;
        let at = usize::from(style.value) * 4;
        let opacity = style.opacity.clamp(0.0, 1.0);
        let visible = match (style.visible, style.faint) {
            (false, _) => 0,
            (true, true) => 1 + (opacity * 126.0).round() as u8,
            (true, false) => 128 + (opacity * 127.0).round() as u8,
        };
        table[at..at + 4].copy_from_slice(&[r, g, b, visible]);
    }
    table
}

/// A saturated colour whose hue is far from those of the labels just before and after.
fn default_colour(label: u16) -> [u8; 3] {
    // Steps of the golden ratio spread hues evenly however many there are.
    let hue = (f32::from(label) * 0.618_034).fract() * 6.0;
    let channel = |shift: f32| {
        let distance = ((hue + shift) % 6.0 - 3.0).abs() - 1.0;
        (60.0 + 180.0 * distance.clamp(0.0, 1.0)) as u8
    };
    [channel(0.0), channel(4.0), channel(2.0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_replaces_the_default_and_hides() {
        let style = |value, visible| LabelStyle {
            value,
            colour: [1, 2, 3],
            visible,
            faint: false,
            opacity: 1.0,
        };
        let table = colour_table(&[style(2, true), style(300, false), style(0, true)]);
        assert_eq!(table.len(), (TABLE_SIDE * TABLE_SIDE * 4) as usize);
        assert_eq!(table[0..4], [0, 0, 0, 0], "background is never drawn");
        assert_eq!(table[8..12], [1, 2, 3, 255]);
        assert_eq!(table[1200..1204], [1, 2, 3, 0]);
        assert_eq!(table[7], 255);
        assert_ne!(table[4..7], table[12..15]);
        let faint = LabelStyle { faint: true, ..style(2, true) };
        let byte = colour_table(&[faint])[11];
        assert!(is_faint(byte) && !is_faint(255) && !is_faint(0));
        assert_eq!(surface_opacity(byte), FAINT_OPACITY);
        for opacity in [0.0f32, 0.3, 1.0] {
            let byte = colour_table(&[LabelStyle { opacity, ..style(2, true) }])[11];
            assert!(!is_faint(byte) && byte > 0, "drawn in slices whatever it is in 3D");
            assert!((surface_opacity(byte) - f64::from(opacity)).abs() < 0.005);
        }
    }
}
