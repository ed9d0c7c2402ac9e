//! What a client has of the device's one session, on links where a session outlives a connection.

use crate::Endpoint;

/// A client's hold on the session of a device that knows it again by a token (HTTP: the cookie), or by the connection
/// where it gives none.
///
/// A device keeps one session: whoever comes last has it, and a request of the one before is refused like one with a
/// wrong proof. A transport tells this what happens, and asks it when a request was refused: with a sign that the
/// session is lost, that is [`LinkFault::SessionTaken`](crate::LinkFault::SessionTaken) and not the device's verdict.
///
/// ```
/// use espprov_transport::{Endpoint, SessionHold};
///
/// let mut hold = SessionHold::new();
/// hold.answered(Endpoint::PROTO_VER, Some(17));
/// hold.answered(Endpoint::PROV_SESSION, None);
/// assert!(hold.is_held() && !hold.is_shaken());
/// hold.lost_connection(false); // closed on us
/// assert!(hold.is_shaken());
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SessionHold<T> {
    token: Option<T>,
    held: bool,
    shaken: bool,
}

impl<T: Copy + Eq> SessionHold<T> {
    /// A session that is still to be opened.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            token: None,
            held: false,
            shaken: false,
        }
    }

    /// What the device knows the session by.
    #[must_use]
    pub const fn token(&self) -> Option<T> {
        self.token
    }

    /// Something was answered that belongs to a session: from then on it can be lost.
    #[must_use]
    pub const fn is_held(&self) -> bool {
        self.held
    }

    /// There was a sign that the session is lost.
    #[must_use]
    pub const fn is_shaken(&self) -> bool {
        self.shaken
    }

    /// The connection is no more. `by_agreement`: its end was announced, or this side's doing; with a token that means
    /// nothing.
    pub const fn lost_connection(&mut self, by_agreement: bool) {
        if self.held && (!by_agreement || self.token.is_none()) {
            self.shaken = true;
        }
    }

    /// A request was answered, perhaps with a token, which a device gives to the first answer of a session: another one
    /// says that the session before is gone.
    pub fn answered(&mut self, endpoint: Endpoint<'_>, token: Option<T>) {
        if token.is_some() && token != self.token {
            self.shaken = self.held;
            self.token = token;
        } else if endpoint.is_encrypted() {
            self.shaken = false; // it lives, whatever it looked like
        }
        // The version is told to anybody.
        self.held |= !endpoint.is_version();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What happens, as a word each, and whether the hold is shaken afterwards.
    #[test]
    fn signs() {
        for (story, shaken) in [
            ("version=1 session session", false),
            ("version=1 closed session", false),
            ("version=1 session closed", true),
            ("version=1 session agreed", false),
            ("version=1 session version=2", true),
            ("version=1 session version=1", false),
            // Command 0 opens a session of its own.
            ("version=1 session=2 session", false),
            // Without a token the session is the connection's.
            ("version session session", false),
            ("version agreed session", false),
            ("version session agreed", true),
            ("version session closed session", true),
            // An answer within the session says more than a closed connection.
            ("version=1 session closed data", false),
            ("version=1 session data=2", true),
        ] {
            let mut hold = SessionHold::new();
            for word in story.split(' ') {
                let (word, token) = word.split_once('=').map_or((word, None), |(w, t)| (w, Some(t)));
                match word {
                    "closed" => hold.lost_connection(false),
                    "agreed" => hold.lost_connection(true),
                    "version" => hold.answered(Endpoint::PROTO_VER, token),
                    "session" => hold.answered(Endpoint::PROV_SESSION, token),
                    _ => hold.answered(Endpoint::CUSTOM_DATA, token),
                }
            }
            assert_eq!(hold.is_shaken(), shaken, "{story}");
        }
    }

    #[test]
    fn the_session_is_held_from_its_first_answer_and_known_by_the_last_token() {
        let mut hold = SessionHold::new();
        assert_eq!((hold.is_held(), hold.token()), (false, None));
        hold.answered(Endpoint::PROTO_VER, Some(17));
        assert_eq!((hold.is_held(), hold.token()), (false, Some(17)));
        hold.answered(Endpoint::PROV_SESSION, None);
        assert_eq!((hold.is_held(), hold.token()), (true, Some(17)));
        hold.answered(Endpoint::PROTO_VER, Some(18));
        assert_eq!((hold.is_held(), hold.token()), (true, Some(18)));
    }
}
