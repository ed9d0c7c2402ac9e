//! Calls that only go there: to the device's description, to a session.

use super::{Desk, IntoResult, Task, Ticket, Want};
use crate::{Deadlines, Misuse, ProvisionError};

/// The device's description: asked for once, then [`Engine::info`](crate::Engine::info) has it.
#[derive(Debug, Default)]
pub struct Info(Reach);

/// A session: [`Engine::security`](crate::Engine::security) says how it is secured.
#[derive(Debug, Default)]
pub struct Connect(Reach);

/// How far one of them is.
#[derive(Debug, Default)]
struct Reach {
    ticket: Ticket,
    over: bool,
}

impl Info {
    /// The call, not yet begun.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Connect {
    /// The call, not yet begun.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Reach {
    fn handle<E>(&mut self, answer: Result<&[u8], ProvisionError<E>>) -> Result<bool, ProvisionError<E>> {
        self.over = answer.map(|_| true)?;
        Ok(true)
    }

    const fn result(&self) -> Result<(), Misuse> {
        if self.over { Ok(()) } else { Err(Misuse::NotOver) }
    }
}

macro_rules! reaches {
    ($call:ident, $want:expr) => {
        impl<E> Task<E> for $call {
            fn ticket(&mut self) -> &mut Ticket {
                &mut self.0.ticket
            }

            fn want(&self, _: &Deadlines) -> Want<'_> {
                $want
            }

            fn handle(
                &mut self,
                _: &mut Desk<'_>,
                answer: Result<&[u8], ProvisionError<E>>,
            ) -> Result<bool, ProvisionError<E>> {
                self.0.handle(answer)
            }
        }

        impl IntoResult for $call {
            type Output = ();

            fn take_result(&mut self) -> Result<(), Misuse> {
                self.0.result()
            }
        }
    };
}

reaches!(Info, Want::Info);
reaches!(Connect, Want::Session);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_reached_before_it_began() {
        assert_eq!(Info::new().into_result(), Err(Misuse::NotOver));
        assert_eq!(Connect::new().into_result(), Err(Misuse::NotOver));
    }
}
