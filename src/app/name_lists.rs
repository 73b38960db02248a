//! Lists of names for objects: those that ship, and the user's own, small JSON files in a folder of the settings.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::names::NameList;
use crate::ui::text::tr_with;
use crate::ui::{Status, Toasts};
use crate::work::{Task, Wake};

/// Larger files are no lists.
const LARGEST: u64 = 4 << 20;

type Read = (Vec<NameList>, Vec<String>);

/// Reads the user's lists, once.
pub(super) struct NameLists {
    task: Option<Task<Read>>,
}

impl NameLists {
    pub fn start(wake: Wake, status: &mut Status) -> std::io::Result<Self> {
        status.names = Arc::new(NameList::shipped().to_vec());
        let read = |_: &_, _: &_| folder().map(|folder| read(&folder)).unwrap_or_default();
        Ok(Self { task: Some(Task::start("names", wake, read)?) })
    }

    /// Takes in what has been read.
    pub fn step(&mut self, status: &mut Status, toasts: &mut Toasts) {
        let Some(answer) = self.task.as_ref().and_then(Task::poll) else { return };
        self.task = None;
        let (own, errors) = answer.unwrap_or_default();
        if !own.is_empty() {
            // The user's own are found first.
            let lists = own.into_iter().chain(NameList::shipped().iter().cloned());
            status.names = Arc::new(lists.collect());
        }
        for error in errors {
            toasts.warning(error);
        }
    }
}

/// Where the user's lists are.
fn folder() -> Option<PathBuf> {
    let dirs = directories::ProjectDirs::from("", "", "voxpoint")?;
    Some(dirs.config_dir().join("names"))
}

/// The lists in a folder, by the names of their files; and what is wrong with the others.
fn read(folder: &Path) -> Read {
    let Ok(entries) = std::fs::read_dir(folder) else { return Read::default() };
    let json = |path: &PathBuf| path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json"));
    let mut paths: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(json).collect();
    paths.sort();
    let (mut lists, mut errors) = Read::default();
    for path in paths {
        match read_list(&path) {
            Ok(list) => lists.push(list),
            Err(why) => errors.push(tr_with(
                "A list of names could not be used: {path}: {why}",
                &[("path", &path.display()), ("why", &why)],
            )),
        }
    }
    (lists, errors)
}

pub(super) fn read_list(path: &Path) -> Result<NameList, String> {
    let size = std::fs::metadata(path).map_err(|why| why.to_string())?.len();
    if size > LARGEST {
        return Err(tr_with("{mb} MB are too much for a list", &[("mb", &(size >> 20))]));
    }
    let text = std::fs::read_to_string(path).map_err(|why| why.to_string())?;
    NameList::parse(&text).map_err(|why| why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_a_folder_are_read_and_bad_ones_told() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("b.json", r#"{"title": "B", "labels": [{"number": 1, "name": "femur"}]}"#),
            ("a.JSON", r#"{"title": "A", "labels": []}"#),
            ("bad.json", r#"{"title": "Bad", "labels": [{"number": 0, "name": "x"}]}"#),
            ("notes.txt", "no list"),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        std::fs::create_dir(folder.path().join("folder.json")).unwrap();
        let (lists, errors) = read(folder.path());
        let titles: Vec<&str> = lists.iter().map(|l| l.title.as_str()).collect();
        assert_eq!(titles, ["A", "B"]);
        assert_eq!(errors.len(), 2);
        assert!(errors[0].contains("bad.json") && errors[0].contains("number 0"), "{errors:?}");
        assert_eq!(read(&folder.path().join("none")), (Vec::new(), Vec::new()));
    }
}
