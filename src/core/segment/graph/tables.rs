//! Small constants of the encoder's attention: relative-position tables laid out for matrix products, and
//! what the padding of a window amounts to. All of them follow from the checkpoint and are computed here.

use crate::segment::checkpoint::{Checkpoint, CheckpointError};

/// Lengths of an attention.
#[derive(Clone, Copy, Debug)]
pub(super) struct Geometry {
    pub(super) heads: usize,
    pub(super) head_dim: usize,
    /// Side of the grid of tokens, G.
    pub(super) grid: usize,
    /// Side of the window, K ≥ G.
    pub(super) window: usize,
}

/// The relative positions of one attention, and the query and key of its padding.
pub(super) struct Tables {
    geometry: Geometry,
    /// `rel_pos_d`, `_h`, `_w`: [2 K − 1, `head_dim`].
    positions: [Vec<f32>; 3],
    /// `b_q`, `b_k`, `b_v`: [3, heads, `head_dim`].
    bias: Vec<f32>,
}

impl Tables {
    /// Reads `<name>.rel_pos_…` and `<name>.qkv.bias`.
    pub(super) fn read(
        checkpoint: &Checkpoint,
        name: &str,
        geometry: &Geometry,
    ) -> Result<Self, CheckpointError> {
        let axis = |axis: &str| checkpoint.values(&format!("{name}.rel_pos_{axis}"));
        let positions = [axis("d")?, axis("h")?, axis("w")?];
        let bias = checkpoint.values(&format!("{name}.qkv.bias"))?;
        Ok(Self { geometry: *geometry, positions, bias })
    }

    /// `R[a, b] = table[a − b + K − 1]` of an axis: `head_dim` values.
    fn relative(&self, axis: usize, a: usize, b: usize) -> &[f32] {
        let (dim, k) = (self.geometry.head_dim, self.geometry.window);
        let row = a + k - 1 - b;
        &self.positions[axis][row * dim..(row + 1) * dim]
    }

    /// [G, `head_dim`, K]: for each a the matrix R[a, ·], transposed.
    fn transposed(&self, axis: usize) -> Vec<f32> {
        let Geometry { head_dim, grid, window, .. } = self.geometry;
        let mut out = vec![0.0; grid * head_dim * window];
        for a in 0..grid {
            for k in 0..window {
                for (c, &value) in self.relative(axis, a, k).iter().enumerate() {
                    out[(a * head_dim + c) * window + k] = value;
                }
            }
        }
        out
    }

    /// Rd for A: [G (qd), `head_dim`, K (kw)].
    pub(super) fn along_d(&self) -> Vec<f32> {
        self.transposed(0)
    }

    /// Rh for B: [G (qh), `head_dim`, K (kw)].
    pub(super) fn along_h(&self) -> Vec<f32> {
        self.transposed(1)
    }

    /// Rw for C, for a whole row of queries at once: [G (kh) · `head_dim`, G (kh) · K (kw)], zero where the two
    /// kh differ.
    pub(super) fn along_w_diagonal(&self) -> Vec<f32> {
        let Geometry { head_dim, grid, window, .. } = self.geometry;
        let blocks = self.transposed(2);
        let mut out = vec![0.0; grid * head_dim * grid * window];
        for (row, values) in blocks.chunks_exact(window).enumerate() {
            let kh = row / head_dim;
            let at = row * grid * window + kh * window;
            out[at..at + window].copy_from_slice(values);
        }
        out
    }

    /// log Σ over the padded kd of e^B, [heads, G (qh), K (kw)]: all K − G of them have the query `b_q`.
    pub(super) fn padding_along_h(&self) -> Vec<f32> {
        let Geometry { heads, grid, window, .. } = self.geometry;
        let count = ((window - grid) as f64).ln();
        let mut out = Vec::with_capacity(heads * grid * window);
        for head in 0..heads {
            for qh in 0..grid {
                out.extend((0..window).map(|kw| (count + self.of_bias(head, 1, qh, kw)) as f32));
            }
        }
        out
    }

    /// log Σ over the padded kh of e^C, [heads, K (kw)]: their query is `b_q`, their tables differ.
    pub(super) fn padding_along_w(&self) -> Vec<f32> {
        let Geometry { heads, grid, window, .. } = self.geometry;
        let mut out = Vec::with_capacity(heads * window);
        for head in 0..heads {
            for kw in 0..window {
                let terms = (grid..window).map(|kh| self.of_bias(head, 2, kh, kw));
                out.push(log_sum_exp(terms) as f32);
            }
        }
        out
    }

    /// `b_q` · R[a, b] of an axis.
    fn of_bias(&self, head: usize, axis: usize, a: usize, b: usize) -> f64 {
        let dim = self.geometry.head_dim;
        let query = &self.bias[head * dim..(head + 1) * dim];
        let products = query.iter().zip(self.relative(axis, a, b));
        products.map(|(&q, &r)| f64::from(q) * f64::from(r)).sum()
    }

