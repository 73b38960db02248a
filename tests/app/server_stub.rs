//! A server on this machine that speaks KServe v2 and computes what the pair `tiny/encoder.onnx`, `follow/decoder.onnx`
//! of `tests/data/models` does: the mask is what is bright. It counts what comes, and behaves as badly as it is told. It
//! speaks nnInteractive's protocol, too: there each point gets the same box of 2 × 3 × 4 voxels.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What it does when a model is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    #[default]
    Serves,
    /// Goes away without an answer.
    Breaks,
    /// Says nothing.
    Silent,
    /// Says 503.
    Busy,
    /// Says another status.
    Status(u16),
    /// A page to log in, with 200.
    Page,
    /// Ends in the middle of the answer.
    Half,
    /// Tensors of another shape than it declares.
    OtherShape,
    /// Values that are no numbers.
    Nan,
}

#[derive(Default)]
struct State {
    /// Path and number of bytes of each request.
    seen: Vec<(String, usize)>,
    /// Requests that came packed.
    packed: usize,
    mood: Mood,
    /// Clients that went away while it said nothing.
    left: usize,
    /// Even facts are not told.
    deaf: bool,
}

pub struct ServerStub {
    port: u16,
    state: Arc<Mutex<State>>,
}

/// Along each side of the image and of the logits.
const IMAGE: usize = 128;
const SIDE: usize = 32;

impl ServerStub {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let (port, state) = (listener.local_addr().expect("a port").port(), Arc::default());
        let shared: Arc<Mutex<State>> = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = shared.clone();
                // A client that goes away is what some tests want.
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        Self { port, state }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// As a server of nnInteractive.
    pub fn interactive_url(&self) -> String {
        format!("nninteractive+{}", self.url())
    }

    /// Bytes of each scan that came whole.
    pub fn scans(&self) -> Vec<usize> {
        let state = self.state.lock().expect("alive");
        state.seen.iter().filter(|(path, _)| path == "/set_image").map(|(_, n)| *n).collect()
    }

    pub fn is(&self, mood: Mood) {
        self.state.lock().expect("alive").mood = mood;
    }

    pub fn is_deaf(&self, deaf: bool) {
        self.state.lock().expect("alive").deaf = deaf;
    }

    /// How many clients went away while it said nothing to what they had asked of a model.
    pub fn left(&self) -> usize {
        self.state.lock().expect("alive").left
    }

    /// How many requests came packed.
    pub fn packed(&self) -> usize {
        self.state.lock().expect("alive").packed
    }

    pub fn requests(&self) -> usize {
        self.state.lock().expect("alive").seen.len()
    }

