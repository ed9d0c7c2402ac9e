//! A connection to the database: enciphered where the address says so, or none at all.

use super::SharedError;
use super::address::{Address, Host, TlsMode};
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_postgres::{Client, Config, NoTls};
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

/// More than all the roots of a system take.
const MAX_ROOTS: u64 = 4 * 1024 * 1024;

/// One connection; closed when dropped.
pub(super) struct Link {
    pub(super) client: Client,
    driver: JoinHandle<()>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Connects. Takes as long as it takes: the caller has a limit.
pub(super) async fn connect(address: &Address) -> Result<Link, SharedError> {
    let away = |error: io::Error| SharedError::Away(error.to_string());
    match &address.host {
        #[cfg(unix)]
        Host::Socket(folder) => {
            let socket = folder.join(format!(".s.PGSQL.{}", address.port));
            let stream = tokio::net::UnixStream::connect(&socket).await.map_err(away)?;
            start(address, stream, NoTls, SslMode::Disable).await
        }
        #[cfg(not(unix))]
        Host::Socket(_) => Err(SharedError::Away("this system has no such sockets".to_owned())),
        Host::Network(host) => {
            // What is wrong with the roots is told before a server is asked for anything.
            let tls = match &address.tls {
                TlsMode::Off => None,
                TlsMode::Verified(file) => Some(Rustls::new(host, file.as_deref()).await?),
            };
            let stream = TcpStream::connect((host.as_str(), address.port))
                .await
                .map_err(away)?;
            // Questions are small, and waited for.
            stream.set_nodelay(true).map_err(away)?;
            match tls {
                None => start(address, stream, NoTls, SslMode::Disable).await,
                Some(tls) => start(address, stream, tls, SslMode::Require).await,
            }
        }
    }
}

async fn start<S, T>(address: &Address, stream: S, tls: T, mode: SslMode) -> Result<Link, SharedError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: TlsConnect<S>,
    T::Stream: Send + 'static,
{
    let mut config = Config::new();
    config
        .user(&address.user)
        .dbname(&address.database)
        .application_name("espprov")
        .ssl_mode(mode);
    if let Some(options) = &address.options {
        config.options(options);
    }
    if let Some(password) = &address.password {
        config.password(password.as_bytes());
    }
    let (client, connection) = config.connect_raw(stream, tls).await?;
    let driver = tokio::spawn(async move {
        // Whoever waits for an answer hears of it, too.
        let _ = connection.await;
    });
    Ok(Link { client, driver })
}

/// rustls, for one server.
struct Rustls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Rustls {
    async fn new(host: &str, roots: Option<&Path>) -> Result<Self, SharedError> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| SharedError::Tls("no certificate has such a name".to_owned()))?;
        let file = roots.map(Path::to_owned);
        // Reads files, or asks the system's store.
        let reading = tokio::task::spawn_blocking(move || match file {
            Some(file) => of_file(&file),
            None => of_the_system(),
        });
        let roots = reading.await.unwrap_or(Err(SharedError::Roots))?;
        let provider = provider()
            .ok_or_else(|| SharedError::Tls("this program has no cryptography for it".to_owned()))?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| SharedError::Tls(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
            name,
        })
    }
}

/// The process's own, or the one this crate was built with.
fn provider() -> Option<Arc<CryptoProvider>> {
    let own = CryptoProvider::get_default().cloned();
    #[cfg(feature = "ring")]
    let own = own.or_else(|| Some(Arc::new(rustls::crypto::ring::default_provider())));
    own
}

fn of_file(path: &Path) -> Result<RootCertStore, SharedError> {
    use std::io::Read;
    let mut pem = Zeroizing::new(Vec::new());
    let unreadable = |error: io::Error| SharedError::RootsFile {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(MAX_ROOTS).read_to_end(&mut pem).map_err(unreadable)?;
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let added = certificate
            .ok()
            .and_then(|certificate| store.add(certificate).ok());
        added.ok_or(SharedError::Roots)?;
    }
    if store.is_empty() {
        return Err(SharedError::Roots);
    }
    Ok(store)
}

fn of_the_system() -> Result<RootCertStore, SharedError> {
    let mut store = RootCertStore::empty();
    // A store with some that cannot be read is still good for the others.
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if store.is_empty() {
        return Err(SharedError::Tls(
            "this system has no roots; name a file with sslrootcert".to_owned(),
        ));
    }
    Ok(store)
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for Rustls {
    type Stream = Enciphered<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Enciphered<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move { Ok(Enciphered(self.connector.connect(self.name, stream).await?)) })
    }
}

/// A stream over TLS.
struct Enciphered<S>(tokio_rustls::client::TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Enciphered<S> {
    /// The certificate was verified for the server's name: nobody is between us whom a binding would find.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Enciphered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Enciphered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
