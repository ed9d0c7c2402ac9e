//! `prov-session`: both directions, both ways.

use crate::noise::inputs;
use crate::referee::{Looks, NONE, case_of, decode};
use crate::requests::exactly;
use espprov_proto::session::session_data::Proto;
use espprov_proto::session::{
    S0SessionCmd, S0SessionResp, S2SessionCmd0, S2SessionCmd1, S2SessionResp0, S2SessionResp1, Sec0Payload,
    Sec1Payload, Sec2Payload, SessionCmd0, SessionCmd1, SessionData, SessionResp0, SessionResp1,
    sec0_payload, sec1_payload, sec2_payload,
};
use espprov_proto::wire::{Field, Item};
use espprov_proto::{Malformed, Scheme, SessionMessage, Step, write_session};
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;

/// A message with these contents, as the generated encoder has it. `msg` and the payload can be chosen apart.
fn generated(scheme: Scheme, msg: i32, step: Step, status: i32, a: &[u8], b: &[u8]) -> SessionData {
    let (a, b) = (a.to_vec(), b.to_vec());
    let proto = match scheme {
        Scheme::Sec0 => {
            use sec0_payload::Payload::{Sc, Sr};
            let payload = match step {
                Step::Command0 | Step::Command1 => Sc(S0SessionCmd {}),
                Step::Response0 | Step::Response1 => Sr(S0SessionResp { status }),
            };
            Proto::Sec0(Sec0Payload {
                msg,
                payload: Some(payload),
            })
        }
        Scheme::Sec1 => {
            use sec1_payload::Payload::{Sc0, Sc1, Sr0, Sr1};
            let payload = match step {
                Step::Command0 => Sc0(SessionCmd0 { client_pubkey: a }),
                Step::Response0 => Sr0(SessionResp0 {
                    status,
                    device_pubkey: a,
                    device_random: b,
                }),
                Step::Command1 => Sc1(SessionCmd1 {
                    client_verify_data: a,
                }),
                Step::Response1 => Sr1(SessionResp1 {
                    status,
                    device_verify_data: a,
                }),
            };
            Proto::Sec1(Sec1Payload {
                msg,
                payload: Some(payload),
            })
        }
        Scheme::Sec2 => {
            use sec2_payload::Payload::{Sc0, Sc1, Sr0, Sr1};
            let payload = match step {
                Step::Command0 => Sc0(S2SessionCmd0 {
                    client_username: a,
                    client_pubkey: b,
                }),
                Step::Response0 => Sr0(S2SessionResp0 {
                    status,
                    device_pubkey: a,
                    device_salt: b,
                }),
                Step::Command1 => Sc1(S2SessionCmd1 { client_proof: a }),
                Step::Response1 => Sr1(S2SessionResp1 {
                    status,
                    device_proof: a,
                    device_nonce: b,
                }),
            };
            Proto::Sec2(Sec2Payload {
                msg,
                payload: Some(payload),
            })
        }
    };
    SessionData {
        sec_ver: scheme as i32,
        proto: Some(proto),
    }
}

/// Is it a response, its status, its byte strings.
type Content<'a> = (bool, i32, [&'a [u8]; 2]);

/// The view of what the generated decoder has made, as far as a reader of responses or of commands looks.
fn view(scheme: Scheme, responses: bool, data: &SessionData) -> SessionMessage<'_> {
    let mut view = SessionMessage {
        sec_ver: data.sec_ver,
        proto: case_of!(data.proto),
        msg: 0,
        payload: 0,
        status: 0,
        fields: [&[], &[]],
    };
    let (msg, payload, (response, status, fields)): (i32, u32, Content<'_>) = match (scheme, &data.proto) {
        (Scheme::Sec0, Some(Proto::Sec0(p))) => {
            use sec0_payload::Payload::{Sc, Sr};
            let content = match &p.payload {
                None => return SessionMessage { msg: p.msg, ..view },
                Some(Sc(_)) => (false, 0, [&[][..], &[]]),
                Some(Sr(r)) => (true, r.status, [&[][..], &[]]),
            };
            (p.msg, case_of!(p.payload), content)
        }
        (Scheme::Sec1, Some(Proto::Sec1(p))) => {
            use sec1_payload::Payload::{Sc0, Sc1, Sr0, Sr1};
            let content = match &p.payload {
                None => return SessionMessage { msg: p.msg, ..view },
                Some(Sc0(c)) => (false, 0, [&c.client_pubkey[..], &[]]),
                Some(Sr0(r)) => (true, r.status, [&r.device_pubkey[..], &r.device_random]),
                Some(Sc1(c)) => (false, 0, [&c.client_verify_data[..], &[]]),
                Some(Sr1(r)) => (true, r.status, [&r.device_verify_data[..], &[]]),
            };
            (p.msg, case_of!(p.payload), content)
        }
        (Scheme::Sec2, Some(Proto::Sec2(p))) => {
            use sec2_payload::Payload::{Sc0, Sc1, Sr0, Sr1};
            let content = match &p.payload {
                None => return SessionMessage { msg: p.msg, ..view },
                Some(Sc0(c)) => (false, 0, [&c.client_username[..], &c.client_pubkey]),
                Some(Sr0(r)) => (true, r.status, [&r.device_pubkey[..], &r.device_salt]),
                Some(Sc1(c)) => (false, 0, [&c.client_proof[..], &[]]),
                Some(Sr1(r)) => (true, r.status, [&r.device_proof[..], &r.device_nonce]),
            };
            (p.msg, case_of!(p.payload), content)
        }
        _ => return view,
    };
    (view.msg, view.payload) = (msg, payload);
    if response == responses {
        (view.status, view.fields) = (status, fields);
    }
    view
}

