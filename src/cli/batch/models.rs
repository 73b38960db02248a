//! The models of a run, here and on servers: which each row has, what tells one from others, and which servers have
//! failed too often to be asked again.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::super::args::BatchArgs;
use super::super::{eval, say, segment::model_path, server};
use super::table::Job;
use crate::segment::remote::{RemoteError, ServedModel};
use crate::segment::{self, ModelRef, SegmentError, Segmenter};

/// So many rows one after another that a server has failed.
const TOO_MANY: usize = 3;
/// As it is typed.
pub const COMMAND: &str = "voxpoint batch";
/// Before a server is asked again; doubles each time.
const PAUSE: Duration = Duration::from_secs(1);

/// The models of a run.
#[derive(Debug)]
pub struct RunModels<'a> {
    args: &'a BatchArgs,
    /// Threads of each job's model; `None` chooses.
    threads: Option<usize>,
    /// By their addresses as they are typed.
    served: HashMap<String, ServedModel>,
    /// SHA-256 of models, by their place.
    sha256: Mutex<HashMap<PathBuf, String>>,
    /// How many rows servers have failed since the last that they did, by their address.
    failed: Mutex<HashMap<String, usize>>,
}

impl<'a> RunModels<'a> {
    /// Those of the rows. `elsewhere`: rows of the table that other shares do, with the same options.
    ///
    /// # Errors
    /// What is wrong for all of them: no agreement for an address, no such model for rows without one of their own, a
    /// server that gets whole scans.
    pub fn of(
        args: &'a BatchArgs,
        (rows, elsewhere): (&[Job], &[Job]),
        threads: Option<usize>,
    ) -> anyhow::Result<Self> {
        let common = args.model.model.as_deref();
        let mut addresses: Vec<&str> = Vec::new();
        for job in rows {
            if let Some(address) = server::address(job.model.as_deref().or(common))
                && !addresses.contains(&address)
            {
                addresses.push(address);
            }
        }
        let is_there = |job: &Job| server::address(job.model.as_deref()).is_some();
        if addresses.is_empty()
            && server::address(common).is_none()
            && !elsewhere.iter().any(is_there)
        {
            server::refuse_unused(&args.send)?;
        }
        for address in &addresses {
            server::refuse_interactive(&server::served(address, &args.send.server)?, COMMAND)?;
        }
        let mut served = server::all_agreed(&addresses, &args.send)?;
        for server in &mut served {
            (server.patience.retries, server.patience.pause) = (args.retries, PAUSE);
            say(&format!("note: image values around the clicks are sent to {}", server.address));
        }
        let served = addresses.iter().map(|text| (*text).to_owned()).zip(served).collect();
        if rows.iter().any(|job| job.model.is_none()) && server::address(common).is_none() {
            eval::sha256_of_model(&model_path(common)?)?;
        }
        let (sha256, failed) = (Mutex::default(), Mutex::default());
        Ok(Self { args, threads, served, sha256, failed })
    }

    /// A row's.
    pub fn of_job(&self, job: &Job) -> anyhow::Result<ModelRef> {
        let named = job.model.as_deref().or(self.args.model.model.as_deref());
        let Some(address) = server::address(named) else {
            return Ok(ModelRef::Path(model_path(named)?));
        };
        let served = self.served.get(address).context("nobody has agreed to this address")?;
        Ok(ModelRef::Server(Box::new(served.clone())))
    }

    /// What tells a model from others: the SHA-256 of its files; of a server its address, and the names there. What lies
    /// behind these is the server's to say.
    pub fn key(&self, model: &ModelRef) -> anyhow::Result<String> {
        match model {
            ModelRef::Path(path) => self.sha256(path),
            ModelRef::Server(served) => {
                let names = served.models.iter().flatten();
                let told = std::iter::once(served.address.to_string()).chain(names.cloned());
                Ok(told.collect::<Vec<_>>().join(" "))
            }
        }
    }

    fn sha256(&self, model: &Path) -> anyhow::Result<String> {
        let mut known = self.sha256.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sha256) = known.get(model) {
            return Ok(sha256.clone());
        }
        let sha256 = eval::sha256_of_model(model)?;
        known.insert(model.to_owned(), sha256.clone());
        Ok(sha256)
    }

    /// Opens one: each job has its own, and is a client of its own.
    pub fn open(&self, model: &ModelRef) -> anyhow::Result<Box<dyn Segmenter>> {
        Ok(segment::open(model, self.args.model.device.into(), self.threads)?)
    }

    /// Refuses a model that is not asked any more.
    ///
    /// # Errors
    /// If its server has failed too often.
    pub fn check(&self, model: &ModelRef) -> anyhow::Result<()> {
        let ModelRef::Server(served) = model else { return Ok(()) };
        let address = served.address.to_string();
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.get(&address).is_some_and(|rows| *rows >= TOO_MANY) {
            bail!(
                "the server has failed {TOO_MANY} rows one after another, so this one was not tried; when it is back, \
                 the same command goes on: {address}"
            );
        }
        Ok(())
    }

    /// Notes what came of a row that its model was asked for.
    pub fn note(&self, model: &ModelRef, failure: Option<&anyhow::Error>) {
        let ModelRef::Server(served) = model else { return };
        let address = served.address.to_string();
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        match failure {
            None => drop(failed.remove(&address)),
            Some(error) if is_of_the_server(error) => *failed.entry(address).or_default() += 1,
            Some(_) => {}
        }
    }
}

