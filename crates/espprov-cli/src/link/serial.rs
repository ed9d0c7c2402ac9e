//! Which serial port.

use crate::errors::{self, Failure, Place};
use crate::output::Output;
use crate::prompt::{self, Answer};
use crate::signals::unblock;
use core::time::Duration;
use espprov::TokioClock;
use espprov::link::serial as port;
use espprov::serial::SerialTarget;
use espprov_transport::Clock;

/// The only port, or the one that a person chooses. Also returns how long the question took: that time does not
/// count.
pub(super) async fn choose(
    place: &Place,
    out: &Output,
    clock: TokioClock,
) -> Result<(SerialTarget, Duration), Failure> {
    let ports = unblock(port::ports).await?;
    if let [only] = &*ports {
        return Ok((port::named(only)?, Duration::ZERO));
    }
    if !out.may_ask() {
        return Err(port::several(place, &ports));
    }
    let labels = ports.clone();
    out.stop_progress();
    let asked_at = clock.now();
    let answer = prompt::ask(move || prompt::one_of("Which serial port?", &labels)).await?;
    let asked = clock.now().saturating_sub(asked_at);
    let Answer::Given(index) = answer else {
        return Err(errors::cancelled());
    };
    let chosen = ports.get(index).map_or("", String::as_str);
    Ok((port::named(chosen)?, asked))
}
