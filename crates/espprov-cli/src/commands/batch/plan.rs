//! What a batch is about: the manifest and the options together, judged before anything is sent.

use super::super::Context;
use crate::args::BatchArgs;
use crate::errors::{CALLER, Failure};
use crate::output::clean;
use crate::pictures;
use crate::secret_input::{self, SecretBytes};
use crate::signals::unblock;
use core::time::Duration;
use espprov::{Credentials, Parsed, SecurityChoice};
use espprov_core::WifiConfig;
use espprov_line::manifest::{Column, Manifest, Mistake, Row, Syntax};
use espprov_types::{SecurityScheme, ThreadDataset};
use zeroize::Zeroizing;

/// Mistakes that are told in one go; the others are counted.
const TOLD: usize = 50;

/// One device and what it is to be given. No `Debug`: secrets.
pub(super) struct Job {
    /// Its number in the manifest, from 1.
    pub(super) row: usize,
    pub(super) key: String,
    /// Its target, as ledger and reports show it.
    pub(super) shown: String,
    /// Target or payload, as the front door takes it.
    pub(super) aim: Zeroizing<String>,
    pub(super) credentials: Credentials,
    pub(super) security: SecurityChoice,
    pub(super) network: Network,
    /// What became of an earlier attempt is not known.
    pub(super) look_first: bool,
    /// It is tried though it has failed: the ledger decides, when its turn comes.
    #[cfg(feature = "postgres")]
    pub(super) retry_failed: bool,
    /// How often another station had it when its turn came.
    #[cfg(feature = "postgres")]
    pub(super) elsewhere: u32,
}

/// What a device is to join.
pub(super) enum Network {
    Wifi { ssid: String, passphrase: SecretBytes },
    Thread(Box<ThreadDataset>),
}

/// What holds for every device.
pub(super) struct Options {
    pub(super) deadline: Duration,
    pub(super) plaintext: bool,
    /// The workers take them in turn.
    #[cfg(feature = "ble")]
    pub(super) adapters: Vec<String>,
    #[cfg(feature = "ble")]
    pub(super) services: Vec<espprov_btleplug::Uuid>,
}

/// What a row may leave out.
struct Defaults {
    credentials: Credentials,
    security: SecurityChoice,
    ssid: Option<String>,
    passphrase: Option<SecretBytes>,
    dataset: Option<SecretBytes>,
}

pub(super) async fn gather(context: &Context, args: &BatchArgs) -> Result<(Vec<Job>, Options), Failure> {
    let defaults = defaults(context, args).await?;
    let (path, syntax) = (
        args.manifest.clone(),
        Syntax::of(&args.manifest.to_string_lossy()),
    );
    let bytes = unblock(move || pictures::read(&path)).await?;
    let manifest = Manifest::parse(&bytes, syntax).map_err(|mistakes| refused(context, args, &mistakes))?;
    let mut jobs = Vec::with_capacity(manifest.rows.len());
    let mut mistakes = Vec::new();
    for (index, row) in manifest.rows.iter().enumerate() {
        match job(index + 1, row, &defaults).await {
            Ok(job) => jobs.push(job),
            Err(Wrong::Here(mistake)) => mistakes.push(mistake),
            Err(Wrong::Everything(failure)) => return Err(failure),
        }
    }
    if !mistakes.is_empty() {
        return Err(refused(context, args, &mistakes));
    }
    let options = Options {
        deadline: args.deadline,
        plaintext: args.allow_plaintext,
        #[cfg(feature = "ble")]
        adapters: context
            .global
            .adapter
            .iter()
            .flat_map(|names| names.split(','))
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
            .collect(),
        #[cfg(feature = "ble")]
        services: context.global.service.clone(),
    };
    Ok((jobs, options))
}

async fn defaults(context: &Context, args: &BatchArgs) -> Result<Defaults, Failure> {
    let stdin = &context.stdin;
    Ok(Defaults {
        credentials: secret_input::credentials(&args.credentials, stdin).await?,
        security: args.security.choice(),
        ssid: args.ssid.clone(),
        passphrase: secret_input::passphrase(args.passphrase.as_deref(), args.open, stdin).await?,
        dataset: stdin.value(args.dataset.as_deref(), "--dataset").await?,
    })
}

/// Why there is no job.
enum Wrong {
    Here(Mistake),
    /// A signal came.
    Everything(Failure),
}

