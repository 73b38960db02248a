use egui::{Rect, pos2};

use crate::geom::Plane;
use crate::ui::kit::text::mark;
use crate::ui::state::{Layout, Pane, Splits, ViewState};

/// Points between neighbouring panes.
const GAP: f32 = 1.0;
/// Panes do not get narrower or lower than this by dragging, in points, where there is room.
const SMALLEST: f32 = 96.0;
/// How far from the gap a splitter can be taken hold of, in points.
const REACH: f32 = 3.0;

/// Something between panes that can be dragged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Splitter {
    /// Between left and right of [`Layout::Quad`].
    QuadX,
    /// Between top and bottom of [`Layout::Quad`].
    QuadY,
    /// Where these two cross.
    QuadCentre,
    /// Beside the large view of [`Layout::Main`].
    Main,
    /// After the first or second view of [`Layout::Row`].
    Row(usize),
}

impl Splitter {
    /// What assistive tools call it.
    pub fn name(self) -> &'static str {
        match self {
            Splitter::QuadX => mark("Left and right views"),
            Splitter::QuadY => mark("Upper and lower views"),
            Splitter::QuadCentre => mark("All four views"),
            Splitter::Main => mark("Large and small views"),
            Splitter::Row(0) => mark("First and second view"),
            Splitter::Row(_) => mark("Second and third view"),
        }
    }

    /// Whether it moves sideways, up and down.
    pub fn moves(self) -> [bool; 2] {
        match self {
            Splitter::QuadX | Splitter::Main | Splitter::Row(_) => [true, false],
            Splitter::QuadY => [false, true],
            Splitter::QuadCentre => [true, true],
        }
    }

    /// Where it is: shares of width and height, of which only those count in which it moves.
    pub fn share(self, splits: &Splits) -> [f32; 2] {
        match self {
            Splitter::QuadX | Splitter::QuadY | Splitter::QuadCentre => {
                [splits.quad_x, splits.quad_y]
            }
            Splitter::Main => [splits.main, 0.0],
            Splitter::Row(n) => [splits.row[n.min(1)], 0.0],
        }
    }

    /// Puts it elsewhere, as far as the panes beside it let it.
    pub fn put(self, splits: &mut Splits, area: Rect, [x, y]: [f32; 2]) {
        let within = |share: f32, length: f32, before: f32, after: f32| {
            let least = SMALLEST.min(length / (before + after));
            let low = least * before / length.max(1.0);
            let high = 1.0 - least * after / length.max(1.0);
            if share.is_finite() && low <= high { share.clamp(low, high) } else { 0.5 }
        };
        let wide = |before, after| within(x, area.width(), before, after);
        match self {
            Splitter::QuadX => splits.quad_x = wide(1.0, 1.0),
            Splitter::QuadY => splits.quad_y = within(y, area.height(), 1.0, 1.0),
            Splitter::QuadCentre => {
                splits.quad_x = wide(1.0, 1.0);
                splits.quad_y = within(y, area.height(), 1.0, 1.0);
            }
            Splitter::Main => splits.main = wide(1.0, 1.0),
            Splitter::Row(0) => splits.row[0] = wide(1.0, 2.0),
            Splitter::Row(_) => splits.row[1] = wide(2.0, 1.0),
        }
    }
}

