//! What a PET series says of dose, time and patient, to standardised uptake values: the pseudo-code of QIBA's profile for
//! FDG-PET/CT ("vendor-neutral"), PS3.3 C.8.9.1.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::attributes::Attributes;
use crate::volume::SuvFactors;

/// Philips' group of private elements: the factor to SUV by body weight, and that to Bq/mL.
const PHILIPS_CREATOR: Tag = Tag(0x7053, 0x0010);
const PHILIPS_SUV: Tag = Tag(0x7053, 0x1000);
const PHILIPS_ACTIVITY: Tag = Tag(0x7053, 0x1009);
/// GE's: when the acquisition began.
const GE_CREATOR: Tag = Tag(0x0009, 0x0010);
const GE_SCAN_TIME: Tag = Tag(0x0009, 0x100d);

/// Doses that people get, Bq: what is outside is in another unit.
const DOSES: std::ops::RangeInclusive<f64> = 1e5..=1e11;

/// By what the values of a PET series are multiplied, by one of its files; `first`: the earliest acquisition, as the files
/// write its time. `None` of what is no PET.
///
/// # Errors
/// Why they can't be known, in words.
pub(super) fn factors(said: Attributes, first: Option<&str>) -> Option<Result<SuvFactors, String>> {
    let modality = said.text(tags::MODALITY)?;
    if !modality.eq_ignore_ascii_case("PT") {
        return None;
    }
    let units = said.text(tags::UNITS).unwrap_or_default().to_uppercase();
    Some(match &*units {
        "BQML" => by_dose(said, first, 1.0),
        // It is SUV.
        "GML" => as_it_is(&said.text(tags::SUV_TYPE).unwrap_or_default()),
        "CM2ML" => Ok(SuvFactors { body_surface: Some(1.0), ..SuvFactors::default() }),
        "CNTS" => philips(said, first),
        "" => Err("it does not say in which unit it is".into()),
        other => Err(format!("it is in {other}")),
    })
}

/// What is in g/mL is by body weight if nothing is said (PS3.3 C.8.9.1.1.13). `LBM` is after James, `LBMJANMA` after
/// Janmahasatian.
fn as_it_is(kind: &str) -> Result<SuvFactors, String> {
    let none = SuvFactors::default();
    Ok(match kind.to_uppercase().as_str() {
        "" | "BW" => SuvFactors { body_weight: Some(1.0), ..none },
        "LBM" | "LBMJANMA" => SuvFactors { lean_body_mass: Some(1.0), ..none },
        "BSA" => SuvFactors { body_surface: Some(1.0), ..none },
        "IBW" => SuvFactors { ideal_body_weight: Some(1.0), ..none },
        other => return Err(format!("its SUV is of the unknown kind {other}")),
    })
}

fn philips(said: Attributes, first: Option<&str>) -> Result<SuvFactors, String> {
    let is_philips = said.text(PHILIPS_CREATOR).is_some_and(|name| name.starts_with("Philips"));
    let number = |tag| said.number(tag).filter(|n| *n > 0.0 && is_philips);
    if let Some(factor) = number(PHILIPS_SUV) {
        return Ok(SuvFactors { body_weight: Some(factor), ..SuvFactors::default() });
    }
    match number(PHILIPS_ACTIVITY) {
        Some(factor) => by_dose(said, first, factor),
        None => Err("it is in counts, and does not say how many are a becquerel".into()),
    }
}

