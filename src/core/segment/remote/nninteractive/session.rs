//! A session on a server: its lease and what is asked of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::facts::InteractiveFacts;
use super::nnia::{most_bytes, pack, packed_bytes, unpack};
use crate::segment::remote::error::{RemoteError, words};
use crate::segment::remote::http::{Http, HttpCall, Outgoing, rest};
use crate::segment::remote::reply::Reply;
use crate::segment::remote::{Agreement, RemotePatience, ServedModel, Traffic};
use crate::text::bytes;
use crate::volume::VoxelBox;
use crate::work::{CancelToken, memory};

/// The longest answer that is no mask.
const MAX_FACTS: usize = 1 << 20;
/// So many times the patience for an answer is had with a large upload, and with a server all of whose places are
/// taken.
const LONGER: u32 = 5;
/// Before a place is asked for again, if the server does not say when; and between which limits it may say that.
const QUEUE: Duration = Duration::from_secs(5);
const QUEUE_LIMITS: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(30)];
/// Before a place is asked for again if nobody knows whether one was given: that one is lost until the server sees that
/// nobody lives in it.
const AFTER_LOST: Duration = Duration::from_millis(if cfg!(test) { 300 } else { 15_000 });
/// The shortest time between signs of life.
const LEAST_BEAT: Duration = Duration::from_millis(if cfg!(test) { 40 } else { 5000 });
/// How long the end of a session may take.
const GOODBYE: Duration = Duration::from_secs(2);
const LEASE: &str = "x-lease-token";
const META: &str = "x-meta";

/// A box of a mask that has changed.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::segment) struct Pasted {
    /// Where.
    pub(in crate::segment) bounds: VoxelBox,
    /// Its voxels, x fastest; 0 is outside of the mask.
    pub(in crate::segment) values: Vec<u8>,
}

/// What is sent as a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::segment) enum DrawnKind {
    /// A line.
    Scribble,
    /// What lies within a loop.
    Lasso,
}

/// A place on a server, kept while this lives.
struct Lease {
    token: String,
    /// The server has ended it.
    gone: Arc<AtomicBool>,
    stop: CancelToken,
    wake: Option<Sender<()>>,
    beat: Option<JoinHandle<()>>,
    /// To give it back.
    http: Http,
}

impl Lease {
    /// Gives signs of life from now on.
    fn keep(http: &Http, token: String, liveness: Duration) -> Result<Self, RemoteError> {
        let (gone, stop) = (Arc::new(AtomicBool::new(false)), CancelToken::new());
        let pause = LEAST_BEAT.max(liveness / 2);
        let (wake, woken) = channel();
        let mut way = http.beside(pause);
        let (header, ended, stopped) = (headers(&token), gone.clone(), stop.clone());
        let run = move || {
            while woken.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                // What else goes wrong is told by the next request that matters.
                let told = ask(&mut way, "/heartbeat", &header, &stopped);
                if told.is_ok_and(|reply| reply.status == 410) {
                    ended.store(true, Ordering::Relaxed);
                    return;
                }
            }
        };
        let beat = std::thread::Builder::new().name("server session".to_owned()).spawn(run);
        let beat = Some(beat.map_err(|e| RemoteError::Here(words(&e.to_string())))?);
        let http = http.beside(GOODBYE);
        Ok(Self { token, gone, stop, wake: Some(wake), beat, http })
    }

    fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.stop.cancel();
        drop(self.wake.take());
        if let Some(beat) = self.beat.take() {
            // It has nothing to tell.
            let _ = beat.join();
        }
        if !self.is_gone() {
            // If it does not get there, the server ends the session by itself.
            let _ = ask(&mut self.http, "/release", &headers(&self.token), &CancelToken::new());
        }
    }
}

fn headers(token: &str) -> Vec<(&'static str, String)> {
    vec![(LEASE, token.to_owned())]
}

