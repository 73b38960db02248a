//! Fewer triangles where the surface is even.
//!
//! Garland and Heckbert, "Surface simplification using quadric error metrics" (SIGGRAPH 1997): an edge becomes a point
//! where the sum of the squared distances to the planes of all triangles that were joined there is least. As no plane
//! counts less than whole, no plane is further away than the root of that sum. Edges are not taken in the order of their
//! costs, which needs a queue, but in rounds of growing cost, each of edges that do not touch.

use super::TriangleMesh;
use crate::geom::{DMat3, DVec3};
use crate::mask::{MaskError, WorkLimits};

/// Rounds at most.
const MOST_ROUNDS: usize = 40;
/// Which share of the error the first rounds may take.
const FIRST_SHARES: [f64; 4] = [0.1, 0.2, 0.4, 0.7];
/// The cosine of the angle that no triangle is turned by.
const LEAST_COSINE: f64 = 0.3;

/// Sum of squared distances to planes: `pᵀ A p - 2 b·p + c`.
#[derive(Clone, Copy)]
struct Quadric {
    /// The upper triangle of A: xx, xy, xz, yy, yz, zz.
    a: [f64; 6],
    b: DVec3,
    c: f64,
}

impl Quadric {
    const NONE: Self = Self { a: [0.0; 6], b: DVec3::ZERO, c: 0.0 };

    fn plane(normal: DVec3, point: DVec3) -> Self {
        let (n, d) = (normal, normal.dot(point));
        let a = [n.x * n.x, n.x * n.y, n.x * n.z, n.y * n.y, n.y * n.z, n.z * n.z];
        Self { a, b: n * d, c: d * d }
    }

    fn plus(mut self, other: &Self) -> Self {
        for (mine, theirs) in self.a.iter_mut().zip(other.a) {
            *mine += theirs;
        }
        Self { a: self.a, b: self.b + other.b, c: self.c + other.c }
    }

    fn cost(&self, p: DVec3) -> f64 {
        let [xx, xy, xz, yy, yz, zz] = self.a;
        let ap = DVec3::new(
            xx * p.x + xy * p.y + xz * p.z,
            xy * p.x + yy * p.y + yz * p.z,
            xz * p.x + yz * p.y + zz * p.z,
        );
        (p.dot(ap) - 2.0 * self.b.dot(p) + self.c).max(0.0)
    }

    /// Where it is least, unless that is anywhere on a line or a plane.
    fn least(&self) -> Option<DVec3> {
        let [xx, xy, xz, yy, yz, zz] = self.a;
        let matrix = DMat3::from_cols(
            DVec3::new(xx, xy, xz),
            DVec3::new(xy, yy, yz),
            DVec3::new(xz, yz, zz),
        );
        let trace = xx + yy + zz;
        (matrix.determinant() > 1e-4 * trace.powi(3)).then(|| matrix.inverse() * self.b)
    }
}

/// Joins vertices of a closed mesh as long as that moves none of its triangles' planes by more than `error` mm. It stays
/// closed.
pub(super) fn simplify(
    mesh: &mut TriangleMesh,
    error: f64,
    limits: &WorkLimits,
) -> Result<(), MaskError> {
    // Near to the origin, where squares lose no digits.
    let origin = mesh.vertices.first().copied().unwrap_or_default();
    for vertex in &mut mesh.vertices {
        *vertex -= origin;
    }
    let mut quadrics = vec![Quadric::NONE; mesh.vertices.len()];
    for &triangle in &mesh.triangles {
        let [a, b, c] = mesh.corners(triangle);
        if let Some(normal) = (b - a).cross(c - a).try_normalize() {
            let plane = Quadric::plane(normal, a);
            for n in triangle {
                quadrics[n as usize] = quadrics[n as usize].plus(&plane);
            }
        }
    }
    for round in 0..MOST_ROUNDS {
        limits.check()?;
        let share = FIRST_SHARES.get(round).copied().unwrap_or(1.0);
        let most = (error * share).powi(2);
        let joined = Round::new(mesh, &mut quadrics).run(most);
        mesh.triangles.retain(|triangle| triangle[0] != GONE);
        // What is left is hardly worth a round.
        if round >= FIRST_SHARES.len() && joined * 100 < mesh.triangles.len() {
            break;
        }
    }
    drop_unused(mesh);
    for vertex in &mut mesh.vertices {
        *vertex += origin;
    }
    Ok(())
}

/// The first corner of a triangle that is no more.
const GONE: u32 = u32::MAX;

fn drop_unused(mesh: &mut TriangleMesh) {
    let mut number = vec![GONE; mesh.vertices.len()];
    let mut kept = Vec::new();
    for n in mesh.triangles.iter_mut().flatten() {
        let known = &mut number[*n as usize];
        if *known == GONE {
            *known = kept.len() as u32;
            kept.push(mesh.vertices[*n as usize]);
        }
        *n = *known;
    }
    mesh.vertices = kept;
}

/// One round: each vertex is touched once at most, so that what was known of the others stays true.
struct Round<'m> {
    mesh: &'m mut TriangleMesh,
    quadrics: &'m mut [Quadric],
    /// The triangles of vertex `n` stand in `around` from `first[n]` to `first[n + 1]`.
    first: Vec<u32>,
    around: Vec<u32>,
    touched: Vec<bool>,
    /// When a vertex was last seen as a neighbour.
    seen: Vec<u32>,
    now: u32,
}

