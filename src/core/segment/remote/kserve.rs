//! What a server has, and what its models answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::error::{RemoteError, words};
use super::http::{Http, HttpCall, Outgoing};
use super::message::{Input, Output, Wanted, answer, element, most_bytes, request};
use super::reply::Reply;
use super::{Agreement, DECODER, ENCODER, ServedModel, Traffic};
use crate::segment::tensor::Declared;
use crate::text::bytes;
use crate::work::CancelToken;

/// The longest description of a model or of a server.
const MAX_FACTS: usize = 1 << 20;
/// Names in an error.
const MAX_NAMES: usize = 12;

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerFacts {
    /// Its program and version, as it tells them.
    pub name: String,
    /// Names of its models, with what state they are in; empty if it does not tell.
    pub models: Vec<(String, String)>,
    /// Encoder and decoder: names among these that go together.
    pub pairs: Vec<[String; 2]>,
}

/// A model on a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteModel {
    /// Its name there.
    pub name: String,
    /// What runs it, as the server tells it.
    pub platform: String,
    /// What it takes.
    pub inputs: Vec<Declared>,
    /// What it gives.
    pub outputs: Vec<Declared>,
    /// What whoever set it up noted of it (Triton's `parameters`).
    pub notes: BTreeMap<String, String>,
}

/// Encoder and decoder on a server, described, and the way to them.
pub struct RemotePair {
    http: Http,
    agreed: Agreement,
    traffic: Traffic,
    /// Its program and version.
    pub server: String,
    /// Image to embedding.
    pub encoder: RemoteModel,
    /// Embedding and prompts to logits.
    pub decoder: RemoteModel,
}

#[derive(Deserialize)]
struct ServerJson {
    name: String,
    #[serde(default)]
    version: String,
}

#[derive(Deserialize)]
struct IndexJson {
    name: String,
    #[serde(default)]
    state: String,
}

#[derive(Deserialize)]
struct ModelJson {
    #[serde(default)]
    platform: String,
    inputs: Vec<TensorJson>,
    outputs: Vec<TensorJson>,
}

#[derive(Deserialize)]
struct TensorJson {
    name: String,
    datatype: String,
    shape: Vec<i64>,
}

#[derive(Deserialize)]
struct ConfigJson {
    #[serde(default)]
    parameters: BTreeMap<String, NoteJson>,
}

#[derive(Deserialize)]
struct NoteJson {
    #[serde(default)]
    string_value: String,
}

/// What a server says of itself, and all of its models. Sends nothing of an image.
///
/// # Errors
/// If it can't be reached, or is none of this kind.
pub fn facts(
    server: &ServedModel,
    cancel: &CancelToken,
) -> Result<(ServerFacts, Vec<RemoteModel>), RemoteError> {
    let mut http = Http::new(server)?;
    let facts = told(&mut http, cancel)?;
    let mut described = Vec::new();
    for (name, state) in &facts.models {
        if is_name(name) && matches!(state.as_str(), "READY" | "") {
            described.extend(describe(&mut http, name, cancel)?);
        }
    }
    Ok((facts, described))
}

/// What a server says of itself, without its models' descriptions. Sends nothing of an image.
///
/// # Errors
/// If it can't be reached, or is none of this kind.
pub fn look(server: &ServedModel, cancel: &CancelToken) -> Result<ServerFacts, RemoteError> {
    told(&mut Http::new(server)?, cancel)
}

fn told(http: &mut Http, cancel: &CancelToken) -> Result<ServerFacts, RemoteError> {
    let name = server_name(http, cancel)?;
    let models: Vec<_> = index(http, cancel)?.into_iter().map(|m| (m.name, m.state)).collect();
    let names: Vec<String> = models.iter().map(|(name, _)| name.clone()).collect();
    let pairs = pairs(&names).into_iter().map(|pair| pair.map(str::to_owned)).collect();
    Ok(ServerFacts { name, models, pairs })
}

