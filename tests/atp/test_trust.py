"""Files that are proved (checksum, signature, HTTPS), and telling somebody how far it is."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from connetos_agent.northbound.certificate import make
from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from tests.atp.conftest import FILE, HINT, OWN, SERVER, Rack, configuration
from tests.conftest import connect, topology
from tests.waiting import until

pytestmark = pytest.mark.ovs
SYSLOG = 5514
TOPOLOGY = """
name: atp-trust-{pid}
dataplane: openvswitch
provisioning: {{}}
switches:
  spine: {{ports: 2, management: 198.18.255.11/24}}
  leaf:
    ports: 4
    management: 198.18.255.12/24
    blank: true
    settings: {{atp: {settings}}}
links:
  - [spine:te-1/1/1, leaf:te-1/1/1]
"""


@dataclass(frozen=True)
class Signer:
    """An OpenPGP key of one's own, and a keyring that has only it."""

    home: Path

    @property
    def keyring(self) -> Path:
        return self.home / "trusted.gpg"

    def make(self) -> None:
        self.home.mkdir(mode=0o700)
        self.gpg("--quick-generate-key", "rack <rack@example.com>", "ed25519", "sign", "never")
        self.gpg("--export", "--output", str(self.keyring))

    def sign(self, content: bytes) -> bytes:
        return self.gpg("--detach-sign", stdin=content)

    def gpg(self, *words: str, stdin: bytes = b"") -> bytes:
        options = ["--homedir", str(self.home), "--batch", "--yes", "--quiet", "--passphrase", ""]
        return subprocess.run(
            ["gpg", *options, "--pinentry-mode", "loopback", *words],
            input=stdin, capture_output=True, check=True, timeout=60,
        ).stdout  # fmt: skip

    def close(self) -> None:
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "all"], check=False, timeout=20)
        shutil.rmtree(self.home, ignore_errors=True)


@contextmanager
def a_rack(directory: Path, **settings: object) -> Iterator[Rack]:
    """A leaf with these settings of ATP, out of its box, and a spine that gives it a hint."""
    merged = json.dumps({"retry-seconds": 1, "confirm-seconds": 6, **settings})
    with (
        Lab(topology(TOPOLOGY.format(pid=os.getpid(), settings=merged), directory)) as lab,
        connect(lab.switch("spine")) as spine,
        Switch(lab.switch("leaf").local_url) as leaf,
    ):
        rack = Rack(lab, spine, leaf)
        rack.describe(one=HINT)
        yield rack


@pytest.fixture
def signer() -> Iterator[Signer]:
    signer = Signer(Path("/tmp") / f"atp-signer-{os.getpid()}")  # a socket's path must be short
    signer.make()
    try:
        yield signer
    finally:
        signer.close()


def test_a_file_must_be_signed_by_a_key_that_is_trusted(tmp_path: Path, signer: Signer) -> None:
    text = configuration()
    with a_rack(tmp_path, keyring=str(signer.keyring)) as rack:
        rack.serve(text)
        rack.until("NETWORK_VALID", f"hasn't got {FILE}.sig")
        rack.serve(signer.sign(b"something else"), f"{FILE}.sig")
        rack.until("NETWORK_VALID", f"the signature of {FILE} isn't good: gpgv: BAD signature")
        rack.serve(b"\0" * 4096, f"{FILE}.sig")
        rack.until("NETWORK_VALID", f"the signature of {FILE} isn't good: ")
        stranger = Signer(signer.home.with_name(f"{signer.home.name}-2"))
        stranger.make()
        try:
            rack.serve(stranger.sign(text.encode()), f"{FILE}.sig")
            rack.until("NETWORK_VALID", "No public key")
        finally:
            stranger.close()
        assert rack.leaf.config() == {}
        rack.serve(signer.sign(text.encode()), f"{FILE}.sig")
        rack.provisioned()


def test_a_checksum_that_is_required(tmp_path: Path) -> None:
    text = configuration()
    with a_rack(tmp_path, checksum="required") as rack:
        rack.serve(text)
        rack.until("NETWORK_VALID", f"{FILE}.sha256 isn't beside {FILE}")
        rack.serve("no sum at all\n", f"{FILE}.sha256")
        rack.until("NETWORK_VALID", f"{FILE}.sha256 has no SHA-256 sum")
        rack.serve(hashlib.sha256(text.encode()).hexdigest(), f"{FILE}.sha256")
        rack.provisioned()


