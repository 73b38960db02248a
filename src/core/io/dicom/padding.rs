//! Which stored numbers stand for pixels that were never measured (PS3.3 C.7.5.1.1.2; of floats C.7.6.24, C.7.6.25).

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::attributes::Attributes;
use super::instance::{Photometric, PixelKind, Shape};

/// The stored numbers that are padding, before any rescaling: one, or a range with its ends. Only of grey images.
pub(super) fn padding(said: Attributes, shape: &Shape) -> Option<[f64; 2]> {
    if !matches!(shape.photometric, Photometric::Monochrome { .. }) || shape.bits {
        return None;
    }
    if shape.kind == PixelKind::Float {
        let both = |value: Tag, limit: Tag| {
            let value = said.number(value)?;
            Some([value, said.number(limit).unwrap_or(value)])
        };
        return both(tags::FLOAT_PIXEL_PADDING_VALUE, tags::FLOAT_PIXEL_PADDING_RANGE_LIMIT)
            .or_else(|| {
                both(
                    tags::DOUBLE_FLOAT_PIXEL_PADDING_VALUE,
                    tags::DOUBLE_FLOAT_PIXEL_PADDING_RANGE_LIMIT,
                )
            });
    }
    let number = |tag| said.whole(tag).and_then(|n| as_stored(n, shape));
    let value = number(tags::PIXEL_PADDING_VALUE)?;
    let limit = number(tags::PIXEL_PADDING_RANGE_LIMIT).unwrap_or(value);
    // The limit is the other end: above the value in MONOCHROME2, below it in MONOCHROME1.
    Some([value.min(limit), value.max(limit)])
}

/// A number as pixels store it: many programs write it unsigned where pixels are signed, or the other way round.
/// `None`: no pixel can have it, in either sign.
fn as_stored(number: i64, shape: &Shape) -> Option<f64> {
    let stored = shape.stored.clamp(1, 63);
    let fits = |n: i64| n >= -(1_i64 << (stored - 1)) && n <= i64::MAX >> (63 - stored);
    // Of fewer than 16 bits, extended with its sign and written unsigned.
    let extended = shape.kind == PixelKind::Signed && fits(i64::from(number as i16));
    if !fits(number) && !extended {
        return None;
    }
    let unused = 64 - stored;
    let bits = (number as u64) << unused;
    Some(match shape.kind {
        PixelKind::Signed => ((bits as i64) >> unused) as f64,
        _ => (bits >> unused) as f64,
    })
}

#[cfg(test)]
mod tests {
    use dicom_core::{DataElement, PrimitiveValue, VR};
    use dicom_object::InMemDicomObject;

    use super::*;

    fn shape(stored: u32, kind: PixelKind) -> Shape {
        Shape {
            rows: 1,
            columns: 1,
            samples: 1,
            allocated: 16,
            stored,
            high: stored - 1,
            kind,
            photometric: Photometric::Monochrome { inverted: false },
            planar: false,
            bits: false,
        }
    }

    fn found(value: PrimitiveValue, vr: VR, limit: Option<i16>, shape: &Shape) -> Option<[f64; 2]> {
        let mut data = InMemDicomObject::new_empty();
        data.put(DataElement::new(tags::PIXEL_PADDING_VALUE, vr, value));
        if let Some(limit) = limit {
            let limit = PrimitiveValue::from(limit);
            data.put(DataElement::new(tags::PIXEL_PADDING_RANGE_LIMIT, VR::SS, limit));
        }
        padding(Attributes(&data), shape)
    }

    #[test]
    fn padding_has_the_sign_of_the_pixels() {
        use PixelKind::{Signed, Unsigned};
        let (us, ss) = (PrimitiveValue::from(63536u16), PrimitiveValue::from(-2000i16));
        for (what, value, vr, limit, shape, expected) in [
            ("as meant", ss.clone(), VR::SS, None, shape(16, Signed), [-2000.0; 2]),
            ("unsigned for signed", us.clone(), VR::US, None, shape(16, Signed), [-2000.0; 2]),
            ("signed for unsigned", ss.clone(), VR::SS, None, shape(16, Unsigned), [63536.0; 2]),
            ("of twelve bits", us, VR::US, None, shape(12, Signed), [-2000.0; 2]),
            ("a range", ss.clone(), VR::SS, Some(-1500), shape(16, Signed), [-2000.0, -1500.0]),
            ("from above", ss, VR::SS, Some(-2100), shape(16, Signed), [-2100.0, -2000.0]),
        ] {
            assert_eq!(found(value, vr, limit, &shape), Some(expected), "{what}");
        }
        let none = found(PrimitiveValue::from(63536u16), VR::US, None, &shape(12, Unsigned));
        assert_eq!(none, None, "no pixel of twelve bits has it");
        let colours = Shape { photometric: Photometric::Rgb, ..shape(8, Unsigned) };
        assert_eq!(found(PrimitiveValue::from(0u16), VR::US, None, &colours), None);
    }
}
