//! Endpoint `prov-config`, Thread: set, apply, status.

use super::config::{answers, verdict};
use super::{Request, asked};
use crate::ReplyError;
use espprov_proto::{Command, EncodeError, SetThreadConfigRef, ThreadDetail, ThreadStatusReply};
use espprov_types::{StatusCode, ThreadAttachment, ThreadDataset, ThreadFailure, ThreadName, ThreadStatus};

/// Hands an operational dataset to the device. It takes effect with [`ApplyThread`].
#[derive(Debug, Clone, Copy)]
pub struct SetThread<'a>(pub &'a ThreadDataset);

/// Makes the device attach to the network set before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ApplyThread;

/// Asks what became of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GetThreadStatus;

impl Request for SetThread<'_> {
    type Response<'b> = ();

    asked!(PROV_CONFIG, Set);

    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        SetThreadConfigRef {
            dataset: self.0.expose(),
        }
        .encode(out)
    }

    fn decode(&self, reply: &[u8]) -> Result<(), ReplyError> {
        verdict(reply, Command::SET_THREAD_CONFIG)
    }
}

impl Request for ApplyThread {
    type Response<'b> = ();

    asked!(PROV_CONFIG, Apply);

    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        Command::APPLY_THREAD_CONFIG.write_bare(out)
    }

    fn decode(&self, reply: &[u8]) -> Result<(), ReplyError> {
        verdict(reply, Command::APPLY_THREAD_CONFIG)
    }
}

impl Request for GetThreadStatus {
    type Response<'b> = ThreadStatus;

    asked!(PROV_CONFIG, Status);

    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        Command::GET_THREAD_STATUS.write(&[], out)
    }

    fn decode(&self, reply: &[u8]) -> Result<ThreadStatus, ReplyError> {
        let reply = ThreadStatusReply::read(reply)?;
        answers(Command::GET_THREAD_STATUS, reply.msg, reply.case)?;
        StatusCode::check(reply.status)?;
        thread_status(&reply)
    }
}

fn thread_status(reply: &ThreadStatusReply<'_>) -> Result<ThreadStatus, ReplyError> {
    Ok(match (reply.state, reply.detail) {
        (0, Some(ThreadDetail::Attached(state))) => {
            let name = ThreadName::new(state.name).ok_or(ReplyError::FieldOutOfRange)?;
            let mut attached = ThreadAttachment::new(name, narrow(state.pan_id)?, narrow(state.channel)?);
            attached.ext_pan_id = state.ext_pan_id.try_into().ok();
            ThreadStatus::Attached(attached)
        }
        // "Attached" is what a missing field reads as: without its details it is not believed.
        (0, _) => return Err(ReplyError::MissingPayload),
        (1, _) => ThreadStatus::Attaching,
        (2, _) => ThreadStatus::Detached,
        (3, Some(ThreadDetail::FailReason(reason))) => ThreadStatus::Failed(match reason {
            0 => ThreadFailure::DatasetInvalid,
            1 => ThreadFailure::NetworkNotFound,
            other => ThreadFailure::Unknown(Some(other)),
        }),
        (3, _) => ThreadStatus::Failed(ThreadFailure::Unknown(None)),
        _ => return Err(ReplyError::FieldOutOfRange),
    })
}

/// PAN ids and channels are 16 bits in the air, 32 on the wire.
pub(super) fn narrow(value: u32) -> Result<u16, ReplyError> {
    u16::try_from(value).map_err(|_| ReplyError::FieldOutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    // Replies recorded from the vendor's device code.

    #[test]
    fn recorded_status_replies() {
        assert_eq!(
            GetThreadStatus.decode(&hex("08078a01021001")),
            Ok(ThreadStatus::Attaching)
        );
        let attached = GetThreadStatus.decode(&hex(
            "08078a011f5a1d08b42412081111111122222222180f220c4f70656e5468726561642d31",
        ));
        let mut expected = ThreadAttachment::new(ThreadName::new(b"OpenThread-1").unwrap(), 0x1234, 15);
        expected.ext_pan_id = Some([0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x22, 0x22]);
        assert_eq!(attached, Ok(ThreadStatus::Attached(expected)));
    }

    #[test]
    fn every_state_has_its_meaning() {
        use ThreadStatus::{Detached, Failed};
        for (reply, expected) in [
            ("08078a01021002", Ok(Detached)),
            ("08078a010410035000", Ok(Failed(ThreadFailure::DatasetInvalid))),
            ("08078a010410035001", Ok(Failed(ThreadFailure::NetworkNotFound))),
            ("08078a010410035009", Ok(Failed(ThreadFailure::Unknown(Some(9))))),
            ("08078a01021003", Ok(Failed(ThreadFailure::Unknown(None)))),
            ("08078a01021004", Err(ReplyError::FieldOutOfRange)),
            // "Attached" without details, and with a PAN id of 17 bits.
            ("08078a0100", Err(ReplyError::MissingPayload)),
            ("08078a01065a0408808004", Err(ReplyError::FieldOutOfRange)),
            (
                "08078a01020804",
                Err(ReplyError::Status(StatusCode::InvalidArgument)),
            ),
        ] {
            assert_eq!(GetThreadStatus.decode(&hex(reply)), expected, "{reply}");
        }
        assert_eq!((narrow(0xffff), narrow(0)), (Ok(0xffff), Ok(0)));
    }

    #[test]
    fn verdicts_and_strangers() {
        let dataset = dataset();
        let refused = ReplyError::Status(StatusCode::InvalidArgument);
        assert_eq!(SetThread(&dataset).decode(&hex("08099a0100")), Ok(()));
        assert_eq!(SetThread(&dataset).decode(&hex("08099a01020804")), Err(refused));
        assert_eq!(
            SetThread(&dataset).decode(&hex("080baa0100")),
            Err(ReplyError::UnexpectedMessage)
        );
        assert_eq!(ApplyThread.decode(&hex("080baa0100")), Ok(()));
        assert_eq!(ApplyThread.decode(&hex("080baa01020804")), Err(refused));
        assert_eq!(
            ApplyThread.decode(&hex("08099a0100")),
            Err(ReplyError::UnexpectedMessage)
        );
    }

    /// A channel and a network key, as text.
    const DATASET: &str = "000300000f051000112233445566778899aabbccddeeff";

    fn dataset() -> ThreadDataset {
        ThreadDataset::parse(DATASET).unwrap()
    }

    #[test]
    fn requests_are_byte_exact() {
        let mut out = [0; 64];
        let n = SetThread(&dataset()).encode(&mut out).unwrap();
        assert_eq!(out[..n], hex(&std::format!("08089201190a17{DATASET}")));
        let n = GetThreadStatus.encode(&mut out).unwrap();
        assert_eq!(out[..n], hex("0806820100"));
        let n = ApplyThread.encode(&mut out).unwrap();
        assert_eq!(out[..n], hex("080a"));
    }
}
