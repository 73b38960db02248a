use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ServerArgs;

/// `voxpoint model`.
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Say what a model is, or what a server has; without one, which models there are.
    Info(ModelInfoArgs),
    /// Fetch SAM-Med3D-turbo, the authors' released model (400 MB, Apache-2.0), into your data folder.
    ///
    /// Ctrl+C and broken connections do no harm: the next time, it continues where it stopped.
    Download(ModelDownloadArgs),
    /// Write a checkpoint as encoder.onnx and decoder.onnx with weights, for use by other programs; or a model for Triton.
    ///
    /// ONNX opset 20, standard operators only. Encoder: `image` float32 1×1×128×128×128 (x, y, z at 1.5 mm,
    /// canonical RAS, normalised over the voxels > 0 of the crop) to `image_embedding` 1×C×8×8×8. Decoder:
    /// `image_embedding`, `point_coords` float32 1×N×3 (voxels of the crop), `point_labels` int64 1×N (1
    /// inside, 0 outside, -1 padding), `prev_mask` float32 1×1×32×32×32 (the logits of the click before,
    /// zeros at first) to `mask_logits` 1×1×32×32×32 and `iou` 1×1.
    Export(ModelExportArgs),
}

/// `voxpoint model info`.
#[derive(Args, Debug)]
pub struct ModelInfoArgs {
    /// A checkpoint (.pth), a folder with encoder.onnx and decoder.onnx, the name of a model found, or the address of a
    /// server (https://…, nninteractive+https://…).
    pub model: Option<PathBuf>,
    /// How the server is reached.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Print JSON: name, kind, path, bytes, sha256, parameters, architecture, licence, source, card; of a server
    /// address, server, models (name, state, platform, inputs, outputs), problem; of an nnInteractive server instead of
    /// models `session_version`, licence, interactions, `initial_mask`, autozoom, patch, sessions, `idle_seconds`,
    /// `liveness_seconds`.
    #[arg(long)]
    pub json: bool,
}

/// `voxpoint model download`.
#[derive(Args, Debug)]
pub struct ModelDownloadArgs {
    /// Another checkpoint of SAM-Med3D.
    #[arg(long, default_value = crate::segment::download::TURBO_URL)]
    pub url: String,
    /// What the file's SHA-256 must be, 64 hexadecimal digits. Without it the released file must be the one that is
    /// known, and others are compared with what was fetched from the same address before.
    #[arg(long, value_name = "HEX", value_parser = parse_sha256)]
    pub sha256: Option<String>,
    /// Another folder than your data folder's `models`; only there the Model menu finds it by itself.
    #[arg(long)]
    pub dir: Option<PathBuf>,
    /// Print JSON: path, sha256, bytes, fetched (whether it was not there already).
    #[arg(long)]
    pub json: bool,
}

/// `voxpoint model export`.
#[derive(Args, Debug)]
pub struct ModelExportArgs {
    /// The authors' .pth; for --triton also a folder with encoder.onnx and decoder.onnx.
    #[arg(value_name = "CHECKPOINT|DIR")]
    pub model: PathBuf,
    /// The folder to write into; made if it is not there. An earlier export in it is replaced.
    #[arg(required_unless_present = "triton")]
    pub out_dir: Option<PathBuf>,
    /// Write a repository from which NVIDIA Triton serves the model (docs/server.md): config.pbtxt and model.onnx of
    /// `sam_med3d_encoder` and `sam_med3d_decoder`.
    #[arg(long, value_name = "DIR")]
    pub triton: Option<PathBuf>,
    /// Replace files of these names that are not of an earlier export.
    #[arg(long)]
    pub force: bool,
}

fn parse_sha256(text: &str) -> Result<String, String> {
    let text = text.trim().to_lowercase();
    if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(text);
    }
    Err("64 hexadecimal digits are needed".to_owned())
}
