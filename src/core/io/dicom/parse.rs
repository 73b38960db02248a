//! The header of a DICOM file, read up to its pixels.

use std::path::Path;

use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::super::error::IoError;
use super::attributes::Attributes;
use super::class::is_segmentation;
use super::codec::is_compressed;
use super::directory::INDEX;
use super::frames::frames;
use super::heading::Heading;
use super::instance::{Instance, Photometric, PixelKind, SeriesName, Shape};
use super::opened::{Opened, header};
use super::origin::Origin;
use super::padding::padding;
use super::palette::Palette;
use crate::text::bytes;

/// What a file is.
#[derive(Debug)]
pub(super) enum Parsed {
    /// It has images.
    Images(Box<Instance>),
    /// DICOM without images, by its SOP class.
    Other(String),
}

/// Reads the header of a file.
pub(super) fn parse(origin: &Origin) -> Result<Parsed, IoError> {
    parse_opened(origin, origin.open()?)
}

/// Reads the header of a file if it begins as DICOM.
pub(super) fn parse_dicom(origin: &Origin) -> Result<Option<Parsed>, IoError> {
    let opened = origin.open_dicom()?;
    opened.map(|opened| parse_opened(origin, opened)).transpose()
}

fn parse_opened(origin: &Origin, mut opened: Opened) -> Result<Parsed, IoError> {
    let path = origin.path.as_path();
    let data = header(&mut opened, path)?;
    understood(origin, &opened, &data)
}

/// What a data set says of a file.
fn understood(
    origin: &Origin,
    opened: &Opened,
    data: &InMemDicomObject,
) -> Result<Parsed, IoError> {
    let path = origin.path.as_path();
    let said = Attributes(data);
    // The data set of an index has no class (PS3.3 F.3.2.1), but where its first record is.
    let index =
        || data.get(tags::OFFSET_OF_THE_FIRST_DIRECTORY_RECORD_OF_THE_ROOT_DIRECTORY_ENTITY);
    let class = said.text(tags::SOP_CLASS_UID);
    let class = class.or_else(|| index().map(|_| INDEX.to_owned())).unwrap_or_default();
    let float = [(tags::FLOAT_PIXEL_DATA, 32), (tags::DOUBLE_FLOAT_PIXEL_DATA, 64)];
    let float = float.into_iter().find(|(tag, _)| data.get(*tag).is_some()).map(|(_, bits)| bits);
    let pixels = float.is_some() || opened.structure.pixels.is_some();
    // The pixels of a segmentation are labels, not an image.
    if is_segmentation(&class) || !pixels || said.whole(tags::ROWS).is_none() {
        return Ok(Parsed::Other(class));
    }
    let shape = shape(said, float, path)?;
    check_count(said, &shape, opened, path)?;
    let uid = |tag| said.text(tag).unwrap_or_default();
    Ok(Parsed::Images(Box::new(Instance {
        origin: origin.clone(),
        length: opened.length,
        syntax: opened.structure.syntax.clone(),
        uid: uid(tags::SOP_INSTANCE_UID),
        series: SeriesName {
            study: uid(tags::STUDY_INSTANCE_UID),
            uid: uid(tags::SERIES_INSTANCE_UID),
            frame_of_reference: said.text(tags::FRAME_OF_REFERENCE_UID),
            number: said.whole(tags::SERIES_NUMBER),
            modality: uid(tags::MODALITY),
        },
        heading: Heading::of(said),
        frames: frames(said, &class, path)?,
        class,
        padding: padding(said, &shape),
        shape,
    })))
}

/// Whether a file can hold as many images as it claims, each of which takes memory.
fn check_count(
    said: Attributes,
    shape: &Shape,
    opened: &Opened,
    path: &Path,
) -> Result<(), IoError> {
    let count = said.whole(tags::NUMBER_OF_FRAMES).unwrap_or(1).max(0) as u64;
    // What is compressed has an item for each.
    let compressed = is_compressed(&opened.structure.syntax);
    let claimed = if compressed { count.saturating_mul(8) } else { shape.bytes_of(count) };
    let found = opened.length;
    if count < 2 || claimed <= found {
        return Ok(());
    }
    let what = format!("its header claims {}, the file has {}", bytes(claimed), bytes(found));
    Err(IoError::Truncated { what, path: path.to_owned() })
}

