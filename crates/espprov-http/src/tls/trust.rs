//! Which certificates are good enough.

use super::{Fingerprint, TlsError};
use core::fmt;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::sync::Arc;

/// What makes a certificate good.
#[derive(Clone)]
pub(super) enum Trust {
    /// The system's roots stand behind it, and it is for the name.
    System,
    /// One of these roots does.
    Roots(Arc<Roots>),
    /// It is this one.
    Pin(Fingerprint),
    /// Whatever it is.
    Anything,
}

/// Roots, and the certificates they came from.
pub(super) struct Roots {
    pub(super) store: RootCertStore,
    /// As they were given. Empty for the system's: a root is not a server.
    pub(super) given: Vec<CertificateDer<'static>>,
}

/// Why certificates given as roots are of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidRoots {
    /// No certificate in PEM form among what was given.
    None,
    /// A certificate that cannot be read.
    Malformed,
}

impl fmt::Display for InvalidRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "there is no certificate in it: PEM begins with -----BEGIN CERTIFICATE-----",
            Self::Malformed => "a certificate in it is malformed",
        })
    }
}

impl core::error::Error for InvalidRoots {}

impl Roots {
    /// All certificates in a PEM text; what else is in it, keys and remarks, is passed over.
    pub(super) fn from_pem(pem: &[u8]) -> Result<Self, InvalidRoots> {
        let given = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| InvalidRoots::Malformed)?;
        if given.is_empty() {
            return Err(InvalidRoots::None);
        }
        let mut store = RootCertStore::empty();
        for certificate in &given {
            // One of an old version is no root for the verifier, and can still be the device's own.
            if store.add(certificate.clone()).is_err() && super::der::outline(certificate).is_none() {
                return Err(InvalidRoots::Malformed);
            }
        }
        Ok(Self { store, given })
    }

    /// The system's. Reads files, or asks the system's store: not for threads that must not wait.
    pub(super) fn of_the_system() -> Result<Self, TlsError> {
        let mut store = RootCertStore::empty();
        // A store with some that cannot be read is still good for the others.
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if store.is_empty() {
            return Err(TlsError::NoRoots);
        }
        let given = Vec::new();
        Ok(Self { store, given })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_roots() {
        for (pem, error) in [
            (&b""[..], InvalidRoots::None),
            (b"\x30\x82\x01\x00", InvalidRoots::None),
            (
                b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                InvalidRoots::None,
            ),
            (
                b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                InvalidRoots::Malformed,
            ),
            (
                b"-----BEGIN CERTIFICATE-----\n%%%%\n-----END CERTIFICATE-----\n",
                InvalidRoots::Malformed,
            ),
            (b"-----BEGIN CERTIFICATE-----\nAAAA\n", InvalidRoots::Malformed),
        ] {
            let shown = String::from_utf8_lossy(pem);
            assert_eq!(Roots::from_pem(pem).err(), Some(error), "{shown}");
        }
    }
}