/// `to_activity`: from values to Bq/mL.
fn by_dose(said: Attributes, first: Option<&str>, to_activity: f64) -> Result<SuvFactors, String> {
    let corrected = said.text(tags::CORRECTED_IMAGE).unwrap_or_default().to_uppercase();
    let is_corrected = |name| corrected.split('\\').any(|part| part.trim() == name);
    if !corrected.is_empty() && !is_corrected("ATTN") {
        return Err("it is not corrected for attenuation".into());
    }
    let drug = said
        .first(tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE)
        .ok_or("it does not say what was injected")?;
    let positive = |from: Attributes, tag| from.number(tag).filter(|n| *n > 0.0);
    let dose = positive(drug, tags::RADIONUCLIDE_TOTAL_DOSE).ok_or("it does not say the dose")?;
    if !DOSES.contains(&dose) {
        return Err(format!("its dose of {dose} Bq is none that people get"));
    }
    let kilograms = positive(said, tags::PATIENT_WEIGHT).ok_or("it does not say the weight")?;
    let correction = said.text(tags::DECAY_CORRECTION).unwrap_or_default().to_uppercase();
    let left = match &*correction {
        "ADMIN" => 1.0,
        "START" => {
            let half_life = positive(drug, tags::RADIONUCLIDE_HALF_LIFE)
                .ok_or("it does not say the half-life")?;
            let seconds = waited(said, drug, first)?;
            (-seconds / half_life).exp2()
        }
        "NONE" => return Err("it is not corrected for decay".into()),
        _ => return Err("it does not say to which time decay was corrected".into()),
    };
    let metres = positive(said, tags::PATIENT_SIZE);
    // Some write centimetres.
    let metres = metres.map(|m| if m > 3.0 { m / 100.0 } else { m });
    let is_man = match said.text(tags::PATIENT_SEX).as_deref() {
        Some("M" | "m") => Some(true),
        Some("F" | "f") => Some(false),
        _ => None,
    };
    let factors = SuvFactors::new(dose * left, kilograms, metres, is_man);
    let all = |factor: Option<f64>| factor.map(|factor| factor * to_activity);
    Ok(SuvFactors {
        body_weight: all(factors.body_weight),
        lean_body_mass: all(factors.lean_body_mass),
        body_surface: all(factors.body_surface),
        ideal_body_weight: None,
    })
}

/// Seconds from the injection to the time to which the series is corrected: its beginning, or that of the acquisition
/// where the series was made later, which its time tells then.
fn waited(said: Attributes, drug: Attributes, first: Option<&str>) -> Result<f64, String> {
    let day = [tags::SERIES_DATE, tags::ACQUISITION_DATE, tags::STUDY_DATE];
    let day = day.into_iter().find_map(|tag| said.text(tag));
    let at = |date: Option<String>, time: Option<String>| seconds(&date?, &time?);
    let series = at(day.clone(), said.text(tags::SERIES_TIME));
    let acquired_on = said.text(tags::ACQUISITION_DATE).or_else(|| day.clone());
    // Files of several images say the date with it.
    let with_date = |text: &str| text.bytes().take(14).filter(u8::is_ascii_digit).count() == 14;
    let first_at = |text: &str| {
        if with_date(text) { of_date_time(text) } else { seconds(acquired_on.as_deref()?, text) }
    };
    let acquisition = first
        .and_then(first_at)
        .or_else(|| at(acquired_on.clone(), said.text(tags::ACQUISITION_TIME)));
    let is_ge = said.text(GE_CREATOR).is_some_and(|name| name.starts_with("GEMS"));
    let private = said.text(GE_SCAN_TIME).filter(|_| is_ge);
    let private = private.and_then(|text| of_date_time(&text));
    let begun = match (series, acquisition) {
        (Some(series), Some(acquisition)) if series > acquisition => private.or(Some(acquisition)),
        (series, acquisition) => series.or(acquisition),
    };
    let begun = begun.ok_or("it does not say when it began")?;
    let injected =
        drug.text(tags::RADIOPHARMACEUTICAL_START_DATE_TIME).and_then(|text| of_date_time(&text));
    let seconds = if let Some(injected) = injected {
        begun - injected
    } else {
        let time = drug.text(tags::RADIOPHARMACEUTICAL_START_TIME);
        let injected = at(day, time).ok_or("it does not say when it was injected")?;
        // Only the time is known: of the day before, if it would be later than the scan.
        let seconds = begun - injected;
        if seconds < 0.0 { seconds + 86_400.0 } else { seconds }
    };
    // A day is more than any tracer in use lasts.
    if (0.0..=5.0 * 86_400.0).contains(&seconds) {
        Ok(seconds)
    } else {
        Err(format!("it was injected {} minutes before the scan", (seconds / 60.0).round()))
    }
}

