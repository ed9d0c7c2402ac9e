//! What has come and is not used up.

/// The first bytes of a buffer.
pub(super) struct Input<'b> {
    buf: &'b mut [u8],
    len: usize,
}

impl<'b> Input<'b> {
    /// Nothing has come, and nothing is left of what came to others.
    pub(super) fn new(buf: &'b mut [u8]) -> Self {
        buf.fill(0);
        Self { buf, len: 0 }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.buf.get(..self.len).unwrap_or_default()
    }

    /// How many bytes there can be.
    pub(super) const fn room(&self) -> usize {
        self.buf.len()
    }

    /// Where more can be put: tell with [`came`](Self::came) how many.
    pub(super) fn space(&mut self) -> &mut [u8] {
        self.buf.get_mut(self.len..).unwrap_or_default()
    }

    pub(super) fn came(&mut self, more: usize) {
        self.len = self.len.saturating_add(more).min(self.buf.len());
    }

    /// The first so many are used up.
    pub(super) fn used(&mut self, used: usize) {
        let used = used.min(self.len);
        self.buf.copy_within(used..self.len, 0);
        self.len = self.len.saturating_sub(used);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_in_first_out() {
        let mut buf = *b"leftover";
        let mut input = Input::new(&mut buf);
        assert_eq!((input.bytes(), input.room()), (&b""[..], 8));
        assert_eq!(input.space(), [0; 8], "nothing is left");
        input.space()[..5].copy_from_slice(b"abcde");
        input.came(5);
        input.used(2);
        assert_eq!(input.bytes(), b"cde");
        assert_eq!(input.space().len(), 5);
        input.came(99);
        assert_eq!(input.bytes().len(), 8);
        input.used(99);
        assert_eq!(input.bytes(), b"");
    }
}
