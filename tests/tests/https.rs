//! HTTPS: whom the client trusts and whom it does not, what it says then, and that the link is otherwise the one over HTTP.
//! The server is rustls's own, in front of a simulated device; certificates are made here, but for one of OpenSSL's.

use core::time::Duration;
use espprov::{Class, Fingerprint, Tls};
use espprov_http::tls::{Reason, TlsError};
use espprov_http::{HttpError, HttpTarget, HttpTransport};
use espprov_tests::cli::{Run, Scratch, Simulator, espprov, finish, run};
use espprov_tests::tls::{Authority, Front, Identity, Leaf, Manners};
use espprov_transport::{Endpoint, LinkFault, Reconnect, SessionIntent, Transport, TransportError};
use std::io::{Read, Write};
use std::net::TcpListener;

/// A device on HTTPS, and files to trust it by.
struct Scene {
    front: Front,
    files: Scratch,
    ca: String,
    pin: String,
    _device: Simulator,
}

impl Scene {
    fn new(authority: &Authority, identity: Identity, manners: Manners) -> Self {
        let device = Simulator::start(&["--pop", "abcd1234", "--security", "1", "--scenario", ZERO]);
        let files = Scratch::new();
        let ca = files.write("root.pem", &authority.pem());
        let pin = Fingerprint::of(identity.der()).to_string();
        Self {
            front: Front::start(identity, manners, &device.url),
            files,
            ca,
            pin,
            _device: device,
        }
    }

    /// A device whose certificate is signed by the root in `ca`.
    fn signed(leaf: Leaf) -> Self {
        let authority = Authority::new();
        let identity = authority.sign(leaf);
        Self::new(&authority, identity, Manners::DEVICE)
    }

    /// `info` about the device, with these options.
    fn info(&self, options: &[&str]) -> Run {
        run(&[&["--json", "info", &self.front.url()], options].concat())
    }
}

/// A world in which nothing takes time.
const ZERO: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../crates/espprov-simulator/scenarios/zero.toml"
);

#[test]
fn a_certificate_that_is_right() {
    let authority = Authority::new();
    for manners in [Manners::DEVICE, Manners::MODERN] {
        let scene = Scene::new(&authority, authority.sign(Leaf::RIGHT), manners);
        let url = scene.front.url_by("LocalHost").replace("https", "HttpS");
        let args = [
            "provision",
            &url,
            "--ca",
            &scene.ca,
            "--pop",
            "abcd1234",
            "--security",
            "1",
        ];
        let joined = run(&[
            &args[..],
            &["--ssid", "Home", "--passphrase", "correct-horse", "--json"],
        ]
        .concat());
        assert_eq!(joined.code, 0, "{joined:?}");
        let events = joined.events();
        assert_eq!(events[0]["transport"], "https", "{joined:?}");
        assert_eq!(events[0]["target"], scene.front.url_by("localhost"));
        assert!(joined.warnings().is_empty(), "{joined:?}");
        assert_eq!(joined.result()["outcome"], "connected");
        // The same by address, which is in the certificate, too.
        let by_address = scene.info(&["--ca", &scene.ca]);
        assert_eq!(by_address.code, 0, "{by_address:?}");
        assert!(scene.front.sessions() >= 2);
    }
}

