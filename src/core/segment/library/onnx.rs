//! What an ONNX file says of itself. Of `onnx.proto`, only the fields that are wanted are declared, so the
//! weights are passed over, not copied.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use prost::{DecodeError, Message, Oneof};

/// Longer than any model of this kind with its weights inside: SAM-Med3D's encoder has 360 MB.
const MAX_BYTES: u64 = 512 << 20;
/// Parts (constants, inputs, outputs, lengths) that are taken apart: a part of two bytes in the file takes fifty
/// in memory. SAM-Med3D has a few thousand.
const MAX_PARTS: u64 = 1 << 20;

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
    /// The element type of each of them, by its name: a number of ONNX' `TensorProto.DataType`.
    pub elements: BTreeMap<String, i32>,
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
    #[prost(int32, tag = "1")]
    element: i32,
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

/// Which fields of a message are taken apart, and what they are: the messages above, as a tree.
struct Parts(&'static [(u32, Self)]);

const LEAF: Parts = Parts(&[]);
const VALUE: Parts = Parts(&[(2, Parts(&[(1, Parts(&[(2, Parts(&[(1, LEAF)]))]))]))]);
const GRAPH: Parts = Parts(&[(5, Parts(&[(1, LEAF)])), (11, VALUE), (12, VALUE)]);
const MODEL: Parts = Parts(&[(7, GRAPH), (8, LEAF)]);

impl Parts {
    /// Takes what a message has of parts, and numbers, from `left`, down to nothing.
    fn count(&self, mut bytes: &[u8], left: &mut u64) -> Result<(), DecodeError> {
        while !bytes.is_empty() && *left > 0 {
            let (tag, kind) = decode_key(&mut bytes)?;
            let inner = self.0.iter().find(|(field, _)| *field == tag).map(|(_, inner)| inner);
            match (inner, kind) {
                (Some(inner), WireType::LengthDelimited) => {
                    let length = usize::try_from(decode_varint(&mut bytes)?).unwrap_or(usize::MAX);
                    // Too long a part is decoding's to refuse.
                    let (part, rest) = bytes.split_at(length.min(bytes.len()));
                    bytes = rest;
                    if inner.0.is_empty() {
                        // Numbers without keys, of at least a byte each, or a text.
                        *left = left.saturating_sub(part.len() as u64);
                    } else {
                        inner.count(part, left)?;
                    }
                }
                _ => skip_field(kind, tag, &mut bytes, DecodeContext::default())?,
            }
            *left = left.saturating_sub(u64::from(inner.is_some()));
        }
        Ok(())
    }
}

impl OnnxFacts {
    /// Reads a file.
    ///
    /// # Errors
    /// If it can't be read or is no ONNX file.
    pub fn read(path: &Path) -> io::Result<Self> {
        let invalid = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
        let mut bytes = Vec::new();
        File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(invalid(format!("more than {} MB", MAX_BYTES >> 20)));
        }
        let mut left = MAX_PARTS;
        MODEL.count(&bytes, &mut left).map_err(|e| invalid(e.to_string()))?;
        if left == 0 {
            return Err(invalid("more parts than a model has".to_owned()));
        }
        let model = Model::decode(bytes.as_slice()).map_err(|e| invalid(e.to_string()))?;
        let graph = model.graph.ok_or_else(|| invalid("it has no graph".to_owned()))?;
        let opset = model.opset_import.iter().find(|set| ["", "ai.onnx"].contains(&&*set.domain));
        let weights: HashSet<&str> = graph.initializer.iter().map(|t| t.name.as_str()).collect();
        // Old files list their weights among the inputs.
        let inputs = graph.input.iter().filter(|v| !weights.contains(v.name.as_str()));
        Ok(Self {
            opset: opset.map_or(0, |set| set.version),
            parameters: graph.initializer.iter().map(elements).fold(0, u64::saturating_add),
            inputs: inputs.map(named).collect(),
            outputs: graph.output.iter().map(named).collect(),
            elements: graph.input.iter().chain(&graph.output).filter_map(element).collect(),
        })
    }
}

fn elements(tensor: &Tensor) -> u64 {
    tensor.dims.iter().map(|n| u64::try_from(*n).unwrap_or(0)).fold(1, u64::saturating_mul)
}

fn element(value: &Value) -> Option<(String, i32)> {
    Some((value.name.clone(), value.kind.as_ref()?.tensor.as_ref()?.element))
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
        let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/demo");
        let encoder = OnnxFacts::read(&demo.join("encoder.onnx")).unwrap();
        assert_eq!((encoder.opset, encoder.parameters), (17, 1_455_376));
        assert_eq!(encoder.inputs.len(), 1);
        assert_eq!(encoder.inputs[0].0, "image");
        assert_eq!(encoder.inputs[0].1, ["1", "1", "128", "128", "128"]);
        assert_eq!(encoder.outputs.len(), 7);
        assert_eq!((encoder.elements.len(), encoder.elements["image"]), (8, 1));
        let decoder = OnnxFacts::read(&demo.join("decoder.onnx")).unwrap();
        assert_eq!(decoder.parameters, 633_842);
        let coords = decoder.inputs.iter().find(|(name, _)| name == "point_coords").unwrap();
        assert!(coords.1[1].parse::<u32>().is_err(), "the number of points is free: {coords:?}");
    }

    #[test]
    fn empty_parts_by_the_million_are_refused() {
        let read = |graph: &[u8]| {
            let file = tempfile::NamedTempFile::new().unwrap();
            let mut model = vec![0x3a];
            prost::encoding::encode_varint(graph.len() as u64, &mut model);
            std::fs::write(file.path(), [&model, graph].concat()).unwrap();
            OnnxFacts::read(file.path()).map_err(|e| e.to_string())
        };
        // Constants (5), inputs (11), outputs (12), all empty; lengths within an input; a constant's dims.
        let lengths = [b"\x0a\x00".repeat(1 << 20)].concat();
        let mut input = lengths;
        for tag in [0x12, 0x0a, 0x12, 0x5a] {
            let mut outer = vec![tag];
            prost::encoding::encode_varint(input.len() as u64, &mut outer);
            input = [outer, input].concat();
        }
        let mut dims = vec![0x2a];
        prost::encoding::encode_varint(2 << 20, &mut dims);
        dims.extend(b"\x08\x01".repeat(1 << 20));
        let many = [b"\x2a\x00", b"\x5a\x00", b"\x62\x00"].map(|part| part.repeat(1 << 20));
        for graph in many.iter().chain([&input, &dims]) {
            assert_eq!(read(graph).unwrap_err(), "more parts than a model has");
        }
        assert_eq!(read(&many[1][..2000]).unwrap().inputs.len(), 1000);
        // Weights are no parts.
        let weights =
            [b"\x2a\x85\x80\x80\x01\x4a\x80\x80\x80\x01".as_slice(), &vec![0; 2 << 20]].concat();
        assert!(read(&weights).is_ok());
    }

    #[test]
    fn other_files_are_refused() {
        let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
        assert!(OnnxFacts::read(&readme).is_err());
        let empty = tempfile::NamedTempFile::new().unwrap();
        assert!(OnnxFacts::read(empty.path()).unwrap_err().to_string().contains("no graph"));
    }
}
