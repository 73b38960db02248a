//! Sides, millimetres and distances against the numbers of other people's programs.

mod mask_tools;
mod oblique;
mod round_trip;
mod surface_distance;
