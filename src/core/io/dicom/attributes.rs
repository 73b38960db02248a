//! Values of a DICOM data set, forgiving in their form: numbers as text, padding, several values.

use std::borrow::Cow;

use dicom_core::dictionary::{DataDictionary as _, DataDictionaryEntry as _};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;
use dicom_object::InMemDicomObject;
use glam::DVec3;

/// A data set, or an item of a sequence.
#[derive(Clone, Copy)]
pub(super) struct Attributes<'a>(pub &'a InMemDicomObject);

impl<'a> Attributes<'a> {
    /// The bytes of a value that passed through a program that did not know it, and what it is (PS3.5 6.2.2).
    fn unknown(self, tag: Tag) -> Option<(VR, Cow<'a, [u8]>)> {
        let element = self.0.get(tag).filter(|element| element.vr() == VR::UN)?;
        let entry = StandardDataDictionary.by_tag(tag)?;
        Some((entry.vr().relaxed(), element.to_bytes().ok()?))
    }

    /// Text without its padding; `None` if it is empty or not there. Of several values all, with their `\`.
    pub fn text(self, tag: Tag) -> Option<String> {
        let text = match self.unknown(tag) {
            Some((_, bytes)) => String::from_utf8_lossy(&bytes).into_owned().into(),
            None => self.0.get(tag)?.to_str().ok()?,
        };
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// All values as numbers; none if one of them is not finite.
    pub fn numbers(self, tag: Tag) -> Vec<f64> {
        let Some(element) = self.0.get(tag) else { return Vec::new() };
        if let Some((vr, bytes)) = self.unknown(tag)
            && let Some(values) = binary(vr, &bytes)
        {
            return if values.iter().all(|v| v.is_finite()) { values } else { Vec::new() };
        }
        let binary = element.vr().to_bytes();
        if matches!(&binary, b"FD" | b"FL" | b"US" | b"SS" | b"UL" | b"SL") {
            let values = element.to_multi_float64().unwrap_or_default();
            return if values.iter().all(|v| v.is_finite()) { values } else { Vec::new() };
        }
        let Some(text) = self.text(tag) else { return Vec::new() };
        let number = |part: &str| {
            // Some programs write the decimal comma of their country.
            let part = part.trim_matches(|c: char| c.is_whitespace() || c == '\0');
            part.replace(',', ".").parse().ok().filter(|v: &f64| v.is_finite())
        };
        text.split('\\').map(number).collect::<Option<Vec<f64>>>().unwrap_or_default()
    }

    /// The first value as a number.
    pub fn number(self, tag: Tag) -> Option<f64> {
        self.numbers(tag).first().copied()
    }

    /// The first value as a whole number.
    pub fn whole(self, tag: Tag) -> Option<i64> {
        self.number(tag).filter(|n| n.fract() == 0.0 && n.abs() < 9e15).map(|n| n as i64)
    }

    /// Three numbers.
    pub fn vector(self, tag: Tag) -> Option<DVec3> {
        let values = self.numbers(tag);
        (values.len() == 3).then(|| DVec3::from_slice(&values))
    }

    /// The items of a sequence.
    pub fn items(self, tag: Tag) -> impl ExactSizeIterator<Item = Self> + 'a {
        let items = self.0.get(tag).and_then(|element| element.items()).unwrap_or_default();
        items.iter().map(Attributes)
    }

    /// The first item of a sequence.
    pub fn first(self, tag: Tag) -> Option<Self> {
        self.items(tag).next()
    }
}

/// Little-endian numbers of a type that is not written as text.
fn binary(vr: VR, bytes: &[u8]) -> Option<Vec<f64>> {
    Some(match vr {
        VR::US => bytes.as_chunks().0.iter().map(|b| u16::from_le_bytes(*b).into()).collect(),
        VR::SS => bytes.as_chunks().0.iter().map(|b| i16::from_le_bytes(*b).into()).collect(),
        VR::UL => bytes.as_chunks().0.iter().map(|b| u32::from_le_bytes(*b).into()).collect(),
        VR::SL => bytes.as_chunks().0.iter().map(|b| i32::from_le_bytes(*b).into()).collect(),
        VR::FL => bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b).into()).collect(),
        VR::FD => bytes.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect(),
        _ => return None,
    })
}
