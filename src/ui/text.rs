//! The words of the window in the user's language. Every text that the window shows goes through [`tr`].

/// A text of the window in the language in use; `english` is its name and its English wording.
pub fn tr(english: &'static str) -> &'static str {
    english
}
