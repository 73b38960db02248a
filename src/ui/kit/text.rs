//! The words of the window in the user's language. Every text that the window shows goes through [`tr`].
//!
//! English is the language of the sources. `assets/text/zh-Hans.json` has every text of the window, English and
//! Simplified Chinese side by side; `scripts/subset-cjk` makes the font that holds exactly its characters. The tests
//! below (and `tests/ui/text.rs`, which reads the sources) keep the three together.
//!
//! The language is that of the thread that draws: other threads speak English, and so do windows of tests that run
//! beside one another.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::OnceLock;

use egui::{FontData, FontDefinitions, FontFamily};
use serde::{Deserialize, Serialize};

use crate::text::unbroken;

/// Which language the user wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Language {
    /// Chinese if the system's locale is, else English.
    #[default]
    System,
    /// English.
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// All, in the order of the menu.
    pub const ALL: [Language; 3] = [Language::System, Language::English, Language::Chinese];

    /// Its name: languages are called what their speakers call them.
    pub fn name(self) -> &'static str {
        match self {
            Language::System => tr("As the system"),
            Language::English => tr("English"),
            Language::Chinese => tr("简体中文"),
        }
    }

    fn is_chinese(self) -> bool {
        match self {
            Language::System => {
                *SYSTEM.get_or_init(|| system_is_chinese(|n| std::env::var(n).ok()))
            }
            Language::English => false,
            Language::Chinese => true,
        }
    }
}

static SYSTEM: OnceLock<bool> = OnceLock::new();

/// What the locale's variables say; the first that is set counts.
fn system_is_chinese(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name: &&str| variable(name).filter(|v| !v.is_empty());
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(set).unwrap_or_default();
    // Traditional characters are another matter.
    let lower = locale.to_lowercase();
    lower.starts_with("zh")
        && !["zh_tw", "zh_hk", "zh_mo", "zh_hant"].iter().any(|l| lower.starts_with(l))
}

pub(super) type Catalogue = HashMap<&'static str, &'static str>;

thread_local! {
    static CHINESE: Cell<bool> = const { Cell::new(false) };
}

/// English and Simplified Chinese side by side.
pub const ZH_HANS: &str = include_str!("../../../assets/text/zh-Hans.json");

/// English and Chinese.
pub(super) fn chinese() -> &'static Catalogue {
    static TABLE: OnceLock<Catalogue> = OnceLock::new();
    TABLE.get_or_init(|| {
        // It ships with the program and a test reads it; without it, everything is English.
        let table: HashMap<String, String> = serde_json::from_str(ZH_HANS).unwrap_or_default();
        // Once for the life of the program.
        table.into_iter().map(|(k, v)| (&*k.leak(), &*v.leak())).collect()
    })
}

/// Whether this thread's texts are in English.
pub(super) fn is_english() -> bool {
    !CHINESE.get()
}

/// From now on, this thread's texts are in this language.
pub fn speak(language: Language) {
    CHINESE.set(language.is_chinese());
}

/// The language of this thread, for another one to speak it too: what is told to the user by what it computes.
pub fn spoken() -> Language {
    if CHINESE.get() { Language::Chinese } else { Language::English }
}

/// A text of the window in the language in use; `english` is its name and its English wording.
pub fn tr(english: &'static str) -> &'static str {
    tr_any(english)
}

/// Whether Chinese is the language in use.
pub fn is_chinese() -> bool {
    CHINESE.get()
}

/// [`tr`] of a text that is made elsewhere, such as the name of a change; in English if the catalogue lacks it.
pub fn tr_any(english: &str) -> &str {
    if !CHINESE.get() {
        return english;
    }
    chinese().get(english).copied().unwrap_or(english)
}

/// A text of the window in Chinese, whatever the language in use is; `None` if the catalogue lacks it.
pub fn in_chinese(english: &str) -> Option<&'static str> {
    chinese().get(english).copied()
}

