//! Layouts, splitters, sheets, turned planes, thick slices, windows and frames under hand and keyboard: a real
//! egui, no graphics device.

mod arranging;
mod desk;
mod looking;
mod objects;
mod turning;
