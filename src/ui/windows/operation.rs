//! The window of operations on the selected object's mask: what, how large, where; what it would change; and the button
//! that does it.

use egui::{ComboBox, Context, DragValue, Response, RichText, Ui, Window};

use super::place;
use crate::document::{Document, LabelId, Object, Over};
use crate::geom::{Axis, DVec3, Direction, Plane};
use crate::mask::CutPlane;
use crate::mask::morphology::Shell;
use crate::mask::operation::{OperationKind, Size};
use crate::ui::commands::{CommandContext, operations};
use crate::ui::kit::format::{millilitres, shorten};
use crate::ui::kit::icons;
use crate::ui::kit::template::tr_sentence;
use crate::ui::kit::text::{mark, tr, tr_with};
use crate::ui::kit::widgets::{choice, colours, field, quiet};
use crate::ui::state::{
    Action, OperationOptions, OperationScope, OperationStatus, ViewState, WantedOperation,
};

/// Sizes that can be set, mm or mm³.
const LARGEST: f64 = 100_000.0;

/// Draws the window, if it is open and there is a document; says what it is set to.
pub(super) fn show(ctx: &Context, cx: &mut CommandContext) {
    cx.view.transient.operation = None;
    let Some(document) = cx.document.filter(|_| cx.view.windows.operation) else { return };
    let mut open = true;
    let window = Window::new(format!("{} {}", icons::EDIT_MASK, tr("Edit mask")))
        .id(egui::Id::unique("edit_mask"))
        .open(&mut open)
        .collapsible(false)
        .resizable(false);
    let shown = place::beside_slices(window, ctx, cx.view).show(ctx, |ui| {
        ui.set_width(300.0);
        let normal = cut_slice(document, cx.view).0.normal;
        let found = match &cx.status.operation {
            OperationStatus::Ready { cut_off, .. } => *cut_off,
            _ => None,
        };
        let (set, scan) = (&mut cx.view.prefs.operation, &mut cx.view.scan);
        options(ui, document, (normal, found), (set, &mut scan.operand));
        ui.add_space(4.0);
        outcome(ui, document, cx);
    });
    place::keep(shown.map(|shown| shown.response.rect), ctx, cx.view);
    cx.view.windows.operation = open;
    let crosshair = document.image().grid().voxel_clamped(cx.view.scan.crosshair);
    let set = &cx.view.prefs.operation;
    // (Asked again: another view's may have been chosen just now.)
    let cut = cut_slice(document, cx.view);
    cx.view.transient.operation = open.then(|| WantedOperation {
        operation: set.operation(crosshair, cut),
        over: set.over,
        with: operand(document, cx.view.scan.operand),
        preview: set.preview,
    });
}

/// The middle of the slice that is shown in the view whose plane cuts, and half its thickness in mm.
fn cut_slice(document: &Document, view: &ViewState) -> (CutPlane, f64) {
    let (grid, plane) = (document.image().grid(), view.prefs.operation.cut_plane);
    let frame = view.slice_frame(grid, plane);
    let at = frame.view(view.scan.crosshair).with_z(view.slice(grid, plane) as f64);
    let plane = CutPlane { point: frame.world(at), normal: frame.normal() };
    (plane, frame.slice_distance() / 2.0)
}

/// The objects that the selected one can be put together with.
fn operands(document: &Document) -> impl Iterator<Item = &Object> + Clone {
    let active = document.active().map(|o| o.id);
    document.objects().iter().filter(move |o| Some(o.id) != active && o.has_voxels())
}

/// The second object of operations on two: the one that was chosen, or the only one that there is.
fn operand(document: &Document, chosen: Option<LabelId>) -> Option<LabelId> {
    let mut all = operands(document).map(|o| o.id);
    match all.clone().find(|id| Some(*id) == chosen) {
        Some(chosen) => Some(chosen),
        None => all.next().filter(|_| all.next().is_none()),
    }
}

/// Which is the second object.
fn other(ui: &mut Ui, document: &Document, chosen: &mut Option<LabelId>) {
    let now = operand(document, *chosen).and_then(|id| document.object(id));
    let text = now.map_or_else(|| tr("Choose…").to_owned(), |o| shorten(&o.name, 24));
    field(ui, tr("Other object"), |ui| {
        let combo = ComboBox::from_id_salt("operation_other").width(190.0).height(400.0);
        let combo = combo.selected_text(text).show_ui(ui, |ui| {
            for Object { id, name, .. } in operands(document) {
                let mut value = now.map(|o| o.id);
                if ui.selectable_value(&mut value, Some(*id), shorten(name, 40)).clicked() {
                    *chosen = Some(*id);
                }
            }
        });
        let tip = tr(
            "It stays as it is. What the selected object gets of it lies on top of it, or below it while it is locked.",
        );
        combo.response.accessible_name(tr("The other object")).on_hover_text(tip);
    });
}

