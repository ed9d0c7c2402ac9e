//! What a peer may send to the host above: ATT that is well formed, and answers to what was asked.
//!
//! trouble-host 0.8 trusts its peers in places. An empty PDU, a request cut short, a list whose entries have no
//! length or that ends at handle 0xffff makes it panic (or, without overflow checks, go round for ever), and so does
//! an MTU of 0. So every packet is looked at on its way from the controller, byte by byte, because any part of it
//! may be in a fragment of its own. A packet that breaks a rule is replaced by two that make the host end the
//! connection; so is everything else that comes over that connection.
//!
//! The rules, beyond the lengths of the PDUs: a response answers the one open request; the handles in a list are
//! within the range that was asked for, rise, and are not 0xffff (a service may end there). So discovery always
//! gets on, whatever the peer says.

use heapless::Vec;

/// Connections that are followed; a host with more of them has the others unguarded.
const CONNECTIONS: usize = 4;

/// Longest ATT PDU: an MTU of 517 serves the longest value.
const LONGEST: u16 = 517;

/// L2CAP channel of ATT.
const ATT: u16 = 4;

const ERROR: u8 = 0x01;
const MTU_REQUEST: u8 = 0x02;
const MTU_RESPONSE: u8 = 0x03;
const FIND_BY_VALUE_REQUEST: u8 = 0x06;
const FIND_BY_VALUE_RESPONSE: u8 = 0x07;
const READ_BY_TYPE_REQUEST: u8 = 0x08;
const READ_BY_TYPE_RESPONSE: u8 = 0x09;
const PREPARE_RESPONSE: u8 = 0x17;
const NOTIFICATION: u8 = 0x1b;
const INDICATION: u8 = 0x1d;
const CONFIRMATION: u8 = 0x1e;
/// Bit of opcodes that are answered by nobody.
const COMMAND: u8 = 0x40;

/// A rule was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused;

/// All connections of a controller.
#[derive(Debug, Default)]
pub(super) struct Guard(Vec<Peer, CONNECTIONS>);

/// One connection.
#[derive(Debug)]
struct Peer {
    connection: u16,
    /// The open request.
    asked: Option<Asked>,
    /// The L2CAP frame that is coming in.
    frame: Option<Frame>,
    refused: bool,
}

/// A request on its way, or waiting for its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Asked {
    opcode: u8,
    /// Range of handles; everything for requests without one.
    range: (u16, u16),
}

/// An L2CAP frame, as far as it is there.
#[derive(Debug)]
struct Frame {
    /// Bytes still to come.
    left: u16,
    /// Set on the ATT channel.
    pdu: Option<Pdu>,
}

/// An ATT PDU, as far as it is there.
#[derive(Debug)]
struct Pdu {
    len: u16,
    /// Bytes seen.
    seen: u16,
    opcode: u8,
    asked: Asked,
    /// Bytes of an entry of a Read By Type Response.
    entry: u16,
    /// Lower half of a number that is coming in.
    low: u8,
    /// Lowest handle that may come next, and `None` after the last there is.
    next: Option<u16>,
}

impl Guard {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// A connection begins or ends: nothing is known of it.
    pub(super) fn forget(&mut self, connection: u16) {
        self.0.retain(|peer| peer.connection != connection);
    }

    fn peer(&mut self, connection: u16) -> Option<&mut Peer> {
        if !self.0.iter().any(|peer| peer.connection == connection) {
            let peer = Peer {
                connection,
                asked: None,
                frame: None,
                refused: false,
            };
            self.0.push(peer).ok()?;
        }
        self.0.iter_mut().find(|peer| peer.connection == connection)
    }

    /// Sees the first fragment of a frame on its way to the peer.
    pub(super) fn outgoing(&mut self, connection: u16, data: &[u8]) {
        let &[_, _, 4, 0, opcode, ref parameters @ ..] = data else {
            return;
        };
        // Responses are odd; commands and confirmations want no answer.
        if opcode & (1 | COMMAND) != 0 || opcode == CONFIRMATION {
            return;
        }
        let range = match (opcode, parameters) {
            (FIND_BY_VALUE_REQUEST | READ_BY_TYPE_REQUEST, &[s0, s1, e0, e1, ..]) => {
                (u16::from_le_bytes([s0, s1]), u16::from_le_bytes([e0, e1]))
            }
            _ => (0, u16::MAX),
        };
        if let Some(peer) = self.peer(connection) {
            peer.asked = Some(Asked { opcode, range });
        }
    }

