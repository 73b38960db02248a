//! What can be done to a whole mask: each opens the window of operations with itself chosen; and growing from seeds.

use egui::Key;

use super::context::CommandContext;
use super::edit::has_active;
use super::entry::{Entry, Group, Menu, commands, with_scan};
use super::keys::shift;
use crate::mask::operation::OperationKind;
use crate::ui::kit::text::mark;

commands! {
    Group::Edit;

    /// Opens and closes the window.
    EDIT_MASK {
        name: "Edit mask…",
        keys: [shift(Key::E)],
        run: |cx| {
            let open = !cx.view.windows.operation;
            // Two of them would draw over one another.
            (cx.view.windows.operation, cx.view.windows.growth) = (open, false);
        },
        menu: Some((Menu::EditMask, 0)),
        enabled: has_active,
        on: Some(|cx| cx.view.windows.operation),
    }

    /// Opens and closes the window.
    GROW_FROM_SEEDS {
        name: "Grow from seeds…",
        keys: [shift(Key::G)],
        run: |cx| {
            let open = !cx.view.windows.growth;
            (cx.view.windows.growth, cx.view.windows.operation) = (open, false);
        },
        menu: Some((Menu::EditMask, 1)),
        enabled: with_scan,
        on: Some(|cx| cx.view.windows.growth),
    }
}

/// What growing from seeds is called in the history.
pub const GROWTH_STEP: &str = mark("Grow from seeds");

/// Opens the window of operations with this one chosen.
pub fn open_with(cx: &mut CommandContext, kind: OperationKind) {
    cx.view.prefs.operation.choose(kind);
    (cx.view.windows.operation, cx.view.windows.growth) = (true, false);
}

/// One command for each kind, with its place in the menu.
macro_rules! operations {
    ($($kind:ident: $name:literal, $menu:ident $place:literal;)*) => {
        /// One for each, in the order of the table.
        pub(super) static EACH: &[Entry] = &[$(
            Entry {
                id: concat!("OPERATION_", stringify!($kind)),
                name: $name,
                run: |cx| open_with(cx, OperationKind::$kind),
                menu: Some((Menu::$menu, $place)),
                enabled: has_active,
                ..Entry::in_group(Group::Edit)
            }
        ),*];

        /// What menus and the history call an operation, in English.
        pub const fn operation_name(kind: OperationKind) -> &'static str {
            match kind {
                $(OperationKind::$kind => $name),*
            }
        }
    };
}

operations! {
    KeepLargest: "Keep largest part", EditMask 10;
    KeepClicked: "Keep clicked parts", EditMask 10;
    RemoveSmaller: "Remove small parts", EditMask 10;
    SplitParts: "Split parts into objects", EditMask 10;
    SplitLeftRight: "Split left and right", EditMask 10;
    CutByPlane: "Cut by a plane", EditMask 10;
    FillHoles: "Fill holes", EditMask 20;
    Interpolate: "Interpolate between slices", EditMask 20;
    Close: "Close gaps", EditMask 20;
    Open: "Remove thin parts", EditMask 20;
    Grow: "Grow", EditMask 30;
    Shrink: "Shrink", EditMask 30;
    Hollow: "Hollow", EditMask 30;
    Median: "Smooth (median)", EditMask 40;
    Gaussian: "Smooth (Gaussian)", EditMask 40;
    SmoothTogether: "Smooth objects together", EditMask 40;
    SnapToEdge: "Snap to edge", EditMask 40;
    Union: "Unite with another object", MaskWithOther 0;
    Intersection: "Intersect with another object", MaskWithOther 0;
    Difference: "Subtract another object", MaskWithOther 0;
    ExclusiveOr: "Unite without what both have", MaskWithOther 0;
}
