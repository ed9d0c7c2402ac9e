//! The calls: each owns what it was given, and says in JSON what came of it.
//!
//! They are written as one future over the engine, because a future may keep a call and what that borrows side by side. Nobody polls it
//! but [`crate::client`], and only once what it waits for is there.

use crate::entropy::WebCrypto;
use crate::events::Events;
use crate::fault::Fault;
use crate::json::Json;
use crate::values;
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::task::Poll;
use core::time::Duration;
use espprov::text::shown;
use espprov::{Caller, Error, Place, SessionSecurity, explain};
use espprov_core::auth::Auto;
use espprov_core::call::{
    Ask, Call, Connect, Info, IntoResult, ProvisionThread, ProvisionWifi, ScanThread, ScanWifi, SendData,
    SendRaw,
};
use espprov_core::request::{Control, ControlAction, GetThreadStatus, GetWifiStatus};
use espprov_core::{Engine, Input, Misuse, Outcome, ProvisionError, ScanOptions, Step, WifiConfig};
use espprov_transport::{Endpoint, Limits, SessionIntent};
use espprov_types::{ThreadDataset, ThreadFailure};
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

/// A call, and what it is given: `wasm.ts` says what that is.
pub(crate) struct Order {
    pub(crate) what: What,
    pub(crate) first: Bytes,
    pub(crate) second: Bytes,
    pub(crate) number: u32,
}

/// What JavaScript asks for; `wasm.ts` has the same numbers.
#[derive(Clone, Copy)]
pub(crate) enum What {
    Info,
    Authenticate,
    Scan,
    ScanThread,
    Provision,
    ProvisionThread,
    Status,
    ThreadStatus,
    Control(ControlAction),
    Send,
    SendRaw,
}

impl What {
    pub(crate) const fn numbered(number: u8) -> Self {
        match number {
            0 => Self::Info,
            1 => Self::Authenticate,
            2 => Self::Scan,
            3 => Self::ScanThread,
            4 => Self::Provision,
            5 => Self::ProvisionThread,
            6 => Self::Status,
            7 => Self::ThreadStatus,
            8 => Self::Control(ControlAction::ResetWifi),
            9 => Self::Control(ControlAction::ResetThread),
            10 => Self::Control(ControlAction::ReprovWifi),
            11 => Self::Control(ControlAction::ReprovThread),
            12 => Self::SendRaw,
            _ => Self::Send,
        }
    }

    /// The networks that the device has to take, or it is asked for none and sent nothing secret.
    const fn network(self) -> Option<Network> {
        match self {
            Self::Scan | Self::Provision => Some(Network::Wifi),
            Self::ScanThread | Self::ProvisionThread => Some(Network::Thread),
            _ => None,
        }
    }
}

#[derive(Clone, Copy)]
enum Network {
    Wifi,
    Thread,
}

/// What a call borrows besides its order.
enum Held<'o> {
    Nothing,
    Wifi(WifiConfig<'o>),
    Thread(Box<ThreadDataset>),
}

impl<'o> Held<'o> {
    /// What is wrong with it is said before anything is sent.
    fn of(order: &'o Order, caller: Caller) -> Result<Self, Error> {
        match order.what {
            What::Provision => WifiConfig::new(&order.first, &order.second)
                .map(Self::Wifi)
                .map_err(|error| explain::config(caller, error)),
            What::ProvisionThread => {
                let dataset = ThreadDataset::from_bytes(&order.first);
                dataset
                    .map(|dataset| Self::Thread(Box::new(dataset)))
                    .map_err(|_| {
                        explain::thread_outcome(caller, ThreadFailure::DatasetInvalid)
                            .with_message("the Thread dataset cannot be read; nothing was sent")
                    })
            }
            _ => Ok(Self::Nothing),
        }
    }
}

/// A call, and what is said of it once it is over: the members of a JSON object, or an array.
trait Job {
    fn call(&mut self) -> &mut dyn Call<Fault>;
    fn write(&mut self, desk: &Desk, json: &mut Json) -> Result<(), Error>;
}

struct Work<C, W>(C, W);

impl<C, W> Job for Work<C, W>
where
    C: Call<Fault>,
    W: FnMut(&mut C, &Desk, &mut Json) -> Result<(), Error>,
{
    fn call(&mut self) -> &mut dyn Call<Fault> {
        &mut self.0
    }

    fn write(&mut self, desk: &Desk, json: &mut Json) -> Result<(), Error> {
        (self.1)(&mut self.0, desk, json)
    }
}

/// Carries it out; its result is a JSON document. Each `.await` of a call is a copy of all that waiting takes, so there are two.
pub(crate) async fn carry_out(desk: Rc<Desk>, order: Order) -> Result<String, Error> {
    let desk = &*desk;
    let held = Held::of(&order, desk.place.caller)?;
    if let Some(network) = order.what.network() {
        desk.drive(&mut Info::new()).await?;
        desk.takes(network)?;
    }
    let mut job = job(desk, &order, &held)?;
    desk.drive(job.call()).await?;
    let mut json = Json::new();
    job.write(desk, &mut json)?;
    Ok(json.finish())
}

