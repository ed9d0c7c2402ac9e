//! One question, one answer.

use super::{Desk, IntoResult, Task, Ticket, Want};
use crate::request::Request;
use crate::{Deadlines, Misuse, ProvisionError};

/// Asks one question within the session: a request of the protocol, or one of your own. `U` is its answer, which must not
/// borrow from the reply.
#[derive(Debug)]
pub struct Ask<Q, U> {
    question: Q,
    answer: Option<U>,
    ticket: Ticket,
}

impl<U, Q: for<'b> Request<Response<'b> = U>> Ask<Q, U> {
    /// The call, not yet begun.
    pub const fn new(question: Q) -> Self {
        Self {
            question,
            answer: None,
            ticket: Ticket::NEW,
        }
    }
}

impl<E, U, Q: for<'b> Request<Response<'b> = U>> Task<E> for Ask<Q, U> {
    fn ticket(&mut self) -> &mut Ticket {
        &mut self.ticket
    }

    fn want(&self, deadlines: &Deadlines) -> Want<'_> {
        Want::Answer {
            question: &self.question,
            limit: deadlines.exchange.into(),
        }
    }

    fn handle(
        &mut self,
        desk: &mut Desk<'_>,
        answer: Result<&[u8], ProvisionError<E>>,
    ) -> Result<bool, ProvisionError<E>> {
        self.answer = Some(desk.read(self.question.decode(answer?))?);
        Ok(true)
    }
}

impl<U, Q: for<'b> Request<Response<'b> = U>> IntoResult for Ask<Q, U> {
    type Output = U;

    fn take_result(&mut self) -> Result<U, Misuse> {
        self.answer.take().ok_or(Misuse::NotOver)
    }
}
