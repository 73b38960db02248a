//! The program's status in words.

use super::server::ServerInUse;
use super::status::{Download, FileProgress};
use crate::text::bytes;
use crate::ui::kit::format::{of, shorten};
use crate::ui::kit::template::tr_error;
use crate::ui::kit::text::{mark, tr, tr_any, tr_with};

/// `SAM-Med3D-turbo 12.3 MB of 402.1 MB`.
pub fn download_text(download: &Download) -> String {
    let Download { name, done, total } = download;
    match total {
        0 => format!("{name} {}", bytes(*done)),
        _ => format!("{name} {}", of(*done, *total)),
    }
}

/// `Opening ct.nii.gz: 12.3 MB of 157.3 MB`.
pub fn opening_text(opening: &FileProgress) -> String {
    let name = shorten(&opening.name, 40);
    let begun = tr("Opening {name}").replace("{name}", &name);
    match opening.total {
        0 => format!("{begun}: {}", bytes(opening.done)),
        total => format!("{begun}: {}", of(opening.done, total)),
    }
}

/// What went to a server since it is in use, and what came back.
pub fn sent_so_far(server: &ServerInUse) -> String {
    tr_with(
        "So far {sent} went there, and {received} came back.",
        &[("sent", &bytes(server.sent)), ("received", &bytes(server.received))],
    )
}

/// Why the model runs where it does.
pub fn reason_text(reason: &str) -> String {
    match (tr_any(reason), reason.strip_prefix("no CUDA:")) {
        (_, Some(why)) => format!("{}: {}", tr("no CUDA"), tr_error(&why.trim_start())),
        (known, None) => known.to_owned(),
    }
}

/// `ONNX Runtime 1.31.1 (Python package)`.
pub fn runtime_text(found: &str) -> String {
    match found.strip_suffix(')').and_then(|text| text.split_once(" (")) {
        Some((version, place)) => format!("ONNX Runtime {version} ({})", tr_any(place)),
        None => format!("ONNX Runtime {found}"),
    }
}

/// What the engine says of devices, and of where it found ONNX Runtime.
const _: [&str; 6] = [
    mark("no CUDA in this ONNX Runtime"),
    mark("CUDA works"),
    mark("asked for"),
    mark("beside the program"),
    mark("data folder"),
    mark("Python package"),
];
