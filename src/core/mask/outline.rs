//! Closed polygons in two dimensions, of any number of points, asked along lines or at places.

use crate::geom::DVec2;

/// Which places a polygon that crosses itself encloses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FillRule {
    /// Those that the outline goes around, in whichever direction and how often: what a hand-drawn loop means.
    #[default]
    NonZero,
    /// Those from which every way out crosses the outline an odd number of times: the overlap of a loop with itself is
    /// a hole.
    EvenOdd,
}

/// From and (excluded) to.
pub(super) type Span = (f64, f64);

/// A closed polygon. Half open: places exactly on an edge belong to it on the sides of smaller coordinates, so polygons
/// that share an edge share no place, whatever the rule.
#[derive(Clone, Debug)]
pub(super) struct Outline {
    rule: FillRule,
    edges: Vec<Edge>,
    /// Smallest and largest coordinates.
    low: DVec2,
    high: DVec2,
    /// The edges that reach into each of equal strips of v: those of strip n are `in_strip[first[n]..first[n + 1]]`.
    /// A line is crossed by a few edges of one strip, however many points were drawn.
    first: Vec<usize>,
    in_strip: Vec<u32>,
}

/// An edge with `from.y < to.y`.
#[derive(Clone, Copy, Debug)]
struct Edge {
    from: DVec2,
    to_v: f64,
    /// u for each v.
    slope: f64,
    /// 1 if it was drawn this way round, else -1.
    turn: i32,
}

impl Outline {
    /// `None` if the points enclose nothing: fewer than three, not finite, or all at one v.
    pub fn new(points: &[DVec2], rule: FillRule) -> Option<Self> {
        if points.len() < 3 || points.iter().any(|p| !p.is_finite()) {
            return None;
        }
        let next = points.iter().skip(1).chain(points.first());
        let edges: Vec<Edge> = points.iter().zip(next).filter_map(|(&a, &b)| edge(a, b)).collect();
        let low = points.iter().copied().reduce(DVec2::min)?;
        let high = points.iter().copied().reduce(DVec2::max)?;
        if edges.is_empty() {
            return None;
        }
        let mut outline = Self { rule, edges, low, high, first: Vec::new(), in_strip: Vec::new() };
        outline.sort_into_strips(points.len().min(4096));
        Some(outline)
    }

    fn sort_into_strips(&mut self, count: usize) {
        self.first = vec![0; count + 1];
        let strips: Vec<(usize, usize)> = self
            .edges
            .iter()
            .map(|e| (self.strip(e.from.y, count), self.strip(e.to_v, count)))
            .collect();
        for &(a, b) in &strips {
            for n in a..=b {
                self.first[n + 1] += 1;
            }
        }
        for n in 0..count {
            self.first[n + 1] += self.first[n];
        }
        let mut free = self.first.clone();
        self.in_strip = vec![0; self.first[count]];
        for (edge, &(a, b)) in strips.iter().enumerate() {
            for at in &mut free[a..=b] {
                self.in_strip[*at] = edge as u32;
                *at += 1;
            }
        }
    }

    fn strip(&self, v: f64, count: usize) -> usize {
        let share = (v - self.low.y) / (self.high.y - self.low.y);
        ((share * count as f64) as usize).min(count - 1)
    }

    /// The edges that the line at `v` crosses: where, and their turn.
    fn crossings(&self, v: f64) -> impl Iterator<Item = (f64, i32)> {
        let inside = self.low.y <= v && v < self.high.y;
        let strip = if inside { self.strip(v, self.first.len() - 1) } else { 0 };
        let edges = if inside { self.first[strip]..self.first[strip + 1] } else { 0..0 };
        self.in_strip[edges].iter().filter_map(move |&n| {
            let edge = self.edges[n as usize];
            (edge.from.y <= v && v < edge.to_v)
                .then_some((edge.from.x + (v - edge.from.y) * edge.slope, edge.turn))
        })
    }

    fn is_in(&self, turns: i32) -> bool {
        match self.rule {
            FillRule::NonZero => turns != 0,
            FillRule::EvenOdd => turns % 2 != 0,
        }
    }