/// Seconds since 1970 of `20240331` and `101500.25`.
fn seconds(date: &str, time: &str) -> Option<f64> {
    let digits: String = date.chars().filter(char::is_ascii_digit).collect();
    let part = |text: &str, range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (part(&digits, 0..4)?, part(&digits, 4..6)?, part(&digits, 6..8)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let time: String = time.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
    let hours = part(&time, 0..2)? as f64;
    let minutes = part(&time, 2..4).unwrap_or(0) as f64;
    let rest: f64 =
        time.get(4..).filter(|t| !t.is_empty()).map_or(Some(0.0), |t| t.parse().ok())?;
    Some(days(year, month, day) as f64 * 86_400.0 + hours * 3600.0 + minutes * 60.0 + rest)
}

/// Of `20240331101500.25`; what follows of a time zone is that of the series, too.
fn of_date_time(text: &str) -> Option<f64> {
    let plain = text.split(['+', '-', '&']).next()?;
    seconds(plain.get(..8)?, plain.get(8..)?)
}

/// Days since 1970-01-01 in the Gregorian calendar (Hinnant, chrono-compatible algorithms).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use dicom_core::value::DataSetSequence;
    use dicom_core::{DataElement, PrimitiveValue, VR};
    use dicom_object::InMemDicomObject;

    use super::*;
    use crate::volume::SuvKind;

    const FDG: &str = "6586.2";

    /// A series that begins at 11:00, of 370 megabecquerel at 10:00 in 70 kg.
    fn series(changes: &[(Tag, VR, &str)], drug: &[(Tag, VR, &str)]) -> InMemDicomObject {
        let element = |(tag, vr, text): &(Tag, VR, &str)| {
            DataElement::new(*tag, *vr, PrimitiveValue::from(*text))
        };
        let mut injected = InMemDicomObject::from_element_iter([
            element(&(tags::RADIONUCLIDE_TOTAL_DOSE, VR::DS, "370000000")),
            element(&(tags::RADIONUCLIDE_HALF_LIFE, VR::DS, FDG)),
            element(&(tags::RADIOPHARMACEUTICAL_START_TIME, VR::TM, "100000")),
        ]);
        for change in drug {
            injected.put(element(change));
        }
        let mut data = InMemDicomObject::from_element_iter([
            element(&(tags::MODALITY, VR::CS, "PT")),
            element(&(tags::UNITS, VR::CS, "BQML")),
            element(&(tags::CORRECTED_IMAGE, VR::CS, "DECY\\ATTN")),
            element(&(tags::DECAY_CORRECTION, VR::CS, "START")),
            element(&(tags::SERIES_DATE, VR::DA, "20240331")),
            element(&(tags::SERIES_TIME, VR::TM, "110000")),
            element(&(tags::ACQUISITION_TIME, VR::TM, "110130.5")),
            element(&(tags::PATIENT_WEIGHT, VR::DS, "70")),
            DataElement::new(
                tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE,
                VR::SQ,
                DataSetSequence::from(vec![injected]),
            ),
        ]);
        for change in changes {
            data.put(element(change));
        }
        data
    }

    fn weight(data: &InMemDicomObject) -> Result<f64, String> {
        factors(Attributes(data), None).unwrap().map(|f| f.body_weight.unwrap_or(0.0))
    }

    #[test]
    fn decay_goes_by_the_rule_of_the_series() {
        let by = |seconds: f64| 70_000.0 / (370e6 * (-seconds / 6586.2f64).exp2());
        let start = |time| (tags::RADIOPHARMACEUTICAL_START_DATE_TIME, VR::DT, time);
        let date = (tags::ACQUISITION_DATE, VR::DA, "20240331");
        for (what, changes, drug, expected) in [
            ("an hour", vec![], vec![], by(3600.0)),
            ("to the injection", vec![(tags::DECAY_CORRECTION, VR::CS, "ADMIN")], vec![], by(0.0)),
            ("with its date", vec![], vec![start("20240331093000.00")], by(5400.0)),
            (
                "across midnight",
                vec![(tags::SERIES_TIME, VR::TM, "001000")],
                vec![(tags::RADIOPHARMACEUTICAL_START_TIME, VR::TM, "233000")],
                by(2400.0),
            ),
            (
                "the day before",
                vec![(tags::SERIES_TIME, VR::TM, "001000")],
                vec![start("20240330233000")],
                by(2400.0),
            ),
            ("made later", vec![(tags::SERIES_TIME, VR::TM, "150000"), date], vec![], by(3690.5)),
        ] {
            let found = weight(&series(&changes, &drug)).unwrap();
            assert!((found - expected).abs() < 1e-9 * expected, "{what}: {found}, {expected}");
        }
    }

    #[test]
    fn what_is_no_activity_by_weight_is_known_or_refused() {
        let philips =
            [(tags::UNITS, VR::CS, "CNTS"), (PHILIPS_CREATOR, VR::LO, "Philips PET Private Group")];
        let with = |more: &[(Tag, VR, &'static str)]| [&philips[..], more].concat();
        assert_eq!(weight(&series(&with(&[(PHILIPS_SUV, VR::DS, "0.00042")]), &[])), Ok(0.00042));
        let activity = weight(&series(&with(&[(PHILIPS_ACTIVITY, VR::DS, "2.0")]), &[])).unwrap();
        let plain = weight(&series(&[], &[])).unwrap();
        assert!((activity - 2.0 * plain).abs() < 1e-12 * activity);
        assert_eq!(weight(&series(&[(tags::UNITS, VR::CS, "GML")], &[])), Ok(1.0));
        for (change, part) in [
            ((tags::UNITS, VR::CS, "CNTS"), "in counts"),
            ((tags::UNITS, VR::CS, "PROPCPS"), "it is in PROPCPS"),
            ((tags::CORRECTED_IMAGE, VR::CS, "DECY"), "attenuation"),
            ((tags::DECAY_CORRECTION, VR::CS, "NONE"), "not corrected for decay"),
            ((tags::DECAY_CORRECTION, VR::CS, ""), "to which time"),
            ((tags::PATIENT_WEIGHT, VR::DS, "0"), "the weight"),
        ] {
            let why = weight(&series(&[change], &[])).unwrap_err();
            assert!(why.contains(part), "{why}");
        }
        let why = weight(&series(&[], &[(tags::RADIONUCLIDE_TOTAL_DOSE, VR::DS, "370")]));
        assert!(why.unwrap_err().contains("none that people get"));
        let data = series(&[(tags::MODALITY, VR::CS, "CT")], &[]);
        assert!(factors(Attributes(&data), None).is_none());
    }

    #[test]
    fn what_is_in_suv_says_which() {
        let units = (tags::UNITS, VR::CS, "GML");
        for (said, kind) in [
            (None, Some(SuvKind::BodyWeight)),
            (Some("BW"), Some(SuvKind::BodyWeight)),
            (Some("LBM"), Some(SuvKind::LeanBodyMass)),
            (Some("LBMJANMA"), Some(SuvKind::LeanBodyMass)),
            (Some("BSA"), Some(SuvKind::BodySurface)),
            (Some("IBW"), Some(SuvKind::IdealBodyWeight)),
            (Some("ODD"), None),
        ] {
            let mut changes = vec![units];
            changes.extend(said.map(|said| (tags::SUV_TYPE, VR::CS, said)));
            let found = factors(Attributes(&series(&changes, &[])), None).unwrap();
            assert_eq!(found.ok().and_then(|f| f.as_stored()), kind, "{said:?}");
        }
        let surface = series(&[(tags::UNITS, VR::CS, "CM2ML")], &[]);
        let found = factors(Attributes(&surface), None).unwrap().unwrap();
        assert_eq!(found.as_stored(), Some(SuvKind::BodySurface));
        let activity = factors(Attributes(&series(&[], &[])), None).unwrap().unwrap();
        assert_eq!(activity.as_stored(), None);
    }

    #[test]
    fn days_are_counted_as_calendars_do() {
        assert_eq!((days(1970, 1, 1), days(2000, 3, 1), days(2024, 2, 29)), (0, 11_017, 19_782));
        assert_eq!(seconds("20240331", "0000"), Some(f64::from(19_813 * 86_400)));
        assert_eq!(seconds("20241331", "0000"), None);
    }
}
