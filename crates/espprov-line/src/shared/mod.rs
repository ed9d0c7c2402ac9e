//! One ledger for several stations: a table in a PostgreSQL database.
//!
//! Each device has one row. A station takes a device for a while, by a lease that it renews as long as it works on it; the
//! database's clock alone says when a lease is over. A station that dies loses what it had, and the next one looks at the device first.
//! Nobody but the holder of the lease can write what came of a device, and a device that is done is never taken again: there is one
//! `ok` each, whatever becomes of stations, network and database.
//!
//! | what happens | what becomes of it |
//! |---|---|
//! | two stations want a device at once | one has it, the other one takes the next |
//! | a station dies | its lease ends, another one looks at the device first |
//! | the database is away for less than half a lease | devices under way go on; the next question is asked until it is back |
//! | it is away for up to a lease | a device whose lease was last renewed five sixths of it ago is left, and looked at first when the database is back |
//! | it is away for longer | what is under way is left in time, and no other device begun |
//! | an answer is lost | the question is asked again: each can be, without harm |
//!
//! ```no_run
//! use core::time::Duration;
//! use espprov_line::ledger::End;
//! use espprov_line::shared::{Address, SharedLedger, Taken};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let address = Address::parse("postgres://line@db.example/line")?; // the password is in ~/.pgpass
//! let ledger = SharedLedger::open(address, "station-1", Duration::from_secs(60)).await?;
//! if let Taken::Yours { lease, look_first, .. } = ledger.take("PROV_1", "ble:PROV_1", false).await? {
//!     tokio::select! {
//!         () = async { /* the device, looked at first if that is so */ } => {
//!             ledger.finish(&lease, &End::ok("connected", None, 1200)).await?;
//!         }
//!         lost = ledger.keep(&lease) => println!("hands off: {lost}"),
//!     }
//! }
//! # Ok(()) }
//! ```

mod address;
mod connection;
mod error;
mod moment;
mod password;
mod table;

pub use address::{Address, AddressError};
pub use error::SharedError;

use crate::ledger::{End, State};
use connection::Link;
use core::fmt;
use core::ops::RangeInclusive;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use moment::Moment;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

/// How long leases may be: renewed in time even where a computer is busy, and a station that dies is missed within a shift.
pub const LEASES: RangeInclusive<Duration> = Duration::from_secs(3)..=Duration::from_secs(3600);

/// A question takes so long at most, and no more than a third of a lease: then the connection is given up.
const ANSWER: Duration = Duration::from_secs(10);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(500);
/// How often is looked whether the computer has slept.
const LOOK: Duration = Duration::from_secs(1);

/// A ledger in a database.
pub struct SharedLedger {
    address: Address,
    station: String,
    /// How long a lease is.
    lease: Duration,
    /// This run's name, which its leases begin with.
    run: String,
    /// When it began, by the database's clock, in microseconds.
    began: i64,
    leases: AtomicU64,
    link: Mutex<Option<Arc<Link>>>,
    away: AtomicBool,
}

/// A device is this run's, as long as [`SharedLedger::keep`] says nothing.
#[derive(Debug)]
pub struct Lease {
    key: String,
    token: String,
    /// Before it was asked for: the database counts from later on.
    since: Moment,
}

/// What became of the wish for a device.
#[derive(Debug)]
#[non_exhaustive]
pub enum Taken {
    /// It may be touched now.
    #[non_exhaustive]
    Yours {
        /// For so long.
        lease: Lease,
        /// What became of an earlier attempt is not known.
        look_first: bool,
    },
    /// It is done.
    Done,
    /// It failed, with this outcome, and failed ones were not asked for.
    Failed(String),
    /// Another station has it.
    #[non_exhaustive]
    Elsewhere {
        /// Its name.
        station: String,
    },
}

/// Why a device must not be touched any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lost {
    /// Another station has it: this one was not heard of in time.
    Taken,
    /// The database is away or this computer slept, and the lease is over or nearly so.
    Away,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Taken => "another station has taken it over",
            Self::Away => "its lease could not be renewed",
        })
    }
}

impl fmt::Debug for SharedLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.address.to_string();
        f.debug_struct("SharedLedger")
            .field("address", &address)
            .finish_non_exhaustive()
    }
}

