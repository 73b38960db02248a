//! Files to volumes and back: what others write, what is damaged, what is saved.

mod belonging;
mod formats;
mod headers;
mod labels;
mod odd;
mod research;
mod rewritten;
mod save;
mod tiny;
