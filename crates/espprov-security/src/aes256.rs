//! AES-256, as much of it at a time as the machine has room for.

#[cfg(any(test, not(target_pointer_width = "64")))]
mod one_by_one;

/// AES-256 as the record ciphers use it.
#[cfg(target_pointer_width = "64")]
pub(crate) use aes::Aes256;

/// AES-256 as the record ciphers use it. Four blocks at a time would be faster, but that is a second AES in the
/// flash (4 KB) and a second set of round keys on the stack (1 KB), and records are short.
#[cfg(not(target_pointer_width = "64"))]
pub(crate) use one_by_one::OneByOne as Aes256;

#[cfg(all(test, feature = "sec1", feature = "sec2"))]
mod tests {
    use super::one_by_one::OneByOne;
    use aes::cipher::{KeyInit, KeyIvInit, StreamCipher};
    use aes_gcm::AesGcm;
    use aes_gcm::aead::AeadInOut;
    use aes_gcm::aead::consts::{U12, U16};
    use std::vec;

    /// Lengths around one block, four, and eight.
    const LENGTHS: [usize; 9] = [0, 1, 16, 17, 63, 64, 65, 129, 1000];

    #[test]
    fn counter_mode_is_the_same() {
        let (key, iv) = ([0x42; 32], [0xff; 16]);
        for len in LENGTHS {
            let (mut one, mut many) = (vec![7; len], vec![7; len]);
            ctr::Ctr128BE::<OneByOne>::new(&key.into(), &iv.into()).apply_keystream(&mut one);
            ctr::Ctr128BE::<aes::Aes256>::new(&key.into(), &iv.into()).apply_keystream(&mut many);
            assert_eq!(one, many, "{len} bytes");
        }
    }

    #[test]
    fn gcm_is_the_same() {
        let key = [0x42; 32];
        for len in LENGTHS {
            let (mut one, mut many) = (vec![7; len], vec![7; len]);
            let tag = AesGcm::<OneByOne, U12>::new(&key.into())
                .encrypt_inout_detached(&[1; 12].into(), &[], one.as_mut_slice().into())
                .unwrap();
            let expected = AesGcm::<aes::Aes256, U12>::new(&key.into())
                .encrypt_inout_detached(&[1; 12].into(), &[], many.as_mut_slice().into())
                .unwrap();
            assert_eq!((&one, tag), (&many, expected), "{len} bytes");
            AesGcm::<OneByOne, U16>::new(&key.into())
                .encrypt_inout_detached(&[1; 16].into(), &[], one.as_mut_slice().into())
                .unwrap();
            AesGcm::<aes::Aes256, U16>::new(&key.into())
                .encrypt_inout_detached(&[1; 16].into(), &[], many.as_mut_slice().into())
                .unwrap();
            assert_eq!(one, many, "{len} bytes, long nonce");
        }
    }
}
