//! A PET in standardised uptake values.

use std::sync::Arc;

use super::App;
use super::open_document::OpenDocument;
use crate::ui::ImageLayer;
use crate::ui::state::ScanView;
use crate::ui::text::{tr, tr_with};
use crate::volume::{SuvKind, Volume};

/// Shows the open scan in these values, if that can be; whether it is.
///
/// # Errors
/// Why not now.
pub(super) fn show_scan_in(
    open: &mut OpenDocument,
    scan: &mut ScanView,
    kind: Option<SuvKind>,
) -> Result<bool, &'static str> {
    let image = Arc::clone(open.document.image());
    let converted = image.in_suv(kind).filter(|_| image.has_choice_of_suv());
    let (Some(new), Some(factor)) = (converted, image.suv_factor(kind)) else { return Ok(false) };
    if !open.document.show_as(&new) {
        return Err(tr("Wait until the click is computed"));
    }
    let whole = kind.and_then(|kind| Some((kind, new.suv()?.of(kind)?)));
    scan.show_as(new.grid(), factor, whole);
    Ok(true)
}

/// Shows an image over the scan, or beside it, in these values, if that can be; what it was before then.
pub(super) fn show_layer_in(layer: &mut ImageLayer, kind: Option<SuvKind>) -> Option<Arc<Volume>> {
    let old = Arc::clone(&layer.volume);
    let new = Arc::new(old.in_suv(kind).filter(|_| old.has_choice_of_suv())?);
    let factor = old.suv_factor(kind)?;
    let (stats, histogram) = (layer.stats.scaled(factor), layer.histogram.scaled(factor));
    let looks = (layer.visible, layer.opacity, layer.colour_map);
    *layer = ImageLayer::new(new, stats, histogram);
    (layer.visible, layer.opacity, layer.colour_map) = looks;
    Some(old)
}

impl App {
    /// Shows the scan, the images over it and the one beside it in these values where that can be; with `None` as their files have them.
    pub(super) fn show_suv(&mut self, kind: Option<SuvKind>) {
        let mut shown = Vec::new();
        if let Some(open) = &mut self.open {
            match show_scan_in(open, &mut self.view.scan, kind) {
                Ok(true) => shown.push(open.document.image().name().to_owned()),
                Ok(false) => {}
                Err(why) => {
                    self.toasts.refused(why.to_owned());
                    return;
                }
            }
        }
        let scan = &mut self.view.scan;
        let beside = scan.beside.scan.as_mut().map(|beside| &mut beside.image);
        for layer in scan.overlays.iter_mut().chain(beside) {
            if let Some(old) = show_layer_in(layer, kind) {
                self.sessions.shown_as(&old, &layer.volume);
                shown.push(layer.volume.name().to_owned());
            }
        }
        let names = [("names", &shown.join(", ") as &dyn std::fmt::Display)];
        match kind {
            _ if shown.is_empty() => {}
            Some(kind) => {
                let unit = [names[0], ("unit", &kind.unit() as &dyn std::fmt::Display)];
                self.toasts.info(tr_with("{names}: values are {unit}", &unit));
            }
            None => self.toasts.info(tr_with("{names}: values as in the file", &names)),
        }
    }
}
