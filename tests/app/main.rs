//! The real window, driven through its accessibility tree, and the program on a display of its own.
//! Needs ONNX Runtime (`scripts/test` sees to it) and any Vulkan or GL driver (lavapipe will do).

mod asked;
mod brush;
mod by_keyboard;
mod clicks;
mod dialogs;
mod dicom_labels;
mod drawing;
mod faults;
mod flood;
mod formats;
mod growth;
mod keyboard;
mod labels;
mod live_wire;
mod logic_step;
mod masks;
mod memory;
mod on_a_display;
mod opening;
mod other_model;
mod outline;
mod overlapping;
mod overlays;
mod paint_limits;
mod pen;
mod pictures;
mod points;
mod replaced;
mod scissors;
mod series;
mod sessions;
mod strokes;
mod support;
mod time_points;
mod work_list;
