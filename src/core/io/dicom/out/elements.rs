//! Elements of data sets that are written.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use glam::DVec3;

/// A data set that grows.
#[derive(Debug)]
pub(in crate::io::dicom) struct Item(pub InMemDicomObject);

impl Item {
    /// Without elements.
    pub fn new() -> Self {
        Self(InMemDicomObject::new_empty())
    }

    /// With a text (of several values: with `\` between them), also of numbers and times.
    #[must_use]
    pub fn text(mut self, tag: Tag, vr: VR, text: impl AsRef<str>) -> Self {
        self.0.put(DataElement::new(tag, vr, PrimitiveValue::from(text.as_ref())));
        self
    }

    /// With an empty value: not known.
    #[must_use]
    pub fn empty(mut self, tag: Tag, vr: VR) -> Self {
        self.0.put(DataElement::new(tag, vr, PrimitiveValue::Empty));
        self
    }

    /// With numbers of type US.
    #[must_use]
    pub fn short(mut self, tag: Tag, numbers: impl IntoIterator<Item = u16>) -> Self {
        let value = PrimitiveValue::U16(numbers.into_iter().collect());
        self.0.put(DataElement::new(tag, VR::US, value));
        self
    }

    /// With numbers of type UL.
    #[must_use]
    pub fn long(mut self, tag: Tag, numbers: impl IntoIterator<Item = u32>) -> Self {
        let value = PrimitiveValue::U32(numbers.into_iter().collect());
        self.0.put(DataElement::new(tag, VR::UL, value));
        self
    }

    /// With numbers of type DS.
    #[must_use]
    pub fn decimal(self, tag: Tag, numbers: impl IntoIterator<Item = f64>) -> Self {
        let texts: Vec<String> = numbers.into_iter().map(decimal).collect();
        self.text(tag, VR::DS, texts.join("\\"))
    }

    /// With a tag.
    #[must_use]
    pub fn tag(mut self, tag: Tag, value: Tag) -> Self {
        let value = PrimitiveValue::Tags(std::iter::once(value).collect());
        self.0.put(DataElement::new(tag, VR::AT, value));
        self
    }

    /// With bytes; one is added if their number is odd.
    #[must_use]
    pub fn bytes(mut self, tag: Tag, vr: VR, mut bytes: Vec<u8>) -> Self {
        if !bytes.len().is_multiple_of(2) {
            bytes.push(0);
        }
        self.0.put(DataElement::new(tag, vr, PrimitiveValue::from(bytes)));
        self
    }

    /// With a sequence.
    #[must_use]
    pub fn sequence(mut self, tag: Tag, items: impl IntoIterator<Item = Self>) -> Self {
        let items: Vec<InMemDicomObject> = items.into_iter().map(|item| item.0).collect();
        self.0.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
        self
    }

    /// A code: scheme, value, meaning.
    pub fn code_item([scheme, value, meaning]: [&str; 3]) -> Self {
        Self::new()
            .text(tags::CODE_VALUE, VR::SH, value)
            .text(tags::CODING_SCHEME_DESIGNATOR, VR::SH, scheme)
            .text(tags::CODE_MEANING, VR::LO, meaning)
    }

    /// With a sequence of one code: scheme, value, meaning.
    #[must_use]
    pub fn code(self, tag: Tag, code: [&str; 3]) -> Self {
        self.sequence(tag, [Self::code_item(code)])
    }
}

/// A number in at most 16 characters (PS3.5 6.2, DS), as exact as these allow.
pub(in crate::io::dicom) fn decimal(number: f64) -> String {
    let number = if number == 0.0 { 0.0 } else { number };
    let plain = format!("{number}");
    if plain.len() <= 16 {
        return plain;
    }
    // Fewer decimals until it fits; of what is tiny or huge, an exponent.
    for decimals in (0..15).rev() {
        let text = format!("{number:.decimals$}");
        if text.len() <= 16 && number.abs() >= 1e-4 {
            let text = if text.contains('.') {
                text.trim_end_matches('0').trim_end_matches('.')
            } else {
                &text
            };
            return text.to_owned();
        }
    }
    let texts = (0..10).rev().map(|decimals| format!("{number:.decimals$e}"));
    texts.into_iter().find(|text| text.len() <= 16).unwrap_or_else(|| "0".to_owned())
}

/// Three numbers.
pub(in crate::io::dicom) fn three(v: DVec3) -> [f64; 3] {
    v.to_array()
}

/// A UID that no other file has: 2.25 and a random UUID (PS3.5 B.2).
pub(in crate::io::dicom) fn new_uid() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let random = |part: u128| {
        // Keys from the system's randomness, others for each.
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u128(now ^ part);
        u128::from(hasher.finish())
    };
    let bits = random(1) << 64 | random(2);
    // Version 4, variant 1 (RFC 9562).
    let bits = bits & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    format!("2.25.{bits}")
}

/// Now as day (DA) and time (TM), in UTC.
pub(in crate::io::dicom) fn now() -> [String; 2] {
    day_and_time(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn day_and_time(since_1970: Duration) -> [String; 2] {
    let seconds = since_1970.as_secs();
    // Civil from days, of the proleptic Gregorian calendar with years that begin in March.
    let days = seconds / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = 400 * era + year + u64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    [format!("{year:04}{month:02}{of_month:02}"), format!("{hour:02}{minute:02}{second:02}")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fit_in_sixteen_characters_and_stay_what_they_are() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.5, "1.5"),
            (-123.456_789_012_345_67, "-123.45678901235"),
            (1.0 / 3.0, "0.33333333333333"),
            (-12_345.678_901_234_567, "-12345.678901235"),
            (1e-20, "1e-20"),
            (-1.234_567_890_123e-7, "-1.234567890e-7"),
        ] {
            let found = decimal(number);
            assert!(found.len() <= 16, "{found}");
            let (found, meant): (f64, f64) = (found.parse().unwrap(), text.parse().unwrap());
            assert!((found - meant).abs() <= 1e-10 * number.abs(), "{number}: {found}");
        }
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..10_000 {
            let number = (random.f64() - 0.5) * 10f64.powi(random.i32(-12..9));
            let text = decimal(number);
            assert!(text.len() <= 16, "{text}");
            let found: f64 = text.parse().unwrap();
            assert!((found - number).abs() <= 1e-9 * number.abs().max(1e-4), "{number}: {text}");
        }
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, day, time) in [
            (0, "19700101", "000000"),
            (951_782_399, "20000228", "235959"),
            (951_782_400, "20000229", "000000"),
            (1_709_164_800 + 3661, "20240229", "010101"),
            (4_102_444_799, "20991231", "235959"),
        ] {
            assert_eq!(day_and_time(Duration::from_secs(seconds)), [day, time]);
        }
    }

    #[test]
    fn uids_are_new_and_valid() {
        let (a, b) = (new_uid(), new_uid());
        assert_ne!(a, b);
        assert!(a.len() <= 64 && a.starts_with("2.25."), "{a}");
        let number: u128 = a["2.25.".len()..].parse().unwrap();
        assert_eq!((number >> 76 & 0xf, number >> 62 & 0x3), (4, 2));
    }
}