impl RemotePair {
    /// Finds encoder and decoder on a server and asks what they take and give. Sends nothing of an image.
    ///
    /// # Errors
    /// If it can't be reached, is none of this kind, or has no such models.
    pub fn connect(served: &ServedModel, cancel: &CancelToken) -> Result<Self, RemoteError> {
        let mut http = Http::new(served)?;
        let server = server_name(&mut http, cancel)?;
        let [encoder, decoder] = find(&mut http, served.models.as_ref(), cancel)?;
        for model in [&encoder, &decoder] {
            let ready = get(&mut http, &format!("/v2/models/{}/ready", model.name), cancel)?;
            if ready.status != 200 {
                let (model, address) = (model.name.clone(), http.address().to_string());
                return Err(RemoteError::NotReady { model, address });
            }
        }
        let (agreed, traffic) = (served.agreed.clone(), Traffic::default());
        Ok(Self { http, agreed, traffic, server, encoder, decoder })
    }

    /// What went over the network since this was last asked.
    pub fn take_traffic(&mut self) -> Traffic {
        std::mem::take(&mut self.traffic)
    }

    /// Where a model is, for messages.
    pub fn place(&self, model: &RemoteModel) -> String {
        self.http.address().join(&format!("/v2/models/{}", model.name))
    }

    /// Host and port.
    pub fn host(&self) -> &str {
        self.http.address().host()
    }

