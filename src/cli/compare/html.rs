//! The report for a browser: one file that needs no other and no network. The page's own script draws table and plots
//! from the numbers in it.

use serde::Serialize;

use super::super::args::CompareArgs;
use super::summary::{CompareFailure, LabelSummary, summary};
use crate::measure::{AgreementReport, ComparedLabel, RatedStaple};

const PAGE: &str = include_str!("../../../assets/report/compare.html");
/// Where in the page the numbers go.
const PLACE: &str = "/*numbers*/null";

/// What is reported.
#[derive(Clone, Copy)]
pub struct ReportPage<'a> {
    /// Cases by their names; of several raters everybody with everybody.
    pub cases: &'a [(String, &'a [ComparedLabel])],
    /// What could not be compared.
    pub failures: &'a [CompareFailure],
    /// What has no other.
    pub unpaired: &'a [String],
    /// What the raters make together, if it is several raters.
    pub raters: Option<&'a AgreementReport>,
}

impl<'a> ReportPage<'a> {
    /// Of cases all of which could be compared.
    pub fn of(cases: &'a [(String, &'a [ComparedLabel])]) -> Self {
        Self { cases, failures: &[], unpaired: &[], raters: None }
    }
}

/// What the page's script reads.
#[derive(Serialize)]
struct PageNumbers<'a> {
    program: &'static str,
    a: String,
    b: String,
    /// Empty where it is two label maps or folders.
    raters: &'a [String],
    tolerance_mm: f64,
    rows: Vec<PageRow<'a>>,
    summary: Vec<LabelSummary>,
    staple: &'a [RatedStaple],
    failures: &'a [CompareFailure],
    unpaired: &'a [String],
}

#[derive(Serialize)]
struct PageRow<'a> {
    case: &'a str,
    #[serde(flatten)]
    label: &'a ComparedLabel,
}

/// The page of what is reported.
pub fn page(args: &CompareArgs, of: &ReportPage<'_>) -> anyhow::Result<String> {
    let rows =
        of.cases.iter().flat_map(|(case, rows)| rows.iter().map(|label| PageRow { case, label }));
    let numbers = PageNumbers {
        program: concat!("Voxpoint ", env!("CARGO_PKG_VERSION")),
        a: args.a.display().to_string(),
        b: args.b.display().to_string(),
        raters: of.raters.map_or(&[], |report| &report.raters),
        tolerance_mm: args.tolerance,
        rows: rows.collect(),
        summary: summary(&of.cases.iter().map(|(_, rows)| *rows)),
        staple: of.raters.map_or(&[], |report| &report.staple),
        failures: of.failures,
        unpaired: of.unpaired,
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
