//! Local control from end to end: the client half over the engine, against the simulated device on its network.

use core::time::Duration;
use espprov::TokioClock;
use espprov_core::auth::{Auto, SecurityChoice, SessionSecurity};
use espprov_core::call::Converse;
use espprov_core::{Phase, ProvisionError, Provisioner, SecurityScheme, SessionError, StatusCode, blocking};
use espprov_http::{HttpTarget, HttpTransport};
use espprov_local_ctrl::{Change, CountProperties, InTurn, List, NotSet, Property, Protocol, Set, Value};
use espprov_security::ChannelError;
use espprov_simulator::time::{VirtualClock, block_on};
use espprov_simulator::{HttpServer, LinkModel, MemoryTransport, Scenario, Shared, SimDevice};
use espprov_transport::blocking::{Blocked, Wait};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

const LOCAL: Protocol = Protocol::ESP_LOCAL_CTRL;

/// A device on its network with the vendor's example on it, and what is written beside that.
fn scenario(text: &str) -> Scenario {
    let mut scenario = Scenario::parse(text).unwrap();
    scenario.prefer_local_ctrl();
    scenario
}

type Link = MemoryTransport<SimDevice, VirtualClock>;
type Client = Provisioner<Link, InTurn, ChaCha20Rng, VirtualClock, Vec<u8>>;

fn client(scenario: Scenario, model: LinkModel, auth: Auto) -> (Client, VirtualClock) {
    let clock = VirtualClock::new();
    let device = Shared::new(SimDevice::new(scenario).unwrap());
    let link = MemoryTransport::new(device, clock.clone(), model);
    let rng = ChaCha20Rng::seed_from_u64(7);
    let client = Provisioner::new(link, InTurn::new(auth), rng, clock.clone(), vec![0; 16 * 1024]);
    (client.with_endpoints(LOCAL.endpoints), clock)
}

fn pop() -> Auto {
    Auto::new().with_pop(b"abcd1234").unwrap()
}

fn shown(properties: &[Property]) -> Vec<String> {
    let shown = |property: &Property| match property.typed() {
        Some(Value::Timestamp(_)) => format!("{} = …", property.name),
        Some(value) => format!("{} = {value}", property.name),
        None => format!("{} = ?", property.name),
    };
    properties.iter().map(shown).collect()
}

const EXAMPLE: [&str; 4] = [
    "timestamp (us) = …",
    "property1 = 123456789",
    "property2 = false",
    "property3 = ",
];

/// Every firmware, every scheme, links with limits and without.
#[test]
fn properties_are_listed_and_set() {
    let bluetooth = "link = \"nimble\"";
    for (device, security, model, uses) in [
        ("", "scheme = 0", LinkModel::Ideal, SessionSecurity::Sec0),
        ("", "scheme = 1", LinkModel::http(), SessionSecurity::Sec1),
        ("", "", LinkModel::http(), SessionSecurity::Sec2),
        (bluetooth, "", LinkModel::nimble(), SessionSecurity::Sec2),
        (
            bluetooth,
            "scheme = 1",
            LinkModel::nimble(),
            SessionSecurity::Sec1,
        ),
        (
            "flavour = \"idf-5.5\"",
            "",
            LinkModel::Ideal,
            SessionSecurity::Sec2,
        ),
    ] {
        let text = format!("[device]\n{device}\n[security]\n{security}");
        let auth = match uses {
            SessionSecurity::Sec0 => Auto::new().allow_plaintext(true),
            _ => pop(),
        };
        let (mut client, clock) = client(scenario(&text), model, auth);
        let listed = block_on(&clock, client.run(Converse::new(List::new(&LOCAL)))).unwrap();
        assert_eq!(shown(&listed), EXAMPLE, "{text}");
        assert_eq!(client.security(), Some(uses), "{text}");
        let changes = [
            Change {
                property: &listed[1],
                value: &638_i32.to_le_bytes(),
            },
            Change {
                property: &listed[3],
                value: b"test",
            },
        ];
        let set = Set::new(&LOCAL, &changes).unwrap();
        assert_eq!(
            block_on(&clock, client.run(Converse::new(set))),
            Ok(Ok(())),
            "{text}"
        );
        let listed = block_on(&clock, client.run(Converse::new(List::new(&LOCAL)))).unwrap();
        assert_eq!(
            shown(&listed)[1..],
            ["property1 = 638", "property2 = false", "property3 = test"]
        );
    }
}

