//! A controller for a host that is elsewhere: H4 over a byte stream, as chips speak it on a serial port.

use super::Antenna;
use bt_hci::transport::PacketKind;
use core::future::poll_fn;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// What comes before a packet, and how long the packet's own head is: an opcode or a handle, and a length of one byte or two.
const COMMAND: (u8, usize) = (1, 3);
const ACL: (u8, usize) = (2, 4);

impl Antenna {
    /// Serves the host at the other end of a stream, until that ends.
    ///
    /// # Errors
    /// The stream's, and [`io::ErrorKind::InvalidData`] for a packet that hosts do not send.
    pub async fn serve(
        &self,
        mut from_host: impl AsyncRead + Unpin,
        mut to_host: impl AsyncWrite + Unpin,
    ) -> io::Result<()> {
        let receive = async {
            loop {
                let (indicator, packet) = receive(&mut from_host).await?;
                if indicator == COMMAND.0 {
                    self.nodes.borrow_mut().command(self.index, &packet);
                } else {
                    self.nodes.borrow_mut().acl(self.index, &packet);
                }
            }
        };
        let send = async {
            loop {
                let (kind, packet) = poll_fn(|cx| self.nodes.borrow_mut().poll_packet(self.index, cx)).await;
                let indicator = match kind {
                    PacketKind::AclData => ACL.0,
                    _ => 4,
                };
                to_host.write_all(&[&[indicator], &packet[..]].concat()).await?;
                to_host.flush().await?;
            }
        };
        let ended: io::Result<core::convert::Infallible> = tokio::select! {
            ended = receive => ended,
            ended = send => ended,
        };
        match ended {
            Ok(never) => match never {},
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// A packet, and what it is.
async fn receive(from_host: &mut (impl AsyncRead + Unpin)) -> io::Result<(u8, Vec<u8>)> {
    let indicator = from_host.read_u8().await?;
    let known = [COMMAND, ACL].into_iter().find(|(known, _)| *known == indicator);
    let (_, head) = known.ok_or(io::ErrorKind::InvalidData)?;
    let mut packet = vec![0; head];
    from_host.read_exact(&mut packet).await?;
    let len = match packet[2..] {
        [low, high] => usize::from(u16::from_le_bytes([low, high])),
        [len] => usize::from(len),
        _ => 0,
    };
    packet.resize(head + len, 0);
    from_host.read_exact(&mut packet[head..]).await?;
    Ok((indicator, packet))
}

#[cfg(test)]
mod tests {
    use crate::air::{Air, AirOptions};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[tokio::test(flavor = "current_thread")]
    async fn commands_are_answered() {
        let (_air, _near, far) = Air::with_wire(AirOptions::default());
        let (mut host, wire) = tokio::io::duplex(64);
        let (from_host, to_host) = tokio::io::split(wire);
        let talk = async {
            // Reset, in two pieces; LE Read Buffer Size.
            host.write_all(&[1, 0x03]).await.unwrap();
            host.write_all(&[0x0c, 0, 1, 0x02, 0x20, 0]).await.unwrap();
            let mut answers = [0; 7 + 10];
            host.read_exact(&mut answers).await.unwrap();
            assert_eq!(answers[..7], [4, 0x0e, 4, 1, 0x03, 0x0c, 0]);
            assert_eq!(answers[7..], [4, 0x0e, 7, 1, 0x02, 0x20, 0, 27, 0, 4]);
            host.write_all(&[9]).await.unwrap();
        };
        let (served, ()) = tokio::join!(far.serve(from_host, to_host), talk);
        assert_eq!(served.unwrap_err().kind(), std::io::ErrorKind::InvalidData);
    }
}