/// `plane`: where the cutting plane points to, and on which side of it lies what it was found to cut off. `with`: the
/// second object that was chosen.
fn options(
    ui: &mut Ui,
    document: &Document,
    plane: (DVec3, Option<Direction>),
    (set, with): (&mut OperationOptions, &mut Option<LabelId>),
) {
    let name = document.active().map_or("", |o| &o.name);
    field(ui, tr("Object"), |ui| ui.label(name));
    let mut kind = set.kind;
    field(ui, tr("What"), |ui| which(ui, &mut kind));
    set.choose(kind);
    if let Some((size, _)) = set.kind.size() {
        let mut value = set.size();
        let (label, unit, speed) = match size {
            Size::Millimetres => (tr("Size"), " mm", 0.05),
            Size::CubicMillimetres => (tr("Smaller than"), " mm³", 1.0),
        };
        field(ui, label, |ui| {
            let drag = DragValue::new(&mut value).range(0.0..=LARGEST).speed(speed).suffix(unit);
            ui.add(drag).accessible_name(format!("{}: {label}", tr("Edit mask")));
        });
        if value != set.size() {
            set.set_size(value);
        }
    }
    if set.kind.takes_side() {
        field(ui, tr("Towards"), |ui| {
            let (all, sides) = (tr("All sides"), &Direction::ALL[..]);
            let about = tr("Towards which side");
            side(ui, &mut set.side, ((all, all), sides), direction_name, about);
        });
    }
    if set.kind == OperationKind::CutByPlane {
        cut(ui, plane, set);
    }
    if set.kind.takes_other() {
        other(ui, document, with);
    }
    if set.kind == OperationKind::Hollow {
        let shells = [
            (tr("Inside"), Shell::Inside),
            (tr("On both sides"), Shell::Centred),
            (tr("Outside"), Shell::Outside),
        ];
        field(ui, tr("Shell"), |ui| choice(ui, &mut set.shell, &shells));
    }
    if set.kind.takes_slice() {
        field(ui, tr("Where"), |ui| scope(ui, document, &mut set.scope));
    }
    if may_gain(set.kind) {
        let overs =
            [(tr("Background only"), Over::Background), (tr("Unlocked objects"), Over::Unlocked)];
        field(ui, tr("Over"), |ui| choice(ui, &mut set.over, &overs));
    }
    ui.label(quiet(ui, tr(hint(set.kind))));
    let below = document.objects().iter().any(|o| !o.covered.is_empty());
    if set.kind == OperationKind::SmoothTogether && below {
        ui.label(quiet(ui, tr("What lies under other objects stays as it is.")));
    }
    ui.checkbox(&mut set.preview, tr("Preview"));
}

fn which(ui: &mut Ui, kind: &mut OperationKind) {
    let name = |kind| tr(operations::operation_name(kind));
    let combo = ComboBox::from_id_salt("operation").width(190.0).height(560.0);
    let chosen = combo.selected_text(name(*kind)).show_ui(ui, |ui| {
        for other in OperationKind::ALL {
            if let Some(heading) = heading(other) {
                ui.label(quiet(ui, tr(heading)).small());
            }
            ui.selectable_value(kind, other, name(other)).on_hover_text(tr(hint(other)));
        }
    });
    chosen.response.accessible_name(tr("What to do to the mask")).on_hover_text(tr(hint(*kind)));
}

/// What stands in the list above the first of several operations that belong together.
fn heading(kind: OperationKind) -> Option<&'static str> {
    use OperationKind as K;
    Some(match kind {
        K::KeepLargest => mark("Parts"),
        K::FillHoles => mark("Holes and slices"),
        K::Grow => mark("Grow and shrink"),
        K::Median => mark("Surface and shell"),
        K::Union => mark("With another object"),
        _ => return None,
    })
}

