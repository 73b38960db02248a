//! The window around the views: what its buttons and keys ask for, and what it says.
//!
//! `VOXPOINT_PICTURES=folder cargo nextest run --test ui panels::` also writes pictures to look at.

mod asking;
mod cards;
mod clicks;
mod desktop;
mod long_list;
mod palette;
mod robot;
mod servers;
mod side_panels;
mod strip;
mod volume_3d;
