//! A PET in standardised uptake values.

use super::suv_factors::SuvKind;
use super::{Scale, Stats, Volume};

impl Volume {
    /// By what its values, as they are now, are multiplied to become these SUV, or with `None` what its source has;
    /// `None` if that can't be known.
    pub fn suv_factor(&self, kind: Option<SuvKind>) -> Option<f64> {
        let factor = |kind: Option<SuvKind>| match kind {
            Some(kind) => self.suv()?.of(kind),
            None => Some(1.0),
        };
        Some(factor(kind)? / factor(self.suv_kind())?)
    }

    /// In which SUV its source has its values already.
    pub fn stored_suv(&self) -> Option<SuvKind> {
        self.suv()?.as_stored()
    }

    /// Whether its unit can be chosen: of what its source has in SUV it can't.
    pub fn has_choice_of_suv(&self) -> bool {
        self.suv().is_some() && self.stored_suv().is_none()
    }

    /// The same scan in SUV, or with `None` as its source has it; `None` if that does not say what is needed. Cheap: the
    /// voxels are shared.
    pub fn in_suv(&self, kind: Option<SuvKind>) -> Option<Self> {
        let factor = match kind {
            Some(kind) => self.suv()?.of(kind)?,
            None => 1.0,
        };
        // From its own, so that the way back leads there to the last bit.
        let Scale { slope, inter } = self.source_scale();
        let scale = Scale { slope: slope * factor, inter: inter * factor };
        Some(self.rescaled(scale, kind.or(self.stored_suv())))
    }
}

impl Stats {
    /// Those of values that are `factor` (> 0) times these, in another unit.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        let Self { min, max, mean, .. } = self;
        Self { min: min * factor, max: max * factor, mean: mean * factor, ct: None, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::super::suv_factors::SuvFactors;
    use super::*;

    /// By hand: 370 megabecquerel in 70 kg, 1.75 m. Lean body mass and surface as published calculators have them.
    #[test]
    fn factors_are_those_of_the_formulas() {
        let factors = SuvFactors::new(370e6, 70.0, Some(1.75), Some(true));
        let near = |found: Option<f64>, expected: f64| {
            let found = found.unwrap() * 370e6;
            assert!((found - expected).abs() < 1e-3 * expected, "{found}, {expected}");
        };
        near(factors.body_weight, 70_000.0);
        // 9270 · 70 / (6680 + 216 · 22.857): 55.86 kg; 1.8481 m².
        near(factors.lean_body_mass, 55_859.0);
        near(factors.body_surface, 18_481.0);
        let woman = SuvFactors::new(370e6, 70.0, Some(1.75), Some(false));
        near(woman.lean_body_mass, 45_197.0);
        let unknown = SuvFactors::new(370e6, 70.0, None, Some(true));
        assert_eq!((unknown.lean_body_mass, unknown.body_surface), (None, None));
    }

    #[test]
    fn what_is_in_suv_is_so_from_the_start() {
        let grid = crate::geom::Grid::new([2, 1, 1], crate::geom::DAffine3::IDENTITY).unwrap();
        let one = Some(1.0);
        let none = SuvFactors::default();
        for (factors, kind) in [
            (SuvFactors { body_weight: one, ..none }, Some(SuvKind::BodyWeight)),
            (SuvFactors { lean_body_mass: one, ..none }, Some(SuvKind::LeanBodyMass)),
            (SuvFactors { body_surface: one, ..none }, Some(SuvKind::BodySurface)),
            (SuvFactors { ideal_body_weight: one, ..none }, Some(SuvKind::IdealBodyWeight)),
            (SuvFactors { body_weight: Some(2.0), ..none }, None),
            (SuvFactors { body_weight: one, lean_body_mass: Some(0.8), ..none }, None),
            (none, None),
        ] {
            let said = crate::volume::StoredGeometry::of(&grid);
            let voxels = crate::volume::Voxels::I16(vec![-10, 20]);
            let scan =
                Volume::new("pet", grid.clone(), vec![2, 1, 1], voxels, Scale::NONE, said, vec![]);
            let scan = scan.with_suv(Some(factors));
            assert_eq!((scan.suv_kind(), scan.stored_suv()), (kind, kind), "{factors:?}");
            let back = scan.in_suv(None).unwrap();
            assert_eq!((back.suv_kind(), back.scale()), (kind, Scale::NONE), "{factors:?}");
            assert!(!scan.stats().looks_like_ct(), "{factors:?}");
        }
    }

    #[test]
    fn a_scan_in_suv_goes_back_to_what_it_was() {
        let grid = crate::geom::Grid::new([2, 1, 1], crate::geom::DAffine3::IDENTITY).unwrap();
        let said = crate::volume::StoredGeometry::of(&grid);
        let voxels = crate::volume::Voxels::I16(vec![10, 20]);
        let scale = Scale { slope: 3.0, inter: 1.0 };
        let scan = Volume::new("pet", grid, vec![2, 1, 1], voxels, scale, said, vec![]);
        assert!(scan.in_suv(Some(SuvKind::BodyWeight)).is_none(), "nothing is known of it");
        let suv =
            SuvFactors { body_weight: Some(0.5), body_surface: Some(2.0), ..Default::default() };
        let scan = scan.with_suv(Some(suv));
        let by_weight = scan.in_suv(Some(SuvKind::BodyWeight)).unwrap();
        assert_eq!(by_weight.value([1, 0, 0]), 30.5);
        assert_eq!(by_weight.suv_kind().map(SuvKind::unit), Some("SUVbw, g/mL"));
        assert!(by_weight.shares_voxels(&scan));
        let by_surface = by_weight.in_suv(Some(SuvKind::BodySurface)).unwrap();
        assert_eq!(by_surface.value([1, 0, 0]), 122.0);
        assert!(by_weight.in_suv(Some(SuvKind::LeanBodyMass)).is_none());
        let back = by_surface.in_suv(None).unwrap();
        assert_eq!((back.value([1, 0, 0]), back.suv_kind()), (61.0, None));
        let odd = SuvFactors { body_weight: Some(0.1 + 0.2), ..SuvFactors::default() };
        let shown = scan.with_suv(Some(odd)).in_suv(Some(SuvKind::BodyWeight)).unwrap();
        assert_eq!(shown.in_suv(None).unwrap().scale(), scale, "to the last bit");
    }
}