#[test]
fn what_is_wrong_with_a_certificate_is_said() {
    let own = Authority::new();
    let foreign = Authority::new();
    for (identity, code, words) in [
        (
            own.sign(Leaf::EXPIRED),
            "tls_expired",
            &["it expired on 2026-08-15"][..],
        ),
        (
            own.sign(Leaf::NOT_YET),
            "tls_not_yet_valid",
            &["valid only from 2110-03-01"],
        ),
        (own.sign(Leaf::NAMELESS), "tls_no_name", &["no name of a server"]),
        (
            own.sign(Leaf::ANOTHERS),
            "tls_wrong_name",
            &["not for 127.0.0.1", "lamp.example, 10.9.8.7"],
        ),
        (
            foreign.sign(Leaf::RIGHT),
            "tls_unknown_issuer",
            &["issuer is unknown"],
        ),
        (
            own.sign(Leaf::AS_THE_EXAMPLE),
            "tls_expired",
            &["2026-08-15", "no name of a server"],
        ),
        (
            foreign.sign(Leaf::AS_THE_EXAMPLE),
            "tls_unknown_issuer",
            &["issuer is unknown", "2026-08-15", "no name of a server"],
        ),
        (
            Identity::self_signed(Leaf::RIGHT),
            "tls_unknown_issuer",
            &["issuer is unknown"],
        ),
        (
            Identity::of_version_1(),
            "tls_old_certificate",
            &["old version of X.509"],
        ),
    ] {
        let scene = Scene::new(&own, identity, Manners::DEVICE);
        let refused = scene.info(&["--ca", &scene.ca]);
        refused.assert_error(5, code);
        // The fingerprint to compare is said, and how to pin it.
        for word in words.iter().copied().chain([&*format!("--pin {}", scene.pin)]) {
            assert!(refused.stdout.contains(word), "{word}: {refused:?}");
        }
        assert_eq!(refused.names(), ["result"], "nothing was said to it");
        assert_eq!(scene.front.sessions(), 0);
        // A pin is trust enough, whatever is wrong with the certificate.
        let pinned = scene.info(&["--pin", &scene.pin.replace(':', "").to_lowercase()]);
        assert_eq!(pinned.code, 0, "{code}: {pinned:?}");
    }
}

#[test]
fn roots_of_the_system() {
    let scene = Scene::signed(Leaf::RIGHT);
    // Nobody has signed for the root of a test.
    scene.info(&[]).assert_error(5, "tls_unknown_issuer");
    if cfg!(target_os = "linux") {
        let url = scene.front.url();
        let trusted = finish(
            espprov()
                .args(["--json", "info", &url])
                .env("SSL_CERT_FILE", &scene.ca),
            b"",
        );
        assert_eq!(trusted.code, 0, "{trusted:?}");
        let nobody = scene.files.write("empty.pem", "");
        let none = finish(
            espprov()
                .args(["--json", "info", &url])
                .env("SSL_CERT_FILE", nobody)
                .env("SSL_CERT_DIR", "/nonexistent"),
            b"",
        );
        none.assert_error(2, "no_roots");
    }
}

#[test]
fn another_certificate_than_the_pinned_one() {
    let scene = Scene::signed(Leaf::RIGHT);
    let another = Fingerprint::of(b"another").to_string();
    let refused = scene.info(&["--pin", &another]);
    refused.assert_error(5, "tls_pin_mismatch");
    assert!(refused.stdout.contains(&scene.pin), "{refused:?}");
    assert_eq!(scene.front.sessions(), 0);
}

#[test]
fn names() {
    let scene = Scene::signed(Leaf::ANOTHERS);
    let with = |options: &[&str]| scene.info(&[&["--ca", &scene.ca], options].concat());
    for name in ["lamp.example", "LAMP.example", "10.9.8.7", ""] {
        let taken = with(&["--server-name", name]);
        assert_eq!(taken.code, 0, "{name}: {taken:?}");
    }
    let refused = with(&["--server-name", "lamp.example.org"]);
    refused.assert_error(5, "tls_wrong_name");
    assert!(refused.stdout.contains("--server-name"), "{refused:?}");
    // Any name, but not any day or issuer.
    let nameless = Scene::signed(Leaf::NAMELESS);
    let ca = ["--ca", &nameless.ca, "--server-name", ""];
    assert_eq!(nameless.info(&ca).code, 0);
    let foreign = ["--ca", &scene.ca, "--server-name", ""];
    nameless.info(&foreign).assert_error(5, "tls_unknown_issuer");
    let example = Scene::signed(Leaf::AS_THE_EXAMPLE);
    let ca = ["--ca", &example.ca, "--server-name", ""];
    let expired = example.info(&ca);
    expired.assert_error(5, "tls_expired");
    assert!(!expired.stdout.contains("no name"), "{expired:?}");
}

