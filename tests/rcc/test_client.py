"""Our client: at our server, and at a switch that answers in several messages."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from connetos_sdk import errors
from connetos_sdk.transports.rcc_client import RccClient, UnknownHostKey, trust_host_key
from connetos_sdk.wire import rcc
from connetos_sdk.wire.rcc import Message, encode_message
from tests.rcc.process import Sshd
from tests.rcc.standin import PASSWORD, USER, StandIn


def client(sshd: Sshd, known_hosts: Path, **options: object) -> RccClient:
    arguments = {
        "username": USER,
        "password": PASSWORD,
        "port": sshd.port,
        "known_hosts": known_hosts,
        **options,
    }
    return RccClient("127.0.0.1", **arguments)  # type: ignore[arg-type]


def test_a_session_waits_for_no_silence_after_an_answer(
    sshd: Sshd, known_hosts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rcc, "QUIET_SECONDS", 3600.0)
    with client(sshd, known_hosts, timeout_s=30) as switch:
        assert switch.run("configure").mode == 2
        wrong = switch.run("fail")
        assert (wrong.success, wrong.text) == (False, 'syntax error, command "fail" is not recognized.\n')
        assert switch.run("exit").mode == 1
        assert switch.run("show a").text == "out[show a]\n"


def test_many_commands_at_once(sshd: Sshd, known_hosts: Path) -> None:
    with client(sshd, known_hosts) as switch:
        commands = [f"show {n}" for n in range(2000)]
        responses = switch.run_many(commands)
        assert [r.text for r in responses] == [f"out[{c}]\n" for c in commands]
        assert [r.command for r in responses] == commands
        assert switch.run_many([]) == []


def test_a_large_answer(sshd: Sshd, known_hosts: Path) -> None:
    with client(sshd, known_hosts) as switch:
        assert len(switch.run("big 7000000").text) == 7_000_001


def test_a_command_of_two_lines_is_never_sent(sshd: Sshd, known_hosts: Path, standin: StandIn) -> None:
    with client(sshd, known_hosts) as switch:
        for command in ("show a\nshow b", "x" * 5000):
            with pytest.raises(errors.BadRequest):
                switch.run_many(["show first", command])
        assert standin.lines == []


def test_a_late_answer_is_never_taken_for_another(sshd: Sshd, known_hosts: Path) -> None:
    with client(sshd, known_hosts, timeout_s=0.3) as switch:
        with pytest.raises(errors.TimedOut, match="sleep"):
            switch.run("sleep 1")
        assert switch.run("show a").text == "out[show a]\n"
        with pytest.raises(errors.TimedOut, match="sleep"):
            switch.run_many(["show a", "show b", "sleep 1", "show c"])
        assert switch.run("show d").text == "out[show d]\n"


def test_the_end_of_the_session(sshd: Sshd, known_hosts: Path) -> None:
    with client(sshd, known_hosts) as switch:
        assert switch.run("quit").success
        with pytest.raises(errors.Unreachable, match="closed"):
            switch.run("show a")
        assert switch.run("show b").text == "out[show b]\n"


def test_wrong_passwords_and_nobody_there(sshd: Sshd, known_hosts: Path) -> None:
    with pytest.raises(errors.AuthenticationFailed) as wrong:
        client(sshd, known_hosts, password="wrong-one").connect()
    assert "wrong-one" not in str(wrong.value)
    with pytest.raises(errors.Unreachable, match="port 1"):
        RccClient("127.0.0.1", username=USER, password="x", port=1).connect()


def test_the_switchs_key_is_checked(sshd: Sshd, tmp_path: Path) -> None:
    known = tmp_path / "ssh" / "known_hosts"
    with pytest.raises(UnknownHostKey) as unknown:
        client(sshd, known).connect()
    assert unknown.value.shown is not None
    again = errors.from_dict(unknown.value.to_dict())
    assert isinstance(again, UnknownHostKey)
    trust_host_key(unknown.value.shown)
    with client(sshd, known) as switch:
        assert switch.run("show a").success
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    known.write_text(f"[127.0.0.1]:{sshd.port} {other}")
    with pytest.raises(errors.Unreachable, match="isn't the known one"):
        client(sshd, known).connect()
    with client(sshd, known, verify=False) as switch:
        assert switch.run("show a").success


def test_a_key_instead_of_a_password(sshd: Sshd, known_hosts: Path, standin: StandIn, tmp_path: Path) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    mine = tmp_path / "id"
    mine.write_bytes(key.export_private_key())
    mine.chmod(0o600)
    directory = sshd.state / "authorized_keys"
    directory.mkdir(mode=0o700, exist_ok=True)
    listed = directory / "keyed"
    options = {"username": "keyed", "password": None, "key_files": [mine]}
    with pytest.raises(errors.AuthenticationFailed):
        client(sshd, known_hosts, **options).connect()
    listed.write_bytes(key.export_public_key())
    listed.chmod(0o644)
    with pytest.raises(errors.AuthenticationFailed):
        client(sshd, known_hosts, **options).connect()
    listed.chmod(0o600)
    with client(sshd, known_hosts, **options) as switch:
        assert switch.run("show a").text == "out[show a]\n"
    assert standin.hellos == [{"user": "keyed", "authenticated": True, "via": "rcc", "source": "127.0.0.1"}]
    with pytest.raises(errors.AuthenticationFailed):
        client(sshd, known_hosts, **{**options, "username": "../authorized_keys/keyed"}).connect()


def test_several_threads_share_a_client(sshd: Sshd, known_hosts: Path) -> None:
    with client(sshd, known_hosts) as switch:
        wrong: list[str] = []

        def ask(number: int) -> None:
            for n in range(50):
                command = f"show {number}-{n}"
                if (text := switch.run(command).text) != f"out[{command}]\n":
                    wrong.append(text)

        threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert wrong == []


class VendorSwitch(asyncssh.SSHServer):
    """`parts N MS`: N messages, MS apart; `broken`: a header that can't be; `silence`; everything else: one message."""

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return True

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        conn.send_auth_banner("Authorized users only")


