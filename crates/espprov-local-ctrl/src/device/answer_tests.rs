//! The vendor's rules, by the bytes that were recorded and by the generated messages.

use super::*;
use crate::message::tests::encoded;
use crate::testing::Table;
use espprov_proto::local_ctrl::{
    CmdGetPropertyValues, CmdSetPropertyValues, PropertyInfo, PropertyValue, RespGetPropertyValues,
    local_ctrl_message::Payload,
};
use proptest::collection::vec as some;
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

fn ask(table: &mut Table, request: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut reply = vec![0xee; 256];
    let len = answer(table, Rules::default(), request, &mut reply)?;
    reply.truncate(len);
    Ok(reply)
}

fn get(indices: &[u32]) -> Vec<u8> {
    let indices = indices.to_vec();
    encoded(4, Some(Payload::CmdGetPropVals(CmdGetPropertyValues { indices })))
}

fn set(values: &[(u32, &[u8])]) -> Vec<u8> {
    let value = |(index, value): &(u32, &[u8])| PropertyValue {
        index: *index,
        value: value.to_vec(),
    };
    let props = values.iter().map(value).collect();
    encoded(6, Some(Payload::CmdSetPropVals(CmdSetPropertyValues { props })))
}

const SET: [u8; 4] = [0x08, 7, 0x7a, 0];

fn set_refused(status: u8) -> Vec<u8> {
    vec![0x08, 7, 0x7a, 2, 0x08, status]
}

#[test]
fn count_and_values() {
    let mut table = Table::recorded();
    assert_eq!(ask(&mut table, &[0x52, 0]), Ok(vec![0x08, 1, 0x5a, 2, 0x10, 4]));
    let none = &mut Table(vec![]);
    assert_eq!(ask(none, &[0x52, 0]), Ok(vec![0x08, 1, 0x5a, 0]));
    // In the order asked, the same one twice.
    let info = |index: usize| {
        let (name, kind, flags, _, value) = &Table::recorded().0[index];
        PropertyInfo {
            status: 0,
            name: (*name).into(),
            r#type: *kind,
            flags: *flags,
            value: value.clone(),
        }
    };
    let props = [3, 0, 3].map(info).to_vec();
    let resp = RespGetPropertyValues { status: 0, props };
    let expected = encoded(5, Some(Payload::RespGetPropVals(resp)));
    assert_eq!(ask(&mut table, &get(&[3, 0, 3])), Ok(expected));
}

#[test]
fn an_index_beyond_the_end_refuses_all_and_changes_nothing() {
    let mut table = Table::recorded();
    let refused = [0x08, 5, 0x6a, 2, 0x08, 4].to_vec();
    assert_eq!(ask(&mut table, &get(&[4])), Ok(refused.clone()));
    assert_eq!(ask(&mut table, &get(&[1, u32::MAX])), Ok(refused));
    for values in [
        [(3, &b"new"[..]), (4, b"x")],
        [(4, b"x"), (3, b"new")],
        [(3, b"new"), (1, b"too long")],
        [(3, b"new"), (1, b"")],
    ] {
        assert_eq!(ask(&mut table, &set(&values)), Ok(set_refused(4)));
        assert_eq!(table.0[3].4, b"", "{values:?}");
    }
}

#[test]
fn the_application_decides_and_its_verdicts_have_numbers() {
    let mut table = Table::recorded();
    assert_eq!(
        ask(&mut table, &set(&[(3, b"test"), (1, &[1, 0, 0, 0])])),
        Ok(SET.to_vec())
    );
    assert_eq!((&table.0[3].4[..], table.0[1].4[0]), (&b"test"[..], 1));
    assert_eq!(ask(&mut table, &set(&[(3, b"")])), Ok(SET.to_vec()));
    assert_eq!(ask(&mut table, &set(&[(3, b"STATE")])), Ok(set_refused(2)));
    assert_eq!(ask(&mut table, &set(&[(3, b"FAIL")])), Ok(set_refused(5)));
    // Read-only is the application's affair: what came before stays.
    assert_eq!(
        ask(&mut table, &set(&[(3, b"stays"), (2, &[0]), (1, &[9; 4])])),
        Ok(set_refused(4))
    );
    assert_eq!((&table.0[3].4[..], table.0[1].4[0]), (&b"stays"[..], 1));
    for bad in [&b"UNREADABLE"[..], b"NOTHING"] {
        table.0[3].4 = bad.to_vec();
        assert_eq!(
            ask(&mut table, &get(&[1, 3])),
            Ok(vec![0x08, 5, 0x6a, 2, 0x08, 5])
        );
    }
}

