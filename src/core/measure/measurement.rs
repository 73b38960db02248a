//! Measures that are drawn into a scan: lengths, angles, rectangles. All places are RAS, in mm.

use crate::geom::{DVec3, Grid};
use crate::volume::Volume;

/// Names a measurement; it is never given twice in a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MeasurementId(pub u64);

/// A measure that was drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// Which.
    pub id: MeasurementId,
    /// What the user calls it; empty until then.
    pub name: String,
    /// What is measured, and where.
    pub shape: MeasurementShape,
}

/// What is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MeasurementKind {
    /// A straight line.
    #[default]
    Length,
    /// Two lines that meet.
    Angle,
    /// A rectangle, and the values in it.
    Rectangle,
}

impl MeasurementKind {
    /// All.
    pub const ALL: [Self; 3] = [Self::Length, Self::Angle, Self::Rectangle];

    /// How it is called in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Angle => "angle",
            Self::Rectangle => "rectangle",
        }
    }

    /// See [`MeasurementKind::word`].
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// How many places the user sets.
    pub fn places(self) -> usize {
        match self {
            Self::Length | Self::Rectangle => 2,
            Self::Angle => 3,
        }
    }
}

/// Where a measurement is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MeasurementShape {
    /// Its ends.
    Length([DVec3; 2]),
    /// The end of one leg, where the legs meet, the end of the other.
    Angle([DVec3; 3]),
    /// Its corners, one after another around it: the first is opposite the third.
    Rectangle([DVec3; 4]),
}

impl MeasurementShape {
    /// A rectangle with two opposite corners whose sides run along `right` and at right angles to it: unit vectors of
    /// the slice in which it lies, whose other direction is `down`.
    pub fn rectangle(corner: DVec3, opposite: DVec3, [right, down]: [DVec3; 2]) -> Self {
        let way = opposite - corner;
        let [along, across] = [right * way.dot(right), down * way.dot(down)];
        Self::Rectangle([corner, corner + along, corner + along + across, corner + across])
    }

    /// Of a kind with these places; `None` if they are not as many as it has, or one is not finite.
    pub fn of(kind: MeasurementKind, places: &[DVec3]) -> Option<Self> {
        if !places.iter().all(|place| place.is_finite()) {
            return None;
        }
        match kind {
            MeasurementKind::Length => places.try_into().ok().map(Self::Length),
            MeasurementKind::Angle => places.try_into().ok().map(Self::Angle),
            MeasurementKind::Rectangle => places.try_into().ok().map(Self::Rectangle),
        }
    }

    /// What is measured.
    pub fn kind(&self) -> MeasurementKind {
        match self {
            Self::Length(_) => MeasurementKind::Length,
            Self::Angle(_) => MeasurementKind::Angle,
            Self::Rectangle(_) => MeasurementKind::Rectangle,
        }
    }

    /// Its places, in order.
    pub fn places(&self) -> &[DVec3] {
        match self {
            Self::Length(places) => places,
            Self::Angle(places) => places,
            Self::Rectangle(places) => places,
        }
    }

    /// The middle of its places.
    pub fn centre(&self) -> DVec3 {
        let places = self.places();
        places.iter().sum::<DVec3>() / places.len() as f64
    }

    /// The same with one of its places elsewhere. A rectangle stays one: the corner opposite stays where it is, and so
    /// do the directions of the sides.
    #[must_use]
    pub fn moved(&self, place: usize, to: DVec3) -> Self {
        match *self {
            Self::Length(mut places) => {
                places[place % 2] = to;
                Self::Length(places)
            }
            Self::Angle(mut places) => {
                places[place % 3] = to;
                Self::Angle(places)
            }
            Self::Rectangle(places) => {
                let [corner, before, opposite, after] =
                    [0, 1, 2, 3].map(|n| places[(place + n) % 4]);
                let side = |end: DVec3| (end - opposite).try_normalize();
                let Some((along, across)) = side(after).zip(side(before)) else {
                    // One with a side of no length has lost its directions: it goes as a whole.
                    return self.shifted(to - corner);
                };
                let way = to - opposite;
                let [along, across] = [along * way.dot(along), across * way.dot(across)];
                let corners =
                    [opposite + along + across, opposite + across, opposite, opposite + along];
                Self::Rectangle([0, 1, 2, 3].map(|n| corners[(n + 4 - place % 4) % 4]))
            }
        }
    }