/// Whether a server has failed, and not the row, nor this machine.
fn is_of_the_server(error: &anyhow::Error) -> bool {
    use RemoteError::{Answer, Cancelled, Here, KeyFile, NoStart, ScanTooLarge};
    let told = error.chain().find_map(|cause| cause.downcast_ref::<SegmentError>());
    match told {
        Some(SegmentError::Remote(error)) => !matches!(
            error,
            Cancelled | Answer { .. } | Here(_) | KeyFile { .. } | NoStart(_) | ScanTooLarge { .. }
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::args_with;
    use super::*;

    fn job(model: Option<&str>) -> Job {
        let labels = "l.nii".into();
        Job {
            line: 2,
            image: "a.nii".into(),
            series: None,
            prompt: super::super::table::JobPrompt::Robot { labels, label: None, clicks: 1 },
            name: None,
            model: model.map(PathBuf::from),
            out: "m.nii".into(),
        }
    }

    fn remote(error: RemoteError) -> anyhow::Error {
        anyhow::Error::from(SegmentError::Remote(error)).context("label 3")
    }

    #[test]
    fn a_server_that_fails_row_after_row_is_not_asked_again() {
        let args =
            args_with(Path::new("jobs.csv"), &["--send-voxels", "--model", "http://[::1]:9"]);
        let job = job(None);
        let models = RunModels::of(&args, (std::slice::from_ref(&job), &[]), None).unwrap();
        let model = models.of_job(&job).unwrap();
        assert_eq!(models.key(&model).unwrap(), "http://[::1]:9");
        let address = || "http://[::1]:9".to_owned();
        let silent = remote(RemoteError::Silent { seconds: 1, address: address() });
        let odd = remote(RemoteError::Answer { what: "no number".into(), address: address() });
        let other = anyhow::anyhow!("no such file");
        let here = || remote(RemoteError::Here("no thread".into()));
        let here = [here(), here(), here()];
        for error in here.iter().chain([&silent, &silent, &odd, &other]) {
            models.note(&model, Some(error));
            assert!(models.check(&model).is_ok(), "{error:#}");
        }
        models.note(&model, None);
        (0..3).for_each(|_| models.note(&model, Some(&silent)));
        let said = models.check(&model).unwrap_err().to_string();
        assert!(said.contains("failed 3 rows") && said.ends_with("http://[::1]:9"), "{said}");
        assert!(models.check(&ModelRef::Path("models/demo".into())).is_ok());
    }

    #[test]
    fn nothing_is_agreed_that_was_not_typed() {
        let table = Path::new("jobs.csv");
        let run =
            |more: &[&str]| RunModels::of(&args_with(table, more), (&[], &[]), None).map(drop);
        assert!(run(&["--send-voxels"]).unwrap_err().to_string().contains("at an address"));
        assert!(run(&["--send-voxels", "--model", "https://a.example"]).is_ok());
        assert!(run(&[]).is_ok());
    }

    /// Every share is typed the same options.
    #[test]
    fn a_share_without_a_servers_row_has_the_tables_options() {
        let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/models/demo");
        let args = args_with(Path::new("jobs.csv"), &["--send-voxels"]);
        let (ours, theirs) = ([job(Some(demo))], [job(Some("https://a.example"))]);
        let of = |elsewhere: &[Job]| RunModels::of(&args, (&ours, elsewhere), None).map(drop);
        assert!(of(&theirs).is_ok());
        assert!(of(&[]).unwrap_err().to_string().contains("at an address"));
    }

    #[test]
    fn a_server_that_gets_whole_scans_is_refused() {
        let address = "nninteractive+https://a.example";
        for more in [&[][..], &["--send-voxels"]] {
            let args = args_with(Path::new("jobs.csv"), more);
            let rows = [job(Some(address))];
            let said = RunModels::of(&args, (&rows, &[]), None).unwrap_err().to_string();
            assert!(said.starts_with("voxpoint batch asks no nnInteractive server"), "{said}");
            assert!(said.ends_with(address), "{said}");
        }
    }
}
