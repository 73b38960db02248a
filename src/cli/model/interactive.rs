//! `voxpoint model info nninteractive+https://…`: what such a server has.

use serde::Serialize;

use crate::cli::{print, print_json};
use crate::segment::remote::ServedModel;
use crate::segment::remote::nninteractive::{InteractiveFacts, interactive_facts};
use crate::work::CancelToken;

/// What an nnInteractive server says of itself; keys are stable.
#[derive(Serialize)]
struct Interactive {
    address: String,
    /// Its program. That one's version it does not tell.
    server: &'static str,
    /// Version of its sessions.
    session_version: String,
    licence: Option<String>,
    interactions: Vec<String>,
    /// Whether it goes on from a mask (`--start-from`).
    initial_mask: bool,
    autozoom: bool,
    /// Voxels along each side of what it looks at, slices first.
    patch: Vec<u64>,
    /// How many sessions it has; null if it does not tell.
    sessions: Option<u64>,
    idle_seconds: u64,
    liveness_seconds: u64,
}

/// Says what a server has. Sends nothing of an image.
pub fn run(server: &ServedModel, json: bool) -> anyhow::Result<()> {
    let facts = interactive_facts(server, &CancelToken::new())?;
    let InteractiveFacts { session_version, licence, interactions, patch, sessions, .. } = facts;
    let found = Interactive {
        address: server.address.to_string(),
        server: "nnInteractive",
        session_version,
        licence,
        interactions,
        initial_mask: facts.initial_mask,
        autozoom: facts.autozoom,
        patch,
        sessions,
        idle_seconds: facts.idle_seconds,
        liveness_seconds: facts.liveness_seconds,
    };
    if json { print_json(&found) } else { print(&found.table()) }
}

impl Interactive {
    fn table(&self) -> String {
        let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
        let patch = self.patch.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × ");
        let stated =
            |text: &str| if text.is_empty() { "not stated".to_owned() } else { text.to_owned() };
        let places = self
            .sessions
            .map_or("number of places not stated".to_owned(), |n| format!("{n} places"));
        let lines = [
            ("address", self.address.clone()),
            ("server", self.server.to_owned()),
            ("version", format!("{} (of its sessions)", stated(&self.session_version))),
            (
                "licence",
                format!("{} (of its model)", stated(self.licence.as_deref().unwrap_or_default())),
            ),
            ("takes", self.interactions.join(", ")),
            ("from a mask", yes(self.initial_mask)),
            (
                "patch",
                format!(
                    "{} voxels, autozoom {}",
                    stated(&patch),
                    if self.autozoom { "on" } else { "off" }
                ),
            ),
            ("sessions", format!("{places}, ended after {} s without a point", self.idle_seconds)),
            ("clicks", "can be answered there: --model with this address".to_owned()),
        ];
        let lines: Vec<String> =
            lines.iter().map(|(key, value)| format!("{key:<13} {value}")).collect();
        lines.join("\n")
    }
}
