//! A model as a session with clicks that wait names it.

use std::path::PathBuf;

use crate::segment::ModelRef;
use crate::segment::remote::ServerAddress;
use crate::ui::ServerDraft;
use crate::ui::text::mark;

/// Beside what is kept of the view, in a session with clicks that wait: of which model they were asked.
pub(in crate::app) const ASKED_OF: &str = "asked_of";

/// A model as a session names it: its path, or its server's address with the names of its networks if they are not the
/// usual ones; nothing: the one that ships.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::app) struct AskedOf(String);

impl AskedOf {
    /// `None`: the one that ships.
    pub fn of(model: Option<&ModelRef>) -> Self {
        Self(match model {
            None => String::new(),
            Some(ModelRef::Path(path)) => path.display().to_string(),
            Some(ModelRef::Server(served)) => {
                let networks = served.models.iter().flatten().map(String::as_str);
                let address = served.address.to_string();
                std::iter::once(address.as_str()).chain(networks).collect::<Vec<_>>().join(" ")
            }
        })
    }

    /// By how it names itself in its answers.
    pub fn named(model: &str) -> Self {
        Self(model.to_owned())
    }

    /// Whether it is on a server.
    pub fn is_server(&self) -> bool {
        matches!(self.place(), AskedPlace::Server(_))
    }

    /// That of a session; `None` if it does not say.
    pub fn read(view: &serde_json::Value) -> Option<Self> {
        view.get(ASKED_OF)?.as_str().map(|text| Self(text.to_owned()))
    }

    /// As it stands in a session.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// What people call it, in English.
    pub fn name(&self) -> String {
        match self.place() {
            AskedPlace::Shipped => mark("the model that ships with Voxpoint").to_owned(),
            AskedPlace::Path(path) => ModelRef::Path(path).name(),
            AskedPlace::Server(draft) => {
                let address: Option<ServerAddress> = draft.address.parse().ok();
                address.map_or(draft.address, |address| address.host().to_owned())
            }
        }
    }

    /// Where it is. Whom to trust at an address is not in a session.
    pub fn place(&self) -> AskedPlace {
        let mut words = self.0.split(' ');
        let address = words.next().unwrap_or_default();
        if ModelRef::address_in(address.as_ref()).is_some() {
            let models = match (words.next(), words.next()) {
                (Some(encoder), Some(decoder)) => Some([encoder.to_owned(), decoder.to_owned()]),
                _ => None,
            };
            let address = address.to_owned();
            return AskedPlace::Server(ServerDraft { address, models, ..ServerDraft::default() });
        }
        if self.0.is_empty() { AskedPlace::Shipped } else { AskedPlace::Path((&self.0).into()) }
    }
}

/// Where a model is of which something was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::app) enum AskedPlace {
    /// The one that ships.
    Shipped,
    Path(PathBuf),
    Server(ServerDraft),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::remote::ServerTrust;

    #[test]
    fn a_session_names_every_model_so_that_it_is_found_again() {
        let at = |text: &str| ModelRef::at_address(text, ServerTrust::default()).unwrap();
        let mut two = at("https://gpu.example:8443/a");
        if let ModelRef::Server(served) = &mut two {
            served.models = Some(["enc".to_owned(), "dec".to_owned()]);
        }
        let draft =
            |address: &str| ServerDraft { address: address.to_owned(), ..ServerDraft::default() };
        let named = ServerDraft {
            models: Some(["enc".to_owned(), "dec".to_owned()]),
            ..draft("https://gpu.example:8443/a")
        };
        let path = PathBuf::from("/models/my model.pth");
        for (model, text, name, place) in [
            (None, "", "the model that ships with Voxpoint", AskedPlace::Shipped),
            (
                Some(ModelRef::Path(path.clone())),
                "/models/my model.pth",
                "my model.pth",
                AskedPlace::Path(path),
            ),
            (
                Some(at("https://gpu.example")),
                "https://gpu.example",
                "gpu.example",
                AskedPlace::Server(draft("https://gpu.example")),
            ),
            (
                Some(two),
                "https://gpu.example:8443/a enc dec",
                "gpu.example:8443",
                AskedPlace::Server(named),
            ),
            (
                Some(at("nninteractive+http://127.0.0.1:1527")),
                "nninteractive+http://127.0.0.1:1527",
                "127.0.0.1:1527",
                AskedPlace::Server(draft("nninteractive+http://127.0.0.1:1527")),
            ),
        ] {
            let asked = AskedOf::of(model.as_ref());
            assert_eq!((asked.text(), &*asked.name()), (text, name));
            assert_eq!(asked.place(), place);
            let view = serde_json::json!({ ASKED_OF: text });
            assert_eq!(AskedOf::read(&view), Some(asked));
        }
        for none in ["null", "{}", r#"{"asked_of":7}"#] {
            let view: serde_json::Value = serde_json::from_str(none).unwrap();
            assert_eq!(AskedOf::read(&view), None, "{none}");
        }
    }
}
