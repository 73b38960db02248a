//! Short messages at the lower right. Errors stay until they are closed and can be copied; where there is
//! no room for all messages, infos make room first, then warnings, and only among errors alone the oldest.

use super::Level;
use super::text::tr;

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
    /// Shown in full, because the user asked for it.
    whole: bool,
}

/// The messages on screen.
#[derive(Clone, Debug, Default)]
pub struct Toasts {
    shown: Vec<Toast>,
    /// Not yet in the log.
    fresh: Vec<(Level, String)>,
}

/// More than this would cover the picture.
const MOST: usize = 5;
/// Longer texts are cut, and shown in full when asked for.
const LONG: usize = 220;
/// Width of a message, in points.
const WIDTH: f32 = 380.0;

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
        let level = match kind {
            Kind::Info => Level::Info,
            Kind::Warning => Level::Warning,
            Kind::Error => Level::Error,
        };
        self.fresh.push((level, text.clone()));
        self.shown.retain(|t| t.text != text);
        self.shown.push(Toast { kind, text, until: None, whole: false });
        while self.shown.len() > MOST {
            let oldest = |kind| self.shown.iter().position(|t| t.kind == kind);
            let goes = oldest(Kind::Info).or_else(|| oldest(Kind::Warning)).unwrap_or(0);
            self.shown.remove(goes);
        }
    }

    /// What was said since the last call, for the log.
    pub fn take_fresh(&mut self) -> Vec<(Level, String)> {
        std::mem::take(&mut self.fresh)
    }

    /// Takes all away, the log keeps them: another scan is seen, which they are not about.
    pub fn clear(&mut self) {
        self.shown.clear();
    }

    /// Closes the message that came last.
    pub fn close_newest(&mut self) {
        self.shown.pop();
    }

    /// All texts, newest last.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.shown.iter().map(|t| t.text.as_str())
    }

    /// Draws them, so far left of and above the status bar's right end: beside panels and bars there.
    pub fn show(&mut self, ctx: &egui::Context, away: egui::Vec2) {
        let now = ctx.input(|i| i.time);
        for toast in &mut self.shown {
            let stays = match toast.kind {
                Kind::Info => 4.0,
                Kind::Warning => 10.0,
                Kind::Error => f64::INFINITY,
            };
            // One that is being read stays.
            let stays = if toast.whole { f64::INFINITY } else { stays };
            if toast.whole {
                toast.until = None;
            }
            let until = *toast.until.get_or_insert(now + stays);
            if until.is_finite() && until > now {
                ctx.request_repaint_after_secs((until - now) as f32);
            }
        }
        self.shown.retain(|t| t.until.is_none_or(|until| until > now));
        if self.shown.is_empty() {
            return;
        }
        let mut closed = None;
        egui::Area::new(egui::Id::unique("toasts"))
            .anchor(egui::Align2::RIGHT_BOTTOM, egui::vec2(-12.0, -36.0) - away)
            .order(egui::Order::Foreground)
            .show(ctx, |ui| {
                for (n, toast) in self.shown.iter_mut().enumerate() {
                    ui.push_id(n, |ui| {
                        if show_one(ui, toast) {
                            closed = Some(n);
                        }
                    });
                    ui.add_space(6.0);
                }
            });
        if let Some(n) = closed {
            self.shown.remove(n);
        }
    }
}

/// `true` if it was closed.
fn show_one(ui: &mut egui::Ui, toast: &mut Toast) -> bool {
    let visuals = ui.visuals();
    let colour = match toast.kind {
        Kind::Info => visuals.hyperlink_color,
        Kind::Warning => visuals.warn_fg_color,
        Kind::Error => visuals.error_fg_color,
    };
    let long = toast.text.chars().count() > LONG;
    let mut closed = false;
    egui::Frame::popup(ui.style()).stroke(egui::Stroke::new(1.0, colour)).show(ui, |ui| {
        ui.set_width(WIDTH);
        if toast.whole {
            let height = (ui.ctx().content_rect().height() * 0.6).max(80.0);
            egui::ScrollArea::vertical().max_height(height).show(ui, |ui| {
                ui.add(egui::Label::new(&toast.text).selectable(true).wrap());
            });
        } else {
            ui.add(egui::Label::new(beginning(&toast.text)).wrap());
        }
        if toast.kind == Kind::Info && !long {
            return;
        }
        ui.horizontal(|ui| {
            if long {
                let text = if toast.whole { tr("Less") } else { tr("More") };
                if ui.button(text).clicked() {
                    toast.whole = !toast.whole;
                }
            }
            if ui.button(tr("Copy")).clicked() {
                ui.ctx().copy_text(toast.text.clone());
            }
            closed = ui.button(tr("Close")).clicked();
        });
    });
    closed
}

/// As much of a text as is shown at first.
fn beginning(text: &str) -> String {
    if text.chars().count() <= LONG {
        return text.to_owned();
    }
    text.chars().take(LONG).chain("…".chars()).collect()
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
