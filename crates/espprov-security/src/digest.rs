//! Hashing secrets.

use core::hint::black_box;
use sha2::digest::{FixedOutputReset, Output};

/// Hashes the parts, one after the other, into `out`, and leaves nothing of them on the stack.
///
/// A hash function lays its input out word by word on the stack, and its frames are gone but not wiped when it
/// returns. So it runs again, over zeros, on the same stretch of stack: once through each of its ways (whole blocks,
/// into a buffer that fills up, the end). The hasher itself is wiped when dropped, and is never moved.
pub(crate) fn hash<D: Default + FixedOutputReset>(parts: &[&[u8]], out: &mut Output<D>) {
    let mut hasher = D::default();
    run(&mut hasher, parts, out);
    let mut nothing = Output::<D>::default();
    let zeros = [0; 150]; // on the stack: as a constant they would be in the flash
    run(&mut hasher, &[&zeros, &zeros], &mut nothing);
    black_box(&nothing);
}

#[inline(never)]
fn run<D: FixedOutputReset>(hasher: &mut D, parts: &[&[u8]], out: &mut Output<D>) {
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize_into_reset(out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256, Sha512};

    /// FIPS 180-4, in pieces.
    #[test]
    fn it_is_the_hash_it_should_be() {
        let mut out = Output::<Sha256>::default();
        hash::<Sha256>(&[b"a", b"", b"bc"], &mut out);
        assert_eq!(
            hex::encode(out),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        let mut out = Output::<Sha512>::default();
        hash::<Sha512>(&[b"ab", b"c"], &mut out);
        assert_eq!(
            hex::encode(out),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        );
    }

    #[test]
    fn long_input_goes_in_whole() {
        let long = [0x61; 1000];
        let mut out = Output::<Sha512>::default();
        hash::<Sha512>(&[&long[..3], &long[3..]], &mut out);
        assert_eq!(out, Sha512::digest(long));
    }
}
