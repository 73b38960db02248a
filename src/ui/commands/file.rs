//! Opening, saving, pictures.

use egui::Key;

use super::context::CommandContext;
use super::entry::{Group, Menu, commands, with_scan};
use super::keys::{ctrl, ctrl_alt, ctrl_shift};
use crate::document::Object;
use crate::ui::kit::icons;
use crate::ui::kit::text::mark;
use crate::ui::state::{Action, PictureOptions, SaveStatus, ScanPlace};

/// Where the scan of the open session is.
fn scan_place(cx: &CommandContext) -> Option<ScanPlace> {
    cx.status.session.as_ref().map(|session| session.scan)
}

commands! {
    Group::File;

    /// Asks for a file.
    OPEN {
        name: "Open…",
        keys: [ctrl(Key::O)],
        run: |cx| cx.send(Action::OpenDialog),
        icon: Some(icons::OPEN),
        menu: Some((Menu::File, 0)),
        asks_for_text: |_| true,
    }

    /// The scan that ships with the program.
    OPEN_SAMPLE {
        name: "Open sample scan",
        keys: [ctrl_shift(Key::O)],
        run: |cx| cx.send(Action::OpenSample),
        icon: Some(icons::IMAGE),
        menu: Some((Menu::File, 0)),
        enabled: |cx| cx.status.sample.is_some(),
        why_not: |_| mark("The sample scan is not installed."),
    }

    /// Asks for a second image.
    OPEN_OVERLAY {
        name: "Lay an image over the scan…",
        keys: [ctrl(Key::L)],
        run: |cx| cx.send(Action::OverlayDialog),
        menu: Some((Menu::File, 0)),
        enabled: with_scan,
        asks_for_text: |_| true,
    }

    /// Saves where it was saved last, or asks.
    SAVE {
        name: "Save mask",
        keys: [ctrl(Key::S)],
        run: |cx| cx.send(Action::Save),
        icon: Some(icons::SAVE),
        menu: Some((Menu::File, 10)),
        enabled: with_scan,
        asks_for_text: |status| !matches!(status.save, SaveStatus::Saved(_)),
    }

    /// Asks where to.
    SAVE_AS {
        name: "Save mask as…",
        keys: [ctrl_shift(Key::S)],
        run: |cx| cx.send(Action::SaveAs),
        menu: Some((Menu::File, 10)),
        enabled: with_scan,
        asks_for_text: |_| true,
    }

    /// Asks for a folder.
    SAVE_EACH {
        name: "One file per object…",
        keys: [],
        run: |cx| cx.send(Action::SaveEach),
        menu: Some((Menu::File, 10)),
        enabled: |cx| cx.document.is_some_and(|d| d.objects().iter().any(Object::has_voxels)),
        why_not: |_| mark("No object has voxels."),
        asks_for_text: |_| true,
        words: mark("export save separate masks folder each split binary"),
    }

    /// The choice of meshes.
    EXPORT_MESHES {
        name: "Export meshes…",
        keys: [],
        run: |cx| cx.view.windows.meshes = !cx.view.windows.meshes,
        menu: Some((Menu::File, 10)),
        enabled: |cx| cx.document.is_some_and(|d| d.objects().iter().any(Object::has_voxels)),
        why_not: |_| mark("No object has voxels."),
        words: mark("surface 3D STL OBJ PLY glTF GLB triangles model"),
    }

    /// Asks for a file, whose name says for which program.
    SAVE_LABEL_TABLE {
        name: "Label table for another program…",
        keys: [],
        run: |cx| cx.send(Action::SaveLabelTable),
        menu: Some((Menu::File, 10)),
        enabled: |cx| cx.document.is_some_and(|d| d.objects().iter().any(Object::has_voxels)),
        why_not: |_| mark("No object has voxels."),
        asks_for_text: |_| true,
        words: mark("export names colours colors slicer ctbl freesurfer lut bids tsv"),
    }

    /// Asks where the session goes, which is written with every change from then on.
    SAVE_SESSION_AS {
        name: "Save session as…",
        keys: [ctrl_alt(Key::S)],
        run: |cx| cx.send(Action::SaveSessionAs),
        menu: Some((Menu::File, 10)),
        enabled: with_scan,
        asks_for_text: |_| true,
    }

    /// A session for a machine on which the scan is not.
    SAVE_SESSION_WITH_SCAN {
        name: "Save session with the scan…",
        keys: [],
        run: |cx| cx.send(Action::AskWithScan),
        menu: Some((Menu::File, 10)),
        enabled: |cx| with_scan(cx) && scan_place(cx).is_none_or(|place| place == ScanPlace::File),
        why_not: |cx| match scan_place(cx) {
            Some(ScanPlace::Nowhere) => mark("The masks are open alone: there is no scan."),
            Some(_) => mark("The scan is in the session already, and goes with it wherever it is saved."),
            None => mark("Open a scan first."),
        },
        asks_for_text: |_| true,
        words: mark("embed voxels bundle portable share move elsewhere"),
    }

    /// A session that once had the scan in it, for machines on which the scan is.
    SAVE_SESSION_WITHOUT_SCAN {
        name: "Save session without the scan…",
        keys: [],
        run: |cx| cx.send(Action::SaveSessionAlone),
        menu: Some((Menu::File, 10)),
        enabled: |cx| scan_place(cx) == Some(ScanPlace::Both),
        why_not: |cx| match scan_place(cx) {
            Some(ScanPlace::Session) => {
                mark("The scan's file is not where it was: its voxels are nowhere but in the session.")
            }
            Some(ScanPlace::Nowhere) => mark("The masks are open alone: there is no scan."),
            Some(ScanPlace::File | ScanPlace::Both) => mark("The scan is not in the session."),
            None => mark("Open a scan first."),
        },
        asks_for_text: |_| true,
        words: mark("remove voxels smaller take out leave anonymise"),
    }

    /// What DICOM files say of the patient.
    WITHOUT_PATIENT {
        name: "DICOM files without the patient",
        keys: [],
        run: |cx| cx.view.prefs.without_patient = !cx.view.prefs.without_patient,
        menu: Some((Menu::File, 10)),
        on: Some(|cx| cx.view.prefs.without_patient),
        words: mark("anonymise anonymize de-identify privacy name save"),
    }

    /// Of the view under the pointer, or of all.
    COPY_PICTURE {
        name: "Copy picture",
        keys: [ctrl_shift(Key::C)],
        run: |cx| {
            let view = cx.view.transient.hovered;
            cx.send(Action::CopyPicture(PictureOptions { view, ..cx.view.prefs.picture }));
        },
        menu: Some((Menu::File, 20)),
        enabled: with_scan,
    }

    /// The choice of a picture.
    PICTURE {
        name: "Picture…",
        keys: [ctrl(Key::P)],
        run: |cx| {
            let view = &mut *cx.view;
            view.prefs.picture.view = view.transient.hovered.or(view.prefs.picture.view);
            view.windows.picture = !view.windows.picture;
        },
        menu: Some((Menu::File, 20)),
        enabled: with_scan,
    }

    /// The choice of a film.
    FILM {
        name: "Film of a turn…",
        keys: [ctrl_shift(Key::F)],
        run: |cx| cx.view.windows.film = !cx.view.windows.film,
        icon: Some(icons::FILM),
        menu: Some((Menu::File, 20)),
        enabled: with_scan,
    }

    /// Asks first if something would be lost.
    CLOSE {
        name: "Close scan",
        keys: [ctrl(Key::W)],
        run: |cx| cx.send(Action::CloseScan),
        menu: Some((Menu::File, 30)),
        enabled: with_scan,
    }

    /// Asks first if something would be lost.
    QUIT {
        name: "Quit",
        keys: [ctrl(Key::Q)],
        run: |cx| cx.send(Action::Quit),
        menu: Some((Menu::File, 30)),
    }
}
