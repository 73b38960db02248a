//! Weights of an ONNX file that lie in other files (external data).

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use prost::Message;

/// Of `onnx.proto`, what leads to the places of weights; the rest is passed over.
#[derive(Clone, PartialEq, Message)]
struct Model {
    #[prost(message, optional, tag = "7")]
    graph: Option<Graph>,
    #[prost(message, repeated, tag = "25")]
    functions: Vec<Function>,
}

#[derive(Clone, PartialEq, Message)]
struct Graph {
    #[prost(message, repeated, tag = "1")]
    node: Vec<Node>,
    #[prost(message, repeated, tag = "5")]
    initializer: Vec<Tensor>,
    #[prost(message, repeated, tag = "15")]
    sparse_initializer: Vec<Sparse>,
}

#[derive(Clone, PartialEq, Message)]
struct Function {
    #[prost(message, repeated, tag = "7")]
    node: Vec<Node>,
}

#[derive(Clone, PartialEq, Message)]
struct Node {
    #[prost(message, repeated, tag = "5")]
    attribute: Vec<Attribute>,
}

#[derive(Clone, PartialEq, Message)]
struct Attribute {
    #[prost(message, optional, tag = "5")]
    tensor: Option<Tensor>,
    #[prost(message, optional, tag = "6")]
    graph: Option<Graph>,
    #[prost(message, repeated, tag = "10")]
    tensors: Vec<Tensor>,
    #[prost(message, repeated, tag = "11")]
    graphs: Vec<Graph>,
    #[prost(message, optional, tag = "22")]
    sparse_tensor: Option<Sparse>,
    #[prost(message, repeated, tag = "23")]
    sparse_tensors: Vec<Sparse>,
}

#[derive(Clone, PartialEq, Message)]
struct Sparse {
    #[prost(message, optional, tag = "1")]
    values: Option<Tensor>,
    #[prost(message, optional, tag = "2")]
    indices: Option<Tensor>,
}

