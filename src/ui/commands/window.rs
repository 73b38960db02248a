//! Windows of values: of the scan, or of the layer that is chosen.

use egui::Key;

use super::context::CommandContext;
use super::entry::{Entry, Group, Menu, commands, with_scan, without_scan};
use super::keys::shift;
use crate::ui::kit::text::mark;
use crate::ui::state::{Action, CT_WINDOWS};
use crate::volume::{SuvKind, Volume};

commands! {
    Group::Window;

    /// By the values of the scan.
    AUTO_WINDOW {
        name: "Automatic window",
        keys: [shift(Key::W)],
        run: |cx| cx.view.set_layer_window(cx.view.layer_auto_window()),
        menu: Some((Menu::Window, 0)),
        enabled: with_scan,
    }

    /// From the smallest to the largest value.
    FULL_RANGE {
        name: "Full range",
        keys: [shift(Key::Num0)],
        run: |cx| {
            if let Some(window) = cx.view.layer_full_window() {
                cx.view.set_layer_window(window);
            }
        },
        menu: Some((Menu::Window, 0)),
        enabled: with_scan,
    }

    /// Of a PET, be it the scan or over it: by body weight.
    SUV {
        name: "Show as SUV",
        keys: [],
        run: |cx| {
            let kind = if in_suv(cx) { None } else { Some(SuvKind::BodyWeight) };
            cx.send(Action::ShowSuv(kind));
        },
        menu: Some((Menu::Window, 5)),
        enabled: |cx| images(cx).any(Volume::has_choice_of_suv),
        why_not: |cx| without_scan(cx).unwrap_or(if images(cx).any(|i| i.suv_kind().is_some()) {
            mark("The values of its file are SUV already.")
        } else {
            mark("None of the images is a PET that says dose, weight and times.")
        }),
        words: mark("PET standardised uptake value"),
        on: Some(in_suv),
    }

    /// [`CT_WINDOWS`] has its values.
    BRAIN {
        name: "Brain",
        keys: [shift(Key::Num1)],
        run: |cx| choose(cx, 0),
        menu: Some((Menu::Window, 10)),
        enabled: not_pet,
        why_not: why_no_ct_window,
        on: Some(|cx| is_chosen(cx, 0)),
    }

    /// [`CT_WINDOWS`] has its values.
    SUBDURAL {
        name: "Subdural",
        keys: [shift(Key::Num2)],
        run: |cx| choose(cx, 1),
        menu: Some((Menu::Window, 10)),
        enabled: not_pet,
        why_not: why_no_ct_window,
        on: Some(|cx| is_chosen(cx, 1)),
    }

    /// [`CT_WINDOWS`] has its values.
    STROKE {
        name: "Stroke",
        keys: [shift(Key::Num3)],
        run: |cx| choose(cx, 2),
        menu: Some((Menu::Window, 10)),
        enabled: not_pet,
        why_not: why_no_ct_window,
        on: Some(|cx| is_chosen(cx, 2)),
    }

    /// [`CT_WINDOWS`] has its values.
    BONE {
        name: "Bone",
        keys: [shift(Key::Num4)],
        run: |cx| choose(cx, 3),
        menu: Some((Menu::Window, 10)),
        enabled: not_pet,
        why_not: why_no_ct_window,
        on: Some(|cx| is_chosen(cx, 3)),
    }

    /// [`CT_WINDOWS`] has its values.
    LUNG {
        name: "Lung",
        keys: [shift(Key::Num5)],
        run: |cx| choose(cx, 4),
        menu: Some((Menu::Window, 10)),
        enabled: not_pet,
        why_not: why_no_ct_window,
        on: Some(|cx| is_chosen(cx, 4)),
    }

    /// [`CT_WINDOWS`] has its values.
    MEDIASTINUM {
        name: "Mediastinum",
        keys: [shift(Key::Num6)],
        run: |cx| choose(cx, 5),
        menu: Some((Menu::Window, 10)),
        enabled: not_pet,
        why_not: why_no_ct_window,
        on: Some(|cx| is_chosen(cx, 5)),
    }

    /// [`CT_WINDOWS`] has its values.
    ABDOMEN {
        name: "Abdomen",
        keys: [shift(Key::Num7)],
        run: |cx| choose(cx, 6),
        menu: Some((Menu::Window, 10)),
        enabled: not_pet,
        why_not: why_no_ct_window,
        on: Some(|cx| is_chosen(cx, 6)),
    }

    /// [`CT_WINDOWS`] has its values.
    LIVER {
        name: "Liver",
        keys: [shift(Key::Num8)],
        run: |cx| choose(cx, 7),
        menu: Some((Menu::Window, 10)),
        enabled: not_pet,
        why_not: why_no_ct_window,
        on: Some(|cx| is_chosen(cx, 7)),
    }

    /// [`CT_WINDOWS`] has its values.
    ANGIO {
        name: "Angio",
        keys: [shift(Key::Num9)],
        run: |cx| choose(cx, 8),
        menu: Some((Menu::Window, 10)),
        enabled: not_pet,
        why_not: why_no_ct_window,
        on: Some(|cx| is_chosen(cx, 8)),
    }
}

/// The commands of [`CT_WINDOWS`], in their order.
pub static PRESETS: [&Entry; CT_WINDOWS.len()] =
    [&BRAIN, &SUBDURAL, &STROKE, &BONE, &LUNG, &MEDIASTINUM, &ABDOMEN, &LIVER, &ANGIO];

fn choose(cx: &mut CommandContext, preset: usize) {
    cx.view.set_layer_window(CT_WINDOWS[preset].window());
}

fn is_chosen(cx: &CommandContext, preset: usize) -> bool {
    cx.view.layer_window() == CT_WINDOWS[preset].window()
}

/// The scan, what lies over it and beside it.
fn images<'a>(cx: &'a CommandContext) -> impl Iterator<Item = &'a Volume> {
    let scan = cx.document.map(|document| &**document.image());
    let beside = cx.view.scan.beside.scan.as_ref().map(|beside| &beside.image);
    let others = cx.view.scan.overlays.iter().chain(beside);
    scan.into_iter().chain(others.map(|layer| &*layer.volume))
}

/// Whether one of them is shown in SUV.
fn in_suv(cx: &CommandContext) -> bool {
    images(cx).any(|image| image.has_choice_of_suv() && image.suv_kind().is_some())
}

/// Whether the windows of CT make sense for the layer that is chosen.
fn not_pet(cx: &CommandContext) -> bool {
    let layer = cx.view.chosen_overlay().map(|layer| &*layer.volume);
    let image = layer.or(cx.document.map(|document| &**document.image()));
    image.is_some_and(|image| !image.is_pet())
}

/// [`not_pet`], in words.
fn why_no_ct_window(cx: &CommandContext) -> &'static str {
    without_scan(cx).unwrap_or(mark("This is a PET: windows of CT are not for it."))
}
