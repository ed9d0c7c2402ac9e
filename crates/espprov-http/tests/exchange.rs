//! What goes over the wire when all is well: request bytes, cookie, one connection, every legal framing.

mod common;

use common::{Server, Step, ok, say, send};
use core::time::Duration;
use espprov_http::{HttpError, HttpTarget, HttpTransport};
use espprov_transport::{Endpoint, Limits, LinkFault, Reconnect, SessionIntent, Transport, TransportError};

#[tokio::test]
async fn exact_bytes_on_one_connection() {
    let script = vec![
        Step::Read,
        ok("Set-Cookie: session=42\r\n", "one"),
        Step::Read,
        ok("", "two"),
        Step::Hold,
    ];
    let server = Server::start([script]).await;
    let mut client = server.client();
    assert_eq!(say(&mut client, "proto-ver", "---").await.unwrap(), "one");
    assert_eq!(say(&mut client, "prov-session", "\x10\x02").await.unwrap(), "two");

    let port = server.address.port();
    let host = format!("Host: 127.0.0.1:{port}\r\nContent-Type: application/x-www-form-urlencoded\r\n");
    let first = format!("POST /proto-ver HTTP/1.1\r\n{host}Content-Length: 3\r\n\r\n---");
    let second = format!(
        "POST /prov-session HTTP/1.1\r\n{host}Cookie: session=42\r\nContent-Length: 2\r\n\r\n\x10\x02"
    );
    assert_eq!(server.requests(), [(0, first), (0, second)]);
}

#[tokio::test]
async fn only_the_session_cookie_is_kept() {
    let script = vec![
        Step::Read,
        ok("Set-Cookie: lang=en\r\nSet-Cookie: session=x\r\n", ""),
        Step::Read,
        ok("set-cookie: session=7; Path=/\r\nSet-Cookie: session=8\r\n", ""),
        Step::Read,
        ok("", ""),
        Step::Read,
        // The device opened another session.
        ok("Set-Cookie: session=9\r\n", ""),
        Step::Read,
        ok("", ""),
        Step::Hold,
    ];
    let server = Server::start([script]).await;
    let mut client = server.client();
    for _ in 0..5 {
        assert_eq!(say(&mut client, "a", "x").await.unwrap(), "");
    }
    let cookies: Vec<_> = server.cookies().into_iter().map(|(_, cookie)| cookie).collect();
    let sent = |n: u32| Some(format!("session={n}"));
    assert_eq!(cookies, [None, None, sent(7), sent(7), sent(9)]);
}

#[tokio::test]
async fn cookies_of_failures_are_ignored() {
    let error = send("HTTP/1.1 500 No\r\nSet-Cookie: session=1\r\nContent-Length: 0\r\n\r\n");
    let server = Server::start([vec![Step::Read, error, Step::Read, ok("", ""), Step::Hold]]).await;
    let mut client = server.client();
    say(&mut client, "a", "x").await.unwrap_err();
    say(&mut client, "a", "x").await.unwrap();
    assert_eq!(server.cookies(), [(0, None), (0, None)]);
}

#[tokio::test]
async fn every_legal_framing() {
    for (reply, text) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", "hello"),
        ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello"),
        ("HTTP/1.1 200 OK\r\n\r\nhello", "hello"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
            "hello",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nTrailer: t\r\n\r\n",
            "hello",
        ),
        ("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", ""),
        ("HTTP/1.1 204 No Content\r\n\r\n", ""),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            "ok",
        ),
    ] {
        let server = Server::start([vec![Step::Read, send(reply)]]).await;
        assert_eq!(
            say(&mut server.client(), "a", "x").await.as_deref(),
            Ok(text),
            "{reply:?}"
        );
        // The request never asks for an interim answer.
        assert!(!server.requests()[0].1.contains("Expect"));
    }
}

