//! What a network declares of its inputs and outputs, whoever runs it.

use std::fmt;

/// What the numbers of a tensor are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Element {
    /// IEEE 754 half precision.
    F16,
    /// IEEE 754 single precision.
    F32,
    /// Signed, 32 bits.
    I32,
    /// Signed, 64 bits.
    I64,
    /// What no promptable model takes, by the name that it was told with.
    Other(String),
}

impl Element {
    /// Bytes of one; of what no model takes those of the usual.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::F16 => 2,
            Self::F32 | Self::I32 | Self::Other(_) => 4,
            Self::I64 => 8,
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F16 => "f16",
            Self::F32 => "f32",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::Other(name) => name,
        })
    }
}

/// An input or an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// What it holds, and its shape, in which -1 is a free dimension; `None` if it is no tensor.
    pub tensor: Option<(Element, Vec<i64>)>,
}

impl fmt::Display for Declared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((element, shape)) = &self.tensor else {
            return write!(f, "{} (no tensor)", self.name);
        };
        let dim = |&n: &i64| if n < 0 { "?".to_owned() } else { n.to_string() };
        let shape: Vec<String> = shape.iter().map(dim).collect();
        write!(f, "{} {element}[{}]", self.name, shape.join(","))
    }
}
