//! What the user can do: each command is one [`Entry`] in the file of its group. Key handler, menus, tooltips, the list
//! on F1, the README's table and the palette come from the entries.

pub mod appearance;
pub mod cases;
pub mod comparing;
mod context;
pub mod edit;
mod entry;
pub mod file;
mod gestures;
pub mod help;
mod keyboard;
mod keys;
pub mod operations;
pub mod segment;
mod table;
pub mod tools;
pub mod view_3d;
pub mod views;
pub mod widgets;
pub mod window;

pub use context::CommandContext;
pub use entry::{Entry, Group, Menu};
pub use gestures::{gestures, markdown};
pub use keyboard::handle;
pub use keys::key_name;
pub use table::{all, section};
