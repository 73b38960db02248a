use std::fmt;

/// Something that had to be decided to read a label map; shown to the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelNote {
    /// The text, with names in braces. The window shows it in its language.
    pub text: &'static str,
    /// What stands for the names.
    pub values: Vec<(&'static str, String)>,
}

/// A note. The catalogue's test looks for its texts here.
pub(super) fn note(text: &'static str, values: &[(&'static str, String)]) -> LabelNote {
    LabelNote { text, values: values.to_vec() }
}

/// In English.
impl fmt::Display for LabelNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fill = |text: String, (name, value): &(&str, String)| {
            text.replace(&format!("{{{name}}}"), value)
        };
        f.write_str(&self.values.iter().fold(self.text.to_owned(), fill))
    }
}
