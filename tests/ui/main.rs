//! The window's contents: a real egui, mostly without a graphics device.

mod panels;
mod text;
mod viewport;
mod viewport_gpu;
mod views;
mod volume;
