//! Short messages at the lower right, on no more than a quarter of the views and below all windows. Errors stay for a
//! while, or until something succeeds, and can be copied; the log keeps them. Where there is no room for all messages,
//! infos make room first, then warnings, and only among errors alone the oldest.

use super::template::{tr_again, tr_sentence};
use super::text::{Language, spoken, tr};

/// How much a line of the log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For those who look for a fault.
    Debug,
    /// What happened.
    Info,
    /// Something unusual.
    Warning,
    /// Something that did not work.
    Error,
}

/// How serious a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Severity {
    Info,
    Warning,
    Error,
}

#[derive(Clone, Debug)]
struct Toast {
    severity: Severity,
    text: String,
    /// egui time at which it was first drawn.
    since: Option<f64>,
    /// egui time at which it goes; `None` until it was first drawn.
    until: Option<f64>,
    /// Something that the user wanted is not possible: no matter any more once something else is done.
    refusal: bool,
    /// Shown in full, because the user asked for it.
    whole: bool,
    /// A button that does something about it: what it says, and what the program knows it by.
    offer: Option<(&'static str, u64)>,
}

/// The messages on screen.
#[derive(Clone, Debug, Default)]
pub struct Toasts {
    shown: Vec<Toast>,
    /// Not yet in the log.
    fresh: Vec<(Level, String)>,
    /// egui time of the last frame.
    now: f64,
    /// The language in which they are, once they were drawn.
    language: Option<Language>,
}

/// More than this would cover the picture.
const MOST: usize = 5;
/// Longer texts are cut, and shown in full when asked for.
const LONG: usize = 220;
/// Width of a message where there is room, and the least, in points.
const WIDTH: f32 = 380.0;
const NARROWEST: f32 = 150.0;
/// Between messages and a window, in points.
const BESIDE: f32 = 8.0;
/// Seconds after which an error goes by itself; that it is on the screen at least before a success takes it away.
const ERROR_STAYS: f64 = 30.0;
const SEEN: f64 = 3.0;
/// Windows that are read, which no message may hide.
const WINDOWS: [&str; 9] = [
    "shortcuts",
    "about",
    "about model",
    "history",
    "log",
    "picture",
    "film",
    "server",
    "robot user",
];

impl Toasts {
    /// Something went well.
    pub fn info(&mut self, text: String) {
        self.drop_seen(|_| true);
        self.push(Severity::Info, text);
    }

    /// What the user wanted is not possible, and why. Goes when something else is done ([`Toasts::accepted`]).
    pub fn refused(&mut self, text: String) {
        self.error(text);
        if let Some(newest) = self.shown.last_mut() {
            newest.refusal = true;
        }
    }

    /// The same with a button that mends it: `name`, in the language in use; when it is clicked, [`Toasts::show`] returns
    /// `key`.
    pub fn refused_but(&mut self, text: String, name: &'static str, key: u64) {
        self.refused(text);
        if let Some(newest) = self.shown.last_mut() {
            newest.offer = Some((name, key));
        }
    }

    /// Something that the user wanted was done.
    pub fn accepted(&mut self) {
        self.drop_seen(|toast| toast.refusal);
    }

    /// Takes a message away that is no matter any more. `text` is what it was made of.
    pub fn take_away(&mut self, text: &str) {
        let text = tr_sentence(&text);
        self.shown.retain(|t| t.text != text);
    }

    /// Takes those of these errors away that there was time to read.
    fn drop_seen(&mut self, which: impl Fn(&Toast) -> bool) {
        let now = self.now;
        self.shown.retain(|t| {
            let seen = t.since.is_some_and(|since| now - since >= SEEN);
            t.severity != Severity::Error || t.whole || !seen || !which(t)
        });
    }

    /// Something is unusual.
    pub fn warning(&mut self, text: String) {
        self.push(Severity::Warning, text);
    }

    /// Something did not work: what, where, what to do.
    pub fn error(&mut self, text: String) {
        tracing::warn!("{text}");
        self.push(Severity::Error, text);
    }

