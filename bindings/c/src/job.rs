//! Calls that own what they send: the caller's bytes are copied, kept beside the call that borrows them, and wiped with it.

use crate::fault::Fault;
use crate::results::{Answers, Ending, Results, Sink};
use espprov::text::shown;
use espprov::{Caller, Error, explain};
use espprov_core::call::{
    Ask, Call, Connect, FollowThread, FollowWifi, Info, IntoResult, ProvisionThread, ProvisionWifi,
    ScanThread, ScanWifi, SendData, SendRaw,
};
use espprov_core::request::{Control, ControlAction, EmptyRequest, GetThreadStatus, GetWifiStatus};
use espprov_core::{Misuse, Outcome, ScanOptions, WifiConfig, WifiConfigError};
use espprov_transport::Endpoint;
use espprov_types::{ThreadDataset, ThreadStatus, WifiStatus};
use self_cell::self_cell;
use zeroize::Zeroizing;

/// A copy of the caller's bytes that is wiped.
pub(crate) type Copied = Zeroizing<Vec<u8>>;

/// Who reads the errors.
pub(crate) const CALLER: Caller = Caller::C;

/// Wi-Fi credentials as the caller gave them.
pub(crate) struct WifiCredentials {
    pub(crate) ssid: Vec<u8>,
    pub(crate) passphrase: Copied,
}

/// Application data and where it goes.
pub(crate) struct Parcel {
    pub(crate) endpoint: String,
    pub(crate) data: Copied,
}

type ToWifi<'a> = ProvisionWifi<'a, Fault>;
type ToThread<'a> = ProvisionThread<'a, Fault>;
type Sending<'a> = SendData<'a, Sink>;
type SendingRaw<'a> = SendRaw<'a, Sink>;

self_cell!(
    struct CheckedWifi {
        owner: WifiCredentials,
        #[covariant]
        dependent: WifiConfig,
    }
);

self_cell!(
    pub(crate) struct WifiJob {
        owner: CheckedWifi,
        #[not_covariant]
        dependent: ToWifi,
    }
);

self_cell!(
    pub(crate) struct ThreadJob {
        owner: ThreadDataset,
        #[not_covariant]
        dependent: ToThread,
    }
);

self_cell!(
    pub(crate) struct SendJob {
        owner: Parcel,
        #[not_covariant]
        dependent: Sending,
    }
);

self_cell!(
    pub(crate) struct RawJob {
        owner: Parcel,
        #[not_covariant]
        dependent: SendingRaw,
    }
);

/// A call under way.
pub(crate) enum Job {
    Info(Info),
    Connect(Connect),
    ScanWifi(ScanWifi),
    ScanThread(ScanThread),
    ProvisionWifi(WifiJob),
    ProvisionThread(ThreadJob),
    FollowWifi(FollowWifi<Fault>),
    FollowThread(FollowThread<Fault>),
    WifiStatus(Ask<GetWifiStatus, WifiStatus>),
    ThreadStatus(Ask<GetThreadStatus, ThreadStatus>),
    Control(Ask<Control, ()>),
    Send(SendJob, Answers),
    SendRaw(RawJob, Answers),
}

/// Why a call cannot be made of what the caller gave.
pub(crate) enum Unmade {
    Wifi(WifiConfigError),
    Endpoint,
    Empty,
}

impl From<EmptyRequest> for Unmade {
    fn from(_: EmptyRequest) -> Self {
        Self::Empty
    }
}

impl From<Unmade> for Error {
    fn from(unmade: Unmade) -> Self {
        match unmade {
            Unmade::Wifi(error) => explain::config(CALLER, error),
            Unmade::Endpoint => Self::usage(
                "invalid_endpoint",
                "an endpoint name is 1 to 64 characters of A-Z a-z 0-9 _ . -, with / between its parts",
            )
            .with_cause("no device has an endpoint of that name")
            .with_help("check the name; custom-data is the usual one"),
            Unmade::Empty => Self::usage("empty_request", "there is nothing to send")
                .with_help("give at least one byte: devices do not answer empty requests"),
        }
    }
}

impl Job {
    pub(crate) fn scan_wifi(passive: bool) -> Self {
        let mut options = ScanOptions::default();
        options.passive = passive;
        Self::ScanWifi(ScanWifi::new(&options))
    }

    pub(crate) fn scan_thread() -> Self {
        Self::ScanThread(ScanThread::new(&ScanOptions::default()))
    }

    pub(crate) fn provision_wifi(credentials: WifiCredentials) -> Result<Self, Unmade> {
        let checked = CheckedWifi::try_new(credentials, |credentials| {
            WifiConfig::new(&credentials.ssid, &credentials.passphrase)
        })
        .map_err(Unmade::Wifi)?;
        let job = WifiJob::new(checked, |checked| ProvisionWifi::new(checked.borrow_dependent()));
        Ok(Self::ProvisionWifi(job))
    }

    pub(crate) fn provision_thread(dataset: ThreadDataset) -> Self {
        Self::ProvisionThread(ThreadJob::new(dataset, |dataset| ProvisionThread::new(dataset)))
    }

    pub(crate) fn control(action: ControlAction) -> Self {
        Self::Control(Ask::new(Control(action)))
    }

