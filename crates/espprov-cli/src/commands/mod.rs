//! One file per command.

#[cfg(feature = "line")]
mod batch;
mod credentials;
#[cfg(any(feature = "ble", feature = "network"))]
mod discover;
#[cfg(feature = "line")]
mod factory;
mod info;
mod pages;
mod props;
mod provision;
#[cfg(feature = "line")]
mod qr;
mod recipe;
mod scan;
mod send;
mod simulate;
mod state;
mod thread;
mod wifi;

use crate::args::{Cli, Command, DeviceArgs, Global};
use crate::errors::Failure;
use crate::output::{Output, Success};
use crate::plan::{Plan, Purpose};
use crate::secret_input::Stdin;
use espprov_core::request::ControlAction;
use std::rc::Rc;

/// What every command is given.
pub(crate) struct Context {
    global: Global,
    stdin: Stdin,
    out: Rc<Output>,
}

impl Context {
    /// `thread`: the command is about Thread, not Wi-Fi.
    async fn plan(&self, args: &DeviceArgs, thread: bool) -> Result<Plan, Failure> {
        let target = args.target()?;
        let purpose = if thread { Purpose::Thread } else { Purpose::Wifi };
        self.plan_for(&target, args, purpose).await
    }

    /// The same with a target that was found elsewhere.
    async fn plan_for(&self, target: &str, args: &DeviceArgs, purpose: Purpose) -> Result<Plan, Failure> {
        Plan::new(target, args, &self.global, &self.stdin, &self.out, purpose).await
    }
}

/// Does what the command line says. `None`: the command has no result to report.
pub(crate) async fn run(cli: Cli, out: &Rc<Output>) -> Option<Result<Success, Failure>> {
    let context = Context {
        global: cli.global,
        stdin: Stdin::default(),
        out: Rc::clone(out),
    };
    match cli.command {
        Command::Completions { shell } => {
            pages::completions(out, shell);
            None
        }
        Command::Man { out: directory } => pages::manual(out, directory.as_deref()).err().map(Err),
        command => Some(with_result(&context, command).await),
    }
}

async fn with_result(context: &Context, command: Command) -> Result<Success, Failure> {
    match command {
        Command::Credentials(args) => {
            #[cfg(feature = "ble")]
            context.global.refuse_bluetooth()?;
            credentials::run(context, &args).await
        }
        Command::Simulate(args) => {
            #[cfg(feature = "ble")]
            context.global.refuse_bluetooth()?;
            simulate::run(context, &args).await
        }
        #[cfg(any(feature = "ble", feature = "network"))]
        Command::Discover(args) => discover::run(context, &args).await,
        #[cfg(not(any(feature = "ble", feature = "network")))]
        Command::Discover(_) => Err(espprov::target::not_built(
            crate::errors::CALLER,
            "Bluetooth LE",
            "ble",
        )),
        Command::Info(args) => {
            let plan = context.plan(&args.device, false).await?;
            context.out.info_is_asked();
            plan.run(async |device| info::run(device).await).await
        }
        Command::Scan(args) => {
            let plan = context.plan(&args.device, args.thread).await?;
            plan.run(async |device| scan::run(device, &args).await).await
        }
        Command::Provision(args) => provision::run(context, &args).await,
        Command::Status(args) => {
            let plan = context.plan(&args.device, args.thread).await?;
            plan.run(async |device| state::status(device, args.thread).await)
                .await
        }
        Command::Reset(args) => {
            let plan = context.plan(&args.device, args.thread).await?;
            let action = if args.thread {
                ControlAction::ResetThread
            } else {
                ControlAction::ResetWifi
            };
            plan.run(async |device| state::control(device, action).await)
                .await
        }
        Command::Reprov(args) => {
            let plan = context.plan(&args.device, args.thread).await?;
            let action = if args.thread {
                ControlAction::ReprovThread
            } else {
                ControlAction::ReprovWifi
            };
            plan.run(async |device| state::control(device, action).await)
                .await
        }
        Command::Props(args) => props::run(context, &args).await,
        #[cfg(feature = "line")]
        Command::Qr(command) => {
            #[cfg(feature = "ble")]
            context.global.refuse_bluetooth()?;
            qr::run(context, &command).await
        }
        #[cfg(feature = "line")]
        Command::Factory(command) => {
            #[cfg(feature = "ble")]
            context.global.refuse_bluetooth()?;
            factory::run(context, &command).await
        }
        #[cfg(feature = "line")]
        Command::Batch(args) => batch::run(context, &args).await,
        Command::Send(args) => send::run(context, &args).await,
        // These have no result and were done before.
        Command::Completions { .. } | Command::Man { .. } => Ok(Success::done()),
    }
}
