//! The endpoint `prov-ctrl`.

use crate::handler::Answer;
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
    if !quirks.thread_messages && request.msg > LAST_WIFI {
        return Err(Refusal::UnknownMessage);
    }
    let command = Command::from_msg(request.msg).ok_or(Refusal::UnknownMessage)?;
    let verdict = match command {
        Command::CTRL_WIFI_RESET => app.reset_wifi(),
        Command::CTRL_WIFI_REPROV => app.reprov_wifi(),
        Command::CTRL_THREAD_RESET => app.reset_thread(),
        Command::CTRL_THREAD_REPROV => app.reprov_thread(),
        _ => return Err(Refusal::UnknownMessage),
    };
    Ok(Answer::Ctrl(command, verdict))
}
