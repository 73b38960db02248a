//! A label map and the table beside it, put in their places such that no label ever has the name of another.

use std::path::Path;

use super::atomic::Staged;
use super::error::IoError;
use super::staged_image::StagedImage;
use super::together::SetAside;
use crate::volume::LabelName;

/// In which order a label map and its table are put in their places. Neither step can be made together with the other,
/// and what lies there in between (for ever, if the program is ended then) must be right: a label may lack its
/// name, but must not have that of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The old table, or none, is right for the new map: it names its labels as the new one does, or not at all.
    MapFirst,
    /// The new table is right for the old map too.
    TableFirst,
    /// A label has another name now: the old table has to go before the new map comes.
    OldTableAside,
}

impl Order {
    /// `old`: the rows of the table that is there.
    pub(super) fn of(old: Option<&[LabelName]>, new: &[LabelName]) -> Self {
        let old = old.unwrap_or_default();
        let among = |row: &LabelName, rows: &[LabelName]| {
            rows.iter().any(|r| r.value == row.value && r.name == row.name)
        };
        let of_value = |row: &LabelName| new.iter().find(|r| r.value == row.value);
        if old.iter().all(|row| among(row, new)) && !old.is_empty() {
            Self::TableFirst
        } else if old.iter().all(|row| of_value(row).is_none_or(|now| now.name == row.name)) {
            Self::MapFirst
        } else {
            Self::OldTableAside
        }
    }
}

/// Puts a finished map and table in their places; `step` is called in between.
pub(super) fn put_in_place(
    (map, map_path): (StagedImage, &Path),
    (table, table_path): (Staged, &Path),
    order: Order,
    step: &mut dyn FnMut(),
) -> Result<(), IoError> {
    let no_table = |source| IoError::Table { source, path: table_path.to_owned() };
    match order {
        Order::MapFirst => {
            map.commit(map_path)?;
            step();
            table.commit().map_err(no_table)
        }
        Order::TableFirst => {
            table.commit().map_err(|e| IoError::writing(e, table_path))?;
            step();
            map.commit(map_path).map_err(|why| match why {
                IoError::Write { source, path } => IoError::OnlyTable { source, path },
                other => other,
            })
        }
        Order::OldTableAside => {
            let aside = SetAside::take(&[table_path])?;
            step();
            if let Err(error) = map.commit(map_path) {
                aside.put_back()?;
                return Err(error);
            }
            step();
            // It would give labels of the new map the names of others.
            aside.forget();
            table.commit().map_err(no_table)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::atomic::stage_bytes;
    use super::super::label_table;
    use super::*;

    fn rows(names: &[(u16, &str)]) -> Vec<LabelName> {
        let row = |&(value, name): &(u16, &str)| LabelName {
            value,
            name: name.to_owned(),
            colour: [value as u8, 2, 3],
            opacity: 1.0,
            visible: true,
        };
        names.iter().map(row).collect()
    }

    /// The map is a text with the label that it has; a name is right if it is the one that the table saved
    /// with that map has for the label.
    #[test]
    fn whatever_ends_a_save_no_label_has_the_name_of_another() {
        let liver = (1, "Liver");
        let spleen = (2, "Spleen");
        let other = (2, "Left kidney");
        for (old, new, order) in [
            (&[][..], &[liver][..], Order::MapFirst),
            (&[liver], &[liver], Order::TableFirst),
            (&[liver], &[liver, spleen], Order::TableFirst),
            (&[liver, spleen], &[liver], Order::MapFirst),
            (&[spleen], &[liver], Order::MapFirst),
            (&[liver, spleen], &[liver, other], Order::OldTableAside),
            (&[spleen], &[other, liver], Order::OldTableAside),
            (&[liver], &[], Order::MapFirst),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let (map, table) = (folder.path().join("m.nii"), folder.path().join("m.labels.txt"));
            let (old_rows, new_rows) = (rows(old), rows(new));
            std::fs::write(&map, "old").unwrap();
            if !old.is_empty() {
                std::fs::write(&table, label_table::write(&old_rows)).unwrap();
            }
            let found = Order::of(label_table::at(&table).as_deref(), &new_rows);
            assert_eq!(found, order, "{old:?} to {new:?}");
            let staged = |path: &Path, text: &str| stage_bytes(path, text.as_bytes()).unwrap();
            let (staged_map, staged_table) =
                (staged(&map, "new"), staged(&table, &label_table::write(&new_rows)));
            let mut looked = 0;
            let mut look = || {
                looked += 1;
                let is_new = std::fs::read(&map).unwrap() == b"new";
                let right = if is_new { new } else { old };
                for row in label_table::at(&table).unwrap_or_default() {
                    let names = right.iter().filter(|(value, _)| *value == row.value);
                    for (value, name) in names {
                        assert_eq!(row.name, *name, "label {value}: {old:?} to {new:?}");
                    }
                }
            };
            put_in_place((staged_map.into(), &map), (staged_table, &table), found, &mut look)
                .unwrap();
            look();
            assert!(looked >= 2);
            assert_eq!(label_table::at(&table), Some(new_rows));
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left");
        }
    }

    /// The place of one of the two can't be taken: what the error says is so.
    #[test]
    fn a_save_that_fails_between_the_two_says_what_is_there() {
        let (old, new) = (rows(&[(1, "Liver")]), rows(&[(1, "Liver"), (2, "Spleen")]));
        let renamed = rows(&[(1, "Left kidney")]);
        for (order, rows, says, table_is) in [
            (
                Order::TableFirst,
                &new,
                "the names in the label table were saved but not the label map",
                &new,
            ),
            (Order::OldTableAside, &renamed, "nothing was changed", &old),
            (Order::MapFirst, &new, "nothing was changed", &old),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let (map, table) = (folder.path().join("m.nii"), folder.path().join("m.labels.txt"));
            std::fs::write(&table, label_table::write(&old)).unwrap();
            let staged_map = stage_bytes(&map, b"new").unwrap();
            let text = label_table::write(rows);
            let staged_table = stage_bytes(&table, text.as_bytes()).unwrap();
            // In the way of the map's rename.
            std::fs::create_dir_all(map.join("full")).unwrap();
            let (staged_map, staged_table) = ((staged_map.into(), &*map), (staged_table, &*table));
            let error = put_in_place(staged_map, staged_table, order, &mut || ());
            let error = error.unwrap_err().to_string();
            assert!(error.contains(says), "{order:?}: {error}");
            assert_eq!(label_table::at(&table).as_ref(), Some(table_is), "{order:?}");
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "{order:?}");
        }
    }
}
