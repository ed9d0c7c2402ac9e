//! The ledger of several stations, in the words of the command.

use super::ledger::{Hold, Take};
use super::plan::Job;
use crate::errors::{Class, Failure};
use crate::output::clean;
use core::cell::RefCell;
use core::time::Duration;
use espprov_line::ledger::{End, State};
pub(super) use espprov_line::shared::Lost;
use espprov_line::shared::{self, Address, AddressError, SharedError, SharedLedger, Taken};
use std::collections::HashMap;
use std::rc::Rc;

/// How long giving devices back may take: a run that was interrupted ends within three seconds.
const PARTING: Duration = Duration::from_secs(1);

/// A device that is this station's for a while.
pub(super) type Lease = Rc<shared::Lease>;

/// The ledger, and what this run has of it.
pub(super) struct Shared {
    ledger: SharedLedger,
    /// By the device's key.
    held: RefCell<HashMap<String, Lease>>,
}

impl Shared {
    pub(super) async fn open(
        text: &str,
        by_flag: bool,
        station: &str,
        lease: Duration,
    ) -> Result<Self, Failure> {
        let address = Address::parse(text).map_err(wrong)?;
        if by_flag && address.has_password_in_it() {
            return Err(Failure::usage(
                "password_in_arguments",
                "the address of the ledger has a password in it",
            )
            .with_cause("everybody on this computer can read the arguments of a program while it runs")
            .with_help(
                "leave it out there, and give it by PGPASSWORD, by ~/.pgpass, or the whole address by ESPPROV_LEDGER; change it, if others use this computer",
            ));
        }
        let shown = address.to_string();
        let ledger = SharedLedger::open(address, station, lease).await;
        Ok(Self {
            ledger: ledger.map_err(|error| explain(&shown, &error))?,
            held: RefCell::default(),
        })
    }

    pub(super) async fn states(&self, jobs: &[Job]) -> Result<Vec<State>, Failure> {
        let keys: Vec<&str> = jobs.iter().map(|job| job.key.as_str()).collect();
        let mut states = self
            .ledger
            .states(&keys)
            .await
            .map_err(|error| self.explain(&error))?;
        // What another station has may be done when its turn comes.
        Ok(keys
            .iter()
            .map(|key| states.remove(*key).unwrap_or(State::New))
            .collect())
    }

    pub(super) async fn take(&self, job: &Job) -> Result<Take, Failure> {
        let taken = self.ledger.take(&job.key, &job.shown, job.retry_failed).await;
        Ok(match taken.map_err(|error| self.explain(&error))? {
            Taken::Yours {
                lease, look_first, ..
            } => {
                let lease = Rc::new(lease);
                self.held.borrow_mut().insert(job.key.clone(), Rc::clone(&lease));
                Take::Yours {
                    hold: Hold::Leased(lease),
                    look_first,
                }
            }
            Taken::Done => Take::Ended(State::Done),
            Taken::Failed(outcome) => Take::Ended(State::Failed(outcome)),
            Taken::Elsewhere { station, .. } => Take::Elsewhere { station },
            _ => return Err(self.explain(&SharedError::Answer)),
        })
    }

    pub(super) async fn keep(&self, lease: &Lease) -> Lost {
        let lost = self.ledger.keep(lease).await;
        self.held.borrow_mut().retain(|_, held| !Rc::ptr_eq(held, lease));
        lost
    }

    pub(super) async fn finish(&self, lease: &Lease, end: &End) -> Result<bool, Failure> {
        let written = self.ledger.finish(lease, end).await;
        self.held.borrow_mut().retain(|_, held| !Rc::ptr_eq(held, lease));
        written.map_err(|error| self.explain(&error))
    }

    /// Gives back what this run has.
    pub(super) async fn let_go(&self) {
        let held = core::mem::take(&mut *self.held.borrow_mut());
        if held.is_empty() {
            return;
        }
        let leases: Vec<&shared::Lease> = held.values().map(Rc::as_ref).collect();
        // What is not given back ends by itself.
        let _ = tokio::time::timeout(PARTING, self.ledger.give_back(&leases)).await;
    }

    pub(super) fn is_away(&self) -> bool {
        self.ledger.is_away()
    }

    pub(super) fn place(&self) -> String {
        format!(
            "the table espprov_ledger in {}",
            clean(&self.ledger.address().to_string())
        )
    }

    fn explain(&self, error: &SharedError) -> Failure {
        explain(&self.ledger.address().to_string(), error)
    }
}

