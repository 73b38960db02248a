//! Eigenvalues of symmetric 3 × 3 matrices.

use crate::geom::{DMat3, DVec3};

/// Eigenvalues, the largest first, and their directions (of length 1) of a symmetric matrix: Jacobi's method.
pub(super) fn symmetric_eigen(matrix: DMat3) -> ([f64; 3], [DVec3; 3]) {
    let mut a = matrix.to_cols_array_2d();
    let mut v = DMat3::IDENTITY.to_cols_array_2d();
    for _ in 0..64 {
        let off = a[0][1].powi(2) + a[0][2].powi(2) + a[1][2].powi(2);
        let on = a[0][0].powi(2) + a[1][1].powi(2) + a[2][2].powi(2);
        if off <= 1e-32 * on {
            break;
        }
        for (p, q) in [(0, 1), (0, 2), (1, 2)] {
            rotate(&mut a, &mut v, p, q);
        }
    }
    let mut order = [0, 1, 2];
    order.sort_by(|&m, &n| a[n][n].total_cmp(&a[m][m]));
    (order.map(|n| a[n][n]), order.map(|n| DVec3::new(v[0][n], v[1][n], v[2][n])))
}

/// Turns the plane of two axes until their product vanishes.
fn rotate(a: &mut [[f64; 3]; 3], v: &mut [[f64; 3]; 3], p: usize, q: usize) {
    if a[p][q] == 0.0 {
        return;
    }
    let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let t = if theta == 0.0 { 1.0 } else { t };
    let c = 1.0 / (t * t + 1.0).sqrt();
    let s = t * c;
    for row in a.iter_mut() {
        (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
    }
    let (first, second) = (a[p], a[q]);
    a[p] = std::array::from_fn(|n| c * first[n] - s * second[n]);
    a[q] = std::array::from_fn(|n| s * first[n] + c * second[n]);
    for row in v.iter_mut() {
        (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn the_matrix_stretches_each_direction_by_its_value(
            d in proptest::array::uniform3(-5.0f64..5.0),
            o in proptest::array::uniform3(-5.0f64..5.0),
        ) {
            let matrix = DMat3::from_cols(
                DVec3::new(d[0], o[0], o[1]),
                DVec3::new(o[0], d[1], o[2]),
                DVec3::new(o[1], o[2], d[2]),
            );
            let (values, directions) = symmetric_eigen(matrix);
            proptest::prop_assert!(values[0] >= values[1] && values[1] >= values[2]);
            for (value, direction) in values.iter().zip(directions) {
                proptest::prop_assert!((direction.length() - 1.0).abs() < 1e-9);
                let apart = (matrix * direction - direction * *value).length();
                proptest::prop_assert!(apart < 1e-8, "{apart}");
            }
        }
    }
}
