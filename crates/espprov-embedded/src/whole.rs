//! Writing all there is, for every link that is a stream of bytes.

use embedded_io_async::{Error as _, ErrorKind, Write};

/// As `write_all`, but a writer that takes nothing is an error ([`ErrorKind::WriteZero`]) and not a panic.
pub(crate) async fn write_whole<W: Write>(to: &mut W, mut bytes: &[u8]) -> Result<(), ErrorKind> {
    while !bytes.is_empty() {
        let written = to.write(bytes).await.map_err(|error| error.kind())?;
        if written == 0 {
            return Err(ErrorKind::WriteZero);
        }
        bytes = bytes.get(written..).unwrap_or_default();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// Takes so many bytes at a time, and what it took.
    struct Port(usize, Vec<u8>);

    impl embedded_io_async::ErrorType for Port {
        type Error = ErrorKind;
    }

    impl Write for Port {
        async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
            if self.1.len() >= 10 {
                return Err(ErrorKind::BrokenPipe);
            }
            let taken = bytes.get(..self.0).unwrap_or(bytes);
            self.1.extend(taken);
            Ok(taken.len())
        }

        async fn flush(&mut self) -> Result<(), ErrorKind> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn everything_or_an_error() {
        for most in [1, 2, 3, 9, 10] {
            let mut port = Port(most, Vec::new());
            assert_eq!(write_whole(&mut port, b"123456789").await, Ok(()), "{most}");
            assert_eq!(port.1, b"123456789");
        }
        assert_eq!(
            write_whole(&mut Port(0, Vec::new()), b"1").await,
            Err(ErrorKind::WriteZero)
        );
        let failed = write_whole(&mut Port(5, Vec::new()), b"12345678901").await;
        assert_eq!(failed, Err(ErrorKind::BrokenPipe));
        assert_eq!(write_whole(&mut Port(0, Vec::new()), b"").await, Ok(()));
    }
}
