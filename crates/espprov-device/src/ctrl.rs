//! The endpoint `prov-ctrl`.

use crate::handler::{Handled, encode_reply, status_of};
use crate::{Application, Quirks, Refusal};
use espprov_proto::ctrl::network_ctrl_payload::Payload;
use espprov_proto::ctrl::{
    NetworkCtrlMsgType as Msg, NetworkCtrlPayload, RespCtrlThreadReprov, RespCtrlThreadReset,
    RespCtrlWifiReprov, RespCtrlWifiReset,
};

/// Answers one decrypted request. The commands carry nothing, so the payload is not looked at.
pub(crate) fn handle<A: Application>(
    app: &mut A,
    quirks: &Quirks,
    request: &[u8],
    out: &mut [u8],
) -> Result<Handled, Refusal> {
    let request: NetworkCtrlPayload = espprov_proto::decode(request).map_err(|_| Refusal::Malformed)?;
    let msg = Msg::try_from(request.msg).map_err(|_| Refusal::UnknownMessage)?;
    if !quirks.thread_messages && request.msg > Msg::TypeRespCtrlWifiReprov as i32 {
        return Err(Refusal::UnknownMessage);
    }
    let (msg, verdict, payload) = match msg {
        Msg::TypeCmdCtrlWifiReset => (
            Msg::TypeRespCtrlWifiReset,
            app.reset_wifi(),
            Payload::RespCtrlWifiReset(RespCtrlWifiReset {}),
        ),
        Msg::TypeCmdCtrlWifiReprov => (
            Msg::TypeRespCtrlWifiReprov,
            app.reprov_wifi(),
            Payload::RespCtrlWifiReprov(RespCtrlWifiReprov {}),
        ),
        Msg::TypeCmdCtrlThreadReset => (
            Msg::TypeRespCtrlThreadReset,
            app.reset_thread(),
            Payload::RespCtrlThreadReset(RespCtrlThreadReset {}),
        ),
        Msg::TypeCmdCtrlThreadReprov => (
            Msg::TypeRespCtrlThreadReprov,
            app.reprov_thread(),
            Payload::RespCtrlThreadReprov(RespCtrlThreadReprov {}),
        ),
        Msg::TypeCtrlReserved
        | Msg::TypeRespCtrlWifiReset
        | Msg::TypeRespCtrlWifiReprov
        | Msg::TypeRespCtrlThreadReset
        | Msg::TypeRespCtrlThreadReprov => return Err(Refusal::UnknownMessage),
    };
    let reply = NetworkCtrlPayload {
        msg: msg as i32,
        status: status_of(verdict),
        payload: Some(payload),
    };
    encode_reply(&reply, out)
}
