//! Models on servers: what is typed becomes an address, the server is asked what it has, and what was agreed for it is
//! kept, for this run or for later ones.

use std::io;
use std::path::PathBuf;

use super::App;
use super::known_servers::{Change, KnownServers, is_agreed};
use super::model::{AskedOf, AskedPlace, draft_of};
use crate::segment::remote::{Agreement, Pin, RemoteError, ServerAddress, ServerTrust};
use crate::segment::{ModelRef, SegmentError, ServerLook, provider_of};
use crate::ui::text::{mark, tr, tr_with};
use crate::ui::{FoundServer, LookStatus, ServerAction, ServerDraft};
use crate::work::{Task, Wake};

/// What goes on with servers besides the answers of models.
pub(super) struct Servers {
    wake: Wake,
    looking: Option<Looking>,
    /// What was said of the addresses that were used in this run.
    agreements: Vec<(ServerDraft, Agreement)>,
    /// Of earlier runs, too.
    known: KnownServers,
    /// Whether their window was open in the frame before.
    were_shown: bool,
}

/// A server that is being asked what it has.
struct Looking {
    draft: ServerDraft,
    model: ModelRef,
    /// Its model is to be used then.
    uses: bool,
    task: Task<Result<ServerLook, SegmentError>>,
}

impl Servers {
    /// `kept` is the file in which it stands what is known of servers.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(wake: Wake, kept: Option<PathBuf>) -> io::Result<Self> {
        let known = KnownServers::start(wake.clone(), kept)?;
        Ok(Self { wake, looking: None, agreements: Vec::new(), known, were_shown: false })
    }

    /// What was typed, in one form, and the model that it means; or what is wrong with it, in one line.
    fn understood(&mut self, draft: &ServerDraft) -> Result<(ServerDraft, ModelRef), String> {
        let path = |text: &str| Some(text.trim()).filter(|t| !t.is_empty()).map(PathBuf::from);
        let (authority, pin) = (path(&draft.authority), draft.pin.trim());
        let pin = (!pin.is_empty()).then(|| pin.parse::<Pin>()).transpose()?;
        // That it can be read on the way is said before anybody agrees that something is sent.
        let trust = ServerTrust { authority, pin, plain: true };
        let model = ModelRef::at_address(&draft.address, trust);
        let mut model = model.map_err(|why: RemoteError| why.to_string())?;
        let mut draft = draft.clone();
        if let ModelRef::Server(served) = &mut model {
            served.models.clone_from(&draft.models);
            served.key_file = path(&draft.key_file);
            served.compress = draft.pack;
            draft = draft_of(served);
            served.agreed = self.agreement(&draft);
        }
        Ok((draft, model))
    }

    /// An address with whom to trust there, if it was used before.
    fn with_known_trust(&self, typed: ServerDraft) -> ServerDraft {
        let meant: Option<ServerAddress> = typed.address.parse().ok();
        let meant = meant.map(|address| address.to_string());
        let mut known = self.known.list().iter().map(|known| &known.draft);
        let known = known.find(|known| Some(&known.address) == meant.as_ref()).cloned();
        let models = typed.models.clone();
        let mut draft = known.unwrap_or(typed);
        draft.models = models.or(draft.models);
        draft
    }

    /// What was said of an address, if the same is trusted there.
    fn agreement(&mut self, draft: &ServerDraft) -> Agreement {
        if let Some((_, known)) = self.agreements.iter().find(|(known, _)| known.is_of(draft)) {
            return known.clone();
        }
        let kept = self.known.list().iter().find(|known| known.draft.is_of(draft));
        let agreement = Agreement::from(kept.is_some_and(|known| known.agreed));
        self.keep(draft, &agreement);
        self.agreements.push((draft.clone(), agreement.clone()));
        agreement
    }

    /// An agreement that stands in the file holds only as long as it does.
    fn keep(&self, draft: &ServerDraft, agreement: &Agreement) {
        if let (true, Some(path)) = (agreement.is_given(), self.known.path()) {
            let (path, draft) = (path.to_owned(), draft.clone());
            agreement.keep_by(move || is_agreed(&path, &draft));
        }
    }

    /// The model that the program was started with: what is known of its server goes for it.
    pub fn complete(&mut self, model: Option<ModelRef>) -> Option<ModelRef> {
        let mut model = model?;
        if let ModelRef::Server(served) = &mut model {
            let typed = draft_of(served);
            // Whom to trust there, where that was said, too.
            let says_more =
                [&typed.authority, &typed.pin, &typed.key_file].iter().any(|text| !text.is_empty());
            let mut known = self.known.list().iter().map(|known| &known.draft);
            let known = known.find(|known| known.address == typed.address);
            let draft = known.filter(|_| !says_more).cloned().unwrap_or(typed);
            if let (false, Ok((_, ModelRef::Server(known)))) =
                (served.agreed.is_given(), self.understood(&draft))
            {
                (served.trust, served.agreed) = (known.trust, known.agreed);
                served.key_file = known.key_file;
                served.compress = known.compress;
                served.models = served.models.take().or(known.models);
            }
        }
        Some(model)
    }
}

