//! What an nnInteractive server says of its model and of its sessions.

use serde_json::Value;

use crate::prompt::ShapeKinds;
use crate::segment::remote::error::words;

/// What a server says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InteractiveFacts {
    /// Version of its sessions (`v2`), as it tells it; empty if it does not. Its program's version it does not tell.
    pub session_version: String,
    /// The licence of the model that it has loaded.
    pub licence: Option<String>,
    /// Kinds of interactions that the model takes: `points`, `scribble`, `lasso`, `bbox2d`, `bbox3d`; sorted.
    pub interactions: Vec<String>,
    /// It goes on from a mask.
    pub initial_mask: bool,
    /// It looks at more than its patch where a structure is larger.
    pub autozoom: bool,
    /// Voxels along each side of what it looks at.
    pub patch: Vec<u64>,
    /// How many sessions it has at most.
    pub sessions: Option<u64>,
    /// Seconds without an interaction after which it ends a session.
    pub idle_seconds: u64,
    /// Seconds without a sign of life after which it does.
    pub liveness_seconds: u64,
}

impl InteractiveFacts {
    /// Which shapes its model takes, besides points. Before it has said that, all may be tried.
    pub fn shapes(&self) -> ShapeKinds {
        let takes = |name: &str| self.interactions.iter().any(|known| known == name);
        if self.interactions.is_empty() {
            return ShapeKinds::ALL;
        }
        ShapeKinds { boxes: takes("bbox2d"), scribbles: takes("scribble"), lassos: takes("lasso") }
    }

    /// From the answer to `/claim` and that to `/capabilities`; `None` if the latter tells no interactions.
    pub(super) fn of(claim: &Value, told: &Value) -> Option<Self> {
        let yes = |key: &str| told[key].as_bool().unwrap_or(false);
        let text = |value: &Value| match value {
            Value::String(text) => words(text),
            Value::Number(number) => number.to_string(),
            _ => String::new(),
        };
        let takes = told["supported_interactions"].as_object()?.iter();
        let mut interactions: Vec<String> =
            takes.filter(|(_, takes)| **takes == true).map(|(name, _)| words(name)).collect();
        interactions.sort();
        let licence = Some(text(&told["license"]));
        let patch = told["patch_size"].as_array().into_iter().flatten();
        Some(Self {
            session_version: text(&told["inference_session_version"]),
            // What it says of a model that comes without one.
            licence: licence.filter(|text| !text.is_empty() && text != "!!MISSING!!"),
            interactions,
            initial_mask: yes("supports_initial_label"),
            autozoom: told["do_autozoom"].as_bool().unwrap_or(true),
            patch: patch.filter_map(Value::as_u64).take(3).collect(),
            sessions: claim["max_sessions"].as_u64(),
            idle_seconds: seconds(&claim["idle_timeout_seconds"]),
            liveness_seconds: seconds(&claim["liveness_timeout_seconds"]),
        })
    }
}

/// Whole seconds; 0 if it is no time.
fn seconds(value: &Value) -> u64 {
    value.as_f64().filter(|s| (0.0..1e9).contains(s)).map_or(0, |s| s as u64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn odd_facts_are_read_as_far_as_they_go() {
        let claim = json!({ "max_sessions": 3, "idle_timeout_seconds": 600.0, "liveness_timeout_seconds": -1 });
        let told = json!({
            "supported_interactions": { "scribble": true, "points": true, "lasso": false, "bbox2d": null },
            "inference_session_version": 2, "license": "!!MISSING!!", "patch_size": [192, 192, "?"],
        });
        let facts = InteractiveFacts::of(&claim, &told).unwrap();
        assert_eq!((facts.session_version.as_str(), &facts.licence), ("2", &None));
        assert_eq!(facts.interactions, ["points", "scribble"]);
        let scribbles = ShapeKinds { scribbles: true, ..ShapeKinds::NONE };
        assert_eq!(facts.shapes(), scribbles);
        assert_eq!(InteractiveFacts::default().shapes(), ShapeKinds::ALL);
        assert_eq!((facts.sessions, facts.idle_seconds, facts.liveness_seconds), (Some(3), 600, 0));
        assert_eq!(facts.patch, [192, 192]);
        assert!(facts.autozoom && !facts.initial_mask);
        for odd in
            [json!({}), json!([]), json!(null), json!({ "supported_interactions": ["points"] })]
        {
            assert_eq!(InteractiveFacts::of(&claim, &odd), None);
        }
    }
}
