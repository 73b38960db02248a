//! Models at an address.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Usage;
use super::args::{Rule, SegmentArgs, SendArgs, ServerArgs};
use super::options::refused;
use crate::prompt::WorkingScale;
use crate::segment::ModelRef;
use crate::segment::cubes::SIDE;
use crate::segment::nninteractive::sent_bytes;
use crate::segment::remote::{
    RemoteError, ServedModel, ServerProtocol, ServerTrust, Traffic, is_address,
};
use crate::text::bytes;
use crate::volume::Volume;

/// What went over the network, of all requests together; keys are stable.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServerTraffic {
    pub requests: u32,
    /// Bytes there and back, without headers.
    pub sent: u64,
    pub received: u64,
    /// Sending, receiving, connecting.
    pub network_ms: f64,
    /// From the last byte there to the first byte back: the server's queue and its model.
    pub server_ms: f64,
}

impl From<Traffic> for ServerTraffic {
    fn from(traffic: Traffic) -> Self {
        let Traffic { requests, sent, received, network_ms, server_ms } = traffic;
        Self { requests, sent, received, network_ms, server_ms }
    }
}

/// The address in `named`, if it is one.
pub fn address(named: Option<&Path>) -> Option<&str> {
    named?.to_str().filter(|text| is_address(text))
}

/// A server by its address, with nobody's agreement that anything is sent.
pub fn served(text: &str, args: &ServerArgs) -> anyhow::Result<ServedModel> {
    let address = text.parse().map_err(|e: RemoteError| Usage(e.to_string()))?;
    let ServerArgs { server_ca, server_pin, key_file, plain_http, server_models } = args.clone();
    let trust = ServerTrust { authority: server_ca, pin: server_pin, plain: plain_http };
    let models = server_models.map(|names| names.0);
    let served = ServedModel { trust, key_file, models, ..ServedModel::at(address) };
    if is_interactive(&served) && served.models.is_some() {
        return Err(Usage(
            "an nnInteractive server has one model: leave --server-models out".into(),
        )
        .into());
    }
    Ok(served)
}

fn is_interactive(served: &ServedModel) -> bool {
    served.address.protocol() == ServerProtocol::NnInteractive
}

/// Refuses what a model at an address can't do, before anything is read or asked.
///
/// # Errors
/// If something was asked for in vain.
pub fn check(args: &SegmentArgs) -> anyhow::Result<()> {
    let Some(text) = address(args.model.model.as_deref()) else { return Ok(()) };
    if !is_interactive(&served(text, &args.send.server)?) {
        return Ok(());
    }
    let given = [
        ("--extend", args.extend),
        ("--threshold", args.threshold != 0.5),
        ("--working-scale", args.working_scale != WorkingScale::ONE),
        ("--rule", !matches!(args.rule, Rule::Steady)),
        ("--logits", args.logits.is_some()),
        ("--pack", args.send.pack),
        ("--decode-there", args.send.decode_there),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((name, _)) => {
            let why = format!(
                "an nnInteractive server answers with masks of the whole scan, so there is no {name}: leave it out"
            );
            Err(Usage(why).into())
        }
        None => Ok(()),
    }
}

/// Refuses a model that gets the whole scan, if nobody has agreed: only now it is known how much that is.
///
/// # Errors
/// What would be sent, and where to.
pub fn check_scan(model: &ModelRef, volume: &Volume) -> anyhow::Result<()> {
    match model {
        ModelRef::Server(served) if is_interactive(served) && !served.agreed.is_given() => {
            let (sent, address) = (bytes(sent_bytes(volume)), served.address.to_string());
            Err(refused(&RemoteError::ScanNotAllowed { sent, address }).into())
        }
        _ => Ok(()),
    }
}

/// The model at an address, with the agreement that image values go there; `None` if none is named. Of one that gets the
/// whole scan the agreement may be missing: see [`check_scan`].
///
/// # Errors
/// If it is no address of a server, or the agreement is missing, or given to nobody.
pub fn agreed(named: Option<&Path>, args: &SendArgs) -> anyhow::Result<Option<ModelRef>> {
    let one: Vec<&str> = address(named).into_iter().collect();
    if one.is_empty() {
        refuse_unused(args)?;
    }
    Ok(all_agreed(&one, args)?.pop().map(|served| ModelRef::Server(Box::new(served))))
}

