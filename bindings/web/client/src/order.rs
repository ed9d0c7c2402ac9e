//! The calls: each owns what it was given, and says in JSON what came of it.
//!
//! They are written as one future over the engine, because a future may keep a call and what that borrows side by side. Nobody polls it
//! but [`crate::client`], and only once what it waits for is there.

use crate::entropy::WebCrypto;
use crate::events::Events;
use crate::fault::Fault;
use crate::json::Json;
use crate::values;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::task::Poll;
use core::time::Duration;
use espprov::text::shown;
use espprov::{Error, Place, explain};
use espprov_core::auth::Auto;
use espprov_core::call::{
    Ask, Call, Connect, Info, IntoResult, ProvisionThread, ProvisionWifi, ScanThread, ScanWifi, SendData,
    SendRaw,
};
use espprov_core::request::{Control, ControlAction, GetThreadStatus, GetWifiStatus};
use espprov_core::{Engine, Input, Misuse, Outcome, ProvisionError, ScanOptions, Step, WifiConfig};
use espprov_transport::{Endpoint, Limits, SessionIntent};
use espprov_types::ThreadDataset;
use zeroize::Zeroizing;

pub(crate) type Bytes = Zeroizing<Vec<u8>>;

/// What the engine wants done on the link.
pub(crate) enum Wanted {
    Exchange {
        endpoint: String,
        len: usize,
        until: Duration,
    },
    Reconnect {
        fresh: bool,
        until: Duration,
    },
    Wait {
        until: Duration,
    },
    Busy,
}

/// What the calls and the client share.
pub(crate) struct Desk {
    pub(crate) engine: RefCell<Engine<Auto, WebCrypto, Vec<u8>, Events>>,
    pub(crate) place: Place,
    pub(crate) limits: Cell<Limits>,
    pub(crate) now: Cell<Duration>,
    /// For JavaScript to do.
    pub(crate) wanted: RefCell<Option<Wanted>>,
    /// What came of it.
    pub(crate) told: RefCell<Option<Input<Fault>>>,
    /// Answers of the application's endpoints, all of them.
    pub(crate) answer: RefCell<Vec<u8>>,
}

/// What JavaScript asks for.
pub(crate) enum Order {
    Info,
    Authenticate,
    Scan,
    ScanThread,
    Provision {
        ssid: Bytes,
        passphrase: Bytes,
    },
    ProvisionThread {
        dataset: Bytes,
    },
    Status,
    ThreadStatus,
    Control(ControlAction),
    Send {
        endpoint: String,
        data: Bytes,
        chunk: Option<usize>,
    },
    SendRaw {
        endpoint: String,
        data: Bytes,
    },
}

/// Carries it out; its result is the members of a JSON object, or an array.
pub(crate) async fn carry_out(desk: Rc<Desk>, order: Order) -> Result<String, Error> {
    let desk = &*desk;
    let caller = desk.place.caller;
    let mut json = Json::new();
    match order {
        Order::Info => {
            desk.drive(&mut Info::new()).await?;
            desk.with_info(|info| {
                json.object(|json| values::info(json, info));
            })?;
        }
        Order::Authenticate => {
            desk.drive(&mut Connect::new()).await?;
            let security = desk.engine.borrow().security();
            json.object(|json| {
                json.maybe("security", security.and_then(espprov::SessionSecurity::number));
            });
        }
        Order::Scan => {
            desk.wifi_only().await?;
            let mut scan = ScanWifi::new(&ScanOptions::default());
            desk.drive(&mut scan).await?;
            let found = desk.result(scan.take_result())?;
            json.array(|json| {
                for network in &found {
                    json.object(|json| values::access_point(json, network));
                }
            });
        }
        Order::ScanThread => {
            desk.thread_only().await?;
            let mut scan = ScanThread::new(&ScanOptions::default());
            desk.drive(&mut scan).await?;
            let found = desk.result(scan.take_result())?;
            json.array(|json| {
                for network in &found {
                    json.object(|json| values::thread_network(json, network));
                }
            });
        }
        Order::Provision { ssid, passphrase } => {
            let config =
                WifiConfig::new(&ssid, &passphrase).map_err(|error| explain::config(caller, error))?;
            desk.wifi_only().await?;
            let mut call = ProvisionWifi::new(&config);
            desk.drive(&mut call).await?;
            let outcome = match desk.result(call.take_result())? {
                Outcome::Failed(why) => return Err(explain::wifi_outcome(caller, why, &shown(&ssid))),
                outcome => outcome,
            };
            json.object(|json| match outcome {
                Outcome::Connected(on) => values::connection(json.text("outcome", "connected"), &on),
                other => {
                    json.text("outcome", word(&other)).bytes("ssid", &ssid);
                }
            });
        }
        Order::ProvisionThread { dataset } => {
            let dataset = ThreadDataset::from_bytes(&dataset).map_err(|_| {
                explain::thread_outcome(caller, espprov_types::ThreadFailure::DatasetInvalid)
                    .with_message("the Thread dataset cannot be read; nothing was sent")
            })?;
            desk.thread_only().await?;
            let mut call = ProvisionThread::new(&dataset);
            desk.drive(&mut call).await?;
            let outcome = match desk.result(call.take_result())? {
                Outcome::Failed(why) => return Err(explain::thread_outcome(caller, why)),
                outcome => outcome,
            };
            json.object(|json| match outcome {
                Outcome::Connected(on) => values::attachment(json.text("outcome", "connected"), &on),
                other => {
                    json.text("outcome", word(&other));
                }
            });
        }
        Order::Status => {
            let mut call = Ask::new(GetWifiStatus);
            desk.drive(&mut call).await?;
            let status = desk.result(call.take_result())?;
            json.object(|json| values::wifi_status(json, &status));
        }
        Order::ThreadStatus => {
            let mut call = Ask::new(GetThreadStatus);
            desk.drive(&mut call).await?;
            let status = desk.result(call.take_result())?;
            json.object(|json| values::thread_status(json, &status));
        }
        Order::Control(action) => {
            desk.drive(&mut Ask::new(Control(action))).await?;
        }
        Order::Send {
            endpoint,
            data,
            chunk,
        } => {
            let answer = |part: &[u8]| desk.answer.borrow_mut().extend_from_slice(part);
            let call = SendData::new(named(&endpoint)?, &data, chunk, answer);
            let mut call = call.map_err(|error| desk.explain(&error.into()))?;
            desk.drive(&mut call).await?;
        }
        Order::SendRaw { endpoint, data } => {
            let answer = |part: &[u8]| desk.answer.borrow_mut().extend_from_slice(part);
            let call = SendRaw::new(named(&endpoint)?, &data, answer);
            let mut call = call.map_err(|error| desk.explain(&error.into()))?;
            desk.drive(&mut call).await?;
        }
    }
    Ok(json.finish())
}