    /// Checks a fragment from the peer.
    ///
    /// # Errors
    /// The host must not see it, nor anything else on this connection.
    pub(super) fn incoming(&mut self, connection: u16, first: bool, data: &[u8]) -> Result<(), Refused> {
        let Some(peer) = self.peer(connection) else {
            return Ok(());
        };
        let result = if peer.refused {
            Err(Refused)
        } else {
            peer.fragment(first, data)
        };
        peer.refused = result.is_err();
        result
    }
}

impl Peer {
    fn fragment(&mut self, first: bool, data: &[u8]) -> Result<(), Refused> {
        let data = if first {
            let &[l0, l1, c0, c1, ref data @ ..] = data else {
                return Err(Refused);
            };
            if self.frame.is_some() {
                return Err(Refused);
            }
            let left = u16::from_le_bytes([l0, l1]);
            let att = u16::from_le_bytes([c0, c1]) == ATT;
            if att && !(1..=LONGEST).contains(&left) {
                return Err(Refused);
            }
            let pdu = att.then(|| Pdu::new(left, self.asked));
            self.frame = Some(Frame { left, pdu });
            data
        } else {
            data
        };
        let frame = self.frame.as_mut().ok_or(Refused)?;
        let len = u16::try_from(data.len()).map_err(|_| Refused)?;
        frame.left = frame.left.checked_sub(len).ok_or(Refused)?;
        if let Some(pdu) = &mut frame.pdu {
            for &byte in data {
                pdu.byte(byte)?;
            }
            if pdu.is_response() {
                self.asked = None;
            }
        }
        if frame.left == 0 {
            self.frame = None;
        }
        Ok(())
    }
}

impl Pdu {
    fn new(len: u16, asked: Option<Asked>) -> Self {
        let nothing = Asked {
            opcode: 0,
            range: (0, u16::MAX),
        };
        let asked = asked.unwrap_or(nothing);
        Self {
            len,
            seen: 0,
            opcode: 0,
            asked,
            entry: 0,
            low: 0,
            next: Some(asked.range.0.max(1)),
        }
    }

    /// Whether this answers a request; known from the first byte on.
    const fn is_response(&self) -> bool {
        self.opcode & 1 == 1 && !matches!(self.opcode, NOTIFICATION | INDICATION)
    }

    fn byte(&mut self, byte: u8) -> Result<(), Refused> {
        let at = self.seen;
        self.seen = at.saturating_add(1);
        if at == 0 {
            self.opcode = byte;
        }
        let after_opcode = at.checked_sub(1);
        let number = u16::from_le_bytes([self.low, byte]);
        let fine = match (self.opcode, after_opcode) {
            (_, None) => self.may_come(),
            (ERROR, Some(0)) => byte == self.asked.opcode,
            (MTU_REQUEST | MTU_RESPONSE, Some(1)) => number >= 23,
            // Pairs of first and last handle.
            (FIND_BY_VALUE_RESPONSE, Some(at)) if at % 4 == 1 => self.rises_to(number),
            (FIND_BY_VALUE_RESPONSE, Some(at)) if at % 4 == 3 => self.reaches(number),
            // Length of an entry, then entries: a handle, a value.
            (READ_BY_TYPE_RESPONSE, Some(0)) => {
                self.entry = u16::from(byte);
                let entries = self
                    .len
                    .checked_sub(2)
                    .and_then(|len| len.checked_rem(self.entry));
                self.entry >= 2 && entries == Some(0)
            }
            (READ_BY_TYPE_RESPONSE, Some(at))
                if at.checked_sub(1).and_then(|at| at.checked_rem(self.entry)) == Some(1) =>
            {
                number != u16::MAX && self.rises_to(number)
            }
            _ => true,
        };
        self.low = byte;
        if fine { Ok(()) } else { Err(Refused) }
    }

    /// Whether a PDU of this kind and length may come at all.
    const fn may_come(&self) -> bool {
        let len = self.len;
        let right_length = match self.opcode {
            ERROR => len == 5,
            MTU_REQUEST | MTU_RESPONSE => len == 3,
            FIND_BY_VALUE_RESPONSE => len >= 5 && len % 4 == 1,
            READ_BY_TYPE_RESPONSE => len >= 4,
            PREPARE_RESPONSE => len >= 5,
            // Write, Execute Write: done, and nothing else.
            0x13 | 0x19 => len == 1,
            NOTIFICATION | INDICATION => return len >= 3,
            // Requests and commands of a peer that is a client, too. The one with a type of 128 bits is beyond
            // the host.
            0x04 | 0x0c => len == 5,
            FIND_BY_VALUE_REQUEST => len >= 7,
            READ_BY_TYPE_REQUEST => len == 7 || len == 21,
            0x0a => len == 3,
            0x10 => len == 7,
            0x12 | 0x52 => len >= 3,
            0x16 => len >= 5,
            0x18 => len == 2,
            _ => true,
        };
        if self.opcode & 1 == 0 {
            return right_length;
        }
        let answers = self.asked.opcode != 0
            && (self.opcode == ERROR || self.opcode == self.asked.opcode.wrapping_add(1));
        right_length && answers
    }

