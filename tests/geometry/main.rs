//! Sides, millimetres and distances against the numbers of other people's programs.

mod oblique;
mod round_trip;
mod surface_distance;
