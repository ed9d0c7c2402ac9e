//! What the transport itself must do, whatever the bytes mean. The device runs security 0, so that a session is
//! one exchange and everything after it is plain.

use crate::bench::Bench;
use crate::{Failure, Verdict};
use espprov_security::{Handshake, sec0};
use espprov_transport::{Endpoint, LinkFault, Reconnect, SessionIntent, TransportError};

/// Room for the longest reply, and more.
const ROOM: usize = 8192;

/// Start a scan and answer when it is over: something a device needs time for.
const BLOCKING_SCAN: [u8; 4] = [0x52, 0x02, 0x08, 0x01];

type Result<T = Verdict> = core::result::Result<T, Failure>;

fn named(name: &str) -> Result<Endpoint<'_>> {
    Endpoint::custom(name).map_err(|error| Failure::new("an endpoint's name", &error))
}

pub(crate) async fn ask<T: Reconnect>(
    link: &mut T,
    endpoint: Endpoint<'_>,
    request: &[u8],
) -> core::result::Result<Vec<u8>, LinkFault> {
    let mut buf = vec![0; ROOM];
    buf[..request.len()].copy_from_slice(request);
    let len = link
        .exchange(endpoint, &mut buf, request.len())
        .await
        .map_err(|error| error.fault())?;
    buf.truncate(len);
    Ok(buf)
}

async fn expect_version<T: Reconnect>(link: &mut T) -> Result<Vec<u8>> {
    match ask(link, Endpoint::PROTO_VER, b"---").await {
        Ok(reply) if reply.starts_with(b"{") => Ok(reply),
        other => Err(Failure::new("a version as JSON", &other)),
    }
}

/// A session, so that the application's endpoints answer.
async fn open<T: Reconnect>(link: &mut T) -> Result<()> {
    let mut handshake = sec0::Client::default();
    let mut request = [0; 64];
    let len = match handshake.poll_request(&mut request) {
        Ok(Some(len)) => len,
        other => return Err(Failure::new("a request of the handshake", &other)),
    };
    let reply = ask(link, Endpoint::PROV_SESSION, &request[..len]).await;
    let reply = reply.map_err(|fault| Failure::new("an answer to the handshake", &fault))?;
    handshake
        .handle_response(&reply)
        .map_err(|error| Failure::new("a session", &error))
}

async fn expect_echo<T: Reconnect>(link: &mut T, len: usize) -> Result<()> {
    let value: Vec<u8> = (0..len).map(|i| (i * 31 + i / 251 + len) as u8).collect();
    match ask(link, named("echo")?, &value).await {
        Ok(reply) if reply == value => Ok(()),
        Ok(reply) => Err(Failure::new("the bytes that were sent", &reply.len())),
        Err(fault) => Err(Failure::new("the bytes that were sent", &fault)),
    }
}

pub(crate) async fn reconnect<T: Reconnect>(link: &mut T) -> Result<()> {
    let result = link.reconnect(SessionIntent::Fresh).await;
    result.map_err(|error| Failure::new("a new connection", &error))
}

async fn expect_needs_reconnect<T: Reconnect>(link: &mut T) -> Result<()> {
    match ask(link, Endpoint::PROTO_VER, b"---").await {
        Err(LinkFault::NeedsReconnect) => Ok(()),
        other => Err(Failure::new("an unusable link", &other)),
    }
}

pub(crate) async fn version<T: Reconnect>(link: &mut T) -> Result {
    expect_version(link).await?;
    // Without a session, and as often as you like.
    expect_version(link).await?;
    Ok(Verdict::Passed)
}

