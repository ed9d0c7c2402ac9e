//! Another client in between: a refusal is the device's verdict only where nothing speaks against it.

mod common;

use common::{Server, Step, ok, say};
use core::time::Duration;
use espprov_http::HttpError;
use espprov_transport::{Endpoint, LinkFault, Reconnect, SessionIntent, Transport, TransportError};

const OPENS: &str = "Set-Cookie: session=5\r\n";
const OTHER: &str = "Set-Cookie: session=6\r\n";

/// Version and command 0, both answered on one connection; then `rest`.
fn begun(cookie: &str, rest: impl IntoIterator<Item = Step>) -> Vec<Step> {
    let mut script = vec![Step::Read, ok(cookie, "v"), Step::Read, ok("", "0")];
    script.extend(rest);
    script
}

/// The error of command 1 after `begun`; the scripts are the connections that follow the first.
async fn command_1(scripts: Vec<Vec<Step>>, closes_first: bool) -> HttpError {
    let server = Server::start(scripts).await;
    let mut client = server.client();
    say(&mut client, "proto-ver", "---").await.unwrap();
    say(&mut client, "prov-session", "0").await.unwrap();
    if closes_first {
        server.until_closed(1).await;
    }
    let error = say(&mut client, "prov-session", "1").await.unwrap_err();
    let after = say(&mut client, "prov-session", "2").await;
    assert_eq!(after, Err(HttpError::NeedsReconnect), "{error}");
    error
}

#[tokio::test]
async fn a_refusal_on_the_connection_that_stood_is_the_verdict() {
    // Asked afterwards, the device knows the cookie still; or gives the same again; or never gave one.
    for (cookie, check) in [
        (OPENS, vec![Step::Read, ok("", "v"), Step::Hold]),
        (OPENS, vec![Step::Read, ok(OPENS, "v"), Step::Hold]),
        ("", vec![]),
    ] {
        let error = command_1(vec![begun(cookie, [Step::Read]), check], false).await;
        assert_eq!(error, HttpError::ClosedWithoutAnswer);
        assert_eq!(error.fault(), LinkFault::Refused { link_alive: false });
    }
}

#[tokio::test]
async fn a_connection_closed_on_us_makes_a_refusal_worthless() {
    for cookie in [OPENS, ""] {
        let error = command_1(vec![begun(cookie, []), vec![Step::Read]], true).await;
        assert_eq!(error, HttpError::SessionTaken, "{cookie}");
        assert_eq!(error.fault(), LinkFault::SessionTaken);
    }
}

#[tokio::test]
async fn a_cookie_the_device_does_not_know_makes_a_refusal_worthless() {
    // The close met the request on its way: only the device itself can tell.
    let check = vec![Step::Read, ok(OTHER, "v"), Step::Hold];
    let error = command_1(vec![begun(OPENS, [Step::Read]), check.clone()], false).await;
    assert_eq!(error, HttpError::SessionTaken);
    // It hangs up on that question, too: somebody else is busy with it.
    let error = command_1(vec![begun(OPENS, [Step::Read]), vec![]], false).await;
    assert_eq!(error, HttpError::SessionTaken);
}

#[tokio::test]
async fn a_connection_that_breaks_in_the_handshake_was_closed_on_us_if_somebody_is_there() {
    for check in [
        vec![Step::Read, ok(OTHER, "v"), Step::Hold],
        vec![Step::Read, ok("", "v"), Step::Hold],
        vec![],
    ] {
        let error = command_1(vec![begun(OPENS, [Step::Reset]), check], false).await;
        assert_eq!(error, HttpError::SessionTaken);
    }
    // Without a cookie there is nothing to ask by.
    let error = command_1(vec![begun("", [Step::Reset])], false).await;
    assert!(
        matches!(error, HttpError::Broken { delivered: true, .. }),
        "{error:?}"
    );
    // After the handshake the request may have been acted upon: that is for others to judge.
    let server = Server::start([begun(OPENS, [Step::Reset])]).await;
    let mut client = server.client();
    say(&mut client, "proto-ver", "---").await.unwrap();
    say(&mut client, "prov-session", "0").await.unwrap();
    let error = say(&mut client, "prov-config", "x").await.unwrap_err();
    assert!(
        matches!(error, HttpError::Broken { delivered: true, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_device_without_cookies_that_closes_after_each_answer() {
    let closing = |body| vec![Step::Read, ok("Connection: close\r\n", body)];
    let scripts = vec![closing("v"), closing("0"), vec![Step::Read]];
    let error = command_1(scripts, false).await;
    assert_eq!(error, HttpError::SessionTaken);
}

#[tokio::test]
async fn an_announced_end_is_no_sign_where_there_is_a_cookie() {
    let closing = |extra: &str, body| vec![Step::Read, ok(&format!("{extra}Connection: close\r\n"), body)];
    for (check, expected) in [
        (ok("", "v"), HttpError::ClosedWithoutAnswer),
        (ok(OTHER, "v"), HttpError::SessionTaken),
    ] {
        let scripts = vec![
            closing(OPENS, "v"),
            closing("", "0"),
            vec![Step::Read],
            vec![Step::Read, check, Step::Hold],
        ];
        assert_eq!(command_1(scripts, false).await, expected);
    }
}

#[tokio::test]
async fn a_refusal_of_command_0_is_one_whatever_happened_before() {
    // Between version and command 0 there is no session to be lost.
    let server = Server::start([vec![Step::Read, ok(OPENS, "v")], vec![Step::Read]]).await;
    let mut client = server.client();
    say(&mut client, "proto-ver", "---").await.unwrap();
    server.until_closed(1).await;
    let error = say(&mut client, "prov-session", "0").await.unwrap_err();
    assert_eq!(error, HttpError::ClosedWithoutAnswer);
    assert_eq!(server.requests().len(), 2, "nobody was asked");
}

#[tokio::test]
async fn a_fresh_session_forgets_the_signs() {
    let check = vec![Step::Read, ok("", "v"), Step::Hold];
    let scripts = vec![
        begun(OPENS, []),
        vec![Step::Read],
        begun(OTHER, [Step::Read]),
        check,
    ];
    let server = Server::start(scripts).await;
    let mut client = server.client();
    say(&mut client, "proto-ver", "---").await.unwrap();
    say(&mut client, "prov-session", "0").await.unwrap();
    server.until_closed(1).await;
    let taken = say(&mut client, "prov-session", "1").await;
    assert_eq!(taken, Err(HttpError::SessionTaken));
    client.reconnect(SessionIntent::Fresh).await.unwrap();
    say(&mut client, "proto-ver", "---").await.unwrap();
    say(&mut client, "prov-session", "0").await.unwrap();
    let refused = say(&mut client, "prov-session", "1").await;
    assert_eq!(refused, Err(HttpError::ClosedWithoutAnswer));
}

#[tokio::test]
async fn what_was_under_way_when_it_was_dropped_is_known() {
    let server = Server::start([vec![Step::Read, ok("", "v"), Step::Read, Step::Hold]]).await;
    let mut client = server.client();
    assert!(!client.delivered());
    say(&mut client, "proto-ver", "---").await.unwrap();
    let mut buf = [b'x'; 8];
    let exchange = client.exchange(Endpoint::CUSTOM_DATA, &mut buf, 1);
    let dropped = tokio::time::timeout(Duration::from_millis(200), exchange).await;
    assert!(dropped.is_err());
    assert!(client.delivered());
    // The next one does not get as far.
    let refused = say(&mut client, "custom-data", "x").await;
    assert_eq!(refused, Err(HttpError::NeedsReconnect));
}
