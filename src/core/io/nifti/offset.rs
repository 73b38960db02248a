//! Where the voxels begin. Several writers leave `vox_offset` at 0, or say 348 because they know of no
//! extensions: then the file's length tells.

use crate::volume::Warning;

/// The four bytes after a header that say whether extensions follow.
const EXTENSION_FLAG: u64 = 4;

/// What a header says about the place of the first voxel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// At this byte.
    At(u64),
    /// At `stated`, which lies inside of the file's own header of `header` bytes and can't be right.
    InsideHeader { stated: u64, header: u64 },
    /// At this byte of the second file of a pair, where the first is usual.
    InImage(u64),
}

impl Start {
    /// Judges a stated `vox_offset`. A fraction is dropped, as nibabel and ITK do; what is negative or no
    /// number is an error, as in nibabel (ITK takes it for the end of the header).
    pub(super) fn stated(
        offset: f64,
        pair: bool,
        header: u64,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self, String> {
        if !(0.0..9e15).contains(&offset) {
            return Err(format!("the voxels start at byte {offset}"));
        }
        let stated = offset as u64;
        if offset.fract() != 0.0 {
            let text =
                format!("the header puts the voxels at byte {offset}; byte {stated} is used");
            warnings.push(Warning(text));
        }
        Ok(if pair {
            if stated == 0 { Start::At(0) } else { Start::InImage(stated) }
        } else if stated < header + EXTENSION_FLAG {
            Start::InsideHeader { stated, header }
        } else {
            Start::At(stated)
        })
    }

    /// The first byte that is possible.
    pub(super) fn least(self) -> u64 {
        match self {
            Start::At(byte) => byte,
            Start::InsideHeader { header, .. } => header,
            Start::InImage(_) => 0,
        }
    }

    /// The length of content above which it need not be known; `None` if it need not be at all.
    pub(super) fn length_wanted(self, voxels: u64) -> Option<u64> {
        let most = match self {
            Start::At(_) => return None,
            Start::InsideHeader { header, .. } => header + EXTENSION_FLAG,
            Start::InImage(stated) => stated,
        };
        Some(most.saturating_add(voxels).saturating_add(1))
    }

    /// The byte, in a file of `length` bytes (inflated) with so many bytes of voxels, and what to say of it.
    pub(super) fn settled(self, voxels: u64, length: u64) -> (u64, Option<Warning>) {
        let ends = |at: u64| at.checked_add(voxels);
        let (stated, at) = match self {
            Start::At(byte) => return (byte, None),
            Start::InImage(stated) if ends(stated).is_some_and(|end| end <= length) => {
                return (stated, None);
            }
            Start::InImage(stated) if length == voxels => (stated, 0),
            Start::InImage(stated) => return (stated, None),
            Start::InsideHeader { stated, header } => {
                let usual = header + EXTENSION_FLAG;
                let exact = [usual, header, stated]
                    .into_iter()
                    .find(|&at| at >= header && ends(at) == Some(length));
                let fits = ends(usual).is_some_and(|end| end <= length);
                let likely = if stated == header || !fits { header } else { usual };
                (stated, exact.unwrap_or(likely))
            }
        };
        let why =
            if ends(at) == Some(length) { "so that they end with the file" } else { "likely" };
        let warning = (at != stated).then(|| {
            let text =
                format!("the header puts the voxels at byte {stated}; byte {at} is used, {why}");
            Warning(text)
        });
        (at, warning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_tells_where_the_voxels_begin() {
        let inside = |stated, header| Start::InsideHeader { stated, header };
        for (start, length, at, warned) in [
            // Stated, bytes of the file (48 of them voxels), first byte of the voxels.
            (Start::At(352), 400, 352, false),
            (Start::At(352), 500, 352, false),
            (inside(0, 348), 396, 348, true),
            (inside(0, 348), 400, 352, true),
            (inside(0, 348), 401, 352, true),
            (inside(0, 348), 398, 348, true),
            (inside(100, 348), 396, 348, true),
            (inside(100, 348), 400, 352, true),
            (inside(348, 348), 396, 348, false),
            (inside(348, 348), 400, 352, true),
            (inside(348, 348), 999, 348, false),
            (inside(350, 348), 398, 350, false),
            (inside(350, 348), 400, 352, true),
            (inside(0, 540), 588, 540, true),
            (inside(0, 540), 592, 544, true),
            (inside(540, 540), 588, 540, false),
            (Start::InImage(352), 48, 0, true),
            (Start::InImage(16), 64, 16, false),
            (Start::InImage(16), 70, 16, false),
            (Start::InImage(16), 50, 16, false),
        ] {
            let (found, warning) = start.settled(48, length);
            assert_eq!(
                (found, warning.is_some()),
                (at, warned),
                "{start:?}, {length}: {warning:?}"
            );
        }
    }
}
