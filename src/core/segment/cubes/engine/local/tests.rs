use std::path::{Path, PathBuf};

use super::*;

#[test]
fn the_click_on_nothing_works_with_a_good_model_and_leaves_no_trace() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/models/tiny");
    let (encoder, decoder) = (folder.join("encoder.onnx"), folder.join("decoder.onnx"));
    let source = Source::Pair { encoder, decoder };
    let mut engine = LocalEngine::open(&source, DeviceChoice::Cpu, Some(1)).unwrap();
    let answer = |engine: &mut LocalEngine| {
        let image: Vec<f32> = (0..SIDE.pow(3)).map(|n| (n % 97) as f32).collect();
        let never = CancelToken::new();
        let embedding = engine.encode(&image, &never).unwrap();
        let point = PointPrompt { voxel: [1.0, 2.0, 3.0], positive: true };
        engine.decode(&embedding, &[point], None, &never).unwrap().0.values
    };
    let before = answer(&mut engine);
    engine.try_once().unwrap();
    assert_eq!(answer(&mut engine), before);
}

#[test]
fn what_fails_when_a_model_runs_is_blamed_on_cuda_a_bad_model_is_not() {
    let run = || SegmentError::Run("no kernel image".into());
    assert!(matches!(cuda_failed(run()), SegmentError::Cuda(m) if m == "no kernel image"));
    assert_eq!(no_cuda(&run()), "no CUDA: no kernel image");
    let without = "CUDA execution provider is not enabled in this build.";
    assert_eq!(no_cuda(&SegmentError::Cuda(without.into())), "no CUDA in this ONNX Runtime");
    let bad = SegmentError::NoModel("m".into());
    assert!(matches!(cuda_failed(bad), SegmentError::NoModel(_)));
}

#[test]
fn an_answer_that_is_no_number_is_refused() {
    let logits = [0.5; 8];
    let answer = |side: usize, logits: &[f32], iou: &[f32]| {
        answer(side, (&[1, 1, 2, 2, 2], logits), (&[1, iou.len() as i64], iou))
    };
    assert_eq!(answer(2, &logits, &[0.9]).unwrap().0.values, logits);
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut some = logits;
        some[5] = bad;
        for result in [answer(2, &some, &[0.9]), answer(2, &logits, &[bad])] {
            assert!(result.unwrap_err().to_string().contains("not a number or infinite"), "{bad}");
        }
    }
    let shape = answer(3, &logits, &[0.9]).unwrap_err().to_string();
    assert!(shape.contains("[1, 1, 2, 2, 2], not [1, 1, 3, 3, 3]"), "{shape}");
    for bad in [&[][..], &[0.9, 0.8]] {
        assert!(answer(2, &logits, bad).unwrap_err().to_string().contains("iou has the shape"));
    }
}

#[test]
fn as_many_logits_in_another_shape_are_no_answer() {
    let logits = vec![0.0; 32 * 32 * 32];
    let with = |shape: &[i64]| answer(32, (shape, &logits), (&[1, 1], &[0.9]));
    assert!(with(&[1, 1, 32, 32, 32]).is_ok());
    for shape in [
        &[1, 1, 16, 32, 64][..],
        &[1, 1, 64, 32, 16],
        &[32, 32, 32],
        &[1, 1, 32, 1024],
        &[1, 32, 1, 32, 32],
    ] {
        assert!(with(shape).is_err(), "{shape:?}");
    }
}

fn model(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/models").join(name)
}

/// The image of `tests/data/models/make_mixed.py`.
fn image() -> Vec<f32> {
    let at = |n: usize| [n / (SIDE * SIDE), n / SIDE % SIDE, n % SIDE];
    let value = |[x, y, z]: [usize; 3]| {
        let wave = (0.05 * x as f64 + 0.07 * y as f64 + 0.11 * z as f64).sin();
        (wave + ((x * y + z) % 7) as f64 / 7.0) as f32
    };
    (0..SIDE.pow(3)).map(|n| value(at(n))).collect()
}

/// float32 values of a NumPy file, C order.
fn npy(name: &str) -> Vec<f32> {
    let bytes = std::fs::read(model(name)).unwrap();
    let header = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    bytes[header..].as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}

/// ‖a − b‖ / ‖b‖.
fn relative(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let square = |v: f32| f64::from(v) * f64::from(v);
    let difference: f64 = a.iter().zip(b).map(|(a, b)| square(a - b)).sum();
    (difference / b.iter().map(|&b| square(b)).sum::<f64>()).sqrt()
}

fn embed(engine: &mut LocalEngine) -> (Embedding, Vec<f32>) {
    let embedding = engine.encode(&image(), &CancelToken::new()).unwrap();
    let values = embedding.features().unwrap().remove(0).values;
    (embedding, values)
}

#[test]
fn weights_in_half_precision_are_used_as_the_official_classes_use_them() {
    // A third each of its tensors is float16, bfloat16 and float32.
    let source = Source::checkpoint(&model("mixed.pth")).unwrap();
    let mut engine = LocalEngine::open(&source, DeviceChoice::Cpu, Some(1)).unwrap();
    let (embedding, values) = embed(&mut engine);
    let difference = relative(&values, &npy("mixed_embedding.npy"));
    assert!(difference <= 1e-4, "{difference:.1e}");
    let points = [
        PointPrompt { voxel: [40.0, 64.0, 90.0], positive: true },
        PointPrompt { voxel: [70.0, 12.0, 33.0], positive: false },
    ];
    let (logits, iou) = engine.decode(&embedding, &points, None, &CancelToken::new()).unwrap();
    let difference = relative(&logits.values, &npy("mixed_logits.npy"));
    assert!(difference <= 1e-4, "{difference:.1e}");
    let text = std::fs::read(model("mixed.json")).unwrap();
    let expected: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert!((f64::from(iou) - expected["iou"].as_f64().unwrap()).abs() <= 1e-4, "{iou}");
}

#[test]
fn an_encoder_in_half_precision_agrees_with_float32() {
    let environment = runtime::environment().unwrap();
    let source = Source::checkpoint(&model("tiny_official.pth")).unwrap();
    let on = |precision| {
        let device = Device { name: "CPU".into(), threads: 1, reason: String::new() };
        let mut engine = LocalEngine::on(&environment, &source, device, 1, precision).unwrap();
        embed(&mut engine).1
    };
    let (full, half) = (on(Precision::F32), on(Precision::F16));
    let difference = relative(&half, &full);
    assert!(difference <= 1e-3, "{difference:.1e}");
    assert!(difference > 1e-5, "nothing was computed in half precision: {difference:.1e}");
}
