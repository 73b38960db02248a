//! `voxpoint model download`.

use serde::Serialize;

use crate::cli::args::ModelDownloadArgs;
use crate::cli::fetching::fetch;
use crate::cli::{Usage, print, print_json};
use crate::segment::download::{DownloadError, RemoteFile, download};
use crate::segment::library;
use crate::text::bytes;

/// What came; keys are stable.
#[derive(Serialize)]
struct Report {
    path: String,
    sha256: String,
    bytes: u64,
    fetched: bool,
}

/// Fetches a model and says where it is.
pub fn run(args: &ModelDownloadArgs) -> anyhow::Result<()> {
    let folder = args.dir.clone().or_else(library::models_folder).ok_or(DownloadError::NoFolder)?;
    let (url, sha256) = (args.url.clone(), args.sha256.clone());
    let done = fetch("the model", move |cancel, progress| {
        download(RemoteFile::new(&url, sha256.as_deref()), &folder, cancel, progress)
    });
    let done = done.map_err(|error| match error.downcast_ref() {
        // A mistake in what was typed.
        Some(DownloadError::Url { .. }) => Usage(error.to_string()).into(),
        _ => error,
    })?;
    let path = done.path.display().to_string();
    if args.json {
        let (sha256, bytes, fetched) = (done.sha256, done.bytes, done.fetched);
        return print_json(&Report { path, sha256, bytes, fetched });
    }
    let what = if done.fetched { "fetched" } else { "is there already" };
    print(&format!("{what} ({}): {path}\nSHA-256 {}", bytes(done.bytes), done.sha256))
}
