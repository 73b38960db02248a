/// Geometry as a file states it, kept word for word, so that a label map saved for a scan can make the
/// same statements and other programs (which may trust another of them) put it in the same place.
/// Fields follow the NIfTI-1 header; `f64` also holds NIfTI-2's.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredGeometry {
    /// NIfTI version the statement was made in: 1 or 2.
    pub version: u8,
    /// The rotation-and-spacing statement.
    pub qform: QForm,
    /// The free affine statement.
    pub sform: SForm,
    /// `pixdim[0..8]`, `[0]` being qfac.
    pub pixdim: [f64; 8],
    /// Units of space and time, NIfTI `xyzt_units`.
    pub xyzt_units: i32,
    /// Number of spatial dimensions stated (`dim[0]`, at most 3): a two-dimensional image stays one.
    pub space_dims: usize,
}

/// NIfTI `qform_code`, `quatern_*`, `qoffset_*`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct QForm {
    /// 0 = not stated, 1 scanner, 2 aligned, 3 Talairach, 4 MNI 152, 5 other template.
    pub code: i32,
    /// Quaternion b, c, d.
    pub quatern: [f64; 3],
    /// Offset in the file's units.
    pub offset: [f64; 3],
}

/// NIfTI `sform_code`, `srow_*`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SForm {
    /// As [`QForm::code`].
    pub code: i32,
    /// The three rows of the voxel-to-world matrix.
    pub rows: [[f64; 4]; 3],
}

impl StoredGeometry {
    /// An sform-only statement of a grid in millimetres: for volumes that came from no file.
    pub fn of(grid: &crate::geom::Grid) -> Self {
        let m = grid.world_from_voxel();
        let t = m.translation.to_array();
        let spacing = grid.spacing();
        Self {
            version: 1,
            qform: QForm::default(),
            sform: SForm {
                code: 1,
                rows: std::array::from_fn(|r| {
                    let row = m.matrix3.row(r);
                    [row.x, row.y, row.z, t[r]]
                }),
            },
            pixdim: [1.0, spacing.x, spacing.y, spacing.z, 0.0, 0.0, 0.0, 0.0],
            xyzt_units: 2,
            space_dims: 3,
        }
    }
}