/// How it ended without the device's last word.
const fn word<C, F>(outcome: &Outcome<C, F>) -> &'static str {
    match outcome {
        Outcome::LikelyConnected => "likely_connected",
        _ => "unconfirmed",
    }
}

fn named(endpoint: &str) -> Result<Endpoint<'_>, Error> {
    Endpoint::custom(endpoint).map_err(|_| {
        Error::usage("invalid_endpoint", "there can be no endpoint of that name")
            .with_cause("names have 1 to 64 characters of A-Z a-z 0-9 _ . -, with / between their parts")
            .with_help("check the name; custom-data is the usual one")
    })
}

impl Desk {
    /// Takes a call to its end, one want after the other.
    async fn drive(&self, call: &mut dyn Call<Fault>) -> Result<(), Error> {
        let mut input = Input::Start;
        loop {
            let wanted = {
                let mut engine = self.engine.borrow_mut();
                let step = engine.step(call, input, self.now.get(), self.limits.get());
                match step.map_err(|error| self.explain(&error))? {
                    Step::Exchange { endpoint, len, until } => Wanted::Exchange {
                        endpoint: endpoint.as_str().into(),
                        len,
                        until,
                    },
                    Step::Reconnect { intent, until } => Wanted::Reconnect {
                        fresh: intent == SessionIntent::Fresh,
                        until,
                    },
                    Step::Wait { until } => Wanted::Wait { until },
                    Step::Busy => Wanted::Busy,
                    Step::Done => return Ok(()),
                }
            };
            self.wanted.replace(Some(wanted));
            input = poll_fn(|_| match self.told.take() {
                Some(told) => Poll::Ready(told),
                None => Poll::Pending,
            })
            .await;
        }
    }

    /// A device that takes no Wi-Fi is asked for none, and sent nothing secret.
    async fn wifi_only(&self) -> Result<(), Error> {
        self.drive(&mut Info::new()).await?;
        if self.with_info(espprov_types::DeviceInfo::supports_wifi)? {
            Ok(())
        } else {
            Err(explain::no_wifi(self.place.caller))
        }
    }

    /// The same the other way round.
    async fn thread_only(&self) -> Result<(), Error> {
        self.drive(&mut Info::new()).await?;
        if self.with_info(espprov_types::DeviceInfo::supports_thread)? {
            Ok(())
        } else {
            Err(explain::no_thread(self.place.caller))
        }
    }

    fn explain(&self, error: &ProvisionError<Fault>) -> Error {
        explain::provision(error, &self.place)
    }

    fn result<T>(&self, taken: Result<T, Misuse>) -> Result<T, Error> {
        taken.map_err(|misuse| self.explain(&ProvisionError::Misuse(misuse)))
    }

    fn with_info<T>(&self, f: impl FnOnce(&espprov_types::DeviceInfo) -> T) -> Result<T, Error> {
        let engine = self.engine.borrow();
        let info = engine.info().ok_or(ProvisionError::Internal);
        info.map(f).map_err(|error| self.explain(&error))
    }
}
