//! The other files that an ONNX file needs: weights kept outside of it ("external data", onnx.proto). The file
//! is walked through, not read: weights are skipped.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

/// Graphs in graphs (the bodies of loops and branches), with all that is between them.
const DEEPEST: u32 = 100;
/// Parts of a file that are looked at; SAM-Med3D has some ten thousand.
const MAX_PARTS: u64 = 1 << 22;
/// Longest name of a file, bytes.
const MAX_NAME: u64 = 4096;

/// The files with weights that `model` refers to, in the order of their names; all of them lie in its folder or
/// below, and are there.
///
/// # Errors
/// If the file can't be read, is no ONNX file, or refers to a file that is missing or not inside of its folder.
pub fn external_files(model: &Path) -> io::Result<Vec<PathBuf>> {
    let file = File::open(model)?;
    // Opening a device or a pipe is no error; walking through it would be an endless one.
    if !file.metadata()?.is_file() {
        return Err(invalid("it is not a regular file"));
    }
    let end = file.metadata()?.len();
    let walk = Walk::through(file, end)?;
    walk.names.iter().map(|name| weights_file(model, name)).collect()
}

/// The names, as they stand in it, of the files that hold weights of an ONNX file with these bytes.
///
/// # Errors
/// If it is no ONNX file, or has such weights elsewhere than among the graph's own constants, where ONNX Runtime can't
/// be given them.
pub fn locations(model: &[u8]) -> io::Result<BTreeSet<String>> {
    let walk = Walk::through(Cursor::new(model), model.len() as u64)?;
    if walk.elsewhere {
        return Err(invalid(
            "weights in another file that belong to a part of the graph; save it with its weights inside",
        ));
    }
    Ok(walk.names)
}

/// A file of weights by its name in a model: in the model's folder or below it, and nowhere else, as ONNX asks for.
///
/// # Errors
/// If it is not there, or elsewhere.
pub fn weights_file(model: &Path, name: &str) -> io::Result<PathBuf> {
    let folder = match model.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let refused = |why: &str| {
        invalid(&format!(
            "its weights are said to lie in “{name}”, which {why}; weights must be in the folder of the model"
        ))
    };
    let plain = |c: Component<'_>| matches!(c, Component::Normal(_) | Component::CurDir);
    if name.is_empty() || !Path::new(name).components().all(plain) {
        return Err(refused("leads out of the model's folder"));
    }
    let path = folder.join(name);
    let real = path.canonicalize().map_err(|_| refused("is not there"))?;
    if !real.starts_with(folder.canonicalize()?) {
        return Err(refused("is a link out of the model's folder"));
    }
    if !real.is_file() {
        return Err(refused("is no file"));
    }
    Ok(path)
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// The messages of onnx.proto on the way to external data.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MessageKind {
    Model,
    Training,
    Function,
    Graph,
    Node,
    Attribute,
    Sparse,
    Tensor,
    Entry,
}

impl MessageKind {
    /// What a field of such a message is, if it matters.
    fn inner(self, field: u64) -> Option<Self> {
        Some(match (self, field) {
            (Self::Model, 7) | (Self::Training, 1 | 2) | (Self::Attribute, 6 | 11) => Self::Graph,
            (Self::Model, 20) => Self::Training,
            (Self::Model, 25) => Self::Function,
            (Self::Graph, 1) | (Self::Function, 7) => Self::Node,
            (Self::Node, 5) | (Self::Function, 11) => Self::Attribute,
            (Self::Graph, 15) | (Self::Attribute, 22 | 23) => Self::Sparse,
            (Self::Graph, 5) | (Self::Attribute, 5 | 10) | (Self::Sparse, 1 | 2) => Self::Tensor,
            (Self::Tensor, 13) => Self::Entry,
            _ => return None,
        })
    }
}

/// `TensorProto.data_location`.
const DATA_LOCATION: u64 = 14;
const EXTERNAL: u64 = 1;

struct Walk<F> {
    file: BufReader<F>,
    at: u64,
    left: u64,
    names: BTreeSet<String>,
    /// There are such weights elsewhere than among the constants of the graph that is run.
    elsewhere: bool,
    /// In what is only for training.
    training: bool,
}

/// How deep the constants of the graph lie: model, graph, tensor.
const CONSTANTS: u32 = DEEPEST - 3;