/// One attempt.
fn ask(
    http: &mut Http,
    path: &str,
    headers: &[(&'static str, String)],
    cancel: &CancelToken,
) -> Result<Reply, RemoteError> {
    let (body, patience) = (Arc::new(Outgoing::json("{}")), http.patience().facts);
    let call = HttpCall::new(path, Some(&body), MAX_FACTS, patience);
    http.ask(&HttpCall { headers: headers.to_vec(), again: false, ..call }, cancel)
}

/// What becomes of asking for a place.
enum Claimed {
    Taken,
    /// All are taken; when to ask again, if the server says so.
    Full {
        error: RemoteError,
        wait: Option<Duration>,
    },
}

/// A session on a server, or the way to one.
pub(in crate::segment) struct InteractiveSession {
    http: Http,
    agreed: Agreement,
    lease: Option<Lease>,
    facts: InteractiveFacts,
    traffic: Traffic,
    /// Bytes of the values of the scan that was sent last.
    scan: u64,
    /// A place may be taken of which nobody knows.
    lost: bool,
}

/// What stands in the header of an answer.
#[derive(Deserialize)]
struct MetaJson {
    #[serde(default)]
    ran_prediction: bool,
    bbox: Option<[[i64; 2]; 3]>,
}

impl InteractiveSession {
    /// Asks nothing yet.
    ///
    /// # Errors
    /// If the server may not be asked as it is to be, or its key can't be read.
    pub(in crate::segment) fn new(served: &ServedModel) -> Result<Self, RemoteError> {
        let http = Http::new(served)?;
        let (facts, traffic) = (InteractiveFacts::default(), Traffic::default());
        let agreed = served.agreed.clone();
        Ok(Self { http, agreed, lease: None, facts, traffic, scan: 0, lost: false })
    }

    /// Host and port.
    pub(in crate::segment) fn host(&self) -> &str {
        self.http.address().host()
    }

    /// What the server said of itself when a place was taken last; all empty before.
    pub(in crate::segment) fn facts(&self) -> &InteractiveFacts {
        &self.facts
    }

    /// How long it is waited for.
    pub(in crate::segment) fn patience(&self) -> RemotePatience {
        *self.http.patience()
    }

    /// What went over the network since this was last asked.
    pub(in crate::segment) fn take_traffic(&mut self) -> Traffic {
        std::mem::take(&mut self.traffic)
    }

    /// Whether it has a place on the server, as far as it knows.
    pub(in crate::segment) fn has_place(&self) -> bool {
        self.lease.as_ref().is_some_and(|lease| !lease.is_gone())
    }

    /// Whether places were lost that the server may still keep: then asking for more is nothing to do unasked.
    pub(in crate::segment) fn has_lost_places(&self) -> bool {
        self.lost
    }

    /// Gives its place back, and so what the server has of a scan.
    pub(in crate::segment) fn release(&mut self) {
        self.lease = None;
    }

    /// Takes a place on the server, if there is none yet or the server has ended it: then what was sent there is lost,
    /// and true is returned. While all places are taken it is waited for one, and `waiting` is told each time.
    ///
    /// # Errors
    /// If none gets free in time, or it is no such server.
    pub(in crate::segment) fn claim(
        &mut self,
        waiting: &mut dyn FnMut(),
        cancel: &CancelToken,
    ) -> Result<bool, RemoteError> {
        if self.has_place() {
            return Ok(false);
        }
        let was_lost = std::mem::take(&mut self.lost);
        let until = Instant::now() + self.http.patience().answer * LONGER;
        let mut twice = false;
        loop {
            match self.try_claim(cancel) {
                Err(RemoteError::Broken { .. }) if self.lost && !was_lost && !twice => {
                    twice = true;
                    waiting();
                    rest(AFTER_LOST, cancel)?;
                }
                Err(RemoteError::Broken { why, address, .. }) => {
                    let tries = u32::from(twice);
                    return Err(RemoteError::Broken { why, tries, address });
                }
                Err(error) => return Err(error),
                Ok(Claimed::Taken) => return Ok(true),
                Ok(Claimed::Full { error, wait }) => {
                    let [least, most] = QUEUE_LIMITS;
                    let wait = wait.unwrap_or(QUEUE).clamp(least, most);
                    if Instant::now() + wait > until {
                        return Err(error);
                    }
                    waiting();
                    rest(wait, cancel)?;
                }
            }
        }
    }

    /// Takes a place on the server without waiting for one.
    ///
    /// # Errors
    /// As [`InteractiveSession::claim`]; [`RemoteError::Full`] if there is none now.
    pub(in crate::segment) fn claim_at_once(
        &mut self,
        cancel: &CancelToken,
    ) -> Result<(), RemoteError> {
        match self.try_claim(cancel)? {
            Claimed::Taken => Ok(()),
            Claimed::Full { error, .. } => Err(error),
        }
    }

    fn try_claim(&mut self, cancel: &CancelToken) -> Result<Claimed, RemoteError> {
        (self.lease, self.lost) = (None, false);
        let reply = ask(&mut self.http, "/claim", &[], cancel).map_err(interactive);
        self.lost = matches!(reply, Err(RemoteError::Broken { .. }));
        let reply = reply?;
        // Any other 503 is that of a proxy, or of a server that is just starting.
        if reply.status == 503 && (reply.retry_after.is_some() || reply.is_detailed()) {
            let error = RemoteError::Full { said: reply.said(), address: self.address() };
            return Ok(Claimed::Full { error, wait: reply.retry_after });
        }
        let reply = self.good(reply)?;
        let claim: Value = self.parsed(&reply.body)?;
        let token = claim["lease_token"].as_str().unwrap_or_default().to_owned();
        if token.is_empty() || token.len() > 1000 || !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(self.odd("it gives no lease"));
        }
        let liveness = claim["liveness_timeout_seconds"].as_f64().unwrap_or(0.0);
        let liveness = Duration::try_from_secs_f64(liveness.clamp(0.0, 3600.0)).unwrap_or_default();
        self.lease = Some(Lease::keep(&self.http, token, liveness)?);
        match self.capabilities(&claim, cancel) {
            Ok(facts) => {
                self.facts = facts;
                Ok(Claimed::Taken)
            }
            Err(error) => {
                // A place of which nothing is known is none.
                self.lease = None;
                Err(error)
            }
        }
    }

    /// What the server says of the place that was just taken.
    fn capabilities(
        &mut self,
        claim: &Value,
        cancel: &CancelToken,
    ) -> Result<InteractiveFacts, RemoteError> {
        let patience = self.http.patience().facts;
        let reply = self.call("/capabilities", None, None, (MAX_FACTS, patience), cancel)?;
        let told: Value = self.parsed(&reply.body)?;
        let facts = InteractiveFacts::of(claim, &told);
        let facts = facts.ok_or_else(|| self.odd("it does not tell what it takes"))?;
        if !facts.interactions.iter().any(|name| name == "points") {
            let takes = facts.interactions.join(", ");
            let takes = if takes.is_empty() { "nothing".to_owned() } else { takes };
            return Err(RemoteError::NoPoints { takes, address: self.address() });
        }
        Ok(facts)
    }

    /// That somebody has agreed that a scan of so many bytes is sent.
    ///
    /// # Errors
    /// If nobody has.
    pub(in crate::segment) fn agreed(&self, sent: u64) -> Result<(), RemoteError> {
        if self.agreed.is_given() {
            return Ok(());
        }
        Err(RemoteError::ScanNotAllowed { sent: bytes(sent), address: self.address() })
    }

    /// The one way for voxels to leave this machine.
    fn upload(
        &mut self,
        path: &str,
        meta: &Value,
        (name, item, shape, values): (&str, u8, &[usize], &[u8]),
        cancel: &CancelToken,
    ) -> Result<Reply, RemoteError> {
        self.agreed(values.len() as u64)?;
        memory::check(packed_bytes(values.len()))
            .map_err(|short| RemoteError::Here(format!("the scan {short}")))?;
        let body = Outgoing::numbers(pack(name, item, shape, values));
        let patience = self.http.patience().answer * LONGER;
        self.call(path, Some(body), Some(meta.to_string()), (MAX_FACTS, patience), cancel)
    }

    /// Sends a scan (of numpy's type `name`, `item` bytes each, x fastest), and begins a mask of its size.
    ///
    /// # Errors
    /// If nobody has agreed, or the server does not take it.
    pub(in crate::segment) fn set_image(
        &mut self,
        dims: [usize; 3],
        (name, item): (&str, u8),
        values: &[u8],
        cancel: &CancelToken,
    ) -> Result<(), RemoteError> {
        let [x, y, z] = dims;
        self.scan = values.len() as u64;
        let meta = json!({ "image_properties": {} });
        let reply =
            self.upload("/set_image", &meta, (name, item, &[1, z, y, x], values), cancel)?;
        let told: Value = self.parsed(&reply.body)?;
        let shape = &told["original_image_shape"];
        if !shape.is_null() && *shape != json!([1, z, y, x]) {
            return Err(self.unusable("it has taken a scan of another shape"));
        }
        self.post("/set_target_buffer", &json!({ "shape": [z, y, x], "dtype": "uint8" }), cancel)
    }

    /// Lets the server forget all interactions, and empties its mask.
    pub(in crate::segment) fn reset(&mut self, cancel: &CancelToken) -> Result<(), RemoteError> {
        self.post("/reset_interactions", &json!({}), cancel)
    }

    /// Has it go on from a mask (x fastest, 1 inside): that is its mask then.
    ///
    /// # Errors
    /// If nobody has agreed, or its model has no use for one.
    pub(in crate::segment) fn start_from(
        &mut self,
        [x, y, z]: [usize; 3],
        mask: &[u8],
        cancel: &CancelToken,
    ) -> Result<(), RemoteError> {
        if !self.facts.initial_mask {
            return Err(RemoteError::NoStart(self.address()));
        }
        let meta = json!({ "run_prediction": false, "override_capability_checks": false });
        let array = ("uint8", 1, &[z, y, x][..], mask);
        self.upload("/add_initial_seg_interaction", &meta, array, cancel).map(drop)
    }

    /// One more point in a voxel of a scan of `dims`: which box of the mask changes; `None` if none does.
    ///
    /// # Errors
    /// If it has no answer, or it is none.
    pub(in crate::segment) fn point(
        &mut self,
        dims: [usize; 3],
        [x, y, z]: [usize; 3],
        positive: bool,
        cancel: &CancelToken,
    ) -> Result<Option<Pasted>, RemoteError> {
        let point = asked("coordinates", &json!([z, y, x]), positive);
        let body = Outgoing::json(&point.to_string());
        let reply = self.interact("/add_point_interaction", body, None, dims, cancel)?;
        self.changed(&reply, dims, cancel)
    }

    /// A box that is one voxel thick, of a scan of `dims`. As [`InteractiveSession::point`].
    pub(in crate::segment) fn cuboid(
        &mut self,
        dims: [usize; 3],
        bounds: VoxelBox,
        positive: bool,
        cancel: &CancelToken,
    ) -> Result<Option<Pasted>, RemoteError> {
        let body = asked("bbox_coords", &ends(bounds), positive);
        let body = Outgoing::json(&body.to_string());
        let reply = self.interact("/add_bbox_interaction", body, None, dims, cancel)?;
        self.changed(&reply, dims, cancel)
    }

    /// A scribble or a lasso, of a scan of `dims`: what of a box it has (x fastest, 1 inside). As
    /// [`InteractiveSession::point`]; and if nobody has agreed that something of the scan's size is sent.
    pub(in crate::segment) fn drawn(
        &mut self,
        dims: [usize; 3],
        (kind, bounds, inside): (DrawnKind, VoxelBox, &[u8]),
        positive: bool,
        cancel: &CancelToken,
    ) -> Result<Option<Pasted>, RemoteError> {
        let path = match kind {
            DrawnKind::Scribble => "/add_scribble_interaction",
            DrawnKind::Lasso => "/add_lasso_interaction",
        };
        self.agreed(inside.len() as u64)?;
        let [x, y, z] = bounds.size();
        let body = Outgoing::numbers(pack("uint8", 1, &[z, y, x], inside));
        let meta = asked("interaction_bbox", &ends(bounds), positive).to_string();
        let reply = self.interact(path, body, Some(meta), dims, cancel)?;
        self.changed(&reply, dims, cancel)
    }

    /// An interaction with the mask of a scan of `dims`.
    fn interact(
        &mut self,
        path: &str,
        body: Outgoing,
        meta: Option<String>,
        dims: [usize; 3],
        cancel: &CancelToken,
    ) -> Result<Reply, RemoteError> {
        let limits = (most_bytes(dims.iter().product()), self.http.patience().answer);
        self.call(path, Some(body), meta, limits, cancel)
    }

    /// What an answer says has changed.
    fn changed(
        &self,
        reply: &Reply,
        dims: [usize; 3],
        cancel: &CancelToken,
    ) -> Result<Option<Pasted>, RemoteError> {
        let pasted = pasted(reply, dims, cancel);
        cancel.check()?;
        pasted.map_err(|what| self.unusable(&what))
    }

    fn post(&mut self, path: &str, json: &Value, cancel: &CancelToken) -> Result<(), RemoteError> {
        // It writes as many voxels as a scan has.
        let (body, patience) = (Outgoing::json(&json.to_string()), self.http.patience().answer);
        self.call(path, Some(body), None, (MAX_FACTS, patience), cancel).map(drop)
    }

    /// One attempt at a request of this session, with the most bytes of its answer and the patience for it.
    fn call(
        &mut self,
        path: &str,
        body: Option<Outgoing>,
        meta: Option<String>,
        (most, patience): (usize, Duration),
        cancel: &CancelToken,
    ) -> Result<Reply, RemoteError> {
        cancel.check()?;
        let lease = self.lease.as_ref().map(|lease| (LEASE, lease.token.clone()));
        let headers = lease.into_iter().chain(meta.map(|meta| (META, meta))).collect();
        let body = body.map(Arc::new);
        let call = HttpCall { path, body: body.as_ref(), headers, again: false, most, patience };
        let reply = self.http.ask(&call, cancel).map_err(interactive)?;
        self.traffic += reply.traffic();
        self.good(reply)
    }

    /// The answer, if it is one.
    fn good(&mut self, reply: Reply) -> Result<Reply, RemoteError> {
        let (status, address) = (reply.status, self.address());
        match status {
            410 => {
                // There is nothing to give back.
                self.lease.iter().for_each(|lease| lease.gone.store(true, Ordering::Relaxed));
                Err(RemoteError::SessionGone { said: reply.said(), address })
            }
            413 => {
                let (sent, said) = (bytes(self.scan), reply.said());
                Err(RemoteError::ScanTooLarge { sent, said, address })
            }
            _ => self.http.good(reply),
        }
    }

    fn parsed(&self, body: &[u8]) -> Result<Value, RemoteError> {
        serde_json::from_slice(body).map_err(|e| self.odd(&words(&e.to_string())))
    }

    fn odd(&self, what: &str) -> RemoteError {
        RemoteError::NotInteractive { what: what.to_owned(), address: self.address() }
    }

    fn unusable(&self, what: &str) -> RemoteError {
        RemoteError::Answer { what: words(what), address: self.address() }
    }

    fn address(&self) -> String {
        self.http.address().to_string()
    }
}

/// What a server says of itself. Takes a place of the server and gives it back. Sends nothing of an image.
///
/// # Errors
/// If it can't be reached, is none of this kind, or has no place left.
pub fn interactive_facts(
    server: &ServedModel,
    cancel: &CancelToken,
) -> Result<InteractiveFacts, RemoteError> {
    let mut session = InteractiveSession::new(server)?;
    session.claim_at_once(cancel)?;
    Ok(session.facts().clone())
}

/// The box of a mask on a grid of `dims` that an answer brings.
fn pasted(reply: &Reply, dims: [usize; 3], cancel: &CancelToken) -> Result<Option<Pasted>, String> {
    let meta = reply.meta.as_deref().ok_or("it does not say what has changed")?;
    let meta: MetaJson = serde_json::from_str(meta).map_err(|e| e.to_string())?;
    if !meta.ran_prediction {
        return Err("the model was not run".to_owned());
    }
    let Some([z, y, x]) = meta.bbox else { return Ok(None) };
    let (mut min, mut max) = ([0; 3], [0; 3]);
    for (axis, [from, to]) in [x, y, z].into_iter().enumerate() {
        let end = |n: i64| usize::try_from(n).ok().filter(|&n| n <= dims[axis]);
        match (end(from), end(to)) {
            (Some(from), Some(to)) if from < to => (min[axis], max[axis]) = (from, to),
            _ => return Err("a box outside of the scan".to_owned()),
        }
    }
    let bounds = VoxelBox { min, max };
    let [nx, ny, nz] = bounds.size();
    Ok(Some(Pasted { bounds, values: unpack(&reply.body, [nz, ny, nx], cancel)? }))
}

/// What is asked with an interaction, where it is.
fn asked(place: &str, at: &Value, positive: bool) -> Value {
    json!({
        place: at,
        "include_interaction": positive,
        "run_prediction": true,
        "override_capability_checks": false,
    })
}

/// First and end (excluded) along the protocol's axes.
fn ends(VoxelBox { min, max }: VoxelBox) -> Value {
    json!([2, 1, 0].map(|axis| [min[axis], max[axis]]))
}

/// What is no answer of such a server.
fn interactive(error: RemoteError) -> RemoteError {
    match error {
        RemoteError::Garbage { what, address } => RemoteError::NotInteractive { what, address },
        other => other,
    }
}
