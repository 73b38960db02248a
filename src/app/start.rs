//! Opening the window.

use std::cell::Cell;
use std::error::Error;
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::anyhow;
use eframe::UserEvent;
use winit::error::EventLoopError;
use winit::event_loop::EventLoop;
use winit::platform::run_on_demand::EventLoopExtRunOnDemand as _;

use super::graphics::{AppWindow, Left};
use super::wheel::NotchesOnce;
use super::{App, gpu, log};
use crate::segment::ModelRef;

/// Opens the window on `paths` with `overlays` over the scan, a second scan `beside` it (at a time point, from 0, if one
/// is named), the label map to `compare` with, and another `model` than the one that ships if one is named, and stays until it is closed. `only_x11`: where there are several kinds of display, this one has to do.
///
/// # Errors
/// If there is no display, or no graphics that wgpu can use.
pub fn run(
    paths: Vec<PathBuf>,
    overlays: Vec<PathBuf>,
    beside: Option<(PathBuf, Option<usize>)>,
    compare: Option<PathBuf>,
    model: Option<ModelRef>,
    only_x11: bool,
) -> anyhow::Result<()> {
    let left = Left::default();
    let first = Rc::clone(&left);
    let mut event_loop = event_loop(only_x11).map_err(|error| no_display(&error))?;
    let begun = open(&mut event_loop, move |cc| {
        let mut app = App::new(cc, paths, model)?;
        app.add_overlays(overlays);
        if let Some((path, time_point)) = beside {
            app.show_beside(path, time_point);
        }
        if let Some(path) = compare {
            app.compare_with(path);
        }
        let typed = std::env::var_os("VOXPOINT_TYPE_PATHS").is_some();
        Ok(AppWindow::new(if typed { app.type_paths() } else { app }, first))
    });
    let ended = begun.and_then(|()| open_again(&mut event_loop, &left));
    // Nothing else looks after the work that is in it now.
    let app = left.borrow_mut().take().filter(|app| ended.is_err() || app.lost_graphics());
    let ended = match app.as_ref().filter(|app| ended.is_ok() && app.lost_graphics()) {
        Some(_) => Err(anyhow!("the graphics adapter stopped working again and again")),
        None => ended,
    };
    match (ended, app.and_then(|app| app.rescue())) {
        (Err(why), Some(rescued)) => Err(anyhow!("{why:#}; {rescued}")),
        (ended, _) => ended,
    }
}

/// Goes on in other windows as long as the device of the last one was lost.
fn open_again(event_loop: &mut EventLoop<UserEvent>, left: &Left) -> anyhow::Result<()> {
    // A device that is gone again and again would else open windows for ever.
    for _ in 0..MOST_WINDOWS {
        if !left.borrow().as_ref().is_some_and(App::lost_graphics) {
            return Ok(());
        }
        let next = Rc::clone(left);
        open(event_loop, move |cc| {
            let app = next.borrow_mut().take().ok_or("the program is in another window")?;
            Ok(AppWindow::new(app.reopened(cc), next))
        })?;
    }
    Ok(())
}

/// Windows that one run of the program opens again at most.
const MOST_WINDOWS: usize = 8;

/// Shows a window until it is closed.
fn open(
    event_loop: &mut EventLoop<UserEvent>,
    creator: impl FnOnce(
        &eframe::CreationContext<'_>,
    ) -> Result<AppWindow, Box<dyn Error + Send + Sync>>,
) -> anyhow::Result<()> {
    let options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("Voxpoint")
            .with_app_id("voxpoint")
            .with_inner_size([1440.0, 900.0])
            .with_min_inner_size([800.0, 560.0])
            .with_drag_and_drop(true),
        wgpu_options: gpu::wgpu_options(),
        ..Default::default()
    };
    let opened = Rc::new(Cell::new(false));
    let opens = opened.clone();
    let window = eframe::create_native(
        "Voxpoint",
        options,
        Box::new(move |cc| {
            let window = creator(cc)?;
            opens.set(true);
            Ok(Box::new(window))
        }),
        event_loop,
    );
    event_loop
        .run_app_on_demand(&mut NotchesOnce::new(window))
        .map_err(|error| no_display(&error))?;
    // eframe keeps its errors to itself, but for the log.
    match log::fatal_error() {
        None if opened.get() => Ok(()),
        Some(why) if opened.get() => Err(anyhow!("the window was closed by an error: {why}")),
        why => Err(anyhow!(
            "the window could not be opened ({}); install a Vulkan driver \
             (Debian, Ubuntu: mesa-vulkan-drivers)",
            why.as_deref().unwrap_or("for a reason that nothing has told")
        )),
    }
}

fn event_loop(only_x11: bool) -> Result<EventLoop<UserEvent>, EventLoopError> {
    let mut builder = EventLoop::<UserEvent>::with_user_event();
    #[cfg(all(unix, not(target_os = "macos")))]
    if only_x11 {
        winit::platform::x11::EventLoopBuilderExtX11::with_x11(&mut builder);
    }
    #[cfg(not(all(unix, not(target_os = "macos"))))]
    let _ = only_x11;
    builder.build()
}

fn no_display(error: &EventLoopError) -> anyhow::Error {
    let text = error.to_string();
    // winit says where in its sources it was found out, which helps nobody here.
    let why = text.rsplit_once(": ").map_or(&*text, |(_, why)| why);
    anyhow!(
        "no display to open a window on ({why}); use `voxpoint segment`, `render` or `info` without one"
    )
}