    /// A handle that begins an entry.
    fn rises_to(&mut self, handle: u16) -> bool {
        let fine = self.next.is_some_and(|next| next <= handle) && handle <= self.asked.range.1;
        self.next = handle.checked_add(1);
        fine
    }

    /// The last handle of what began at the one before.
    fn reaches(&mut self, last: u16) -> bool {
        let first = self.next.map_or(u16::MAX, |next| next.saturating_sub(1));
        self.next = last.checked_add(1);
        first <= last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CONNECTION: u16 = 7;

    fn frame(pdu: &[u8]) -> std::vec::Vec<u8> {
        let len = u16::try_from(pdu.len()).unwrap().to_le_bytes();
        [&len[..], &[4, 0], pdu].concat()
    }

    /// Whether `pdu` may follow the request `asked`; however it is cut into fragments.
    fn passes(asked: &[u8], pdu: &[u8]) -> bool {
        let whole = frame(pdu);
        let verdicts = [whole.len().max(4), 4, 5, 6, 7, 9].map(|size| {
            let mut guard = Guard::new();
            if !asked.is_empty() {
                guard.outgoing(CONNECTION, &frame(asked));
            }
            let (head, rest) = whole.split_at(size.min(whole.len()));
            let fragments = [head].into_iter().chain(rest.chunks(size));
            let results = fragments
                .enumerate()
                .map(|(at, part)| guard.incoming(CONNECTION, at == 0, part));
            let fine = results.fold(true, |fine, result| fine & result.is_ok());
            // A refusal lasts.
            assert_eq!(
                guard.incoming(CONNECTION, true, &frame(&[0x1b, 1, 0])).is_ok(),
                fine
            );
            guard.forget(CONNECTION);
            assert_eq!(guard.incoming(CONNECTION, true, &frame(&[0x1b, 1, 0])), Ok(()));
            fine
        });
        assert!(
            verdicts.windows(2).all(|pair| pair[0] == pair[1]),
            "{pdu:02x?}: {verdicts:?}"
        );
        verdicts[0]
    }

    #[test]
    fn answers_to_what_was_asked() {
        let by_type = &[0x08, 0x10, 0, 0x20, 0, 3, 0x28];
        let by_value = &[0x06, 1, 0, 0xff, 0xff, 0, 0x28, 9, 9];
        for (asked, pdu) in [
            (&[0x02, 5, 2][..], &[0x03, 23, 0][..]),
            (&[0x0a, 1, 0], &[0x0b]),
            (&[0x0a, 1, 0], &[0x01, 0x0a, 1, 0, 2]),
            (&[0x0c, 1, 0, 0, 0], &[0x0d, 1, 2, 3]),
            (&[0x12, 1, 0, 5], &[0x13]),
            (&[0x16, 1, 0, 0, 0, 5], &[0x17, 1, 0, 0, 0, 5]),
            (&[0x18, 1], &[0x19]),
            (by_value, &[0x07, 1, 0, 9, 0, 10, 0, 0xff, 0xff]),
            (by_value, &[0x07, 0xff, 0xff, 0xff, 0xff]),
            (by_type, &[0x09, 2, 0x10, 0, 0x20, 0]),
            (by_type, &[0x09, 3, 0x10, 0, 0xff, 0x11, 0, 0xff]),
            // Nobody asked for these.
            (&[], &[0x1b, 1, 0]),
            (&[], &[0x1d, 1, 0, 9]),
            (&[], &[0x02, 23, 0]),
            (&[], &[0x0a, 1, 0]),
            (&[], &[0x1e]),
            (&[], &[0xfe]),
        ] {
            assert!(passes(asked, pdu), "{pdu:02x?}");
        }
    }

    #[test]
    fn everything_else() {
        let by_type = &[0x08, 0x10, 0, 0x20, 0, 3, 0x28];
        let to_the_end = &[0x08, 0x10, 0, 0xff, 0xff, 3, 0x28];
        let by_value = &[0x06, 5, 0, 0xff, 0xff, 0, 0x28, 9, 9];
        let read = &[0x0a, 1, 0];
        for (asked, pdu) in [
            // No opcode, cut short, or too long.
            (&read[..], &[][..]),
            (read, &[0x01, 0x0a, 1, 0]),
            (read, &[0x0b; 518]),
            (&[], &[0x1b, 1]),
            (&[], &[0x1d]),
            (&[], &[0x0a, 1]),
            (&[], &[0x12, 1]),
            (&[], &[0x10; 21]),
            (&[], &[0x52, 1]),
            (&[0x12, 1, 0], &[0x13, 0]),
            // Not the answer to the question, or to none.
            (read, &[0x0d, 1]),
            (read, &[0x13]),
            (read, &[0x01, 0x12, 1, 0, 2]),
            (read, &[0x21, 1]),
            (&[], &[0x0b, 1]),
            (&[], &[0x01, 0x0a, 1, 0, 2]),
            (&[], &[0x01, 0, 1, 0, 2]),
            // An MTU that leaves no room.
            (&[0x02, 5, 2], &[0x03, 0, 0]),
            (&[0x02, 5, 2], &[0x03, 22, 0]),
            // Services: none, before the range, over one another, ending before they begin.
            (by_value, &[0x07]),
            (by_value, &[0x07, 5, 0, 6]),
            (by_value, &[0x07, 4, 0, 9, 0]),
            (by_value, &[0x07, 0, 0, 0, 0]),
            (by_value, &[0x07, 5, 0, 9, 0, 9, 0, 12, 0]),
            (by_value, &[0x07, 5, 0, 4, 0]),
            (by_value, &[0x07, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            // Entries: none, without a length, not as long as said, out of the range, not rising, the last handle.
            (by_type, &[0x09, 7]),
            (by_type, &[0x09, 0, 1, 1]),
            (by_type, &[0x09, 1, 1, 1]),
            (by_type, &[0x09, 7, 0x10, 0, 1, 2, 3, 4]),
            (by_type, &[0x09, 3, 0x0f, 0, 1]),
            (by_type, &[0x09, 3, 0x21, 0, 1]),
            (by_type, &[0x09, 3, 0x10, 0, 1, 0x10, 0, 1]),
            (to_the_end, &[0x09, 3, 0xff, 0xff, 1]),
        ] {
            assert!(!passes(asked, pdu), "{asked:02x?} {pdu:02x?}");
        }
    }

    #[test]
    fn fragments_that_are_none() {
        let mut start = Guard::new();
        assert_eq!(
            start.incoming(1, false, &[1]),
            Err(Refused),
            "nothing to continue"
        );
        assert_eq!(start.incoming(2, true, &[1, 0, 4]), Err(Refused), "half a header");
        assert_eq!(start.incoming(3, true, &[3, 0, 5, 0, 1]), Ok(()));
        assert_eq!(
            start.incoming(3, true, &frame(&[0x1b, 1, 0])),
            Err(Refused),
            "the last is not over"
        );
        assert_eq!(start.incoming(4, true, &[3, 0, 5, 0, 1]), Ok(()));
        assert_eq!(
            start.incoming(4, false, &[1, 2, 3]),
            Err(Refused),
            "more than announced"
        );
        // A fifth connection is not known, and so neither is what it may do.
        assert_eq!(start.incoming(5, false, &[1]), Ok(()));
    }

    #[test]
    fn one_answer_to_one_question() {
        let mut guard = Guard::new();
        guard.outgoing(CONNECTION, &frame(&[0x0a, 1, 0]));
        // A command, a confirmation, a response of our own server and other channels leave it open.
        guard.outgoing(CONNECTION, &frame(&[0x52, 1, 0, 1]));
        guard.outgoing(CONNECTION, &frame(&[0x1e]));
        guard.outgoing(CONNECTION, &frame(&[0x0b, 1]));
        guard.outgoing(CONNECTION, &[1, 0, 5, 0, 0x0c]);
        assert_eq!(guard.incoming(CONNECTION, true, &frame(&[0x1b, 1, 0, 7])), Ok(()));
        assert_eq!(guard.incoming(CONNECTION, true, &frame(&[0x0b, 7])), Ok(()));
        assert_eq!(guard.incoming(CONNECTION, true, &frame(&[0x0b, 7])), Err(Refused));
    }

    proptest! {
        #[test]
        fn fragments_do_not_matter(asked in any::<[u8; 7]>(), mut pdu in prop::collection::vec(any::<u8>(), 1..60)) {
            let request = [asked[0] & 0x1e, asked[1], asked[2], asked[3], asked[4], asked[5], asked[6]];
            let _ = passes(&request, &pdu);
            // Closer to what may come.
            pdu[0] = request[0] | 1;
            let _ = passes(&request, &pdu);
        }
    }
}
