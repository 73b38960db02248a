//! A server on this machine that speaks nnInteractive's protocol, with sessions that end, and that behaves as badly as
//! servers can. Its model: each point adds a ball to the mask, or takes one away, that is the larger the more prompts there
//! were before; a box what it has in the slices around it, the more the more there were; a scribble and a lasso their
//! voxels, a lasso also those in the slices beside it.

use std::collections::VecDeque;
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};

use crate::segment::remote::ServedModel;
use crate::segment::remote::nninteractive::nnia::{pack, unpack};
use crate::segment::remote::stub::{Act, Seen, Told, answer, impatient, listen, request};
use crate::work::CancelToken;

/// What a server of this kind knows.
#[derive(Default)]
struct State {
    key: Option<String>,
    /// Put in place of a part of what it says of itself.
    instead: Option<(&'static str, &'static str)>,
    liveness: f64,
    acts: VecDeque<(&'static str, Act)>,
    seen: Vec<Seen>,
    /// The lease that counts.
    lease: Option<String>,
    leases: u32,
    shape: Option<[usize; 3]>,
    /// The image as it came, after its shape.
    image: Vec<u8>,
    mask: Option<Vec<u8>>,
    points: i64,
}

pub(in crate::segment) struct InteractiveStub {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl InteractiveStub {
    pub(in crate::segment) fn start() -> Self {
        Self::on(0)
    }

