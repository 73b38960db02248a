use super::MAX_NAME;

/// What the interpreter tells apart. Containers are named by their number in the [`Heap`], so copies share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    /// Anything that says nothing about tensors.
    Opaque,
    Int(i64),
    Text(&'a str),
    Tuple {
        start: u32,
        count: u32,
    },
    Dict(u32),
    Global(Global<'a>),
    Storage(u32),
    Tensor(u32),
}

/// A name that a pickle refers to. Nothing is looked up: these few are recognised by their names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Global<'a> {
    /// `torch._utils._rebuild_tensor_v2`, and `_v3`, whose element type is an argument.
    RebuildTensor,
    /// `torch._utils._rebuild_parameter` and `_rebuild_parameter_with_state`: their first argument.
    RebuildParameter,
    /// `collections.OrderedDict`.
    OrderedDict,
    /// Something of the module `torch`: a storage class or an element type.
    Torch(&'a str),
    Other,
}

impl<'a> Global<'a> {
    pub(super) fn named(module: &str, name: &'a str) -> Self {
        match (module, name) {
            ("torch._utils", "_rebuild_tensor_v2" | "_rebuild_tensor_v3") => Self::RebuildTensor,
            ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => {
                Self::RebuildParameter
            }
            ("collections", "OrderedDict") => Self::OrderedDict,
            ("torch" | "torch.storage" | "torch.cuda", name) => Self::Torch(name),
            _ => Self::Other,
        }
    }
}

/// Bytes in the archive that tensors are views of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Storage<'a> {
    /// The class that tells the element type, e.g. `FloatStorage`.
    pub class: &'a str,
    pub key: &'a str,
    /// Number of elements.
    pub count: u64,
}

/// A tensor as the pickle describes it; nothing of it has been checked against the archive.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Stored<'a> {
    /// The element type's name in PyTorch, or else its storage class.
    pub dtype: &'a str,
    /// Which `data/<key>`.
    pub key: &'a str,
    /// Elements of that storage.
    pub count: u64,
    /// In elements, from the storage's beginning.
    pub offset: u64,
    /// Slowest first.
    pub shape: Vec<u64>,
    /// In elements, one for each dimension.
    pub stride: Vec<u64>,
}

/// All containers.
#[derive(Default)]
pub(super) struct Heap<'a> {
    /// The elements of all tuples.
    pub elements: Vec<Value<'a>>,
    /// Dictionaries; only what is under a text and may lead to a tensor.
    pub dicts: Vec<Vec<(&'a str, Value<'a>)>>,
    pub storages: Vec<Storage<'a>>,
    pub tensors: Vec<Stored<'a>>,
}

impl<'a> Heap<'a> {
    /// The elements of a tuple.
    pub(super) fn tuple(&self, value: Value<'a>) -> Option<&[Value<'a>]> {
        let Value::Tuple { start, count } = value else { return None };
        self.elements.get(start as usize..start as usize + count as usize)
    }

    /// What is kept of a dictionary.
    pub(super) fn items(&self, value: Value<'a>) -> Option<&[(&'a str, Value<'a>)]> {
        let Value::Dict(number) = value else { return None };
        self.dicts.get(number as usize).map(Vec::as_slice)
    }

    /// What a dictionary has under a key, the last if it was set twice.
    pub(super) fn lookup(&self, dict: Value<'a>, key: &str) -> Option<Value<'a>> {
        self.items(dict)?.iter().rev().find(|(k, _)| *k == key).map(|(_, value)| *value)
    }

    /// The tensor, if it is one.
    pub(super) fn tensor(&self, value: Value<'a>) -> Option<&Stored<'a>> {
        let Value::Tensor(number) = value else { return None };
        self.tensors.get(number as usize)
    }

    /// A storage from `("storage", class, key, device, number of elements)`.
    pub(super) fn storage_of(&self, id: Value<'a>) -> Option<Storage<'a>> {
        match *self.tuple(id)? {
            [
                Value::Text("storage"),
                Value::Global(Global::Torch(class)),
                Value::Text(key),
                Value::Text(_device),
                Value::Int(count),
                ..,
            ] if key.len() <= MAX_NAME => {
                Some(Storage { class, key, count: u64::try_from(count).ok()? })
            }
            _ => None,
        }
    }

    /// A tensor from the arguments of `_rebuild_tensor_v2`:
    /// `(storage, offset, size, stride, requires_grad, hooks)`; `_v3` adds the element type.
    pub(super) fn tensor_of(&self, arguments: Value<'a>) -> Option<Stored<'a>> {
        let arguments = self.tuple(arguments)?;
        let [Value::Storage(storage), Value::Int(offset), size, stride, rest @ ..] = arguments
        else {
            return None;
        };
        let storage = self.storages.get(*storage as usize)?;
        let (shape, stride) = (self.numbers(*size)?, self.numbers(*stride)?);
        let stated = match rest {
            [_, _, Value::Global(Global::Torch(name)), ..] => Some(*name),
            _ => None,
        };
        (shape.len() == stride.len()).then_some(Stored {
            dtype: stated.unwrap_or(storage.class),
            key: storage.key,
            count: storage.count,
            offset: u64::try_from(*offset).ok()?,
            shape,
            stride,
        })
    }

    /// A tuple of counts. Tensors have few dimensions, and each tensor keeps its own copy of them.
    fn numbers(&self, value: Value<'a>) -> Option<Vec<u64>> {
        const MAX_DIMENSIONS: usize = 16;
        let all = self.tuple(value).filter(|all| all.len() <= MAX_DIMENSIONS)?;
        all.iter()
            .map(|v| match v {
                Value::Int(n) => u64::try_from(*n).ok(),
                _ => None,
            })
            .collect()
    }
}
