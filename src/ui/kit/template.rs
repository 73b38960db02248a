//! Sentences that were made in English elsewhere, with values in them (errors, warnings), in the language in use. Their
//! templates stand in the catalogue like all texts, with names in braces for the values; a sentence is one of a
//! template if all that stands between the values is the same. Values that are such sentences themselves (the reason
//! in an error) are translated too, all others are carried over. Sentences that stand there while the user changes the
//! language go the same way, also back into English.

use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::sync::OnceLock;

use super::text;
use crate::text::breakable;

/// A reason within a reason within a sentence.
const MOST_NESTED: usize = 3;
/// A template with fewer letters would be found in sentences of other templates; of Chinese it is these.
const LEAST_LETTERS: usize = 6;
const LEAST_IDEOGRAPHS: usize = 3;
/// A shorter Chinese text is a word.
const LEAST_SENTENCE: usize = 6;
/// So many ways in which a sentence can be one of a template are looked at.
const MOST_WAYS: usize = 32;

/// An error, or another sentence of a module that knows no languages, in the language in use; as it is if the catalogue
/// has no template of it. So too a sentence of the window that was made while the other language was in use, and still
/// stands there.
pub fn tr_error(sentence: &dyn Display) -> String {
    let given = breakable(&sentence.to_string());
    let dictionary = Dictionary::in_use();
    if text::is_english() && !given.chars().any(is_ideograph) {
        return text::kept_together(given);
    }
    let told = |text: &str| dictionary.translated(text, MOST_NESTED);
    // One that was made a whole sentence.
    let whole = || given.strip_suffix(['.', '。']).and_then(told).map(|text| text::stopped(&text));
    let small = || {
        let mut letters = given.chars();
        let first = letters.next().filter(|c| c.is_uppercase())?;
        told(&first.to_lowercase().chain(letters).collect::<String>())
    };
    let text = told(&given).or_else(whole).or_else(small);
    text::kept_together(text.unwrap_or(given))
}

/// [`tr_error`] of one that stands alone: it begins with a capital letter, unless with what somebody has called something.
pub fn tr_sentence(sentence: &dyn Display) -> String {
    static BEGINNINGS: OnceLock<HashSet<&str>> = OnceLock::new();
    let text = tr_error(sentence);
    let first = |text: &'static str| text.split([' ', ',']).next().unwrap_or_default();
    let sentences = || text::chinese().keys().filter(|key| key.contains(' '));
    let known = BEGINNINGS.get_or_init(|| sentences().map(|key| first(key)).collect());
    let begins = text.split([' ', ',']).next().is_some_and(|word| known.contains(word));
    if begins { crate::text::sentence(&text) } else { text }
}

/// [`tr_error`] of a text without values; as it is if the catalogue lacks it.
pub fn tr_again(text: &'static str) -> &'static str {
    Dictionary::in_use().whole.get(text).copied().unwrap_or(text)
}

/// Of Chinese, Japanese and Korean.
fn is_ideograph(c: char) -> bool {
    ('\u{3400}'..='\u{9fff}').contains(&c)
}

/// From one language to another.
struct Dictionary {
    /// Texts without values.
    whole: HashMap<&'static str, &'static str>,
    /// Texts with values, the longest first: of two that fit, it says more.
    templates: Vec<Template>,
    /// Whether so short a value of a sentence may be a name, and mean what it is.
    may_be_name: fn(&str) -> bool,
}

impl Dictionary {
    /// That into the language in use.
    fn in_use() -> &'static Self {
        static TO_CHINESE: OnceLock<Dictionary> = OnceLock::new();
        static TO_ENGLISH: OnceLock<Dictionary> = OnceLock::new();
        let all = || text::chinese().iter().map(|(english, chinese)| (*english, *chinese));
        if text::is_english() {
            // A word that means several things has the others' in brackets behind it: that is no text.
            let is_text = |(english, chinese): &(&str, &str)| {
                !english.ends_with(')') || chinese.ends_with([')', '）'])
            };
            TO_ENGLISH.get_or_init(|| {
                let pairs = all().filter(is_text).map(|(english, chinese)| (chinese, english));
                Self::of(pairs, |value| value.chars().count() < LEAST_SENTENCE)
            })
        } else {
            TO_CHINESE.get_or_init(|| Self::of(all(), |value| !value.trim().contains(' ')))
        }
    }

    fn of(
        pairs: impl Iterator<Item = (&'static str, &'static str)>,
        may_be_name: fn(&str) -> bool,
    ) -> Self {
        let mut pairs: Vec<_> = pairs.collect();
        // Of several that mean the same the first one by the alphabet.
        pairs.sort_unstable_by(|a, b| b.cmp(a));
        let mut templates: Vec<Template> =
            pairs.iter().filter_map(|(from, to)| Template::of(from, to)).collect();
        templates.sort_by_key(|t| {
            (std::cmp::Reverse(t.fixed.iter().map(|f| f.len()).sum::<usize>()), t.other)
        });
        Self { whole: pairs.into_iter().collect(), templates, may_be_name }
    }

    fn translated(&self, sentence: &str, nested: usize) -> Option<String> {
        if nested == 0 || (self.may_be_name)(sentence) && nested < MOST_NESTED {
            return None;
        }
        if let Some(whole) = self.whole.get(sentence) {
            return Some((*whole).to_owned());
        }
        let known = |template: &Template| {
            let ways = template.ways(sentence).into_iter().map(|values| {
                let inner: Vec<_> = values.iter().map(|v| self.translated(v, nested - 1)).collect();
                (inner.iter().filter(|v| v.is_some()).count(), values, inner)
            });
            // Of several ways the one in which most is understood; of those, the first.
            let (_, values, inner) = ways.rev().max_by_key(|(understood, ..)| *understood)?;
            Some(template.filled(&values, &inner))
        };
        if let Some(text) = self.templates.iter().find_map(known) {
            return Some(text);
        }
        // What it is about, and what is said of it.
        sentence.match_indices(": ").find_map(|(at, colon)| {
            let (left, right) = (&sentence[..at], &sentence[at + colon.len()..]);
            let [l, r] = [left, right].map(|part| self.translated(part, nested - 1));
            (l.is_some() || r.is_some()).then(|| {
                format!("{}: {}", l.as_deref().unwrap_or(left), r.as_deref().unwrap_or(right))
            })
        })
    }
}

