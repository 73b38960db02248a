//! The table of a session's objects (`--csv`, `--table`).

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use super::session_info::ObjectInfo;
use crate::session::Contents;
use crate::text::csv_field as quoted;

/// What every version of it begins with.
const FIRST: &str = "number,name,state,voxels,volume_ml,points,corrected,model";

/// One row for each object.
pub fn table(contents: &Contents) -> String {
    let grid = &contents.snapshot.around.source.grid;
    let mut text = format!("{FIRST},seconds\n");
    for object in &contents.snapshot.objects {
        let info = ObjectInfo::of(object, grid, &contents.past);
        let (name, model) = (quoted(&info.name), quoted(&info.model.unwrap_or_default()));
        let ObjectInfo { number, state, voxels, volume_ml, points, corrected, seconds, .. } = info;
        let _ = writeln!(
            text,
            "{number},{name},{state},{voxels},{volume_ml},{points},{corrected},{model},{seconds}"
        );
    }
    text
}

/// Whether there is something in a file that [`table`] did not write.
pub fn is_foreign(path: &Path) -> bool {
    let Ok(file) = std::fs::File::open(path) else { return path.exists() };
    let mut beginning = Vec::new();
    let read = file.take(FIRST.len() as u64).read_to_end(&mut beginning);
    read.is_err() || !(beginning.is_empty() || beginning == FIRST.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_with_commas_and_quotes_are_quoted() {
        for (text, field) in [("a", "a"), ("a, b", "\"a, b\""), ("\"", "\"\"\"\""), ("", "")] {
            assert_eq!(quoted(text), field);
        }
    }

    #[test]
    fn a_table_of_an_earlier_version_is_ours() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        assert!(!is_foreign(&path));
        for (text, foreign) in [
            ("", false),
            (
                "number,name,state,voxels,volume_ml,points,corrected,model\n1,a,open,1,1,1,false,\n",
                false,
            ),
            ("number,name,state,voxels,volume_ml,points,corrected,model,seconds\n", false),
            ("number,name\n", true),
            ("patient,age\n", true),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(is_foreign(&path), foreign, "{text}");
        }
    }
}