    /// What the encoder says.
    pub(in crate::segment) fn encode(
        &mut self,
        input: &Input<'_>,
        wanted: &[Wanted<'_>],
        cancel: &CancelToken,
    ) -> Result<Vec<Output>, RemoteError> {
        let model = self.encoder.name.clone();
        self.infer(&model, std::slice::from_ref(input), wanted, cancel)
    }

    /// What the decoder says.
    pub(in crate::segment) fn decode(
        &mut self,
        inputs: &[Input<'_>],
        wanted: &[Wanted<'_>],
        cancel: &CancelToken,
    ) -> Result<Vec<Output>, RemoteError> {
        let model = self.decoder.name.clone();
        self.infer(&model, inputs, wanted, cancel)
    }

    /// The one way for numbers to leave this machine.
    fn infer(
        &mut self,
        model: &str,
        inputs: &[Input<'_>],
        wanted: &[Wanted<'_>],
        cancel: &CancelToken,
    ) -> Result<Vec<Output>, RemoteError> {
        cancel.check()?;
        let (body, header_length) = request(inputs, wanted);
        let address = self.http.address().to_string();
        if !self.agreed.still_given() {
            return Err(RemoteError::NotAllowed { sent: bytes(body.len() as u64), address });
        }
        let body = Arc::new(Outgoing::binary(body, header_length, self.http.compresses()));
        let path = format!("/v2/models/{model}/infer");
        let (most, patience) = (most_bytes(wanted), self.http.patience().answer);
        let reply = self.http.ask(&HttpCall::new(&path, Some(&body), most, patience), cancel)?;
        self.traffic += reply.traffic();
        let reply = self.http.good(reply)?;
        answer(&reply.body, reply.header_length, wanted)
            .map_err(|what| RemoteError::Answer { what: words(&what), address })
    }
}

fn get(http: &mut Http, path: &str, cancel: &CancelToken) -> Result<Reply, RemoteError> {
    let patience = http.patience().facts;
    http.ask(&HttpCall::new(path, None, MAX_FACTS, patience), cancel)
}

fn parsed<'b, T: Deserialize<'b>>(body: &'b [u8], address: &str) -> Result<T, RemoteError> {
    serde_json::from_slice(body).map_err(|e| RemoteError::Garbage {
        what: words(&e.to_string()),
        address: address.to_owned(),
    })
}

/// Program and version.
fn server_name(http: &mut Http, cancel: &CancelToken) -> Result<String, RemoteError> {
    let address = http.address().to_string();
    let reply = get(http, "/v2", cancel)?;
    let reply = http.good(reply)?;
    let told: ServerJson = parsed(&reply.body, &address)?;
    Ok(words(&format!("{} {}", told.name, told.version)))
}

/// All models; none if it does not tell.
fn index(http: &mut Http, cancel: &CancelToken) -> Result<Vec<IndexJson>, RemoteError> {
    let body = Arc::new(Outgoing::json("{}"));
    let (path, patience) = ("/v2/repository/index", http.patience().facts);
    let reply = http.ask(&HttpCall::new(path, Some(&body), MAX_FACTS, patience), cancel)?;
    if reply.status != 200 {
        return Ok(Vec::new());
    }
    let mut models: Vec<IndexJson> = parsed(&reply.body, &http.address().to_string())?;
    for model in &mut models {
        (model.name, model.state) = (words(&model.name), words(&model.state));
    }
    Ok(models)
}

/// Whether a name can stand in an address as it is.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    !name.is_empty() && name.len() <= 200 && name.chars().all(plain) && !name.starts_with('.')
}

/// A model's description; `None` if there is none of this name.
fn describe(
    http: &mut Http,
    name: &str,
    cancel: &CancelToken,
) -> Result<Option<RemoteModel>, RemoteError> {
    let address = http.address().to_string();
    let path = format!("/v2/models/{name}");
    let reply = get(http, &path, cancel)?;
    // Some versions of Triton say 400 for a name that they do not know.
    if matches!(reply.status, 400 | 404) {
        return Ok(None);
    }
    let reply = http.good(reply)?;
    let told: ModelJson = parsed(&reply.body, &address)?;
    let declared = |tensor: TensorJson| Declared {
        name: words(&tensor.name),
        tensor: Some((element(&tensor.datatype), tensor.shape)),
    };
    // Only Triton tells it; nothing depends on it but where is decoded.
    let config = get(http, &format!("{path}/config"), cancel)?;
    let config = (config.status == 200).then(|| serde_json::from_slice::<ConfigJson>(&config.body));
    let notes = config.and_then(Result::ok).map(|config| config.parameters).unwrap_or_default();
    Ok(Some(RemoteModel {
        name: name.to_owned(),
        platform: words(&told.platform),
        inputs: told.inputs.into_iter().map(declared).collect(),
        outputs: told.outputs.into_iter().map(declared).collect(),
        notes: notes.into_iter().map(|(key, note)| (key, note.string_value)).collect(),
    }))
}

/// Encoder and decoder by the names that were given; else by the usual ones; else the only two that are called
/// `…encoder` and `…decoder`.
fn find(
    http: &mut Http,
    named: Option<&[String; 2]>,
    cancel: &CancelToken,
) -> Result<[RemoteModel; 2], RemoteError> {
    let usual = [ENCODER.to_owned(), DECODER.to_owned()];
    let wanted = named.unwrap_or(&usual);
    if wanted.iter().all(|name| is_name(name))
        && let Some(encoder) = describe(http, &wanted[0], cancel)?
        && let Some(decoder) = describe(http, &wanted[1], cancel)?
    {
        return Ok([encoder, decoder]);
    }
    let names: Vec<String> = index(http, cancel)?.into_iter().map(|m| m.name).collect();
    let pairs = pairs(&names);
    if let (None, [[encoder, decoder]]) = (named, pairs.as_slice())
        && let Some(encoder) = describe(http, encoder, cancel)?
        && let Some(decoder) = describe(http, decoder, cancel)?
    {
        return Ok([encoder, decoder]);
    }
    let found = match names.len() {
        0 => "tells of none".to_owned(),
        n => {
            let some = names.iter().take(MAX_NAMES).map(|name| words(name)).collect::<Vec<_>>();
            let more = if n > MAX_NAMES { ", …" } else { "" };
            format!("has {}{more}", some.join(", "))
        }
    };
    let (wanted, address) = (wanted.join(" and "), http.address().to_string());
    Err(RemoteError::NoModels { wanted, found, address })
}

/// Names that differ only in saying encoder and decoder.
fn pairs(names: &[String]) -> Vec<[&str; 2]> {
    let encoders = names.iter().filter(|name| is_name(name) && name.contains("encoder"));
    let both = encoders.filter_map(|encoder| {
        let decoder = encoder.replace("encoder", "decoder");
        let decoder = names.iter().find(|name| **name == decoder)?;
        Some([encoder.as_str(), decoder.as_str()])
    });
    both.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_found_by_their_names() {
        let names = |all: &[&str]| all.iter().map(|&n| n.to_owned()).collect::<Vec<_>>();
        let found = |all: &[&str]| pairs(&names(all)).len();
        assert_eq!(found(&["liver_encoder", "liver_decoder", "resnet"]), 1);
        assert_eq!(found(&["liver_encoder", "lung_decoder"]), 0);
        assert_eq!(found(&["a_encoder", "a_decoder", "encoder-b", "decoder-b"]), 2);
        assert_eq!(found(&["../encoder", "../decoder", "a/encoder", "a/decoder"]), 0);
    }
}