    /// How often models were asked, and bytes that came with that.
    pub fn inferences(&self) -> (usize, usize) {
        let state = self.state.lock().expect("alive");
        let bytes = state.seen.iter().filter(|(path, _)| path.ends_with("/infer")).map(|(_, n)| n);
        (bytes.clone().count(), bytes.sum())
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>) -> Option<()> {
    let mut out = stream.try_clone().ok()?;
    let mut from = BufReader::new(stream);
    loop {
        let (mut first, mut length, mut header, mut packed) = (String::new(), 0, 0, false);
        from.read_line(&mut first).ok()?;
        loop {
            let mut line = String::new();
            if from.read_line(&mut line).ok()? <= 2 {
                break;
            }
            let line = line.to_ascii_lowercase();
            let number = |name| line.strip_prefix(name).map(|n| n.trim().parse().expect("number"));
            length = number("content-length:").unwrap_or(length);
            header = number("inference-header-content-length:").unwrap_or(header);
            packed |= line.strip_prefix("content-encoding:").is_some_and(|v| v.trim() == "gzip");
        }
        let path = first.split(' ').nth(1)?.to_owned();
        let mut body = vec![0; length];
        from.read_exact(&mut body).ok()?;
        let (mood, deaf) = {
            let mut state = state.lock().ok()?;
            state.seen.push((path.clone(), length));
            state.packed += usize::from(packed);
            (state.mood, state.deaf)
        };
        let infers = path.ends_with("/infer");
        match mood {
            _ if deaf && !infers => {
                let _until_it_goes = from.read(&mut [0]);
                return None;
            }
            Mood::Breaks if infers => return None,
            Mood::Silent if infers => {
                let _until_it_goes = from.read(&mut [0]);
                state.lock().ok()?.left += 1;
                return None;
            }
            Mood::Busy if infers => {
                out.write_all(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n").ok()?;
                continue;
            }
            Mood::Status(status) if infers => {
                write!(out, "HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n").ok()?;
                continue;
            }
            Mood::Page if infers => {
                let page = "<html>log in</html>";
                let length = page.len();
                write!(out, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{page}").ok()?;
                continue;
            }
            _ => {}
        }
        if packed {
            let mut whole = Vec::new();
            flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut whole).ok()?;
            body = whole;
        }
        let (head, content) = if infers {
            let (length, content) = infer(path.contains("encoder"), &body, header, mood);
            (format!("Inference-Header-Content-Length: {length}\r\n"), content)
        } else if path == "/add_point_interaction" {
            (format!("X-Meta: {CHANGED}\r\n"), changed())
        } else {
            (String::new(), fact(&path).into_bytes())
        };
        write!(out, "HTTP/1.1 200 OK\r\n{head}Content-Length: {}\r\n\r\n", content.len()).ok()?;
        if infers && mood == Mood::Half {
            out.write_all(&content[..content.len() / 2]).ok()?;
            return None;
        }
        out.write_all(&content).ok()?;
    }
}

fn port(name: &str, shape: &str) -> String {
    format!(r#"{{"name":"{name}","datatype":"FP32","shape":{shape}}}"#)
}

fn fact(path: &str) -> String {
    let cube = format!("[1,1,{SIDE},{SIDE},{SIDE}]");
    let features = port("features_32", &cube);
    if path == "/claim" {
        r#"{"lease_token":"abc","liveness_timeout_seconds":60}"#.to_owned()
    } else if path == "/capabilities" {
        r#"{"supported_interactions":{"points":true},"license":"CC BY-NC-SA 4.0"}"#.to_owned()
    } else if path == "/v2" {
        r#"{"name":"stub","version":"7"}"#.to_owned()
    } else if path.ends_with("/index") {
        r#"[{"name":"sam_med3d_encoder","state":"READY"},{"name":"sam_med3d_decoder","state":"READY"}]"#.to_owned()
    } else if path.ends_with("/ready") || path.ends_with("/config") {
        "{}".to_owned()
    } else if path.contains("encoder") {
        let image = port("image", "[1,1,128,128,128]");
        format!(r#"{{"platform":"p","inputs":[{image}],"outputs":[{features}]}}"#)
    } else {
        let inputs = [
            port("point_coords", "[1,-1,3]"),
            port("point_labels", "[1,-1]"),
            port("prev_mask", &cube),
            features,
        ];
        let outputs = [port("mask_logits", &cube), port("iou", "[1,1]")];
        let (inputs, outputs) = (inputs.join(","), outputs.join(","));
        format!(r#"{{"platform":"p","inputs":[{inputs}],"outputs":[{outputs}]}}"#)
    }
}

/// The answer of a network: how long its JSON is, and all of it.
fn infer(encoder: bool, body: &[u8], header: usize, mood: Mood) -> (usize, Vec<u8>) {
    let told: serde_json::Value = serde_json::from_slice(&body[..header]).expect("JSON");
    let input = |name: &str| -> Vec<f32> {
        let (mut found, mut from) = (Vec::new(), &body[header..]);
        for input in told["inputs"].as_array().expect("inputs") {
            let size = input["parameters"]["binary_data_size"].as_u64().expect("a size") as usize;
            let (bytes, after) = from.split_at(size);
            from = after;
            if input["name"] == name {
                let numbers = bytes.as_chunks::<4>().0.iter();
                found = numbers.map(|b| f32::from_le_bytes(*b)).collect();
            }
        }
        found
    };
    let mut outputs: Vec<(&str, &str, Vec<f32>)> = if encoder {
        vec![("features_32", "[1,1,32,32,32]", blocks(&input("image")))]
    } else {
        let (features, before, labels) =
            (input("features_32"), input("prev_mask"), input("point_labels"));
        let logits = features.iter().zip(&before).map(|(f, m)| (f - 1.0) + m * 0.001).collect();
        let iou = labels.iter().sum::<f32>() / labels.len() as f32;
        vec![("mask_logits", "[1,1,32,32,32]", logits), ("iou", "[1,1]", vec![iou])]
    };
    if mood == Mood::Nan {
        for (.., values) in &mut outputs {
            values.fill(f32::NAN);
        }
    }
    if mood == Mood::OtherShape {
        outputs[0].1 = "[1,1,32,32,16]";
        outputs[0].2.truncate(SIDE * SIDE * SIDE / 2);
    }
    let described: Vec<String> = outputs
        .iter()
        .map(|(name, shape, values)| {
            let size = 4 * values.len();
            format!(
                r#"{{"name":"{name}","datatype":"FP32","shape":{shape},"parameters":{{"binary_data_size":{size}}}}}"#
            )
        })
        .collect();
    let json = format!(r#"{{"outputs":[{}]}}"#, described.join(","));
    let mut content = json.clone().into_bytes();
    content.extend(outputs.iter().flat_map(|(.., values)| values).flat_map(|v| v.to_le_bytes()));
    (json.len(), content)
}

/// Around the middle of the rod.
const CHANGED: &str = r#"{"ran_prediction":true,"bbox":[[50,52],[29,32],[28,32]]}"#;

/// That box of a mask: ones, in one chunk that is stored as it is.
fn changed() -> Vec<u8> {
    let (shape, count) = ([2u64, 3, 4], 24u32);
    let mut frame = b"NNIA\x01\x01\x03\x05uint8".to_vec();
    frame.extend(shape.map(u64::to_le_bytes).as_flattened());
    frame.extend(1u32.to_le_bytes());
    frame.extend([count, count + 32].map(|n| u64::from(n).to_le_bytes()).as_flattened());
    frame.extend([5, 1, 7, 1]);
    frame.extend([count, count, count + 32].map(u32::to_le_bytes).as_flattened());
    frame.extend([0; 16]);
    frame.extend([1; 24]);
    frame
}

/// The mean of each block of 4³ voxels.
fn blocks(image: &[f32]) -> Vec<f32> {
    let step = IMAGE / SIDE;
    let mut means = vec![0.0; SIDE * SIDE * SIDE];
    for (n, value) in image.iter().enumerate() {
        let [x, y, z] = [n / (IMAGE * IMAGE), n / IMAGE % IMAGE, n % IMAGE].map(|i| i / step);
        means[(x * SIDE + y) * SIDE + z] += value;
    }
    for mean in &mut means {
        *mean /= (step * step * step) as f32;
    }
    means
}
