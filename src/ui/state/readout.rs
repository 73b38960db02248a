//! What the status bar says of the place under the pointer and of the last click.

use super::status::Latency;
use super::transient::Hover;
use super::view_state::ViewState;
use crate::document::Document;
use crate::ui::kit::format::{number, position, shorten};
use crate::ui::kit::text::{tr, tr_with};
use crate::volume::{SuvKind, ValueUnit};

/// In what the scan's values are, as they are shown.
pub fn value_unit(view: &ViewState) -> Option<ValueUnit> {
    ValueUnit::of(shown_suv(view), view.scan.stats.as_ref())
}

/// ` HU` for what looks like CT, ` SUVbw` or another for a PET that is shown so, nothing otherwise.
pub fn unit(view: &ViewState) -> &'static str {
    suffix(value_unit(view))
}

/// The same for the layer that the window's controls act on.
pub fn layer_unit(view: &ViewState) -> &'static str {
    let suv =
        view.chosen_overlay().map_or_else(|| shown_suv(view), |layer| layer.volume.suv_kind());
    suffix(ValueUnit::of(suv, view.layer_stats().as_ref()))
}

/// In which SUV the scan is shown.
fn shown_suv(view: &ViewState) -> Option<SuvKind> {
    view.scan.suv.map(|(kind, _)| kind)
}

fn suffix(unit: Option<ValueUnit>) -> &'static str {
    unit.map_or("", ValueUnit::suffix)
}

/// What is under the pointer, or at the crosshair while the pointer is elsewhere.
pub fn place(document: &Document, view: &ViewState) -> String {
    let crosshair = || {
        let grid = document.image().grid();
        let voxel = grid.voxel_at(view.scan.crosshair)?;
        let label = document.labels().get(voxel);
        let label = document.objects().iter().find(|o| o.id.0 == label).map(|o| o.name.clone());
        Some(Hover {
            voxel,
            world: view.scan.crosshair,
            value: document.image().value_in(view.scan.time_point, voxel),
            label,
        })
    };
    let (hover, from) = match &view.transient.hover {
        Some(hover) => (Some(hover.clone()), String::new()),
        None => (crosshair(), format!("{}: ", tr("Crosshair"))),
    };
    let Some(hover) = hover else { return format!("{from}{}", tr("outside of the scan")) };
    let [x, y, z] = hover.voxel;
    let mut text = format!(
        "{from}{} {x} {y} {z} · {} · {}{}",
        tr("voxel"),
        position(hover.world),
        number(hover.value),
        unit(view)
    );
    // Values of what lies over the scan, at the same place.
    for overlay in view.scan.overlays.iter().filter(|o| o.visible) {
        if let Some(voxel) = overlay.volume.grid().voxel_at(hover.world) {
            text += " · ";
            text += &shorten(overlay.volume.name_on_screen(), 12);
            text += " ";
            text += &number(overlay.volume.value(voxel));
            text += suffix(ValueUnit::of(overlay.volume.suv_kind(), None));
        }
    }
    if let Some(label) = &hover.label {
        text += " · ";
        text += label;
    }
    text + &beside(&hover, view)
}

/// What is at the same place at the right side, if slices are shown twice.
fn beside(at: &Hover, view: &ViewState) -> String {
    if !view.is_side_by_side() {
        return String::new();
    }
    let label = view.label_beside(at.world, at.voxel);
    let Some(second) = &view.scan.beside.scan else {
        return label.map(|label| format!(" · B: {label}")).unwrap_or_default();
    };
    let value = view.value_beside(at.world).map_or_else(
        || tr("outside of the scan").to_owned(),
        |value| {
            let (suv, stats) = (second.image.volume.suv_kind(), &second.image.stats);
            format!("{}{}", number(value), suffix(ValueUnit::of(suv, Some(stats))))
        },
    );
    let label = label.map(|label| format!(" · {label}")).unwrap_or_default();
    format!(" · B: {value}{label}")
}

/// `encode 640 · decode 38 · paste 4 ms`, dashes for what was not done.
pub fn latency(latency: Option<&Latency>) -> String {
    if let Some(Latency { encode, decode, paste, network: Some(times) }) = latency {
        let all = encode.unwrap_or_default() + decode + paste;
        let whole = |ms: f64| format!("{ms:.0}");
        let here = whole((all - times.network - times.server).max(0.0));
        return tr_with(
            "network {network} · server {server} · here {here} ms",
            &[
                ("network", &whole(times.network)),
                ("server", &whole(times.server)),
                ("here", &here),
            ],
        );
    }
    let ms = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |ms| format!("{ms:.0}"));
    let (encode, decode, paste) =
        latency.map_or((None, None, None), |l| (l.encode, Some(l.decode), Some(l.paste)));
    tr_with(
        "encode {encode} · decode {decode} · paste {paste} ms",
        &[("encode", &ms(encode)), ("decode", &ms(decode)), ("paste", &ms(paste))],
    )
}