/// [`tr`] of a word that means several things: the catalogue has it as `word (of)`.
pub fn tr_of(english: &'static str, of: &str) -> &'static str {
    if !CHINESE.get() {
        return english;
    }
    chinese().get(&*format!("{english} ({of})")).copied().unwrap_or_else(|| tr(english))
}

/// [`tr`] with values for the names in braces.
pub fn tr_with(english: &'static str, values: &[(&str, &dyn std::fmt::Display)]) -> String {
    let mut text = tr(english).to_owned();
    for (name, value) in values {
        text = text.replace(&format!("{{{name}}}"), &value.to_string());
    }
    kept_together(text)
}

/// A shorter text stands in one line wherever it is, in columns of which an ideograph takes two.
const LINE: usize = 32;

/// Keeps numbers and their units in one line, in a text that may have several.
pub(super) fn kept_together(text: String) -> String {
    let wide = |c: char| if c >= '\u{2e80}' { 2 } else { 1 };
    if text.chars().map(wide).sum::<usize>() < LINE { text } else { unbroken(&text) }
}

/// A sentence with the full stop of the language in use.
pub fn stopped(sentence: &str) -> String {
    format!("{sentence}{}", if CHINESE.get() { "。" } else { "." })
}

/// Marks a text that is shown through [`tr`] somewhere else, so that the catalogue's test finds it.
pub const fn mark(english: &'static str) -> &'static str {
    english
}

/// The font's name in egui.
const FONT: &str = "noto-sans-sc";

/// Adds the Chinese font to egui's, after all others.
pub(super) fn install(fonts: &mut FontDefinitions) {
    let data =
        FontData::from_static(include_bytes!("../../../assets/fonts/noto-sans-sc-subset.otf"));
    fonts.font_data.insert(FONT.to_owned(), data.into());
    for family in [FontFamily::Proportional, FontFamily::Monospace] {
        fonts.families.entry(family).or_default().push(FONT.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_languages_change_at_once_and_for_this_thread_only() {
        speak(Language::Chinese);
        assert_eq!(tr("Undo"), "撤销");
        assert_eq!(tr_any("no such text"), "no such text");
        assert_eq!(stopped(tr("Undo")), "撤销。");
        let language = spoken();
        let told = std::thread::spawn(move || {
            speak(language);
            tr("Undo")
        });
        assert_eq!(told.join().unwrap(), "撤销");
        assert_eq!((tr("Width"), tr_of("Width", "window")), ("宽度", "窗宽"));
        std::thread::spawn(|| assert_eq!(tr("Undo"), "Undo")).join().unwrap();
        speak(Language::English);
        assert_eq!(tr("Undo"), "Undo");
    }

    #[test]
    fn the_system_speaks_chinese_if_its_locale_does() {
        let says = |set: &[(&str, &str)]| {
            let value = |n: &str| set.iter().find(|(k, _)| *k == n).map(|(_, v)| (*v).to_owned());
            system_is_chinese(value)
        };
        assert!(says(&[("LANG", "zh_CN.UTF-8")]) && says(&[("LC_ALL", "zh_SG"), ("LANG", "C")]));
        assert!(
            !says(&[]) && !says(&[("LANG", "en_GB.UTF-8")]) && !says(&[("LANG", "zh_TW.UTF-8")])
        );
        assert!(
            !says(&[("LC_ALL", "C"), ("LANG", "zh_CN")])
                && says(&[("LC_ALL", ""), ("LANG", "zh_CN")])
        );
    }

    /// A character that the subset lacks would be drawn as a box.
    #[test]
    fn every_character_of_the_catalogue_has_a_glyph() {
        let ctx = egui::Context::default();
        super::super::theme::apply(&ctx);
        let mut missing = std::collections::BTreeSet::new();
        let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
            ui.fonts_mut(|fonts| {
                let characters = fonts.characters(&FontFamily::Proportional);
                let all = chinese().iter().flat_map(|(k, v)| k.chars().chain(v.chars()));
                missing.extend(all.filter(|c| !c.is_control() && !characters.contains_key(c)));
            });
        });
        output.textures_delta.clear();
        assert!(missing.is_empty(), "run scripts/subset-cjk: no glyph for {missing:?}");
    }
}