async fn job(number: usize, row: &Row, defaults: &Defaults) -> Result<Job, Wrong> {
    let column = if row.target.is_some() {
        Column::Target
    } else {
        Column::Payload
    };
    let wrong = |failure: &Failure| Wrong::Here(Mistake::new(row.place(column), failure.message()));
    let aim = match pictures::resolved(row.aim()).await {
        Ok(aim) => aim,
        Err(failure) if failure.code() == "interrupted" => return Err(Wrong::Everything(failure)),
        Err(failure) => return Err(wrong(&failure)),
    };
    Parsed::parse(&aim, CALLER).map_err(|failure| wrong(&failure))?;
    let mut credentials = Credentials::default();
    let bytes =
        |text: &Option<Zeroizing<String>>| text.as_ref().map(|text| Zeroizing::new(text.as_bytes().to_vec()));
    credentials.pop = bytes(&row.pop);
    credentials.password = bytes(&row.password);
    if !credentials.has_proof() {
        credentials.pop.clone_from(&defaults.credentials.pop);
        credentials.password.clone_from(&defaults.credentials.password);
    }
    credentials.username = row
        .username
        .as_ref()
        .map(|name| Zeroizing::new(name.as_bytes().to_vec()))
        .or_else(|| defaults.credentials.username.clone());
    for (value, column) in [
        (&credentials.pop, Column::Pop),
        (&credentials.password, Column::Password),
        (&credentials.username, Column::Username),
    ] {
        secret_input::check_length(value.as_deref().map(Vec::as_slice), column.name())
            .map_err(|failure| Wrong::Here(Mistake::new(row.place(column), failure.message())))?;
    }
    Ok(Job {
        row: number,
        key: row.key().to_owned(),
        shown: row.shown().to_owned(),
        aim,
        credentials,
        security: row.security.map_or(defaults.security, |number| {
            SecurityChoice::Exactly(SecurityScheme::from_number(number))
        }),
        network: network(row, defaults).map_err(Wrong::Here)?,
        look_first: false,
        #[cfg(feature = "postgres")]
        retry_failed: false,
        #[cfg(feature = "postgres")]
        elsewhere: 0,
    })
}

fn network(row: &Row, defaults: &Defaults) -> Result<Network, Mistake> {
    let missing = |column: Column, what: &str| Err(Mistake::new(row.place(column), what));
    // A row that names a network of one kind takes nothing of the other from the options.
    let dataset = match (&row.dataset, &row.ssid) {
        (Some(dataset), _) => Some(dataset.clone()),
        (None, None) => match &defaults.dataset {
            Some(dataset) => match core::str::from_utf8(dataset) {
                Ok(text) => Some(Zeroizing::new(text.to_owned())),
                Err(_) => return missing(Column::Dataset, "--dataset is not text"),
            },
            None => None,
        },
        (None, Some(_)) => None,
    };
    if let Some(dataset) = dataset {
        return match ThreadDataset::parse(&dataset) {
            Ok(dataset) => Ok(Network::Thread(Box::new(dataset))),
            Err(error) => missing(Column::Dataset, &format!("dataset: {error}")),
        };
    }
    let Some(ssid) = row.ssid.clone().or_else(|| defaults.ssid.clone()) else {
        return missing(
            Column::Ssid,
            "no network: give the column ssid or dataset, or --ssid or --dataset",
        );
    };
    let own = row
        .passphrase
        .as_ref()
        .map(|text| Zeroizing::new(text.as_bytes().to_vec()));
    let Some(passphrase) = own.or_else(|| defaults.passphrase.clone()) else {
        return missing(
            Column::Passphrase,
            "no passphrase: give the column passphrase, --passphrase, or --open for an open network",
        );
    };
    match WifiConfig::new(ssid.as_bytes(), &passphrase) {
        Ok(_) => Ok(Network::Wifi { ssid, passphrase }),
        Err(error) => missing(Column::Passphrase, &error.to_string()),
    }
}

/// A manifest with mistakes: all of them are told, and nothing is sent.
fn refused(context: &Context, args: &BatchArgs, mistakes: &[Mistake]) -> Failure {
    let file = args.manifest.display();
    let mut told: Vec<String> = mistakes
        .iter()
        .take(TOLD)
        .map(|mistake| clean(&mistake.to_string()))
        .collect();
    if mistakes.len() > TOLD {
        told.push(format!("and {} more", mistakes.len() - TOLD));
    }
    let count = match mistakes.len() {
        1 => "a mistake".to_owned(),
        many => format!("{many} mistakes"),
    };
    let failure = Failure::usage(
        "invalid_manifest",
        format!("{file} has {count}; nothing was sent"),
    )
    .with_help("correct the manifest, then run again");
    if context.out.is_json() || mistakes.len() == 1 {
        return failure.with_cause(told.join("; "));
    }
    for mistake in told {
        context.out.remark(&format!("{file}: {mistake}"));
    }
    failure.with_cause("each is named above by line and column")
}
