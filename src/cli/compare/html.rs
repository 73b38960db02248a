//! The report for a browser: one file that needs no other and no network. The page's own script draws table and plots
//! from the numbers in it.

use serde::Serialize;

use super::super::args::CompareArgs;
use super::folders::{CompareFailure, LabelSummary, summary};
use crate::measure::{ComparedLabel, ComparedMaps};

const PAGE: &str = include_str!("../../../assets/report/compare.html");
/// Where in the page the numbers go.
const PLACE: &str = "/*numbers*/null";

/// What the page's script reads.
#[derive(Serialize)]
struct PageNumbers<'a> {
    program: &'static str,
    a: String,
    b: String,
    tolerance_mm: f64,
    rows: Vec<PageRow<'a>>,
    summary: Vec<LabelSummary>,
    failures: &'a [CompareFailure],
    unpaired: &'a [String],
}

#[derive(Serialize)]
struct PageRow<'a> {
    case: &'a str,
    #[serde(flatten)]
    label: &'a ComparedLabel,
}

/// The page of these cases.
pub fn page(
    args: &CompareArgs,
    cases: &[(String, &ComparedMaps)],
    failures: &[CompareFailure],
    unpaired: &[String],
) -> anyhow::Result<String> {
    let rows = cases
        .iter()
        .flat_map(|(case, found)| found.labels.iter().map(move |label| PageRow { case, label }));
    let numbers = PageNumbers {
        program: concat!("Voxpoint ", env!("CARGO_PKG_VERSION")),
        a: args.a.display().to_string(),
        b: args.b.display().to_string(),
        tolerance_mm: args.tolerance,
        rows: rows.collect(),
        summary: summary(&cases.iter().map(|(_, found)| *found)),
        failures,
        unpaired,
    };
    // Within a script nothing may look like its end, whatever files are called.
    let json = serde_json::to_string(&numbers)?.replace('<', "\\u003c");
    Ok(PAGE.replacen(PLACE, &json, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_one_place_for_numbers_and_asks_nobody() {
        assert_eq!(PAGE.matches(PLACE).count(), 1);
        for outside in ["http:", "https:", "src=", "@import", "url("] {
            // The namespace of SVG is a name, not an address.
            let page = PAGE.replace("http://www.w3.org/2000/svg", "");
            assert!(!page.contains(outside), "{outside}");
        }
    }
}
