//! Models at an address.

use std::path::Path;

use super::Usage;
use super::args::{SendArgs, ServerArgs};
use crate::segment::ModelRef;
use crate::segment::cubes::SIDE;
use crate::segment::remote::{RemoteError, ServedModel, ServerTrust, is_address};
use crate::text::bytes;

/// The address in `named`, if it is one.
pub fn address(named: Option<&Path>) -> Option<&str> {
    named?.to_str().filter(|text| is_address(text))
}

/// A server by its address, with nobody's agreement that anything is sent.
pub fn served(text: &str, args: &ServerArgs) -> anyhow::Result<ServedModel> {
    let address = text.parse().map_err(|e: RemoteError| Usage(e.to_string()))?;
    let ServerArgs { server_ca, server_pin, plain_http, server_models } = args.clone();
    let trust = ServerTrust { authority: server_ca, pin: server_pin, plain: plain_http };
    let models = server_models.map(|names| names.0);
    Ok(ServedModel { trust, models, ..ServedModel::at(address) })
}

/// The model at an address, with the agreement that image values go there; `None` if none is named.
///
/// # Errors
/// If it is no address of a server, or the agreement is missing, or given to nobody.
pub fn agreed(named: Option<&Path>, args: &SendArgs) -> anyhow::Result<Option<ModelRef>> {
    let Some(text) = address(named) else {
        if *args != SendArgs::default() {
            let why = "--send-voxels, --server-… and the like are for a model at an address: --model https://…";
            return Err(Usage(why.to_owned()).into());
        }
        return Ok(None);
    };
    let mut served = served(text, &args.server)?;
    if !served.address.is_private() && !served.trust.plain {
        return Err(Usage(RemoteError::Plain(served.address.to_string()).to_string()).into());
    }
    if !args.send_voxels {
        let sent = bytes((SIDE * SIDE * SIDE * size_of::<f32>()) as u64);
        let address = served.address.to_string();
        return Err(Usage(RemoteError::NotAllowed { sent, address }.to_string()).into());
    }
    served.agreed.set(true);
    served.compress = args.pack;
    served.decode_here = !args.decode_there;
    Ok(Some(ModelRef::Server(Box::new(served))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(send_voxels: bool) -> SendArgs {
        SendArgs { send_voxels, ..SendArgs::default() }
    }

    #[test]
    fn nothing_goes_to_an_address_without_a_yes_for_it() {
        let url = Path::new("https://gpu.example/triton");
        let error = agreed(Some(url), &args(false)).unwrap_err();
        assert!(error.is::<Usage>());
        let said = error.to_string();
        assert!(said.contains("8.4 MB") && said.contains("https://gpu.example/triton"), "{said}");
        let model = agreed(Some(url), &args(true)).unwrap();
        assert!(matches!(model, Some(ModelRef::Server(served)) if served.agreed.is_given()));
    }

    #[test]
    fn plain_http_leaves_this_machine_only_with_another_yes() {
        let there = Path::new("http://gpu.example");
        assert!(agreed(Some(there), &args(true)).unwrap_err().to_string().contains("--plain-http"));
        let mut plain = args(true);
        plain.server.plain_http = true;
        assert!(agreed(Some(there), &plain).is_ok_and(|m| m.is_some()));
        let here = Path::new("http://127.0.0.1:8000");
        assert!(agreed(Some(here), &args(true)).is_ok_and(|m| m.is_some()));
    }

    #[test]
    fn a_yes_for_a_model_on_this_machine_is_a_mistake() {
        assert!(agreed(None, &args(true)).unwrap_err().is::<Usage>());
        assert!(agreed(Some(Path::new("models/demo")), &args(true)).is_err());
        assert!(agreed(Some(Path::new("models/demo")), &args(false)).is_ok_and(|m| m.is_none()));
    }
}
