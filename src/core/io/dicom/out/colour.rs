//! Colours as DICOM recommends them: `CIELab` of the profile connection space (PS3.3 C.10.7.1.1), which is of D50.

use glam::{DMat3, DVec3};

/// The white of D50 (ICC.1 6.3.4.3).
const WHITE: DVec3 = DVec3::new(0.9642, 1.0, 0.8249);
/// From XYZ of D50 to linear sRGB: the inverse of the sRGB profile's colorants.
const RGB_FROM_XYZ: DMat3 = DMat3::from_cols(
    DVec3::new(3.134_051_3, -0.978_756_3, 0.071_942_6),
    DVec3::new(-1.616_864_1, 1.916_130_4, -0.228_987_8),
    DVec3::new(-0.490_679_6, 0.033_453_4, 1.405_247_0),
);
/// Where the cube root of `CIELab` begins: (6/29)³, and the slope below.
const LINEAR_BELOW: f64 = 216.0 / 24_389.0;
const SLOPE: f64 = 24_389.0 / 27.0;

/// Three numbers of 16 bits: L* of 0 to 100, a* and b* of -128 to 127.
pub(in crate::io::dicom) fn lab_of(rgb: [u8; 3]) -> [u16; 3] {
    let linear = |byte: u8| {
        let c = f64::from(byte) / 255.0;
        if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    let xyz = RGB_FROM_XYZ.inverse() * DVec3::from_array(rgb.map(linear)) / WHITE;
    let f = |t: f64| if t > LINEAR_BELOW { t.cbrt() } else { (SLOPE * t + 16.0) / 116.0 };
    let [x, y, z] = [f(xyz.x), f(xyz.y), f(xyz.z)];
    let code = |value: f64, low: f64, high: f64| {
        ((value - low) / (high - low) * 65535.0).round().clamp(0.0, 65535.0) as u16
    };
    [
        code(116.0 * y - 16.0, 0.0, 100.0),
        code(500.0 * (x - y), -128.0, 127.0),
        code(200.0 * (y - z), -128.0, 127.0),
    ]
}

/// The nearest sRGB colour.
pub(in crate::io::dicom) fn rgb_of(lab: [u16; 3]) -> [u8; 3] {
    let value = |code: u16, low: f64, high: f64| low + f64::from(code) / 65535.0 * (high - low);
    let (l, a, b) =
        (value(lab[0], 0.0, 100.0), value(lab[1], -128.0, 127.0), value(lab[2], -128.0, 127.0));
    let y = (l + 16.0) / 116.0;
    let inverse = |f: f64| {
        let cube = f * f * f;
        if cube > LINEAR_BELOW { cube } else { (116.0 * f - 16.0) / SLOPE }
    };
    let xyz = DVec3::new(inverse(y + a / 500.0), inverse(y), inverse(y - b / 200.0)) * WHITE;
    let linear = RGB_FROM_XYZ * xyz;
    linear.to_array().map(|c| {
        let c = c.clamp(0.0, 1.0);
        let c = if c <= 0.003_130_8 { c * 12.92 } else { 1.055 * c.powf(1.0 / 2.4) - 0.055 };
        (c * 255.0).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As littleCMS converts (Pillow's `ImageCms` between its sRGB and LAB profiles), within a step of 8 bits.
    #[test]
    fn colours_are_those_of_a_colour_management_system() {
        for (rgb, [l, a, b]) in [
            ([255, 255, 255], [100.0, 0.0, 0.0]),
            ([0, 0, 0], [0.0, 0.0, 0.0]),
            ([255, 0, 0], [54.29, 80.81, 69.89]),
            ([0, 255, 0], [87.82, -79.27, 80.99]),
            ([0, 0, 255], [29.57, 68.30, -112.03]),
            ([221, 84, 84], [55.0, 54.0, 29.5]),
        ] {
            let found = lab_of(rgb);
            let value =
                |code: u16, low: f64, high: f64| low + f64::from(code) / 65535.0 * (high - low);
            let found = [
                value(found[0], 0.0, 100.0),
                value(found[1], -128.0, 127.0),
                value(found[2], -128.0, 127.0),
            ];
            let apart = DVec3::from_array(found).distance(DVec3::new(l, a, b));
            assert!(apart < 1.5, "{rgb:?}: {found:?}");
        }
        let mut random = fastrand::Rng::with_seed(5);
        for _ in 0..2000 {
            let rgb: [u8; 3] = std::array::from_fn(|_| random.u8(..));
            assert_eq!(rgb_of(lab_of(rgb)), rgb);
        }
    }
}
