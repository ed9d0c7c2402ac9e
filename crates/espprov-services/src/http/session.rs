//! The session over HTTP, and its cookie's number.

use super::cookie::{HttpSession, continues};
use crate::{Access, State};
use rand_core::TryCryptoRng;

/// What outlives a connection.
pub(super) struct Sessions<R> {
    opened: Option<Opened>,
    cookies: R,
}

/// The session, and how to tell that it is gone.
#[derive(Debug, Clone, Copy)]
struct Opened {
    http: HttpSession,
    /// Number by which the device knows it: another front end may have opened one since.
    number: u64,
    boot: u32,
}

impl<R: TryCryptoRng> Sessions<R> {
    pub(super) const fn new(cookies: R) -> Self {
        Self {
            opened: None,
            cookies,
        }
    }

    /// Puts the request into its session, opening one if need be. Returns the number for `Set-Cookie` then.
    pub(super) fn enter(
        &mut self,
        device: &impl Access,
        cookie: Option<&[u8]>,
        connection: u64,
        boot: u32,
    ) -> Result<Option<u32>, R::Error> {
        let number = device.state(|state| state.session());
        let alive = self.opened.as_mut();
        let alive = alive.filter(|opened| opened.boot == boot && opened.number == number);
        if continues(alive.map(|opened| &mut opened.http), cookie, connection) {
            return Ok(None);
        }
        let id = self.cookies.try_next_u32()?;
        self.opened = Some(Opened {
            http: HttpSession {
                id,
                opener: connection,
                matched: false,
            },
            number: device.state(State::open_session),
            boot,
        });
        Ok(Some(id))
    }
}
