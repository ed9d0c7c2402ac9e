//! `discover`: which devices are there.

#[cfg(feature = "ble")]
mod ble;
#[cfg(feature = "network")]
mod network;

use super::Context;
use crate::args::DiscoverArgs;
use crate::errors::{self, Failure};
use crate::output::Success;
use crate::signals::heard;

pub(super) async fn run(context: &Context, args: &DiscoverArgs) -> Result<Success, Failure> {
    tokio::select! {
        biased;
        signal = heard() => Err(errors::interrupted(signal)),
        end = discover(context, args) => end,
    }
}

async fn discover(context: &Context, args: &DiscoverArgs) -> Result<Success, Failure> {
    #[cfg(feature = "network")]
    if args.network {
        #[cfg(feature = "ble")]
        context.global.refuse_bluetooth()?;
        return network::discover(&context.out, args).await;
    }
    #[cfg(feature = "ble")]
    return ble::discover(&context.out, args, &context.global).await;
    #[cfg(not(feature = "ble"))]
    Err(espprov::target::not_built(errors::CALLER, "Bluetooth LE", "ble"))
}
