//! The sources themselves: arrows, invariants, sizes, and that the README is true.

mod architecture;
mod imports;
mod names;
mod readme;
