//! The requests against recorded bytes and the generated messages; replies that are none.

use super::*;
use crate::message::tests::encoded;
use espprov_proto::local_ctrl::{
    CmdGetPropertyValues, CmdSetPropertyValues, PropertyInfo, PropertyValue, RespGetPropertyValues,
    local_ctrl_message::Payload,
};
use proptest::collection::vec as some;
use proptest::prelude::*;
use std::vec;

const LOCAL: Protocol = Protocol::ESP_LOCAL_CTRL;

fn written(encode: impl Fn(&mut [u8]) -> Result<usize, EncodeError>) -> Vec<u8> {
    let mut out = vec![0xee; 8192];
    let len = encode(&mut out).unwrap();
    out.truncate(len);
    // One byte less is an error that says so.
    let short = encode(&mut vec![0; len - 1]);
    assert!(short.is_err_and(|error| error.needed <= len && error.available == len - 1));
    out
}

/// The bytes that the vendor's firmware was seen to take, and its answers.
#[test]
fn recorded_bytes() {
    let count = CountProperties::new(&LOCAL);
    assert_eq!(written(|out| count.encode(out)), [0x52, 0]);
    assert_eq!(count.decode(&[0x08, 1, 0x5a, 2, 0x10, 4]), Ok(4));
    assert_eq!(count.decode(&[0x08, 1, 0x5a, 0]), Ok(0));
    let get = GetProperties::new(&LOCAL, &[1]).unwrap();
    assert_eq!(written(|out| get.encode(out)), [0x08, 4, 0x62, 3, 0x0a, 1, 1]);
    let refused = ReplyError::Status(StatusCode::InvalidArgument);
    assert_eq!(get.decode(&[0x08, 5, 0x6a, 2, 0x08, 4]), Err(refused));
    let values = [(3, &b"test"[..])];
    let set = SetProperties::new(&LOCAL, &values).unwrap();
    let bytes = [&[0x08, 6, 0x72, 10, 0x0a, 8, 0x08, 3, 0x12, 4][..], b"test"].concat();
    assert_eq!(written(|out| set.encode(out)), bytes);
    assert_eq!(set.decode(&[0x08, 7, 0x7a, 0]), Ok(()));
    assert_eq!(set.decode(&[0x08, 7, 0x7a, 2, 0x08, 4]), Err(refused));
    assert_eq!(Request::endpoint(&set).as_str(), "esp_local_ctrl/control");
    assert_eq!(
        (count.phase(), get.phase(), set.phase()),
        (Phase::Query, Phase::Query, Phase::Data)
    );
}

#[test]
fn nothing_is_not_asked_for() {
    assert_eq!(GetProperties::new(&LOCAL, &[]), Err(NoProperties));
    assert_eq!(SetProperties::new(&LOCAL, &[]).map(drop), Err(NoProperties));
}

#[test]
fn replies_that_answer_something_else() {
    let count = CountProperties::new(&LOCAL);
    for (reply, error) in [
        (&[0x08, 5, 0x6a, 0][..], ReplyError::UnexpectedMessage),
        (&[0x5a, 0], ReplyError::UnexpectedMessage),
        (&[0x08, 1], ReplyError::MissingPayload),
        (&[0x08, 1, 0x6a, 0], ReplyError::MissingPayload),
        (&[0x08, 1, 0x5a, 3, 0x10, 0x81, 0x08], ReplyError::FieldOutOfRange),
        (&[0x08, 1, 0x5a, 9], ReplyError::Malformed),
    ] {
        assert_eq!(count.decode(reply), Err(error), "{reply:02x?}");
    }
    let reply = |number: usize| {
        let props = vec![PropertyInfo::default(); number];
        let resp = RespGetPropertyValues { status: 0, props };
        encoded(5, Some(Payload::RespGetPropVals(resp)))
    };
    let get = GetProperties::new(&LOCAL, &[0, 7]).unwrap();
    assert_eq!(get.decode(&reply(1)), Err(ReplyError::MissingPayload));
    assert_eq!(get.decode(&reply(3)), Err(ReplyError::TooManyEntries));
    let two = get.decode(&reply(2)).unwrap();
    assert_eq!(
        two.iter().map(|property| property.index).collect::<Vec<_>>(),
        [0, 7]
    );
}

proptest! {
    #[test]
    fn get_is_written_as_the_generated_code_does(indices in some(any::<u32>(), 1..300)) {
        let ours = written(|out| GetProperties::new(&LOCAL, &indices).unwrap().encode(out));
        let theirs = encoded(4, Some(Payload::CmdGetPropVals(CmdGetPropertyValues { indices })));
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn set_is_written_as_the_generated_code_does(values in some((any::<u32>(), some(any::<u8>(), 0..200)), 1..20)) {
        let pairs: Vec<_> = values.iter().map(|(index, value)| (*index, &value[..])).collect();
        let ours = written(|out| SetProperties::new(&LOCAL, &pairs).unwrap().encode(out));
        let props = values.into_iter().map(|(index, value)| PropertyValue { index, value }).collect();
        let theirs = encoded(6, Some(Payload::CmdSetPropVals(CmdSetPropertyValues { props })));
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn any_reply_is_survived(reply in some(any::<u8>(), 0..200)) {
        let _ = CountProperties::new(&LOCAL).decode(&reply);
        let _ = decode_verdict(&reply);
        if let Ok(found) = decode_properties(&[0, 1, 2], &reply) {
            prop_assert_eq!(found.len(), 3);
        }
    }
}