impl App {
    /// Does what the window of servers, or the question before something is sent, asks for.
    pub(super) fn do_with_server(&mut self, action: ServerAction) {
        match action {
            ServerAction::Look(draft) => self.look_at_server(&draft, false),
            ServerAction::StopLooking => self.stop_looking(),
            ServerAction::Use(draft) => self.use_server(&draft),
            ServerAction::Forget(draft) => self.forget_server(&draft),
            ServerAction::Consent { agrees, remembers } => self.answer_consent(agrees, remembers),
            ServerAction::TakeBack => {
                if let Some(draft) = self.model.server().map(draft_of) {
                    self.take_agreement_back(&draft);
                }
            }
            ServerAction::LookAhead(on) => {
                if let Some(draft) = self.model.server().map(draft_of) {
                    self.change_servers(Change::LookAhead(draft, on));
                }
            }
            ServerAction::StopOpening => self.model.stop_opening(),
            ServerAction::TryAgain => match self.model.held_for(self.open.as_ref()).cloned() {
                Some(of) => self.ask_where_it_was_asked(&of),
                None => self.model.try_again(&mut self.status),
            },
            ServerAction::AnswerHere => self.model.answer_here(),
        }
    }

    /// Uses the model that somebody has named: by its path, or by its server's address.
    pub(super) fn use_model_named(&mut self, named: PathBuf) {
        let Some(address) = ModelRef::address_in(&named) else {
            self.model.choose(Some(named.into()), &mut self.status);
            return;
        };
        let typed = ServerDraft { address: address.to_owned(), ..ServerDraft::default() };
        let draft = self.servers.with_known_trust(typed);
        self.use_server(&draft);
    }

    /// Uses the model of which clicks were asked that wait for it. It is asked for image values as it stands with it: a
    /// server gets none before somebody agrees.
    fn ask_where_it_was_asked(&mut self, of: &AskedOf) {
        match of.place() {
            AskedPlace::Shipped => self.model.choose(None, &mut self.status),
            AskedPlace::Path(path) => self.model.choose(Some(path.into()), &mut self.status),
            AskedPlace::Server(draft) => {
                let draft = self.servers.with_known_trust(draft);
                self.use_server(&draft);
            }
        }
    }

    /// Uses a server's model, once it is known to be there. What goes on with that is seen in the window of servers.
    fn use_server(&mut self, draft: &ServerDraft) {
        self.view.windows.server = true;
        self.view.windows.server_draft = draft.clone();
        self.look_at_server(draft, true);
    }

    fn look_at_server(&mut self, draft: &ServerDraft, uses: bool) {
        self.servers.looking = None;
        self.status.server.look = match self.begin_looking(draft, uses) {
            Ok(()) => LookStatus::Looking,
            Err(why) => LookStatus::Failed(why),
        };
    }

    fn begin_looking(&mut self, draft: &ServerDraft, uses: bool) -> Result<(), String> {
        let (draft, model) = self.servers.understood(draft)?;
        let asked = model.clone();
        let task = Task::start("look at server", self.servers.wake.clone(), move |cancel, _| {
            provider_of(&asked).look(&asked, cancel)
        });
        let task = task.map_err(|why| why.to_string())?;
        self.view.windows.server_draft = draft.clone();
        self.servers.looking = Some(Looking { draft, model, uses, task });
        Ok(())
    }

    fn stop_looking(&mut self) {
        self.servers.looking = None;
        self.status.server.look = LookStatus::Idle;
    }

