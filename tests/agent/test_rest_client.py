"""The SDK's REST client: which certificates it trusts, connections that end, and answers that aren't ones."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import BadRequest, ProtocolError, TimedOut, TooLarge, Unreachable, Unsupported
from connetos_sdk.lab import Lab, LabSwitch
from connetos_sdk.transports import http
from tests.conftest import connect, topology

GOOD = b'HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n{"hostname":"x"}'
WAIT_SECONDS = 20


@pytest.fixture(scope="module")
def switches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LabSwitch, LabSwitch]]:
    """Two switches, each with a certificate of its own."""
    ports = "{ports: 4}"
    text = f"name: trust-{os.getpid()}\ndataplane: memory\nswitches:\n  leaf1: {ports}\n  leaf2: {ports}\n"
    with Lab(topology(text, tmp_path_factory.mktemp("lab"))) as lab:
        yield lab.switch("leaf1"), lab.switch("leaf2")


@pytest.fixture
def system_trusts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
    """Makes a certificate the only one that the system trusts."""

    def trust(file: Path) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        monkeypatch.setenv("SSL_CERT_DIR", "/nowhere")
        http._of_system.cache_clear()

    yield trust
    http._of_system.cache_clear()


@contextmanager
def device(place: Path, *answers: bytes, keep: bool = False) -> Iterator[Switch]:
    """A device on a unix socket that gives these answers, one for each request; with `keep` it stays connected."""
    path = place / "device.sock"
    ended = threading.Event()

    def serve() -> None:
        left = list(answers)
        while left:
            with suppress(OSError):
                peer, _ = listening.accept()
                with peer:
                    while left:
                        if b"\r\n\r\n" not in peer.recv(65536):
                            break
                        peer.sendall(left.pop(0))
                        if not keep:
                            break
                    if keep and not left:
                        ended.wait(WAIT_SECONDS)

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        listening.settimeout(WAIT_SECONDS)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            with Switch(f"unix://{path}", timeout_s=0.5 if keep else 10.0) as switch:
                yield switch
        finally:
            ended.set()
            thread.join()


# -- trust ------------------------------------------------------------------------------------------------


def test_without_a_certificate_file_the_system_says_whom_to_trust(
    switches: tuple[LabSwitch, LabSwitch], system_trusts: Callable[[Path], None]
) -> None:
    leaf1, leaf2 = switches
    system_trusts(leaf1.ca_file)
    with Switch(leaf1.url, username=leaf1.username, password=leaf1.password) as switch:
        assert switch.system().hostname
    with (
        Switch(leaf2.url, username=leaf2.username, password=leaf2.password) as switch,
        pytest.raises(Unreachable, match="isn't trusted"),
    ):
        switch.system()


def test_with_a_certificate_file_nothing_else_is_trusted(
    switches: tuple[LabSwitch, LabSwitch], system_trusts: Callable[[Path], None]
) -> None:
    leaf1, leaf2 = switches
    system_trusts(leaf2.ca_file)
    with (
        Switch(leaf2.url, username=leaf2.username, password=leaf2.password, ca_file=leaf1.ca_file) as switch,
        pytest.raises(Unreachable, match="isn't trusted"),
    ):
        switch.system()


# -- what it costs ----------------------------------------------------------------------------------------

FIRST_REQUEST = """
import json, sys
from connetos_sdk import Switch
Switch("https://localhost").close()
before = set(sys.modules)
with Switch(**json.loads(sys.stdin.read())) as switch:
    switch.apply_lines("set vlans vlan-id 10", dry_run=True)
