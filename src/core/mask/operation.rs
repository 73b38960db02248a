//! What can be done to a whole mask, with its settings, as a value: for whoever offers it, repeats it or names it.

use super::morphology::{self, Margin, Shell};
use super::parts::Parts;
use super::snap::snap_to_edge;
use super::split::CutOff;
use super::{
    Connectivity, CutPlane, MaskError, Scope, WorkLimits, holes, interpolate, smooth, split,
};
use crate::geom::{Direction, Grid};
use crate::volume::{Region, Volume};

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperationKind {
    /// Only the largest part stays.
    KeepLargest,
    /// Only parts with a positive click in them stay.
    KeepClicked,
    /// Parts smaller than a volume go.
    RemoveSmaller,
    /// Every part but the largest becomes an object of its own.
    SplitParts,
    /// What lies on the patient's left becomes an object of its own.
    SplitLeftRight,
    /// What a plane cuts off becomes an object of its own, or goes.
    CutByPlane,
    /// Cavities are filled.
    FillHoles,
    /// The slices between drawn ones are filled.
    Interpolate,
    /// The border moves outwards.
    Grow,
    /// The border moves inwards.
    Shrink,
    /// What is thin goes.
    Open,
    /// Narrow gaps are filled.
    Close,
    /// A median filter.
    Median,
    /// A Gaussian filter that keeps the volume.
    Gaussian,
    /// The same for all objects together: where they touch, they touch afterwards.
    SmoothTogether,
    /// A shell takes the mask's place.
    Hollow,
    /// The border moves to the strongest edge near by.
    SnapToEdge,
    /// What another mask has is added.
    Union,
    /// What another mask does not have goes.
    Intersection,
    /// What another mask has goes.
    Difference,
    /// What only one of two masks has: this one or another.
    ExclusiveOr,
}

/// What the size of an operation is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Size {
    /// A length, mm.
    Millimetres,
    /// A volume, mm³.
    CubicMillimetres,
}

impl OperationKind {
    /// All, in the order of lists.
    pub const ALL: [Self; 21] = [
        Self::KeepLargest,
        Self::KeepClicked,
        Self::RemoveSmaller,
        Self::SplitParts,
        Self::SplitLeftRight,
        Self::CutByPlane,
        Self::FillHoles,
        Self::Interpolate,
        Self::Grow,
        Self::Shrink,
        Self::Open,
        Self::Close,
        Self::Median,
        Self::Gaussian,
        Self::SmoothTogether,
        Self::Hollow,
        Self::SnapToEdge,
        Self::Union,
        Self::Intersection,
        Self::Difference,
        Self::ExclusiveOr,
    ];

    /// What its size is, and the one to begin with; `None` if it has none.
    pub fn size(self) -> Option<(Size, f64)> {
        match self {
            Self::RemoveSmaller => Some((Size::CubicMillimetres, 100.0)),
            Self::Grow | Self::Shrink | Self::Open | Self::Median => Some((Size::Millimetres, 2.0)),
            Self::Close | Self::Gaussian | Self::SmoothTogether | Self::Hollow => {
                Some((Size::Millimetres, 3.0))
            }
            Self::SnapToEdge => Some((Size::Millimetres, 4.0)),
            _ => None,
        }
    }

    /// Whether it can be done in one slice alone.
    pub fn takes_slice(self) -> bool {
        !matches!(
            self,
            Self::SplitLeftRight | Self::CutByPlane | Self::Interpolate | Self::SnapToEdge
        )
    }

    /// Whether it is made of two masks ([`Subject::operand`]).
    pub fn takes_other(self) -> bool {
        matches!(self, Self::Union | Self::Intersection | Self::Difference | Self::ExclusiveOr)
    }

    /// Whether it can be done to one side alone.
    pub fn takes_side(self) -> bool {
        matches!(self, Self::Grow | Self::Shrink)
    }
}

