use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `voxpoint model`.
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Say what a model is; without one, which models there are.
    Info(ModelInfoArgs),
    /// Fetch SAM-Med3D-turbo, the authors' released model (400 MB, Apache-2.0), into your data folder.
    ///
    /// Ctrl+C and broken connections do no harm: the next time, it continues where it stopped.
    Download(ModelDownloadArgs),
    /// Write a checkpoint as encoder.onnx and decoder.onnx with weights, for use by other programs.
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
    /// A checkpoint (.pth), a folder with encoder.onnx and decoder.onnx, or the name of a model found.
    pub model: Option<PathBuf>,
    /// Print JSON: name, kind, path, bytes, sha256, parameters, architecture, licence, source, card.
    #[arg(long)]
    pub json: bool,
}

/// `voxpoint model download`.
#[derive(Args, Debug)]
pub struct ModelDownloadArgs {
    /// Another checkpoint of SAM-Med3D.
    #[arg(long, default_value = crate::segment::download::TURBO_URL)]
    pub url: String,
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
    /// The authors' .pth.
    pub checkpoint: PathBuf,
    /// The folder to write into; made if it is not there. Files of these names are replaced.
    pub out_dir: PathBuf,
}
