use crate::geom::{DVec2, DVec3};

/// Where the plane `z` cuts a box with these corners (bit n of an index tells the side along axis n): the corners of
/// the cut in order, none if the plane misses the box.
pub fn cut(corners: &[DVec3; 8], z: f64) -> Vec<DVec2> {
    let mut points = Vec::new();
    for from in 0..8usize {
        for axis in 0..3 {
            let to = from | 1 << axis;
            if to == from {
                continue;
            }
            let (a, b) = (corners[from], corners[to]);
            // Half open, so that a corner in the plane counts once.
            if (a.z >= z) != (b.z >= z) {
                let t = (z - a.z) / (b.z - a.z);
                points.push(a.lerp(b, t).truncate());
            }
        }
    }
    let centre = points.iter().copied().sum::<DVec2>() / points.len().max(1) as f64;
    let angle = |p: &DVec2| (p.y - centre.y).atan2(p.x - centre.x);
    points.sort_by(|a, b| angle(a).total_cmp(&angle(b)));
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, DMat3};
    use crate::prompt::{Footprint, Prompt};

    fn area(points: &[DVec2]) -> f64 {
        let next = points.iter().cycle().skip(1);
        points.iter().zip(next).map(|(a, b)| a.perp_dot(*b)).sum::<f64>() / 2.0
    }

    /// A cube of 192 mm.
    fn cube(rotation: DMat3) -> [DVec3; 8] {
        let m = rotation * DMat3::from_diagonal(DVec3::splat(192.0));
        // Its middle at the origin.
        let world_from_box = DAffine3::from_mat3_translation(m, m * DVec3::splat(-0.5));
        let opener = Prompt::positive(DVec3::ZERO);
        Footprint { opener, world_from_box }.corners()
    }

    #[test]
    fn a_straight_cube_is_cut_in_a_square_of_192_mm() {
        let corners = cube(DMat3::IDENTITY);
        let square = cut(&corners, 10.0);
        assert_eq!(square.len(), 4);
        assert!((area(&square) - 192.0 * 192.0).abs() < 1e-6);
        assert!(square.iter().all(|p| (p.abs() - 96.0).length() < 1e-9));
        assert!(cut(&corners, 96.5).is_empty() && cut(&corners, -96.5).is_empty());
        assert_eq!(cut(&corners, 96.0).len(), 4, "a face in the plane is a square once");
    }

    #[test]
    fn a_cube_on_its_corner_is_cut_in_a_regular_hexagon() {
        // Rotates (1, 1, 1) onto z.
        let axis = DVec3::new(1.0, -1.0, 0.0).normalize();
        let angle = (1.0 / 3f64.sqrt()).acos();
        let hexagon = cut(&cube(DMat3::from_axis_angle(axis, angle)), 0.0);
        assert_eq!(hexagon.len(), 6);
        let expected = 192.0 * 192.0 * 3.0 * 3f64.sqrt() / 4.0;
        assert!((area(&hexagon) - expected).abs() < 1e-6, "{} {expected}", area(&hexagon));
    }
}