impl<F: Read + Seek> Walk<F> {
    /// Walks through a whole file of so many bytes.
    fn through(file: F, end: u64) -> io::Result<Self> {
        let mut walk = Self {
            file: BufReader::new(file),
            at: 0,
            left: MAX_PARTS,
            names: BTreeSet::new(),
            elsewhere: false,
            training: false,
        };
        walk.message(MessageKind::Model, end, DEEPEST)?;
        Ok(walk)
    }

    /// Walks through a message that ends at `end`. Of a tensor's entries it returns where the data lies.
    fn message(&mut self, kind: MessageKind, end: u64, deeper: u32) -> io::Result<()> {
        let deeper =
            deeper.checked_sub(1).ok_or_else(|| invalid("its graphs are nested too deep"))?;
        let (mut location, mut external) = (None, false);
        let within = self.training;
        self.training |= kind == MessageKind::Training;
        while self.at < end {
            self.left =
                self.left.checked_sub(1).ok_or_else(|| invalid("more parts than a model has"))?;
            let key = self.varint(end)?;
            match (key & 7, key >> 3) {
                (0, field) => {
                    let value = self.varint(end)?;
                    if kind == MessageKind::Tensor && field == DATA_LOCATION {
                        external = value == EXTERNAL;
                    }
                }
                (1, _) => self.skip(8, end)?,
                (5, _) => self.skip(4, end)?,
                (2, field) => {
                    let length = self.varint(end)?;
                    let inner_end = self.at.checked_add(length).filter(|&e| e <= end);
                    let inner_end =
                        inner_end.ok_or_else(|| invalid("no ONNX file, or cut short"))?;
                    match kind.inner(field) {
                        Some(MessageKind::Entry) => {
                            if let Some(found) = self.entry(inner_end)? {
                                location = Some(found);
                            }
                        }
                        Some(inner) => self.message(inner, inner_end, deeper)?,
                        None => self.skip(length, end)?,
                    }
                }
                _ => return Err(invalid("no ONNX file")),
            }
        }
        self.elsewhere |= external && !self.training && deeper != CONSTANTS;
        self.training = within;
        match (external, location) {
            (true, Some(name)) => {
                self.names.insert(name);
                Ok(())
            }
            (true, None) => Err(invalid("weights outside of the file, and it does not say where")),
            (false, _) => Ok(()),
        }
    }

    /// A pair of texts; the second, if the first is `location`.
    fn entry(&mut self, end: u64) -> io::Result<Option<String>> {
        let (mut key, mut value) = (String::new(), String::new());
        while self.at < end {
            let tag = self.varint(end)?;
            let length = self.varint(end)?;
            if tag & 7 != 2 || length > MAX_NAME {
                return Err(invalid("a damaged reference to weights outside of the file"));
            }
            let text = self.text(length, end)?;
            match tag >> 3 {
                1 => key = text,
                2 => value = text,
                _ => {}
            }
        }
        Ok((key == "location").then_some(value))
    }

    fn text(&mut self, length: u64, end: u64) -> io::Result<String> {
        if self.at + length > end {
            return Err(invalid("no ONNX file, or cut short"));
        }
        let mut bytes = vec![0; length as usize];
        self.file.read_exact(&mut bytes)?;
        self.at += length;
        String::from_utf8(bytes).map_err(|_| invalid("a name of a file that is no text"))
    }