/// One of these sides, or none, which is called `none`, and `none_now` while it is chosen; `about` names the choice for
/// screen readers.
fn side(
    ui: &mut Ui,
    side: &mut Option<Direction>,
    ((none, none_now), sides): ((&'static str, &str), &[Direction]),
    name: impl Fn(Direction) -> &'static str,
    about: &str,
) -> Response {
    let now = match *side {
        Some(side) => name(side),
        None => none_now,
    };
    let name = |side: Option<Direction>| side.map_or(none, &name);
    let combo = ComboBox::from_id_salt("operation_side").width(170.0);
    let chosen = combo.selected_text(now).show_ui(ui, |ui| {
        ui.selectable_value(side, None, name(None));
        for one in sides.iter().copied().map(Some) {
            ui.selectable_value(side, one, name(one));
        }
    });
    chosen.response.accessible_name(about)
}

fn direction_name(side: Direction) -> &'static str {
    match (side.axis, side.positive) {
        (Axis::X, true) => tr("Right"),
        (Axis::X, false) => tr("Left"),
        (Axis::Y, true) => tr("Anterior"),
        (Axis::Y, false) => tr("Posterior"),
        (Axis::Z, true) => tr("Superior"),
        (Axis::Z, false) => tr("Inferior"),
    }
}

/// What lies on that side of the crosshair.
fn beyond_name(side: Direction) -> &'static str {
    match (side.axis, side.positive) {
        (Axis::X, true) => tr("Right of the crosshair"),
        (Axis::X, false) => tr("Left of the crosshair"),
        (Axis::Y, true) => tr("Anterior to the crosshair"),
        (Axis::Y, false) => tr("Posterior to the crosshair"),
        (Axis::Z, true) => tr("Superior to the crosshair"),
        (Axis::Z, false) => tr("Inferior to the crosshair"),
    }
}

/// Which plane cuts, what is cut off, and what becomes of it.
fn cut(ui: &mut Ui, (normal, found): (DVec3, Option<Direction>), set: &mut OperationOptions) {
    let mut plane = set.cut_plane;
    field(ui, tr("Plane of"), |ui| {
        let planes = Plane::ALL.map(|plane| (tr(plane.name()), plane));
        choice(ui, &mut plane, &planes);
    });
    if plane != set.cut_plane {
        // Its sides are known in the next frame.
        set.choose_cut_plane(plane);
        ui.ctx().request_repaint();
        return;
    }
    let ends = [normal, -normal].map(Direction::nearest);
    // Planes may have been turned meanwhile.
    set.side = set.side.filter(|side| ends.contains(side));
    field(ui, tr("Cut off"), |ui| {
        let smaller = tr("The smaller part");
        let now = found.map_or_else(
            || smaller.to_owned(),
            |side| tr_with("The smaller part: {side}", &[("side", &direction_name(side))]),
        );
        let sides = ((smaller, &*now), &ends[..]);
        let combo = side(ui, &mut set.side, sides, beyond_name, tr("What is cut off"));
        combo.on_hover_text(tr(
            "Sides are the patient's. The slice of the crosshair stays: what is cut off begins with the next one.",
        ));
    });
    let becomes = [(tr("New object"), false), (tr("Removed"), true)];
    field(ui, tr("Cut-off part"), |ui| choice(ui, &mut set.cut_removes, &becomes));
}

/// Slices are named by the plane that they are nearest to.
fn scope(ui: &mut Ui, document: &Document, scope: &mut OperationScope) {
    let orientation = document.image().grid().orientation();
    let across = |plane: Plane| {
        let axis = match plane {
            Plane::Axial => Axis::Z,
            Plane::Coronal => Axis::Y,
            Plane::Sagittal => Axis::X,
        };
        OperationScope::Slice(orientation.voxel_axis(axis).0)
    };
    let choices = [
        (mark("Whole mask"), OperationScope::Volume),
        (mark("This axial slice"), across(Plane::Axial)),
        (mark("This coronal slice"), across(Plane::Coronal)),
        (mark("This sagittal slice"), across(Plane::Sagittal)),
    ];
    let name = choices.iter().find(|(_, s)| s == scope).map_or("Whole mask", |(name, _)| name);
    let combo = ComboBox::from_id_salt("operation_scope").width(150.0);
    let chosen = combo.selected_text(tr(name)).show_ui(ui, |ui| {
        for (name, one) in choices {
            ui.selectable_value(scope, one, tr(name));
        }
    });
    chosen.response.accessible_name(tr("Where to do it"));
}

/// Whether the mask can become larger by it.
fn may_gain(kind: OperationKind) -> bool {
    use OperationKind as K;
    matches!(
        kind,
        K::FillHoles
            | K::Interpolate
            | K::Grow
            | K::Close
            | K::Median
            | K::Gaussian
            | K::Hollow
            | K::SnapToEdge
    )
}