/// A bare `v1.0` says nothing: security 2 is tried, then 1, and 0 only for whoever names it.
#[test]
fn where_the_version_is_silent_schemes_are_tried_in_turn() {
    let old = |security: &str| {
        scenario(&format!(
            "[device]\nflavour = \"idf-5.2\"\n[security]\n{security}"
        ))
    };
    for (security, auth, expected) in [
        ("scheme = 2", pop(), Ok(SessionSecurity::Sec2)),
        ("scheme = 1", pop(), Ok(SessionSecurity::Sec1)),
        (
            "scheme = 1\npop = \"\"",
            Auto::new().with_pop(b"").unwrap(),
            Ok(SessionSecurity::Sec1),
        ),
        // Never by itself.
        (
            "scheme = 0",
            pop(),
            Err(ProvisionError::Refused {
                phase: Phase::Handshake,
            }),
        ),
        (
            "scheme = 0",
            Auto::new().with_choice(SecurityChoice::Exactly(SecurityScheme::Sec0)),
            Ok(SessionSecurity::Sec0),
        ),
        // Named, and wrong: nothing else is tried.
        (
            "scheme = 1",
            pop().with_choice(SecurityChoice::Exactly(SecurityScheme::Sec2)),
            Err(ProvisionError::Refused {
                phase: Phase::Handshake,
            }),
        ),
        // Security 2 that knows the wrong password is that, and no reason to try another.
        (
            "scheme = 2",
            Auto::new().with_pop(b"wrong").unwrap(),
            Err(ProvisionError::WrongCredentials {
                security: SessionSecurity::Sec2,
            }),
        ),
        (
            "scheme = 1",
            Auto::new().with_pop(b"wrong").unwrap(),
            Err(ProvisionError::WrongCredentials {
                security: SessionSecurity::Sec1,
            }),
        ),
        // A password is not for security 1.
        (
            "scheme = 1",
            Auto::new().with_password(b"abcd1234").unwrap(),
            Err(ProvisionError::Refused {
                phase: Phase::Handshake,
            }),
        ),
    ] {
        for model in [LinkModel::Ideal, LinkModel::http(), LinkModel::nimble()] {
            let (mut client, clock) = client(old(security), model, auth.clone());
            let connected = block_on(&clock, client.connect());
            assert_eq!(connected, expected, "{security} {model:?}");
            if expected.is_ok() {
                let count = block_on(&clock, client.ask(CountProperties::new(&LOCAL)));
                assert_eq!(count, Ok(4), "{security} {model:?}");
            }
        }
    }
}

#[test]
fn nothing_is_set_in_clear_unless_that_is_allowed() {
    let (mut client, clock) = client(scenario("[security]\nscheme = 0"), LinkModel::Ideal, Auto::new());
    // What it says is no secret of ours.
    let listed = block_on(&clock, client.run(Converse::new(List::new(&LOCAL)))).unwrap();
    let changes = [Change {
        property: &listed[3],
        value: b"secret",
    }];
    let set = Converse::new(Set::new(&LOCAL, &changes).unwrap());
    assert_eq!(
        block_on(&clock, client.run(set)),
        Err(ProvisionError::PlaintextNotAllowed)
    );
}

#[test]
fn a_set_that_is_applied_in_part_is_told_as_such() {
    let text = r#"
        [[property]]
        name = "a"
        type = "text"
        [[property]]
        name = "b"
        type = "int"
        refuses = "failure"
        [[property]]
        name = "c"
        type = 77
        value_hex = "0102"
    "#;
    let (mut client, clock) = client(scenario(text), LinkModel::http(), pop());
    let listed = block_on(&clock, client.run(Converse::new(List::new(&LOCAL)))).unwrap();
    assert_eq!(shown(&listed), ["a = ", "b = 0", "c = ?"]);
    let change = |index: usize, value: &'static [u8]| Change {
        property: &listed[index],
        value,
    };
    let changes = [change(0, b"new"), change(1, &[1, 0, 0, 0]), change(2, b"x")];
    let set = Converse::new(Set::new(&LOCAL, &changes).unwrap());
    let Ok(Err(NotSet::Refused(refused))) = block_on(&clock, client.run(set)) else {
        panic!("it must be refused");
    };
    assert!(refused.is_partly_applied());
    assert_eq!(
        (refused.code, refused.now),
        (StatusCode::InternalError, Some(vec![true, false, false]))
    );
}

