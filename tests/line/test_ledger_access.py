"""Who may use a ledger in a PostgreSQL server: passwords, TLS, other people's tables; and what is said of it."""

import datetime
import ipaddress
import os
import subprocess
from pathlib import Path

from conftest import Command
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from postgres import PASSWORD, Server, environment
from stations import DEADLINE, Station, failure


def test_passwords_and_where_they_come_from(server: Server, espprov: Command, tmp_path: Path) -> None:
    manifest = tmp_path / "devices.csv"
    manifest.write_text("target\nsim:zero\n")
    ledger = server.database("passwords")
    escaped = PASSWORD.replace("%", "%25").replace(":", "%3A")
    spelled = ledger.replace("line@", f"line:{escaped}@")

    def run(ledger: str = ledger, **variables: str) -> Station:
        return Station(espprov.program, manifest, ledger, "one", **variables)

    assert failure(run(PGPASSWORD="")) == (2, "ledger_password")
    assert failure(run(PGPASSWORD="wrong")) == (2, "ledger_password")
    said = run(spelled)
    assert failure(said) == (2, "password_in_arguments")
    assert escaped not in said.why()
    for wrong in (f"Postgres://line:{escaped}@h/d", f"jdbc:postgresql://line:{escaped}@h/d"):
        said = run(wrong)
        assert failure(said) == (2, "invalid_ledger") and escaped not in said.why(), "no name of a file, and not repeated"
    file = tmp_path / "pgpass"
    colons = PASSWORD.replace(":", "\\:")
    file.write_text(f"*:*:other:*:wrong\n127.0.0.1:{server.port}:passwords:line:{colons}\n")
    file.chmod(0o640)
    assert failure(run(PGPASSWORD="", PGPASSFILE=str(file))) == (2, "invalid_ledger")
    file.chmod(0o600)
    assert run(PGPASSWORD="", PGPASSFILE=str(file)).end()[0] == 0
    # In the environment the address may have it; nobody else reads that.
    by_variable = subprocess.run(
        [espprov.program, "batch", manifest, "--ssid", "Home", "--passphrase", "correct-horse", "--json"],
        env=environment(ESPPROV_LEDGER=spelled), capture_output=True, timeout=DEADLINE, check=False,
    )
    assert by_variable.returncode == 0, by_variable
    assert not (tmp_path / "devices.csv.ledger.jsonl").exists()
    # By the socket, too.
    assert run(f"postgres://line@/passwords?host={server.folder}&port={server.port}").end()[0] == 0
    assert failure(run(ledger.replace("/passwords", "/nowhere"))) == (2, "ledger_missing")
    assert failure(run("postgres://line@127.0.0.1:1/x")) == (1, "ledger")
    assert server.psql("SELECT key, state FROM espprov_ledger", "passwords") == ["sim:zero|ok"]


def test_a_table_of_somebody_else_is_left_alone(server: Server, espprov: Command, tmp_path: Path) -> None:
    manifest = tmp_path / "devices.csv"
    manifest.write_text("target\nsim:zero\n")
    ledger = server.database("others")
    server.psql("CREATE TABLE espprov_ledger (mine text)", "others")
    assert failure(Station(espprov.program, manifest, ledger, "one")) == (2, "not_a_ledger")
    server.psql("COMMENT ON TABLE espprov_ledger IS 'espprov ledger, version 2'", "others")
    assert failure(Station(espprov.program, manifest, ledger, "one")) == (2, "ledger_version")
    schema = f"{ledger}?options=-c%20search_path%3Dl7"
    assert failure(Station(espprov.program, manifest, schema, "one")) == (2, "ledger_missing")
    server.psql("CREATE SCHEMA l7", "others")
    assert Station(espprov.program, manifest, schema, "one").end()[0] == 0
    assert server.psql("SELECT count(*) FROM l7.espprov_ledger", "others") == ["1"]


def certificate(folder: Path, name: str, host: str) -> tuple[Path, Path]:
    """One that has signed itself, for a host or an address."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    try:
        names: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        names = x509.DNSName(host)
    made = (
        x509.CertificateBuilder()
        .subject_name(who).issuer_name(who).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{name}.crt", folder / f"{name}.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return paths


def test_nothing_is_sent_to_who_has_no_certificate(server: Server, espprov: Command, tmp_path: Path) -> None:
    manifest = tmp_path / "devices.csv"
    manifest.write_text("target\nsim:zero\n")
    ledger = server.database("tls")

    def run(query: str) -> Station:
        return Station(espprov.program, manifest, f"{ledger}?{query}", "one")

    other, _ = certificate(tmp_path, "other", "127.0.0.1")
    assert failure(run("sslmode=prefer")) == (2, "invalid_ledger")
    mistyped = run("sslmode=require&sslrootcert=/nowhere/root.pem")
    assert failure(mistyped) == (2, "ledger_tls")
    assert "/nowhere/root.pem" in mistyped.why() and "No such file" in mistyped.why(), "not: it has none"
    assert failure(run(f"sslmode=require&sslrootcert={other}")) == (2, "ledger_tls"), "the server has no TLS"
    cert, key = certificate(server.folder, "server", "127.0.0.1")
    elsewhere, elsewhere_key = certificate(server.folder, "elsewhere", "db.example")
    for path in (key, elsewhere_key):
        path.chmod(0o600)
        if server.who:
            os.chown(path, server.who["user"], server.who["group"])
    try:
        server.stop()
        server.start("ssl=on", f"ssl_cert_file={cert}", f"ssl_key_file={key}")
        assert failure(run(f"sslmode=verify-full&sslrootcert={other}")) == (2, "ledger_tls")
        assert failure(run(f"sslmode=verify-full&sslrootcert={manifest}")) == (2, "ledger_tls")
        assert run(f"sslmode=verify-full&sslrootcert={cert}").end()[0] == 0
        assert server.psql("SELECT count(*) FROM espprov_ledger WHERE state = 'ok'", "tls") == ["1"]
        server.stop()
        server.start("ssl=on", f"ssl_cert_file={elsewhere}", f"ssl_key_file={elsewhere_key}")
        assert failure(run(f"sslmode=verify-full&sslrootcert={elsewhere}")) == (2, "ledger_tls"), "another's name"
    finally:
        server.stop()
        server.start("ssl=off")
