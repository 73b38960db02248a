//! Checkpoints made byte by byte: a writer of pickles and of the zip around them.

use std::io::{Cursor, Write as _};

use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

/// An archive under construction.
pub struct Archive {
    zip: ZipWriter<Cursor<Vec<u8>>>,
    pub method: CompressionMethod,
    pub large: bool,
}

impl Archive {
    pub fn new() -> Self {
        let zip = ZipWriter::new(Cursor::new(Vec::new()));
        Self { zip, method: CompressionMethod::Stored, large: false }
    }

    /// Adds an entry, with the archive's method.
    pub fn with(mut self, name: &str, content: &[u8]) -> Self {
        let options = SimpleFileOptions::default()
            .compression_method(self.method)
            .large_file(self.large)
            .with_alignment(64);
        self.zip.start_file(name, options).unwrap();
        self.zip.write_all(content).unwrap();
        self
    }

    pub fn done(self) -> Vec<u8> {
        self.zip.finish().unwrap().into_inner()
    }
}

/// A pickle under construction, protocol 2.
pub struct Pickle(pub Vec<u8>);

impl Pickle {
    pub fn new() -> Self {
        Self(vec![0x80, 2])
    }

    pub fn op(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub fn text(self, text: &str) -> Self {
        let length = (text.len() as u32).to_le_bytes();
        self.op(b"X").op(&length).op(text.as_bytes())
    }

    pub fn int(self, n: i64) -> Self {
        self.op(b"\x8a\x08").op(&n.to_le_bytes())
    }

    pub fn ints(self, all: &[i64]) -> Self {
        all.iter().fold(self.op(b"("), |p, n| p.int(*n)).op(b"t")
    }

    pub fn tensor(self, t: &Tensor) -> Self {
        self.op(b"ctorch._utils\n_rebuild_tensor_v2\n((")
            .text("storage")
            .op(format!("ctorch\n{}\n", t.class).as_bytes())
            .text(t.key)
            .text("cpu")
            .int(t.count)
            .op(b"tQ")
            .int(t.offset)
            .ints(&t.shape)
            .ints(&t.stride)
            .op(b"\x89ccollections\nOrderedDict\n)RtR")
    }

    pub fn done(self) -> Vec<u8> {
        self.op(b".").0
    }
}

/// A tensor as a pickle describes it.
#[derive(Clone)]
pub struct Tensor {
    pub class: &'static str,
    pub key: &'static str,
    pub count: i64,
    pub offset: i64,
    pub shape: Vec<i64>,
    pub stride: Vec<i64>,
}

impl Tensor {
    /// Six floats as 2 × 3, in storage 0.
    pub fn ordinary() -> Self {
        let (shape, stride) = (vec![2, 3], vec![3, 1]);
        Self { class: "FloatStorage", key: "0", count: 6, offset: 0, shape, stride }
    }
}

/// `{"w": tensor}`.
pub fn state(tensor: &Tensor) -> Vec<u8> {
    Pickle::new().op(b"}").text("w").tensor(tensor).op(b"s").done()
}

/// A checkpoint with these tensors in half precision, all of them views of one storage of that many zeros: as
/// small as a file with such shapes can be.
pub fn shared(tensors: &[(String, Vec<usize>)], count: usize) -> Vec<u8> {
    let mut pickle = Pickle::new().op(b"}");
    for (name, shape) in tensors {
        let shape: Vec<i64> = shape.iter().map(|&n| n as i64).collect();
        let mut stride = vec![1_i64; shape.len()];
        for axis in (1..shape.len()).rev() {
            stride[axis - 1] = stride[axis].saturating_mul(shape[axis]);
        }
        let tensor = Tensor {
            class: "HalfStorage",
            count: count as i64,
            shape,
            stride,
            ..Tensor::ordinary()
        };
        pickle = pickle.text(name).tensor(&tensor).op(b"s");
    }
    Archive::new().with("m/data.pkl", &pickle.done()).with("m/data/0", &vec![0; 2 * count]).done()
}

/// Six floats: 0 to 5.
pub fn floats() -> Vec<u8> {
    (0..6u8).flat_map(|n| f32::from(n).to_le_bytes()).collect()
}

/// A checkpoint with this pickle, and [`floats`] as storage 0.
pub fn checkpoint(pickle: &[u8]) -> Vec<u8> {
    Archive::new()
        .with("m/data.pkl", pickle)
        .with("m/byteorder", b"little")
        .with("m/data/0", &floats())
        .done()
}
