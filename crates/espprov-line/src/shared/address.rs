//! Where the database is, and who asks: `postgres://USER@HOST:PORT/DATABASE?sslmode=…`, and what the environment adds.

use super::password;
use core::fmt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// PostgreSQL's port.
const PORT: u16 = 5432;
/// Longer than any address.
const MOST: usize = 4096;

/// The database of several stations, and what opens it. No `Debug`: there may be a password in it.
#[derive(Clone)]
pub struct Address {
    pub(super) host: Host,
    pub(super) port: u16,
    pub(super) user: String,
    pub(super) database: String,
    /// As the server takes it: `-c search_path=line7`.
    pub(super) options: Option<String>,
    pub(super) tls: TlsMode,
    pub(super) password: Option<Zeroizing<String>>,
    password_in_url: bool,
}

/// What listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Host {
    /// The folder of a socket.
    Socket(PathBuf),
    /// A name or an address.
    Network(String),
}

/// Is the connection enciphered? Never "if the server likes".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TlsMode {
    /// It is not.
    Off,
    /// It is, and the server has a certificate for its name: of the system's roots, or of those in this file.
    Verified(Option<PathBuf>),
}

/// Why an address is none. What stands in it is not repeated: it may be a password in the wrong place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressError {
    /// It does not begin with `postgres://`.
    Scheme,
    /// It cannot be taken apart.
    Malformed,
    /// Neither in it nor in `PGHOST`, where there are no sockets.
    NoHost,
    /// Neither in it nor in `PGUSER`, and the system does not say who runs this.
    NoUser,
    /// The port is no number.
    Port,
    /// Several servers.
    SeveralHosts,
    /// A parameter that is none of those which are known.
    Parameter,
    /// `allow` and `prefer`: a network that drops a message would have everything sent in plain text.
    Downgrade,
    /// There is no such mode.
    SslMode,
    /// The password file that `PGPASSFILE` names cannot be read.
    PasswordFile,
    /// The password file where this user's own things are cannot be read.
    OwnPasswordFile,
    /// Others can read the password file.
    PasswordFileOpen,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "the address of a database begins with postgres://",
            Self::Malformed => "the address is malformed: postgres://USER@HOST:PORT/DATABASE, and %40 for an @ in one of them",
            Self::NoHost => "the address names no host, and neither does PGHOST",
            Self::NoUser => "the address names no user, and neither does PGUSER",
            Self::Port => "the port is no number from 1 to 65535",
            Self::SeveralHosts => "the address names several hosts",
            Self::Parameter => {
                "the address has a parameter that is not known: there are host, port, user, password, dbname, options, sslmode and sslrootcert"
            }
            Self::Downgrade => "sslmode=allow and sslmode=prefer would turn to plain text without a word",
            Self::SslMode => "there is no such sslmode",
            Self::PasswordFile => "the password file that PGPASSFILE names cannot be read",
            Self::OwnPasswordFile => "your password file cannot be read",
            Self::PasswordFileOpen => "others can read the password file",
        })
    }
}

impl core::error::Error for AddressError {}

/// The values of variables; a test has its own.
type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Address {
    /// Takes an address apart, and adds what it leaves out from the places that libpq has for it: `PGHOST`, `PGPORT`, `PGUSER`,
    /// `PGDATABASE`, `PGOPTIONS`, `PGSSLMODE`, `PGSSLROOTCERT`, `PGPASSWORD`, and the file that `PGPASSFILE` names or `~/.pgpass`.
    ///
    /// Without `sslmode`, a socket and this computer are asked in plain text, and everybody else over TLS with a certificate for the
    /// server's name. `require`, `verify-ca` and `verify-full` are all the last of them, as none may be less.
    ///
    /// # Errors
    /// [`AddressError`].
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        Self::with(text, &|name| {
            std::env::var(name).ok().filter(|value| !value.is_empty())
        })
    }

    fn with(text: &str, env: Environment<'_>) -> Result<Self, AddressError> {
        let rest = text
            .strip_prefix("postgres://")
            .or_else(|| text.strip_prefix("postgresql://"))
            .ok_or(AddressError::Scheme)?;
        if rest.len() > MOST || rest.contains('#') {
            return Err(AddressError::Malformed);
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        // A password with a slash in it would be taken for a port and the name of a database, and shown as that.
        if path.contains(['/', '@']) {
            return Err(AddressError::Malformed);
        }
        let (login, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let (host, port) = host_and_port(place)?;
        let mut given = Given {
            user: decoded(user)?,
            password: decoded(password)?,
            host: decoded(host)?,
            port: port.to_owned(),
            database: decoded(path)?,
            ..Given::default()
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or(AddressError::Malformed)?;
            *given.slot(name)? = decoded(value)?;
        }
        given.with_environment(env)
    }

    /// The password stands in the address: who can see that, has it.
    #[must_use]
    pub const fn has_password_in_it(&self) -> bool {
        self.password_in_url
    }
}

/// The address as people may see it: without a password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgres://{}@", self.user)?;
        match &self.host {
            Host::Socket(folder) => write!(f, "/{}?host={}", self.database, folder.display()),
            Host::Network(host) if host.contains(':') => {
                write!(f, "[{host}]:{}/{}", self.port, self.database)
            }
            Host::Network(host) => write!(f, "{host}:{}/{}", self.port, self.database),
        }
    }
}

