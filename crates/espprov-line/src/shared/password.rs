//! A password from libpq's file of passwords.

use super::address::{AddressError, Host};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// More than any password file has.
const MOST: u64 = 1 << 20;

/// Where the file is.
pub(super) struct Place {
    path: PathBuf,
    /// It was asked for; it is not just where one may be.
    named: bool,
}

/// `PGPASSFILE`, or `.pgpass` where this user's own things are.
pub(super) fn file(env: &dyn Fn(&str) -> Option<String>) -> Option<Place> {
    if let Some(path) = env("PGPASSFILE") {
        return Some(Place {
            path: path.into(),
            named: true,
        });
    }
    let path = if cfg!(windows) {
        Path::new(&env("APPDATA")?).join("postgresql").join("pgpass.conf")
    } else {
        Path::new(&env("HOME")?).join(".pgpass")
    };
    Some(Place { path, named: false })
}

/// What the file has for this database.
pub(super) fn from_file(
    place: Option<&Place>,
    host: &Host,
    port: u16,
    database: &str,
    user: &str,
) -> Result<Option<Zeroizing<String>>, AddressError> {
    let Some(place) = place else { return Ok(None) };
    let unreadable = if place.named {
        AddressError::PasswordFile
    } else {
        AddressError::OwnPasswordFile
    };
    let mut file = match File::open(&place.path) {
        Ok(file) => file,
        Err(_) if !place.named => return Ok(None),
        Err(_) => return Err(unreadable),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let about = file.metadata().map_err(|_| unreadable)?;
        if about.is_file() && about.permissions().mode() & 0o077 != 0 {
            return Err(AddressError::PasswordFileOpen);
        }
    }
    let mut text = Zeroizing::new(String::new());
    (&mut file)
        .take(MOST)
        .read_to_string(&mut text)
        .map_err(|_| unreadable)?;
    let host = match host {
        Host::Socket(folder) => folder.to_str().unwrap_or_default(),
        Host::Network(name) => name,
    };
    let port = port.to_string();
    Ok(find(&text, [host, &port, database, user]))
}

/// The first line that is for host, port, database and user.
fn find(text: &str, wanted: [&str; 4]) -> Option<Zeroizing<String>> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .find_map(|line| password(line, wanted))
}

/// `HOST:PORT:DATABASE:USER:PASSWORD`, each of the first four perhaps `*`; `\:` is a colon and `\\` a backslash.
fn password(line: &str, wanted: [&str; 4]) -> Option<Zeroizing<String>> {
    let mut rest = line;
    for (index, wanted) in wanted.into_iter().enumerate() {
        let (field, more) = field(rest);
        let more = more?;
        // A socket is "localhost" there, too.
        let socket = index == 0 && wanted.starts_with('/') && *field == "localhost";
        if *field != "*" && *field != wanted && !socket {
            return None;
        }
        rest = more;
    }
    Some(field(rest).0)
}

/// Up to the next colon, and what comes behind it.
fn field(text: &str) -> (Zeroizing<String>, Option<&str>) {
    let mut field = Zeroizing::new(String::with_capacity(text.len()));
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            ':' => return (field, text.get(at + 1..)),
            '\\' => field.extend(letters.next().map(|(_, letter)| letter)),
            letter => field.push(letter),
        }
    }
    (field, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# db:5432:line:ann:comment\n\
        db:5433:line:ann:other port\n\
        db:5432:line:bob:bob's\n\
        half:5432\n\
        d\\:b:5432:line:ann:a\\:b\\\\c:rest\n\
        localhost:5432:line:ann:socket's\n\
        db:*:*:ann:ann's\n\
        *:*:*:*:anybody's\n";

    #[test]
    fn the_first_line_that_fits() {
        for (host, port, database, user, expected) in [
            ("db", "5432", "line", "ann", "ann's"),
            ("db", "5433", "line", "ann", "other port"),
            ("db", "5432", "line", "bob", "bob's"),
            ("d:b", "5432", "line", "ann", "a:b\\c"),
            ("/run/pg", "5432", "line", "ann", "socket's"),
            ("localhost", "5432", "line", "ann", "socket's"),
            ("half", "5432", "", "", "anybody's"),
        ] {
            let found = find(FILE, [host, port, database, user]).unwrap();
            assert_eq!(*found, expected, "{host} {port} {database} {user}");
        }
        assert!(find("db:1:2:3:x\nshort", ["db", "1", "2", "4"]).is_none());
    }

    #[cfg(unix)]
    #[test]
    fn only_a_file_that_nobody_else_reads() {
        use std::os::unix::fs::PermissionsExt;
        let path = std::env::temp_dir().join(format!("espprov-pgpass-{}", std::process::id()));
        std::fs::write(&path, "*:*:*:*:secret\n").unwrap();
        let read = |path: &Path, named| {
            let place = Place {
                path: path.into(),
                named,
            };
            from_file(Some(&place), &Host::Network("h".into()), 1, "d", "u")
                .map(|found| found.map(|text| text.to_string()))
        };
        for (mode, expected) in [
            (0o600, Ok(Some("secret".to_owned()))),
            (0o640, Err(AddressError::PasswordFileOpen)),
            (0o604, Err(AddressError::PasswordFileOpen)),
        ] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(read(&path, true), expected, "{mode:o}");
        }
        // What is no text is told of the file that it is.
        std::fs::write(&path, [0xff]).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(read(&path, false), Err(AddressError::OwnPasswordFile));
        assert_eq!(read(&path, true), Err(AddressError::PasswordFile));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(read(&path, false), Ok(None));
        assert_eq!(read(&path, true), Err(AddressError::PasswordFile));
    }
}
