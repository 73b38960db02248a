//! The encoder's attention with SAM-Med3D's relative positions, exact, without the windows' padding.
//!
//! With q(d,h,w) the query at a token and `Rd[a,b] = rel_pos_d[a − b + K − 1]` (K the side of the window; Rh,
//! Rw alike), the released code adds to the content logit of query (qd,qh,qw) and key (kd,kh,kw)
//!
//! ```text
//! A[kw] + B[kd,kw] + C[kh,kw]    A[kw] = q(qd,qh,qw)·Rd[qd,kw]
//!                                B[kd,kw] = q(qd,qh,kd)·Rh[qh,kw]    C[kh,kw] = q(qd,qh,kh)·Rw[kh,kw]
//! ```
//!
//! (the textbook's axes are others; the weights were trained with these). A belongs to a query, B and C to
//! a row of queries (qd,qh). So A goes into the matrix product, as further columns of the queries
//! against ones at the keys' kw, and B + C is added once for each row.
//!
//! A windowed block pads the G³ tokens with zeros to K³. A padded token's query, key and value are the
//! biases `b_q`, `b_k`, `b_v`, so all padded keys are one key more, with value `b_v` and the logit
//!
//! ```text
//! l = scale·q·b_k + log Σ_kw exp(A[kw]) P[kw]      (kd, kh ≥ G: that query is b_q)
//! P[kw] = Σ_{kd,kh} e^B e^C                                                      for kw ≥ G
//!       = Σ_{kd≥G} e^B · Σ_kh e^C + Σ_{kd<G} e^B · Σ_{kh≥G} e^C                  for kw < G
//! ```
//!
//! Every term is positive and all sums are taken in logarithms, so nothing cancels. The G³ real queries
//! attend to G³ + 1 keys instead of K³.

use super::builder::{Builder, Set, Value};
use super::tables::{self, Tables};
use crate::segment::checkpoint::{Architecture, Attention, CheckpointError};

/// Names and lengths that all parts of an attention need.
struct AttentionShape<'n> {
    name: &'n str,
    heads: usize,
    head_dim: usize,
    /// Side of the grid of tokens, G.
    grid: usize,
    /// Side of the window, K; the grid's if nothing is padded.
    window: usize,
}

impl AttentionShape<'_> {
    fn tokens(&self) -> usize {
        self.grid.pow(3)
    }

    fn padded(&self) -> bool {
        self.window > self.grid
    }

    /// Keys, with the one for the padding.
    fn keys(&self) -> usize {
        self.tokens() + usize::from(self.padded())
    }

    fn scale(&self) -> f32 {
        (self.head_dim as f32).powf(-0.5)
    }
}

/// From [tokens, channels] to [tokens, channels], without the projection at the end.
pub(super) fn attention(
    b: &mut Builder,
    a: &Architecture,
    name: &str,
    kind: Attention,
    x: &Value,
) -> Result<Value, CheckpointError> {
    let window = match kind {
        Attention::Windowed => a.window,
        Attention::Global => a.grid,
    };
    let f = AttentionShape { name, heads: a.heads, head_dim: a.head_dim, grid: a.grid, window };
    let tables = Tables::read(b.checkpoint(), name, &f.geometry())?;
    let (heads, keys, tokens, g) =
        (f.heads as i64, f.keys() as i64, f.tokens() as i64, f.grid as i64);

    let q = project(b, &f, 0, x)?;
    let q = b.wide(&q);
    let key_axis = relative_to_keys(b, &f, &tables, &q);
    let rows = relative_to_rows(b, &f, &tables, &q);
    let real = if f.padded() { b.slice(&key_axis, 2, 0, f.grid) } else { key_axis.clone() };
    let q = b.reshape(&q, &[heads, tokens, f.head_dim as i64]);
    let queries = if f.padded() {
        let padding = padding_logit(b, &f, &tables, &key_axis, &rows);
        b.concat(&[&q, &real, &padding], 2)
    } else {
        b.concat(&[&q, &real], 2)
    };
    let keys_across = self::keys(b, &f, &tables, x)?;
    let content = b.matmul(&queries, &keys_across);
    let content = b.reshape(&content, &[heads, g * g, g, keys]);
    let bias = spread(b, &f, &rows);
    let logits = b.add(&content, &bias);
    let weights = b.op("Softmax", &[&logits], &[Set::Int("axis", -1)]);
    let weights = b.reshape(&weights, &[heads, tokens, keys]);
    let weights = b.narrow(&weights);
    let v = values(b, &f, x)?;
    let y = b.matmul(&weights, &v);
    let y = b.transpose(&y, &[1, 0, 2]);
    Ok(b.reshape(&y, &[tokens, a.embed_dim as i64]))
}

