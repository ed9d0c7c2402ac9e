"""The fixture that comes with the package, and the values that have no test elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

import espprov

pytest_plugins = ["pytester"]


def test_the_fixture_is_a_device(espprov_simulator: espprov.Simulator) -> None:
    with espprov.connect(espprov_simulator.http(), pop=espprov_simulator.pop) as device:
        assert device.provision("Home", "correct-horse").outcome == "connected"
    names = [event.name for event in espprov_simulator.events]
    assert names.index("wifi_set") < names.index("wifi_applied") < names.index("wifi_connected")


@pytest.mark.espprov(security=1, pop="marked", flavour="idf-5.2")
def test_a_mark_makes_it_another(espprov_simulator: espprov.Simulator) -> None:
    assert (espprov_simulator.security, espprov_simulator.pop) == (1, "marked")


def test_it_is_found_by_its_entry_point(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(espprov_simulator):\n    assert espprov_simulator.security == 2\n")
    pytester.runpytest_subprocess("--strict-markers").assert_outcomes(passed=1)


def test_simulators_that_cannot_be() -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"scenario": "/no/such/file.toml"}, "file"),
        ({"toml": "nonsense = ["}, "invalid_scenario"),
        ({"scenario": "zero", "toml": ""}, "invalid_scenario"),
        ({"security": 3}, "invalid_security"),
        ({"pop": "x" * 4096}, "too_long"),
        ({"flavour": "idf-1"}, "unknown_name"),
        ({"network": "token-ring"}, "unknown_name"),
    ]
    for arguments, code in wrong:
        with pytest.raises(espprov.UsageError) as found:
            espprov.Simulator(**arguments)
        assert found.value.code == code
    with espprov.Simulator("zero") as simulator:
        for fault, nth in (("nonsense", 1), ("delay", 0)):
            with pytest.raises(espprov.UsageError):
                simulator.inject(fault, nth=nth)


def test_credentials_are_those_of_the_standard() -> None:
    """SRP-6a as RFC 5054 has it, with SHA-512 and the group of 3072 bits, computed here with Python's own numbers."""
    import hashlib

    prime = int(
        "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
        "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
        "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
        "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
        "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
        "15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"
        "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"
        "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
        16,
    )
    salt = bytes(range(1, 17))
    made = espprov.credentials("wifiprov", b"abcd1234", salt)
    inner = hashlib.sha512(b"wifiprov:abcd1234").digest()
    exponent = int.from_bytes(hashlib.sha512(salt + inner).digest(), "big")
    assert made.salt == salt
    assert made.verifier == pow(5, exponent, prime).to_bytes(384, "big")
    assert len(espprov.credentials("wifiprov", "abcd1234").salt) == 16
    for username, salt_given, code in (("", None, "empty_username"), ("a", b"", "invalid_salt")):
        with pytest.raises(espprov.UsageError) as found:
            espprov.credentials(username, "x", salt_given)
        assert found.value.code == code


def test_setup_codes() -> None:
    code = espprov.SetupPayload("PROV_1", "ble", pop="abcd1234", username="wifiprov", security=2)
    assert espprov.SetupPayload.parse(code.text()) == code
    assert espprov.SetupPayload.parse(code.url("https://example.invalid/code")) == code
    compact = espprov.SetupPayload.parse("NP:PROV_1|abcd1234|s")
    assert (compact.transport, compact.pop, compact.security) == ("softap", "abcd1234", None)
    for wrong in ("MT:Y.K9042C00KA0648G00", "nonsense", '{"name":7}'):
        with pytest.raises(espprov.UsageError):
            espprov.SetupPayload.parse(wrong)
    for arguments in (("x" * 33, "ble"), ("x", "smoke")):
        with pytest.raises(espprov.UsageError):
            espprov.SetupPayload(*arguments)


def test_datasets() -> None:
    parsed = espprov.ThreadDataset.parse("> dataset active -x\r\n01021234\r\nDone\r\n> ")
    assert (parsed.pan_id, parsed.channel, parsed.text(), bytes(parsed)) == (0x1234, None, "01021234", b"\x01\x02\x12\x34")
    assert espprov.ThreadDataset(bytes(parsed)) == parsed
    for wrong in ("zz", "0102"):
        with pytest.raises(espprov.UsageError) as found:
            espprov.ThreadDataset.parse(wrong)
        assert found.value.code == "invalid_dataset"


def test_names_of_networks() -> None:
    name = espprov.Ssid("Café".encode())
    assert (name, name.text, str(name), len(name)) == ("Café".encode(), "Café", "Café", 5)
    assert espprov.Ssid(b"a\x1b[2J\xff").text == "a\\u{1b}[2J\ufffd"
    with espprov.connect("sim") as device:
        names = [network.ssid for network in device.scan()]
    assert b"Caf\xe9 des Arts " in names and "Café Zürich".encode() in names