    /// The padding's key as a column of the keys' matrix: scaled `b_k`, a zero for each kw, a one for its
    /// logit; [heads, `head_dim` + G + 1].
    pub(super) fn padding_key(&self, scale: f32) -> Vec<f32> {
        let Geometry { heads, head_dim, grid, .. } = self.geometry;
        let keys = &self.bias[heads * head_dim..2 * heads * head_dim];
        let column = |key: &[f32]| {
            let mut column: Vec<f32> = key.iter().map(|&k| k * scale).collect();
            column.resize(head_dim + grid, 0.0);
            column.push(1.0);
            column
        };
        keys.chunks_exact(head_dim).flat_map(column).collect()
    }
}

fn log_sum_exp(terms: impl Iterator<Item = f64> + Clone) -> f64 {
    let most = terms.clone().fold(f64::NEG_INFINITY, f64::max);
    most + terms.map(|t| (t - most).exp()).sum::<f64>().ln()
}

/// Ones where key (kd, kh, kw) has B's (kd, kw) or C's (kh, kw): [2 · G², keys]. Keys after the G³ real
/// ones get nothing.
pub(super) fn rows_to_keys(grid: usize, keys: usize) -> Vec<f32> {
    let g = grid;
    let mut out = vec![0.0; 2 * g * g * keys];
    for key in 0..g * g * g {
        let (kd, kh, kw) = (key / (g * g), key / g % g, key % g);
        out[(kd * g + kw) * keys + key] = 1.0;
        out[((g + kh) * g + kw) * keys + key] = 1.0;
    }
    out
}

/// Ones where a key has a kw: [heads, rows, G³]; rows from G on are zero.
pub(super) fn key_axis(heads: usize, grid: usize, rows: usize) -> Vec<f32> {
    let tokens = grid.pow(3);
    let one = |i: usize| {
        let (row, key) = (i / tokens, i % tokens);
        f32::from(u8::from(row == key % grid))
    };
    let once: Vec<f32> = (0..rows * tokens).map(one).collect();
    once.repeat(heads)
}

#[cfg(test)]
mod tests {
    use super::*;

    const G: usize = 2;
    const K: usize = 4;
    const DIM: usize = 3;
    const HEADS: usize = 2;