/// What `openssl req -x509` makes may sign others, and stands for itself when it is given.
#[test]
fn a_certificate_that_has_signed_itself() {
    let authority = Authority::new();
    for (leaf, code) in [
        (Leaf::RIGHT, None),
        (Leaf::EXPIRED, Some("tls_expired")),
        (Leaf::NAMELESS, Some("tls_no_name")),
    ] {
        let identity = Identity::self_signed(leaf);
        let pem = identity.pem.clone();
        let scene = Scene::new(&authority, identity, Manners::DEVICE);
        let own = scene.files.write("own.pem", &pem);
        let end = scene.info(&["--ca", &own]);
        match code {
            None => assert_eq!(end.code, 0, "{end:?}"),
            Some(code) => end.assert_error(5, code),
        }
    }
}

#[test]
fn insecure_works_and_warns() {
    let foreign = Authority::new();
    let scene = Scene::new(
        &Authority::new(),
        foreign.sign(Leaf::AS_THE_EXAMPLE),
        Manners::DEVICE,
    );
    let done = scene.info(&["--insecure"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(done.warnings(), ["insecure_tls"]);
    assert!(done.stdout.contains(&format!("--pin {}", scene.pin)), "{done:?}");
    let said = run(&["info", &scene.front.url(), "--insecure"]);
    assert!(
        said.stderr
            .starts_with("warning: the device's certificate was not checked"),
        "{said:?}"
    );
}

/// The key, too, has to be the certificate's, whichever way it is trusted.
#[test]
fn a_certificate_with_another_key() {
    let authority = Authority::new();
    for manners in [Manners::DEVICE, Manners::MODERN] {
        let identity = authority
            .sign(Leaf::RIGHT)
            .with_key_of(authority.sign(Leaf::RIGHT));
        let scene = Scene::new(&authority, identity, manners);
        for options in [&["--ca", &scene.ca][..], &["--pin", &scene.pin], &["--insecure"]] {
            scene.info(options).assert_error(3, "tls_broken");
        }
        assert_eq!(scene.front.sessions(), 0);
    }
}

/// A device that refuses just closes, with or without taking leave of TLS first: a wrong PoP is said to be one.
#[test]
fn a_refusal_over_tls() {
    let authority = Authority::new();
    for (versions, polite) in [
        (Manners::DEVICE, true),
        (Manners::DEVICE, false),
        (Manners::MODERN, false),
    ] {
        let manners = Manners { polite, ..versions };
        let scene = Scene::new(&authority, authority.sign(Leaf::RIGHT), manners);
        let url = scene.front.url();
        let args = ["--json", "scan", &url, "--ca", &scene.ca, "--pop", "wrong"];
        run(&args).assert_error(4, "wrong_pop");
    }
}

#[test]
fn a_device_that_wants_a_client_certificate() {
    let authority = Authority::new();
    for (manners, codes) in [
        (Manners::DEVICE, &["tls_refused", "tls_client_certificate"][..]),
        (Manners::MODERN, &["tls_client_certificate"]),
    ] {
        let manners = Manners {
            wants_certificate: true,
            ..manners
        };
        let scene = Scene::new(&authority, authority.sign(Leaf::RIGHT), manners);
        let refused = scene.info(&["--ca", &scene.ca]);
        assert_eq!(refused.code, 3, "{refused:?}");
        let result = refused.result();
        let code = result["error"]["code"].as_str().unwrap();
        assert!(codes.contains(&code), "{refused:?}");
        assert!(refused.stdout.contains("client certificate"), "{refused:?}");
    }
}

/// A server that answers every connection in its own way.
fn server(answer: impl Fn(std::net::TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            answer(stream);
        }
    });
    address.to_string()
}