/// Where the panes lie in `area`. On whole physical pixels, so that pictures and what is drawn over them
/// agree.
pub fn panes(area: Rect, pixels_per_point: f32, view: &ViewState) -> Vec<(Pane, Rect)> {
    let pixels = Pixels::of(area, pixels_per_point);
    if let Some(pane) = view.scan.maximised {
        return vec![(pane, pixels.rect(pixels.x, pixels.y))];
    }
    let splits = &view.prefs.splits;
    match view.prefs.layout {
        Layout::Quad => {
            let columns = pixels.cut(pixels.x, &[splits.quad_x]);
            let rows = pixels.cut(pixels.y, &[splits.quad_y]);
            let places = [(0, 0), (1, 0), (0, 1), (1, 1)];
            let rect = |(column, row): (usize, usize)| pixels.rect(columns[column], rows[row]);
            Pane::ALL.into_iter().zip(places.map(rect)).collect()
        }
        Layout::Main(large) => {
            let columns = pixels.cut(pixels.x, &[splits.main]);
            let rows = pixels.cut(pixels.y, &[1.0 / 3.0, 2.0 / 3.0]);
            let small = Pane::ALL.into_iter().filter(|pane| *pane != large);
            let small = small.zip(rows).map(|(pane, row)| (pane, pixels.rect(columns[1], row)));
            [(large, pixels.rect(columns[0], pixels.y))].into_iter().chain(small).collect()
        }
        Layout::Row => {
            let columns = pixels.cut(pixels.x, &splits.row);
            let slices = [Plane::Axial, Plane::Sagittal, Plane::Coronal].map(Pane::Slice);
            let rect = |column| pixels.rect(column, pixels.y);
            slices.into_iter().zip(columns.into_iter().map(rect)).collect()
        }
    }
}

/// Views that are so much higher than wide have their two sides above and below each other.
const TALL: f32 = 1.4;

/// The two sides of a view: of one size to the pixel, so that what fits into the one fits alike into the other. The
/// first one is at the left, or above.
pub fn sides(pane: Rect, pixels_per_point: f32) -> [Rect; 2] {
    let pixels = Pixels::of(pane, pixels_per_point);
    let [first, second] = if pane.height() > TALL * pane.width() {
        let rows = pixels.cut(pixels.y, &[0.5]);
        [0, 1].map(|n| pixels.rect(pixels.x, rows[n]))
    } else {
        let columns = pixels.cut(pixels.x, &[0.5]);
        [0, 1].map(|n| pixels.rect(columns[n], pixels.y))
    };
    let size = first.size().min(second.size());
    [first, second].map(|side| Rect::from_min_size(side.min, size))
}

/// A table of equal panes, row by row.
pub fn table(area: Rect, pixels_per_point: f32, columns: usize, rows: usize) -> Vec<Rect> {
    let pixels = Pixels::of(area, pixels_per_point);
    let shares = |n: usize| (1..n).map(|k| k as f32 / n as f32).collect::<Vec<_>>();
    let columns = pixels.cut(pixels.x, &shares(columns));
    let rows = pixels.cut(pixels.y, &shares(rows));
    rows.iter().flat_map(|row| columns.iter().map(|column| pixels.rect(*column, *row))).collect()
}

/// The splitters of a layout, and where each can be taken hold of: those that lie over others last.
pub fn splitters(area: Rect, panes: &[(Pane, Rect)], view: &ViewState) -> Vec<(Splitter, Rect)> {
    if view.scan.maximised.is_some() || panes.len() < 3 {
        return Vec::new();
    }
    let after = |n: usize| {
        let rect = panes[n].1;
        Rect::from_x_y_ranges(rect.max.x..=rect.max.x + GAP, area.y_range()).expand2(reach_x())
    };
    match view.prefs.layout {
        Layout::Quad => {
            let edge = panes[0].1.max;
            let y = Rect::from_x_y_ranges(area.x_range(), edge.y..=edge.y + GAP);
            let centre = Rect::from_min_size(edge, egui::vec2(GAP, GAP)).expand(REACH * 2.0);
            vec![
                (Splitter::QuadX, after(0)),
                (Splitter::QuadY, y.expand2(egui::vec2(0.0, REACH))),
                (Splitter::QuadCentre, centre),
            ]
        }
        Layout::Main(_) => vec![(Splitter::Main, after(0))],
        Layout::Row => vec![(Splitter::Row(0), after(0)), (Splitter::Row(1), after(1))],
    }
}

fn reach_x() -> egui::Vec2 {
    egui::vec2(REACH, 0.0)
}

/// An area in whole physical pixels.
struct Pixels {
    x: (f32, f32),
    y: (f32, f32),
    scale: f32,
    gap: f32,
    smallest: f32,
}

impl Pixels {
    fn of(area: Rect, scale: f32) -> Self {
        let whole = |from: f32, to: f32| ((from * scale).round(), (to * scale).round());
        Self {
            x: whole(area.min.x, area.max.x.max(area.min.x)),
            y: whole(area.min.y, area.max.y.max(area.min.y)),
            scale,
            gap: (GAP * scale).round().max(1.0),
            smallest: (SMALLEST * scale).round(),
        }
    }

