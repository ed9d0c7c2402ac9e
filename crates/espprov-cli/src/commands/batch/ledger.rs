//! The ledger of a run: a file of its own, or a database that it shares with other stations.

use super::plan::Job;
#[cfg(feature = "postgres")]
use super::shared::{Lease, Lost, Shared};
use crate::args::BatchArgs;
use crate::errors::{Class, Failure};
use core::cell::RefCell;
use espprov_line::ledger::{End, Ledger, LedgerError, State};
use std::path::{Path, PathBuf};

/// Where it is said instead of by `--ledger`: the address of a database may have its password in it there.
const VARIABLE: &str = "ESPPROV_LEDGER";

/// Where is written down what became of each device.
pub(super) enum Book {
    /// This run's alone.
    File { ledger: RefCell<Ledger>, path: PathBuf },
    /// Several stations'.
    #[cfg(feature = "postgres")]
    Shared(Box<Shared>),
}

/// What this run has of a device while it works on it.
pub(super) enum Hold {
    /// Everything: the file is nobody else's.
    Whole,
    /// A lease.
    #[cfg(feature = "postgres")]
    Leased(Lease),
}

/// What became of the wish for a device.
pub(super) enum Take {
    /// It may be touched.
    Yours {
        hold: Hold,
        /// What became of an earlier attempt is not known.
        look_first: bool,
    },
    /// Another station had it, and this is how it ended.
    #[cfg(feature = "postgres")]
    Ended(State),
    /// Another station has it.
    #[cfg(feature = "postgres")]
    Elsewhere { station: String },
}

impl Book {
    /// Opens what `--ledger` names, or the variable, or the file beside the manifest.
    pub(super) async fn open(args: &BatchArgs) -> Result<Self, Failure> {
        let (given, by_flag) = match &args.ledger {
            Some(given) => (Some(given.clone()), true),
            None => (
                std::env::var_os(VARIABLE)
                    .filter(|text| !text.is_empty())
                    .map(PathBuf::from),
                false,
            ),
        };
        let given = given.unwrap_or_else(|| {
            let mut name = args.manifest.clone().into_os_string();
            name.push(".ledger.jsonl");
            name.into()
        });
        match is_address(&given).then(|| given.to_string_lossy()) {
            #[cfg(feature = "postgres")]
            Some(address) => Shared::open(&address, by_flag, &station(), args.lease)
                .await
                .map(|shared| Self::Shared(Box::new(shared))),
            #[cfg(not(feature = "postgres"))]
            Some(_) => {
                let _ = by_flag;
                Err(
                    Failure::usage("transport_not_built", "this program knows no databases")
                        .with_cause("it was built without the feature postgres")
                        .with_help("install it with cargo install espprov-cli, or name a file"),
                )
            }
            None => {
                let ledger = Ledger::open(&given, &station()).map_err(|error| explain(&given, &error))?;
                Ok(Self::File {
                    ledger: RefCell::new(ledger),
                    path: given,
                })
            }
        }
    }

    /// What is known of these devices, in their order.
    pub(super) async fn states(&self, jobs: &[Job]) -> Result<Vec<State>, Failure> {
        match self {
            Self::File { ledger, .. } => {
                let ledger = ledger.borrow();
                Ok(jobs.iter().map(|job| ledger.state(&job.key)).collect())
            }
            #[cfg(feature = "postgres")]
            Self::Shared(shared) => shared.states(jobs).await,
        }
    }

    /// Takes a device. It must not be touched before.
    pub(super) async fn take(&self, job: &Job) -> Result<Take, Failure> {
        match self {
            Self::File { ledger, path } => {
                let written = ledger.borrow_mut().attempt(&job.key, &job.shown);
                written.map_err(|error| explain(path, &error))?;
                Ok(Take::Yours {
                    hold: Hold::Whole,
                    look_first: job.look_first,
                })
            }
            #[cfg(feature = "postgres")]
            Self::Shared(shared) => shared.take(job).await,
        }
    }

    /// Ends when the device must not be touched any more.
    #[cfg(feature = "postgres")]
    pub(super) async fn keep(&self, hold: &Hold) -> Lost {
        match (self, hold) {
            (Self::Shared(shared), Hold::Leased(lease)) => shared.keep(lease).await,
            _ => core::future::pending().await,
        }
    }

    /// Writes down what came of it. `false`: it is another station's by now.
    pub(super) async fn finish(&self, hold: &Hold, job: &Job, end: &End) -> Result<bool, Failure> {
        match (self, hold) {
            #[cfg(feature = "postgres")]
            (Self::Shared(shared), Hold::Leased(lease)) => shared.finish(lease, end).await,
            (Self::File { ledger, path }, _) => {
                let written = ledger.borrow_mut().result(&job.key, &job.shown, end);
                written.map_err(|error| explain(path, &error))?;
                Ok(true)
            }
            #[cfg(feature = "postgres")]
            (Self::Shared(_), Hold::Whole) => Ok(false),
        }
    }

    /// The run ends before its devices do.
    pub(super) async fn let_go(&self) {
        #[cfg(feature = "postgres")]
        if let Self::Shared(shared) = self {
            shared.let_go().await;
        }
    }

    /// The database cannot be reached just now.
    pub(super) fn is_away(&self) -> bool {
        match self {
            Self::File { .. } => false,
            #[cfg(feature = "postgres")]
            Self::Shared(shared) => shared.is_away(),
        }
    }

    /// For people: where to read what became of each.
    pub(super) fn place(&self) -> String {
        match self {
            Self::File { path, .. } => path.display().to_string(),
            #[cfg(feature = "postgres")]
            Self::Shared(shared) => shared.place(),
        }
    }
}

/// An address, of whatever: one that is none of a ledger is no file either, and is not repeated, as there may be a password in it.
fn is_address(given: &Path) -> bool {
    given.to_string_lossy().contains("://")
}

/// Which computer this is, for people who read ledgers.
fn station() -> String {
    let name = std::env::var("HOSTNAME").or_else(|_| std::env::var("COMPUTERNAME"));
    let name = name
        .ok()
        .or_else(|| std::fs::read_to_string("/etc/hostname").ok());
    let name = name.unwrap_or_default();
    match name.trim() {
        "" => "this-computer".to_owned(),
        name => name.chars().take(64).collect(),
    }
}

fn explain(path: &Path, error: &LedgerError) -> Failure {
    let path = path.display();
    match error {
        LedgerError::Io(error) => Failure::new(
            Class::Unexpected,
            "ledger",
            format!(
                "the ledger {path} cannot be written: {}",
                espprov::explain::io::os_reason(error)
            ),
        )
        .with_cause("without it nobody would know which devices are done, so no other device was begun")
        .with_help("make room on the disk or name another --ledger, then run again: what is done is skipped"),
        LedgerError::InUse => {
            Failure::usage("ledger_in_use", format!("another run has the ledger {path} open"))
                .with_cause("two runs on one ledger would provision the same devices")
                .with_help(
                    "wait for the other run to end, or end it; several stations share a ledger in a database",
                )
        }
        _ => Failure::usage("not_a_ledger", format!("{path}: {error}"))
            .with_cause("the file is something else, or was changed by hand")
            .with_help("name another --ledger; the file was left as it was"),
    }
}
