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