#[derive(Clone, PartialEq, Message)]
struct Tensor {
    /// `location`, `offset`, `length`.
    #[prost(message, repeated, tag = "13")]
    external_data: Vec<Entry>,
    #[prost(int32, tag = "14")]
    data_location: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Entry {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    value: String,
}

impl Tensor {
    /// The file that its values lie in.
    fn location(&self) -> Option<&str> {
        // `TensorProto.DataLocation.EXTERNAL`.
        let external = self.data_location == 1;
        let entry = self.external_data.iter().find(|entry| entry.key == "location");
        entry.filter(|_| external).map(|entry| entry.value.as_str())
    }
}

/// The names, as they stand in the file, of the files that hold weights of an ONNX file.
///
/// # Errors
/// If it can't be read as ONNX, or has such weights elsewhere than among the graph's own constants, where ONNX
/// Runtime can't be given them.
pub(super) fn locations(model: &[u8]) -> Result<BTreeSet<String>, String> {
    let model = Model::decode(model).map_err(|e| e.to_string())?;
    let (graph, functions) = (model.graph.unwrap_or_default(), model.functions);
    let nodes = graph.node.iter().chain(functions.iter().flat_map(|f| &f.node));
    if nodes.flat_map(|node| &node.attribute).any(attribute_is_external)
        || graph.sparse_initializer.iter().any(sparse_is_external)
    {
        let what = "weights in another file that belong to a part of the graph; save it with its weights inside";
        return Err(what.into());
    }
    Ok(graph.initializer.iter().filter_map(Tensor::location).map(str::to_owned).collect())
}

fn attribute_is_external(attribute: &Attribute) -> bool {
    let external = |tensor: &Tensor| tensor.location().is_some();
    attribute.tensor.iter().chain(&attribute.tensors).any(external)
        || attribute.sparse_tensor.iter().chain(&attribute.sparse_tensors).any(sparse_is_external)
        || attribute.graph.iter().chain(&attribute.graphs).any(graph_is_external)
}

fn sparse_is_external(sparse: &Sparse) -> bool {
    sparse.values.iter().chain(&sparse.indices).any(|tensor| tensor.location().is_some())
}

/// Decoding has ended nesting at prost's limit of a hundred messages.
fn graph_is_external(graph: &Graph) -> bool {
    graph.initializer.iter().any(|tensor| tensor.location().is_some())
        || graph.sparse_initializer.iter().any(sparse_is_external)
        || graph.node.iter().flat_map(|node| &node.attribute).any(attribute_is_external)
}

/// Where a file of weights lies: in the model's folder or below it, and nowhere else, as ONNX asks for.
pub(super) fn place(model: &Path, location: &str) -> io::Result<PathBuf> {
    let folder = match model.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    let outside = || io::Error::other(format!("its weights lie outside of its folder: {location}"));
    if location.is_empty() || !Path::new(location).components().all(plain) {
        return Err(outside());
    }
    let missing = |e: io::Error| io::Error::new(e.kind(), format!("its weights, {location}: {e}"));
    let file = fs::canonicalize(folder.join(location)).map_err(missing)?;
    if file.starts_with(fs::canonicalize(folder)?) { Ok(file) } else { Err(outside()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(location: &str) -> Tensor {
        let entry = |key: &str, value: &str| Entry { key: key.into(), value: value.into() };
        Tensor {
            external_data: vec![entry("offset", "0"), entry("location", location)],
            data_location: 1,
        }
    }

    fn graph(initializer: Vec<Tensor>) -> Graph {
        Graph { initializer, ..Graph::default() }
    }

    fn node(attribute: Attribute) -> Node {
        Node { attribute: vec![attribute] }
    }

    #[test]
    fn files_of_weights_are_found() {
        let inside = Tensor { data_location: 0, ..tensor("a") };
        let two = graph(vec![tensor("b"), inside.clone(), tensor("a.data"), tensor("b")]);
        let model = |graph: Graph| Model { graph: Some(graph), functions: vec![] }.encode_to_vec();
        let found = locations(&model(two)).unwrap();
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["a.data", "b"]);
        assert!(locations(&model(graph(vec![inside]))).unwrap().is_empty());
        assert!(locations(b"no model").is_err());

        let body = Attribute { graph: Some(graph(vec![tensor("a")])), ..Attribute::default() };
        let deep = graph(vec![]);
        let deep = Graph { node: vec![node(body.clone())], ..deep };
        let sparse = Sparse { values: Some(tensor("a")), indices: None };
        for hidden in [
            Graph { node: vec![node(body)], ..Graph::default() },
            Graph {
                node: vec![node(Attribute { graphs: vec![deep], ..Attribute::default() })],
                ..Graph::default()
            },
            Graph {
                node: vec![node(Attribute { tensor: Some(tensor("a")), ..Attribute::default() })],
                ..Graph::default()
            },
            Graph { sparse_initializer: vec![sparse], ..Graph::default() },
        ] {
            assert!(
                locations(&model(hidden)).unwrap_err().contains("save it with its weights inside")
            );
        }
    }

    #[test]
    fn weights_lie_in_the_models_folder() {
        let home = tempfile::tempdir().unwrap();
        let model = home.path().join("m/encoder.onnx");
        fs::create_dir_all(home.path().join("m/sub")).unwrap();
        for file in ["m/w", "m/sub/w", "outside"] {
            fs::write(home.path().join(file), "").unwrap();
        }
        let real = |file: &str| home.path().join(file).canonicalize().unwrap();
        assert_eq!(place(&model, "w").unwrap(), real("m/w"));
        assert_eq!(place(&model, "./sub/w").unwrap(), real("m/sub/w"));
        #[cfg(unix)]
        std::os::unix::fs::symlink("../outside", home.path().join("m/link")).unwrap();
        let absolute = home.path().join("m/w");
        for (location, says) in [
            ("../outside", "outside of its folder"),
            ("sub/../w", "outside of its folder"),
            (absolute.to_str().unwrap(), "outside of its folder"),
            ("", "outside of its folder"),
            #[cfg(unix)]
            ("link", "outside of its folder"),
            ("none", "its weights, none"),
        ] {
            let error = place(&model, location).unwrap_err().to_string();
            assert!(error.contains(says), "{location}: {error}");
        }
    }
}