/// The limit of a characteristic: one at a time, and what does not fit is an error.
#[test]
fn a_value_that_no_reply_can_carry_is_an_error_and_no_hang() {
    let long = "x".repeat(400);
    for (fits, value) in [(true, &long[..]), (false, &long.repeat(2)[..])] {
        let text = format!(
            "[device]\nlink = \"nimble\"\n[[property]]\nname = \"a\"\ntype = 3\nvalue = \"{value}\"\n\
             [[property]]\nname = \"b\"\ntype = 3\nvalue = \"{value}\""
        );
        let newest = scenario(&text).device.link_model();
        let refused = ProvisionError::Refused { phase: Phase::Query };
        // Older firmware says yes to the question, and what is read then is not its answer.
        let error = ChannelError::Forged;
        let forged = ProvisionError::Reply {
            phase: Phase::Query,
            error: SessionError::Channel(error),
        };
        for (model, error) in [(newest, refused), (LinkModel::nimble(), forged)] {
            let (mut client, clock) = client(scenario(&text), model, pop());
            let listed = block_on(&clock, client.run(Converse::new(List::new(&LOCAL))));
            match fits {
                true => assert_eq!(listed.unwrap().len(), 2),
                false => assert_eq!(listed, Err(error)),
            }
        }
    }
}

/// More than the client's own buffer holds is asked for again, in smaller groups.
#[test]
fn what_does_not_fit_the_buffer_is_asked_for_in_halves() {
    let value = "x".repeat(1500);
    let property = |name: &str| format!("[[property]]\nname = \"{name}\"\ntype = 3\nvalue = \"{value}\"\n");
    let text: String = ["a", "b", "c"].map(property).concat();
    let clock = VirtualClock::new();
    let device = Shared::new(SimDevice::new(scenario(&text)).unwrap());
    let link = MemoryTransport::new(device, clock.clone(), LinkModel::http());
    let rng = ChaCha20Rng::seed_from_u64(7);
    let client = Provisioner::new(link, InTurn::new(pop()), rng, clock.clone(), vec![0; 2048]);
    let mut client = client.with_endpoints(LOCAL.endpoints);
    let listed = block_on(&clock, client.run(Converse::new(List::new(&LOCAL)))).unwrap();
    assert_eq!(listed.len(), 3);
    assert_eq!(client.transport().stats().reconnects, 1);
}

#[test]
fn a_device_that_provisions_has_none_of_this_and_the_other_way_round() {
    let provisions = Scenario::parse("").unwrap();
    for model in [LinkModel::Ideal, LinkModel::http(), LinkModel::nimble()] {
        let (mut client, clock) = client(provisions.clone(), model, pop());
        let listed = block_on(&clock, client.run(Converse::new(List::new(&LOCAL))));
        assert_eq!(
            listed,
            Err(ProvisionError::NoSuchEndpoint { phase: Phase::Info }),
            "{model:?}"
        );
        let clock = VirtualClock::new();
        let device = Shared::new(SimDevice::new(scenario("")).unwrap());
        let link = MemoryTransport::new(device, clock.clone(), model);
        let rng = ChaCha20Rng::seed_from_u64(7);
        let mut client = Provisioner::new(link, pop(), rng, clock.clone(), vec![0; 1024]);
        let info = block_on(&clock, client.info()).cloned();
        assert_eq!(
            info,
            Err(ProvisionError::NoSuchEndpoint { phase: Phase::Info }),
            "{model:?}"
        );
    }
}

/// The real server and the real client, and the driver without async.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_http_and_without_async() {
    let device = Shared::new(SimDevice::new(scenario("")).unwrap());
    let server = HttpServer::bind("127.0.0.1:0", device).await.unwrap();
    let target = format!("http://{}", server.local_addr().unwrap());
    let serving = tokio::spawn(server.run());
    let link = HttpTransport::new(target.parse::<HttpTarget>().unwrap());
    let rng = ChaCha20Rng::seed_from_u64(1);
    let client = Provisioner::new(
        link,
        InTurn::new(pop()),
        rng,
        TokioClock::new(),
        vec![0; 16 * 1024],
    );
    let mut client = client.with_endpoints(LOCAL.endpoints);
    client.limit_total(Duration::from_secs(20));
    let listed = client.run(Converse::new(List::new(&LOCAL))).await.unwrap();
    assert_eq!(shown(&listed), EXAMPLE);
    client.close().await;
    serving.abort();

    let clock = VirtualClock::new();
    let device = Shared::new(SimDevice::new(scenario("")).unwrap());
    let link = MemoryTransport::new(device, clock.clone(), LinkModel::Ideal);
    let time = Wait::new(&clock, &clock);
    let link = Blocked::new(link, time);
    let rng = ChaCha20Rng::seed_from_u64(1);
    let mut client = blocking::Provisioner::new(link, InTurn::new(pop()), rng, time, vec![0; 16 * 1024])
        .with_endpoints(LOCAL.endpoints);
    let listed = client.run(Converse::new(List::new(&LOCAL))).unwrap();
    assert_eq!(shown(&listed), EXAMPLE);
}
