//! Short messages at the lower right. Errors stay until they are closed and can be copied.

/// How serious a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Info,
    Warning,
    Error,
}

#[derive(Clone, Debug)]
struct Toast {
    kind: Kind,
    text: String,
    /// egui time at which it goes; `None` until it was first drawn.
    until: Option<f64>,
}

/// The messages on screen.
#[derive(Clone, Debug, Default)]
pub struct Toasts(Vec<Toast>);

/// More than this would cover the picture.
const MOST: usize = 5;

impl Toasts {
    /// Something went well.
    pub fn info(&mut self, text: String) {
        self.push(Kind::Info, text);
    }

    /// Something is unusual.
    pub fn warning(&mut self, text: String) {
        self.push(Kind::Warning, text);
    }

    /// Something did not work: what, where, what to do.
    pub fn error(&mut self, text: String) {
        tracing::warn!("{text}");
        self.push(Kind::Error, text);
    }

    fn push(&mut self, kind: Kind, text: String) {
        self.0.retain(|t| t.text != text);
        self.0.push(Toast { kind, text, until: None });
        if self.0.len() > MOST {
            self.0.remove(0);
        }
    }

    /// All texts, newest last.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|t| t.text.as_str())
    }

    /// Draws them.
    pub fn show(&mut self, ctx: &egui::Context) {
        let now = ctx.input(|i| i.time);
        for toast in &mut self.0 {
            let stays = match toast.kind {
                Kind::Info => 4.0,
                Kind::Warning => 10.0,
                Kind::Error => f64::INFINITY,
            };
            let until = *toast.until.get_or_insert(now + stays);
            if until.is_finite() && until > now {
                ctx.request_repaint_after_secs((until - now) as f32);
            }
        }
        self.0.retain(|t| t.until.is_none_or(|until| until > now));
        if self.0.is_empty() {
            return;
        }
        let mut closed = None;
        egui::Area::new(egui::Id::unique("toasts"))
            .anchor(egui::Align2::RIGHT_BOTTOM, egui::vec2(-12.0, -36.0))
            .order(egui::Order::Foreground)
            .show(ctx, |ui| {
                for (n, toast) in self.0.iter().enumerate() {
                    ui.push_id(n, |ui| {
                        if show_one(ui, toast) {
                            closed = Some(n);
                        }
                    });
                    ui.add_space(6.0);
                }
            });
        if let Some(n) = closed {
            self.0.remove(n);
        }
    }
}

/// `true` if it was closed.
fn show_one(ui: &mut egui::Ui, toast: &Toast) -> bool {
    let visuals = ui.visuals();
    let colour = match toast.kind {
        Kind::Info => visuals.hyperlink_color,
        Kind::Warning => visuals.warn_fg_color,
        Kind::Error => visuals.error_fg_color,
    };
    let mut closed = false;
    egui::Frame::popup(ui.style()).stroke(egui::Stroke::new(1.0, colour)).show(ui, |ui| {
        ui.set_width(380.0);
        ui.add(egui::Label::new(egui::RichText::new(&toast.text)).wrap());
        if toast.kind == Kind::Error {
            ui.horizontal(|ui| {
                if ui.button("Copy").clicked() {
                    ui.ctx().copy_text(toast.text.clone());
                }
                closed = ui.button("Close").clicked();
            });
        }
    });
    closed
}
