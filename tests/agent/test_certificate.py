"""The certificate that a switch shows: for which names, whom clients trust, and what becomes of somebody's own."""

from __future__ import annotations

import datetime
import ipaddress
import os
import shutil
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from connetos_agent.northbound.certificate import ensure, make, shown
from connetos_sdk.lab import Lab
from connetos_sdk.lab.nodes import LabSwitch
from tests.conftest import connect, topology
from tests.waiting import until


@pytest.fixture(scope="module")
def leaf1(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabSwitch]:
    text = f"name: tls-{os.getpid()}\ndataplane: memory\nswitches:\n  leaf1: {{ports: 4}}\n"
    with Lab(topology(text, tmp_path_factory.mktemp("lab"))) as lab:
        yield lab.switch("leaf1")


def handshake(node: LabSwitch, name: str, *, strict: bool = False) -> ssl.SSLSocket:
    """A TLS connection to a switch that must prove to be `name`, as whoever trusts the switch's own authority checks it."""
    context = ssl.create_default_context(cafile=str(node.ca_file))
    if strict:
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    address = urlsplit(node.url)
    connected = socket.create_connection((address.hostname or "", address.port or 443), timeout=10)
    return context.wrap_socket(connected, server_hostname=name)


def proves(node: LabSwitch, name: str) -> bool:
    try:
        handshake(node, name).close()
    except ssl.SSLCertVerificationError:
        return False
    return True


def test_a_switch_proves_to_be_who_it_is_called(leaf1: LabSwitch) -> None:
    for name in ("localhost", "127.0.0.1", "leaf1"):
        handshake(leaf1, name, strict=True).close()
    assert not proves(leaf1, "leaf2")
    assert not proves(leaf1, "198.18.0.1")


def test_another_name_is_proved_without_a_restart_to_whoever_trusted_the_switch_before(
    leaf1: LabSwitch,
) -> None:
    pinned = leaf1.ca_file.read_bytes()
    pid = leaf1.agent_pid
    with connect(leaf1) as switch:
        before = switch.revision()
        with handshake(leaf1, "localhost") as open_before:
            switch.apply_lines("set system hostname spine7")
            until(lambda: proves(leaf1, "spine7"), "the certificate isn't renewed")
            open_before.sendall(b"GET /api/v1/openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n")
            assert open_before.recv(12).startswith(b"HTTP/1.1 "), "what is open goes on"
        switch.rollback(revision=before)
    assert (leaf1.ca_file.read_bytes(), leaf1.agent_pid) == (pinned, pid)
    until(lambda: not proves(leaf1, "spine7"), "the switch isn't called so any more")


def test_a_switch_of_an_earlier_release_keeps_the_certificate_that_clients_trust(leaf1: LabSwitch) -> None:
    directory = leaf1.ca_file.parent
    leaf1.stop_agent()
    shutil.rmtree(directory)
    directory.mkdir(mode=0o700)
    _self_signed(directory, path_length=0)
    trusted = leaf1.ca_file.read_bytes()
    leaf1.start_agent()
    assert proves(leaf1, "leaf1")
    assert leaf1.ca_file.read_bytes() == trusted


def test_somebodys_own_certificate_is_shown_as_it_is(leaf1: LabSwitch) -> None:
    directory = leaf1.ca_file.parent
    leaf1.stop_agent()
    kept = {path.name: path.read_bytes() for path in directory.iterdir()}
    _self_signed(directory, path_length=None, names=["switch.example.org"])
    leaf1.start_agent()
    try:
        with handshake(leaf1, "switch.example.org") as connection:
            own = ssl.PEM_cert_to_DER_cert(leaf1.ca_file.read_text())
            assert connection.getpeercert(binary_form=True) == own
    finally:
        leaf1.stop_agent()
        for name, content in kept.items():
            (directory / name).write_bytes(content)
        leaf1.start_agent()
    assert proves(leaf1, "leaf1")


def shows(node: LabSwitch, name: str, certificate: bytes) -> bool:
    """Whether a switch shows exactly this certificate."""
    try:
        with handshake(node, name) as connection:
            return connection.getpeercert(binary_form=True) == certificate
    except ssl.SSLCertVerificationError:
        return False