print(*sorted(set(sys.modules) - before))
"""


def test_a_first_request_imports_nothing(switches: tuple[LabSwitch, LabSwitch]) -> None:
    """Ansible makes one in each process that it forks: what isn't there by then is imported for each host again."""
    leaf1, _ = switches
    access = {
        "url": leaf1.url, "username": leaf1.username, "password": leaf1.password, "ca_file": str(leaf1.ca_file),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", FIRST_REQUEST],
        input=json.dumps(access),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []


# -- connections ------------------------------------------------------------------------------------------


def test_a_connection_that_was_closed_meanwhile_is_made_again(tmp_path: Path) -> None:
    with device(tmp_path, GOOD, GOOD, GOOD) as switch:
        assert [switch.state("system") for _ in range(3)] == [{"hostname": "x"}] * 3


def test_a_connection_is_used_for_one_request_after_the_other(tmp_path: Path) -> None:
    with device(tmp_path, GOOD, GOOD, keep=True) as switch:
        assert switch.state("system") == switch.state("system")


def test_a_device_that_says_nothing_is_given_up(tmp_path: Path) -> None:
    with device(tmp_path, b"", keep=True) as switch, pytest.raises(TimedOut, match="in time"):
        switch.state("system")


def test_a_file_that_the_switch_does_not_take_is_refused_with_its_reason(tmp_path: Path) -> None:
    file = tmp_path / "large.deb"
    with file.open("wb") as made:
        made.truncate(16 * 1024 * 1024)
    body = json.dumps(TooLarge("the file is too large").to_dict()).encode()
    answer = f"HTTP/1.1 413 Content Too Large\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body
    with device(tmp_path, answer, GOOD) as switch:
        with pytest.raises(TooLarge, match="the file is too large"):
            switch.packages.upload(file)
        assert switch.state("system") == {"hostname": "x"}


# -- answers that aren't ones -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"hello\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n{}  \r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzzzz\r\n{}\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 1000,
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000,
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n\xff\xfe",
    ],
)
def test_what_is_not_an_answer_is_told_as_such(tmp_path: Path, answer: bytes) -> None:
    with device(tmp_path, answer) as switch, pytest.raises(ProtocolError):
        switch.state("system")


def test_an_answer_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 1000)
    with (
        device(tmp_path, b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 2000) as switch,
        pytest.raises(ProtocolError, match="larger than 1000 bytes"),
    ):
        switch.state("system")


def test_events_that_are_cut_off_end_with_an_error(tmp_path: Path) -> None:
    event = b'data: {"kind": "commit", "time": 1}\n\n'
    chunk = f"{len(event):x}\r\n".encode() + event + b"\r\n"
    with device(tmp_path, b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunk) as switch:
        events = switch.events()
        assert next(events).kind == "commit"
        with pytest.raises(ProtocolError, match="broke"):
            next(events)


def test_nothing_is_smuggled_into_a_request(memory_lab: Lab) -> None:
    with connect(memory_lab.switch("leaf1")) as switch, pytest.raises(BadRequest, match="head of a request"):
        switch.transport.call("ping HTTP/1.1\r\nX-Other: y", {})


@pytest.mark.parametrize("scheme", ["https", "rcc", "xrl"])
@pytest.mark.parametrize("host", ["sw..1", ".sw1", "sw1..", "a" * 64, "sw\udcff"])
def test_a_host_that_cannot_be_one(scheme: str, host: str) -> None:
    with pytest.raises(Unsupported, match="isn't the name of a host") as caught:
        Switch(f"{scheme}://{host}")
    assert repr(host) in str(caught.value)


@pytest.mark.parametrize(
    "said", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"220 ready\r\n"]
)
def test_a_port_that_speaks_something_else(said: bytes) -> None:
    def serve() -> None:
        peer, _ = listening.accept()
        with peer, suppress(OSError):
            peer.sendall(said)
            while peer.recv(4096):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(WAIT_SECONDS)
        thread = threading.Thread(target=serve)
        thread.start()
        port = listening.getsockname()[1]
        with (
            Switch(f"https://127.0.0.1:{port}", verify=False) as switch,
            pytest.raises(Unreachable) as caught,
        ):
            switch.revision()
        thread.join(WAIT_SECONDS)
    assert (
        str(caught.value) == f"127.0.0.1:{port} doesn't speak TLS (is it the port of the switch's REST API?)"
    )
