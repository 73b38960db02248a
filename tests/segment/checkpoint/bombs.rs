//! Small files that ask for much: of memory, of time, of the graph that is built.

use voxpoint::segment::checkpoint::{Architecture, Attention, CheckpointError};
use voxpoint::segment::graph::{self, Precision, Weights};
use zip::CompressionMethod;

use super::crafted::{Archive, Pickle, Tensor, checkpoint, shared, state};
use super::errors::{open, refused};
use super::fuzz::{Dice, peak_memory};

/// Six floats in the storage whose key these opcodes push.
fn tensor(pickle: Pickle, key: &[u8]) -> Pickle {
    let pickle = pickle.op(b"ctorch._utils\n_rebuild_tensor_v2\n((").text("storage");
    let pickle = pickle.op(b"ctorch\nFloatStorage\n").op(key).text("cpu").int(6).op(b"tQ");
    pickle.int(0).ints(&[6]).ints(&[1]).op(b"\x89NtR")
}

fn modest_memory() {
    if let Some(peak) = peak_memory() {
        assert!(peak < 1 << 30, "{peak} bytes were used at a time");
    }
}

/// Eight megabytes under the memo's number 0.
fn long_text() -> Pickle {
    Pickle::new().text(&"k".repeat(8 << 20)).op(b"q\x000")
}

#[test]
fn a_long_key_of_many_storages_is_copied_for_none() {
    let mut pickle = long_text().op(b"}(");
    for n in 0..1000 {
        pickle = tensor(pickle.text(&n.to_string()), b"h\x00");
    }
    refused(&checkpoint(&pickle.op(b"u").done()), "not a storage");
    modest_memory();
}

#[test]
fn a_long_name_of_many_entries_is_copied_for_none() {
    // Copying it for each of them would be four terabytes.
    let pickle = tensor(long_text().op(b"}"), b"X\x01\x00\x00\x000").op(b"q\x010(");
    let pickle = pickle.op(&b"h\x00h\x01".repeat(500_000)).op(b"u");
    refused(&checkpoint(&pickle.op(b".").0), "no weights");
    // A kilobyte is a name yet, a byte more is none, and the last entry of a name counts.
    let (name, longer) = ("n".repeat(1024), "n".repeat(1025));
    let last = Tensor { shape: vec![6], stride: vec![1], ..Tensor::ordinary() };
    let mut pickle = Pickle::new().op(b"}");
    for (name, t) in [(&name, &Tensor::ordinary()), (&longer, &last), (&name, &last)] {
        pickle = pickle.text(name).tensor(t).op(b"s");
    }
    let found = open(&checkpoint(&pickle.done())).unwrap();
    assert_eq!(found.tensors().keys().collect::<Vec<_>>(), [&name]);
    assert_eq!(found.tensor(&name).unwrap().shape, [6]);
}

#[test]
fn what_a_file_calls_things_stays_short_and_on_the_line() {
    let short = |error: CheckpointError| {
        let text = error.to_string();
        let odd = |c: char| c.is_control() || ['\u{2028}', '\u{202e}'].contains(&c);
        assert!(!text.contains(odd) && text.chars().count() < 400, "{text}");
    };
    let long = format!("a\nb\u{2028}c\u{202e}\r{}", "d\n".repeat(400));
    let key = [&b"X"[..], &(long.len() as u32).to_le_bytes(), long.as_bytes()].concat();
    let pickle = tensor(Pickle::new().op(b"}").text(&long), &key).op(b"s").done();
    let found = open(&checkpoint(&pickle)).unwrap();
    short(found.require(&long).unwrap_err());
    short(found.require(&long.repeat(9)).unwrap_err());
    // Class names and entries of the archive, too.
    let class = format!("c\r{}", "e\t".repeat(4000)).leak();
    let found = open(&checkpoint(&state(&Tensor { class, ..Tensor::ordinary() }))).unwrap();
    short(found.require("w").unwrap_err());
    let mut archive = Archive::new().with("m/data.pkl", &state(&Tensor::ordinary()));
    archive.method = CompressionMethod::Deflated;
    short(open(&archive.with(&format!("m/data/{long}"), b"x").done()).unwrap_err());
}

/// A network as small as can be.
fn small() -> Architecture {
    Architecture {
        patch: 16,
        grid: 8,
        embed_dim: 12,
        heads: 2,
        head_dim: 6,
        mlp_dim: 24,
        window: 14,
        blocks: vec![Attention::Windowed, Attention::Global],
        prompt_dim: 24,
        mask_prompt_dims: [4, 16],
        decoder_blocks: 2,
        decoder_heads: 8,
        cross_dim: 8,
        decoder_mlp_dim: 16,
        mask_tokens: 4,
        upscaled_dims: [6, 3],
        iou_dim: 8,
    }
}

