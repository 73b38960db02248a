//! What the status bar says of the place under the pointer and of the last click.

use super::status::Latency;
use super::transient::Hover;
use super::view_state::ViewState;
use crate::document::Document;
use crate::ui::kit::format::{number, position, shorten};
use crate::ui::kit::text::{tr, tr_with};
use crate::volume::SuvKind;

/// ` SUVbw`, before which a number stands.
fn suv(kind: SuvKind) -> &'static str {
    match kind {
        SuvKind::BodyWeight => " SUVbw",
        SuvKind::LeanBodyMass => " SUVlbm",
        SuvKind::BodySurface => " SUVbsa",
        SuvKind::IdealBodyWeight => " SUVibw",
    }
}

/// ` HU` for what looks like CT, ` SUVbw` or another for a PET that is shown so, nothing otherwise.
pub fn unit(view: &ViewState) -> &'static str {
    if let Some((kind, _)) = view.scan.suv {
        return suv(kind);
    }
    if view.scan.stats.is_some_and(|s| s.looks_like_ct()) { " HU" } else { "" }
}

/// The same for the layer that the window's controls act on.
pub fn layer_unit(view: &ViewState) -> &'static str {
    match view.chosen_overlay() {
        Some(layer) => match layer.volume.suv_kind() {
            Some(kind) => suv(kind),
            None if view.layer_is_ct() => " HU",
            None => "",
        },
        None => unit(view),
    }
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
            text += overlay.volume.suv_kind().map_or("", suv);
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
    let Some(second) = &view.scan.beside.scan else {
        return view
            .label_beside(at.voxel)
            .map(|label| format!(" · B: {label}"))
            .unwrap_or_default();
    };
    let value = view.value_beside(at.world).map_or_else(
        || tr("outside of the scan").to_owned(),
        |value| {
            let is_ct = second.image.stats.looks_like_ct();
            let unit = match second.image.volume.suv_kind() {
                Some(kind) => suv(kind),
                None if is_ct => " HU",
                None => "",
            };
            format!("{}{unit}", number(value))
        },
    );
    format!(" · B: {value}")
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
