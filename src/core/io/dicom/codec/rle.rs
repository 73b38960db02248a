//! DICOM's run-length coding (PS3.5 annex G): each byte of a number, the highest first, is a segment of its own, packed
//! as TIFF packs bits.

use super::super::instance::Shape;

/// The header: how many segments there are and where each begins, 16 numbers of 32 bits.
const HEADER: usize = 64;
const MOST_SEGMENTS: usize = 15;

/// The numbers of an image, pixel after pixel, little-endian.
pub(super) fn decode(bytes: &[u8], shape: &Shape) -> Result<Vec<u8>, String> {
    let header = bytes.get(..HEADER).ok_or("an image ends within its header")?;
    let (numbers, _) = header.as_chunks::<4>();
    let numbers: Vec<usize> = numbers.iter().map(|b| u32::from_le_bytes(*b) as usize).collect();
    let width = shape.allocated as usize / 8;
    let count = numbers[0];
    if count != width * shape.samples || count > MOST_SEGMENTS {
        return Err(format!("an image has {count} segments for {} bytes", width * shape.samples));
    }
    let pixels = shape.rows * shape.columns;
    // Two bytes become at most 128.
    if shape.frame_bytes() > 64 * bytes.len() {
        return Err("an image is cut short".into());
    }
    let mut out = vec![0; shape.frame_bytes()];
    for segment in 0..count {
        let begin = numbers[1 + segment];
        let end = if segment + 1 < count { numbers[2 + segment] } else { bytes.len() };
        let packed = bytes.get(begin..end).ok_or("a segment lies outside of its image")?;
        let (sample, byte) = (segment / width, width - 1 - segment % width);
        let places = out[sample * width + byte..].iter_mut().step_by(width * shape.samples);
        if unpack(packed, places) < pixels {
            return Err(format!("segment {} of an image is cut short", segment + 1));
        }
    }
    Ok(out)
}

/// Writes unpacked bytes to `places` until either ends; how many there were.
fn unpack<'a>(packed: &[u8], mut places: impl Iterator<Item = &'a mut u8>) -> usize {
    let (mut at, mut done) = (0, 0);
    while let Some(&control) = packed.get(at) {
        at += 1;
        let control = control as i8;
        if control >= 0 {
            for _ in 0..=control {
                let Some(&byte) = packed.get(at) else { return done };
                let Some(place) = places.next() else { return done };
                *place = byte;
                at += 1;
                done += 1;
            }
        } else if control != i8::MIN {
            let Some(&byte) = packed.get(at) else { return done };
            at += 1;
            for _ in 0..=-i32::from(control) {
                let Some(place) = places.next() else { return done };
                *place = byte;
                done += 1;
            }
        }
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Apple's technical note 1023, which the standard's coding is.
    #[test]
    fn runs_and_literals() {
        let packed = [
            0xfe, 0xaa, 0x02, 0x80, 0x00, 0x2a, 0xfd, 0xaa, 0x03, 0x80, 0x00, 0x2a, 0x22, 0xf7,
            0xaa,
        ];
        let meant = [
            0xaa, 0xaa, 0xaa, 0x80, 0x00, 0x2a, 0xaa, 0xaa, 0xaa, 0xaa, 0x80, 0x00, 0x2a, 0x22,
            0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
        ];
        let mut out = [0; 24];
        assert_eq!(unpack(&packed, out.iter_mut()), 24);
        assert_eq!(out, meant);
        for end in 0..packed.len() {
            // Cut short anywhere, it gives what is there.
            let done = unpack(&packed[..end], out.iter_mut());
            assert_eq!(out[..done], meant[..done], "{end}");
        }
    }
}
