use std::path::PathBuf;

/// A file that was opened lately.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecentFile {
    /// Where it is.
    pub path: PathBuf,
    /// Of a place with several scans: which series it was, and what it is called.
    pub series: Option<RecentSeries>,
}

/// A series that was opened lately; no patient's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecentSeries {
    /// By which it is found again.
    pub key: String,
    /// `CT 5`.
    pub title: String,
}

impl From<PathBuf> for RecentFile {
    fn from(path: PathBuf) -> Self {
        Self { path, series: None }
    }
}

impl From<&str> for RecentFile {
    fn from(path: &str) -> Self {
        PathBuf::from(path).into()
    }
}

impl RecentFile {
    /// What lists call it.
    pub fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy();
        match &self.series {
            Some(series) => format!("{name} ({})", series.title),
            None => name.into_owned(),
        }
    }
}