impl AttentionShape<'_> {
    fn geometry(&self) -> tables::Geometry {
        tables::Geometry {
            heads: self.heads,
            head_dim: self.head_dim,
            grid: self.grid,
            window: self.window,
        }
    }
}

/// Queries (0) or values (2), [heads, tokens by their position, `head_dim`].
fn project(
    b: &mut Builder,
    f: &AttentionShape,
    which: usize,
    x: &Value,
) -> Result<Value, CheckpointError> {
    let (n, g) = (f.heads * f.head_dim, f.grid as i64);
    let weight = b.narrow_part(&format!("{}.qkv.weight", f.name), which * n * n, &[n, n])?;
    let bias = b.narrow_part(&format!("{}.qkv.bias", f.name), which * n, &[n])?;
    let y = b.op("Gemm", &[x, &weight, &bias], &[Set::Int("transB", 1)]);
    // With all three axes apart: ONNX Runtime would split one axis by moving everything once more.
    let y = b.reshape(&y, &[g, g, g, f.heads as i64, f.head_dim as i64]);
    Ok(b.transpose(&y, &[3, 0, 1, 2, 4]))
}

/// A: [heads, tokens, K].
fn relative_to_keys(b: &mut Builder, f: &AttentionShape, tables: &Tables, q: &Value) -> Value {
    let (heads, dim, g, k) = (f.heads as i64, f.head_dim as i64, f.grid as i64, f.window as i64);
    let table =
        b.floats(&format!("{}.Rd", f.name), &[f.grid, f.head_dim, f.window], &tables.along_d());
    let by_d = b.reshape(q, &[heads, g, g * g, dim]);
    let y = b.matmul(&by_d, &table);
    b.reshape(&y, &[heads, g * g * g, k])
}

/// B and C, one after the other: [heads · G², 2 G, K].
fn relative_to_rows(b: &mut Builder, f: &AttentionShape, tables: &Tables, q: &Value) -> Value {
    let (heads, dim, g, k) = (f.heads as i64, f.head_dim as i64, f.grid as i64, f.window as i64);
    let table =
        b.floats(&format!("{}.Rh", f.name), &[f.grid, f.head_dim, f.window], &tables.along_h());
    let along_h = b.matmul(q, &table);
    let along_h = b.reshape(&along_h, &[heads * g * g, g, k]);
    // Each kh has a table of its own: one product with all of them on a diagonal.
    let table = b.floats(
        &format!("{}.Rw", f.name),
        &[f.grid * f.head_dim, f.grid * f.window],
        &tables.along_w_diagonal(),
    );
    let by_row = b.reshape(q, &[heads * g * g, g * dim]);
    let along_w = b.matmul(&by_row, &table);
    let along_w = b.reshape(&along_w, &[heads * g * g, g, k]);
    b.concat(&[&along_h, &along_w], 1)
}

/// B + C of the real keys, and 0 for the padding: [heads, G², 1, keys]. A product with ones and zeros,
/// which is exact and much faster than two broadcasts over axes in the middle.
fn spread(b: &mut Builder, f: &AttentionShape, rows: &Value) -> Value {
    let (heads, g) = (f.heads as i64, f.grid as i64);
    let real = if f.padded() { b.slice(rows, 2, 0, f.grid) } else { rows.clone() };
    let real = b.reshape(&real, &[heads * g * g, 2 * g * g]);
    let (from, to) = (2 * f.grid * f.grid, f.keys());
    let ones =
        b.floats(&format!("rows to {to} keys"), &[from, to], &tables::rows_to_keys(f.grid, to));
    let y = b.matmul(&real, &ones);
    b.reshape(&y, &[heads, g * g, 1, to as i64])
}