/// Both graphs of a checkpoint with these tensors; their bytes together.
fn build(tensors: &[(String, Vec<usize>)], count: usize) -> Result<usize, CheckpointError> {
    let checkpoint = open(&shared(tensors, count))?;
    let architecture = Architecture::of(&checkpoint)?;
    let mut bytes = graph::decoder(&checkpoint, &architecture, Weights::External)?.len();
    for precision in [Precision::F32, Precision::F16] {
        bytes += graph::encoder(&checkpoint, &architecture, Weights::External, precision)?.len();
    }
    Ok(bytes)
}

#[test]
fn a_network_of_absurd_size_is_refused_by_name() {
    assert!(build(&small().tensors(), 1 << 17).is_ok());
    let blocks = |n: usize| vec![Attention::Windowed; n];
    let one = Architecture { embed_dim: 1, heads: 1, head_dim: 1, ..small() };
    let large = |head_dim, window| Architecture {
        embed_dim: head_dim,
        heads: 1,
        head_dim,
        window,
        patch: 8,
        grid: 16,
        ..small()
    };
    for (wrong, says) in [
        (
            Architecture { patch: 1, grid: 128, window: 128, ..one.clone() },
            "128 tokens along an edge of the grid instead of 1 to 16",
        ),
        (
            Architecture { blocks: blocks(65), ..small() },
            "65 blocks in the image encoder instead of 1 to 64",
        ),
        (
            Architecture { embed_dim: 65, heads: 65, ..one.clone() },
            "65 heads in the image encoder instead of 1 to 64",
        ),
        (large(257, 16), "257 channels in a head instead of 1 to 256"),
        (
            Architecture { window: 65, ..small() },
            "65 tokens along an edge of a window instead of 1 to 64",
        ),
        (
            Architecture { decoder_blocks: 9, ..small() },
            "9 blocks in the mask decoder instead of 1 to 8",
        ),
        (Architecture { blocks: blocks(64), ..large(256, 64) }, "1074 MB of relative positions"),
    ] {
        let error = build(&wrong.tensors(), 1 << 21).expect_err(says).to_string();
        assert!(error.contains(says), "{error}");
        assert!(error.starts_with("a variant of SAM-Med3D that is not supported"), "{error}");
    }
    // None in the decoder: what tells that a block is there is taken away.
    let mut tensors = Architecture { decoder_blocks: 1, ..small() }.tensors();
    tensors.retain(|(name, _)| name != "mask_decoder.transformer.layers.0.norm1.weight");
    let error = build(&tensors, 1 << 17).unwrap_err().to_string();
    assert!(error.contains("0 blocks in the mask decoder instead of 1 to 8"), "{error}");
    // The limits themselves pass.
    assert!(
        build(
            &Architecture { blocks: blocks(64), decoder_blocks: 8, ..small() }.tensors(),
            1 << 17
        )
        .is_ok()
    );
    assert!(build(&Architecture { window: 64, ..small() }.tensors(), 1 << 17).is_ok());
}

/// Networks of odd shapes, alone and with tensors that don't fit them: refused, or built within bounds.
#[test]
fn graphs_of_odd_shapes_are_built_or_refused() {
    const LENGTHS: [usize; 16] = [0, 1, 2, 3, 5, 6, 7, 8, 12, 15, 16, 17, 24, 31, 48, 129];
    let mut dice = Dice(7);
    let mut built = 0;
    for round in 0..80 {
        let mut a = small();
        for _ in 0..dice.below(3) {
            let n = LENGTHS[dice.below(LENGTHS.len())];
            match dice.below(13) {
                0 => {
                    (a.patch, a.grid) =
                        [(8, 16), (16, 8), (32, 4), (4, 32), (2, 64)][dice.below(5)];
                }
                1 => (a.embed_dim, a.head_dim) = (2 * n, n),
                2 => a.head_dim = n,
                3 => a.mlp_dim = n,
                4 => a.window = n.max(1),
                5 => a.blocks = [Attention::Global, Attention::Windowed].repeat(n),
                6 => a.prompt_dim = n,
                7 => a.mask_prompt_dims = [n, LENGTHS[dice.below(LENGTHS.len())]],
                8 => a.decoder_blocks = n,
                9 => a.cross_dim = n,
                10 => a.upscaled_dims = [n, LENGTHS[dice.below(LENGTHS.len())]],
                11 => a.mask_tokens = n,
                _ => a.iou_dim = n,
            }
        }
        let mut tensors = a.tensors();
        if dice.below(3) == 0 {
            let at = dice.below(tensors.len());
            let shape = &mut tensors[at].1;
            match (dice.below(4), shape.len()) {
                (0, _) => shape.push(1),
                (1, 1..) => drop(shape.pop()),
                (_, n) => shape[dice.below(n)] = LENGTHS[dice.below(LENGTHS.len())],
            }
        }
        match build(&tensors, 1 << 19) {
            Ok(bytes) => {
                assert!(bytes < 64 << 20, "round {round}: {bytes} bytes");
                built += 1;
            }
            Err(error) => {
                let text = error.to_string();
                assert!(!text.contains('\n') && text.len() < 1000, "round {round}: {text}");
            }
        }
    }
    assert!((12..78).contains(&built), "{built} of 80 were built");
    modest_memory();
}