pub(crate) async fn echo<T: Reconnect>(link: &mut T, len: usize) -> Result {
    open(link).await?;
    let value: Vec<u8> = (0..len).map(|i| (i * 7 + i / 256) as u8).collect();
    match ask(link, named("echo")?, &value).await {
        Ok(reply) if reply == value => {
            expect_echo(link, 1).await?;
            Ok(Verdict::Passed)
        }
        Err(LinkFault::RequestTooLarge { limit }) if limit < len => {
            // Exactly so: one more is too much, and this is not; and the link is as good as before. A link that
            // learns its limit from the device may correct itself downwards.
            let mut limit = limit;
            loop {
                match ask(link, named("echo")?, &vec![1; limit]).await {
                    Ok(reply) if reply == vec![1; limit] => break,
                    Err(LinkFault::RequestTooLarge { limit: lower }) if lower < limit => limit = lower,
                    other => return Err(Failure::new("as many bytes as the limit", &other)),
                }
            }
            let fault = ask(link, named("echo")?, &vec![1; limit + 1]).await;
            if fault != Err(LinkFault::RequestTooLarge { limit }) {
                return Err(Failure::new("the same limit again", &fault));
            }
            expect_echo(link, 1).await?;
            Ok(Verdict::BeyondTheLink { limit })
        }
        Ok(reply) => Err(Failure::new("the bytes that were sent", &reply.len())),
        Err(fault) => Err(Failure::new("the bytes that were sent, or the limit", &fault)),
    }
}

pub(crate) async fn many<T: Reconnect>(link: &mut T) -> Result {
    open(link).await?;
    for i in 0..40 {
        expect_echo(link, 1 + i * 37 % 100).await?;
    }
    Ok(Verdict::Passed)
}

pub(crate) async fn refused<T: Reconnect>(link: &mut T) -> Result {
    for _ in 0..2 {
        match ask(link, Endpoint::PROV_SESSION, &[0xff; 5]).await {
            Err(LinkFault::Refused { link_alive: true }) => {}
            Err(LinkFault::Refused { link_alive: false }) => {
                expect_needs_reconnect(link).await?;
                reconnect(link).await?;
            }
            other => return Err(Failure::new("a refusal", &other)),
        }
        open(link).await?;
        expect_echo(link, 30).await?;
    }
    Ok(Verdict::Passed)
}

pub(crate) async fn unknown<T: Reconnect>(link: &mut T) -> Result {
    match ask(link, named("no-such-endpoint")?, b"x").await {
        // A console cannot tell the two apart.
        Err(LinkFault::NoSuchEndpoint | LinkFault::Refused { .. }) => {}
        other => return Err(Failure::new("no such endpoint", &other)),
    }
    if expect_version(link).await.is_err() {
        reconnect(link).await?;
        expect_version(link).await?;
    }
    Ok(Verdict::Passed)
}

pub(crate) async fn small_buffer<T: Reconnect>(link: &mut T) -> Result {
    let need = expect_version(link).await?.len();
    let mut exact = vec![b'-'; need];
    let result = link.exchange(Endpoint::PROTO_VER, &mut exact, 1).await;
    if !matches!(result, Ok(len) if len == need) {
        return Err(Failure::new("a reply that just fits", &result));
    }
    for len in [1, 16, need - 1] {
        let mut small = vec![b'-'; len];
        let result = link.exchange(Endpoint::PROTO_VER, &mut small, 1).await;
        let fault = result.map_err(|error| error.fault());
        if fault != Err(LinkFault::ReplyTooLarge { need }) {
            return Err(Failure::new("a reply too large for the buffer", &fault));
        }
        expect_needs_reconnect(link).await?;
        reconnect(link).await?;
        expect_version(link).await?;
    }
    Ok(Verdict::Passed)
}

pub(crate) async fn dropped<B: Bench>(bench: &mut B) -> Result {
    open(bench.link()).await?;
    let mut buf = vec![0; ROOM];
    buf[..BLOCKING_SCAN.len()].copy_from_slice(&BLOCKING_SCAN);
    bench
        .give_up(Endpoint::PROV_SCAN, &mut buf, BLOCKING_SCAN.len())
        .await?;
    let link = bench.link();
    expect_needs_reconnect(link).await?;
    reconnect(link).await?;
    open(link).await?;
    expect_echo(link, 60).await?;
    Ok(Verdict::Passed)
}

pub(crate) async fn closed<T: Reconnect>(link: &mut T) -> Result {
    expect_version(link).await?;
    link.close().await;
    link.close().await;
    expect_needs_reconnect(link).await?;
    reconnect(link).await?;
    expect_version(link).await?;
    Ok(Verdict::Passed)
}
