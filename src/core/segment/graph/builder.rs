//! Writes a graph node by node.

use std::collections::HashMap;

use prost::Message as _;

use super::onnx::{
    Attribute, BFLOAT16, BOOL, Dimension, EXTERNAL, Entry, FLOAT, FLOAT16, Graph, INT64, Length,
    Model, Node, OperatorSet, Shape, Tensor, TensorType, Type, ValueInfo,
};
use super::{IR_VERSION, LOCATION, OPSET, Precision, Weights};
use crate::segment::checkpoint::{Checkpoint, CheckpointError, DType};

/// A tensor of the graph, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Value(String);

/// The setting of a node.
pub(super) enum Set<'a> {
    Int(&'a str, i64),
    Float(&'a str, f32),
    Ints(&'a str, &'a [i64]),
}

impl Set<'_> {
    fn attribute(&self) -> Attribute {
        match *self {
            Set::Float(name, f) => {
                Attribute { name: name.into(), f: Some(f), kind: 1, ..Attribute::default() }
            }
            Set::Int(name, i) => {
                Attribute { name: name.into(), i: Some(i), kind: 2, ..Attribute::default() }
            }
            Set::Ints(name, ints) => {
                Attribute { name: name.into(), ints: ints.into(), kind: 7, ..Attribute::default() }
            }
        }
    }
}

/// A length that is known, or one that is only known when the model runs.
#[derive(Clone, Copy)]
pub(super) enum Dim {
    Fixed(usize),
    Free(&'static str),
}

/// The graph so far.
pub(super) struct Builder<'c> {
    checkpoint: &'c Checkpoint,
    weights: Weights,
    /// What matrices are multiplied in.
    precision: Precision,
    /// Begins the names of the nodes that follow, so that a reader of the graph finds his way.
    scope: String,
    graph: Graph,
    /// Constants by name, and what they became when cast.
    known: HashMap<String, Value>,
}

impl<'c> Builder<'c> {
    pub(super) fn new(checkpoint: &'c Checkpoint, weights: Weights, precision: Precision) -> Self {
        Self {
            checkpoint,
            weights,
            precision,
            scope: String::new(),
            graph: Graph::default(),
            known: HashMap::new(),
        }
    }