@dataclass(frozen=True)
class Web:
    """An HTTPS server in the management network."""

    directory: Path

    @property
    def ca_file(self) -> Path:
        return self.directory / "tls/certificate.pem"

    @property
    def posts(self) -> list[dict[str, object]]:
        try:
            lines = (self.directory / "posts").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in lines]

    @contextmanager
    def running(self, rack: Rack) -> Iterator[None]:
        assert rack.lab.provisioning is not None
        script = Path(__file__).with_name("web_server.py")
        words = [sys.executable, str(script), SERVER, str(rack.lab.provisioning.files),
                 str(self.directory / "tls"), str(self.directory / "posts")]  # fmt: skip
        process = rack.lab.node("mgmt").start(words)
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "listening\n"
            yield
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def web(tmp_path: Path) -> Web:
    make(tmp_path / "tls", ["server", SERVER])
    return Web(tmp_path)


def test_https_believes_only_the_server_that_is_trusted(tmp_path: Path, web: Web) -> None:
    with a_rack(tmp_path, https=True, **{"ca-file": str(web.ca_file)}) as rack:
        rack.serve(configuration())
        rack.until("NETWORK_VALID", f"{FILE} can't be had from {SERVER} by HTTPS: ")
        genuine = {path.name: path.read_bytes() for path in (tmp_path / "tls").iterdir()}
        (tmp_path / "tls/key.pem").unlink()
        make(tmp_path / "tls", ["impostor", SERVER])
        with web.running(rack):
            for name, content in genuine.items():
                (tmp_path / "tls" / name).write_bytes(content)
            rack.until("NETWORK_VALID", "certificate verify failed")
            assert rack.leaf.config() == {}
        with web.running(rack):
            rack.serve(None)
            rack.until("NETWORK_VALID", f"{SERVER} hasn't got {FILE}")
            rack.serve("#" * (5 << 20))
            rack.until("NETWORK_VALID", f"{FILE} is larger than ")
            rack.serve(configuration())
            rack.provisioned()


def test_each_step_is_posted(tmp_path: Path, web: Web) -> None:
    settings = {"report-url": f"https://{SERVER}/reports", "ca-file": str(web.ca_file)}
    with a_rack(tmp_path, **settings) as rack:
        mac = rack.machine.run(["cat", "/sys/class/net/eth0/address"]).stdout.strip()
        with web.running(rack):
            until(lambda: any("hasn't got" in str(p["reason"]) for p in web.posts), lambda: web.posts)
            rack.serve(configuration())
            until(lambda: web.posts[-1]["state"] == "SUCCESS", lambda: web.posts[-3:])
        rack.provisioned()
    last = web.posts[-1]
    assert (last["mac"], last["address"], last["file"], last["running"]) == (mac, f"{OWN}/24", FILE, False)
    times = [float(str(post["since"])) for post in web.posts]
    assert times == sorted(times)
    states = [post["state"] for post in web.posts]
    assert states[-4:] == ["ADDRESS_VALID", "NETWORK_VALID", "TFTP_FIN", "SUCCESS"]


def test_a_server_that_takes_no_reports_stops_nothing(tmp_path: Path) -> None:
    with a_rack(tmp_path, **{"report-url": f"http://{SERVER}:9/reports"}) as rack:
        rack.serve(configuration())
        rack.provisioned()


LISTENER = f"""
import socket
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("{SERVER}", {SYSLOG}))
print("listening", flush=True)
while True:
    print(sock.recv(4096).decode(), flush=True)
"""


def test_each_step_is_a_message_of_syslog(tmp_path: Path) -> None:
    with a_rack(tmp_path, **{"report-url": f"syslog://{SERVER}:{SYSLOG}"}) as rack:
        process = rack.lab.node("mgmt").start([sys.executable, "-c", LISTENER])
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "listening\n"
            rack.until("NETWORK_VALID", "hasn't got")
            rack.serve(configuration())
            rack.provisioned()
            said = []
            while not said or "SUCCESS" not in said[-1]:
                said.append(process.stdout.readline())
        finally:
            process.kill()
            process.wait()
    missing = next(line for line in said if "hasn't got" in line)
    assert missing.startswith("<132>1 ")
    assert said[-1].startswith("<134>1 ")
    assert f"Z {OWN} connetos-atp - - - ATP: SUCCESS" in said[-1].replace("+00:00", "Z")