    /// Takes in what a server has said, and says what is known of servers.
    pub(super) fn follow_servers(&mut self) {
        self.follow_known_servers();
        let window = &self.view.windows;
        if self.servers.looking.is_some() && !window.server {
            self.stop_looking();
        }
        let window = &self.view.windows;
        self.status.server.draft_is_plain = if window.server {
            let address = window.server_draft.address.parse();
            address.ok().map(|address: ServerAddress| !address.is_private())
        } else {
            None
        };
        let Some(answer) = self.servers.looking.as_ref().and_then(|looking| looking.task.poll())
        else {
            return;
        };
        let Some(Looking { draft, model, uses, .. }) = self.servers.looking.take() else { return };
        self.status.server.look = match answer {
            Ok(Ok(ServerLook { server, models, pairs, note })) => {
                let several = pairs.len() > 1 && draft.models.is_none();
                if uses && several {
                    self.toasts.info(
                        tr("This server has several models: say which, then use it").to_owned(),
                    );
                } else if uses {
                    self.use_found(draft.clone(), model);
                }
                LookStatus::Found(Box::new(FoundServer { draft, server, models, pairs, note }))
            }
            Ok(Err(SegmentError::Cancelled)) => LookStatus::Idle,
            Ok(Err(why)) => LookStatus::Failed(why.to_string()),
            Err(_) => {
                LookStatus::Failed(mark("The search stopped unexpectedly; try it again").to_owned())
            }
        };
    }

    /// Uses a server that was there just now.
    fn use_found(&mut self, draft: ServerDraft, model: ModelRef) {
        if let Some(served) = model.server() {
            let host = served.address.host();
            self.toasts.info(if served.agreed.is_given() {
                tr_with("Masks are computed on {host} now", &[("host", &host)])
            } else {
                tr_with(
                    "Masks are computed on {host} now; nothing is sent there before you agree",
                    &[("host", &host)],
                )
            });
        }
        self.change_servers(Change::Use(draft));
        self.view.windows.server = false;
        self.model.choose(Some(model), &mut self.status);
    }

    /// Keeps what is known of servers in this file instead; `None`: only as long as the window is there.
    pub fn keep_servers_in(mut self, path: Option<PathBuf>) -> Self {
        self.servers.known.keep_in(path);
        self.list_servers();
        self
    }

    /// Shows the addresses that were used before.
    pub(super) fn list_servers(&mut self) {
        self.status.server.known = self.servers.known.list().to_vec();
    }

    fn change_servers(&mut self, change: Change) {
        self.servers.known.change(change, &mut self.toasts);
        self.list_servers();
    }

    /// Takes in what was written down, and says what is known of the server in use.
    fn follow_known_servers(&mut self) {
        let is_shown = self.view.windows.server;
        if is_shown && !std::mem::replace(&mut self.servers.were_shown, is_shown) {
            self.change_servers(Change::Look);
        }
        self.servers.were_shown = is_shown;
        while let Some(change) = self.servers.known.poll(&mut self.toasts) {
            if let Change::Agree(draft, true) = change {
                // From now on other windows can take it back.
                let agreement = self.servers.agreement(&draft);
                self.servers.keep(&draft, &agreement);
            }
            self.list_servers();
        }
        let in_use = self.model.server().map(draft_of);
        let known = in_use.and_then(|draft| {
            self.servers.known.list().iter().find(|known| known.draft.is_of(&draft))
        });
        self.status.server.look_ahead = known.is_some_and(|known| known.look_ahead);
    }

    fn forget_server(&mut self, draft: &ServerDraft) {
        self.take_agreement_back(draft);
        self.change_servers(Change::Forget(draft.clone()));
    }

    /// Nothing more is sent to this address.
    fn take_agreement_back(&mut self, draft: &ServerDraft) {
        self.servers.agreement(draft).set(false);
        self.change_servers(Change::Agree(draft.clone(), false));
        let in_use = self.model.server().filter(|served| draft_of(served).is_of(draft));
        if let Some(served) = in_use {
            served.agreed.set(false);
            self.model.take_back(self.open.as_ref());
        }
    }

    fn answer_consent(&mut self, agrees: bool, remembers: bool) {
        self.status.server.consent = None;
        if !agrees {
            self.model.not_agreed(self.open.as_ref());
            return;
        }
        self.model.agreed(self.open.as_ref());
        let draft = self.model.server().map(draft_of);
        if let Some(draft) = draft.filter(|_| remembers) {
            self.change_servers(Change::Agree(draft, true));
        }
        (self.servers.wake)();
    }
}
