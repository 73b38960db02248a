//! Label writes and masks as few bytes: what the history keeps of changes that are long past.
//!
//! Whole numbers as LEB128 (seven bits a byte, the lowest first). A set of voxels: how many runs, and of each how far it
//! begins after the end of the one before, and its length. Then the same again for each layer of each object.

use super::object::LabelId;
use crate::volume::{Delta, DeltaBuilder, DeltaRun, Region, RegionBuilder, Run};

/// Voxels that come or go in the layers of an object: the model's, added, removed, and what lies under others.
pub type Layers = (LabelId, [Region; 4]);

/// What these bytes are not: a write that was packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotPacked;

/// A change of labels and layers as bytes.
pub fn pack(delta: &Delta, layers: &[Layers]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut end = 0;
    number(&mut bytes, delta.runs().len());
    for DeltaRun { run, before, after } in delta.runs() {
        put_run(&mut bytes, *run, &mut end);
        number(&mut bytes, usize::from(*before));
        number(&mut bytes, usize::from(*after));
    }
    number(&mut bytes, layers.len());
    for (object, regions) in layers {
        number(&mut bytes, usize::from(object.0));
        for region in regions {
            put_region(&mut bytes, region);
        }
    }
    bytes.shrink_to_fit();
    bytes
}

/// What was packed, of a label map of `dims`.
///
/// # Errors
/// These are other bytes, or of a map of another size.
pub fn unpack(bytes: &[u8], dims: [usize; 3]) -> Result<(Delta, Vec<Layers>), NotPacked> {
    let mut reader = Reader { bytes, dims, count: dims.iter().product() };
    let mut builder = DeltaBuilder::new(dims);
    let mut end = 0;
    for _ in 0..reader.number()? {
        let run = reader.run(&mut end)?;
        let (before, after) = (reader.label()?, reader.label()?);
        builder.push(DeltaRun { run, before, after });
    }
    let mut layers = Vec::new();
    for _ in 0..reader.number()? {
        let object = LabelId(reader.label()?);
        let [a, b] = [reader.region()?, reader.region()?];
        layers.push((object, [a, b, reader.region()?, reader.region()?]));
    }
    if reader.bytes.is_empty() { Ok((builder.finish(), layers)) } else { Err(NotPacked) }
}

/// A region as bytes, as those of a layer.
pub fn pack_region(region: &Region) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_region(&mut bytes, region);
    bytes.shrink_to_fit();
    bytes
}

/// The region that was packed, of a label map of `dims`.
///
/// # Errors
/// These are other bytes, or of a map of another size.
pub fn unpack_region(bytes: &[u8], dims: [usize; 3]) -> Result<Region, NotPacked> {
    let mut reader = Reader { bytes, dims, count: dims.iter().product() };
    let region = reader.region()?;
    if reader.bytes.is_empty() { Ok(region) } else { Err(NotPacked) }
}

fn put_region(bytes: &mut Vec<u8>, region: &Region) {
    let mut end = 0;
    number(bytes, region.runs().len());
    region.runs().iter().for_each(|run| put_run(bytes, *run, &mut end));
}

fn put_run(bytes: &mut Vec<u8>, run: Run, end: &mut usize) {
    number(bytes, run.start - *end);
    number(bytes, run.len as usize);
    *end = run.end();
}

fn number(bytes: &mut Vec<u8>, mut value: usize) {
    while value > 0x7f {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

struct Reader<'b> {
    bytes: &'b [u8],
    dims: [usize; 3],
    /// Voxels of the map.
    count: usize,
}

impl Reader<'_> {
    fn number(&mut self) -> Result<usize, NotPacked> {
        let mut value = 0usize;
        for shift in (0..usize::BITS).step_by(7) {
            let (&byte, rest) = self.bytes.split_first().ok_or(NotPacked)?;
            self.bytes = rest;
            value |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(NotPacked)
    }

    fn label(&mut self) -> Result<u16, NotPacked> {
        self.number()?.try_into().map_err(|_| NotPacked)
    }

    /// The run that begins this much after `end`, which it moves on.
    fn run(&mut self, end: &mut usize) -> Result<Run, NotPacked> {
        let start = end.checked_add(self.number()?).ok_or(NotPacked)?;
        let len = self.number()?;
        let row = self.dims[0];
        if start >= self.count || len == 0 || len > row - start % row {
            return Err(NotPacked);
        }
        *end = start + len;
        Ok(Run { start, len: len as u32 })
    }

    fn region(&mut self) -> Result<Region, NotPacked> {
        let mut builder = RegionBuilder::new(self.dims[0]);
        let mut end = 0;
        for _ in 0..self.number()? {
            let run = self.run(&mut end)?;
            builder.push(run.start, run.len as usize);
        }
        Ok(builder.finish())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DIMS: [usize; 3] = [300, 3, 2];

    fn region(flags: &[bool]) -> Region {
        Region::from_mask(DIMS[0], flags.iter().copied())
    }

    fn delta(labels: &[(u16, u16)]) -> Delta {
        let mut builder = DeltaBuilder::new(DIMS);
        for (start, &(before, after)) in labels.iter().enumerate() {
            builder.push(DeltaRun { run: Run { start, len: 1 }, before, after });
        }
        builder.finish()
    }

    proptest! {
        /// What was packed comes back; cut short, or of a smaller map, it is refused, and no bytes are a panic.
        #[test]
        fn a_write_comes_back(
            labels in prop::collection::vec(prop::sample::select(vec![(0u16, 0u16), (0, 7), (40_000, 0)]), 0..1800),
            flags in prop::collection::vec(any::<bool>(), 0..1800),
            object in 1u16..,
            cut in 0.0f64..1.0,
            noise in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let delta = delta(&labels);
            let part = |n: usize| region(&flags[..flags.len() / n]);
            let regions = [part(1), part(2), Region::default(), part(3)];
            for region in &regions {
                let bytes = pack_region(region);
                prop_assert_eq!(&unpack_region(&bytes, DIMS).unwrap(), region);
                prop_assert_eq!(unpack_region(&bytes[..bytes.len() - 1], DIMS), Err(NotPacked));
            }
            let layers = vec![(LabelId(object), regions)];
            let bytes = pack(&delta, &layers);
            let (found, found_layers) = unpack(&bytes, DIMS).unwrap();
            prop_assert_eq!(found, delta);
            prop_assert_eq!(found_layers, layers);
            let short = (bytes.len() as f64 * cut) as usize;
            prop_assert_eq!(unpack(&bytes[..short], DIMS).err(), Some(NotPacked));
            let _ = unpack(&noise, DIMS);
        }
    }
}
