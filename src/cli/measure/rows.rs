//! The numbers of structures as a table for people.

use super::super::tables::table;
use crate::measure::MeasuredFile;

/// A table for people.
pub fn text(found: &MeasuredFile) -> String {
    let mut head = vec![
        "label",
        "name",
        "mL",
        "surface mm²",
        "sphericity",
        "longest mm",
        "axial long × short mm",
        "centroid mm (R, A, S)",
    ];
    let (values, uptake) = (
        found.structures.iter().any(|s| s.values.is_some()),
        found.structures.iter().any(|s| s.uptake.is_some()),
    );
    if values {
        head.extend(["mean ± SD", "median", "min to max"]);
    }
    if uptake {
        head.extend(["SUVpeak", "TLG mL"]);
    }
    let rows = found.structures.iter().map(|s| {
        let [r, a, p] = s.centroid_mm;
        let mut cells = vec![
            s.label.to_string(),
            s.name.clone().unwrap_or_default().replace('|', "\\|"),
            format!("{:.3}", s.volume_ml),
            format!("{:.1}", s.surface_area_mm2),
            format!("{:.3}", s.sphericity),
            format!("{:.1}", s.max_diameter_mm),
            format!("{:.1} × {:.1}", s.axial_long_mm, s.axial_short_mm),
            format!("{r:.1}, {a:.1}, {p:.1}"),
        ];
        if values {
            cells.extend(s.values.as_ref().map_or(vec![String::new(); 3], |v| {
                vec![
                    format!("{:.2} ± {:.2}", v.mean, v.sd),
                    format!("{:.2}", v.median),
                    format!("{:.2} to {:.2}", v.min, v.max),
                ]
            }));
        }
        if uptake {
            cells.extend(s.uptake.as_ref().map_or(vec![String::new(); 2], |u| {
                vec![format!("{:.2}", u.suv_peak), format!("{:.2}", u.tlg_ml)]
            }));
        }
        cells
    });
    let unit = found.unit.map(|unit| format!(", values in {unit}")).unwrap_or_default();
    format!("{}{unit}\n\n{}", found.file, table(&head, rows))
}