/// The model that the window starts with: at an address with nobody's agreement, because the window asks.
///
/// # Errors
/// If it is no address of a server, or something was typed about servers in vain.
pub fn for_the_window(
    named: Option<PathBuf>,
    args: &ServerArgs,
) -> anyhow::Result<Option<ModelRef>> {
    let Some(text) = address(named.as_deref()) else {
        refuse_unused(&SendArgs { server: args.clone(), ..SendArgs::default() })?;
        return Ok(named.map(ModelRef::Path));
    };
    let mut served = served(text, args)?;
    // They are remembered with the address, for windows that are started elsewhere.
    for file in [&mut served.trust.authority, &mut served.key_file].into_iter().flatten() {
        *file = std::path::absolute(&*file).unwrap_or_else(|_| file.clone());
    }
    Ok(Some(ModelRef::Server(Box::new(served))))
}

/// Refuses an address on the way to which others can read, if that is not allowed.
///
/// # Errors
/// If it is one.
pub fn refuse_plain(served: &ServedModel) -> anyhow::Result<()> {
    if served.address.is_private() || served.trust.plain {
        return Ok(());
    }
    Err(refused(&RemoteError::Plain(served.address.to_string())).into())
}

/// Refuses a server that gets whole scans, for a command that sends what lies around clicks.
///
/// # Errors
/// If it is one.
pub fn refuse_interactive(served: &ServedModel, command: &str) -> anyhow::Result<()> {
    if !is_interactive(served) {
        return Ok(());
    }
    let why = format!(
        "{command} asks no nnInteractive server: use voxpoint segment with each scan, or a server that speaks KServe: {}",
        served.address
    );
    Err(Usage(why).into())
}

/// Refuses what is typed about servers where no model is on one.
pub fn refuse_unused(args: &SendArgs) -> anyhow::Result<()> {
    if *args == SendArgs::default() {
        return Ok(());
    }
    let why =
        "--send-voxels, --server-… and the like are for a model at an address: --model https://…";
    Err(Usage(why.to_owned()).into())
}

/// The models at these addresses, in their order, with the agreement that image values go to all of them.
///
/// # Errors
/// If one is no address of a server, or the agreement is missing.
pub fn all_agreed(addresses: &[&str], args: &SendArgs) -> anyhow::Result<Vec<ServedModel>> {
    let mut all = addresses
        .iter()
        .map(|text| served(text, &args.server))
        .collect::<anyhow::Result<Vec<_>>>()?;
    all.iter().try_for_each(refuse_plain)?;
    if !args.send_voxels && all.iter().any(|served| !is_interactive(served)) {
        let sent = bytes((SIDE * SIDE * SIDE * size_of::<f32>()) as u64);
        let address: Vec<_> = all.iter().map(|served| served.address.to_string()).collect();
        let address = address.join(", ");
        return Err(refused(&RemoteError::NotAllowed { sent, address }).into());
    }
    for served in &mut all {
        served.agreed.set(args.send_voxels);
        served.compress = args.pack;
        served.decode_here = !args.decode_there;
    }
    Ok(all)
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
    fn one_yes_is_for_all_addresses_that_are_named() {
        let both = ["https://one.example", "https://two.example:8000"];
        let said = all_agreed(&both, &args(false)).unwrap_err().to_string();
        assert!(said.contains("https://one.example, https://two.example:8000 (--send-voxels"));
        let all = all_agreed(&both, &args(true)).unwrap();
        assert!(all.len() == 2 && all.iter().all(|served| served.agreed.is_given()));
        let plain = ["https://one.example", "http://two.example"];
        assert!(all_agreed(&plain, &args(true)).unwrap_err().to_string().contains("--plain-http"));
    }

    #[test]
    fn the_window_gets_what_was_typed_and_no_agreement() {
        let mut typed = ServerArgs::default();
        let local = for_the_window(Some("models/demo".into()), &typed).unwrap();
        assert_eq!(local, Some(ModelRef::Path("models/demo".into())));
        assert_eq!(for_the_window(None, &typed).unwrap(), None);
        typed.key_file = Some("key".into());
        typed.server_pin = Some("ab".repeat(32).parse().unwrap());
        for local in [None, Some(PathBuf::from("models/demo"))] {
            assert!(for_the_window(local, &typed).unwrap_err().is::<Usage>());
        }
        // It asks itself about what can be read on the way.
        let model = for_the_window(Some("http://gpu.example".into()), &typed).unwrap().unwrap();
        let served = model.server().unwrap();
        assert!(!served.agreed.is_given() && !served.trust.plain);
        assert_eq!(served.trust.pin, typed.server_pin);
        assert!(served.key_file.as_ref().is_some_and(|path| path.is_absolute()));
    }

    #[test]
    fn a_yes_for_a_model_on_this_machine_is_a_mistake() {
        assert!(agreed(None, &args(true)).unwrap_err().is::<Usage>());
        assert!(agreed(Some(Path::new("models/demo")), &args(true)).is_err());
        assert!(agreed(Some(Path::new("models/demo")), &args(false)).is_ok_and(|m| m.is_none()));
    }
}
