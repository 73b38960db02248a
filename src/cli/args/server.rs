use std::path::PathBuf;

use clap::Args;

use crate::segment::remote::Pin;

/// How a model at an address (`--model https://…`, `nninteractive+https://…`) is reached: the same for every command that
/// takes one.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerArgs {
    /// A file of certificates (PEM) of authorities that the server's certificate may be signed by, beside those of the
    /// system.
    #[arg(long, value_name = "FILE")]
    pub server_ca: Option<PathBuf>,
    /// The SHA-256 of the server's certificate or of its public key: no other is accepted, and this one need not be
    /// signed by anybody (unless --server-ca is given, too).
    #[arg(long, value_name = "HEX", value_parser = parse_pin)]
    pub server_pin: Option<Pin>,
    /// A file whose first line is the key that the server wants (`Authorization: Bearer`). Nobody else may be able to read
    /// it: chmod 600.
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Allow http:// to another machine, on the way to which everybody can read the image and the key. (To this one it
    /// needs no permission.)
    #[arg(long)]
    pub plain_http: bool,
    /// The names of encoder and decoder on the server, if they are not `sam_med3d_encoder` and `sam_med3d_decoder`.
    #[arg(long, value_name = "ENCODER,DECODER", value_parser = parse_models)]
    pub server_models: Option<ServerModels>,
}

/// Two names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerModels(pub [String; 2]);

fn parse_pin(text: &str) -> Result<Pin, String> {
    text.parse()
}

fn parse_models(text: &str) -> Result<ServerModels, String> {
    match text.split(',').map(str::trim).collect::<Vec<_>>().as_slice() {
        [a, b] if !a.is_empty() && !b.is_empty() => Ok(ServerModels([*a, *b].map(str::to_owned))),
        _ => Err("two names are needed: ENCODER,DECODER".to_owned()),
    }
}

/// What is sent to a server, and where is decoded.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct SendArgs {
    /// How the server is reached.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Agree that image values are sent to the server that --model names: those around the points, 8.4 MB for each place, or
    /// to nninteractive+https:// the whole scan, once. Without names, dates or anything else of the header.
    #[arg(long)]
    pub send_voxels: bool,
    /// Pack what is sent (gzip): for slow networks.
    #[arg(long)]
    pub pack: bool,
    /// Have the server decode, too, although a model with the same decoder is at hand.
    #[arg(long)]
    pub decode_there: bool,
}
