"""The subsystem, seen by the vendor's client and by clients that behave badly."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import asyncssh
import pytest

from tests.rcc.process import Sshd
from tests.rcc.standin import PASSWORD, USER, StandIn
from tests.rcc.vendor import Answer, VendorError, talk
from tests.waiting import until


def vendor(sshd: Sshd, *commands: str) -> list[Answer]:
    return asyncio.run(talk(sshd.port, commands, user=USER, password=PASSWORD))


def raw(sshd: Sshd, work: Callable[[Any], Any]) -> Any:
    """Run `work(connection)` on an SSH connection."""

    async def run() -> Any:
        async with asyncssh.connect(
            "127.0.0.1",
            sshd.port,
            username=USER,
            password=PASSWORD,
            known_hosts=None,
            client_keys=None,
            config=None,
        ) as connection:
            return await asyncio.wait_for(work(connection), 30)

    return asyncio.run(run())


async def subsystem(connection: asyncssh.SSHClientConnection) -> Any:
    return await connection.create_process(subsystem="remote_config", encoding=None)


async def message(process: Any) -> tuple[int, int, bytes]:
    length, success, mode = struct.unpack(">III", await process.stdout.readexactly(12))
    return success, mode, await process.stdout.readexactly(length - 12)


def answers(sshd: Sshd) -> bool:
    try:
        return [a.text for a in vendor(sshd, "show a")] == [b"out[show a]\n"]
    except (asyncssh.Error, OSError):
        return False


def test_a_session_of_the_vendors_client(sshd: Sshd, standin: StandIn) -> None:
    answers = vendor(
        sshd, "configure", "set interface x", "fail1", "commit", "exit", "show a", " set y", ";show b"
    )
    assert [(a.success, a.mode, a.text) for a in answers] == [
        (1, 2, b"Entering configuration mode.\n"),
        (1, 2, b"out[set interface x]\n"),
        (0, 2, b'syntax error, command "fail1" is not recognized.\n'),
        (1, 2, b"out[commit]\n"),
        (1, 1, b"Leave configuration mode.\n"),
        (1, 1, b"out[show a]\n"),
        (0, 1, b'syntax error, command "set" is not recognized.\n'),
        (1, 1, b"out[show b]\n"),
    ]
    assert {a.messages for a in answers} == {1}
    assert standin.lines[-2:] == ["set y", "show b"]
    assert {h["via"] for h in standin.hellos} == {"ssh", "rcc"}
    assert {h["source"] for h in standin.hellos} == {"127.0.0.1"}


def test_a_large_text_is_one_message_and_ends_with_a_newline(sshd: Sshd) -> None:
    big, empty, nul = vendor(sshd, "big 3000000", "big 0", "nul")
    assert (len(big.text), big.text[-2:], big.messages) == (3_000_001, b"x\n", 1)
    assert (empty.text, empty.success) == (b"", 1)
    assert nul.text == b"beforeafter\n"


def test_an_empty_command_is_answered(sshd: Sshd) -> None:
    assert [a.text for a in vendor(sshd, " ", ";", "show a")] == [b"", b"", b"out[show a]\n"]


def test_quit_is_answered_before_the_end(sshd: Sshd) -> None:
    (answer,) = vendor(sshd, "quit")
    assert (answer.success, answer.mode, answer.text) == (1, 1, b"")
    with pytest.raises(VendorError, match="Invalid message length"):
        vendor(sshd, "quit", "show a")


def test_quit_is_answered_whatever_is_sent_after_it(sshd: Sshd) -> None:
    async def work(connection: asyncssh.SSHClientConnection) -> None:
        for _ in range(50):
            process = await subsystem(connection)
            process.stdin.write(b"quit\n")
            await asyncio.sleep(0)
            process.stdin.write(b"show a\n" * 20)
            assert await message(process) == (1, 1, b"")
            assert await process.stdout.read() == b""
            await process.wait_closed()

    raw(sshd, work)


def test_the_server_says_nothing_by_itself(sshd: Sshd) -> None:
    (answer,) = asyncio.run(talk(sshd.port, ["show a"], user=USER, password=PASSWORD, before_close=1.5))
    assert answer.messages == 1


def test_many_commands_in_one_write(sshd: Sshd) -> None:
    async def work(connection: asyncssh.SSHClientConnection) -> list[Any]:
        process = await subsystem(connection)
        process.stdin.write(b"".join(b"show %d\n" % n for n in range(1000)))
        return [await message(process) for _ in range(1000)]

    assert raw(sshd, work) == [(1, 1, b"out[show %d]\n" % n) for n in range(1000)]


def test_half_frames(sshd: Sshd) -> None:
    async def work(connection: asyncssh.SSHClientConnection) -> Any:
        process = await subsystem(connection)
        for piece in (b"sh", b"ow ", b"a", b"\nshow b\nsho"):
            process.stdin.write(piece)
            await asyncio.sleep(0.05)
        answers = [await message(process), await message(process)]
        process.stdin.write(b"w c")
        process.stdin.write_eof()
        answers.append(await message(process))
        await process.wait()
        return answers, process.exit_status

    answers, status = raw(sshd, work)
    assert [a[2] for a in answers] == [b"out[show a]\n", b"out[show b]\n", b"out[show c]\n"]
    assert status == 0


def test_a_command_that_is_too_long(sshd: Sshd, standin: StandIn) -> None:
    async def work(connection: asyncssh.SSHClientConnection) -> Any:
        process = await subsystem(connection)
        process.stdin.write(b"show a\n" + b"x" * 500_000 + b"\nshow b\n")
        return [await message(process) for _ in range(3)]

    first, long, last = raw(sshd, work)
    assert (first[2], last[2]) == (b"out[show a]\n", b"out[show b]\n")
    assert long[0] == 0
    assert b"too long" in long[2]
    assert standin.lines == ["show a", "show b"]


def test_a_disconnect_frees_the_session(sshd: Sshd, standin: StandIn) -> None:
    until(lambda: standin.sessions == 0)

    async def work(connection: asyncssh.SSHClientConnection) -> None:
        process = await subsystem(connection)
        process.stdin.write(b"configure\nset a\nsleep 1\n")
        await message(process)
        assert standin.sessions == 1
        connection.abort()

    raw(sshd, work)
    until(lambda: standin.sessions == 0)


def test_an_agent_that_goes_away_is_told(sshd: Sshd, standin: StandIn) -> None:
    async def work(connection: asyncssh.SSHClientConnection) -> Any:
        process = await subsystem(connection)
        process.stdin.write(b"show a\nsleep 2\n")
        first = await message(process)
        standin.drop_all()
        second = await message(process)
        return first, second, await process.stdout.read()

    first, second, rest = raw(sshd, work)
    assert first[2] == b"out[show a]\n"
    assert second[0] == 0
    assert b"went away" in second[2]
    assert rest == b""
    assert [a.text for a in vendor(sshd, "show a")] == [b"out[show a]\n"]


def test_a_client_that_does_not_read_holds_only_itself_up(sshd: Sshd) -> None:
    async def work(connection: asyncssh.SSHClientConnection) -> float:
        process = await connection.create_process(subsystem="remote_config", encoding=None, window=65536)
        process.stdout.channel.pause_reading()
        before = sshd.resident_mib()
        process.stdin.write(b"big 4000000\n" * 60)
        await asyncio.sleep(2)
        return sshd.resident_mib() - before

    assert raw(sshd, work) < 120  # 60 answers are 240 MB


def test_other_subsystems_and_forwardings_are_refused(sshd: Sshd) -> None:
    async def work(connection: asyncssh.SSHClientConnection) -> None:
        for name in ("sftp", "netconf"):
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.create_process(subsystem=name)
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_connection("127.0.0.1", sshd.port)
        with pytest.raises(asyncssh.ChannelListenError):
            await connection.forward_remote_port("127.0.0.1", 0, "127.0.0.1", 1)

    raw(sshd, work)


def test_who_never_logs_in_takes_no_place_from_others(sshd: Sshd) -> None:
    idle = [socket.create_connection(("127.0.0.1", sshd.port)) for _ in range(100)]
    try:
        idle[0].sendall(bytes(range(256)) * 1000)

        async def from_elsewhere() -> str:
            async with asyncssh.connect(
                "127.0.0.1", sshd.port, local_addr=("127.0.0.2", 0), username=USER, password=PASSWORD,
                known_hosts=None, client_keys=None, config=None,
            ) as connection:  # fmt: skip
                return str((await connection.run("show a")).stdout)

        assert asyncio.run(from_elsewhere()) == "out[show a]\n"
    finally:
        for sock in idle:
            sock.close()
    until(lambda: answers(sshd))


def test_channels_of_one_connection_are_counted(sshd: Sshd) -> None:
    async def work(connection: asyncssh.SSHClientConnection) -> None:
        for _ in range(10):
            await subsystem(connection)
        with pytest.raises(asyncssh.ChannelOpenError):
            await subsystem(connection)

    raw(sshd, work)


def test_twenty_sessions_at_once(sshd: Sshd, standin: StandIn) -> None:
    async def many() -> list[list[Answer]]:
        commands = ["configure", "set a", "exit", "show a"]
        sessions = (talk(sshd.port, commands, user=USER, password=PASSWORD) for _ in range(20))
        return await asyncio.gather(*sessions)

    for answers in asyncio.run(many()):
        assert [a.mode for a in answers] == [2, 2, 1, 1]
    until(lambda: standin.sessions == 0)


def test_a_wrong_password_is_slow_and_on_record_without_it(sshd: Sshd) -> None:
    begin = time.monotonic()
    with pytest.raises(asyncssh.PermissionDenied):
        asyncio.run(talk(sshd.port, ["show a"], user=USER, password="not-that-secret"))
    assert time.monotonic() - begin > 0.3
    log = sshd.log.read_text()
    assert "login failed" in log
    assert "not-that-secret" not in log
    assert PASSWORD not in log
    assert "set interface" not in log
