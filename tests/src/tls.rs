//! Certificates, and a TLS server of another hand than the client's, in front of a device that speaks plain HTTP.

use core::net::SocketAddr;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use std::sync::Arc;
use tokio::io::{AsyncWriteExt, copy, split};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Longer than any connection of a test lives.
const LIFETIME: Duration = Duration::from_secs(60);

/// Somebody who signs certificates.
#[derive(Debug)]
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// What is to stand in a certificate. Its dates are fixed: what has expired stays so.
#[derive(Debug, Clone, Copy)]
pub struct Leaf {
    /// Names and addresses.
    pub names: &'static [&'static str],
    /// First and last day, as year, month and day.
    pub valid: [(i32, u8, u8); 2],
}

impl Leaf {
    /// What is right for a server on this machine.
    pub const RIGHT: Self = Self {
        names: &["127.0.0.1", "localhost"],
        valid: [(2020, 1, 1), (2120, 1, 1)],
    };
    /// The same, and too old.
    pub const EXPIRED: Self = Self {
        valid: [(2016, 8, 17), (2026, 8, 15)],
        ..Self::RIGHT
    };
    /// The same, too early.
    pub const NOT_YET: Self = Self {
        valid: [(2110, 3, 1), (2120, 1, 1)],
        ..Self::RIGHT
    };
    /// A common name and nothing else.
    pub const NAMELESS: Self = Self {
        names: &[],
        ..Self::RIGHT
    };
    /// Another server's.
    pub const ANOTHERS: Self = Self {
        names: &["lamp.example", "10.9.8.7"],
        ..Self::RIGHT
    };
    /// As the vendor's example has it: nameless and expired.
    pub const AS_THE_EXAMPLE: Self = Self {
        names: &[],
        ..Self::EXPIRED
    };

    fn params(self) -> CertificateParams {
        let names: Vec<_> = self.names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("valid names");
        let [from, to] = self
            .valid
            .map(|(year, month, day)| date_time_ymd(year, month, day));
        (params.not_before, params.not_after) = (from, to);
        params
            .distinguished_name
            .push(DnType::CommonName, "my_esp_ctrl_device.local");
        params
    }
}

/// A certificate and its key.
#[derive(Debug)]
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    /// The certificate as a file.
    pub pem: String,
}

impl Authority {
    /// A root with a key of its own.
    ///
    /// # Panics
    /// Without entropy.
    #[must_use]
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "root");
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a root"))
    }

    /// The root as a file.
    #[must_use]
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate that it signs.
    ///
    /// # Panics
    /// Without entropy.
    #[must_use]
    pub fn sign(&self, leaf: Leaf) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let made = leaf.params().signed_by(&key, &self.0).expect("a certificate");
        Identity::new(&made, &key)
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Identity {
    fn new(made: &rcgen::Certificate, key: &KeyPair) -> Self {
        Self {
            certificate: made.der().clone(),
            key: PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            pem: made.pem(),
        }
    }

    /// One that has signed itself, as tools make it by default: it may sign others.
    ///
    /// # Panics
    /// Without entropy.
    #[must_use]
    pub fn self_signed(leaf: Leaf) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = leaf.params();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self::new(&params.self_signed(&key).expect("a certificate"), &key)
    }

    /// The one of version 1, made by OpenSSL.
    ///
    /// # Panics
    /// When the files are gone.
    #[must_use]
    pub fn of_version_1() -> Self {
        let pem = include_str!("../tls/version-1.pem");
        let key = include_str!("../tls/version-1.key");
        Self {
            certificate: CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate"),
            key: PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key"),
            pem: pem.to_owned(),
        }
    }

    /// Its certificate, with the key of another.
    #[must_use]
    pub fn with_key_of(mut self, other: Self) -> Self {
        self.key = other.key;
        self
    }

    /// The certificate in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.certificate
    }
}

/// How the server behaves.
#[derive(Debug, Clone, Copy)]
pub struct Manners {
    /// The versions of TLS that it speaks.
    pub versions: &'static [&'static SupportedProtocolVersion],
    /// It takes leave before it closes, as it should. Devices just close.
    pub polite: bool,
    /// It wants a certificate of the client.
    pub wants_certificate: bool,
}

impl Manners {
    /// As mbedTLS on a device: TLS 1.2, and the connection just ends.
    pub const DEVICE: Self = Self {
        versions: &[&rustls::version::TLS12],
        polite: false,
        wants_certificate: false,
    };
    /// As a server should be today.
    pub const MODERN: Self = Self {
        versions: &[&rustls::version::TLS13],
        polite: true,
        wants_certificate: false,
    };
}

/// A TLS server on loopback that hands on what it is told, in clear. It ends when this is dropped.
#[derive(Debug)]
pub struct Front {
    /// Where it listens.
    pub address: SocketAddr,
    sessions: Arc<AtomicUsize>,
    _stop: tokio::sync::oneshot::Sender<()>,
}

/// What is shown to every client, whether key and certificate belong together or not.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

impl Front {
    /// In front of `url`, `http://ADDRESS`.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(identity: Identity, manners: Manners, url: &str) -> Self {
        let upstream: SocketAddr = url.trim_start_matches("http://").parse().expect("an address");
        let acceptor = TlsAcceptor::from(Arc::new(config(identity, manners)));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a socket of tokio's");
        let address = listener.local_addr().expect("an address");
        let sessions = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&sessions);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).expect("a listener");
                let serve = async {
                    while let Ok((stream, _)) = listener.accept().await {
                        let (acceptor, count) = (acceptor.clone(), Arc::clone(&count));
                        tokio::spawn(tokio::time::timeout(LIFETIME, async move {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                count.fetch_add(1, Ordering::SeqCst);
                                hand_on(stream, upstream, manners.polite).await;
                            }
                        }));
                    }
                };
                tokio::select! {
                    () = serve => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            address,
            sessions,
            _stop: stop,
        }
    }

    /// How many handshakes have ended well.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.sessions.load(Ordering::SeqCst)
    }

    /// As a target, by address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// As a target, by this name.
    #[must_use]
    pub fn url_by(&self, name: &str) -> String {
        format!("https://{name}:{}", self.address.port())
    }
}

fn config(identity: Identity, manners: Manners) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = provider
        .key_provider
        .load_private_key(identity.key)
        .expect("a key");
    let shown = CertifiedKey::new(vec![identity.certificate], key);
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(manners.versions)
        .expect("versions");
    let builder = if manners.wants_certificate {
        let mut roots = RootCertStore::empty();
        roots.add(Authority::new().0.der().clone()).expect("a root");
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
        builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
    } else {
        builder.with_no_client_auth()
    };
    builder.with_cert_resolver(Arc::new(Always(Arc::new(shown))))
}

/// Hands on both ways until one side has ended.
async fn hand_on(stream: tokio_rustls::server::TlsStream<TcpStream>, upstream: SocketAddr, polite: bool) {
    let Ok(plain) = TcpStream::connect(upstream).await else {
        return;
    };
    let (mut from_client, mut to_client) = split(stream);
    let (mut from_device, mut to_device) = split(plain);
    tokio::select! {
        _ = copy(&mut from_client, &mut to_device) => {}
        _ = copy(&mut from_device, &mut to_client) => {}
    }
    if polite {
        let _ = to_client.shutdown().await;
    }
}
