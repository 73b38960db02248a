//! What was drawn in one slice, and which of its parts go on as which of another slice.

/// Voxels of a rectangle in a slice.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Of the first voxel, (u, v).
    pub corner: [isize; 2],
    pub size: [usize; 2],
    /// u fastest.
    pub inside: Vec<bool>,
}

impl Shape {
    pub fn empty(corner: [isize; 2], size: [usize; 2]) -> Self {
        Self { corner, size, inside: vec![false; size[0] * size[1]] }
    }

    /// Sets `from..to` of row `v`, counted from the corner.
    pub fn set(&mut self, from: usize, to: usize, v: usize) {
        self.inside[v * self.size[0]..][from..to].fill(true);
    }

    /// The parts that hang together, corners included.
    fn parts(&self) -> Vec<Part> {
        let [width, height] = self.size;
        let mut left = self.inside.clone();
        let mut parts = Vec::new();
        for first in 0..left.len() {
            if !left[first] {
                continue;
            }
            left[first] = false;
            let mut places = vec![first];
            let mut done = 0;
            while let Some(&at) = places.get(done) {
                done += 1;
                let (u, v) = (at % width, at / width);
                for v in v.saturating_sub(1)..(v + 2).min(height) {
                    for u in u.saturating_sub(1)..(u + 2).min(width) {
                        if std::mem::take(&mut left[u + width * v]) {
                            places.push(u + width * v);
                        }
                    }
                }
            }
            parts.push(Part::new(places, self.corner, width));
        }
        parts
    }
}

/// A part of a shape.
struct Part {
    /// Positions in the shape.
    places: Vec<usize>,
    /// (u, v) in the slice.
    centroid: [f64; 2],
    low: [isize; 2],
    high: [isize; 2],
}

impl Part {
    fn new(places: Vec<usize>, corner: [isize; 2], width: usize) -> Self {
        let at = |p: usize| [corner[0] + (p % width) as isize, corner[1] + (p / width) as isize];
        let (mut low, mut high, mut sum) = ([isize::MAX; 2], [isize::MIN; 2], [0.0; 2]);
        for &place in &places {
            for (a, c) in at(place).into_iter().enumerate() {
                (low[a], high[a]) = (low[a].min(c), high[a].max(c));
                sum[a] += c as f64;
            }
        }
        let count = places.len() as f64;
        Self { places, centroid: sum.map(|s| s / count), low, high }
    }
}

/// Parts of two slices that belong together.
#[derive(Debug)]
pub struct Pair {
    /// What of each slice; both have the same rectangle around both.
    pub shapes: [Shape; 2],
    /// From the first one's centroid to the second one's, voxels, if each is one part.
    pub shift: Option<[f64; 2]>,
}

/// Which parts of two slices (of one rectangle) go on as each other. Voxels are `spacing` mm apart.
///
/// Parts that lie over each other are one pair, whatever their numbers. Of those left, the nearest two of both slices
/// are a pair, and what then is left goes on as the nearest part of the other slice, whatever else that one goes on as:
/// if they are [`near`]. A part that has nothing near it in the other slice is in no pair: it ends where it was drawn.
pub fn pairs(a: &Shape, b: &Shape, spacing: [f64; 2]) -> Vec<Pair> {
    let parts = [a.parts(), b.parts()];
    let first = parts[0].len();
    let mut groups = Groups::new(first + parts[1].len());
    join_overlapping(a, &parts, &mut groups);
    join_nearest(&parts, spacing, &mut groups);
    let mut pairs = Vec::new();
    for members in groups.members() {
        let split = members.partition_point(|&n| n < first);
        let of = |members: &[usize]| -> Vec<&Part> {
            let part = |&n: &usize| if n < first { &parts[0][n] } else { &parts[1][n - first] };
            members.iter().map(part).collect()
        };
        let sides = [of(&members[..split]), of(&members[split..])];
        match (&*sides[0], &*sides[1]) {
            ([lone], []) => {
                if let Some(other) = nearest(lone, &parts[1], spacing) {
                    pairs.push(Pair { shift: None, ..pair(a, [vec![*lone], vec![other]]) });
                }
            }
            ([], [lone]) => {
                if let Some(other) = nearest(lone, &parts[0], spacing) {
                    pairs.push(Pair { shift: None, ..pair(a, [vec![other], vec![*lone]]) });
                }
            }
            _ => pairs.push(pair(a, sides)),
        }
    }
    pairs
}

