//! The endpoint `prov-ctrl`.

use crate::handler::{Answer, command};
use crate::{Application, Quirks, Refusal};
use espprov_proto::{Command, CtrlRequest};

/// `msg` of the last message that `wifi_provisioning` knows: the reply to reprov.
const LAST_WIFI: i32 = 4;

/// Does what one decrypted request asks. The commands carry nothing, so which content they have is not looked at.
pub(crate) fn handle<A: Application>(
    app: &mut A,
    quirks: &Quirks,
    request: &[u8],
) -> Result<Answer, Refusal> {
    let request = CtrlRequest::read(request).map_err(|_| Refusal::Malformed)?;
    let command = command(quirks, request.msg, LAST_WIFI)?;
    let verdict = match command {
        Command::CTRL_WIFI_RESET => app.reset_wifi(),
        Command::CTRL_WIFI_REPROV => app.reprov_wifi(),
        Command::CTRL_THREAD_RESET => app.reset_thread(),
        Command::CTRL_THREAD_REPROV => app.reprov_thread(),
        _ => return Err(Refusal::UnknownMessage),
    };
    Ok(Answer::Ctrl(command, verdict))
}