#[test]
fn what_is_refused_at_transport_level() {
    let mut table = Table::recorded();
    for (request, refusal) in [
        (&[0xff][..], Refusal::Malformed),
        (&[0x08, 1, 0x5a, 0], Refusal::UnknownMessage),
        (&[0x08, 2, 0x52, 0], Refusal::UnknownMessage),
        (&[0x08, 5, 0x6a, 0], Refusal::UnknownMessage),
        (&[0x08, 7, 0x7a, 0], Refusal::UnknownMessage),
        (&[0x08, 8], Refusal::UnknownMessage),
        (&[0x08, 0], Refusal::MissingContent),
        (&[0x62, 0], Refusal::MissingContent),
        (&[0x08, 4], Refusal::MissingContent),
        (&[0x08, 4, 0x52, 0], Refusal::MissingContent),
        (&[0x08, 6], Refusal::MissingContent),
        (&[0x08, 4, 0x62, 0], Refusal::Nothing),
        (&[0x08, 6, 0x72, 0], Refusal::Nothing),
        (&[0x08, 4, 0x62, 2, 0x0a, 0], Refusal::Nothing),
        (&[0x08, 4, 0x62, 3, 0x0a, 1, 0x80], Refusal::Malformed),
        (&[0x08, 6, 0x72, 3, 0x0a, 1, 0x08], Refusal::Malformed),
        // A good one ahead of it: nothing must have happened.
        (
            &[0x08, 6, 0x72, 9, 0x0a, 5, 0x08, 3, 0x12, 1, b'x', 0x08, 1],
            Refusal::Malformed,
        ),
    ] {
        assert_eq!(ask(&mut table, request), Err(refusal), "{request:02x?}");
        assert_eq!(table.0[3].4, b"");
    }
    let old = Rules {
        counts_without_content: true,
    };
    let mut reply = [0; 16];
    assert_eq!(answer(&mut table, old, &[0x08, 0], &mut reply), Ok(6));
    assert_eq!(
        answer(&mut table, old, &[0x08, 4], &mut reply),
        Err(Refusal::MissingContent)
    );
}

#[test]
fn a_reply_that_does_not_fit_says_how_much_it_takes() {
    let whole = ask(&mut Table::recorded(), &get(&[1, 3])).unwrap().len();
    for room in 0..whole {
        let short = answer(
            &mut Table::recorded(),
            Rules::default(),
            &get(&[1, 3]),
            &mut vec![0; room],
        );
        assert!(
            matches!(short, Err(Refusal::ReplyTooLong { needed }) if needed > room && needed <= whole),
            "{room}: {short:?}"
        );
    }
    let most = answer(&mut Table::recorded(), Rules::default(), &[0x52, 0], &mut [0; 5]);
    assert_eq!(most, Err(Refusal::ReplyTooLong { needed: 6 }));
}

proptest! {
    #[test]
    fn any_bytes_are_survived(request in some(any::<u8>(), 0..100)) {
        let _ = ask(&mut Table::recorded(), &request);
    }

    #[test]
    fn nearly_valid_bytes_are_survived(at in any::<prop::sample::Index>(), value in any::<u8>()) {
        for mut request in [get(&[1, 2]), set(&[(3, b"test"), (1, &[1; 4])])] {
            let at = at.index(request.len());
            request[at] = value;
            let _ = ask(&mut Table::recorded(), &request);
        }
    }
}
