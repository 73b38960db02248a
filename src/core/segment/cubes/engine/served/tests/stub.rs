//! A server on this machine that speaks KServe v2 with a pair of ONNX files behind it, or behaves as badly as servers
//! can.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use half::f16;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use super::super::super::sessions::Source;
use super::super::super::{Embedding, Engine, Features, LocalEngine, PointPrompt};
use crate::segment::cubes::answer::Logits;
use crate::segment::library::OnnxFacts;
use crate::segment::remote::ServedModel;
use crate::segment::remote::stub::{Act, Seen, Told, answer, impatient, listen, request};
use crate::segment::segmenter::DeviceChoice;
use crate::work::CancelToken;

pub(super) struct Stub {
    pub(super) port: u16,
    state: Arc<State>,
}

/// What it has and how it behaves.
#[derive(Default)]
pub(super) struct Plan {
    /// Names of its two models; the usual ones if there are none.
    pub(super) names: Option<[&'static str; 2]>,
    /// Says that its numbers are FP16.
    pub(super) half: bool,
    /// What stands in its models' configuration.
    pub(super) notes: Vec<(&'static str, String)>,
    /// What it does with questions for facts, in turn; then `Serve`.
    pub(super) facts: Vec<Act>,
    /// What it does with questions to models.
    pub(super) infer: Vec<Act>,
    /// Speaks TLS with this certificate and key.
    pub(super) tls: Option<[PathBuf; 2]>,
    /// Put in place of a part of the models' descriptions.
    pub(super) instead: Option<(&'static str, &'static str)>,
}

struct State {
    plan: Plan,
    facts: Mutex<VecDeque<Act>>,
    infer: Mutex<VecDeque<Act>>,
    seen: Mutex<Vec<Seen>>,
    engine: Mutex<LocalEngine>,
    models: [OnnxFacts; 2],
}

pub(super) fn repository(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(below)
}

impl Stub {
    /// Serves the pair in a folder.
    pub(super) fn start(model: &Path, plan: Plan) -> Self {
        let (encoder, decoder) = (model.join("encoder.onnx"), model.join("decoder.onnx"));
        let models = [&encoder, &decoder].map(|file| OnnxFacts::read(file).unwrap());
        let source = Source::Pair { encoder, decoder };
        let engine = LocalEngine::open(&source, DeviceChoice::Cpu, Some(1)).unwrap();
        let config = plan.tls.as_ref().map(tls);
        let state = Arc::new(State {
            facts: Mutex::new(plan.facts.iter().copied().collect()),
            infer: Mutex::new(plan.infer.iter().copied().collect()),
            seen: Mutex::default(),
            engine: Mutex::new(engine),
            models,
            plan,
        });
        let shared = state.clone();
        let port = listen(0, move |stream| {
            // A client that goes away is what some tests want.
            let _ended = match config.clone() {
                None => shared.serve(stream),
                Some(config) => {
                    let connection = ServerConnection::new(config).unwrap();
                    shared.serve(StreamOwned::new(connection, stream))
                }
            };
        });
        Self { port, state }
    }

    /// The test's small pair.
    pub(super) fn tiny(plan: Plan) -> Self {
        Self::start(&repository("tests/data/models/tiny"), plan)
    }

    /// How it is asked, by a test without patience.
    pub(super) fn model(&self) -> ServedModel {
        let scheme = if self.state.plan.tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://localhost:{}", self.port);
        let mut served = ServedModel::at(url.parse().unwrap());
        served.agreed.set(true);
        served.patience = impatient(Duration::from_secs(4));
        served
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().unwrap().clone()
    }

    /// How many questions to models there were.
    pub(super) fn inferences(&self) -> usize {
        self.seen().iter().filter(|seen| seen.path().ends_with("/infer")).count()
    }

    /// What it does with the next questions to models.
    pub(super) fn will(&self, acts: &[Act]) {
        let mut infer = self.state.infer.lock().unwrap();
        infer.clear();
        infer.extend(acts);
    }
}

fn tls([certificate, key]: &[PathBuf; 2]) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let certificate = CertificateDer::from_pem_file(certificate).unwrap();
    let key = PrivateKeyDer::from_pem_file(key).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    Arc::new(config)
}

impl State {
    /// All requests of a connection.
    fn serve(&self, mut stream: impl Read + Write) -> Option<()> {
        loop {
            let seen = request(&mut stream)?;
            self.seen.lock().unwrap().push(seen.clone());
            let infer = seen.path().ends_with("/infer");
            let acts = if infer { &self.infer } else { &self.facts };
            let act = acts.lock().unwrap().pop_front().unwrap_or(Act::Serve);
            let told = match act {
                Act::Status(..) | Act::Text(_) => Told::text(200, ""),
                _ if infer => self.infer(&seen, act),
                _ => self.facts(seen.path()),
            };
            answer(act, told, &mut stream)?;
        }
    }

    fn names(&self) -> [&'static str; 2] {
        self.plan
            .names
            .unwrap_or([crate::segment::remote::ENCODER, crate::segment::remote::DECODER])
    }

