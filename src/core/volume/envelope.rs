//! Lower envelopes of parabolas.

/// One axis of an exact squared distance transform, and room for its parabolas: used for many lines in a row.
///
/// Felzenszwalb and Huttenlocher, "Distance transforms of sampled functions" (2012): the transform of a volume is
/// that of its lines along one axis after the other.
#[derive(Clone, Debug, Default)]
pub struct Envelope {
    /// The parabola's position and its height.
    parabolas: Vec<(usize, f64)>,
    /// From where on each is the lowest.
    from: Vec<f64>,
}

impl Envelope {
    /// Replaces each value of a line by the lowest parabola there: `min over q of (p - q)² step² + f(q)`, `step` being
    /// the distance of neighbours. Infinite values are no parabolas; a line of them stays. Exact for whole numbers
    /// below 2⁵³ and a step of 1.
    pub fn lower(&mut self, f: &mut [f64], step: f64) {
        self.parabolas.clear();
        self.from.clear();
        let square = step * step;
        for (q, &height) in f.iter().enumerate().filter(|(_, h)| h.is_finite()) {
            let mut from = f64::NEG_INFINITY;
            while let (Some(&(p, lower)), Some(&begin)) = (self.parabolas.last(), self.from.last())
            {
                // Where the two parabolas cross, in positions.
                let (wide, middle) = ((q - p) as f64, (q + p) as f64 / 2.0);
                from = middle + (height - lower) / (2.0 * square * wide);
                if from > begin {
                    break;
                }
                self.parabolas.pop();
                self.from.pop();
                from = f64::NEG_INFINITY;
            }
            self.parabolas.push((q, height));
            self.from.push(from);
        }
        if self.parabolas.is_empty() {
            return;
        }
        let mut k = 0;
        for (p, value) in f.iter_mut().enumerate() {
            while self.from.get(k + 1).is_some_and(|&from| from < p as f64) {
                k += 1;
            }
            let (q, height) = self.parabolas[k];
            *value = (p.abs_diff(q) as f64 * step).powi(2) + height;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_value_becomes_the_least_of_all_parabolas(
            line in prop::collection::vec(prop::option::weighted(0.7, 0u32..200), 0..24),
            step in 1u32..4,
        ) {
            let mut found: Vec<f64> =
                line.iter().map(|v| v.map_or(f64::INFINITY, f64::from)).collect();
            Envelope::default().lower(&mut found, f64::from(step));
            for (p, &value) in found.iter().enumerate() {
                let at = |(q, f): (usize, &Option<u32>)| {
                    f.map(|f| (p.abs_diff(q) as u32 * step).pow(2) + f)
                };
                let least = line.iter().enumerate().filter_map(at).min();
                prop_assert_eq!(value, least.map_or(f64::INFINITY, f64::from));
            }
        }
    }
}