/// An address that is none.
fn wrong(error: AddressError) -> Failure {
    let failure = Failure::usage("invalid_ledger", error.to_string());
    match error {
        AddressError::Downgrade | AddressError::SslMode => failure
            .with_cause("what is sent to the database is either enciphered or not; nobody else decides that")
            .with_help(
                "say sslmode=verify-full, with sslrootcert=FILE for a root of your own, or sslmode=disable",
            ),
        AddressError::PasswordFileOpen => failure
            .with_cause("a password that others can read is none")
            .with_help("chmod 600 ~/.pgpass, or what PGPASSFILE names"),
        AddressError::PasswordFile => failure
            .with_cause("it is not there, not for this user to read, or no text")
            .with_help("correct PGPASSFILE, or make the file readable for its owner"),
        AddressError::OwnPasswordFile => failure
            .with_cause("~/.pgpass (on Windows postgresql\\pgpass.conf in %APPDATA%) cannot be read, or is no text in UTF-8")
            .with_help("make it readable for its owner, or take it away and give the password by PGPASSWORD"),
        _ => failure
            .with_cause("it is not repeated here: there may be a password in it")
            .with_help("give postgres://USER@HOST/DATABASE, and the password by PGPASSWORD or ~/.pgpass"),
    }
}

fn explain(address: &str, error: &SharedError) -> Failure {
    let address = clean(address);
    let failure = |class, code, what: &str| Failure::new(class, code, format!("{address}: {what}"));
    let said = clean(&error.to_string());
    match error {
        SharedError::Away(_) => failure(Class::Unexpected, "ledger", &said)
            .with_cause("without the ledger nobody would know which devices are done, so no other device was begun")
            .with_help("bring the database back, then run again: what is done is skipped, and what was under way is looked at first"),
        SharedError::NoPassword => failure(Class::Usage, "ledger_password", &said)
            .with_cause("there is none in PGPASSWORD, and no line for this database in ~/.pgpass")
            .with_help("write HOST:PORT:DATABASE:USER:PASSWORD into ~/.pgpass, and chmod 600 it"),
        SharedError::Tls(_) | SharedError::Roots => failure(Class::Usage, "ledger_tls", &said)
            .with_cause("somebody else could stand between this computer and the database; nothing was sent")
            .with_help("name the root of the server's certificate by sslrootcert=FILE, and the server as it is called there; where the network is trusted, sslmode=disable"),
        SharedError::RootsFile { .. } => failure(Class::Usage, "ledger_tls", &said)
            .with_cause("sslrootcert or PGSSLROOTCERT names it; nothing was sent")
            .with_help("correct the path, or make the file readable for this user"),
        SharedError::Lease => Failure::usage("usage", said)
            .with_cause("a lease is renewed every third of its time")
            .with_help("give --lease a time from 3s to 60m"),
        SharedError::OtherVersion(_) => failure(Class::Usage, "ledger_version", &said)
            .with_cause("another version of this program made it")
            .with_help("run the same version on all stations"),
        SharedError::NotALedger => failure(Class::Usage, "not_a_ledger", &said)
            .with_cause("another program made it, or it was changed by hand")
            .with_help("name another database, or another schema by options=-c%20search_path%3DNAME"),
        SharedError::Refused { code, .. } => {
            let (code, cause, help) = match code.as_str() {
                "28P01" | "28000" => (
                    "ledger_password",
                    "the password is wrong, or this user may not come from here (pg_hba.conf)",
                    "correct PGPASSWORD or ~/.pgpass, or ask who keeps the database",
                ),
                "3D000" => ("ledger_missing", "there is no such database", "createdb makes one; the table is made by the first run"),
                "3F000" => (
                    "ledger_missing",
                    "there is no such schema in the search_path",
                    "CREATE SCHEMA makes one; the table is made by the first run",
                ),
                "42501" => (
                    "ledger_rights",
                    "the user may not use the table, or may not make it",
                    "have the table made by who may, and GRANT SELECT, INSERT, UPDATE ON espprov_ledger",
                ),
                "53100" => ("ledger", "the disk of the database is full; no other device was begun", "make room there, then run again"),
                _ => ("ledger", "no other device was begun", "ask who keeps the database, then run again: what is done is skipped"),
            };
            let class = if code == "ledger" { Class::Unexpected } else { Class::Usage };
            failure(class, code, &said).with_cause(cause).with_help(help)
        }
        _ => failure(Class::Unexpected, "ledger", &said)
            .with_cause("what answers there may be no PostgreSQL")
            .with_help("check the address, then run again"),
    }
}