    fn facts(&self, path: &str) -> Told {
        let names = self.names();
        let json = match path.strip_prefix("/v2").unwrap_or("/") {
            "" => json!({ "name": "stub", "version": "1", "extensions": ["binary_tensor_data"] }),
            "/repository/index" => {
                json!(names.map(|name| json!({ "name": name, "version": "1", "state": "READY" })))
            }
            rest => {
                let rest = rest.strip_prefix("/models/").unwrap_or("?");
                let (name, what) = rest.split_once('/').unwrap_or((rest, ""));
                let Some(n) = names.iter().position(|known| *known == name) else {
                    let error = format!("{{\"error\":\"Request for unknown model: '{name}'\"}}");
                    return Told::text(400, &error);
                };
                match what {
                    "" => self.description(n),
                    "config" => {
                        let notes = self.plan.notes.iter();
                        let notes =
                            notes.map(|(k, v)| (k.to_string(), json!({ "string_value": v })));
                        json!({ "name": name, "parameters": notes.collect::<serde_json::Map<_, _>>() })
                    }
                    _ => return Told::text(200, ""),
                }
            }
        };
        let mut text = json.to_string();
        if let Some((old, new)) = self.plan.instead {
            text = text.replace(old, new);
        }
        Told::text(200, &text)
    }

    fn description(&self, n: usize) -> Value {
        let facts = &self.models[n];
        let port = |(name, dims): &(String, Vec<String>)| {
            let datatype = match facts.elements[name] {
                7 => "INT64",
                6 => "INT32",
                _ if self.plan.half => "FP16",
                _ => "FP32",
            };
            let shape: Vec<i64> = dims.iter().map(|d| d.parse().unwrap_or(-1)).collect();
            json!({ "name": name, "datatype": datatype, "shape": shape })
        };
        let all = |ports: &[(String, Vec<String>)]| ports.iter().map(port).collect::<Vec<_>>();
        json!({ "platform": "stub", "inputs": all(&facts.inputs), "outputs": all(&facts.outputs) })
    }

    /// The pair's answer.
    fn infer(&self, seen: &Seen, act: Act) -> Told {
        let (told, mut rest) = seen.parts();
        let mut inputs = Vec::new();
        for input in told["inputs"].as_array().unwrap() {
            let size = input["parameters"]["binary_data_size"].as_u64().unwrap() as usize;
            let (bytes, after) = rest.split_at(size);
            rest = after;
            let values: Vec<f32> = match input["datatype"].as_str().unwrap() {
                "FP16" => {
                    let halves = bytes.as_chunks::<2>().0.iter();
                    halves.map(|b| f16::from_le_bytes(*b).to_f32()).collect()
                }
                "INT64" => {
                    bytes.as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b) as f32).collect()
                }
                "INT32" => {
                    bytes.as_chunks::<4>().0.iter().map(|b| i32::from_le_bytes(*b) as f32).collect()
                }
                _ => bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            };
            let shape = input["shape"].as_array().unwrap().iter();
            let shape = shape.map(|n| n.as_u64().unwrap() as usize).collect();
            let name = input["name"].as_str().unwrap().to_owned();
            inputs.push(Features { name, shape, values });
        }
        assert!(rest.is_empty());
        let outputs = self.run(&inputs, seen.path().contains("encoder"));
        let wanted: Vec<&str> = told["outputs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|o| o["name"].as_str().unwrap())
            .collect();
        let outputs = outputs.into_iter().filter(|output| wanted.contains(&output.name.as_str()));
        pack(outputs.collect(), self.plan.half, act)
    }

    fn run(&self, inputs: &[Features], encoder: bool) -> Vec<Features> {
        let (mut engine, never) = (self.engine.lock().unwrap(), CancelToken::new());
        if encoder {
            return engine.encode(&inputs[0].values, &never).unwrap().features().unwrap();
        }
        let by_name = |name: &str| inputs.iter().find(|i| i.name == name).unwrap();
        let coords = by_name("point_coords").values.as_chunks::<3>().0.iter();
        let points: Vec<PointPrompt> = coords
            .zip(&by_name("point_labels").values)
            .map(|(&voxel, &label)| PointPrompt { voxel, positive: label > 0.5 })
            .collect();
        let side = engine.side();
        let before = Logits { side, values: by_name("prev_mask").values.clone() };
        let prompts = ["point_coords", "point_labels", "prev_mask"];
        let embedding = inputs.iter().filter(|i| !prompts.contains(&i.name.as_str())).cloned();
        let embedding = Embedding::Plain(embedding.collect());
        let (logits, iou) = engine.decode(&embedding, &points, Some(&before), &never).unwrap();
        let output = |name: &str, shape, values| Features { name: name.to_owned(), shape, values };
        vec![
            output("mask_logits", vec![1, 1, side, side, side], logits.values),
            output("iou", vec![1, 1], vec![iou]),
        ]
    }
}

fn pack(mut outputs: Vec<Features>, half: bool, act: Act) -> Told {
    match act {
        Act::Nan => outputs[0].values[7] = f32::NAN,
        Act::OtherShape => {
            let count = outputs[0].values.len();
            outputs[0].shape = vec![1, count];
        }
        Act::OtherName => outputs[0].name = "something_else".to_owned(),
        _ => {}
    }
    let width = if half { 2 } else { 4 };
    let described = outputs.iter().map(|o| {
        json!({
            "name": o.name, "shape": o.shape, "datatype": if half { "FP16" } else { "FP32" },
            "parameters": { "binary_data_size": width * o.values.len() },
        })
    });
    let json = json!({ "model_name": "m", "outputs": described.collect::<Vec<_>>() }).to_string();
    let mut body = json.clone().into_bytes();
    for value in outputs.iter().flat_map(|o| &o.values) {
        if half {
            body.extend(f16::from_f32(*value).to_le_bytes());
        } else {
            body.extend(value.to_le_bytes());
        }
    }
    let more = format!("Inference-Header-Content-Length: {}\r\n", json.len());
    Told { status: 200, more, content: body }
}
