//! A PET in standardised uptake values.

use std::sync::Arc;

use super::App;
use crate::ui::ImageLayer;
use crate::ui::text::{tr, tr_with};
use crate::volume::SuvKind;

impl App {
    /// Shows the scan, the images over it and the one beside it in these values where that can be; with `None` as their files have them.
    pub(super) fn show_suv(&mut self, kind: Option<SuvKind>) {
        let mut shown = Vec::new();
        if let Some(open) = &mut self.open {
            let image = Arc::clone(open.document.image());
            let converted = image.in_suv(kind).filter(|_| image.suv().is_some());
            if let (Some(new), Some(factor)) = (converted, image.suv_factor(kind)) {
                if !open.document.show_as(&new) {
                    self.toasts.refused(tr("Wait until the click is computed").to_owned());
                    return;
                }
                let whole = kind.and_then(|kind| Some((kind, new.suv()?.of(kind)?)));
                self.view.scan.show_as(new.grid(), factor, whole);
                shown.push(new.name().to_owned());
            }
        }
        let scan = &mut self.view.scan;
        let beside = scan.beside.scan.as_mut().map(|beside| &mut beside.image);
        for layer in scan.overlays.iter_mut().chain(beside) {
            let old = Arc::clone(&layer.volume);
            let converted = old.in_suv(kind).filter(|_| old.suv().is_some());
            let (Some(new), Some(factor)) = (converted, old.suv_factor(kind)) else { continue };
            let new = Arc::new(new);
            self.sessions.shown_as(&old, &new);
            let (stats, histogram) = (layer.stats.scaled(factor), layer.histogram.scaled(factor));
            let looks = (layer.visible, layer.opacity, layer.colour_map);
            *layer = ImageLayer::new(new, stats, histogram);
            (layer.visible, layer.opacity, layer.colour_map) = looks;
            shown.push(layer.volume.name().to_owned());
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