    /// Numbers between -1 and 1, times `scale`.
    fn random(count: usize, seed: u32, scale: f32) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 8) as f32 / (1 << 23) as f32 - 1.0) * scale
        };
        (0..count).map(|_| next()).collect()
    }

    fn tables(scale: f32) -> Tables {
        let geometry = Geometry { heads: HEADS, head_dim: DIM, grid: G, window: K };
        let axis = |seed| random((2 * K - 1) * DIM, seed, scale);
        Tables {
            geometry,
            positions: [axis(1), axis(2), axis(3)],
            bias: random(3 * HEADS * DIM, 4, 1.0),
        }
    }

    fn dot(a: &[f32], b: &[f32]) -> f64 {
        a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
    }

    /// Column `k` of `matrix`, [rows, columns].
    fn column(matrix: &[f32], columns: usize, k: usize) -> Vec<f32> {
        matrix.chunks_exact(columns).map(|row| row[k]).collect()
    }

    /// One head of the released code's attention, literally: K³ tokens, the padded ones with the bias for
    /// query, key and value. `token` is (query, key, value) of a real token; the outputs of those.
    fn literal(t: &Tables, head: usize, token: &dyn Fn(usize) -> [Vec<f32>; 3]) -> Vec<Vec<f64>> {
        let of = |[d, h, w]: [usize; 3]| {
            if d < G && h < G && w < G {
                return token((d * G + h) * G + w);
            }
            let part = |n: usize| t.bias[(n * HEADS + head) * DIM..][..DIM].to_vec();
            [part(0), part(1), part(2)]
        };
        let cube = |n: usize| {
            (0..n.pow(3)).map(move |i| [i / (n * n), i / n % n, i % n]).collect::<Vec<_>>()
        };
        let scale = f64::from(DIM as u32).powf(-0.5);
        let keys = cube(K);
        let output = |[qd, qh, qw]: [usize; 3]| {
            let [query, ..] = of([qd, qh, qw]);
            let logit = |&[kd, kh, kw]: &[usize; 3]| {
                // rel_d[…, kw] of the query, rel_h of (qd, qh, kd), rel_w of (qd, qh, kh).
                scale * dot(&query, &of([kd, kh, kw])[1])
                    + dot(&query, t.relative(0, qd, kw))
                    + dot(&of([qd, qh, kd])[0], t.relative(1, qh, kw))
                    + dot(&of([qd, qh, kh])[0], t.relative(2, kh, kw))
            };
            let logits: Vec<f64> = keys.iter().map(logit).collect();
            let all = log_sum_exp(logits.iter().copied());
            let mut sum = vec![0.0; DIM];
            for (key, logit) in keys.iter().zip(&logits) {
                for (sum, &v) in sum.iter_mut().zip(&of(*key)[2]) {
                    *sum += (logit - all).exp() * f64::from(v);
                }
            }
            sum
        };
        cube(G).into_iter().map(output).collect()
    }

    fn log_add_exp(a: f64, b: f64) -> f64 {
        log_sum_exp([a, b].into_iter())
    }

    /// The same as the graph computes it: see `super::super::attention`.
    fn closed(t: &Tables, head: usize, token: &dyn Fn(usize) -> [Vec<f32>; 3]) -> Vec<Vec<f64>> {
        let (d, h, w) = (t.along_d(), t.along_h(), t.along_w_diagonal());
        let (outer_b, outer_c) = (t.padding_along_h(), t.padding_along_w());
        let scale = (DIM as f32).powf(-0.5);
        let padding = t.padding_key(scale);
        let padding_key = &padding[head * (DIM + G + 1)..][..DIM];
        let spread = rows_to_keys(G, G.pow(3) + 1);
        let output = |query: usize| {
            let (qd, qh) = (query / (G * G), query / G % G);
            let row = |i: usize| token((qd * G + qh) * G + i)[0].clone();
            let q = token(query)[0].clone();
            let a = |kw: usize| dot(&q, &column(&d[qd * DIM * K..][..DIM * K], K, kw));
            let b =
                |kd: usize, kw: usize| dot(&row(kd), &column(&h[qh * DIM * K..][..DIM * K], K, kw));
            let c = |kh: usize, kw: usize| {
                let block = &w[kh * DIM * G * K..][..DIM * G * K];
                dot(&row(kh), &column(block, G * K, kh * K + kw))
            };
            let p = |kw: usize| {
                let (outer_b, outer_c) = (
                    f64::from(outer_b[(head * G + qh) * K + kw]),
                    f64::from(outer_c[head * K + kw]),
                );
                let inner_b = log_sum_exp((0..G).map(|kd| b(kd, kw)));
                let all_c = log_add_exp(log_sum_exp((0..G).map(|kh| c(kh, kw))), outer_c);
                let with_real = if kw < G { outer_c } else { all_c };
                log_add_exp(outer_b + all_c, inner_b + with_real)
            };
            let mut rows = Vec::new();
            for part in [&b as &dyn Fn(usize, usize) -> f64, &c] {
                rows.extend((0..G * G).map(|i| part(i / G, i % G)));
            }
            let mut logits: Vec<f64> = (0..G.pow(3))
                .map(|key| {
                    let ones = column(&spread, G.pow(3) + 1, key);
                    let rows: f64 = rows.iter().zip(ones).map(|(r, o)| r * f64::from(o)).sum();
                    f64::from(scale) * dot(&q, &token(key)[1]) + a(key % G) + rows
                })
                .collect();
            logits.push(dot(&q, padding_key) + log_sum_exp((0..K).map(|kw| a(kw) + p(kw))));
            let all = log_sum_exp(logits.iter().copied());
            let mut sum = vec![0.0; DIM];
            for (key, logit) in logits.iter().enumerate() {
                let of_padding = t.bias[(2 * HEADS + head) * DIM..][..DIM].to_vec();
                let value = if key < G.pow(3) { token(key)[2].clone() } else { of_padding };
                for (sum, v) in sum.iter_mut().zip(value) {
                    *sum += (logit - all).exp() * f64::from(v);
                }
            }
            sum
        };
        (0..G.pow(3)).map(output).collect()
    }

    #[test]
    fn one_key_stands_for_all_padded_ones() {
        // From relative positions that hardly matter to some that decide everything.
        for scale in [0.1, 1.0, 30.0] {
            let t = tables(scale);
            for head in 0..HEADS {
                let tokens = random(G.pow(3) * 3 * DIM, 5 + head as u32, 1.0);
                let token = |n: usize| {
                    let part = |i: usize| tokens[(n * 3 + i) * DIM..][..DIM].to_vec();
                    [part(0), part(1), part(2)]
                };
                let expected = literal(&t, head, &token);
                for (a, b) in closed(&t, head, &token).iter().zip(&expected) {
                    for (a, b) in a.iter().zip(b) {
                        assert!((a - b).abs() < 1e-5 * f64::from(scale.max(1.0)), "{a} {b}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_key_gets_its_own_ones() {
        let ones = rows_to_keys(3, 28);
        let sums: Vec<f32> = (0..28).map(|k| column(&ones, 28, k).iter().sum()).collect();
        assert_eq!((&sums[..27], sums[27]), ([2.0; 27].as_slice(), 0.0));
        let axis = key_axis(2, 3, 4);
        assert_eq!(axis.len(), 2 * 4 * 27);
        assert_eq!(&axis[..4], [1.0, 0.0, 0.0, 1.0]);
        assert!(axis[3 * 27..4 * 27].iter().all(|&v| v == 0.0));
    }
}