    // Whoever calls has made the text for this.
    #[allow(clippy::needless_pass_by_value)]
    fn push(&mut self, severity: Severity, text: String) {
        // What is told of errors is often theirs.
        let text = tr_sentence(&text);
        let level = match severity {
            Severity::Info => Level::Info,
            Severity::Warning => Level::Warning,
            Severity::Error => Level::Error,
        };
        self.fresh.push((level, text.clone()));
        self.shown.retain(|t| t.text != text);
        self.shown.push(Toast {
            severity,
            text,
            since: None,
            until: None,
            refusal: false,
            whole: false,
            offer: None,
        });
        while self.shown.len() > MOST {
            let oldest = |severity| self.shown.iter().position(|t| t.severity == severity);
            let goes = oldest(Severity::Info).or_else(|| oldest(Severity::Warning)).unwrap_or(0);
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

    /// Draws them, so far left of and above the status bar's right end: beside panels and bars there. `room`: how large
    /// the views are together, in points. Returns the key of an offer that was taken.
    pub fn show(&mut self, ctx: &egui::Context, away: egui::Vec2, room: egui::Vec2) -> Option<u64> {
        let now = ctx.input(|i| i.time);
        self.now = now;
        self.follow_language();
        let id = egui::Id::unique("toasts");
        // One that is being read stays.
        let layer = egui::LayerId::new(egui::Order::Middle, id);
        let read = ctx.pointer_hover_pos().is_some_and(|at| ctx.layer_id_at(at) == Some(layer));
        for toast in &mut self.shown {
            let stays = match toast.severity {
                Severity::Info => 4.0,
                Severity::Warning => 10.0,
                Severity::Error => ERROR_STAYS,
            };
            toast.since.get_or_insert(now);
            let stays = if toast.whole { f64::INFINITY } else { stays };
            if toast.whole || read {
                toast.until = None;
            }
            let until = *toast.until.get_or_insert(now + stays);
            if until.is_finite() && until > now {
                ctx.request_repaint_after_secs((until - now) as f32);
            }
        }
        self.shown.retain(|t| t.until.is_none_or(|until| until > now));
        if self.shown.is_empty() {
            return None;
        }
        let (mut closed, mut taken) = (None, None);
        // Half of the views' width and height at most, frames and gaps included.
        let width = (room.x / 2.0 - 40.0).clamp(NARROWEST, WIDTH);
        let height = (room.y / 2.0 - 36.0).max(60.0);
        let away = away + egui::vec2(beside_windows(ctx, id), 0.0);
        egui::Area::new(id)
            .anchor(egui::Align2::RIGHT_BOTTOM, egui::vec2(-12.0, -36.0) - away)
            .order(egui::Order::Middle)
            .show(ctx, |ui| {
                // An area has the room that it took the last time, which a longer message needs more than.
                ui.set_max_height(height);
                let list = egui::ScrollArea::vertical().max_height(height).stick_to_bottom(true);
                list.show(ui, |ui| {
                    for (n, toast) in self.shown.iter_mut().enumerate() {
                        ui.push_id(n, |ui| match show_one(ui, toast, width) {
                            Some(Answer::Close) => closed = Some(n),
                            Some(Answer::Take(key)) => (closed, taken) = (Some(n), Some(key)),
                            None => {}
                        });
                        ui.add_space(6.0);
                    }
                });
            });
        keep_windows_above(ctx, layer);
        if let Some(n) = closed {
            self.shown.remove(n);
        }
        taken
    }
}

impl Toasts {
    /// What stands there is said in the language in use from now on.
    fn follow_language(&mut self) {
        if self.language.replace(spoken()).is_none_or(|before| before == spoken()) {
            return;
        }
        for toast in &mut self.shown {
            toast.text = tr_sentence(&toast.text);
            toast.offer = toast.offer.map(|(name, key)| (tr_again(name), key));
        }
    }
}

/// What the user wants of a message.
enum Answer {
    Close,
    /// What is offered with it.
    Take(u64),
}

/// How far to the left the messages go beside the windows that they would lie over, if there is room for them.
fn beside_windows(ctx: &egui::Context, toasts: egui::Id) -> f32 {
    let shown = |id: egui::Id| {
        let layer = egui::LayerId::new(egui::Order::Middle, id);
        ctx.memory(|m| m.areas().is_visible(&layer).then(|| m.area_rect(id)).flatten())
    };
    let moved: f32 = ctx.data(|d| d.get_temp(toasts)).unwrap_or_default();
    // Where they would be at the right.
    let Some(own) = shown(toasts).map(|rect| rect.translate(egui::vec2(moved, 0.0))) else {
        return 0.0;
    };
    let windows = WINDOWS.into_iter().filter_map(|name| shown(egui::Id::unique(name)));
    let left = windows.filter(|window| window.intersects(own)).map(|window| window.left());
    let away = left.fold(0.0, |away: f32, left| away.max(own.right() - left + BESIDE));
    // Half a message is none.
    let away = if own.left() - away < ctx.content_rect().left() { 0.0 } else { away };
    ctx.data_mut(|d| d.insert_temp(toasts, away));
    away
}

/// Lifts windows that a newer message would cover.
fn keep_windows_above(ctx: &egui::Context, toasts: egui::LayerId) {
    let windows = WINDOWS.map(egui::Id::unique);
    let layers: Vec<egui::LayerId> = ctx.memory(|m| m.layer_ids().collect());
    let Some(at) = layers.iter().position(|layer| *layer == toasts) else { return };
    let is_window = |layer: &&egui::LayerId| {
        layer.order == egui::Order::Middle
            && windows.contains(&layer.id)
            && ctx.memory(|m| m.areas().is_visible(layer))
    };
    // All of them, so that they stay in their order.
    if layers[..at].iter().any(|layer| is_window(&layer)) {
        for layer in layers.iter().filter(is_window) {
            ctx.move_to_top(*layer);
        }
    }
}

fn show_one(ui: &mut egui::Ui, toast: &mut Toast, width: f32) -> Option<Answer> {
    let visuals = ui.visuals();
    let colour = match toast.severity {
        Severity::Info => visuals.hyperlink_color,
        Severity::Warning => visuals.warn_fg_color,
        Severity::Error => visuals.error_fg_color,
    };
    let long = toast.text.chars().count() > LONG;
    let mut answer = None;
    egui::Frame::popup(ui.style()).stroke(egui::Stroke::new(1.0, colour)).show(ui, |ui| {
        ui.set_width(width);
        if toast.whole {
            ui.add(egui::Label::new(&toast.text).selectable(true).wrap());
        } else {
            ui.add(egui::Label::new(beginning(&toast.text)).wrap());
        }
        if toast.severity == Severity::Info && !long {
            return;
        }
        ui.horizontal_wrapped(|ui| {
            if let Some((name, key)) = toast.offer
                && ui.button(name).clicked()
            {
                answer = Some(Answer::Take(key));
            }
            if long {
                let text = if toast.whole { tr("Less") } else { tr("More") };
                if ui.button(text).clicked() {
                    toast.whole = !toast.whole;
                }
            }
            if ui.button(tr("Copy")).clicked() {
                ui.ctx().copy_text(toast.text.clone());
            }
            if ui.button(tr("Close")).clicked() {
                answer = Some(Answer::Close);
            }
        });
    });
    answer
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
    use crate::ui::kit::text::speak;

    #[test]
    fn later_messages_do_not_push_errors_away() {
        let mut toasts = Toasts::default();
        toasts.error("No room".to_owned());
        toasts.warning("Odd".to_owned());
        for n in 0..9 {
            toasts.info(format!("Saved {n}"));
        }
        let shown = |t: &Toasts| t.texts().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(shown(&toasts), ["No room", "Odd", "Saved 6", "Saved 7", "Saved 8"]);
        for n in 0..4 {
            toasts.error(format!("Lost {n}"));
        }
        assert_eq!(shown(&toasts), ["No room", "Lost 0", "Lost 1", "Lost 2", "Lost 3"]);
        toasts.warning("Odd again".to_owned());
        toasts.info("Saved".to_owned());
        assert_eq!(shown(&toasts), ["No room", "Lost 0", "Lost 1", "Lost 2", "Lost 3"]);
        // Nothing but errors: the newest stay. The same text again is the newest.
        toasts.error("Lost 0".to_owned());
        toasts.error("Lost 4".to_owned());
        assert_eq!(shown(&toasts), ["Lost 1", "Lost 2", "Lost 3", "Lost 0", "Lost 4"]);
    }

    /// Draws them at this time, in a window of this size; where they are.
    fn draw(toasts: &mut Toasts, ctx: &egui::Context, time: f64, size: egui::Vec2) -> egui::Rect {
        let screen_rect = Some(egui::Rect::from_min_size(egui::Pos2::ZERO, size));
        // Areas know their size after the first time.
        for _ in 0..3 {
            let input = egui::RawInput { time: Some(time), screen_rect, ..Default::default() };
            let mut output = ctx.run_ui(input, |ui| {
                let ctx = ui.ctx().clone();
                toasts.show(&ctx, egui::Vec2::ZERO, size);
            });
            output.textures_delta.clear();
        }
        let id = egui::Id::unique("toasts");
        ctx.memory(|m| m.area_rect(id)).unwrap_or(egui::Rect::NOTHING)
    }

    #[test]
    fn errors_go_after_a_while_or_when_something_succeeds() {
        let shown = |t: &Toasts| t.texts().map(str::to_owned).collect::<Vec<_>>();
        let size = egui::vec2(1280.0, 800.0);
        let begin = || {
            let (mut toasts, ctx) = (Toasts::default(), egui::Context::default());
            toasts.error("Disk full".to_owned());
            toasts.refused("Not here".to_owned());
            draw(&mut toasts, &ctx, 1.0, size);
            (toasts, ctx)
        };
        // By themselves.
        let (mut toasts, ctx) = begin();
        draw(&mut toasts, &ctx, 30.0, size);
        assert_eq!(shown(&toasts), ["Disk full", "Not here"]);
        draw(&mut toasts, &ctx, 32.0, size);
        assert!(shown(&toasts).is_empty());
        // A success too soon: nobody has read them.
        let (mut toasts, ctx) = begin();
        draw(&mut toasts, &ctx, 2.0, size);
        toasts.accepted();
        toasts.info("Saved".to_owned());
        assert_eq!(shown(&toasts), ["Disk full", "Not here", "Saved"]);
        // Something else done: the refusal is no matter any more, the disk is.
        draw(&mut toasts, &ctx, 5.0, size);
        toasts.accepted();
        assert_eq!(shown(&toasts), ["Disk full", "Saved"]);
        toasts.info("Saved after all".to_owned());
        assert_eq!(shown(&toasts), ["Saved", "Saved after all"]);
    }

    #[test]
    fn a_message_after_a_shorter_one_is_seen_whole() {
        let size = egui::vec2(1280.0, 800.0);
        let long = "A mask from a file is not changed by clicks, ".repeat(4);
        let height = |first: Option<&str>| {
            let (mut toasts, ctx) = (Toasts::default(), egui::Context::default());
            if let Some(first) = first {
                toasts.info(first.to_owned());
                draw(&mut toasts, &ctx, 1.0, size);
                toasts.clear();
                draw(&mut toasts, &ctx, 2.0, size);
            }
            toasts.error(long.clone());
            draw(&mut toasts, &ctx, 3.0, size).height()
        };
        assert!(height(None) > 80.0);
        assert_eq!(height(Some("Saved")), height(None));
    }

    /// What modules say of errors begins with a small letter; what files and objects are called stays as it is.
    #[test]
    fn messages_begin_with_a_capital_letter() {
        let mut toasts = Toasts::default();
        toasts.error("the file is empty; copy or export it again: a.nii".to_owned());
        toasts.error("rod lies elsewhere".to_owned());
        toasts.error("a.nii: the file is empty".to_owned());
        let shown: Vec<&str> = toasts.texts().collect();
        assert_eq!(
            shown,
            [
                "The file is empty; copy or export it again: a.nii",
                "rod lies elsewhere",
                "a.nii: the file is empty"
            ]
        );
        // Whatever language it was made in.
        speak(Language::Chinese);
        toasts.language = Some(Language::English);
        toasts.follow_language();
        assert!(toasts.texts().next().is_some_and(|text| !text.contains("empty")));
        speak(Language::English);
        toasts.follow_language();
        assert_eq!(
            toasts.texts().next(),
            Some("The file is empty; copy or export it again: a.nii")
        );
    }

    #[test]
    fn messages_take_a_quarter_of_the_views_at_most() {
        for size in [[1280.0, 800.0], [1024.0, 700.0], [512.0, 350.0], [3840.0, 2160.0]] {
            let (mut toasts, ctx) = (Toasts::default(), egui::Context::default());
            for n in 0..5 {
                toasts.error(format!("{n} {}", "a long story ".repeat(40)));
            }
            let rect = draw(&mut toasts, &ctx, 1.0, size.into());
            assert!(rect.area() > 5000.0, "{size:?}: {rect:?}");
            assert!(
                rect.width() <= size[0] / 2.0 && rect.height() <= size[1] / 2.0,
                "{size:?}: {rect:?}"
            );
        }
    }
}