/// A text of the catalogue with names in it.
struct Template {
    /// What stands before, between and after the names: one more than there are names.
    fixed: Vec<&'static str>,
    names: Vec<&'static str>,
    /// The same in the other language.
    other: &'static str,
}

impl Template {
    /// `None` if there is no name in it, or nothing else.
    fn of(own: &'static str, other: &'static str) -> Option<Self> {
        let (mut fixed, mut names, mut rest) = (Vec::new(), Vec::new(), own);
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}')?;
            fixed.push(before);
            names.push(name);
            rest = after;
        }
        fixed.push(rest);
        let letters = || fixed.iter().flat_map(|f| f.chars());
        let known = if own.chars().any(is_ideograph) {
            letters().filter(|c| is_ideograph(*c)).count() >= LEAST_IDEOGRAPHS
        } else {
            letters().filter(|c| c.is_alphabetic()).count() >= LEAST_LETTERS
        };
        (!names.is_empty() && known).then_some(Self { fixed, names, other })
    }

    /// The values with which the template is this sentence, in each way in which it can be.
    fn ways<'s>(&self, sentence: &'s str) -> Vec<Vec<&'s str>> {
        let mut ways = Vec::new();
        if let Some(rest) = sentence.strip_prefix(self.fixed[0]) {
            find_ways(&self.fixed[1..], rest, &mut Vec::new(), &mut ways);
        }
        ways
    }

    fn filled(&self, values: &[&str], inner: &[Option<String>]) -> String {
        let (mut text, mut rest) = (String::new(), self.other);
        // Piece by piece: a value may have braces in it.
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else { break };
            text.push_str(before);
            if let Some(at) = self.names.iter().position(|n| *n == name) {
                text.push_str(inner[at].as_deref().unwrap_or(values[at]));
            }
            rest = after;
        }
        text + rest
    }
}

