use super::CpuScene;
use crate::geom::DVec3;
use crate::render::styles::surface_opacity;

/// Share of the wide kernel.
const SMOOTH: f64 = 0.7;

impl CpuScene<'_> {
    fn raw_label(&self, at: [i64; 3]) -> u16 {
        let dims = self.volume.grid().dims();
        let inside = (0..3).all(|a| at[a] >= 0 && (at[a] as usize) < dims[a]);
        if inside { self.labels.get(at.map(|c| c as usize)) } else { 0 }
    }

    /// The label that has the largest part of the surroundings of a voxel coordinate, of the two that are
    /// nearest; 0 for none and for hidden ones.
    pub(super) fn smooth_label(&self, at: DVec3) -> u16 {
        let base = at.floor();
        let part = at - base;
        let base = base.to_array().map(|c| c as i64);
        let corner = |n: usize| [0, 1, 2].map(|a| (n >> a & 1) as i64);
        let label_at = |side: [i64; 3]| self.raw_label([0, 1, 2].map(|a| base[a] + side[a]));
        let share = |side: [i64; 3]| -> f64 {
            (0..3).map(|a| if side[a] == 1 { part[a] } else { 1.0 - part[a] }).product()
        };
        let first = label_at((part + 0.5).floor().to_array().map(|c| c as i64));
        let others = (0..8).map(corner).filter(|&side| label_at(side) != first);
        let mut second = None;
        for side in others {
            if second.is_none_or(|(best, _)| share(side) > best) {
                second = Some((share(side), label_at(side)));
            }
        }
        let winner = match second {
            Some((_, second)) if self.ahead(base, part, first, second) < 0.0 => second,
            _ => first,
        };
        if surface_opacity(self.byte(winner)) > 0.0 { winner } else { 0 }
    }

    /// How much more there is of one label than of another.
    fn ahead(&self, base: [i64; 3], part: DVec3, first: u16, second: u16) -> f64 {
        let sharp = part.to_array().map(|f| [0.0, 1.0 - f, f, 0.0]);
        let wide = part.to_array().map(|f| {
            let g = 1.0 - f;
            let near = |f: f64| 4.0 - 6.0 * f * f + 3.0 * f * f * f;
            [g * g * g, near(f), near(g), f * f * f].map(|w| w / 6.0)
        });
        let mut ahead = 0.0;
        for n in 0..64 {
            let i: [usize; 3] = [n & 3, n >> 2 & 3, n >> 4];
            let product = |w: &[[f64; 4]; 3]| w[0][i[0]] * w[1][i[1]] * w[2][i[2]];
            let weight = (1.0 - SMOOTH) * product(&sharp) + SMOOTH * product(&wide);
            let label = self.raw_label([0, 1, 2].map(|a| base[a] + i[a] as i64 - 1));
            if label == first {
                ahead += weight;
            } else if label == second {
                ahead -= weight;
            }
        }
        ahead
    }

    /// Gradient of a label's extent.
    pub(super) fn label_gradient(&self, at: DVec3, label: u16) -> DVec3 {
        let base = at.floor();
        let mut gradient = DVec3::ZERO;
        for n in 0..512 {
            let offset = DVec3::from_array([n & 7, n >> 3 & 7, n >> 6].map(|c| f64::from(c) - 3.0));
            let voxel = base + offset;
            if self.raw_label(voxel.to_array().map(|c| c as i64)) == label {
                let away = voxel - at;
                gradient += away * (-0.25 * away.length_squared()).exp();
            }
        }
        gradient
    }
}
