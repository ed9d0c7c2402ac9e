//! The client as a whole against a peer that answers what it likes.

use crate::Messages;
use crate::entropy::Counting;
use core::convert::Infallible;
use core::fmt;
use core::future::pending;
use core::time::Duration;
use espprov_core::auth::{Auto, SecurityChoice};
use espprov_core::{Deadlines, Outcome, Provisioner, ScanOptions, SecurityScheme, WifiConfig};
use espprov_simulator::service::BUFFER;
use espprov_simulator::{Answer, Scenario, Service, Shared, SimDevice, VirtualClock, block_on};
use espprov_transport::{
    Clock, Endpoint, Limits, LinkFault, Reconnect, SessionIntent, Transport, TransportError,
};

/// Longest a call may take, in virtual time.
const LIMIT: Duration = Duration::from_secs(120);

/// A scan and a provisioning. The first byte chooses the scheme and what is done. Each message is what becomes of one
/// exchange; when there are no more of them, nobody answers. Every call ends before its deadline, and there is no success
/// that nobody reported.
pub fn driver_hostile(data: &[u8]) {
    let Some((&choice, rest)) = data.split_first() else {
        return;
    };
    let scheme = choice & 1;
    let mut scenario = Scenario::builtin("zero").expect("it is built in");
    scenario.security.scheme = Some(scheme);
    let clock = VirtualClock::new();
    let link = Hostile {
        device: Shared::new(SimDevice::new(scenario).expect("it was checked")),
        clock: clock.clone(),
        script: Messages(rest),
        replies: 0,
        usable: true,
    };
    let choose = SecurityChoice::Exactly(SecurityScheme::from_number(scheme));
    let auth = Auto::new().with_choice(choose).allow_plaintext(true);
    let auth = if scheme == 1 {
        auth.with_pop(b"abcd1234")
    } else {
        Ok(auth)
    };
    let mut deadlines = Deadlines::default();
    deadlines.connecting = Duration::from_secs(30);
    let mut driver = Provisioner::new(
        link,
        auth.expect("short enough"),
        Counting(1),
        clock.clone(),
        vec![0; 4096],
    )
    .with_deadlines(deadlines);
    driver.limit_total(LIMIT);
    if choice & 2 != 0
        && let Ok(found) = block_on(&clock, driver.scan_wifi(&ScanOptions::default()))
    {
        assert!(found.len() <= 255, "{} networks", found.len());
    }
    let config = WifiConfig::new(b"Home", b"correct-horse").expect("within the limits");
    let outcome = block_on(&clock, driver.provision_wifi(&config));
    // proto-ver, the handshake, set and apply have been answered at least.
    if let Ok(Outcome::Connected(_) | Outcome::LikelyConnected) = outcome {
        assert!(driver.transport().replies >= 4, "success out of nothing");
    }
    block_on(&clock, driver.close());
    assert!(
        clock.now() <= LIMIT + Duration::from_secs(30),
        "{:?}",
        clock.now()
    );
}

/// A device, and what happens to its answers.
struct Hostile<'a> {
    device: Shared<SimDevice>,
    clock: VirtualClock,
    script: Messages<'a>,
    replies: u32,
    usable: bool,
}

#[derive(Debug)]
struct Failed(LinkFault);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed")
    }
}

impl core::error::Error for Failed {}

impl TransportError for Failed {
    fn fault(&self) -> LinkFault {
        self.0
    }
}

impl Hostile<'_> {
    fn honest(&mut self, endpoint: &str, request: &[u8]) -> Result<Vec<u8>, LinkFault> {
        let now = self.clock.now();
        let mut buf = request.to_vec();
        buf.resize(BUFFER.max(request.len()), 0);
        let answer = self
            .device
            .with(|device| device.handle(endpoint, &mut buf, request.len(), now));
        match answer {
            Answer::Reply(len) => Ok(buf[..len].to_vec()),
            Answer::NoSuchEndpoint => Err(LinkFault::NoSuchEndpoint),
            _ => Err(LinkFault::Refused { link_alive: true }),
        }
    }

    fn answer(&mut self, endpoint: &str, request: &[u8]) -> Option<Result<Vec<u8>, LinkFault>> {
        // Without further orders it falls silent.
        let order = self.script.next()?;
        let (&kind, bytes) = order.split_first()?;
        Some(match kind % 8 {
            // As a device would.
            0 | 1 => self.honest(endpoint, request),
            // The same with the order's bytes laid over it.
            2 | 3 => self.honest(endpoint, request).map(|mut reply| {
                for (to, from) in reply.iter_mut().zip(bytes) {
                    *to ^= from;
                }
                reply
            }),
            // Whatever.
            4 => Ok(bytes.to_vec()),
            5 => Err(LinkFault::Refused {
                link_alive: kind & 8 != 0,
            }),
            6 => Err(LinkFault::Lost {
                delivered: kind & 8 != 0,
            }),
            _ => return None,
        })
    }
}

impl Transport for Hostile<'_> {
    type Error = Failed;

    async fn exchange(
        &mut self,
        endpoint: Endpoint<'_>,
        buf: &mut [u8],
        len: usize,
    ) -> Result<usize, Failed> {
        if !self.usable {
            return Err(Failed(LinkFault::NeedsReconnect));
        }
        self.usable = false;
        let request = buf[..len].to_vec();
        let Some(answer) = self.answer(endpoint.as_str(), &request) else {
            // Nothing will come.
            pending::<Infallible>().await;
            return Err(Failed(LinkFault::NeedsReconnect));
        };
        self.usable = matches!(answer, Ok(_) | Err(LinkFault::Refused { link_alive: true }));
        let reply = answer.map_err(Failed)?;
        self.replies += 1;
        let need = reply.len();
        let target = buf
            .get_mut(..need)
            .ok_or(Failed(LinkFault::ReplyTooLarge { need }))?;
        target.copy_from_slice(&reply);
        Ok(need)
    }

    fn limits(&self) -> Limits {
        Limits::UNKNOWN
    }

    async fn close(&mut self) {
        self.usable = false;
    }
}

impl Reconnect for Hostile<'_> {
    async fn reconnect(&mut self, _: SessionIntent) -> Result<(), Failed> {
        self.clock.sleep(Duration::from_millis(100)).await;
        self.device.connect();
        self.usable = true;
        Ok(())
    }
}