/// How a plane cuts a mask.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlaneCut {
    /// The plane.
    pub plane: CutPlane,
    /// What is nearer to it than so many mm stays: half a slice.
    pub half_mm: f64,
    /// The part that is cut off.
    pub off: CutOff,
    /// It goes; else it becomes an object.
    pub removes: bool,
}

/// An operation with its settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Operation {
    /// What is done.
    pub kind: OperationKind,
    /// How far or how large, as [`OperationKind::size`] says. Not looked at where it has none.
    pub size: f64,
    /// Towards one side of the patient only, where that can be.
    pub side: Option<Direction>,
    /// Where a shell lies.
    pub shell: Shell,
    /// In one slice, where that can be, or everywhere.
    pub scope: Scope,
    /// For [`OperationKind::CutByPlane`], which without one cuts nothing.
    pub cut: Option<PlaneCut>,
}

/// What an operation is done to.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The image, on the grid of the masks.
    pub volume: &'a Volume,
    /// The mask.
    pub mask: &'a Region,
    /// Masks that are changed with it by [`OperationKind::SmoothTogether`].
    pub others: &'a [Region],
    /// The second mask where there are two ([`OperationKind::takes_other`]); without one they change nothing.
    pub operand: Option<&'a Region>,
    /// Memory positions of the mask's positive clicks.
    pub clicked: &'a [usize],
}

/// What an operation makes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Operated {
    /// In place of the mask.
    pub mask: Region,
    /// In place of the others, in their order; empty if they stay.
    pub others: Vec<Region>,
    /// Masks of new objects, of voxels of this mask.
    pub parts: Vec<Region>,
}

impl Operated {
    fn unchanged(mask: &Region) -> Self {
        Self { mask: mask.clone(), ..Self::default() }
    }
}

impl Operation {
    /// Does it. Nothing is changed but what it returns.
    ///
    /// # Errors
    /// If the size is not one, it was cancelled, or needs too much memory.
    pub fn run(&self, subject: &Subject, limits: &WorkLimits) -> Result<Operated, MaskError> {
        let Subject { volume, mask, others, operand, clicked } = *subject;
        let (grid, row) = (volume.grid(), volume.grid().dims()[0]);
        if self.kind.size().is_some() {
            super::limits::size(self.size)?;
        }
        let scope = if self.kind.takes_slice() { self.scope } else { Scope::Volume };
        let keeps = |keep: &dyn Fn(&Parts) -> Result<Region, MaskError>| {
            scope.apply(mask, grid.dims(), |within| {
                keep(&Parts::of(within, grid, Connectivity::Corners, limits)?)
            })
        };
        let wanted = match self.kind {
            OperationKind::SplitParts => return split_parts(mask, grid, scope, limits),
            OperationKind::SplitLeftRight => return Ok(split_left_right(mask, grid)),
            OperationKind::CutByPlane => return Ok(self.cut_by_plane(mask, grid)),
            OperationKind::SmoothTogether => {
                return self.smooth_together((mask, others), grid, scope, limits);
            }
            OperationKind::KeepLargest => keeps(&|parts| Ok(parts.largest()))?,
            OperationKind::KeepClicked => keeps(&|parts| Ok(parts.containing(clicked)))?,
            OperationKind::RemoveSmaller => keeps(&|parts| parts.not_smaller(self.size))?,
            OperationKind::FillHoles => holes::fill(mask, grid, scope, limits)?,
            OperationKind::Interpolate => {
                let between = interpolate::interpolate(mask, grid, None, limits)?;
                between.map_or_else(|| mask.clone(), |between| mask.union(&between.region, row))
            }
            OperationKind::Grow => morphology::grow(mask, grid, &self.margin(grid), scope, limits)?,
            OperationKind::Shrink => {
                morphology::shrink(mask, grid, &self.margin(grid), scope, limits)?
            }
            OperationKind::Open => morphology::open(mask, grid, self.size, scope, limits)?,
            OperationKind::Close => morphology::close(mask, grid, self.size, scope, limits)?,
            OperationKind::Median => smooth::median(mask, grid, self.size, scope, limits)?,
            OperationKind::Gaussian => smooth::gaussian(mask, grid, self.size, scope, limits)?,
            OperationKind::Hollow => {
                morphology::hollow(mask, grid, self.size, self.shell, scope, limits)?
            }
            OperationKind::SnapToEdge => snap_to_edge(mask, volume, self.size, limits)?,
            OperationKind::Union
            | OperationKind::Intersection
            | OperationKind::Difference
            | OperationKind::ExclusiveOr => self.combined(mask, operand, grid.dims(), scope)?,
        };
        Ok(Operated { mask: wanted, ..Operated::default() })
    }