fn work<'o, C, W>(call: C, write: W) -> Box<dyn Job + 'o>
where
    C: Call<Fault> + 'o,
    W: FnMut(&mut C, &Desk, &mut Json) -> Result<(), Error> + 'o,
{
    Box::new(Work(call, write))
}

fn job<'o>(desk: &'o Desk, order: &'o Order, held: &'o Held<'o>) -> Result<Box<dyn Job + 'o>, Error> {
    Ok(match (order.what, held) {
        (What::Provision, Held::Wifi(config)) => {
            let ssid = &order.first;
            work(ProvisionWifi::new(config), |call, desk, json| {
                let outcome = desk.result(call.take_result())?;
                if let Outcome::Failed(why) = outcome {
                    return Err(explain::wifi_outcome(desk.place.caller, why, &shown(ssid)));
                }
                json.object(|json| match outcome {
                    Outcome::Connected(on) => values::connection(json.text("outcome", "connected"), &on),
                    other => {
                        json.text("outcome", word(&other)).bytes("ssid", ssid);
                    }
                });
                Ok(())
            })
        }
        (What::ProvisionThread, Held::Thread(dataset)) => {
            work(ProvisionThread::new(dataset), |call, desk, json| {
                let outcome = desk.result(call.take_result())?;
                if let Outcome::Failed(why) = outcome {
                    return Err(explain::thread_outcome(desk.place.caller, why));
                }
                json.object(|json| match outcome {
                    Outcome::Connected(on) => values::attachment(json.text("outcome", "connected"), &on),
                    other => {
                        json.text("outcome", word(&other));
                    }
                });
                Ok(())
            })
        }
        (What::Authenticate, _) => work(Connect::new(), |_, desk, json| {
            let security = desk.engine.borrow().security();
            json.object(|json| {
                json.maybe("security", security.and_then(SessionSecurity::number));
            });
            Ok(())
        }),
        (What::Scan, _) => work(ScanWifi::new(&ScanOptions::default()), |call, desk, json| {
            let found = desk.result(call.take_result())?;
            json.array(|json| {
                for network in &found {
                    json.object(|json| values::access_point(json, network));
                }
            });
            Ok(())
        }),
        (What::ScanThread, _) => work(ScanThread::new(&ScanOptions::default()), |call, desk, json| {
            let found = desk.result(call.take_result())?;
            json.array(|json| {
                for network in &found {
                    json.object(|json| values::thread_network(json, network));
                }
            });
            Ok(())
        }),
        (What::Status, _) => work(Ask::new(GetWifiStatus), |call, desk, json| {
            let status = desk.result(call.take_result())?;
            json.object(|json| values::wifi_status(json, &status));
            Ok(())
        }),
        (What::ThreadStatus, _) => work(Ask::new(GetThreadStatus), |call, desk, json| {
            let status = desk.result(call.take_result())?;
            json.object(|json| values::thread_status(json, &status));
            Ok(())
        }),
        (What::Control(action), _) => work(Ask::new(Control(action)), |_, _, _| Ok(())),
        (What::Send, _) => {
            let chunk = usize::try_from(order.number).ok().filter(|&chunk| chunk > 0);
            let answer = |part: &[u8]| desk.answer.borrow_mut().extend_from_slice(part);
            let call = SendData::new(named(&order.first)?, &order.second, chunk, answer);
            work(call.map_err(|error| desk.explain(&error.into()))?, |_, _, _| {
                Ok(())
            })
        }
        (What::SendRaw, _) => {
            let answer = |part: &[u8]| desk.answer.borrow_mut().extend_from_slice(part);
            let call = SendRaw::new(named(&order.first)?, &order.second, answer);
            work(call.map_err(|error| desk.explain(&error.into()))?, |_, _, _| {
                Ok(())
            })
        }
        // `Held::of` has held what the others need.
        (What::Info | What::Provision | What::ProvisionThread, _) => work(Info::new(), |_, desk, json| {
            desk.with_info(|info| {
                json.object(|json| values::info(json, info));
            })
        }),
    })
}

/// How it ended without the device's last word.
const fn word<C, F>(outcome: &Outcome<C, F>) -> &'static str {
    match outcome {
        Outcome::LikelyConnected => "likely_connected",
        _ => "unconfirmed",
    }
}

fn named(endpoint: &[u8]) -> Result<Endpoint<'_>, Error> {
    let endpoint = str::from_utf8(endpoint).ok().map(Endpoint::custom);
    endpoint.and_then(Result::ok).ok_or_else(|| {
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

    /// The device says that it takes such networks.
    fn takes(&self, network: Network) -> Result<(), Error> {
        let caller = self.place.caller;
        self.with_info(|info| match network {
            Network::Wifi if !info.supports_wifi() => Err(explain::no_wifi(caller)),
            Network::Thread if !info.supports_thread() => Err(explain::no_thread(caller)),
            _ => Ok(()),
        })?
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
