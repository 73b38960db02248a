//! Short messages at the lower right. Errors stay until they are closed and can be copied; where there is
//! no room for all messages, infos make room first, then warnings, and only among errors alone the oldest.

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
        while self.0.len() > MOST {
            let oldest = |kind| self.0.iter().position(|t| t.kind == kind);
            let goes = oldest(Kind::Info).or_else(|| oldest(Kind::Warning)).unwrap_or(0);
            self.0.remove(goes);
        }
    }

    /// Closes the message that came last.
    pub fn close_newest(&mut self) {
        self.0.pop();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_messages_do_not_push_errors_away() {
        let mut toasts = Toasts::default();
        toasts.error("no room".to_owned());
        toasts.warning("odd".to_owned());
        for n in 0..9 {
            toasts.info(format!("saved {n}"));
        }
        let shown = |t: &Toasts| t.texts().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(shown(&toasts), ["no room", "odd", "saved 6", "saved 7", "saved 8"]);
        for n in 0..4 {
            toasts.error(format!("lost {n}"));
        }
        assert_eq!(shown(&toasts), ["no room", "lost 0", "lost 1", "lost 2", "lost 3"]);
        toasts.warning("odd again".to_owned());
        toasts.info("saved".to_owned());
        assert_eq!(shown(&toasts), ["no room", "lost 0", "lost 1", "lost 2", "lost 3"]);
        // Nothing but errors: the newest stay. The same text again is the newest.
        toasts.error("lost 0".to_owned());
        toasts.error("lost 4".to_owned());
        assert_eq!(shown(&toasts), ["lost 1", "lost 2", "lost 3", "lost 0", "lost 4"]);
    }
}
