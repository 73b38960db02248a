//! What people call an image's patient, study and series: for lists, and kept nowhere else.

use dicom_dictionary_std::tags;

use super::super::contents::Personal;
use super::attributes::Attributes;

/// See the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Heading {
    /// Name and number.
    pub patient: Personal,
    /// Study description.
    pub study: String,
    /// Series description, else the protocol.
    pub series: String,
    /// Of the series, else of the study: `20240331`.
    pub date: Option<String>,
}

impl Heading {
    /// What a file says.
    pub fn of(said: Attributes) -> Self {
        let text = |tag| said.text(tag).map(|text| readable(&text)).unwrap_or_default();
        let name = said.text(tags::PATIENT_NAME).map(|name| person(&name)).unwrap_or_default();
        let number = text(tags::PATIENT_ID);
        let patient = match (name.is_empty(), number.is_empty()) {
            (_, true) => name,
            (true, false) => number,
            (false, false) if name == number => name,
            (false, false) => format!("{name} ({number})"),
        };
        let series = text(tags::SERIES_DESCRIPTION);
        let dates = [tags::SERIES_DATE, tags::ACQUISITION_DATE, tags::STUDY_DATE];
        Self {
            patient: Personal::new(patient),
            study: text(tags::STUDY_DESCRIPTION),
            series: if series.is_empty() { text(tags::PROTOCOL_NAME) } else { series },
            date: dates.into_iter().find_map(|tag| date(&said.text(tag)?)),
        }
    }
}

/// A line without what a screen can't show; long ones are cut.
fn readable(text: &str) -> String {
    const LONGEST: usize = 120;
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(LONGEST).collect::<String>().trim().to_owned()
}

/// A person's name (PS3.5 6.2.1): groups of letters, ideographs and sounds, each of family name, given name and more.
fn person(name: &str) -> String {
    let group = |group: &str| {
        let parts = group.split('^').map(str::trim).filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join(" ")
    };
    let groups: Vec<String> =
        name.split('=').take(2).map(group).filter(|group| !group.is_empty()).collect();
    readable(&groups.join(" "))
}

/// `20240331`, also of what earlier standards wrote (`2024.03.31`), as `2024-03-31`.
fn date(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    (digits.len() == 8).then(|| format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_dates_are_for_people() {
        assert_eq!(person("Doe^Jane^^Dr"), "Doe Jane Dr");
        assert_eq!(person("Wang^XiaoDong=王^小东="), "Wang XiaoDong 王 小东");
        assert_eq!(person("^^"), "");
        assert_eq!(date("20240331").as_deref(), Some("2024-03-31"));
        assert_eq!(date("2024.03.31").as_deref(), Some("2024-03-31"));
        assert_eq!(date("unknown"), None);
    }

    #[test]
    fn a_heading_says_no_name_where_it_is_written_down() {
        let heading = Heading { patient: Personal::new("Doe Jane".into()), ..Heading::default() };
        assert!(!format!("{heading:?}").contains("Doe"), "{heading:?}");
        assert_eq!(heading.patient.for_the_screen(), "Doe Jane");
    }
}