const fn looks(scheme: Scheme, responses: bool) -> &'static Looks {
    match (scheme, responses) {
        (Scheme::Sec0, false) => &[(&[], 10..=12), (&[10], 20..=21), (&[10, 20], NONE)],
        (Scheme::Sec0, true) => &[(&[], 10..=12), (&[10], 20..=21), (&[10, 21], NONE)],
        (Scheme::Sec1, false) => &[
            (&[], 10..=12),
            (&[11], 20..=23),
            (&[11, 20], NONE),
            (&[11, 22], NONE),
        ],
        (Scheme::Sec1, true) => &[
            (&[], 10..=12),
            (&[11], 20..=23),
            (&[11, 21], NONE),
            (&[11, 23], NONE),
        ],
        (Scheme::Sec2, false) => &[
            (&[], 10..=12),
            (&[12], 20..=23),
            (&[12, 20], NONE),
            (&[12, 22], NONE),
        ],
        (Scheme::Sec2, true) => &[
            (&[], 10..=12),
            (&[12], 20..=23),
            (&[12, 21], NONE),
            (&[12, 23], NONE),
        ],
    }
}

fn scheme() -> impl Strategy<Value = Scheme> + Clone {
    prop_oneof![Just(Scheme::Sec0), Just(Scheme::Sec1), Just(Scheme::Sec2)]
}

fn step() -> impl Strategy<Value = Step> + Clone {
    prop_oneof![
        Just(Step::Command0),
        Just(Step::Response0),
        Just(Step::Command1),
        Just(Step::Response1),
    ]
}

fn messages() -> impl Strategy<Value = Vec<u8>> + Clone {
    let bytes = || vec(any::<u8>(), 0..40);
    let status = prop_oneof![3 => Just(0), 1 => any::<i32>()];
    (scheme(), 0..5_i32, step(), status, bytes(), bytes()).prop_map(|(scheme, msg, step, status, a, b)| {
        generated(scheme, msg, step, status, &a, &b).encode_to_vec()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn reading(scheme in scheme(), message in inputs(messages())) {
        for (responses, ours) in [
            (false, SessionMessage::command(scheme, &message)),
            (true, SessionMessage::response(scheme, &message)),
        ] {
            let theirs = decode::<SessionData>(looks(scheme, responses), &[], &message);
            let theirs = theirs.as_ref().map(|data| view(scheme, responses, data)).ok_or(Malformed);
            // Not by their Debug form, which leaves the fields out.
            prop_assert!(ours == theirs, "{ours:?} {theirs:?}");
        }
    }
}

proptest! {
    #[test]
    fn writing(a in vec(any::<u8>(), 0..400), b in vec(any::<u8>(), 0..40), status in prop_oneof![Just(0), any::<i32>()]) {
        let status_field = (1, Item::Int(status));
        let (a1, a2, a3) = ((1, Item::Bytes(&a)), (2, Item::Bytes(&a)), (3, Item::Bytes(&a)));
        let (b2, b3) = ((2, Item::Bytes(&b)), (3, Item::Bytes(&b)));
        let all: [(Scheme, Step, &[Field<'_>]); 10] = [
            (Scheme::Sec0, Step::Command0, &[]),
            (Scheme::Sec0, Step::Response0, &[status_field]),
            (Scheme::Sec1, Step::Command0, &[a1]),
            (Scheme::Sec1, Step::Response0, &[status_field, a2, b3]),
            (Scheme::Sec1, Step::Command1, &[a2]),
            (Scheme::Sec1, Step::Response1, &[status_field, a3]),
            (Scheme::Sec2, Step::Command0, &[a1, b2]),
            (Scheme::Sec2, Step::Response0, &[status_field, a2, b3]),
            (Scheme::Sec2, Step::Command1, &[a1]),
            (Scheme::Sec2, Step::Response1, &[status_field, a2, b3]),
        ];
        for (scheme, step, content) in all {
            let theirs = generated(scheme, step as i32, step, status, &a, &b).encode_to_vec();
            prop_assert_eq!(exactly(theirs.len(), |out| write_session(scheme, step, content, out)), theirs);
        }
    }
}
