//! Pure algorithms on regions. Takes grids and regions, answers regions; knows no document and no window.

pub mod brush;
