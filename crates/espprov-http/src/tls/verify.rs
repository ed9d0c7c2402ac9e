//! The check of a device's certificate: yes, or everything that speaks against it.

use super::der::outline;
use super::error::{Distrust, Reason, TlsError};
use super::trust::Roots;
use super::{Fingerprint, Seen};
use core::fmt;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, ServerName, SignatureVerificationAlgorithm, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, OtherError, SignatureScheme};
use std::sync::Arc;

/// What a certificate has to be.
pub(super) enum Rule {
    /// Issued by one of these, valid now, and for the name, unless any will do.
    Issued { roots: Arc<Roots>, any_name: bool },
    /// This one, whatever is in it.
    Pinned(Fingerprint),
    /// Anything.
    Anything,
}

/// Checks certificates, and that the device has the key of the one it shows.
pub(super) struct Verifier {
    pub(super) rule: Rule,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
    pub(super) seen: Seen,
}

/// How many names of a certificate are kept for a message.
const MAX_NAMES: usize = 16;
/// A chain has this many dates that can be wrong before we stop looking.
const MAX_DATES: usize = 4;

impl Verifier {
    fn check(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), TlsError> {
        let fingerprint = Fingerprint::of(certificate);
        self.seen.set(fingerprint);
        let (roots, any_name) = match &self.rule {
            Rule::Anything => return Ok(()),
            Rule::Pinned(pin) if *pin == fingerprint => return Ok(()),
            Rule::Pinned(_) => return Err(TlsError::PinMismatch { seen: fingerprint }),
            Rule::Issued { roots, any_name } => (roots, *any_name),
        };
        let name = (!any_name).then_some(name);
        let reasons = self.reasons(certificate, intermediates, roots, name, now);
        if reasons.is_empty() {
            return Ok(());
        }
        Err(TlsError::Distrusted(Box::new(Distrust { fingerprint, reasons })))
    }

    /// Everything that speaks against a certificate, not just the first thing: who mends one wants to know of the next.
    fn reasons(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        roots: &Roots,
        name: Option<&ServerName<'_>>,
        now: UnixTime,
    ) -> Vec<Reason> {
        let Ok(parsed) = ParsedCertificate::try_from(certificate) else {
            let is_old = outline(certificate).is_some_and(|outline| !outline.is_version_3);
            return vec![if is_old { Reason::OldVersion } else { Reason::Unfit }];
        };
        let signed = |time| {
            verify_server_cert_signed_by_trust_anchor(
                &parsed,
                &roots.store,
                intermediates,
                time,
                self.algorithms.all,
            )
        };
        let (mut reasons, mut time) = (Vec::new(), now);
        for _ in 0..MAX_DATES {
            let Err(error) = signed(time) else { break };
            let reason = match error {
                // Looked at on a day when it was valid, it shows what else is wrong.
                rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) => {
                    time = not_after;
                    Reason::Expired {
                        since: not_after.as_secs(),
                    }
                }
                rustls::Error::InvalidCertificate(CertificateError::NotValidYetContext {
                    not_before,
                    ..
                }) => {
                    time = not_before;
                    Reason::NotYetValid {
                        until: not_before.as_secs(),
                    }
                }
                // Given as it is: whoever gave it trusts it, though it has signed itself.
                _ if roots.given.iter().any(|root| root == certificate) => break,
                // A signature that is not that of a known root: another root, which may have the same name.
                rustls::Error::InvalidCertificate(
                    CertificateError::UnknownIssuer | CertificateError::BadSignature,
                ) => Reason::UnknownIssuer,
                // What tools make by default may sign others: that matters less than that nobody vouches for it.
                _ if outline(certificate).is_some_and(|outline| outline.is_self_issued) => {
                    Reason::UnknownIssuer
                }
                _ => Reason::Unfit,
            };
            let is_date = matches!(reason, Reason::Expired { .. } | Reason::NotYetValid { .. });
            if is_date {
                reasons.push(reason);
            } else {
                // What an unknown issuer says of names and days is worth nothing: that comes first.
                reasons.insert(0, reason);
                break;
            }
        }
        if let Some(name) = name
            && let Err(error) = verify_server_name(&parsed, name)
        {
            reasons.push(name_reason(name, &error));
        }
        reasons
    }

    /// The algorithms for a signature of this scheme.
    fn candidates(
        &self,
        scheme: SignatureScheme,
    ) -> Option<&'static [&'static dyn SignatureVerificationAlgorithm]> {
        let mut mapping = self.algorithms.mapping.iter();
        mapping
            .find(|(known, _)| *known == scheme)
            .map(|(_, algorithms)| *algorithms)
    }

    /// Whether the device has the key of its certificate. By hand, because rustls does this with certificates of version 3
    /// only; `first`: the scheme leaves no choice (TLS 1.3).
    fn check_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
        first: bool,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let refused = rustls::Error::InvalidCertificate(CertificateError::BadSignature);
        let (Some(certificate), Some(candidates)) = (outline(certificate), self.candidates(signed.scheme))
        else {
            return Err(refused);
        };
        let candidates = if first {
            candidates.get(..1).unwrap_or_default()
        } else {
            candidates
        };
        let is_valid = candidates
            .iter()
            .filter(|algorithm| algorithm.public_key_alg_id().as_ref() == certificate.key_algorithm)
            .any(|algorithm| {
                algorithm
                    .verify_signature(certificate.key, message, signed.signature())
                    .is_ok()
            });
        if is_valid {
            Ok(HandshakeSignatureValid::assertion())
        } else {
            Err(refused)
        }
    }
}

fn name_reason(expected: &ServerName<'_>, error: &rustls::Error) -> Reason {
    let presented = match error {
        rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }) => {
            presented.as_slice()
        }
        _ => &[],
    };
    if presented.is_empty() {
        return Reason::NoName;
    }
    Reason::WrongName {
        expected: expected.to_str().into_owned(),
        names: presented.iter().take(MAX_NAMES).map(|name| bare(name)).collect(),
    }
}

/// `DnsName("a.local")` and `IpAddress(10.0.0.1)`, as rustls says them, without what stands around the name.
fn bare(name: &str) -> String {
    let name = name.split_once('(').map_or(name, |(_, rest)| rest);
    name.trim_end_matches(')').trim_matches('"').to_owned()
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.check(certificate, intermediates, name, now) {
            Ok(()) => Ok(ServerCertVerified::assertion()),
            Err(error) => Err(CertificateError::Other(OtherError(Arc::new(error))).into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.check_signature(message, certificate, signed, false)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        // RFC 8446 § 4.4.3: neither PKCS #1 v1.5 nor SHA-1 here.
        match signed.scheme {
            SignatureScheme::RSA_PKCS1_SHA256
            | SignatureScheme::RSA_PKCS1_SHA384
            | SignatureScheme::RSA_PKCS1_SHA512 => {
                Err(rustls::Error::InvalidCertificate(CertificateError::BadSignature))
            }
            _ => self.check_signature(message, certificate, signed, true),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier")
    }
}
