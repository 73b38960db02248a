//! What an ONNX file says of itself. Of `onnx.proto`, only the fields that are wanted are declared, so the
//! weights are passed over, not copied.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use prost::{Message, Oneof};

/// Protocol buffers can't be longer.
const MAX_BYTES: u64 = 2 << 30;

/// What an ONNX file says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnnxFacts {
    /// Version of the standard operators.
    pub opset: i64,
    /// Numbers in all constants: the weights, and a few constants of the graph.
    pub parameters: u64,
    /// Name and shape of each input; free dimensions by their names.
    pub inputs: Vec<(String, Vec<String>)>,
    /// Of each output.
    pub outputs: Vec<(String, Vec<String>)>,
}

#[derive(Clone, PartialEq, Message)]
struct Model {
    #[prost(message, optional, tag = "7")]
    graph: Option<Graph>,
    #[prost(message, repeated, tag = "8")]
    opset_import: Vec<OperatorSet>,
}

#[derive(Clone, PartialEq, Message)]
struct OperatorSet {
    #[prost(string, tag = "1")]
    domain: String,
    #[prost(int64, tag = "2")]
    version: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Graph {
    #[prost(message, repeated, tag = "5")]
    initializer: Vec<Tensor>,
    #[prost(message, repeated, tag = "11")]
    input: Vec<Value>,
    #[prost(message, repeated, tag = "12")]
    output: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Tensor {
    #[prost(int64, repeated, tag = "1")]
    dims: Vec<i64>,
    #[prost(string, tag = "8")]
    name: String,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    kind: Option<Type>,
}

#[derive(Clone, PartialEq, Message)]
struct Type {
    #[prost(message, optional, tag = "1")]
    tensor: Option<TensorType>,
}

#[derive(Clone, PartialEq, Message)]
struct TensorType {
    #[prost(message, optional, tag = "2")]
    shape: Option<Shape>,
}

#[derive(Clone, PartialEq, Message)]
struct Shape {
    #[prost(message, repeated, tag = "1")]
    dim: Vec<Dimension>,
}

#[derive(Clone, PartialEq, Message)]
struct Dimension {
    #[prost(oneof = "Length", tags = "1, 2")]
    value: Option<Length>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Length {
    #[prost(int64, tag = "1")]
    Value(i64),
    #[prost(string, tag = "2")]
    Param(String),
}

impl OnnxFacts {
    /// Reads a file.
    ///
    /// # Errors
    /// If it can't be read or is no ONNX file.
    pub fn read(path: &Path) -> io::Result<Self> {
        let invalid = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
        let mut bytes = Vec::new();
        File::open(path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
        let model = Model::decode(bytes.as_slice()).map_err(|e| invalid(e.to_string()))?;
        let graph = model.graph.ok_or_else(|| invalid("it has no graph".to_owned()))?;
        let opset = model.opset_import.iter().find(|set| ["", "ai.onnx"].contains(&&*set.domain));
        let weights: Vec<&str> = graph.initializer.iter().map(|t| t.name.as_str()).collect();
        // Old files list their weights among the inputs.
        let inputs = graph.input.iter().filter(|v| !weights.contains(&v.name.as_str()));
        Ok(Self {
            opset: opset.map_or(0, |set| set.version),
            parameters: graph.initializer.iter().map(elements).fold(0, u64::saturating_add),
            inputs: inputs.map(named).collect(),
            outputs: graph.output.iter().map(named).collect(),
        })
    }
}

fn elements(tensor: &Tensor) -> u64 {
    tensor.dims.iter().map(|n| u64::try_from(*n).unwrap_or(0)).fold(1, u64::saturating_mul)
}

fn named(value: &Value) -> (String, Vec<String>) {
    let shape = value.kind.iter().flat_map(|k| &k.tensor).flat_map(|t| &t.shape);
    let dims = shape.flat_map(|s| &s.dim).map(|d| match &d.value {
        Some(Length::Value(n)) => n.to_string(),
        Some(Length::Param(name)) => name.clone(),
        None => "?".to_owned(),
    });
    (value.name.clone(), dims.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_model_is_what_pythons_onnx_says() {
        let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/demo");
        let encoder = OnnxFacts::read(&demo.join("encoder.onnx")).unwrap();
        assert_eq!((encoder.opset, encoder.parameters), (17, 1_449_312));
        assert_eq!(encoder.inputs.len(), 1);
        assert_eq!(encoder.inputs[0].0, "image");
        assert_eq!(encoder.inputs[0].1, ["1", "1", "128", "128", "128"]);
        assert_eq!(encoder.outputs.len(), 5);
        let decoder = OnnxFacts::read(&demo.join("decoder.onnx")).unwrap();
        assert_eq!(decoder.parameters, 667_314);
        let coords = decoder.inputs.iter().find(|(name, _)| name == "point_coords").unwrap();
        assert!(coords.1[1].parse::<u32>().is_err(), "the number of points is free: {coords:?}");
    }

    #[test]
    fn other_files_are_refused() {
        let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        assert!(OnnxFacts::read(&readme).is_err());
        let empty = tempfile::NamedTempFile::new().unwrap();
        assert!(OnnxFacts::read(empty.path()).unwrap_err().to_string().contains("no graph"));
    }
}