/// What an address says; empty: it does not.
#[derive(Default)]
struct Given {
    host: Zeroizing<String>,
    port: String,
    user: Zeroizing<String>,
    password: Zeroizing<String>,
    database: Zeroizing<String>,
    options: Zeroizing<String>,
    mode: Zeroizing<String>,
    roots: Zeroizing<String>,
    port_parameter: Zeroizing<String>,
}

impl Given {
    fn slot(&mut self, name: &str) -> Result<&mut Zeroizing<String>, AddressError> {
        Ok(match name {
            "host" => &mut self.host,
            "port" => &mut self.port_parameter,
            "user" => &mut self.user,
            "password" => &mut self.password,
            "dbname" => &mut self.database,
            "options" => &mut self.options,
            "sslmode" => &mut self.mode,
            "sslrootcert" => &mut self.roots,
            _ => return Err(AddressError::Parameter),
        })
    }

    fn with_environment(self, env: Environment<'_>) -> Result<Address, AddressError> {
        let or = |given: &str, variable: &str| match given {
            "" => env(variable),
            given => Some(given.to_owned()),
        };
        let host = or(&self.host, "PGHOST").map_or_else(usual_socket, |host| {
            if host.contains(',') {
                return Err(AddressError::SeveralHosts);
            }
            Ok(if host.starts_with('/') {
                Host::Socket(host.into())
            } else {
                Host::Network(host)
            })
        })?;
        let port = if self.port.is_empty() {
            &self.port_parameter
        } else {
            &self.port
        };
        let port = match or(port, "PGPORT") {
            None => PORT,
            Some(port) => port
                .parse()
                .ok()
                .filter(|port| *port > 0)
                .ok_or(AddressError::Port)?,
        };
        let user = or(&self.user, "PGUSER")
            .or_else(|| env("USER"))
            .or_else(|| env("USERNAME"))
            .ok_or(AddressError::NoUser)?;
        let database = or(&self.database, "PGDATABASE").unwrap_or_else(|| user.clone());
        let roots = or(&self.roots, "PGSSLROOTCERT")
            .filter(|file| file != "system")
            .map(PathBuf::from);
        let tls = mode(or(&self.mode, "PGSSLMODE").as_deref(), &host, roots)?;
        let password_in_url = !self.password.is_empty();
        let password = if password_in_url {
            Some(self.password.clone())
        } else if let Some(password) = env("PGPASSWORD") {
            Some(Zeroizing::new(password))
        } else {
            let file = password::file(env);
            password::from_file(file.as_ref(), &host, port, &database, &user)?
        };
        Ok(Address {
            host,
            port,
            user,
            database,
            options: or(&self.options, "PGOPTIONS"),
            tls,
            password,
            password_in_url,
        })
    }
}

/// `HOST`, `HOST:PORT`, `[IPv6]:PORT`, `:PORT`.
fn host_and_port(place: &str) -> Result<(&str, &str), AddressError> {
    if place.contains(',') {
        return Err(AddressError::SeveralHosts);
    }
    if let Some(rest) = place.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or(AddressError::Malformed)?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, port)),
            None if rest.is_empty() => Ok((host, "")),
            None => Err(AddressError::Malformed),
        };
    }
    match place.split_once(':') {
        None => Ok((place, "")),
        Some((_, port)) if port.contains(':') => Err(AddressError::Malformed),
        Some(parts) => Ok(parts),
    }
}

/// Where the servers of most systems have theirs.
fn usual_socket() -> Result<Host, AddressError> {
    if cfg!(not(unix)) {
        return Err(AddressError::NoHost);
    }
    let usual = Path::new("/var/run/postgresql");
    Ok(Host::Socket(
        if usual.is_dir() { usual } else { Path::new("/tmp") }.into(),
    ))
}

fn mode(given: Option<&str>, host: &Host, roots: Option<PathBuf>) -> Result<TlsMode, AddressError> {
    let here = match host {
        Host::Socket(_) => return Ok(TlsMode::Off),
        Host::Network(name) => {
            name == "localhost"
                || name
                    .parse::<core::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        }
    };
    match given {
        None if here => Ok(TlsMode::Off),
        None | Some("require" | "verify-ca" | "verify-full") => Ok(TlsMode::Verified(roots)),
        Some("disable") => Ok(TlsMode::Off),
        Some("allow" | "prefer") => Err(AddressError::Downgrade),
        Some(_) => Err(AddressError::SslMode),
    }
}

/// `%40` is an `@`.
fn decoded(text: &str) -> Result<Zeroizing<String>, AddressError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(AddressError::Malformed);
        };
        let byte = u8::try_from(high * 16 + low).ok().filter(|byte| *byte != 0);
        bytes.push(byte.ok_or(AddressError::Malformed)?);
    }
    match core::str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(AddressError::Malformed),
    }
}

#[cfg(test)]
mod tests;
