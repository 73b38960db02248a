//! The camera of the 3D view, and what is cut away there.

use egui::Key;

use super::entry::{Entry, Group, Menu, commands, with_scan};
use super::keys::alt;
use crate::geom::Direction;
use crate::ui::state::view_3d::SIDES;

commands! {
    Group::Views;

    /// The camera goes there.
    FROM_ANTERIOR {
        name: "3D from anterior",
        keys: [alt(Key::A)],
        run: |cx| cx.view.look_from(SIDES[0]),
        menu: Some((Menu::View3d, 0)),
        enabled: with_scan,
    }

    /// The camera goes there.
    FROM_POSTERIOR {
        name: "3D from posterior",
        keys: [alt(Key::P)],
        run: |cx| cx.view.look_from(SIDES[1]),
        menu: Some((Menu::View3d, 0)),
        enabled: with_scan,
    }

    /// The camera goes there.
    FROM_LEFT {
        name: "3D from the left",
        keys: [alt(Key::L)],
        run: |cx| cx.view.look_from(SIDES[2]),
        menu: Some((Menu::View3d, 0)),
        enabled: with_scan,
    }

    /// The camera goes there.
    FROM_RIGHT {
        name: "3D from the right",
        keys: [alt(Key::R)],
        run: |cx| cx.view.look_from(SIDES[3]),
        menu: Some((Menu::View3d, 0)),
        enabled: with_scan,
    }

    /// The camera goes there.
    FROM_SUPERIOR {
        name: "3D from superior",
        keys: [alt(Key::S)],
        run: |cx| cx.view.look_from(SIDES[4]),
        menu: Some((Menu::View3d, 0)),
        enabled: with_scan,
    }

    /// The camera goes there.
    FROM_INFERIOR {
        name: "3D from inferior",
        keys: [alt(Key::I)],
        run: |cx| cx.view.look_from(SIDES[5]),
        menu: Some((Menu::View3d, 0)),
        enabled: with_scan,
    }

    /// What is nearer looks larger.
    PERSPECTIVE {
        name: "Perspective in 3D",
        keys: [alt(Key::O)],
        run: |cx| cx.view.scan.orbit.perspective = !cx.view.scan.orbit.perspective,
        menu: Some((Menu::View3d, 10)),
        enabled: with_scan,
        on: Some(|cx| cx.view.scan.orbit.perspective),
    }

    /// Cuts the near part away.
    CLIP_PLANE {
        name: "Clip plane in 3D",
        keys: [alt(Key::K)],
        run: |cx| cx.view.toggle_clip_plane(),
        menu: Some((Menu::View3d, 10)),
        enabled: with_scan,
        on: Some(|cx| cx.view.scan.view_3d.clip.plane.is_some()),
    }
}

/// The command that turns the 3D camera to a side of the patient.
pub fn look_from(side: Direction) -> &'static Entry {
    match side.letter() {
        'A' => &FROM_ANTERIOR,
        'P' => &FROM_POSTERIOR,
        'L' => &FROM_LEFT,
        'R' => &FROM_RIGHT,
        'S' => &FROM_SUPERIOR,
        _ => &FROM_INFERIOR,
    }
}