    /// Cuts a range at these shares of it, keeping every piece as large as there is room for.
    fn cut(&self, (from, to): (f32, f32), shares: &[f32]) -> Vec<(f32, f32)> {
        let pieces = shares.len() as f32 + 1.0;
        let room = to - from - self.gap * (pieces - 1.0);
        let least = (room / pieces).floor().clamp(0.0, self.smallest);
        let mut start = from;
        let mut cut = Vec::with_capacity(shares.len() + 1);
        for (n, share) in shares.iter().enumerate() {
            let after = pieces - 1.0 - n as f32;
            let end = (from + (to - from) * share - self.gap / 2.0).round();
            let last = to - after * (least + self.gap);
            let end = end.min(last).max(start + least).min(to);
            cut.push((start, end));
            start = (end + self.gap).min(to);
        }
        cut.push((start, to));
        cut
    }

    fn rect(&self, x: (f32, f32), y: (f32, f32)) -> Rect {
        Rect::from_min_max(pos2(x.0, y.0) / self.scale, pos2(x.1, y.1) / self.scale)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn view(layout: Layout, splits: Splits) -> ViewState {
        let mut view = ViewState::default();
        (view.prefs.layout, view.prefs.splits) = (layout, splits);
        view
    }

    fn layouts() -> Vec<Layout> {
        let mains = Pane::ALL.map(Layout::Main);
        [Layout::Quad, Layout::Row].into_iter().chain(mains).collect()
    }

    /// On whole pixels, none over another, and together all of the area but the gaps.
    fn check(area: Rect, scale: f32, view: &ViewState) {
        let panes = panes(area, scale, view);
        let gap = (GAP * scale).round().max(1.0);
        let mut covered = 0.0;
        for (n, (pane, rect)) in panes.iter().enumerate() {
            for edge in [rect.min.x, rect.min.y, rect.max.x, rect.max.y] {
                let pixels = edge * scale;
                assert!((pixels - pixels.round()).abs() < 0.02, "{edge} at {scale}");
            }
            assert!(rect.width() >= 0.0 && rect.height() >= 0.0, "{pane:?} {rect}");
            assert!(area.expand(1.0).contains_rect(*rect), "{pane:?} {rect} in {area}");
            covered += rect.width() * rect.height();
            for (other, place) in &panes[n + 1..] {
                let both = rect.intersect(*place);
                let apart = both.width() <= 0.0 || both.height() <= 0.0;
                assert!(apart, "{pane:?} {rect} and {other:?} {place}");
            }
        }
        let lines = match view.prefs.layout {
            Layout::Quad => area.width() + area.height(),
            Layout::Main(_) => area.height() + 2.0 * area.width(),
            Layout::Row => 2.0 * area.height(),
        };
        let gaps = lines * gap / scale + 2.0 * (area.width() + area.height()) / scale + 8.0;
        assert!(covered >= area.area() - gaps, "{covered} of {} in {panes:?}", area.area());
    }

    proptest! {
        #[test]
        fn layouts_tile_any_area_at_any_scale(
            min in prop::array::uniform2(0.0f32..300.0),
            size in prop::array::uniform2(0.0f32..3000.0),
            scale in 0.5f32..3.0,
            shares in prop::array::uniform5(-0.2f32..1.2),
        ) {
            let area = Rect::from_min_size(pos2(min[0], min[1]), size.into());
            let [quad_x, quad_y, main, first, second] = shares;
            let splits = Splits { quad_x, quad_y, main, row: [first, second] };
            for layout in layouts() {
                check(area, scale, &view(layout, splits));
            }
        }

        #[test]
        fn a_splitter_goes_where_it_is_put_and_leaves_room(
            size in prop::array::uniform2(400.0f32..3000.0),
            share in prop::array::uniform2(-1.0f32..2.0),
        ) {
            let area = Rect::from_min_size(pos2(30.0, 40.0), size.into());
            for layout in layouts() {
                let before = view(layout, Splits::default());
                for (splitter, _) in splitters(area, &panes(area, 1.0, &before), &before) {
                    let mut after = before.clone();
                    splitter.put(&mut after.prefs.splits, area, share);
                    let panes = panes(area, 1.0, &after);
                    for (pane, rect) in &panes {
                        prop_assert!(rect.width() >= SMALLEST - 2.0, "{pane:?} {rect}");
                        prop_assert!(rect.height() >= SMALLEST - 2.0, "{pane:?} {rect}");
                    }
                    let first = panes[0].1;
                    let wanted = area.min.x + area.width() * share[0];
                    let inside = share[0] > 0.05 && share[0] * area.width() > 110.0
                        && (1.0 - share[0]) * area.width() > 220.0;
                    if splitter.moves()[0] && splitter != Splitter::Row(1) && inside {
                        prop_assert!((first.max.x - wanted).abs() < 3.0, "{first} {wanted}");
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn sides_are_equal_and_fill_their_view(
            min in prop::array::uniform2(0.0f32..300.0),
            size in prop::array::uniform2(40.0f32..2000.0),
            scale in 0.5f32..3.0,
        ) {
            let pane = Pixels::of(Rect::from_min_size(min.into(), size.into()), scale);
            let pane = pane.rect(pane.x, pane.y);
            let [first, second] = sides(pane, scale);
            prop_assert!((first.size() - second.size()).length() < 1e-3, "{first} {second}");
            let both = first.intersect(second);
            prop_assert!(both.width() <= 0.0 || both.height() <= 0.0);
            prop_assert!(pane.expand(0.01).contains_rect(first));
            prop_assert!(pane.expand(0.01).contains_rect(second));
            let lost = pane.area() - first.area() - second.area();
            let line = pane.width().max(pane.height());
            prop_assert!(lost <= 4.0 * line / scale + 2.0 * line, "{lost}");
            prop_assert!(first.min == pane.min);
        }
    }

    #[test]
    fn a_table_has_equal_cells_that_do_not_overlap() {
        let area = Rect::from_min_max(pos2(3.0, 5.0), pos2(903.0, 605.0));
        let cells = table(area, 1.0, 5, 4);
        assert_eq!(cells.len(), 20);
        assert_eq!((cells[0].min, cells[19].max), (area.min, area.max));
        for (n, cell) in cells.iter().enumerate() {
            assert!((cell.width() - 179.0).abs() < 2.0 && (cell.height() - 149.0).abs() < 2.0);
            assert!(cells[n + 1..].iter().all(|c| !c.shrink(0.1).intersects(cell.shrink(0.1))));
        }
    }

    #[test]
    fn a_maximised_pane_is_alone() {
        let area = Rect::from_min_max(pos2(0.0, 0.0), pos2(640.0, 480.0));
        for layout in layouts() {
            let mut view = view(layout, Splits::default());
            view.scan.maximised = Some(Pane::Volume);
            let panes = panes(area, 1.0, &view);
            assert_eq!(panes, [(Pane::Volume, area)]);
            assert!(splitters(area, &panes, &view).is_empty());
        }
    }

    #[test]
    fn the_layouts_are_what_they_are_called() {
        let area = Rect::from_min_max(pos2(0.0, 0.0), pos2(901.0, 600.0));
        let of = |layout| panes(area, 1.0, &view(layout, Splits::default()));
        let quad = of(Layout::Quad);
        assert_eq!(quad.iter().map(|(p, _)| *p).collect::<Vec<_>>(), Pane::ALL);
        assert_eq!(quad[3].1.max, area.max);
        let main = of(Layout::Main(Pane::Volume));
        assert_eq!((main[0].0, main[0].1.height()), (Pane::Volume, 600.0));
        assert!((main[0].1.width() - 630.0).abs() < 2.0);
        assert!(main[1..].iter().all(|(_, r)| (r.height() - 200.0).abs() < 2.0));
        let row = of(Layout::Row);
        assert_eq!(row.len(), 3);
        assert!(row.iter().all(|(_, r)| r.height() == 600.0 && (r.width() - 300.0).abs() < 2.0));
    }
}
