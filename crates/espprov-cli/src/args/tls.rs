//! Whom to trust at an `https` target.

use super::heading;
use crate::errors::{CALLER, Failure, file};
use crate::signals::unblock;
use clap::Args;
use espprov::link::https::needs_tls;
use espprov::{Fingerprint, LinkKind, Tls};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// More than all the roots of a system take.
const MAX_CA: u64 = 4 * 1024 * 1024;

/// Options of every command that talks to a device.
#[derive(Args)]
pub(crate) struct TlsArgs {
    /// Trust the certificates in FILE (PEM) and what they have signed, instead of the system's roots
    #[arg(long, value_name = "FILE", help_heading = heading::HTTPS, conflicts_with_all = ["pin", "insecure"])]
    ca: Option<PathBuf>,

    /// Trust this one certificate, by its fingerprint: its names, dates and issuer do not count
    #[arg(long, value_name = "SHA256", help_heading = heading::HTTPS, conflicts_with_all = ["insecure", "server_name"])]
    pin: Option<Fingerprint>,

    /// The name that must stand in the certificate, if it is not the target's; '' with --ca: any or none
    #[arg(long, value_name = "NAME", help_heading = heading::HTTPS, conflicts_with = "insecure")]
    server_name: Option<String>,

    /// Trust any certificate: encrypted, but anyone could pose as the device
    #[arg(long, help_heading = heading::HTTPS)]
    insecure: bool,
}

impl TlsArgs {
    /// Whom to trust; `None` where the link has no TLS.
    pub(crate) async fn trust(&self, kind: LinkKind) -> Result<Option<Tls>, Failure> {
        let given = [
            ("--ca", self.ca.is_some()),
            ("--pin", self.pin.is_some()),
            ("--server-name", self.server_name.is_some()),
            ("--insecure", self.insecure),
        ];
        for (flag, _) in given.iter().filter(|(_, given)| *given) {
            needs_tls(CALLER, kind, flag)?;
        }
        if kind != LinkKind::Https {
            return Ok(None);
        }
        let tls = match (&self.ca, self.pin) {
            (Some(path), _) => roots(path.clone()).await?,
            (None, Some(pin)) => Tls::pin(pin),
            (None, None) if self.insecure => Tls::insecure(),
            (None, None) => Tls::system(),
        };
        Ok(Some(match self.server_name.as_deref() {
            None => tls,
            Some("") if self.ca.is_some() => tls.any_name(),
            Some("") => {
                return Err(Failure::usage(
                    "invalid_server_name",
                    "any name will do only with a root of one's own",
                )
                .with_cause("the system's roots have signed for everybody: with any name, anybody could pose as the device")
                .with_help("add --ca FILE, or give the name in the certificate"));
            }
            Some(name) => tls.server_name(name).map_err(|error| {
                Failure::usage("invalid_server_name", error.to_string())
                    .with_cause("what stands behind --server-name is compared with the certificate, and told to the device")
                    .with_help("give a name as it stands in the certificate, such as lamp.local")
            })?,
        }))
    }
}

/// Reads roots, as long as no signal comes.
async fn roots(path: PathBuf) -> Result<Tls, Failure> {
    unblock(move || {
        let pem = read(&path).map_err(|error| file("read", &path, &error))?;
        Tls::ca(&pem).map_err(|error| {
            Failure::usage("invalid_ca", format!("cannot use {}: {error}", path.display()))
                .with_cause("--ca takes certificates in PEM form, as authorities hand them out")
                .with_help("convert a certificate in DER with openssl x509 -inform der, and give that file")
        })
    })
    .await
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut pem = Vec::new();
    File::open(path)?.take(MAX_CA).read_to_end(&mut pem)?;
    Ok(pem)
}