/// `fixed`: what has to follow the values that are still to come.
fn find_ways<'s>(
    fixed: &[&str],
    rest: &'s str,
    values: &mut Vec<&'s str>,
    ways: &mut Vec<Vec<&'s str>>,
) {
    let Some((next, others)) = fixed.split_first() else {
        if rest.is_empty() && ways.len() < MOST_WAYS {
            ways.push(values.clone());
        }
        return;
    };
    // The last value goes up to what ends the sentence.
    let ends: Vec<usize> = if others.is_empty() {
        rest.strip_suffix(next).map(str::len).into_iter().collect()
    } else {
        rest.match_indices(next).map(|(at, _)| at).collect()
    };
    for end in ends {
        if ways.len() >= MOST_WAYS {
            return;
        }
        values.push(&rest[..end]);
        find_ways(others, &rest[end + next.len()..], values, ways);
        values.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::kit::text::{Language, speak};

    fn values<'s>(english: &'static str, sentence: &'s str) -> Vec<Vec<&'s str>> {
        Template::of(english, "").map(|t| t.ways(sentence)).unwrap_or_default()
    }

    #[test]
    fn a_sentence_is_one_of_a_template_if_all_between_the_values_is_the_same() {
        let damaged = "the header is damaged ({what}); export it: {1}";
        for (english, sentence, expected) in [
            (
                damaged,
                "the header is damaged (7 axes); export it: a.nii",
                &[&["7 axes", "a.nii"][..]][..],
            ),
            (damaged, "the header is damaged (a (b)); export it: ", &[&["a (b)", ""]]),
            (damaged, "The header is damaged (7); export it: a", &[]),
            (damaged, "the header is damaged (7); export it", &[]),
            (damaged, "so the header is damaged (7); export it: a", &[]),
            (
                "{a} lies beside {b}",
                "x lies beside y lies beside z",
                &[&["x", "y lies beside z"], &["x lies beside y", "z"]],
            ),
            ("{a}{b} follows", "xy follows", &[&["", "xy"], &["x", "y"], &["xy", ""]]),
            ("no names", "no names", &[]),
            // Too little to be known by.
            ("{a} of {b}", "1 of 2", &[]),
        ] {
            let mut found = values(english, sentence);
            found.sort();
            assert_eq!(found, expected, "{english}: {sentence}");
        }
    }

    #[test]
    fn errors_are_told_with_their_reasons_and_values() {
        speak(Language::Chinese);
        for (english, chinese) in [
            ("cancelled", "已取消"),
            (
                "the file is empty; copy or export it again: /d/肝 {1}.nii",
                "文件是空的，请重新复制或导出：/d/肝 {1}.nii",
            ),
            (
                "it could not be saved (No space left on device (os error 28)); nothing was changed; free some space or choose another disk: /d/m.nii.gz",
                "无法保存（磁盘空间不足（系统错误 28））；没有更改任何内容；请腾出空间或选择其他磁盘：/d/m.nii.gz",
            ),
            (
                "this looks like a PNG picture, which Voxpoint does not open; choose another file or convert it to NIfTI (.nii, .nii.gz): /d/1",
                "此文件似乎是PNG 图片，Voxpoint 无法打开；请选择其他文件，或将其转换为 NIfTI (.nii, .nii.gz)：/d/1",
            ),
            (
                "opening the labels needs 3.0 GB of memory, 1.2 GB of the machine's free memory are left; close other programs: /d/m.nii",
                "打开标注图时内存不足，需要 3.0 GB 内存，本机可用内存还剩 1.2 GB；请关闭其他程序：/d/m.nii",
            ),
            (
                "ct.nii: the file does not say how the scan lies in space; left and right may be swapped",
                "ct.nii: 文件未说明图像在空间中的方位；左右可能颠倒",
            ),
            ("/d/no such thing.nii", "/d/no such thing.nii"),
            ("已取消", "已取消"),
        ] {
            assert_eq!(breakable(&tr_error(&english)), chinese, "{english}");
        }
        speak(Language::English);
        assert_eq!(tr_error(&"the file is empty"), "the file is empty");
    }

    /// A name that happens to be a word of the window stays what it is.
    #[test]
    fn names_are_carried_over() {
        speak(Language::Chinese);
        let said = tr_error(&"the file is empty; copy or export it again: Save");
        speak(Language::English);
        assert!(said.ends_with("：Save"), "{said}");
    }

    /// What was said in one language is said in the other once that is in use.
    #[test]
    fn what_stands_there_follows_the_language() {
        let said = || {
            let name = "肝 {n}";
            vec![
                text::tr("Stopped.").to_owned(),
                text::tr_with("Saved and verified: {name}", &[("name", &"/d/m.nii.gz")]),
                text::tr_with(
                    "{name} deleted ({key} brings it back)",
                    &[("name", &name), ("key", &"Ctrl+Z")],
                ),
                text::tr_with(
                    "The session is not written: {why}.",
                    &[("why", &tr_error(&"the file is empty; copy or export it again: /d/a.nii"))],
                ),
                format!("ct.nii: {}", text::tr("No model is ready yet.")),
            ]
        };
        speak(Language::English);
        let english = said();
        speak(Language::Chinese);
        let chinese = said();
        let told = |all: &[String]| all.iter().map(|text| tr_error(text)).collect::<Vec<_>>();
        assert_eq!(told(&english), chinese);
        assert_eq!(told(&chinese), chinese);
        assert_eq!((tr_again("Undo"), tr_again("no such text")), ("撤销", "no such text"));
        speak(Language::English);
        assert_eq!(told(&chinese), english);
        assert_eq!(told(&english), english);
        assert_eq!((tr_again("撤销"), tr_again("Undo")), ("Undo", "Undo"));
        // A name in a sentence of the language in use stays, whatever it means in the other.
        assert_eq!(tr_error(&"撤销 deleted"), "撤销 deleted");
    }
}