async def vendor_session(process: asyncssh.SSHServerProcess[bytes]) -> None:
    async for line in process.stdin:
        word, *rest = line.decode().split()
        if word == "parts":
            for n in range(int(rest[0])):
                process.stdout.write(encode_message(Message(f"part {n + 1}\n".encode())))
                await asyncio.sleep(int(rest[1]) / 1000)
        elif word == "midfail":
            process.stdout.write(encode_message(Message(b"good part\n")))
            process.stdout.write(encode_message(Message(b"bad part\n", 0)))
        elif word == "broken":
            process.stdout.write(bytes(12))
        elif word != "silence":
            process.stdout.write(encode_message(Message(b"out[%s]\n" % line.strip())))


@pytest.fixture(scope="module")
def vendor_port() -> Iterator[int]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def serve() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=VendorSwitch,
            server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
            process_factory=vendor_session,
            server_version="OpenSSH_6.7p1",
            encoding=None,
        )

    acceptor = asyncio.run_coroutine_threadsafe(serve(), loop).result(10)
    yield acceptor.get_port()
    loop.call_soon_threadsafe(acceptor.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)


def vendor(port: int, **options: object) -> RccClient:
    return RccClient("127.0.0.1", username="ops", password="x", port=port, verify=False, **options)  # type: ignore[arg-type]


def test_an_answer_of_several_messages(vendor_port: int) -> None:
    with vendor(vendor_port) as switch:
        assert switch.banner == "Authorized users only"
        parts = switch.run("parts 3 20")
        assert (len(parts.messages), parts.text) == (3, "part 1\npart 2\npart 3\n")
        assert [r.text for r in switch.run_many(["show a", "show b"])] == ["out[show a]\n", "out[show b]\n"]
        failed = switch.run("midfail")
        assert (failed.success, failed.text) == (False, "good part\nbad part\n")


def test_what_comes_too_late_is_dropped(vendor_port: int) -> None:
    with vendor(vendor_port) as switch:
        assert switch.run("parts 2 300").text == "part 1\n"
        time.sleep(0.3)
        assert switch.run("show a").text == "out[show a]\n"
    with vendor(vendor_port, quiet=0.6) as switch:
        assert switch.run("parts 2 300").text == "part 1\npart 2\n"


def test_what_is_no_rcc(vendor_port: int) -> None:
    with vendor(vendor_port, timeout_s=0.5) as switch:
        with pytest.raises(errors.ProtocolError):
            switch.run("broken")
        assert switch.run("show a").text == "out[show a]\n"
        with pytest.raises(errors.TimedOut):
            switch.run("silence")
