//! What is typed to mend an error: the texts of errors name no options, because the window shows them too.

use std::error::Error;

use crate::io::IoError;
use crate::segment::SegmentError;
use crate::segment::download::DownloadError;
use crate::segment::remote::RemoteError;

/// What stands in brackets behind an error.
pub fn of(error: &(dyn Error + 'static)) -> Option<String> {
    let segment = error.downcast_ref().and_then(|error: &SegmentError| match error {
        SegmentError::Remote(error) => remote(error),
        SegmentError::NoRuntime { .. } => Some("voxpoint runtime install"),
        _ => None,
    });
    let remote = || error.downcast_ref().and_then(remote);
    let download = || error.downcast_ref().and_then(download);
    let other = segment.or_else(remote).or_else(download).map(str::to_owned);
    other.or_else(|| error.downcast_ref().and_then(io))
}

/// An error of a server as a mistake in what was typed.
pub fn refused(error: &RemoteError) -> super::Usage {
    let option = remote(error).map(|option| format!(" ({option})")).unwrap_or_default();
    super::Usage(format!("{error}{option}"))
}

fn remote(error: &RemoteError) -> Option<&'static str> {
    Some(match error {
        RemoteError::Plain(_) => "--plain-http",
        RemoteError::NotAllowed { .. } | RemoteError::ScanNotAllowed { .. } => {
            "--send-voxels agrees"
        }
        RemoteError::NoAuthorities { .. } => "--server-ca FILE",
        RemoteError::Tls { .. } => "--server-ca FILE, --server-pin HEX",
        RemoteError::Pin { .. } => "--server-pin HEX",
        RemoteError::NoModels { .. } => "--server-models ENCODER,DECODER",
        RemoteError::KeyWanted { .. } => "--key-file FILE",
        _ => return None,
    })
}

fn download(error: &DownloadError) -> Option<&'static str> {
    Some(match error {
        DownloadError::NoFolder | DownloadError::Space { .. } => "--dir FOLDER",
        DownloadError::Another { .. } | DownloadError::AnotherThere { .. } => {
            "voxpoint model download --sha256 HEX"
        }
        _ => return None,
    })
}

/// The option that says what could not be known. (The window asks instead.)
fn io(error: &IoError) -> Option<String> {
    Some(match error {
        IoError::TooLarge { dims: Some(_), .. } => "--every 2, --crop X0:X1,Y0:Y1,Z0:Z1".to_owned(),
        IoError::Uneven { .. } => "--even".to_owned(),
        IoError::NoOrientation { likely, .. } => {
            format!("such as --orientation {}", likely.letters())
        }
        IoError::NoSpacing(_) => "such as --spacing 0.5,0.5,2".to_owned(),
        IoError::SaysPlace(_) => "--orientation, --spacing".to_owned(),
        IoError::Archive { what, .. } if what.contains("name one") => "--series NAME".to_owned(),
        IoError::NoImages { what, .. } if what.contains("not opened from DICOM") => {
            "--reference of voxpoint export-session".to_owned()
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_stands_behind_the_error() {
        let address = || "https://gpu.example".to_owned();
        let tls = RemoteError::Tls { why: "expired".to_owned(), address: address() };
        let said = super::super::causes(&SegmentError::Remote(tls).into());
        assert!(
            said.ends_with("https://gpu.example (--server-ca FILE, --server-pin HEX)"),
            "{said}"
        );
        let sent = RemoteError::NotAllowed { sent: "8.4 MB".to_owned(), address: address() };
        let said = refused(&sent).to_string();
        assert!(said.ends_with("https://gpu.example (--send-voxels agrees)"), "{said}");
        let said = super::super::causes(&DownloadError::NoFolder.into());
        assert!(said.ends_with("(--dir FOLDER)"), "{said}");
        let gone = RemoteError::SessionGone { said: String::new(), address: address() };
        assert!(refused(&gone).to_string().ends_with("https://gpu.example"));
    }
}