#[test]
fn what_is_no_tls_server() {
    // A device on plain HTTP, and servers that answer what they do not understand, hang up, or say something else.
    let device = Simulator::start(&[]);
    let plain = run(&["--json", "info", &device.url.replace("http:", "https:")]);
    assert_eq!(plain.code, 3, "{plain:?}");
    let code = plain.result()["error"]["code"].as_str().unwrap().to_owned();
    assert!(["not_tls", "tls_closed"].contains(&&*code), "{plain:?}");
    assert!(plain.stdout.contains("http://HOST"), "{plain:?}");

    let bad_request = server(|mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    let cut = server(|mut stream| {
        let _ = stream.read(&mut [0; 4096]);
    });
    let half = server(|mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        // The beginning of a record that never ends.
        let _ = stream.write_all(&[0x16, 3, 3, 1, 0, 2]);
    });
    for (address, code) in [
        (&bad_request, "not_tls"),
        (&cut, "tls_closed"),
        (&half, "tls_closed"),
    ] {
        run(&["--json", "info", &format!("https://{address}")]).assert_error(3, code);
    }
}

#[test]
fn a_tls_server_asked_in_plain_http() {
    let scene = Scene::signed(Leaf::RIGHT);
    let plain = scene.front.url().replace("https:", "http:");
    let refused = run(&["--json", "info", &plain]);
    refused.assert_error(3, "speaks_tls");
    assert!(refused.stdout.contains("https://HOST"), "{refused:?}");
    assert_eq!(scene.front.sessions(), 0);
}

/// As OpenSSL's does by default: no alert, not a word.
#[test]
fn a_server_that_hangs_up_when_asked_in_plain_http() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", server.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut client in server.incoming().flatten() {
            let _ = client.read(&mut [0; 512]);
        }
    });
    for (command, code, else_advised) in [
        ("info", "not_a_device", "join the Wi-Fi"),
        ("props", "no_local_control", "espprov provision"),
    ] {
        let refused = run(&["--json", command, &url]);
        refused.assert_error(3, code);
        // What is more likely comes first, and stays.
        assert!(refused.stdout.contains(else_advised), "{refused:?}");
        assert!(refused.stdout.contains("https://HOST"), "{refused:?}");
    }
}

#[test]
fn a_server_that_says_nothing() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", silent.local_addr().unwrap());
    let late = run(&["--json", "info", &url, "--deadline", "1s"]);
    late.assert_error(9, "deadline");
    assert!(late.took < Duration::from_secs(5), "{late:?}");
}

#[test]
fn options_that_do_not_go_together() {
    let files = Scratch::new();
    let ca = files.write("root.pem", &Authority::new().pem());
    let empty = files.write("empty.pem", "nothing\n");
    let pin = Fingerprint::of(b"x").to_string();
    let missing = files.path("missing.pem");
    let url = "https://127.0.0.1:9";
    for (args, code) in [
        (&[url, "--ca", &ca, "--pin", &pin][..], "usage"),
        (&[url, "--ca", &ca, "--insecure"], "usage"),
        (&[url, "--pin", &pin, "--insecure"], "usage"),
        (&[url, "--pin", &pin, "--server-name", "a.b"], "usage"),
        (&[url, "--insecure", "--server-name", "a.b"], "usage"),
        (&[url, "--pin", "AB:CD"], "usage"),
        (&[url, "--server-name", ""], "invalid_server_name"),
        (&[url, "--server-name", "http://a.b"], "invalid_server_name"),
        (&[url, "--ca", &empty], "invalid_ca"),
        (&[url, "--ca", &missing], "file"),
        (&["http://127.0.0.1:9", "--ca", &ca], "not_https"),
        (&["softap", "--pin", &pin], "not_https"),
        (&["sim", "--insecure"], "not_https"),
        (&["sim", "--server-name", "a.b"], "not_https"),
    ] {
        run(&[&["--json", "info"], args].concat()).assert_error(2, code);
    }
}

/// The library, without the command around it.
async fn version(mut link: HttpTransport<Tls>) -> Result<String, HttpError> {
    let mut buf = [0; 512];
    buf[..3].copy_from_slice(b"---");
    let len = link.exchange(Endpoint::PROTO_VER, &mut buf, 3).await?;
    Ok(String::from_utf8_lossy(&buf[..len]).into_owned())
}

