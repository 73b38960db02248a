//! Layouts, splitters, sheets, turned planes, thick slices, windows and time points under hand and keyboard: a real
//! egui, no graphics device.

mod arranging;
mod desk;
mod looking;
mod objects;
mod turning;
