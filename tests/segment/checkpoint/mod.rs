//! The checkpoint reader: what PyTorch itself reads in the same files, every error by its file, and ten
//! thousand damaged files.

mod bombs;
mod crafted;
mod errors;
mod fuzz;

use std::path::{Path, PathBuf};

use serde_json::Value;
use voxpoint::segment::checkpoint::{Architecture, Attention, Checkpoint, DType};
use voxpoint::work::{CancelToken, Progress};

/// A file of `tests/data`.
fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn tiny() -> PathBuf {
    data("models/tiny_official.pth")
}

/// What PyTorch read, by `tests/data/checkpoints/make.py`.
fn expected(name: &str) -> Value {
    let text = std::fs::read_to_string(data(&format!("checkpoints/{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Names, shapes, types and values of a checkpoint are PyTorch's.
fn check(path: &Path, name: &str) {
    let (checkpoint, expected) = (Checkpoint::open(path).unwrap(), expected(name));
    let expected = expected.as_object().unwrap();
    assert_eq!(
        checkpoint.tensors().keys().collect::<Vec<_>>(),
        expected.keys().collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>(),
        "{name}"
    );
    for (key, wanted) in expected {
        let tensor = checkpoint.tensor(key).unwrap();
        assert_eq!(serde_json::json!(tensor.shape), wanted["shape"], "{name}: {key}");
        assert_eq!(tensor.dtype.name(), wanted["dtype"].as_str().unwrap(), "{name}: {key}");
        let values = checkpoint.values(key).unwrap();
        assert_eq!(values.len() as u64, tensor.elements());
        assert_eq!(checkpoint.bytes(tensor).len() as u64, tensor.bytes);
        let sum: f64 = values.iter().map(|v| f64::from(*v)).sum();
        let absolute: f64 = values.iter().map(|v| f64::from(v.abs())).sum();
        let close = |a: f64, b: &Value| (a - b.as_f64().unwrap()).abs() <= 1e-9 * absolute;
        assert!(close(sum, &wanted["sum"]), "{name}: {key}: {sum}");
        assert!(close(absolute, &wanted["absolute"]), "{name}: {key}: {absolute}");
        for (value, wanted) in values.iter().zip(wanted["first"].as_array().unwrap()) {
            // serde_json's numbers are right to the last bit but one of 64.
            assert_eq!(*value, wanted.as_f64().unwrap() as f32, "{name}: {key}");
        }
    }
}

#[test]
fn every_tensor_is_what_pytorch_reads() {
    check(&tiny(), "tiny_official");
    for name in [
        "float32",
        "float16",
        "bfloat16",
        "protocol_3",
        "protocol_4",
        "protocol_5",
        "parameters",
        "views",
    ] {
        check(&data(&format!("checkpoints/{name}.pth")), name);
    }
}

#[test]
fn what_training_puts_beside_the_weights_is_skipped() {
    // An optimiser's state, a Namespace, numpy's scalars and arrays, losses; names begin with `module.`.
    check(&data("checkpoints/training.pth"), "training");
}

#[test]
fn tensors_that_cannot_be_used_are_errors_only_for_who_needs_them() {
    let checkpoint = Checkpoint::open(&data("checkpoints/odd.pth")).unwrap();
    assert_eq!(checkpoint.tensors().keys().collect::<Vec<_>>(), ["good"]);
    for (name, says) in [
        ("double", "has numbers of the type float64"),
        ("whole", "has numbers of the type int64"),
        ("eight", "has numbers of the type float8_e4m3fn"),
        ("unsigned", "has numbers of the type uint32"),
        ("transposed", "is not contiguous"),
        ("spread", "is not contiguous"),
        ("nothing", "“nothing” is missing"),
    ] {
        let error = checkpoint.values(name).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains(name), "{error}");
        assert!(error.ends_with("odd.pth") && !error.contains('\n'), "{error}");
    }
}

#[test]
fn the_architecture_is_read_off_the_shapes() {
    let checkpoint = Checkpoint::open(&tiny()).unwrap();
    assert_eq!(checkpoint.prefix(), "tiny_official");
    let architecture = Architecture::of(&checkpoint).unwrap();
    let wanted = Architecture {
        patch: 16,
        grid: 8,
        embed_dim: 48,
        heads: 4,
        head_dim: 12,
        mlp_dim: 192,
        window: 14,
        blocks: [Attention::Windowed, Attention::Global].repeat(2),
        prompt_dim: 48,
        mask_prompt_dims: [4, 16],
        decoder_blocks: 2,
        decoder_heads: 8,
        cross_dim: 24,
        decoder_mlp_dim: 2048,
        mask_tokens: 4,
        upscaled_dims: [12, 6],
        iou_dim: 256,
    };
    assert_eq!(architecture, wanted);
    assert_eq!((architecture.depth(), architecture.logits_side()), (4, 32));
    // All of the official state is used, except the code for “no mask” and the three other masks' networks.
    let used: std::collections::BTreeSet<_> =
        architecture.tensors().into_iter().map(|(name, _)| name).collect();
    let unused: Vec<_> = checkpoint.tensors().keys().filter(|n| !used.contains(*n)).collect();
    assert_eq!(unused.len(), 1 + 3 * 6, "{unused:?}");
    assert!(unused.iter().all(|n| n.contains("no_mask_embed") || n.contains("hypernetworks")));
}

#[test]
fn size_parameters_and_hash_are_the_files() {
    let path = tiny();
    let checkpoint = Checkpoint::open(&path).unwrap();
    assert_eq!(checkpoint.parameters(), 949_258);
    assert_eq!(checkpoint.file_bytes(), std::fs::metadata(&path).unwrap().len());
    let progress = Progress::new();
    let hash = checkpoint.sha256(&CancelToken::new(), &progress).unwrap();
    // By sha256sum.
    assert_eq!(hash, "149871a3231c4a1ca71393b7889b3e3fe6cfea740e089e465bdc91e8054523b5");
    assert_eq!(progress.get(), (checkpoint.file_bytes(), checkpoint.file_bytes()));
    let cancel = CancelToken::new();
    cancel.cancel();
    assert!(checkpoint.sha256(&cancel, &progress).is_err());
    assert_eq!(checkpoint.tensors()["image_encoder.pos_embed"].dtype, DType::F32);
}