fn hint(kind: OperationKind) -> &'static str {
    use OperationKind as K;
    match kind {
        K::KeepLargest => {
            mark("All parts but the largest go. Parts touch by faces, edges or corners.")
        }
        K::KeepClicked => mark("Parts without a positive click go."),
        K::RemoveSmaller => mark("Parts that are smaller go."),
        K::SplitParts => mark("The largest part stays, each other becomes an object."),
        K::SplitLeftRight => mark(
            "The patient's right stays, the left becomes an object. The middle is where the mask is most alike on both sides.",
        ),
        K::CutByPlane => mark(
            "The mask is cut beside the slice that the view shows at the crosshair: that slice stays. Turned views cut obliquely.",
        ),
        K::FillHoles => mark("Cavities that have no way out are filled."),
        K::Interpolate => mark("Slices between drawn ones are filled by their shapes."),
        K::Grow => mark("Voxels within this distance of the mask join it."),
        K::Shrink => mark("Voxels within this distance of the outside go."),
        K::Open => mark("What is thinner than twice the size goes."),
        K::Close => mark("Gaps narrower than twice the size are filled."),
        K::Median => mark("Voxels follow the majority within this distance."),
        K::Gaussian => mark("Corners become round; the volume stays."),
        K::SmoothTogether => mark(
            "All unlocked objects are smoothed; where they touch, they go on touching, and volumes stay.",
        ),
        K::Hollow => mark("A shell of this thickness takes the place of the mask."),
        K::SnapToEdge => mark("The border moves to the strongest edge within this distance."),
        K::Union => mark("Voxels of the other object become this one's too."),
        K::Intersection => mark("Only voxels that the other object has too stay."),
        K::Difference => mark("Voxels that the other object has too go."),
        K::ExclusiveOr => mark(
            "Voxels that both have go, and those of the other object alone become this one's too.",
        ),
    }
}

/// What a mask of `before` mL is split into: what stays, and what of it becomes so many objects.
fn split_text(before: f64, new: f64, parts: usize) -> String {
    let [stays, new] = [before - new, new].map(millilitres);
    match parts {
        1 => tr_with("Splits into {stays} and {new}", &[("stays", &stays), ("new", &new)]),
        n => tr_with(
            "Splits into {stays} and {n} new objects of {new} together",
            &[("stays", &stays), ("n", &n), ("new", &new)],
        ),
    }
}

/// What would change, and the button.
fn outcome(ui: &mut Ui, document: &Document, cx: &mut CommandContext) {
    let status = &cx.status.operation;
    let preview = cx.view.prefs.operation.preview;
    let text = match status {
        OperationStatus::Idle if preview => RichText::new(""),
        OperationStatus::Idle => quiet(ui, tr("Without a preview it is done at once.")),
        OperationStatus::Working => quiet(ui, tr("Computing…")),
        OperationStatus::Done => {
            quiet(ui, tr("Done. Change something to see what it would do then."))
        }
        OperationStatus::Ready { gained_ml, lost_ml, parts: 0, .. } => {
            let [gained, lost] = [*gained_ml, *lost_ml].map(millilitres);
            let values: [(&str, &dyn std::fmt::Display); 2] =
                [("gained", &gained), ("lost", &lost)];
            RichText::new(tr_with("{gained} more, {lost} less", &values))
        }
        OperationStatus::Ready { lost_ml, parts, .. } => {
            let before = document.active().map_or(0.0, |object| document.whole_ml(object));
            RichText::new(split_text(before, *lost_ml, *parts))
        }
        OperationStatus::Refused(why) => RichText::new(tr_sentence(why)).color(colours(ui).warning),
    };
    ui.label(text);
    if let OperationStatus::Ready { under_ml, .. } = status
        && *under_ml > 0.0
    {
        let ml = millilitres(*under_ml);
        let text = tr_with("{ml} of it under other objects, where it is not seen", &[("ml", &ml)]);
        ui.label(quiet(ui, text));
    }
    if let OperationStatus::Ready { taken, .. } = status
        && let Some((name, ml)) = taken.first()
    {
        let from = [("ml", millilitres(*ml)), ("name", name.clone())];
        let [ml, name] = from.each_ref().map(|(key, text)| (*key, text as &dyn std::fmt::Display));
        let mut text = tr_with("Takes {ml} from {name}", &[ml, name]);
        if taken.len() > 1 {
            let others = tr_with("and from {n} others", &[("n", &(taken.len() - 1))]);
            text = format!("{text} {others}");
        }
        ui.label(RichText::new(text).color(colours(ui).warning));
    }
    let refused = matches!(status, OperationStatus::Refused(_));
    ui.horizontal(|ui| {
        let again = *status == OperationStatus::Done;
        let name = if again { tr("Apply again") } else { tr("Apply") };
        let button = egui::Button::new(format!("{} {name}", icons::CHECK));
        let response = ui.add_enabled(!refused, button);
        // A double click is one wish.
        if response.clicked() && !response.double_clicked() {
            cx.out.push(Action::ApplyOperation);
        }
        if *status == OperationStatus::Working {
            ui.spinner();
        }
    });
}
