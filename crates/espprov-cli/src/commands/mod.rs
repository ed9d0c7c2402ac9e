//! One file per command.

mod credentials;
mod discover;
mod info;
mod pages;
mod provision;
mod scan;
mod send;
mod simulate;
mod state;
mod thread;

use crate::args::{Cli, Command, DeviceArgs, Global};
use crate::device::Plan;
use crate::errors::{Exit, Failure};
use crate::output::{Output, Success};
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
    fn plan(&self, args: &DeviceArgs, thread: bool) -> Result<Plan, Failure> {
        Plan::new(args, &self.global, &self.stdin, &self.out, thread)
    }
}

/// Does what the command line says. `None`: the command has no result to report.
pub(crate) fn run(cli: Cli, out: &Rc<Output>) -> Option<Result<Success, Failure>> {
    let context = Context {
        global: cli.global,
        stdin: Stdin::default(),
        out: Rc::clone(out),
    };
    let context = &context;
    let end = match cli.command {
        Command::Completions { shell } => {
            pages::completions(shell);
            return None;
        }
        Command::Man { out } => return pages::manual(out.as_deref()).err().map(Err),
        Command::Credentials(args) => credentials::run(context, &args),
        Command::Simulate(args) => simulate::run(context, &args),
        Command::Discover(args) => discover::run(context, &args),
        Command::Info(args) => context
            .plan(&args.device, false)
            .and_then(|plan| block_on(plan.run(async |device| info::run(device).await))),
        Command::Scan(args) => context
            .plan(&args.device, args.thread)
            .and_then(|plan| block_on(plan.run(async |device| scan::run(device, &args).await))),
        Command::Provision(args) => provision::run(context, &args),
        Command::Status(args) => context
            .plan(&args.device, args.thread)
            .and_then(|plan| block_on(plan.run(async |device| state::status(device, args.thread).await))),
        Command::Reset(args) => {
            let action = if args.thread {
                ControlAction::ResetThread
            } else {
                ControlAction::ResetWifi
            };
            context
                .plan(&args.device, args.thread)
                .and_then(|plan| block_on(plan.run(async |device| state::control(device, action).await)))
        }
        Command::Reprov(args) => {
            let action = if args.thread {
                ControlAction::ReprovThread
            } else {
                ControlAction::ReprovWifi
            };
            context
                .plan(&args.device, args.thread)
                .and_then(|plan| block_on(plan.run(async |device| state::control(device, action).await)))
        }
        Command::Send(args) => send::run(context, &args),
    };
    Some(end)
}

/// Runs a future on this thread. Only commands that wait for something need a runtime.
fn block_on<F: Future<Output = Result<Success, Failure>>>(future: F) -> Result<Success, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::new(Exit::Unexpected, "runtime", format!("cannot start: {error}"))
                .help("the system is out of file descriptors or memory")
        })?;
    let end = runtime.block_on(future);
    // A question that nobody answered must not keep the program.
    runtime.shutdown_background();
    end
}