    /// `chunk`: 0 = all in one piece.
    pub(crate) fn send(parcel: Parcel, chunk: usize) -> Result<Self, Unmade> {
        let answers = Answers::default();
        let sink = answers.sink();
        let chunk = (chunk > 0).then_some(chunk);
        let job = SendJob::try_new(parcel, |parcel| {
            let endpoint = Endpoint::custom(&parcel.endpoint).map_err(|_| Unmade::Endpoint)?;
            Ok::<_, Unmade>(SendData::new(endpoint, &parcel.data, chunk, sink)?)
        })?;
        Ok(Self::Send(job, answers))
    }

    pub(crate) fn send_raw(parcel: Parcel) -> Result<Self, Unmade> {
        let answers = Answers::default();
        let sink = answers.sink();
        let job = RawJob::try_new(parcel, |parcel| {
            let endpoint = Endpoint::custom(&parcel.endpoint).map_err(|_| Unmade::Endpoint)?;
            Ok::<_, Unmade>(SendRaw::new(endpoint, &parcel.data, sink)?)
        })?;
        Ok(Self::SendRaw(job, answers))
    }

    /// Lends the call to the engine.
    pub(crate) fn with_call<T>(&mut self, engine: impl FnOnce(&mut dyn Call<Fault>) -> T) -> T {
        match self {
            Self::Info(call) => engine(call),
            Self::Connect(call) => engine(call),
            Self::ScanWifi(call) => engine(call),
            Self::ScanThread(call) => engine(call),
            Self::ProvisionWifi(job) => job.with_dependent_mut(|_, call| engine(call)),
            Self::ProvisionThread(job) => job.with_dependent_mut(|_, call| engine(call)),
            Self::FollowWifi(call) => engine(call),
            Self::FollowThread(call) => engine(call),
            Self::WifiStatus(call) => engine(call),
            Self::ThreadStatus(call) => engine(call),
            Self::Control(call) => engine(call),
            Self::Send(job, _) => job.with_dependent_mut(|_, call| engine(call)),
            Self::SendRaw(job, _) => job.with_dependent_mut(|_, call| engine(call)),
        }
    }

    /// What came of it, once the engine says that it is over.
    pub(crate) fn finish(mut self) -> Result<Ending, Misuse> {
        Ok(match &mut self {
            Self::Info(_) => Results::Info.into(),
            Self::Connect(_) => Results::Session.into(),
            Self::ScanWifi(call) => Results::AccessPoints(call.take_result()?).into(),
            Self::ScanThread(call) => Results::ThreadNetworks(call.take_result()?).into(),
            Self::ProvisionWifi(job) => {
                let outcome = job.with_dependent_mut(|_, call| call.take_result())?;
                wifi(outcome, &shown(&job.borrow_owner().borrow_owner().ssid))
            }
            Self::FollowWifi(call) => {
                let mut ending = wifi(call.take_result()?, "");
                // It was given its network earlier, or by somebody else: the name is not known here.
                let unnamed = |error: Error| {
                    let said = error.message().replace("the network \"\"", "its network");
                    error.with_message(said)
                };
                ending.failure = ending.failure.map(unnamed);
                ending
            }
            Self::ProvisionThread(job) => thread(job.with_dependent_mut(|_, call| call.take_result())?),
            Self::FollowThread(call) => thread(call.take_result()?),
            Self::WifiStatus(call) => Results::Wifi(call.take_result()?.into()).into(),
            Self::ThreadStatus(call) => Results::Thread(call.take_result()?.into()).into(),
            Self::Control(call) => {
                call.take_result()?;
                Results::Nothing.into()
            }
            Self::Send(job, answers) => {
                job.with_dependent_mut(|_, call| call.take_result())?;
                Results::Answers(answers.take()).into()
            }
            Self::SendRaw(job, answers) => {
                job.with_dependent_mut(|_, call| call.take_result())?;
                Results::Answers(answers.take()).into()
            }
        })
    }

    /// What there is although it failed: the answers up to then.
    pub(crate) fn salvage(&self) -> Results {
        match self {
            Self::Send(_, answers) | Self::SendRaw(_, answers) => Results::Answers(answers.take()),
            _ => Results::Nothing,
        }
    }
}

fn wifi(outcome: Outcome<espprov_core::WifiConnection, espprov_core::WifiFailure>, name: &str) -> Ending {
    let failure = match &outcome {
        Outcome::Failed(why) => Some(explain::wifi_outcome(CALLER, *why, name)),
        Outcome::Unconfirmed => Some(explain::unconfirmed(CALLER)),
        Outcome::Connected(_) | Outcome::LikelyConnected => None,
    };
    Ending {
        results: Results::Wifi(outcome.into()),
        failure,
    }
}

fn thread(outcome: Outcome<espprov_core::ThreadAttachment, espprov_core::ThreadFailure>) -> Ending {
    let failure = match &outcome {
        Outcome::Failed(why) => Some(explain::thread_outcome(CALLER, *why)),
        Outcome::Unconfirmed => Some(explain::unconfirmed(CALLER)),
        Outcome::Connected(_) | Outcome::LikelyConnected => None,
    };
    Ending {
        results: Results::Thread(outcome.into()),
        failure,
    }
}