    /// Where the line at `v` is inside, in order, into `spans`; `work` is room for its crossings.
    pub fn spans(&self, v: f64, work: &mut Vec<(f64, i32)>, spans: &mut Vec<Span>) {
        work.clear();
        spans.clear();
        work.extend(self.crossings(v));
        work.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut turns = 0;
        for &(u, turn) in work.iter() {
            let (before, after) = (self.is_in(turns), self.is_in(turns + turn));
            turns += turn;
            match (before, after) {
                (false, true) => spans.push((u, u)),
                (true, false) => {
                    if let Some(last) = spans.last_mut() {
                        last.1 = u;
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether a place is inside.
    pub fn contains(&self, at: DVec2) -> bool {
        if !(self.low.x <= at.x && at.x < self.high.x) {
            return false;
        }
        self.is_in(self.crossings(at.y).filter(|c| c.0 <= at.x).map(|c| c.1).sum())
    }
}

/// `None` for an edge along a line of constant v, which no such line crosses.
fn edge(a: DVec2, b: DVec2) -> Option<Edge> {
    let (from, to, turn) = if a.y < b.y { (a, b, 1) } else { (b, a, -1) };
    (from.y < to.y).then(|| Edge {
        from,
        to_v: to.y,
        slope: (to.x - from.x) / (to.y - from.y),
        turn,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Sum of the turns seen from a place: the definition, with angles.
    fn winding(points: &[DVec2], at: DVec2) -> i32 {
        let turn = |n: usize| {
            let (a, b) = (points[n] - at, points[(n + 1) % points.len()] - at);
            a.perp_dot(b).atan2(a.dot(b))
        };
        let sum: f64 = (0..points.len()).map(turn).sum();
        (sum / std::f64::consts::TAU).round() as i32
    }

    fn edge_distance(points: &[DVec2], at: DVec2) -> f64 {
        let of = |n: usize| {
            let (a, b) = (points[n], points[(n + 1) % points.len()]);
            let square = (b - a).length_squared();
            let t = if square > 0.0 { ((at - a).dot(b - a) / square).clamp(0.0, 1.0) } else { 0.0 };
            at.distance(a.lerp(b, t))
        };
        (0..points.len()).map(of).fold(f64::INFINITY, f64::min)
    }

    proptest! {
        #[test]
        fn inside_is_what_the_outline_goes_around(
            points in prop::collection::vec(prop::array::uniform2(-5.0f64..5.0), 3..40),
            places in prop::collection::vec(prop::array::uniform2(-6.0f64..6.0), 40),
        ) {
            let points: Vec<DVec2> = points.into_iter().map(DVec2::from_array).collect();
            let of = |rule| Outline::new(&points, rule).unwrap();
            let (nonzero, even_odd) = (of(FillRule::NonZero), of(FillRule::EvenOdd));
            let (mut work, mut spans) = (Vec::new(), Vec::new());
            for at in places.into_iter().map(DVec2::from_array) {
                if edge_distance(&points, at) < 1e-6 {
                    continue;
                }
                let turns = winding(&points, at);
                prop_assert_eq!(nonzero.contains(at), turns != 0);
                prop_assert_eq!(even_odd.contains(at), turns % 2 != 0);
                for outline in [&nonzero, &even_odd] {
                    outline.spans(at.y, &mut work, &mut spans);
                    let within = spans.iter().any(|s| s.0 <= at.x && at.x < s.1);
                    prop_assert_eq!(within, outline.contains(at));
                }
            }
        }
    }

    #[test]
    fn what_encloses_nothing_is_no_outline() {
        let at = |x: f64, y: f64| DVec2::new(x, y);
        for points in [
            vec![],
            vec![at(0.0, 0.0)],
            vec![at(0.0, 0.0), at(1.0, 1.0)],
            vec![at(0.0, 2.0), at(1.0, 2.0), at(3.0, 2.0)],
            vec![at(0.0, 0.0), at(f64::NAN, 1.0), at(1.0, 1.0)],
            vec![at(0.0, 0.0), at(f64::INFINITY, 1.0), at(1.0, 1.0)],
        ] {
            assert!(Outline::new(&points, FillRule::NonZero).is_none(), "{points:?}");
        }
        // A line there and back has edges, but nothing inside.
        let line = [at(0.0, 0.0), at(2.0, 2.0), at(1.0, 1.0)];
        let outline = Outline::new(&line, FillRule::NonZero).unwrap();
        assert!(!outline.contains(at(1.0, 1.5)) && !outline.contains(at(1.5, 1.0)));
    }
}
