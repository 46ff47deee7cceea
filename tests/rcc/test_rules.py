"""SSH as the switch's configuration says: announcement, number of logins, on and off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncssh
import pytest

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from connetos_sdk.lab.lab import LabSwitch
from tests.rcc.process import Sshd
from tests.waiting import until


@pytest.fixture(scope="module")
def leaf(memory_lab: Lab) -> LabSwitch:
    return memory_lab.switch("leaf1")


@pytest.fixture(scope="module")
def access(leaf: LabSwitch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    directory = tmp_path_factory.mktemp("sshd")
    sshd = Sshd(leaf.files.run / "cli.sock", directory / "state", directory / "log")
    yield sshd
    sshd.stop()


class Visitor(asyncssh.SSHClient):
    def __init__(self) -> None:
        self.shown = ""

    def auth_banner_received(self, msg: str, lang: str) -> None:
        self.shown += msg


@asynccontextmanager
async def login(leaf: LabSwitch, access: Sshd) -> AsyncIterator[Visitor]:
    connection, visitor = await asyncssh.create_connection(
        Visitor, "127.0.0.1", access.port, username=leaf.username, password=leaf.password,
        known_hosts=None, client_keys=None, config=None,
    )  # fmt: skip
    async with connection:
        yield visitor  # type: ignore[misc]


def announcement(leaf: LabSwitch, access: Sshd) -> str:
    async def one() -> str:
        async with login(leaf, access) as visitor:
            return visitor.shown

    return asyncio.run(one())


def test_the_announcement_is_shown_before_the_password_is_asked_for(
    leaf: LabSwitch, access: Sshd, switch: Switch
) -> None:
    assert announcement(leaf, access) == "ConnetOS\n"
    switch.apply_lines('set system login announcement "Keep out, Zutritt für Befugte"')
    assert announcement(leaf, access) == "Keep out, Zutritt für Befugte\n"


def test_as_many_log_in_as_may(leaf: LabSwitch, access: Sshd, switch: Switch) -> None:
    switch.apply_lines("set system services ssh connection-limit 2")

    async def three() -> None:
        async with login(leaf, access), login(leaf, access):
            with pytest.raises(asyncssh.DisconnectError, match="2 are logged in, which is the limit"):
                async with login(leaf, access):
                    pass

    asyncio.run(three())
    until(lambda: announcement(leaf, access))  # there is room again


def test_a_race_for_the_last_places_lets_no_more_in(leaf: LabSwitch, access: Sshd, switch: Switch) -> None:
    switch.apply_lines("set system services ssh connection-limit 3")
    leave = asyncio.Event

    async def race() -> list[str]:
        done = leave()

        async def one() -> str:
            try:
                async with login(leaf, access):
                    await done.wait()
                    return "in"
            except asyncssh.DisconnectError:
                return "out"

        tasks = [asyncio.create_task(one()) for _ in range(10)]
        async with asyncio.timeout(60):
            waiting = set(tasks)
            while len(waiting) > 3:
                _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        done.set()
        return await asyncio.gather(*tasks)

    assert sorted(asyncio.run(race())) == ["in"] * 3 + ["out"] * 7


def test_ssh_is_switched_off_and_on_and_sessions_stay(leaf: LabSwitch, access: Sshd, switch: Switch) -> None:
    async def session() -> None:
        connection = await asyncssh.connect(
            "127.0.0.1", access.port, username=leaf.username, password=leaf.password,
            known_hosts=None, client_keys=None, config=None,
        )  # fmt: skip
        async with connection:
            done = await connection.run("configure\nset system services ssh enable false\ncommit", input="")
            assert "Commit OK." in str(done.stdout)
            with pytest.raises(ConnectionRefusedError):
                async with login(leaf, access):
                    pass
            assert (await connection.run("show version")).exit_status == 0

    asyncio.run(session())
    switch.apply_lines("set system services ssh enable true")
    assert announcement(leaf, access)


def test_what_is_configured_holds_after_either_is_started_again(
    leaf: LabSwitch, switch: Switch, access: Sshd
) -> None:
    switch.apply_lines("set system login announcement Again")
    leaf.restart_agent()
    until(lambda: announcement(leaf, access) == "Again\n")
    switch.apply_lines("set system login announcement Later")
    until(lambda: announcement(leaf, access) == "Later\n")


def test_an_ssh_server_that_does_not_follow_fails_the_commit(leaf: LabSwitch, switch: Switch) -> None:
    import json
    import socket

    from connetos_sdk.errors import ApplyFailed

    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.connect(str(leaf.files.run / "cli.sock"))
        deaf.sendall(json.dumps({"hello": {"service": "ssh"}}).encode() + b"\n")
        deaf.recv(4096)
        with pytest.raises(ApplyFailed, match="the SSH server doesn't do what it was told"):
            switch.apply_lines("set system services ssh connection-limit 9")
    assert switch.config("system services ssh connection-limit", defaults=True) == 15


def test_log_lines_come_above_the_line_that_is_typed(leaf: LabSwitch, access: Sshd, switch: Switch) -> None:
    async def watch() -> str:
        connection = await asyncssh.connect(
            "127.0.0.1", access.port, username=leaf.username, password=leaf.password,
            known_hosts=None, client_keys=None, config=None,
        )  # fmt: skip
        async with connection, connection.create_process(term_type="vt100", term_size=(200, 50)) as shell:
            shell.stdin.write("syslog monitor on\r")
            await shell.stdout.readuntil("> ")
            await shell.stdout.readuntil("> ")
            shell.stdin.write("show ver")
            await shell.stdout.readuntil("show ver")
            async with asyncssh.connect(
                "127.0.0.1", access.port, username=leaf.username, password=leaf.password,
                known_hosts=None, client_keys=None, config=None,
            ) as other:  # fmt: skip
                await other.run("show vlans")
            shown = await asyncio.wait_for(shell.stdout.readuntil('"show vlans"'), 30)
            shown += await asyncio.wait_for(shell.stdout.readuntil("show ver"), 30)
            return str(shown)

    shown = asyncio.run(watch())
    assert 'local0.warning : [1][cli_sh] Executing command by admin: "show vlans"' in shown
    assert shown.endswith("leaf1> show ver")
