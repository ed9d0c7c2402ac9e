//! As much of a certificate's encoding as is needed to say what it is, and to check a signature with its key.
//!
//! A pinned certificate may be one that the verifier of rustls does not read at all: many devices have a certificate of X.509
//! version 1, which is what signing tools write when they are told of no extension.

/// What a certificate says of itself (RFC 5280 § 4.1). Nothing in it is checked.
pub(super) struct Outline<'a> {
    /// It is of version 3, the only one that can hold the names of a server.
    pub(super) is_version_3: bool,
    /// It says that it has signed itself.
    pub(super) is_self_issued: bool,
    /// The key's algorithm: the content of its `AlgorithmIdentifier`.
    pub(super) key_algorithm: &'a [u8],
    /// The key itself.
    pub(super) key: &'a [u8],
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
/// `[0]`: the version, which version 1 leaves out.
const VERSION: u8 = 0xa0;

/// Reads a certificate; `None` if it is none.
pub(super) fn outline(certificate: &[u8]) -> Option<Outline<'_>> {
    let (certificate, rest) = element(certificate, SEQUENCE)?;
    if !rest.is_empty() {
        return None;
    }
    let (signed, _) = element(certificate, SEQUENCE)?;
    let (version, signed) = match element(signed, VERSION) {
        Some((version, rest)) => (element(version, INTEGER)?.0, rest),
        None => (&[][..], signed),
    };
    let (_, signed) = element(signed, INTEGER)?; // serial number
    let (_, signed) = element(signed, SEQUENCE)?; // algorithm of the signature
    let (issuer, signed) = element(signed, SEQUENCE)?;
    let (_, signed) = element(signed, SEQUENCE)?; // validity
    let (subject, signed) = element(signed, SEQUENCE)?;
    let (info, _) = element(signed, SEQUENCE)?;
    let (key_algorithm, info) = element(info, SEQUENCE)?;
    let (key, _) = element(info, BIT_STRING)?;
    Some(Outline {
        is_version_3: version == [2],
        is_self_issued: issuer == subject,
        key_algorithm,
        // The first byte counts unused bits, of which a key has none.
        key: key.strip_prefix(&[0])?,
    })
}

/// The content of the element with this tag at the beginning of `bytes`, and what comes after it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    if first != tag {
        return None;
    }
    let (&short, rest) = rest.split_first()?;
    let (len, rest) = match short {
        0..=0x7f => (usize::from(short), rest),
        // Longer than 64 KiB is no certificate.
        0x81 | 0x82 => {
            let (digits, rest) = rest.split_at_checked(usize::from(short & 0x7f))?;
            let len = digits.iter().fold(0, |len, &digit| len << 8 | usize::from(digit));
            (len, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn elements() {
        assert_eq!(element(&[0x02, 1, 7, 9], INTEGER), Some((&[7][..], &[9][..])));
        assert_eq!(element(&[0x02, 0x81, 1, 7], INTEGER), Some((&[7][..], &[][..])));
        let long = [&[0x30, 0x82, 1, 0][..], &[5; 257]].concat();
        let (content, rest) = element(&long, SEQUENCE).unwrap();
        assert_eq!((content.len(), rest), (256, &[5][..]));
        for bad in [
            &[][..],
            &[0x02],
            &[0x02, 2, 1],
            &[0x02, 0x80, 0, 0],
            &[0x02, 0x82, 1],
            &[0x02, 0x83, 0, 0, 1, 7],
            &[0x30, 1, 7],
        ] {
            assert_eq!(element(bad, INTEGER), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400), cut in 0_usize..400) {
            let _ = outline(&bytes);
            // A certificate with any byte changed, and cut anywhere.
            let key = rcgen::KeyPair::generate().unwrap();
            let made = rcgen::CertificateParams::default().self_signed(&key).unwrap();
            let mut der = made.der().to_vec();
            let found = outline(&der).unwrap();
            prop_assert!(found.is_version_3 && found.is_self_issued);
            prop_assert_eq!(found.key, key.public_key_raw());
            let at = cut.min(der.len() - 1);
            prop_assert!(outline(&der[..at]).is_none());
            der[at] ^= bytes.first().copied().unwrap_or(0xff);
            let _ = outline(&der);
        }
    }
}