/// `of` has the rectangle that the parts' positions are counted in.
fn pair(of: &Shape, parts: [Vec<&Part>; 2]) -> Pair {
    let all = || parts.iter().flatten();
    let low = [0, 1].map(|a| all().map(|p| p.low[a]).min().unwrap_or(0));
    let high = [0, 1].map(|a| all().map(|p| p.high[a] + 1).max().unwrap_or(0));
    let size = [0, 1].map(|a| (high[a] - low[a]) as usize);
    let shift = match (&*parts[0], &*parts[1]) {
        ([a], [b]) => Some([0, 1].map(|n| b.centroid[n] - a.centroid[n])),
        _ => None,
    };
    let from = [0, 1].map(|a| (low[a] - of.corner[a]) as usize);
    let shapes = parts.map(|parts| {
        let mut shape = Shape::empty(low, size);
        for place in parts.iter().flat_map(|p| &p.places) {
            let (u, v) = (place % of.size[0] - from[0], place / of.size[0] - from[1]);
            shape.inside[u + size[0] * v] = true;
        }
        shape
    });
    Pair { shapes, shift }
}

fn join_overlapping(of: &Shape, parts: &[Vec<Part>; 2], groups: &mut Groups) {
    let mut owner = vec![usize::MAX; of.inside.len()];
    for (n, part) in parts[0].iter().enumerate() {
        for &place in &part.places {
            owner[place] = n;
        }
    }
    for (n, part) in parts[1].iter().enumerate() {
        let mut last = usize::MAX;
        for &place in &part.places {
            if owner[place] != last && owner[place] != usize::MAX {
                last = owner[place];
                groups.join(last, parts[0].len() + n);
            }
        }
    }
}

/// Pairs of parts that lie over nothing, the nearest first.
fn join_nearest(parts: &[Vec<Part>; 2], spacing: [f64; 2], groups: &mut Groups) {
    let first = parts[0].len();
    let count = first + parts[1].len();
    let alone: Vec<usize> = (0..count).filter(|&n| groups.is_alone(n)).collect();
    let split = alone.partition_point(|&n| n < first);
    let mut close: Vec<(f64, usize, usize)> = Vec::new();
    for &a in &alone[..split] {
        for &b in &alone[split..] {
            if let Some(away) = near(&parts[0][a], &parts[1][b - first], spacing) {
                close.push((away, a, b));
            }
        }
    }
    close.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (_, a, b) in close {
        if groups.is_alone(a) && groups.is_alone(b) {
            groups.join(a, b);
        }
    }
}

/// Of these parts the nearest one that is near.
fn nearest<'a>(of: &Part, parts: &'a [Part], spacing: [f64; 2]) -> Option<&'a Part> {
    let near = parts.iter().filter_map(|part| Some((near(of, part, spacing)?, part)));
    near.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, part)| part)
}

/// How far the centroids of two parts are from each other, mm, if that is no further than twice the two are wide: as
/// wide as a disc of the same area.
fn near(a: &Part, b: &Part, spacing: [f64; 2]) -> Option<f64> {
    let along = |n: usize| (a.centroid[n] - b.centroid[n]) * spacing[n];
    let away = along(0).hypot(along(1));
    let wide = |part: &Part| {
        let area = part.places.len() as f64 * spacing[0] * spacing[1];
        2.0 * (area / std::f64::consts::PI).sqrt()
    };
    (away <= 2.0 * (wide(a) + wide(b))).then_some(away)
}

/// Union-find.
struct Groups {
    parent: Vec<usize>,
    /// Members of the group of each root.
    size: Vec<usize>,
}

impl Groups {
    fn new(count: usize) -> Self {
        Self { parent: (0..count).collect(), size: vec![1; count] }
    }

    fn root(&self, mut n: usize) -> usize {
        while self.parent[n] != n {
            n = self.parent[n];
        }
        n
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if a != b {
            self.parent[a.max(b)] = a.min(b);
            self.size[a.min(b)] += self.size[a.max(b)];
        }
    }

    fn is_alone(&self, n: usize) -> bool {
        self.size[self.root(n)] == 1
    }

    /// The groups, each in order.
    fn members(&self) -> Vec<Vec<usize>> {
        let mut members = vec![Vec::new(); self.parent.len()];
        for n in 0..self.parent.len() {
            members[self.root(n)].push(n);
        }
        members.retain(|m| !m.is_empty());
        members
    }
}
