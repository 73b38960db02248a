//! What tests of the tools that draw share: the scan with a block in it, a turned slice, and polygons.

use egui::{Key, Modifiers, PointerButton, Pos2, Rect, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;
use voxpoint::geom::{DVec2, DVec3, Grid, Plane};
use voxpoint::ui::ToolId;
use voxpoint::ui::views::SliceTransform;

use crate::brush::{grid, look_at, press, spot, with_brush};
use crate::support::{place, view_name};

pub const PRIMARY: PointerButton = PointerButton::Primary;
pub const SECONDARY: PointerButton = PointerButton::Secondary;

/// The window with the tool of this key, its crosshair near the middle of the block, on no voxel's centre.
pub fn with_tool(
    folder: &std::path::Path,
    (modifiers, key): (Modifiers, Key),
    tool: ToolId,
) -> (Harness<'static, App>, DVec3) {
    let mut harness = with_brush(folder);
    press(&mut harness, key, modifiers);
    assert_eq!(harness.state().view().prefs.tool, tool);
    let middle = spot(&harness, DVec3::new(0.2, 0.3, 0.1));
    look_at(&mut harness, middle);
    (harness, middle)
}

/// The two axes that lie in a straight plane.
pub fn axes(plane: Plane) -> [DVec3; 2] {
    match plane {
        Plane::Axial => [DVec3::X, DVec3::Y],
        Plane::Coronal => [DVec3::X, DVec3::Z],
        Plane::Sagittal => [DVec3::Y, DVec3::Z],
    }
}

/// The axial view, turned about the patient's anterior-posterior axis.
pub struct Turned {
    /// The crosshair, in the middle of the block.
    pub middle: DVec3,
    pub normal: DVec3,
    pub rect: Rect,
    transform: SliceTransform,
}

impl Turned {
    pub fn new(harness: &mut Harness<'_, App>) -> Self {
        let middle = spot(harness, DVec3::ZERO);
        look_at(harness, middle);
        harness.hover_at(place(harness, Plane::Coronal, middle));
        harness.step();
        for _ in 0..5 {
            press(harness, Key::ArrowRight, Modifiers::ALT);
        }
        let (view, grid) = (harness.state().view(), grid(harness));
        let frame = view.slice_frame(&grid, Plane::Axial);
        assert!(frame.is_oblique());
        let rect = harness.get_by_label(&view_name(Plane::Axial)).rect();
        let size = DVec2::new(f64::from(rect.width()), f64::from(rect.height()));
        let (convention, slice) = (view.prefs.convention, view.slice(&grid, Plane::Axial));
        let (turn, pan_zoom) = (view.scan.oblique.as_ref(), view.pane(Plane::Axial).pan_zoom);
        let transform =
            SliceTransform::new(&grid, Plane::Axial, convention, turn, pan_zoom, size, slice);
        Self { middle, normal: frame.normal(), rect, transform }
    }

    /// The screen position of a place in the slice that is shown.
    pub fn place(&self, world: DVec3) -> Pos2 {
        let at = self.transform.pane_from_world(world);
        assert!(at.z.abs() < 1e-6, "in the slice shown: {at}");
        self.rect.min + vec2(at.x as f32, at.y as f32)
    }

    /// How far from the plane centres of voxels are at most that it cuts, mm.
    pub fn half_voxel(&self, grid: &Grid) -> f64 {
        let steps = grid.world_from_voxel().matrix3;
        (0..3).map(|a| steps.col(a).dot(self.normal).abs()).sum::<f64>() / 2.0
    }
}

/// How deep a place is inside of a polygon; outside below 0.
pub fn depth(at: DVec2, corners: &[DVec2]) -> f64 {
    let edges = corners.iter().zip(corners.iter().cycle().skip(1));
    let (mut inside, mut distance) = (false, f64::MAX);
    for (&a, &b) in edges {
        if (a.y > at.y) != (b.y > at.y) && at.x < a.x + (b.x - a.x) * (at.y - a.y) / (b.y - a.y) {
            inside = !inside;
        }
        let way = b - a;
        let t = if way == DVec2::ZERO { 0.0 } else { (at - a).dot(way) / way.length_squared() };
        distance = distance.min(at.distance(a + way * t.clamp(0.0, 1.0)));
    }
    if inside { distance } else { -distance }
}