impl<'m> Round<'m> {
    fn new(mesh: &'m mut TriangleMesh, quadrics: &'m mut [Quadric]) -> Self {
        let count = mesh.vertices.len();
        let mut first = vec![0u32; count + 1];
        for &n in mesh.triangles.iter().flatten() {
            first[n as usize + 1] += 1;
        }
        for n in 0..count {
            first[n + 1] += first[n];
        }
        let mut place = first.clone();
        let mut around = vec![0u32; 3 * mesh.triangles.len()];
        for (t, triangle) in mesh.triangles.iter().enumerate() {
            for &n in triangle {
                around[place[n as usize] as usize] = t as u32;
                place[n as usize] += 1;
            }
        }
        let (touched, seen) = (vec![false; count], vec![0; count]);
        Self { mesh, quadrics, first, around, touched, seen, now: 0 }
    }

    /// The triangles of a vertex.
    fn of(&self, vertex: u32) -> &[u32] {
        let n = vertex as usize;
        &self.around[self.first[n] as usize..self.first[n + 1] as usize]
    }

    /// Joins edges that cost at most so much; how many.
    fn run(mut self, most: f64) -> usize {
        let mut joined = 0;
        for t in 0..self.mesh.triangles.len() {
            let triangle = self.mesh.triangles[t];
            if triangle[0] == GONE {
                continue;
            }
            for (n, &a) in triangle.iter().enumerate() {
                let b = triangle[(n + 1) % 3];
                // Each edge from one of its triangles.
                if a < b && self.join(a, b, most) {
                    joined += 1;
                    break;
                }
            }
        }
        joined
    }

    fn join(&mut self, a: u32, b: u32, most: f64) -> bool {
        if self.touched[a as usize] || self.touched[b as usize] {
            return false;
        }
        let quadric = self.quadrics[a as usize].plus(&self.quadrics[b as usize]);
        let [pa, pb] = [a, b].map(|n| self.mesh.vertices[n as usize]);
        let middle = pa.midpoint(pb);
        // Far away from the edge the planes say little.
        let near = |p: &DVec3| p.distance_squared(middle) <= pa.distance_squared(pb);
        let place = quadric.least().filter(near).unwrap_or(middle);
        if quadric.cost(place) > most || !self.stays_closed(a, b) || !self.keeps_sides(a, b, place)
        {
            return false;
        }
        for vertex in [a, b] {
            for n in 0..self.of(vertex).len() {
                let t = self.of(vertex)[n] as usize;
                for corner in self.mesh.triangles[t] {
                    if corner != GONE {
                        self.touched[corner as usize] = true;
                    }
                }
            }
        }
        for n in 0..self.of(b).len() {
            let t = self.of(b)[n] as usize;
            let triangle = &mut self.mesh.triangles[t];
            if triangle.contains(&a) {
                *triangle = [GONE; 3];
            } else {
                for corner in triangle.iter_mut().filter(|corner| **corner == b) {
                    *corner = a;
                }
            }
        }
        self.mesh.vertices[a as usize] = place;
        self.quadrics[a as usize] = quadric;
        true
    }

    /// Whether the two have just the two neighbours in common that their triangles have: else two sheets of the surface
    /// would be glued together.
    fn stays_closed(&mut self, a: u32, b: u32) -> bool {
        let mut see = |vertex: u32, check: bool| {
            let mut common = 0;
            self.now += 1;
            let now = self.now;
            for n in self.first[vertex as usize]..self.first[vertex as usize + 1] {
                let t = self.around[n as usize] as usize;
                for corner in self.mesh.triangles[t] {
                    if corner == vertex || corner == GONE {
                        continue;
                    }
                    let seen = &mut self.seen[corner as usize];
                    if check && *seen == now - 1 {
                        common += 1;
                    }
                    *seen = now;
                }
            }
            common
        };
        see(a, false);
        see(b, true) == 2
    }

    /// Whether no triangle is turned over or becomes a line if both vertices are at `place`.
    fn keeps_sides(&self, a: u32, b: u32, place: DVec3) -> bool {
        [(a, b), (b, a)].into_iter().all(|(vertex, other)| {
            self.of(vertex).iter().all(|&t| {
                let triangle = self.mesh.triangles[t as usize];
                if triangle.contains(&other) {
                    return true;
                }
                let before = self.mesh.corners(triangle);
                let mut after = before;
                for (corner, n) in after.iter_mut().zip(triangle) {
                    if n == vertex {
                        *corner = place;
                    }
                }
                let normal = |[p, q, r]: [DVec3; 3]| (q - p).cross(r - p);
                let (old, new) = (normal(before), normal(after));
                let sides = [after[1] - after[0], after[2] - after[1], after[0] - after[2]];
                let longest = sides.iter().map(|s| s.length_squared()).fold(0.0, f64::max);
                // Not a sliver, either.
                new.dot(old) > LEAST_COSINE * new.length() * old.length()
                    && new.length() > 0.02 * longest
            })
        })
    }
}