/// l without its content term: [heads, tokens, 1].
fn padding_logit(
    b: &mut Builder,
    f: &AttentionShape,
    t: &Tables,
    key_axis: &Value,
    rows: &Value,
) -> Value {
    let (heads, g, k) = (f.heads as i64, f.grid as i64, f.window as i64);
    // Σ over the real kd of e^B, over the real kh of e^C.
    let rows = b.reshape(rows, &[heads * g * g, 2, g, k]);
    let inner = b.log_sum_exp(&rows, 2);
    let inner = b.reshape(&inner, &[heads, g, g, 2, k]);
    let [inner_b, inner_c] = b.halves(&inner, 3).map(|x| b.reshape(&x, &[heads, g, g, k]));
    let name = f.name;
    let outer_b = t.padding_along_h();
    let outer_b = b.floats(&format!("{name}.B"), &[f.heads, 1, f.grid, f.window], &outer_b);
    let outer_c = t.padding_along_w();
    let outer_c = b.floats(&format!("{name}.C"), &[f.heads, 1, 1, f.window], &outer_c);
    let all_c = b.log_add_exp(&inner_c, &outer_c);
    // The padded kd go with every kh; the real kd with the padded kh, or with every kh where kw is padded.
    let is_real: Vec<bool> = (0..f.window).map(|kw| kw < f.grid).collect();
    let is_real = b.flags("kw is real", &[f.window], &is_real);
    let with_real = b.op("Where", &[&is_real, &outer_c, &all_c], &[]);
    let padded_d = b.add(&outer_b, &all_c);
    let real_d = b.add(&inner_b, &with_real);
    let p = b.log_add_exp(&padded_d, &real_d);

    let p = b.reshape(&p, &[heads, g * g, 1, k]);
    let key_axis = b.reshape(key_axis, &[heads, g * g, g, k]);
    let terms = b.add(&key_axis, &p);
    let sum = b.log_sum_exp(&terms, 3);
    b.reshape(&sum, &[heads, g * g * g, 1])
}

/// What the queries are multiplied with: scaled keys, below them a one at each key's kw and, for the
/// padding, a column of its own: [heads, `head_dim` + G (+ 1), keys].
///
/// The keys come out of their product transposed, as the product of the queries needs them.
fn keys(
    b: &mut Builder,
    f: &AttentionShape,
    tables: &Tables,
    x: &Value,
) -> Result<Value, CheckpointError> {
    let n = f.heads * f.head_dim;
    let weight = b.narrow_part(&format!("{}.qkv.weight", f.name), n * n, &[n, n])?;
    let bias = b.narrow_part(&format!("{}.qkv.bias", f.name), n, &[n, 1])?;
    let scale =
        [Set::Int("transB", 1), Set::Float("alpha", f.scale()), Set::Float("beta", f.scale())];
    let k = b.op("Gemm", &[&weight, x, &bias], &scale);
    let k = b.wide(&k);
    let k = b.reshape(&k, &[f.heads as i64, f.head_dim as i64, f.tokens() as i64]);
    let below = f.grid + usize::from(f.padded());
    let ones = b.floats(
        &format!("kw of {} keys", f.keys()),
        &[f.heads, below, f.tokens()],
        &tables::key_axis(f.heads, f.grid, below),
    );
    let k = b.concat(&[&k, &ones], 1);
    if !f.padded() {
        return Ok(k);
    }
    let padding = tables.padding_key(f.scale());
    let shape = [f.heads, f.head_dim + below, 1];
    let padding = b.floats(&format!("{}.padding key", f.name), &shape, &padding);
    Ok(b.concat(&[&k, &padding], 2))
}

/// [heads, keys, `head_dim`].
fn values(b: &mut Builder, f: &AttentionShape, x: &Value) -> Result<Value, CheckpointError> {
    let v = project(b, f, 2, x)?;
    let v = b.reshape(&v, &[f.heads as i64, f.tokens() as i64, f.head_dim as i64]);
    if !f.padded() {
        return Ok(v);
    }
    let n = f.heads * f.head_dim;
    let shape = [f.heads, 1, f.head_dim];
    let padding = b.narrow_part(&format!("{}.qkv.bias", f.name), 2 * n, &shape)?;
    Ok(b.concat(&[&v, &padding], 1))
}