#[tokio::test]
async fn a_reply_in_many_fragments() {
    let Step::Send(reply) = ok("Set-Cookie: session=3\r\n", "fragments") else {
        unreachable!()
    };
    let trickle = Step::Trickle(reply, Duration::from_micros(200));
    let server = Server::start([vec![Step::Read, trickle.clone(), Step::Read, trickle, Step::Hold]]).await;
    let mut client = server.client();
    assert_eq!(say(&mut client, "a", "x").await.unwrap(), "fragments");
    assert_eq!(say(&mut client, "a", "x").await.unwrap(), "fragments");
    assert_eq!(server.cookies(), [(0, None), (0, Some("session=3".into()))]);
}

#[tokio::test]
async fn the_largest_request_and_an_exactly_filled_buffer() {
    let reply = "r".repeat(4096);
    let server = Server::start([vec![Step::Read, ok("", &reply), Step::Hold]]).await;
    let mut client = server.client();
    let mut buf = vec![b'q'; 4096];
    assert_eq!(
        client.exchange(Endpoint::CUSTOM_DATA, &mut buf, 4096).await,
        Ok(4096)
    );
    assert_eq!(buf, reply.as_bytes());
    assert!(
        server.requests()[0]
            .1
            .ends_with(&format!("\r\n\r\n{}", "q".repeat(4096)))
    );
    assert_eq!(client.limits(), Limits::HTTP);
}

#[tokio::test]
async fn unsendable_requests_leave_the_link_alone() {
    let server = Server::start([vec![Step::Read, ok("", "fine"), Step::Hold]]).await;
    let mut client = server.client();
    let mut buf = vec![0; 5000];
    let empty = client
        .exchange(Endpoint::PROTO_VER, &mut buf, 0)
        .await
        .unwrap_err();
    assert_eq!(empty, HttpError::EmptyRequest);
    assert_eq!(empty.fault(), LinkFault::Refused { link_alive: true });
    let long = client
        .exchange(Endpoint::PROTO_VER, &mut buf, 4097)
        .await
        .unwrap_err();
    assert_eq!(long.fault(), LinkFault::RequestTooLarge { limit: 4096 });
    let beyond = client
        .exchange(Endpoint::PROTO_VER, &mut buf[..10], 11)
        .await
        .unwrap_err();
    assert_eq!(beyond, HttpError::RequestTooLarge);
    assert!(server.requests().is_empty());
    assert_eq!(say(&mut client, "a", "x").await.unwrap(), "fine");
}

#[tokio::test]
async fn ipv6() {
    let script = vec![Step::Read, ok("", "six"), Step::Hold];
    let server = match Server::start_on("[::1]:0", [script]).await {
        Ok(server) => server,
        Err(error) => {
            println!("ipv6: skipped, this machine has no IPv6 loopback: {error}");
            return;
        }
    };
    let target: HttpTarget = format!("http://{}", server.address).parse().unwrap();
    assert_eq!(
        say(&mut HttpTransport::new(target), "a", "x").await.unwrap(),
        "six"
    );
    let host = format!("Host: [::1]:{}\r\n", server.address.port());
    assert!(server.requests()[0].1.contains(&host));
}

#[tokio::test]
async fn a_host_name_is_resolved() {
    let server = Server::start([vec![Step::Read, ok("", "name"), Step::Hold]]).await;
    let target: HttpTarget = format!("localhost:{}", server.address.port()).parse().unwrap();
    assert_eq!(
        say(&mut HttpTransport::new(target), "a", "x").await.unwrap(),
        "name"
    );
}

#[test]
fn futures_are_send() {
    fn assert_send<T: Send>(_: &T) {}
    let mut client = HttpTransport::new(HttpTarget::SOFTAP);
    assert_send(&client);
    let mut buf = [0; 8];
    assert_send(&client.exchange(Endpoint::PROTO_VER, &mut buf, 1));
    assert_send(&client.reconnect(SessionIntent::Keep));
    assert_send(&client.close());
}

#[tokio::test]
async fn debug_output_hides_the_cookie() {
    let server = Server::start([vec![
        Step::Read,
        ok("Set-Cookie: session=4242\r\n", ""),
        Step::Hold,
    ]])
    .await;
    let mut client = server.client();
    say(&mut client, "a", "x").await.unwrap();
    let text = format!("{client:?}");
    assert!(
        text.contains("has_cookie: true") && text.contains("open"),
        "{text}"
    );
    assert!(!text.contains("4242"), "{text}");
}