fn shape(said: Attributes, float: Option<u32>, path: &Path) -> Result<Shape, IoError> {
    let whole = |tag, name: &str, most: i64| {
        let found = said.whole(tag).ok_or_else(|| format!("it does not say its {name}"));
        let found = found.and_then(|n| {
            if (1..=most).contains(&n) { Ok(n) } else { Err(format!("its {name} are {n}")) }
        });
        found.map_err(|what| IoError::header(what, path))
    };
    let rows = whole(tags::ROWS, "rows", 65535)? as usize;
    let columns = whole(tags::COLUMNS, "columns", 65535)? as usize;
    let samples = said.whole(tags::SAMPLES_PER_PIXEL).unwrap_or(1);
    let photometric = photometric(said).map_err(|what| IoError::header(what, path))?;
    let three = matches!(photometric, Photometric::Rgb | Photometric::Ybr { .. });
    if samples != if three { 3 } else { 1 } {
        return Err(IoError::header(format!("{samples} numbers for each pixel"), path));
    }
    let written = match float {
        Some(bits) => bits,
        None => whole(tags::BITS_ALLOCATED, "bits", 64)? as u32,
    };
    let bits = written == 1 && matches!(photometric, Photometric::Monochrome { .. });
    if float.is_none() && !bits && ![8, 16, 32].contains(&written) {
        let name = format!("{written} bits");
        return Err(IoError::DataType { name, path: path.to_owned() });
    }
    let kind = match (float, said.whole(tags::PIXEL_REPRESENTATION)) {
        (Some(_), _) => PixelKind::Float,
        (None, Some(1)) if !bits => PixelKind::Signed,
        _ => PixelKind::Unsigned,
    };
    let (allocated, [stored, high]) =
        if bits { (8, [1, 0]) } else { (written, counting(said, written)) };
    Ok(Shape {
        rows,
        columns,
        samples: samples as usize,
        allocated,
        stored,
        high,
        kind,
        photometric,
        planar: said.whole(tags::PLANAR_CONFIGURATION) == Some(1),
        bits,
    })
}

/// How many bits of a number count, and the highest of them.
fn counting(said: Attributes, allocated: u32) -> [u32; 2] {
    let bits = |tag, otherwise: u32| said.whole(tag).map_or(otherwise, |n| n.clamp(0, 64) as u32);
    let stored = bits(tags::BITS_STORED, allocated);
    let high = bits(tags::HIGH_BIT, stored.max(1) - 1);
    // What can't be is passed over, as others do: all bits count.
    let sane = (1..=allocated).contains(&stored) && high < allocated && high + 1 >= stored;
    if sane { [stored, high] } else { [allocated, allocated - 1] }
}

fn photometric(said: Attributes) -> Result<Photometric, String> {
    let name = said.text(tags::PHOTOMETRIC_INTERPRETATION).unwrap_or_default();
    Ok(match &*name {
        "MONOCHROME1" => Photometric::Monochrome { inverted: true },
        "MONOCHROME2" | "" => Photometric::Monochrome { inverted: false },
        "RGB" | "YBR_ICT" | "YBR_RCT" => Photometric::Rgb,
        "YBR_FULL" => Photometric::Ybr { subsampled: false },
        "YBR_FULL_422" | "YBR_PARTIAL_422" | "YBR_PARTIAL_420" => {
            Photometric::Ybr { subsampled: true }
        }
        // Without one there is nothing but the numbers.
        "PALETTE COLOR" => match Palette::of(said)? {
            Some(palette) => Photometric::Palette { wide: palette.wide },
            None => Photometric::Other(name),
        },
        _ => Photometric::Other(name),
    })
}

#[cfg(test)]
mod tests {
    use super::super::opened::data_set;
    use super::*;

    #[test]
    fn what_is_left_out_of_headers_says_nothing_of_images() {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/dicom");
        let folders = [data.join("pydicom"), data.join("pet")];
        let mut images = 0;
        for file in folders.iter().flat_map(|folder| folder.read_dir().unwrap()) {
            let origin = Origin::from(file.unwrap().path());
            let Ok(Some(mut opened)) = origin.open_dicom() else { continue };
            let whole = data_set(&mut opened, &origin.path);
            let whole = whole.and_then(|data| understood(&origin, &opened, &data));
            let short = parse(&origin);
            images += usize::from(matches!(short, Ok(Parsed::Images(_))));
            assert_eq!(format!("{short:?}"), format!("{whole:?}"), "{}", origin.path.display());
        }
        assert!(images > 60, "{images}");
    }
}