    fn varint(&mut self, end: u64) -> io::Result<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            if self.at >= end {
                return Err(invalid("no ONNX file, or cut short"));
            }
            let byte = *self.file.fill_buf()?.first().ok_or(io::ErrorKind::UnexpectedEof)?;
            self.file.consume(1);
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(invalid("no ONNX file"))
    }

    fn skip(&mut self, length: u64, end: u64) -> io::Result<()> {
        let to = self.at.checked_add(length).filter(|&to| to <= end);
        self.at = to.ok_or_else(|| invalid("no ONNX file, or cut short"))?;
        match i64::try_from(length) {
            // Keeps what is in the buffer, if it is enough.
            Ok(length) => self.file.seek_relative(length),
            Err(_) => self.file.seek(SeekFrom::Start(self.at)).map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message's field: its number, and its content.
    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![number << 3 | 2];
        if number > 15 {
            out = vec![number << 3 | 2 | 0x80, number >> 4];
        }
        prost::encoding::encode_varint(content.len() as u64, &mut out);
        out.extend_from_slice(content);
        out
    }

    /// A tensor whose data lies in `name`.
    fn tensor(name: &str) -> Vec<u8> {
        let entry = |key: &str, value: &str| {
            field(13, &[field(1, key.as_bytes()), field(2, value.as_bytes())].concat())
        };
        let offset = entry("offset", "0");
        [field(8, b"w"), entry("location", name), offset, vec![14 << 3, 1], field(9, b"")].concat()
    }

    fn write(folder: &Path, model: &[u8]) -> PathBuf {
        let path = folder.join("encoder.onnx");
        std::fs::write(&path, model).unwrap();
        path
    }

    #[test]
    fn external_data_is_found_wherever_onnx_allows_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("w")).unwrap();
        std::fs::write(folder.path().join("w/a.bin"), "x").unwrap();
        let t = tensor("w/a.bin");
        let graph = field(5, &t);
        let in_attribute = |content: Vec<u8>| field(1, &field(5, &content));
        for (place, graph) in [
            ("initializer", graph.clone()),
            ("sparse initializer", field(15, &field(1, &t))),
            ("constant", in_attribute(field(5, &t))),
            ("constants", in_attribute(field(10, &t))),
            ("sparse constant", in_attribute(field(22, &field(2, &t)))),
            ("body of a loop", in_attribute(field(6, &graph))),
            ("branches in branches", in_attribute(field(11, &in_attribute(field(6, &graph))))),
        ] {
            let path = write(folder.path(), &field(7, &graph));
            assert_eq!(external_files(&path).unwrap(), [folder.path().join("w/a.bin")], "{place}");
            let names = locations(&std::fs::read(&path).unwrap());
            if place == "initializer" {
                assert!(names.unwrap().iter().eq(["w/a.bin"]));
            } else {
                let why = names.unwrap_err().to_string();
                assert!(why.contains("with its weights inside"), "{place}: {why}");
            }
        }
        for (place, model) in [
            ("function", field(25, &field(7, &field(5, &field(5, &t))))),
            ("training", field(20, &field(2, &graph))),
        ] {
            let path = write(folder.path(), &model);
            assert_eq!(external_files(&path).unwrap().len(), 1, "{place}");
            assert_eq!(locations(&model).is_ok(), place == "training", "{place} is run");
        }
        // Entries of a tensor whose data is inside do not count, as with ONNX Runtime.
        let inside = field(13, &[field(1, b"location"), field(2, b"nowhere")].concat());
        let path = write(folder.path(), &field(7, &field(5, &inside)));
        assert!(external_files(&path).unwrap().is_empty());
        assert!(locations(b"no model").is_err());
        let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/demo/encoder.onnx");
        assert!(external_files(&demo).unwrap().is_empty());
    }

    #[test]
    fn what_is_not_in_the_folder_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("model");
        std::fs::create_dir_all(folder.join("sub")).unwrap();
        let secret = home.path().join("secret");
        std::fs::write(&secret, "x").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(&secret, folder.join("link")).unwrap();
        let absolute = secret.display().to_string();
        for (name, why) in [
            ("../secret", "leads out"),
            ("sub/../../secret", "leads out"),
            (absolute.as_str(), "leads out"),
            ("", "leads out"),
            ("missing", "is not there"),
            ("*/_ORT_MEM_ADDR_/*", "is not there"),
            ("sub", "is no file"),
            #[cfg(unix)]
            ("link", "is a link out"),
        ] {
            let path = write(&folder, &field(7, &field(5, &tensor(name))));
            let error = external_files(&path).unwrap_err().to_string();
            assert!(error.contains(why) && error.contains(name), "{name}: {error}");
        }
    }

    #[test]
    fn other_files_are_refused_and_bombs_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut nested = field(5, b"");
        for _ in 0..200 {
            nested = field(1, &field(5, &field(6, &nested)));
        }
        for (name, model) in [
            ("a text", b"my notes, of no use to anybody".to_vec()),
            ("cut short", field(7, &field(5, &tensor("a")))[..20].to_vec()),
            ("too deep", field(7, &nested)),
            ("many parts", b"\x2a\x00".repeat(MAX_PARTS as usize + 1)),
            ("endless number", vec![0xff; 40]),
        ] {
            let path = write(folder.path(), &model);
            let error = external_files(&path).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{name}: {error}");
        }
    }
}