#[tokio::test]
async fn as_a_library() {
    let authority = Authority::new();
    let identity = authority.sign(Leaf::NAMELESS);
    let seen = Fingerprint::of(identity.der());
    let scene = Scene::new(&authority, identity, Manners::MODERN);
    let target: HttpTarget = scene.front.url().parse().unwrap();
    let with = |tls: &Tls| HttpTransport::with_connector(target.clone(), tls.clone());

    let trust = Tls::ca(authority.pem().as_bytes()).unwrap();
    let error = version(with(&trust)).await.unwrap_err();
    assert_eq!(error.fault(), LinkFault::Garbled);
    let HttpError::Tls(TlsError::Distrusted(distrust)) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(distrust.reasons, [Reason::NoName]);
    assert_eq!((distrust.fingerprint, trust.seen()), (seen, Some(seen)));
    let any = trust.any_name();
    assert!(version(with(&any)).await.unwrap().contains("prov"));
    assert!(version(with(&Tls::pin(seen))).await.is_ok());

    // What says https is never asked in clear, nor the other way round.
    let mut plain = HttpTransport::new(target.clone());
    assert_eq!(
        plain.reconnect(SessionIntent::Fresh).await,
        Err(HttpError::Scheme)
    );
    let http: HttpTarget = scene.front.url().replace("https", "http").parse().unwrap();
    let mut secured = HttpTransport::with_connector(http, any);
    assert_eq!(
        secured.reconnect(SessionIntent::Fresh).await,
        Err(HttpError::Scheme)
    );

    // A handshake that never ends does.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let target: HttpTarget = format!("https://{}", silent.local_addr().unwrap())
        .parse()
        .unwrap();
    let impatient = Tls::pin(seen).handshake_timeout(Duration::from_millis(200));
    let error = version(HttpTransport::with_connector(target, impatient)).await;
    assert_eq!(error, Err(HttpError::Tls(TlsError::TimedOut)));
}

#[tokio::test]
async fn through_the_front_door() {
    let scene = Scene::signed(Leaf::RIGHT);
    let root = std::fs::read(&scene.ca).unwrap();
    let connect = |url: &str| espprov::connect(url).pop("abcd1234");
    let opening = connect(&scene.front.url()).tls(Tls::ca(&root).unwrap());
    let mut device = opening.open().await.unwrap();
    let online = device.provision("Home", "correct-horse").await.unwrap();
    assert!(online.is_confirmed());
    device.close().await;

    let error = connect(&scene.front.url()).open().await.unwrap_err();
    assert_eq!(
        (error.class(), error.code()),
        (Class::Policy, "tls_unknown_issuer")
    );
    assert!(
        error.help().contains("Tls::pin()") && !error.help().contains("--"),
        "{}",
        error.help()
    );
    let error = connect("sim").tls(Tls::insecure()).open().await.unwrap_err();
    assert_eq!(error.code(), "not_https");
}

/// As the vendor's example serves it: behind a certificate that has expired and names no server.
#[test]
fn properties_behind_a_pinned_certificate() {
    let files = Scratch::new();
    let world = files.write(
        "world.toml",
        "[security]\nscheme = 1\n[[property]]\nname = \"text\"\ntype = \"text\"\nvalue = \"before\"\n",
    );
    let device = Simulator::start(&["--scenario", &world, "--pop", "abcd1234"]);
    let identity = Authority::new().sign(Leaf::AS_THE_EXAMPLE);
    let pin = Fingerprint::of(identity.der()).to_string();
    let front = Front::start(identity, Manners::DEVICE, &device.url);
    let props = |args: &[&str]| {
        let url = front.url();
        run(&[&["--json", "props", &url, "--pop", "abcd1234"], args].concat())
    };
    let refused = props(&["list"]);
    assert_eq!(
        (refused.code, refused.result()["error"]["code"].as_str()),
        (5, Some("tls_unknown_issuer"))
    );
    let set = props(&["--pin", &pin, "set", "text=after"]);
    assert_eq!(set.code, 0, "{set:?}");
    let read = props(&["--pin", &pin, "get", "text"]);
    let events = read.events();
    let property = events.iter().find(|event| event["event"] == "property");
    assert_eq!(
        property.map(|found| &found["value"]),
        Some(&"after".into()),
        "{read:?}"
    );
}
