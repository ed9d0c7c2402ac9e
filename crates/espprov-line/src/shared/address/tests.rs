//! Addresses, and what is none.

use super::*;

fn parse(text: &str, env: &[(&str, &str)]) -> Result<Address, AddressError> {
    Address::with(text, &|name| {
        let found = env.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

const ME: (&str, &str) = ("USER", "me");

#[test]
fn parts_are_where_libpq_looks_for_them() {
    let all = parse(
        "postgresql://ann%40home:s%3Acret@db.example:6543/line?options=-c%20search_path%3Dl7&sslrootcert=/root.pem",
        &[ME, ("PGUSER", "x"), ("PGHOST", "x"), ("PGPASSWORD", "x"), ("PGPORT", "1"), ("PGDATABASE", "x")],
    )
    .ok()
    .unwrap();
    assert_eq!(
        (all.user.as_str(), all.port, all.database.as_str()),
        ("ann@home", 6543, "line")
    );
    assert_eq!(all.host, Host::Network("db.example".into()));
    assert_eq!(all.password.as_ref().unwrap().as_str(), "s:cret");
    assert!(all.has_password_in_it());
    assert_eq!(all.options.as_deref(), Some("-c search_path=l7"));
    assert_eq!(all.tls, TlsMode::Verified(Some("/root.pem".into())));
    assert_eq!(all.to_string(), "postgres://ann@home@db.example:6543/line");

    let none = parse(
        "postgres://",
        &[
            ("PGHOST", "db"),
            ("PGUSER", "ann"),
            ("PGPASSWORD", "pw"),
            ("PGPORT", "7"),
            ("PGDATABASE", "line"),
        ],
    )
    .ok()
    .unwrap();
    assert_eq!(none.to_string(), "postgres://ann@db:7/line");
    assert_eq!(none.password.as_ref().unwrap().as_str(), "pw");
    assert!(!none.has_password_in_it());

    let six = parse("postgres://[::1]:7/line", &[ME]).ok().unwrap();
    assert_eq!(
        (six.to_string().as_str(), &six.tls),
        ("postgres://me@[::1]:7/line", &TlsMode::Off)
    );
    let socket = parse("postgres:///line?host=/run/pg&port=9&user=ann", &[ME])
        .ok()
        .unwrap();
    assert_eq!(
        (socket.host, socket.port, socket.user.as_str()),
        (Host::Socket("/run/pg".into()), 9, "ann")
    );
    let named = parse("postgres://h/a%2Fb%40c", &[ME]).ok().unwrap();
    assert_eq!(named.database, "a/b@c");
    let mine = parse("postgres://db", &[ME]).ok().unwrap();
    assert_eq!(
        (mine.user.as_str(), mine.database.as_str(), mine.port),
        ("me", "me", PORT)
    );
}

#[test]
fn nothing_falls_back_to_plain_text() {
    let tls =
        |text: &str, env: &[(&str, &str)]| parse(text, &[env, &[ME]].concat()).map(|address| address.tls);
    let system = TlsMode::Verified(None);
    for (text, env, expected) in [
        ("postgres://db.example", &[][..], Ok(system.clone())),
        ("postgres://192.168.1.5", &[], Ok(system.clone())),
        ("postgres://db.example?sslmode=require", &[], Ok(system.clone())),
        ("postgres://db.example?sslmode=verify-ca", &[], Ok(system.clone())),
        (
            "postgres://localhost?sslmode=verify-full&sslrootcert=system",
            &[],
            Ok(system),
        ),
        ("postgres://db.example?sslmode=disable", &[], Ok(TlsMode::Off)),
        (
            "postgres://db.example",
            &[("PGSSLMODE", "disable")],
            Ok(TlsMode::Off),
        ),
        ("postgres://localhost", &[], Ok(TlsMode::Off)),
        ("postgres://127.0.0.7", &[], Ok(TlsMode::Off)),
        (
            "postgres://localhost.example",
            &[("PGSSLROOTCERT", "a")],
            Ok(TlsMode::Verified(Some("a".into()))),
        ),
        (
            "postgres://db.example?sslmode=prefer",
            &[],
            Err(AddressError::Downgrade),
        ),
        (
            "postgres://localhost?sslmode=allow",
            &[],
            Err(AddressError::Downgrade),
        ),
        (
            "postgres://db.example",
            &[("PGSSLMODE", "prefer")],
            Err(AddressError::Downgrade),
        ),
        (
            "postgres://db.example?sslmode=off",
            &[],
            Err(AddressError::SslMode),
        ),
        ("postgres:///?host=/run&sslmode=prefer", &[], Ok(TlsMode::Off)),
    ] {
        assert_eq!(tls(text, env), expected, "{text} {env:?}");
    }
}

#[test]
fn what_is_no_address_is_told_without_being_repeated() {
    for (text, expected) in [
        ("mysql://h", AddressError::Scheme),
        ("Postgres://u:secret@h", AddressError::Scheme),
        ("postgres://u:pa/secret@h", AddressError::Malformed),
        ("postgres://u:12/secret@h", AddressError::Malformed),
        ("postgres://u:12/sec/secret", AddressError::Malformed),
        ("postgres:///secret@h?host=/run", AddressError::Malformed),
        ("postgres://u:p?secret@h", AddressError::Malformed),
        ("postgres://u:p?secret=1", AddressError::Parameter),
        ("postgres://h#secret", AddressError::Malformed),
        ("postgres://h/%zz", AddressError::Malformed),
        ("postgres://h/%00", AddressError::Malformed),
        ("postgres://h/%ff", AddressError::Malformed),
        ("postgres://h/%4", AddressError::Malformed),
        ("postgres://[::1/x", AddressError::Malformed),
        ("postgres://[::1]x/x", AddressError::Malformed),
        ("postgres://::1/x", AddressError::Malformed),
        ("postgres://a,b/x", AddressError::SeveralHosts),
        ("postgres:///x?host=a,b", AddressError::SeveralHosts),
        ("postgres://h:0/x", AddressError::Port),
        ("postgres://h:65536/x", AddressError::Port),
    ] {
        let error = parse(text, &[ME]).err();
        assert_eq!(error, Some(expected), "{text}");
        assert!(!format!("{expected} {expected:?}").contains("secret"), "{text}");
    }
    assert_eq!(parse("postgres://h", &[]).err(), Some(AddressError::NoUser));
}
