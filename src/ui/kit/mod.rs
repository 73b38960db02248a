//! What windows, panels and views are made of: words, colours, icons, numbers as text, small widgets. Knows nothing
//! of a document or of what the user looks at.

pub mod accessible_handle;
pub mod format;
pub mod icons;
pub mod paint;
pub mod template;
pub mod text;
pub mod theme;
pub mod toasts;
pub mod widgets;
