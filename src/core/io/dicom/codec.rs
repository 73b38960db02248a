//! Images as they are compressed in DICOM, to plain little-endian numbers, pixel after pixel (PS3.5 A.4).

mod jpeg_ls;
mod rle;

use super::instance::{PixelKind, Shape};

/// How the pixels of a transfer syntax are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// As they are; `big_endian`: of the retired syntax.
    Plain {
        big_endian: bool,
    },
    /// As they are, each image in an item.
    Encapsulated,
    Rle,
    /// Of ITU-T T.81: 8 and 12 bits, and lossless.
    Jpeg,
    JpegLs,
    /// JPEG 2000, high throughput or not.
    Jpeg2000,
}

/// How a transfer syntax stores pixels, or what it is called.
pub(super) fn coding(syntax: &str) -> Result<Coding, String> {
    let Some(kind) = syntax.strip_prefix("1.2.840.10008.1.2") else {
        return Err(format!("the private transfer syntax {syntax}"));
    };
    Ok(match kind {
        "" | ".1" | ".1.99" => Coding::Plain { big_endian: false },
        ".2" => Coding::Plain { big_endian: true },
        ".1.98" => Coding::Encapsulated,
        ".5" => Coding::Rle,
        ".4.50" | ".4.51" | ".4.53" | ".4.55" | ".4.57" | ".4.70" => Coding::Jpeg,
        ".4.80" | ".4.81" => Coding::JpegLs,
        ".4.90" | ".4.91" | ".4.201" | ".4.202" | ".4.203" => Coding::Jpeg2000,
        ".4.92" | ".4.93" => return Err("JPEG 2000 of several components (part 2)".into()),
        ".4.94" | ".4.95" => return Err("JPIP, which is fetched from a server".into()),
        ".4.100" | ".4.100.1" | ".4.101" | ".4.101.1" => return Err("an MPEG-2 video".into()),
        k if k.starts_with(".4.10") => return Err("an MPEG-4 video".into()),
        ".4.110" | ".4.111" | ".4.112" => return Err("JPEG XL".into()),
        _ => return Err(format!("the transfer syntax {syntax}")),
    })
}

/// Whether a file's size says nothing about that of its pixels.
pub(super) fn is_compressed(syntax: &str) -> bool {
    let deflated = syntax == "1.2.840.10008.1.2.1.99";
    deflated || !matches!(coding(syntax), Ok(Coding::Plain { .. } | Coding::Encapsulated))
}

/// One image, [`Shape::frame_bytes`] of numbers in little-endian order, pixel after pixel.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn decode(coding: Coding, bytes: &[u8], shape: &Shape) -> Result<Vec<u8>, String> {
    // Decoders of foreign data: what they don't foresee must not end the program.
    let decoded = std::panic::catch_unwind(|| match coding {
        Coding::Plain { .. } | Coding::Encapsulated => Ok(bytes.to_vec()),
        Coding::Rle => rle::decode(bytes, shape),
        Coding::Jpeg => jpeg(bytes, shape),
        Coding::JpegLs => jpeg_ls(bytes, shape),
        Coding::Jpeg2000 => jpeg_2000(bytes, shape),
    });
    let decoded = decoded.unwrap_or_else(|_| Err("the decoder failed".into()))?;
    let meant =
        if coding == Coding::Encapsulated { shape.plain_bytes() } else { shape.frame_bytes() };
    if decoded.len() < meant {
        let found = decoded.len();
        return Err(format!("an image has {found} of {meant} bytes"));
    }
    Ok(decoded)
}

/// Numbers as bytes of the width that the header says.
fn narrowed(values: impl ExactSizeIterator<Item = i32>, allocated: u32) -> Vec<u8> {
    fn each<const N: usize>(values: impl ExactSizeIterator<Item = i32>) -> Vec<u8> {
        let mut out = vec![0; values.len() * N];
        for (to, value) in out.as_chunks_mut::<N>().0.iter_mut().zip(values) {
            to.copy_from_slice(&value.to_le_bytes()[..N]);
        }
        out
    }
    match allocated {
        8 => each::<1>(values),
        16 => each::<2>(values),
        _ => each::<4>(values),
    }
}

fn same_size(width: usize, height: usize, shape: &Shape) -> Result<(), String> {
    if (width, height) == (shape.columns, shape.rows) {
        return Ok(());
    }
    let (columns, rows) = (shape.columns, shape.rows);
    Err(format!("an image has {width} × {height} pixels, the header says {columns} × {rows}"))
}