    /// What two masks make together.
    fn combined(
        &self,
        mask: &Region,
        operand: Option<&Region>,
        dims: [usize; 3],
        scope: Scope,
    ) -> Result<Region, MaskError> {
        let Some(other) = operand.and_then(|other| scope.within(other, dims)) else {
            return Ok(mask.clone());
        };
        let row = dims[0];
        scope.apply(mask, dims, |within| {
            Ok(match self.kind {
                OperationKind::Union => within.union(&other, row),
                OperationKind::Intersection => within.intersection(&other, row),
                OperationKind::Difference => within.without(&other, row),
                OperationKind::ExclusiveOr => {
                    within.without(&other, row).union(&other.without(within, row), row)
                }
                _ => within.clone(),
            })
        })
    }

    fn cut_by_plane(&self, mask: &Region, grid: &Grid) -> Operated {
        let cut = self.cut.and_then(|cut| {
            Some((split::cut(mask, grid, &cut.plane, cut.half_mm, cut.off)?, cut.removes))
        });
        let Some(([stays, off], removes)) = cut else { return Operated::unchanged(mask) };
        let parts = if removes { Vec::new() } else { vec![off] };
        Operated { mask: stays, parts, ..Operated::default() }
    }

    fn smooth_together(
        &self,
        (mask, others): (&Region, &[Region]),
        grid: &Grid,
        scope: Scope,
        limits: &WorkLimits,
    ) -> Result<Operated, MaskError> {
        let all: Vec<Region> = std::iter::once(mask).chain(others).cloned().collect();
        let mut all = smooth::smooth_together(&all, grid, self.size, scope, limits)?;
        let others = all.split_off(1.min(all.len()));
        let mask = all.pop().unwrap_or_default();
        Ok(Operated { mask, others, parts: Vec::new() })
    }

    /// How far the border moves to each side of the voxel axes.
    fn margin(&self, grid: &Grid) -> Margin {
        let Some(side) = self.side else { return Margin::even(self.size) };
        let (axis, positive) = grid.orientation().voxel_axis(side.axis);
        let mut margin = Margin::even(0.0);
        // Towards higher voxel indices, if that is where the side is.
        let sides = if positive == side.positive { &mut margin.high } else { &mut margin.low };
        sides[axis] = self.size;
        margin
    }
}

/// The largest part stays.
fn split_parts(
    mask: &Region,
    grid: &Grid,
    scope: Scope,
    limits: &WorkLimits,
) -> Result<Operated, MaskError> {
    let Some(within) = scope.within(mask, grid.dims()) else {
        return Ok(Operated::unchanged(mask));
    };
    let row = grid.dims()[0];
    let mut parts = Parts::of(&within, grid, Connectivity::Corners, limits)?.split().into_iter();
    let mut largest = mask.without(&within, row);
    largest.add(&parts.next().unwrap_or_default(), row);
    Ok(Operated { mask: largest, parts: parts.collect(), ..Operated::default() })
}

/// The patient's right stays.
fn split_left_right(mask: &Region, grid: &Grid) -> Operated {
    let plane = split::mid_sagittal(grid, Some(mask));
    let [right, left] = split::split(mask, grid, &plane);
    Operated { mask: right, parts: vec![left], ..Operated::default() }
}

#[cfg(test)]
mod tests;
