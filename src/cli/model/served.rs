//! `voxpoint model info https://…`: what a server has.

use serde::Serialize;

use super::interactive;
use crate::cli::args::ServerArgs;
use crate::cli::server::served;
use crate::cli::{print, print_json};
use crate::segment::cubes::CubeSegmenter;
use crate::segment::remote::{RemoteModel, ServerProtocol, facts};
use crate::work::CancelToken;

/// What a server has; keys are stable.
#[derive(Serialize)]
struct Served {
    address: String,
    /// Program and version.
    server: String,
    models: Vec<ServedFacts>,
    /// Why clicks can't be answered there; null if they can.
    problem: Option<String>,
}

#[derive(Serialize)]
struct ServedFacts {
    name: String,
    /// `READY`, or what else the server says; empty if it says nothing.
    state: String,
    /// What runs it; empty of one that is not ready.
    platform: String,
    inputs: Vec<String>,
    outputs: Vec<String>,
}

/// Says what a server has. Sends nothing of an image.
pub fn run(address: &str, args: &ServerArgs, json: bool) -> anyhow::Result<()> {
    let server = served(address, args)?;
    if server.address.protocol() == ServerProtocol::NnInteractive {
        return interactive::run(&server, json);
    }
    let (told, models) = facts(&server, &CancelToken::new())?;
    let shown = |(name, state): &(String, String)| {
        let model = models.iter().find(|model| model.name == *name);
        let list = |of: fn(&RemoteModel) -> Vec<String>| model.map(of).unwrap_or_default();
        ServedFacts {
            name: name.clone(),
            state: state.clone(),
            platform: model.map(|m| m.platform.clone()).unwrap_or_default(),
            inputs: list(|m| m.inputs.iter().map(ToString::to_string).collect()),
            outputs: list(|m| m.outputs.iter().map(ToString::to_string).collect()),
        }
    };
    let found = Served {
        address: server.address.to_string(),
        server: told.name,
        models: told.models.iter().map(shown).collect(),
        problem: CubeSegmenter::served(&server, None, &CancelToken::new())
            .err()
            .map(|why| why.to_string()),
    };
    if json { print_json(&found) } else { print(&found.table()) }
}

impl Served {
    fn table(&self) -> String {
        let mut lines = vec![("address", self.address.clone()), ("server", self.server.clone())];
        for model in &self.models {
            let state =
                if model.state.is_empty() { String::new() } else { format!(", {}", model.state) };
            let platform = if model.platform.is_empty() {
                String::new()
            } else {
                format!(", {}", model.platform)
            };
            lines.push(("model", format!("{}{platform}{state}", model.name)));
            if !model.inputs.is_empty() {
                let (inputs, outputs) = (model.inputs.join(", "), model.outputs.join(", "));
                lines.push(("graph", format!("{inputs} to {outputs}")));
            }
        }
        lines.push(match &self.problem {
            None => ("clicks", "can be answered there: --model with this address".to_owned()),
            Some(why) => ("problem", why.clone()),
        });
        let lines: Vec<String> =
            lines.iter().map(|(key, value)| format!("{key:<13} {value}")).collect();
        lines.join("\n")
    }
}