impl SharedLedger {
    /// Opens the ledger, and makes its table in a database that has none. A database that is away is told at once. The lease is one of
    /// [`LEASES`].
    ///
    /// # Errors
    /// [`SharedError`].
    pub async fn open(address: Address, station: &str, lease: Duration) -> Result<Self, SharedError> {
        if !LEASES.contains(&lease) {
            return Err(SharedError::Lease);
        }
        let mut ledger = Self::closed(address, station, lease);
        // Nobody waits for a lease yet.
        let row = ledger
            .once_within(ANSWER, async |client| {
                table::prepare(client).await?;
                Ok(client.query_typed_one(table::RUN, &[]).await?)
            })
            .await?;
        (ledger.run, ledger.began) = (row.try_get(0)?, row.try_get(1)?);
        Ok(ledger)
    }

    /// Before anything was asked.
    fn closed(address: Address, station: &str, lease: Duration) -> Self {
        Self {
            address,
            station: station.to_owned(),
            lease,
            run: String::new(),
            began: i64::MIN,
            leases: AtomicU64::new(0),
            link: Mutex::new(None),
            away: AtomicBool::new(false),
        }
    }

    /// The address, as people may see it.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// The database cannot be reached just now, and is asked again and again.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.away.load(Ordering::Relaxed)
    }

    /// What is known of these devices; none of those that were never tried.
    ///
    /// # Errors
    /// [`SharedError`].
    pub async fn states(&self, keys: &[&str]) -> Result<HashMap<String, State>, SharedError> {
        let rows: Vec<Row> = self
            .ask(async |client| {
                Ok(client
                    .query_typed(table::STATES, &[(&keys, Type::TEXT_ARRAY)])
                    .await?)
            })
            .await?;
        let mut states = HashMap::new();
        for row in rows {
            let state = state(row.try_get(1)?, row.try_get(2)?)?;
            states.insert(row.try_get(0)?, state);
        }
        Ok(states)
    }

    /// Takes a device, if it is to be had. It must not be touched before this has said so. With `retry_failed`, one that had failed
    /// before this run began is.
    ///
    /// # Errors
    /// [`SharedError`]: nothing may be done to the device.
    pub async fn take(&self, key: &str, target: &str, retry_failed: bool) -> Result<Taken, SharedError> {
        let number = self.leases.fetch_add(1, Ordering::Relaxed);
        let token = format!("{}-{number}", self.run);
        let (station, ms) = (self.station.as_str(), self.lease_ms());
        let before = retry_failed.then_some(self.began);
        self.ask(async |client| {
            let since = Moment::now();
            let values: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 6] = [
                (&key, Type::TEXT),
                (&target, Type::TEXT),
                (&station, Type::TEXT),
                (&token, Type::TEXT),
                (&ms, Type::INT8),
                (&before, Type::INT8),
            ];
            if let Some(row) = client.query_typed_opt(table::TAKE, &values).await? {
                let (key, token) = (key.to_owned(), token.clone());
                return Ok(Taken::Yours {
                    lease: Lease { key, token, since },
                    look_first: row.try_get(0)?,
                });
            }
            let row = client
                .query_typed_opt(table::HOLDER, &[(&key, Type::TEXT)])
                .await?;
            // Somebody has taken the row away just now.
            let row = row.ok_or(SharedError::Answer)?;
            Ok(match state(row.try_get(0)?, row.try_get(1)?)? {
                State::Done => Taken::Done,
                State::Failed(outcome) => Taken::Failed(outcome),
                _ => Taken::Elsewhere {
                    station: row.try_get(2)?,
                },
            })
        })
        .await
    }

    /// Renews a lease again and again. Ends when it is lost: then the device must not be touched any more. Can be dropped at any time.
    ///
    /// A computer that slept past the lease has lost it. A clock that is set forward by as much looks the same.
    pub async fn keep(&self, lease: &Lease) -> Lost {
        let (step, over) = (self.lease / 3, self.lease - self.lease / 6);
        let mut since = lease.since;
        loop {
            while let Some(left) = step.checked_sub(since.elapsed()).filter(|left| !left.is_zero()) {
                sleep(left.min(LOOK)).await;
            }
            since = loop {
                let asked = Moment::now();
                let left = over.saturating_sub(since.elapsed());
                if left.is_zero() {
                    return Lost::Away;
                }
                match timeout(left, self.once(async |client| self.renew(client, lease).await)).await {
                    Ok(Ok(true)) => break asked,
                    Ok(Ok(false)) => return Lost::Taken,
                    Ok(Err(_)) if since.elapsed() + PAUSE < over => sleep(PAUSE).await,
                    _ => return Lost::Away,
                }
            };
        }
    }

    async fn renew(&self, client: &Client, lease: &Lease) -> Result<bool, SharedError> {
        let ms = self.lease_ms();
        let values: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 3] = [
            (&lease.key, Type::TEXT),
            (&lease.token, Type::TEXT),
            (&ms, Type::INT8),
        ];
        Ok(client.execute_typed(table::RENEW, &values).await? == 1)
    }

    /// Writes down what came of a device. `false`: another station has taken it over, and will write down what it finds.
    ///
    /// # Errors
    /// [`SharedError`]: the device is looked at by whoever takes it next.
    pub async fn finish(&self, lease: &Lease, end: &End) -> Result<bool, SharedError> {
        let state = if end.ok { "ok" } else { "failed" };
        let ip = end.ip.map(|ip| ip.to_string());
        let ms = i64::try_from(end.ms).unwrap_or(i64::MAX);
        self.ask(async |client| {
            let values: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 7] = [
                (&lease.key, Type::TEXT),
                (&lease.token, Type::TEXT),
                (&state, Type::TEXT),
                (&end.outcome, Type::TEXT),
                (&ip, Type::TEXT),
                (&end.error, Type::TEXT),
                (&ms, Type::INT8),
            ];
            Ok(client.execute_typed(table::FINISH, &values).await? == 1)
        })
        .await
    }

    /// Gives devices back whose ends are not known, all of them by one question: whoever wants them next need not wait, and looks at
    /// them first.
    ///
    /// # Errors
    /// [`SharedError`]: then their leases end by themselves.
    pub async fn give_back(&self, leases: &[&Lease]) -> Result<(), SharedError> {
        let keys: Vec<&str> = leases.iter().map(|lease| lease.key.as_str()).collect();
        // No two leases have the same one.
        let tokens: Vec<&str> = leases.iter().map(|lease| lease.token.as_str()).collect();
        let values: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
            [(&keys, Type::TEXT_ARRAY), (&tokens, Type::TEXT_ARRAY)];
        self.once(async |client| Ok(client.execute_typed(table::GIVE_BACK, &values).await?))
            .await
            .map(|_| ())
    }

    fn lease_ms(&self) -> i64 {
        i64::try_from(self.lease.as_millis()).unwrap_or(i64::MAX)
    }

    /// Asks until there is an answer, the database refuses, or a lease has passed.
    async fn ask<T>(
        &self,
        question: impl AsyncFn(&Client) -> Result<T, SharedError>,
    ) -> Result<T, SharedError> {
        let until = Instant::now() + self.lease;
        loop {
            match self.once(&question).await {
                Err(error) if error.is_passing() && Instant::now() + PAUSE < until => sleep(PAUSE).await,
                ended => return ended,
            }
        }
    }

    /// Asks once, over a new connection where there is none.
    async fn once<T>(
        &self,
        question: impl AsyncFn(&Client) -> Result<T, SharedError>,
    ) -> Result<T, SharedError> {
        self.once_within(ANSWER.min(self.lease / 3), question).await
    }

    async fn once_within<T>(
        &self,
        limit: Duration,
        question: impl AsyncFn(&Client) -> Result<T, SharedError>,
    ) -> Result<T, SharedError> {
        let mut used = None;
        let asking = async {
            let link = self.link().await?;
            question(&used.insert(link).client).await
        };
        let late = || Err(SharedError::Away(format!("no answer in {limit:.0?}")));
        let answer = timeout(limit, asking).await.unwrap_or_else(|_| late());
        let is_away = answer.as_ref().is_err_and(SharedError::is_passing);
        self.away.store(is_away, Ordering::Relaxed);
        if is_away {
            // Others may have a new one by now.
            let mut link = self.link.lock().await;
            if let (Some(now), Some(used)) = (&*link, &used)
                && Arc::ptr_eq(now, used)
            {
                *link = None;
            }
        }
        answer
    }

    async fn link(&self) -> Result<Arc<Link>, SharedError> {
        let mut link = self.link.lock().await;
        if let Some(open) = &*link
            && !open.client.is_closed()
        {
            return Ok(Arc::clone(open));
        }
        let made = connection::connect(&self.address).await?;
        made.client.batch_execute(table::BEGIN).await?;
        Ok(Arc::clone(link.insert(Arc::new(made))))
    }
}

fn state(state: &str, outcome: Option<String>) -> Result<State, SharedError> {
    match state {
        "ok" => Ok(State::Done),
        "failed" => Ok(State::Failed(outcome.unwrap_or_default())),
        "taken" => Ok(State::Unknown),
        _ => Err(SharedError::Answer),
    }
}

#[cfg(test)]
mod tests;
