//! Opening the window.

use std::path::PathBuf;

use super::{App, gpu};

/// Opens the window on `paths` with `overlays` over the scan, and with another `model` than the one that ships if one is named, and stays
/// until it is closed.
///
/// # Errors
/// If there is no display, or no graphics that wgpu can use.
pub fn run(
    paths: Vec<PathBuf>,
    overlays: Vec<PathBuf>,
    model: Option<PathBuf>,
) -> anyhow::Result<()> {
    use anyhow::anyhow;
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
    eframe::run_native(
        "Voxpoint",
        options,
        Box::new(move |cc| {
            let mut app = App::new(cc, paths, model)?;
            app.add_overlays(overlays);
            let typed = std::env::var_os("VOXPOINT_TYPE_PATHS").is_some();
            Ok(Box::new(if typed { app.type_paths() } else { app }))
        }),
    )
    .map_err(|error| match error {
        eframe::Error::Winit(_) | eframe::Error::WinitEventLoop(_) => anyhow!(
            "no display to open a window on ({error}); use `voxpoint segment`, `render` or `info` without one"
        ),
        other => anyhow!(
            "the window could not be opened ({other}); install a Vulkan driver \
             (Debian, Ubuntu: mesa-vulkan-drivers)"
        ),
    })
}