    /// The same elsewhere.
    #[must_use]
    pub fn shifted(&self, by: DVec3) -> Self {
        match *self {
            Self::Length(places) => Self::Length(places.map(|place| place + by)),
            Self::Angle(places) => Self::Angle(places.map(|place| place + by)),
            Self::Rectangle(places) => Self::Rectangle(places.map(|place| place + by)),
        }
    }

    /// Length of the line, or of the sides of the rectangle, mm.
    pub fn lengths_mm(&self) -> Vec<f64> {
        match self {
            Self::Length([a, b]) => vec![a.distance(*b)],
            Self::Angle(_) => Vec::new(),
            Self::Rectangle([a, b, c, _]) => vec![a.distance(*b), b.distance(*c)],
        }
    }

    /// The angle between the legs, 0 to 180 degrees; `None` of a leg without length, and of what is no angle.
    pub fn degrees(&self) -> Option<f64> {
        let Self::Angle([a, corner, b]) = self else { return None };
        let (a, b) = (*a - *corner, *b - *corner);
        // (Exact also for very small and very large angles, unlike the arc cosine.)
        let angle = a.cross(b).length().atan2(a.dot(b)).to_degrees();
        (a.length() > 0.0 && b.length() > 0.0).then_some(angle)
    }

    /// Of the rectangle, mm².
    pub fn area_mm2(&self) -> Option<f64> {
        match self.lengths_mm()[..] {
            [a, b] => Some(a * b),
            _ => None,
        }
    }

    /// Values of the voxels whose centres are in the rectangle and in its slice: no further from its plane than half of
    /// what lies between two slices along it. `None` if there are none, or this is no rectangle.
    pub fn values(&self, volume: &Volume) -> Option<RectangleValues> {
        let Self::Rectangle([a, b, _, d]) = *self else { return None };
        let (along, down) = (b - a, d - a);
        let normal = along.cross(down).try_normalize()?;
        let grid = volume.grid();
        // (So far one goes along the normal until one is a voxel further.)
        let thickness = (grid.voxel_from_world().matrix3 * normal).length().recip();
        let half = normal * (thickness / 2.0);
        let [low, high] = voxels_around(grid, self.places(), half)?;
        // What lies on an edge is inside, whatever the last bit says.
        let within = |share: f64| (-1e-9..=1.0 + 1e-9).contains(&share);
        let (mut count, mut mean, mut squares) = (0usize, 0.0, 0.0);
        let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
        // Of the three axes the one along which the plane is passed soonest: along each line of voxels only those near
        // the plane are looked at.
        let m = grid.world_from_voxel().matrix3;
        let towards = [m.x_axis, m.y_axis, m.z_axis].map(|step| step.dot(normal));
        let across = (0..3).max_by(|i, j| towards[*i].abs().total_cmp(&towards[*j].abs()))?;
        let [u, v] = [(across + 1) % 3, (across + 2) % 3];
        for j in low[v]..=high[v] {
            for i in low[u]..=high[u] {
                let mut voxel = [0; 3];
                (voxel[u], voxel[v]) = (i, j);
                let from = (grid.world_of(voxel) - a).dot(normal);
                let ends =
                    [-half.length(), half.length()].map(|end| (end - from) / towards[across]);
                let (first, last) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
                let first = (first.floor() as usize).max(low[across]);
                for n in first..=(last.ceil() as usize).min(high[across]) {
                    voxel[across] = n;
                    let from = grid.world_of(voxel) - a;
                    let inside = within(from.dot(along) / along.length_squared())
                        && within(from.dot(down) / down.length_squared())
                        && from.dot(normal).abs() <= half.length() * (1.0 + 1e-9);
                    if !inside {
                        continue;
                    }
                    let value = volume.value(voxel);
                    if !value.is_finite() {
                        continue;
                    }
                    // Welford's sums, which lose no digits of large values.
                    count += 1;
                    let off = value - mean;
                    mean += off / count as f64;
                    squares += off * (value - mean);
                    (min, max) = (min.min(value), max.max(value));
                }
            }
        }
        let sd = (squares / count as f64).sqrt();
        (count > 0).then_some(RectangleValues { count, mean, sd, min, max })
    }
}

