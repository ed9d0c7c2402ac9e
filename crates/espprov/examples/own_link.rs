//! A link of one's own: here a wire that is a function. `cargo run -p espprov --features tokio --example own_link`
//!
//! What the front door needs of it is `Reconnect`, and of its errors what is left of the link (`fault`). Its explanation comes from that,
//! or from `LinkError::explain` where the link knows more.

use espprov::explain::LinkError;
use espprov_transport::{Endpoint, Limits, LinkFault, Reconnect, SessionIntent, Transport, TransportError};

/// Answers one question, and is torn at the next.
struct Wire {
    whole: bool,
}

#[derive(Debug)]
struct Torn;

impl core::fmt::Display for Torn {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the wire is torn")
    }
}

impl core::error::Error for Torn {}

impl TransportError for Torn {
    fn fault(&self) -> LinkFault {
        LinkFault::Lost { delivered: false }
    }
}

impl LinkError for Torn {}

impl Transport for Wire {
    type Error = Torn;

    async fn exchange(&mut self, endpoint: Endpoint<'_>, buf: &mut [u8], _: usize) -> Result<usize, Torn> {
        if !core::mem::take(&mut self.whole) || endpoint != Endpoint::PROTO_VER {
            return Err(Torn);
        }
        let version = br#"{"prov":{"ver":"v1.1","sec_ver":1,"cap":["wifi_scan"]}}"#;
        buf.get_mut(..version.len()).ok_or(Torn)?.copy_from_slice(version);
        Ok(version.len())
    }

    fn limits(&self) -> Limits {
        Limits::UNKNOWN
    }

    async fn close(&mut self) {}
}

impl Reconnect for Wire {
    async fn reconnect(&mut self, _: SessionIntent) -> Result<(), Torn> {
        Err(Torn)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), espprov::Error> {
    let mut device = espprov::connect("the wire")
        .pop("abcd1234")
        .open_over(Wire { whole: true })?;
    println!("security {:?}", device.info().await?.security);
    if let Err(error) = device.authenticate().await {
        println!("{}: {error}; {}", error.code(), error.help());
    }
    Ok(())
}