def test_somebodys_own_certificate_can_be_replaced_by_one_with_a_key_of_another_type(
    leaf1: LabSwitch,
) -> None:
    directory = leaf1.ca_file.parent
    with connect(leaf1) as switch:
        before = switch.revision()
    leaf1.stop_agent()
    kept = {path.name: path.read_bytes() for path in directory.iterdir()}
    names = ["switch.example.org", "127.0.0.1"]
    _self_signed(directory, path_length=None, names=names)
    leaf1.start_agent()
    try:
        with connect(leaf1) as switch:
            for turn, key in enumerate(
                [rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())]
            ):
                _self_signed(directory, path_length=None, names=names, key=key)
                own = ssl.PEM_cert_to_DER_cert(leaf1.ca_file.read_text())
                switch.apply_lines(f"set system hostname spine{turn}")
                for name in names:  # a client that wants an address doesn't tell what it wants
                    until(lambda name=name, own=own: shows(leaf1, name, own), name)
    finally:
        leaf1.stop_agent()
        for name, content in kept.items():
            (directory / name).write_bytes(content)
        leaf1.start_agent()
    with connect(leaf1) as switch:
        switch.rollback(revision=before)
    until(lambda: proves(leaf1, "leaf1"))


ISSUED = ("server.pem", "server-key.pem", "issued.json")
AUTHORITY = ("certificate.pem", "key.pem")


@pytest.mark.parametrize(
    ("names", "left"),
    [
        *(((name,), left) for name in ISSUED for left in (0, 100)),
        (ISSUED, 0),
        (ISSUED, 100),
        (AUTHORITY, 0),
        (AUTHORITY + ISSUED, 0),
    ],
)
def test_an_agent_starts_with_what_a_power_cut_left_of_its_certificates(
    leaf1: LabSwitch, names: Sequence[str], left: int
) -> None:
    directory = leaf1.ca_file.parent
    leaf1.stop_agent()
    for name in names:
        (directory / name).write_bytes((directory / name).read_bytes()[:left])
    leaf1.start_agent()
    assert proves(leaf1, "leaf1")


def test_what_is_not_a_certificate_is_told_and_left_alone(tmp_path: Path) -> None:
    make(tmp_path, ["leaf1"])
    (tmp_path / "certificate.pem").write_bytes(b"\x30\x82DER")
    with pytest.raises(
        RuntimeError, match=r"certificate\.pem isn't a certificate in PEM; put one there, or remove"
    ):
        ensure(tmp_path, ["leaf1"])
    assert (tmp_path / "certificate.pem").read_bytes() == b"\x30\x82DER"


def test_somebodys_own_certificate_with_another_key_is_told(tmp_path: Path) -> None:
    make(tmp_path, ["leaf1"])
    key = (tmp_path / "key.pem").read_bytes()
    _self_signed(tmp_path, path_length=None)
    (tmp_path / "key.pem").write_bytes(key)
    with pytest.raises(RuntimeError, match=r"certificate.pem with .*key.pem can't be shown to TLS clients"):
        ensure(tmp_path, ["leaf1"]).context()


def _lost_server(directory: Path) -> None:
    (directory / "server.pem").unlink()


def _damaged(directory: Path) -> None:
    (directory / "issued.json").write_text("[]")


def _cut_off(directory: Path) -> None:
    (directory / "server-key.pem").write_text("-----BEGIN PRIVATE KEY-----\n")
    (directory / "issued.json").unlink()


@pytest.mark.parametrize("damage", [_lost_server, _damaged, _cut_off])
def test_what_is_damaged_is_issued_again_by_the_same_authority(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    make(tmp_path, ["leaf1"])
    authority = (tmp_path / "certificate.pem").read_bytes()
    damage(tmp_path)
    again = ensure(tmp_path, ["leaf1"])
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(again.certificate, again.key)
    assert (tmp_path / "certificate.pem").read_bytes() == authority


def test_other_names_change_the_certificate_but_neither_key(tmp_path: Path) -> None:
    first = ensure(tmp_path, ["leaf1"])
    keys = [(tmp_path / name).read_bytes() for name in ("key.pem", "server-key.pem")]
    content = first.certificate.read_bytes()
    assert ensure(tmp_path, ["leaf1"]).certificate.read_bytes() == content
    assert ensure(tmp_path, ["leaf1", "198.18.0.1"]).certificate.read_bytes() != content
    assert [(tmp_path / name).read_bytes() for name in ("key.pem", "server-key.pem")] == keys
    assert shown(tmp_path) == ensure(tmp_path, ["leaf1", "198.18.0.1"])


def test_a_directory_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RuntimeError, match="can't be made in"):
        ensure(tmp_path / "file", ["leaf1"])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _self_signed(
    directory: Path,
    *,
    path_length: int | None,
    names: Sequence[str] = ("localhost",),
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None,
) -> None:
    """A certificate of the server itself, which is its own issuer."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=10))
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = serialization.Encoding.PEM
    (directory / "certificate.pem").write_bytes(certificate.public_bytes(form))
    (directory / "key.pem").write_bytes(
        key.private_bytes(form, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