/// The first and the last voxel along each axis of a box that holds places and what is `half` around them; `None` if
/// that is outside of the scan.
fn voxels_around(grid: &Grid, places: &[DVec3], half: DVec3) -> Option<[[usize; 3]; 2]> {
    let all = places.iter().flat_map(|place| [*place - half, *place + half]);
    let voxels: Vec<DVec3> = all.map(|place| grid.voxel(place)).collect();
    let low = voxels.iter().copied().reduce(DVec3::min)?.ceil();
    let high = voxels.iter().copied().reduce(DVec3::max)?.floor();
    let dims = grid.dims();
    let mut ends = [[0; 3]; 2];
    for axis in 0..3 {
        // One voxel more: what lies on an edge may seem to be beside it by the last bit.
        let (low, high) = (low[axis] - 1.0, high[axis] + 1.0);
        if !(high >= 0.0 && low < dims[axis] as f64) {
            return None;
        }
        ends[0][axis] = low.max(0.0) as usize;
        ends[1][axis] = (high as usize).min(dims[axis] - 1);
    }
    Some(ends)
}

/// The values in a rectangle. Voxels without a finite value are left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RectangleValues {
    /// Voxels.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation, of the voxels as all there are (divided by their number).
    pub sd: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::DAffine3;
    use crate::volume::{Scale, StoredGeometry, Voxels};
    use proptest::prelude::*;

    fn volume(grid: &Grid, value: impl Fn([usize; 3]) -> f32) -> Volume {
        let [nx, ny, nz] = grid.dims();
        let at = |n: usize| [n % nx, n / nx % ny, n / nx / ny];
        let values = (0..nx * ny * nz).map(|n| value(at(n))).collect();
        Volume::new(
            "scan",
            grid.clone(),
            grid.dims().to_vec(),
            Voxels::F32(values),
            Scale::NONE,
            StoredGeometry::of(grid),
            Vec::new(),
        )
    }

    #[test]
    fn lengths_and_angles_are_those_of_the_world() {
        let at = |x: f64, y: f64, z: f64| DVec3::new(x, y, z);
        let length = MeasurementShape::Length([at(1.0, 2.0, 3.0), at(4.0, 6.0, 15.0)]);
        assert_eq!(length.lengths_mm(), [13.0]);
        assert_eq!((length.degrees(), length.area_mm2()), (None, None));
        for (a, b, degrees) in [
            (at(1.0, 0.0, 0.0), at(0.0, 5.0, 0.0), Some(90.0)),
            (at(1.0, 0.0, 0.0), at(-2.0, 0.0, 0.0), Some(180.0)),
            (at(1.0, 0.0, 0.0), at(2.0, 0.0, 0.0), Some(0.0)),
            (at(1.0, 0.0, 0.0), at(1.0, 1.0, 0.0), Some(45.0)),
            (at(0.0, 0.0, 0.0), at(1.0, 1.0, 0.0), None),
        ] {
            let corner = at(7.0, -3.0, 2.0);
            let found = MeasurementShape::Angle([corner + a, corner, corner + b]).degrees();
            let near = match (found, degrees) {
                (Some(found), Some(degrees)) => (found - degrees).abs() < 1e-9,
                (found, degrees) => found == degrees,
            };
            assert!(near, "{a} {b}: {found:?}");
        }
    }

    #[test]
    fn a_rectangle_has_the_values_whose_centres_are_in_it() {
        let grid = Grid::new([20, 16, 8], DAffine3::from_scale(DVec3::new(0.5, 1.0, 2.0))).unwrap();
        let scan = volume(&grid, |[x, y, z]| (x + 100 * y + 10_000 * z) as f32);
        let axes = [DVec3::X, DVec3::Y];
        let corner = grid.world_of([3, 4, 5]);
        let rectangle = MeasurementShape::rectangle(corner, grid.world_of([6, 9, 5]), axes);
        assert_eq!(rectangle.lengths_mm(), [1.5, 5.0]);
        assert_eq!(rectangle.area_mm2(), Some(7.5));
        let values = rectangle.values(&scan).unwrap();
        // numpy: v = (x + 100 y + 10000 z)[5, 4:10, 3:7]
        assert_eq!(
            (values.count, values.mean, values.min, values.max),
            (24, 50654.5, 50403.0, 50906.0)
        );
        assert!((values.sd - 170.786_172_352_057_43).abs() < 1e-9, "{}", values.sd);
        // Outside, and of no size.
        let away = rectangle.shifted(DVec3::Z * 100.0);
        assert_eq!(away.values(&scan), None);
        let flat = MeasurementShape::rectangle(corner, corner + DVec3::X, axes);
        assert_eq!(flat.values(&scan), None);
        // What is no number is left out, and what is huge is no harm.
        let odd = volume(&grid, |[x, _, _]| if x == 4 { f32::NAN } else { f32::MAX });
        let values = rectangle.values(&odd).unwrap();
        assert_eq!((values.count, values.sd), (18, 0.0));
    }

    proptest! {
        /// However it lies in the scan, it has the values of the voxels that a plain walk over all finds in it.
        #[test]
        fn a_rectangle_misses_no_voxel(
            turn in prop::array::uniform3(-3.0..3.0f64),
            corner in prop::array::uniform3(-4.0..14.0f64),
            size in prop::array::uniform2(0.5..20.0f64),
        ) {
            let spacing = DVec3::new(1.0, 1.5, 2.5);
            let grid = Grid::new([9, 8, 6], DAffine3::from_scale(spacing)).unwrap();
            let scan = volume(&grid, |[x, y, z]| (x + 10 * y + 100 * z) as f32);
            let turned = glam::DQuat::from_scaled_axis(DVec3::from_array(turn));
            let axes = [turned * DVec3::X, turned * DVec3::Y];
            let corner = DVec3::from_array(corner);
            let opposite = corner + axes[0] * size[0] + axes[1] * size[1];
            let found = MeasurementShape::rectangle(corner, opposite, axes).values(&scan);
            let normal = turned * DVec3::Z;
            let half = (normal / spacing).length().recip() / 2.0;
            let mut values = Vec::new();
            for n in 0..9 * 8 * 6 {
                let voxel = [n % 9, n / 9 % 8, n / 72];
                let from = grid.world_of(voxel) - corner;
                let [right, down] = axes.map(|axis| from.dot(axis));
                let inside = (0.0..=size[0]).contains(&right) && (0.0..=size[1]).contains(&down);
                if inside && from.dot(normal).abs() <= half {
                    values.push(scan.value(voxel));
                }
            }
            prop_assert_eq!(found.map_or(0, |v| v.count), values.len());
            if let Some(found) = found {
                let mean = values.iter().sum::<f64>() / values.len() as f64;
                prop_assert!((found.mean - mean).abs() < 1e-9 * mean.abs().max(1.0));
                prop_assert_eq!(found.max, values.iter().copied().fold(f64::MIN, f64::max));
            }
        }
    }

    #[test]
    fn what_a_file_says_is_checked() {
        for kind in MeasurementKind::ALL {
            assert_eq!(MeasurementKind::from_word(kind.word()), Some(kind));
            let count = if kind == MeasurementKind::Rectangle { 4 } else { kind.places() };
            let places = vec![DVec3::ONE; count];
            assert_eq!(MeasurementShape::of(kind, &places).map(|s| s.kind()), Some(kind));
            assert_eq!(MeasurementShape::of(kind, &places[1..]), None);
            assert_eq!(MeasurementShape::of(kind, &vec![DVec3::NAN; count]), None);
        }
        assert_eq!(MeasurementKind::from_word("circle"), None);
    }

    proptest! {
        /// However a slice lies and whichever corner is taken: it stays a rectangle, the corner opposite stays, and the
        /// one that is moved goes where it was put.
        #[test]
        fn a_rectangle_stays_one(
            turn in prop::array::uniform3(-3.0..3.0f64),
            opposite in prop::array::uniform2(1.0..50.0f64),
            to in prop::array::uniform2(-60.0..60.0f64),
            place in 0..4usize,
        ) {
            let turned = glam::DQuat::from_scaled_axis(DVec3::from_array(turn));
            let axes = [turned * DVec3::X, turned * DVec3::Y];
            let at = |[x, y]: [f64; 2]| DVec3::splat(5.0) + axes[0] * x + axes[1] * y;
            let before = MeasurementShape::rectangle(at([0.0, 0.0]), at(opposite), axes);
            let after = before.moved(place, at(to));
            prop_assert!(after.places()[place].distance(at(to)) < 1e-9);
            let kept = (place + 2) % 4;
            prop_assert!(after.places()[kept].distance(before.places()[kept]) < 1e-9);
            let [a, b, c, d] = [0, 1, 2, 3].map(|n| after.places()[n]);
            prop_assert!((b - a).distance(c - d) < 1e-9);
            prop_assert!((b - a).dot(d - a).abs() < 1e-6);
        }
    }
}