    pub(super) fn checkpoint(&self) -> &'c Checkpoint {
        self.checkpoint
    }

    /// Names of the following nodes begin with this.
    pub(super) fn scope(&mut self, scope: &str) {
        scope.clone_into(&mut self.scope);
    }

    // ---- nodes ----

    /// A node with one output.
    pub(super) fn op(&mut self, kind: &str, inputs: &[&Value], settings: &[Set<'_>]) -> Value {
        let name = format!("{}/{kind}_{}", self.scope, self.graph.node.len());
        self.node(kind, inputs, settings, vec![name.clone()]);
        Value(name)
    }

    fn node(&mut self, kind: &str, inputs: &[&Value], settings: &[Set<'_>], output: Vec<String>) {
        self.graph.node.push(Node {
            input: inputs.iter().map(|v| v.0.clone()).collect(),
            name: output[0].clone(),
            output,
            op_type: kind.into(),
            attribute: settings.iter().map(Set::attribute).collect(),
        });
    }

    pub(super) fn add(&mut self, a: &Value, b: &Value) -> Value {
        self.op("Add", &[a, b], &[])
    }

    pub(super) fn matmul(&mut self, a: &Value, b: &Value) -> Value {
        self.op("MatMul", &[a, b], &[])
    }

    /// To another shape; one length may be -1, the rest of the elements.
    pub(super) fn reshape(&mut self, x: &Value, shape: &[i64]) -> Value {
        let shape = self.ints(shape);
        self.op("Reshape", &[x, &shape], &[])
    }

    pub(super) fn transpose(&mut self, x: &Value, perm: &[i64]) -> Value {
        self.op("Transpose", &[x], &[Set::Ints("perm", perm)])
    }

    /// Elements `from..to` along an axis.
    pub(super) fn slice(&mut self, x: &Value, axis: i64, from: usize, to: usize) -> Value {
        let (from, to) = (self.ints(&[from as i64]), self.ints(&[to as i64]));
        let axis = self.ints(&[axis]);
        self.op("Slice", &[x, &from, &to, &axis], &[])
    }

    pub(super) fn concat(&mut self, parts: &[&Value], axis: i64) -> Value {
        self.op("Concat", parts, &[Set::Int("axis", axis)])
    }

    /// Cuts an axis of even length in two.
    pub(super) fn halves(&mut self, x: &Value, axis: i64) -> [Value; 2] {
        let name = format!("{}/Split_{}", self.scope, self.graph.node.len());
        let names = [format!("{name}_0"), format!("{name}_1")];
        let settings = [Set::Int("axis", axis), Set::Int("num_outputs", 2)];
        self.node("Split", &[x], &settings, names.to_vec());
        names.map(Value)
    }

    /// Layer normalisation over the last axis with `<name>.weight` and `<name>.bias`, in float32.
    pub(super) fn layer_norm(
        &mut self,
        x: &Value,
        name: &str,
        epsilon: f32,
    ) -> Result<Value, CheckpointError> {
        let weight = self.weight(&format!("{name}.weight"))?;
        let bias = self.weight(&format!("{name}.bias"))?;
        let settings = [Set::Int("axis", -1), Set::Float("epsilon", epsilon)];
        Ok(self.op("LayerNormalization", &[x, &weight, &bias], &settings))
    }

    /// log Σ exp over an axis, which stays with length 1. The largest term is taken out first, so that
    /// nothing overflows or vanishes; there is always a finite one.
    pub(super) fn log_sum_exp(&mut self, x: &Value, axis: i64) -> Value {
        let axis = self.ints(&[axis]);
        let keep = [Set::Int("keepdims", 1)];
        if self.precision == Precision::F16 {
            // For GPUs: one kernel instead of six. ONNX Runtime's CUDA has no ReduceMax of this opset (only the
            // one of opset 18), so each would be sent to the CPU and back. On the CPU the six are several times as
            // fast.
            return self.op("ReduceLogSumExp", &[x, &axis], &keep);
        }
        let most = self.op("ReduceMax", &[x, &axis], &keep);
        let less = self.op("Sub", &[x, &most], &[]);
        let powers = self.op("Exp", &[&less], &[]);
        let sum = self.op("ReduceSum", &[&powers, &axis], &keep);
        let log = self.op("Log", &[&sum], &[]);
        self.add(&log, &most)
    }

    /// log(exp a + exp b), element by element: max + log(1 + exp(−|a − b|)).
    pub(super) fn log_add_exp(&mut self, a: &Value, b: &Value) -> Value {
        let most = self.op("Max", &[a, b], &[]);
        let difference = self.op("Sub", &[a, b], &[]);
        let distance = self.op("Abs", &[&difference], &[]);
        let negative = self.op("Neg", &[&distance], &[]);
        let power = self.op("Exp", &[&negative], &[]);
        let one = self.number(1.0);
        let sum = self.add(&power, &one);
        let log = self.op("Log", &[&sum], &[]);
        self.add(&most, &log)
    }

    // ---- precision ----

    /// What a matrix product takes: x itself, or its cast to half precision.
    pub(super) fn narrow(&mut self, x: &Value) -> Value {
        match self.precision {
            Precision::F32 => x.clone(),
            Precision::F16 => self.cast(x, FLOAT16),
        }
    }

    /// Back to float32 after [`Self::narrow`].
    pub(super) fn wide(&mut self, x: &Value) -> Value {
        match self.precision {
            Precision::F32 => x.clone(),
            Precision::F16 => self.cast(x, FLOAT),
        }
    }

    fn cast(&mut self, x: &Value, to: i32) -> Value {
        self.op("Cast", &[x], &[Set::Int("to", i64::from(to))])
    }

    // ---- constants ----

    /// A tensor of the checkpoint, as float32.
    pub(super) fn weight(&mut self, name: &str) -> Result<Value, CheckpointError> {
        let shape = self.checkpoint.require(name)?.shape.clone();
        self.part(name, 0, &shape)
    }

    /// `shape` elements of a tensor of the checkpoint from element `first` on, as float32. They are used
    /// where they lie.
    pub(super) fn part(
        &mut self,
        name: &str,
        first: usize,
        shape: &[usize],
    ) -> Result<Value, CheckpointError> {
        let (value, stored) = self.stored(name, first, shape)?;
        Ok(if stored == FLOAT { value } else { self.cast_once(&value, FLOAT) })
    }

    /// As [`Self::part`], in what matrices are multiplied in.
    pub(super) fn narrow_part(
        &mut self,
        name: &str,
        first: usize,
        shape: &[usize],
    ) -> Result<Value, CheckpointError> {
        match self.precision {
            Precision::F32 => self.part(name, first, shape),
            Precision::F16 => {
                let (value, stored) = self.stored(name, first, shape)?;
                Ok(if stored == FLOAT16 { value } else { self.cast_once(&value, FLOAT16) })
            }
        }
    }

    /// A constant in another type. ONNX Runtime computes it when the model is loaded.
    fn cast_once(&mut self, value: &Value, to: i32) -> Value {
        let name = format!("{}:{to}", value.0);
        if let Some(known) = self.known.get(&name) {
            return known.clone();
        }
        let cast = self.cast(value, to);
        self.known.insert(name, cast.clone());
        cast
    }

    /// An initialiser of the type that the checkpoint has, and that type.
    fn stored(
        &mut self,
        name: &str,
        first: usize,
        shape: &[usize],
    ) -> Result<(Value, i32), CheckpointError> {
        let tensor = self.checkpoint.require(name)?;
        let data_type = match tensor.dtype {
            DType::F32 => FLOAT,
            DType::F16 => FLOAT16,
            DType::BF16 => BFLOAT16,
        };
        let whole = first == 0 && *shape == tensor.shape;
        let full = if whole { name.into() } else { format!("{name}[{first}]{shape:?}") };
        if let Some(known) = self.known.get(&full) {
            return Ok((known.clone(), data_type));
        }
        let size = tensor.dtype.size();
        let begin = first as u64 * size;
        let length = shape.iter().product::<usize>() as u64 * size;
        debug_assert!(begin + length <= tensor.bytes, "{full}");
        let mut constant =
            Tensor { dims: dims(shape), data_type, name: full.clone(), ..Tensor::default() };
        match self.weights {
            Weights::External => {
                let entry = |key: &str, value: String| Entry { key: key.into(), value };
                constant.data_location = EXTERNAL;
                constant.external_data = vec![
                    entry("location", LOCATION.to_owned()),
                    entry("offset", (tensor.offset + begin).to_string()),
                    entry("length", length.to_string()),
                ];
            }
            Weights::Inline => {
                let bytes = self.checkpoint.bytes(tensor);
                let range = begin as usize..(begin + length) as usize;
                constant.raw_data = Some(bytes.get(range).unwrap_or_default().to_vec());
            }
        }
        self.graph.initializer.push(constant);
        let value = Value(full.clone());
        self.known.insert(full, value.clone());
        Ok((value, data_type))
    }

    /// A float32 constant that is computed here. Its name stands for its content.
    pub(super) fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) -> Value {
        debug_assert_eq!(shape.iter().product::<usize>(), values.len(), "{name}");
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.constant(name.into(), FLOAT, dims(shape), bytes)
    }

    /// True and false.
    pub(super) fn flags(&mut self, name: &str, shape: &[usize], values: &[bool]) -> Value {
        let bytes = values.iter().map(|&v| u8::from(v)).collect();
        self.constant(name.into(), BOOL, dims(shape), bytes)
    }

    /// A single float32.
    pub(super) fn number(&mut self, value: f32) -> Value {
        self.constant(format!("{value}"), FLOAT, vec![], value.to_le_bytes().to_vec())
    }

    /// A list of integers.
    pub(super) fn ints(&mut self, values: &[i64]) -> Value {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.constant(format!("{values:?}"), INT64, vec![values.len() as i64], bytes)
    }

    fn constant(&mut self, name: String, kind: i32, dims: Vec<i64>, bytes: Vec<u8>) -> Value {
        if let Some(known) = self.known.get(&name) {
            return known.clone();
        }
        self.graph.initializer.push(Tensor {
            dims,
            data_type: kind,
            name: name.clone(),
            raw_data: Some(bytes),
            ..Tensor::default()
        });
        let value = Value(name.clone());
        self.known.insert(name, value.clone());
        value
    }

    // ---- the outside ----

    pub(super) fn input(&mut self, name: &str, shape: &[Dim]) -> Value {
        self.graph.input.push(info(name, FLOAT, shape));
        Value(name.into())
    }

    pub(super) fn int_input(&mut self, name: &str, shape: &[Dim]) -> Value {
        self.graph.input.push(info(name, INT64, shape));
        Value(name.into())
    }

    /// Gives a value to the outside, in another shape.
    pub(super) fn output(&mut self, value: &Value, name: &str, shape: &[usize]) {
        let lengths = self.ints(&dims(shape));
        self.node("Reshape", &[value, &lengths], &[], vec![name.into()]);
        let shape: Vec<Dim> = shape.iter().map(|&n| Dim::Fixed(n)).collect();
        self.graph.output.push(info(name, FLOAT, &shape));
    }

    /// The file.
    pub(super) fn finish(mut self, name: &str, about: &str) -> Vec<u8> {
        self.graph.name = name.into();
        Model {
            ir_version: IR_VERSION,
            producer_name: "voxpoint".into(),
            producer_version: env!("CARGO_PKG_VERSION").into(),
            doc_string: about.into(),
            graph: Some(self.graph),
            opset_import: vec![OperatorSet { domain: String::new(), version: OPSET }],
        }
        .encode_to_vec()
    }
}

fn dims(shape: &[usize]) -> Vec<i64> {
    shape.iter().map(|&n| n as i64).collect()
}

fn info(name: &str, elem_type: i32, shape: &[Dim]) -> ValueInfo {
    let dimension = |dim: &Dim| Dimension {
        value: Some(match dim {
            Dim::Fixed(n) => Length::Value(*n as i64),
            Dim::Free(name) => Length::Param((*name).into()),
        }),
    };
    let shape = Shape { dim: shape.iter().map(dimension).collect() };
    let tensor = TensorType { elem_type, shape: Some(shape) };
    ValueInfo { name: name.into(), kind: Some(Type { tensor: Some(tensor) }) }
}
