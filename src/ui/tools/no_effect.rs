//! Why a stroke changed nothing: said when it ends, because a brush that paints nothing looks broken.

use std::fmt::Display;

use super::ViewContext;
use crate::document::{LabelId, Over};
use crate::ui::kit::format::shorten;
use crate::ui::kit::text::{tr, tr_with};
use crate::volume::Region;

/// What a stroke has met so far.
#[derive(Debug, Default)]
pub struct Effect {
    /// A voxel that it could change, or that is as it wants it already.
    had_one: bool,
    /// Else what it met.
    met: Met,
    /// It was over voxels, but none of a value that may be painted.
    out_of_range: bool,
}

/// What there was where a stroke went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Met {
    /// It was over no voxel that it might have changed.
    #[default]
    Nothing,
    /// Nobody's voxels.
    Background,
    /// Those of this object, the first of several.
    Object(LabelId),
}

impl Effect {
    /// Notes what a dab covers: `covered` says whether any voxels, `region` those whose values may be painted.
    pub fn note(&mut self, covered: bool, region: &Region, erases: bool, cx: &ViewContext) {
        if self.had_one {
            return;
        }
        self.out_of_range |= covered && region.is_empty();
        let own = cx.document.active().map(|o| o.id);
        let over = cx.view.paint_over(cx.document);
        let free = |id: LabelId| cx.document.object(id).is_none_or(|o| !o.locked);
        for run in region.runs() {
            for &label in cx.document.labels().run(*run) {
                let of = (label != 0).then_some(LabelId(label));
                let changes = match of {
                    _ if of == own && own.is_some() => true,
                    _ if erases => false,
                    None => !matches!(over, Over::Only(_)),
                    Some(id) => match over {
                        Over::Background => false,
                        Over::Unlocked => free(id),
                        Over::Only(only) => id == only && free(id),
                    },
                };
                self.had_one |= changes;
                if changes {
                    return;
                }
                // An object says more than the background.
                self.met = match (self.met, of) {
                    (Met::Object(id), _) | (_, Some(id)) => Met::Object(id),
                    _ => Met::Background,
                };
            }
        }
    }

    /// Why nothing was changed, if nothing was.
    pub fn nothing_done(&self, erases: bool, cx: &ViewContext) -> Option<String> {
        if self.had_one {
            return None;
        }
        let name = |id: LabelId| cx.document.object(id).map(|o| shorten(&o.name, 30));
        let met = match self.met {
            Met::Object(id) => cx.document.object(id),
            Met::Nothing | Met::Background => None,
        };
        let there = met.map(|o| shorten(&o.name, 30));
        if erases {
            let (other, active) = (there?, name(cx.document.active()?.id)?);
            let names: [(&str, &dyn Display); 2] = [("other", &other), ("name", &active)];
            return Some(tr_with(
                "Nothing erased: this is {other}, and {name} is selected",
                &names,
            ));
        }
        if self.met == Met::Nothing {
            let said = tr("No voxel there has a value of the brush's range");
            return self.out_of_range.then(|| said.to_owned());
        }
        if let Over::Only(id) = cx.view.paint_over(cx.document) {
            let inside = name(id)?;
            let said =
                tr_with("Nothing painted: painting is confined to {name}", &[("name", &inside)]);
            return Some(said);
        }
        let there: [(&str, &dyn Display); 1] = [("name", &there?)];
        Some(if met.is_some_and(|o| o.locked) {
            tr_with("Nothing painted: this is {name}, which is locked", &there)
        } else {
            tr_with(
                "Nothing painted: this is {name}; “Unlocked objects” would paint over it",
                &there,
            )
        })
    }
}