fn jpeg(bytes: &[u8], shape: &Shape) -> Result<Vec<u8>, String> {
    let told = |e: oxiarc_jpeg::JpegError| e.to_string();
    let pixels = (shape.rows * shape.columns) as u64;
    // A small image is padded to whole blocks, which may be many times its size.
    let most = (pixels * 8 * shape.samples as u64).max(1 << 20);
    let limits =
        oxiarc_jpeg::DecodeLimits::strict().with_max_pixels(pixels).with_max_output_bytes(most);
    // Colours as they are stored: the header says which they are, the stream often does not.
    let mut options = oxiarc_jpeg::DecodeOptions::raw();
    options.limits = limits;
    let mut decoder = oxiarc_jpeg::Decoder::with_options(bytes, options);
    let info = decoder.read_info().map_err(told)?;
    same_size(info.width as usize, info.height as usize, shape)?;
    if info.output_components() != shape.samples {
        let n = info.output_components();
        return Err(format!("an image has {n} numbers for each pixel"));
    }
    let values = decoder.decode_u16().map_err(told)?;
    Ok(narrowed(values.iter().map(|&v| i32::from(v)), shape.allocated))
}

fn jpeg_ls(bytes: &[u8], shape: &Shape) -> Result<Vec<u8>, String> {
    if shape.samples > 1 {
        let values = jpeg_ls::decode(bytes, shape)?;
        return Ok(narrowed(values.iter().map(|&v| i32::from(v)), shape.allocated));
    }
    let (columns, rows) = (shape.columns as u32, shape.rows as u32);
    let (values, width, height) =
        jpegls::decode(bytes, columns, rows).map_err(|e| e.to_string())?;
    same_size(width as usize, height as usize, shape)?;
    Ok(narrowed(values.iter().map(|&v| i32::from(v)), shape.allocated))
}

fn jpeg_2000(bytes: &[u8], shape: &Shape) -> Result<Vec<u8>, String> {
    // Before it takes memory for what it says.
    if let Some([width, height]) = size_of_codestream(bytes) {
        same_size(width, height, shape)?;
    }
    let image = jpeg2k::Image::from_bytes(bytes).map_err(|e| e.to_string())?;
    let components = image.components();
    if components.len() < shape.samples {
        let n = components.len();
        return Err(format!("an image has {n} numbers for each pixel"));
    }
    for component in &components[..shape.samples] {
        same_size(component.width() as usize, component.height() as usize, shape)?;
        if component.data().len() < shape.rows * shape.columns {
            return Err("an image is cut short".into());
        }
    }
    let (count, samples) = (shape.rows * shape.columns, shape.samples);
    if samples == 1 {
        let values = components[0].data()[..count].iter();
        return Ok(narrowed(values.copied(), shape.allocated));
    }
    let mut values = vec![0; count * samples];
    for (at, component) in components[..samples].iter().enumerate() {
        // Of unsigned numbers that the header calls signed, and the other way round, the bits are meant.
        for (to, &value) in values[at..].iter_mut().step_by(samples).zip(component.data()) {
            *to = value;
        }
    }
    debug_assert!(shape.kind != PixelKind::Float);
    Ok(narrowed(values.into_iter(), shape.allocated))
}

/// Width and height that a JPEG 2000 codestream says (ITU-T T.800 A.5.1), also within a JP2 file.
fn size_of_codestream(bytes: &[u8]) -> Option<[usize; 2]> {
    let begin = bytes.windows(4).take(4096).position(|w| w == [0xff, 0x4f, 0xff, 0x51])?;
    let number = |at: usize| {
        let b = bytes.get(begin + at..begin + at + 4)?;
        Some(u32::from_be_bytes(b.try_into().ok()?) as usize)
    };
    let size = |end: usize, begin: usize| number(end)?.checked_sub(number(begin)?);
    Some([size(8, 16)?, size(12, 20)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transfer_syntaxes_are_known_or_named() {
        for (syntax, expected) in [
            ("1.2.840.10008.1.2", Ok(Coding::Plain { big_endian: false })),
            ("1.2.840.10008.1.2.1", Ok(Coding::Plain { big_endian: false })),
            ("1.2.840.10008.1.2.2", Ok(Coding::Plain { big_endian: true })),
            ("1.2.840.10008.1.2.4.51", Ok(Coding::Jpeg)),
            ("1.2.840.10008.1.2.4.80", Ok(Coding::JpegLs)),
            ("1.2.840.10008.1.2.4.90", Ok(Coding::Jpeg2000)),
            ("1.2.840.10008.1.2.4.201", Ok(Coding::Jpeg2000)),
            ("1.2.840.10008.1.2.5", Ok(Coding::Rle)),
            ("1.2.840.10008.1.2.4.102", Err("an MPEG-4 video")),
            ("1.2.840.10008.1.2.4.100", Err("an MPEG-2 video")),
            ("1.2.840.113619.5.2", Err("the private transfer syntax 1.2.840.113619.5.2")),
        ] {
            assert_eq!(coding(syntax), expected.map_err(str::to_owned), "{syntax}");
        }
    }
}