    /// On this port; 0: on any.
    pub(in crate::segment) fn on(port: u16) -> Self {
        let state = Arc::new(Mutex::new(State { liveness: 60.0, ..State::default() }));
        let shared = state.clone();
        let port = listen(port, move |stream| {
            let _ended = serve(stream, &shared);
        });
        Self { port, state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// How it is asked, by a test without patience.
    pub(in crate::segment) fn model(&self) -> ServedModel {
        let url = format!("nninteractive+http://localhost:{}", self.port);
        let mut served = ServedModel::at(url.parse().unwrap());
        served.agreed.set(true);
        served.patience = impatient(Duration::from_secs(3));
        served
    }

    pub(in crate::segment) fn seen(&self) -> Vec<Seen> {
        self.state().seen.clone()
    }

    /// How often a path was asked for.
    pub(in crate::segment) fn count(&self, path: &str) -> usize {
        self.state().seen.iter().filter(|seen| seen.path() == path).count()
    }

    /// What it does with the next requests for some paths.
    pub(in crate::segment) fn will(&self, acts: &[(&'static str, Act)]) {
        self.state().acts = acts.iter().copied().collect();
    }

    /// Ends all sessions.
    pub(in crate::segment) fn forget(&self) {
        let mut state = self.state();
        (state.lease, state.shape, state.mask) = (None, None, None);
    }

    pub(in crate::segment) fn has_session(&self) -> bool {
        self.state().lease.is_some()
    }

    pub(in crate::segment) fn wants_key(&self, key: &str) {
        self.state().key = Some(key.to_owned());
    }

    pub(in crate::segment) fn says(&self, instead: (&'static str, &'static str)) {
        self.state().instead = Some(instead);
    }

    pub(in crate::segment) fn lives(&self, seconds: f64) {
        self.state().liveness = seconds;
    }

    /// The image that it has: the frame as it came.
    pub(in crate::segment) fn image(&self) -> Vec<u8> {
        self.state().image.clone()
    }
}

/// All requests of a connection.
fn serve(mut stream: TcpStream, state: &Mutex<State>) -> Option<()> {
    loop {
        let seen = request(&mut stream)?;
        let (act, told) = {
            let mut state = state.lock().unwrap();
            state.seen.push(seen.clone());
            let place = state.acts.iter().position(|(path, _)| *path == seen.path());
            let act = place.and_then(|n| state.acts.remove(n)).map_or(Act::Serve, |(_, act)| act);
            let does = !matches!(act, Act::Status(..) | Act::Full(_) | Act::Close | Act::Silence);
            (act, if does { state.told(&seen) } else { Told::text(200, "") })
        };
        let told = match act {
            Act::Meta(meta) => Told { more: format!("X-Meta: {meta}\r\n"), ..told },
            Act::Bytes(bytes) => Told { content: bytes.to_vec(), ..told },
            Act::OtherShape => Told { content: pack("uint8", 1, &[1, 1, 1], &[1]), ..told },
            _ => told,
        };
        answer(act, told, &mut stream)?;
    }
}

impl State {
    fn told(&mut self, seen: &Seen) -> Told {
        if let Some(key) = &self.key
            && seen.field("authorization") != Some(format!("Bearer {key}").as_str())
        {
            return Told::text(401, r#"{"detail":"missing or wrong API key"}"#);
        }
        if seen.path() == "/claim" {
            self.leases += 1;
            self.lease = Some(format!("lease-{}", self.leases));
            (self.shape, self.mask) = (None, None);
            return Told::json(&json!({
                "lease_token": self.lease, "idle_timeout_seconds": 600.0,
                "liveness_timeout_seconds": self.liveness, "max_sessions": 3,
            }));
        }
        if self.lease.is_none() || seen.field("x-lease-token") != self.lease.as_deref() {
            return Told::text(410, r#"{"detail":"lease expired or unknown"}"#);
        }
        match seen.path() {
            "/capabilities" => self.capabilities(),
            "/heartbeat" => Told::json(&json!({ "remaining_seconds": 600.0 })),
            "/release" => {
                self.lease = None;
                Told::json(&json!({}))
            }
            "/set_image" => self.set_image(seen),
            "/set_target_buffer" => {
                let shape = self.shape.map(|shape| json!(shape));
                if shape.as_ref() != Some(&seen.json()["shape"]) {
                    return Told::text(500, "Internal Server Error");
                }
                self.reset()
            }
            "/reset_interactions" => self.reset(),
            "/add_initial_seg_interaction" => self.start(seen),
            "/add_point_interaction" => self.point(&seen.json()),
            "/add_bbox_interaction" => self.cuboid(&seen.json()),
            "/add_scribble_interaction" => self.drawn(seen, 0),
            "/add_lasso_interaction" => self.drawn(seen, 1),
            _ => Told::text(404, r#"{"detail":"Not Found"}"#),
        }
    }

    fn capabilities(&self) -> Told {
        let told = json!({
            "supported_interactions":
                { "scribble": true, "lasso": true, "points": true, "bbox2d": true, "bbox3d": false },
            "supports_initial_label": true, "supports_undo": true, "patch_size": [192, 192, 192],
            "preferred_scribble_thickness": [2, 2, 2], "inference_session_version": "v2",
            "license": "CC BY-NC-SA 4.0",
        });
        let mut text = told.to_string();
        if let Some((old, new)) = self.instead {
            assert!(text.contains(old), "{text}");
            text = text.replace(old, new);
        }
        Told::text(200, &text)
    }

    fn set_image(&mut self, seen: &Seen) -> Told {
        assert_eq!(seen.field("x-meta"), Some(r#"{"image_properties":{}}"#));
        let (frame, name) = (&seen.body, usize::from(seen.body[7]));
        let axes = frame[8 + name..].as_chunks::<8>().0.iter();
        let shape: Vec<usize> =
            axes.take(frame[6].into()).map(|b| i64::from_le_bytes(*b) as usize).collect();
        let [1, z, y, x] = shape[..] else { panic!("{shape:?}") };
        (self.shape, self.mask) = (Some([z, y, x]), None);
        self.image.clone_from(frame);
        Told::json(&json!({ "original_image_shape": shape }))
    }

    fn reset(&mut self) -> Told {
        self.mask = self.shape.map(|shape| vec![0; shape.iter().product()]);
        self.points = 0;
        Told::json(&json!({}))
    }

    fn start(&mut self, seen: &Seen) -> Told {
        self.reset();
        self.mask = Some(unpack(&seen.body, self.shape.unwrap(), &CancelToken::new()).unwrap());
        Told::json(&json!({}))
    }

    fn point(&mut self, asked: &Value) -> Told {
        let at: Vec<i64> =
            asked["coordinates"].as_array().unwrap().iter().map(|n| n.as_i64().unwrap()).collect();
        let shape = self.shape.unwrap_or_default();
        if at.iter().zip(shape).any(|(&at, n)| at < 0 || at >= n as i64) {
            return Told::text(500, "Internal Server Error");
        }
        let radius = 3 + self.points % 4;
        self.change(asked, |place| {
            let apart = place.iter().zip(&at).map(|(&p, a)| (p as i64 - a).pow(2)).sum::<i64>();
            apart <= radius * radius
        })
    }

    fn cuboid(&mut self, asked: &Value) -> Told {
        let bbox: [[usize; 2]; 3] = serde_json::from_value(asked["bbox_coords"].clone()).unwrap();
        let sides: Vec<usize> = bbox.iter().map(|[from, to]| to - from).collect();
        let flat = sides.iter().filter(|side| **side == 1).count() == 1;
        let fits = bbox.iter().zip(self.shape.unwrap_or_default()).all(|(b, n)| b[1] <= n);
        if !flat || !fits {
            return Told::text(400, r#"{"detail":"only 2D boxes"}"#);
        }
        let more = self.points as usize % 3;
        self.change(asked, |place| {
            let reach = |side| if side == 1 { more } else { 0 };
            let near = |(at, [from, to]): (&usize, &[usize; 2])| {
                let reach = reach(to - from);
                (from.saturating_sub(reach)..to + reach).contains(at)
            };
            place.iter().zip(&bbox).all(near)
        })
    }

    /// Also beside it, so many voxels.
    fn drawn(&mut self, seen: &Seen, beside: usize) -> Told {
        let asked: Value = serde_json::from_str(seen.field("x-meta").unwrap()).unwrap();
        let Ok(bbox) = serde_json::from_value::<[[usize; 2]; 3]>(asked["interaction_bbox"].clone())
        else {
            return Told::text(500, "Internal Server Error");
        };
        let size: [usize; 3] = bbox.map(|[from, to]| to - from);
        let inside = unpack(&seen.body, size, &CancelToken::new()).unwrap();
        assert!(inside.iter().all(|v| *v < 2) && inside.contains(&1));
        let is_in = |place: [usize; 3]| {
            let at: Vec<usize> =
                place.iter().zip(bbox).filter_map(|(p, b)| p.checked_sub(b[0])).collect();
            let [z, y, x] = at[..] else { return false };
            z < size[0]
                && y < size[1]
                && x < size[2]
                && inside[x + size[2] * (y + size[1] * z)] == 1
        };
        let flat = (0..3).find(|&axis| size[axis] == 1).unwrap();
        self.change(&asked, |place| {
            (0..=2 * beside).any(|by| {
                let mut at = place;
                let moved = (at[flat] + by).checked_sub(beside);
                moved.is_some_and(|moved| {
                    at[flat] = moved;
                    is_in(at)
                })
            })
        })
    }

    /// Gives the mask what is inside, or takes it away.
    fn change(&mut self, asked: &Value, inside: impl Fn([usize; 3]) -> bool) -> Told {
        let (Some([_, ny, nx]), Some(mask)) = (self.shape, &mut self.mask) else {
            return Told::text(500, "Internal Server Error");
        };
        assert_eq!(
            (&asked["run_prediction"], &asked["override_capability_checks"]),
            (&json!(true), &json!(false))
        );
        let value = u8::from(asked["include_interaction"] == true);
        self.points += 1;
        let (mut low, mut high) = ([usize::MAX; 3], [0; 3]);
        for (n, voxel) in mask.iter_mut().enumerate() {
            let place = [n / nx / ny, n / nx % ny, n % nx];
            if *voxel != value && inside(place) {
                *voxel = value;
                for axis in 0..3 {
                    low[axis] = low[axis].min(place[axis]);
                    high[axis] = high[axis].max(place[axis] + 1);
                }
            }
        }
        if low[0] == usize::MAX {
            let meta =
                json!({ "ran_prediction": true, "bbox": null, "dtype": null, "shape": null });
            return Told { more: format!("X-Meta: {meta}\r\n"), ..Told::text(200, "") };
        }
        let shape: [usize; 3] = std::array::from_fn(|a| high[a] - low[a]);
        let rows =
            (low[0]..high[0]).flat_map(|z| (low[1]..high[1]).map(move |y| nx * (y + ny * z)));
        let values: Vec<u8> =
            rows.flat_map(|row| mask[row + low[2]..row + high[2]].to_vec()).collect();
        let bbox = [0, 1, 2].map(|a| [low[a], high[a]]);
        let meta =
            json!({ "ran_prediction": true, "bbox": bbox, "dtype": "uint8", "shape": shape });
        let (more, content) = (format!("X-Meta: {meta}\r\n"), pack("uint8", 1, &shape, &values));
        Told { status: 200, more, content }
    }
}
