//! The signals that end a run. They are heard on a thread of their own, from the first moment on and whatever the
//! others are doing: as process 1 of a container, where nothing ends a program that does not listen, too.

use crate::errors::{self, Class, Failure};
use crate::prompt;
use core::time::Duration;
use std::sync::{OnceLock, mpsc};
use tokio::sync::watch;

/// How long a run has to close its link and say its result. After that the process ends whatever holds it.
const GRACE: Duration = Duration::from_millis(2900);

/// Somebody wants the run to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// A supervisor, a time limit, a shutdown.
    Terminate,
    /// The terminal has gone.
    HangUp,
}

impl Signal {
    /// The exit status it leads to: 128 and its number.
    pub(crate) const fn exit(self) -> u8 {
        match self {
            Self::HangUp => 129,
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }

    /// For messages.
    pub(crate) const fn cause(self) -> &'static str {
        match self {
            Self::Interrupt => "Ctrl-C was pressed (SIGINT)",
            Self::Terminate => "another program asked for it (SIGTERM)",
            Self::HangUp => "the terminal was closed (SIGHUP)",
        }
    }
}

/// What the run ends by.
static ENDING: OnceLock<Signal> = OnceLock::new();

/// The run ends because of this.
pub(crate) fn end_by(signal: Signal) {
    // The first one counts.
    let _ = ENDING.set(signal);
}

/// What an interrupted run ends by: Ctrl-C, or Esc, if nothing else came.
pub(crate) fn ending() -> Signal {
    ENDING.get().copied().unwrap_or(Signal::Interrupt)
}

static HEARD: OnceLock<watch::Receiver<Option<Signal>>> = OnceLock::new();

/// Begins to listen. When this returns, no signal is missed any more.
pub(crate) fn listen() {
    if HEARD.get().is_some() {
        return; // since an earlier run in this process
    }
    let (tell, hear) = watch::channel(None);
    let (ready, listening) = mpsc::channel();
    let listener = move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
            return; // the default action stays
        };
        runtime.block_on(async {
            let Ok(mut source) = Source::new() else { return };
            // Nobody waits only if this process is ending already.
            let _ = ready.send(());
            let signal = source.next().await;
            let _ = tell.send(Some(signal));
            tokio::time::sleep(GRACE).await;
            prompt::restore_terminal();
            std::process::exit(signal.exit().into());
        });
    };
    if std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(listener)
        .is_ok()
    {
        // An error means that there is no listener: then nothing is heard, and the default action stays.
        let _ = listening.recv();
        let _ = HEARD.set(hear);
    }
}

/// Waits for a signal; one that came before counts.
pub(crate) async fn heard() -> Signal {
    if let Some(hear) = HEARD.get()
        && let Ok(signal) = hear.clone().wait_for(Option::is_some).await
        && let Some(signal) = *signal
    {
        return signal;
    }
    core::future::pending().await
}

/// Does what blocks (standard input, a pipe, a question) on another thread. A signal ends the wait.
pub(crate) async fn unblock<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::select! {
        biased;
        signal = heard() => Err(errors::interrupted(signal)),
        end = tokio::task::spawn_blocking(work) => end.unwrap_or_else(|_| {
            Err(Failure::new(Class::Unexpected, "unexpected", "a part of this program broke")
                .with_help("report this, with the command line but without its secrets"))
        }),
    }
}

#[cfg(unix)]
struct Source {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// Not listened for under `nohup`.
    hang_up: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Source {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: if ignores_hang_up() {
                None
            } else {
                Some(signal(SignalKind::hangup())?)
            },
        })
    }

    async fn next(&mut self) -> Signal {
        let hang_up = async {
            match &mut self.hang_up {
                Some(signal) => signal.recv().await,
                None => core::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
            _ = hang_up => Signal::HangUp,
        }
    }
}

/// Whoever started this program wants it to outlive the terminal. Only Linux tells without asking the system in
/// unsafe ways.
#[cfg(unix)]
fn ignores_hang_up() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // SIGHUP is number 1, the lowest bit.
    ignored
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}

#[cfg(windows)]
struct Source {
    interrupt: tokio::signal::windows::CtrlC,
    stop: tokio::signal::windows::CtrlBreak,
    close: tokio::signal::windows::CtrlClose,
    shutdown: tokio::signal::windows::CtrlShutdown,
}

#[cfg(windows)]
impl Source {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::windows as w;
        Ok(Self {
            interrupt: w::ctrl_c()?,
            stop: w::ctrl_break()?,
            close: w::ctrl_close()?,
            shutdown: w::ctrl_shutdown()?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.stop.recv() => Signal::Terminate,
            _ = self.shutdown.recv() => Signal::Terminate,
            _ = self.close.recv() => Signal::HangUp,
        }
    }
}
