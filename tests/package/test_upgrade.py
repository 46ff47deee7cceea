"""Upgrades of a switch that forwards: nothing is lost, sessions are told, a version that doesn't start goes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rcc.terminal import Terminal
from tools import debian_package
from tools.debian_switch import PackagedSwitch

pytestmark = [pytest.mark.ovs, pytest.mark.slow, pytest.mark.timeout(600)]

PACKETS, HERTZ = 10_000, 1000
LISTENER = """\
import socket, sys
sock = socket.socket(socket.AF_UNIX)
sock.connect("/run/connetos/agent.sock")
sock.sendall(b"GET /api/v1/events HTTP/1.1\\r\\nhost: switch\\r\\n\\r\\n")
for line in sock.makefile():
    print(line, end="", flush=True)
"""


def test_an_upgrade_loses_no_packet_and_changes_nothing(at_first: PackagedSwitch, newer: Path) -> None:
    machine = at_first.machine
    before = at_first.dumps()
    events = machine.begin(["python3", "-c", LISTENER])
    assert events.stdout is not None
    while events.stdout.readline() != ": listening\n":
        pass
    with Terminal(machine.command(["cli"])) as person:
        person.expect("debian>")
        person.send("configure\rset vlans vlan-id 99\r")
        person.match("debian#.*debian#")
        loss = at_first.lost_while(lambda: at_first.install(newer), PACKETS, HERTZ)
        person.expect(
            "The switch's agent is stopping (upgrade to version 9.0.1); what wasn't committed is dropped."
        )
        assert person.end() == 1
    assert loss.sent >= PACKETS
    assert loss.lost == 0, loss
    assert at_first.dumps() == before
    assert at_first.version_in_use() == "9.0.1"
    assert "vlan-id 99" not in at_first.cli("configure", "show vlans", "exit")
    told, _ = events.communicate(timeout=30)
    assert '"reason":"upgrade to version 9.0.1"' in told
    assert "event: agent-stopping" in told


def test_who_connects_meanwhile_waits_and_is_served(at_first: PackagedSwitch, newer: Path) -> None:
    machine = at_first.machine
    ask = "cli -c 'show version' >/dev/null 2>>/root/refused || echo failed >>/root/refused"
    asking = f"while [ ! -e /root/done ]; do {ask}; done"
    machine.run(["rm", "-f", "/root/done", "/root/refused"])
    asker = machine.begin(["sh", "-c", asking])
    at_first.install(newer)
    machine.run(["touch", "/root/done"])
    asker.communicate(timeout=60)
    refused = machine.run(["cat", "/root/refused"]).stdout
    # The one command that may have been between two answers when the old version ended was told so.
    assert [
        line for line in refused.splitlines() if line != "failed" and "agent is stopping" not in line
    ] == []
    assert refused.count("failed") <= 1


def dying(environment: Path) -> None:
    (environment / "bin/connetos-agent").write_text("raise SystemExit('this version is broken')\n")


def hanging(environment: Path) -> None:
    (environment / "bin/connetos-agent").write_text("import time\n\ntime.sleep(3600)\n")


def dying_later(environment: Path) -> None:
    """Becomes ready, and crashes two seconds after."""
    program = environment / "bin/connetos-agent"
    crash = (
        "import os, signal, threading\n\nthreading.Timer(6, os.kill, (os.getpid(), signal.SIGSEGV)).start()\n"
    )
    program.write_text(crash + program.read_text())


@pytest.mark.parametrize(("broken", "result"), [(dying, "exit-code"), (hanging, "timeout")])
def test_a_version_that_does_not_start_goes_back_by_itself(
    at_first: PackagedSwitch,
    package: Path,
    newer: Path,
    version: str,
    tmp_path: Path,
    broken: object,
    result: str,
) -> None:
    machine = at_first.machine
    machine.write("/etc/systemd/system/connetos-agent.service.d/test.conf", "[Service]\nTimeoutStartSec=8\n")
    machine.run(["systemctl", "daemon-reload"])
    before = at_first.dumps()
    bad = debian_package.repack(package, "9.1.0", tmp_path, broken)  # type: ignore[arg-type]
    code, said = at_first.install(bad, check=False)
    assert code != 0
    assert f"version 9.1.0 of the agent doesn't start ({result}); version {version} is in use again" in said
    assert at_first.version_in_use() == version
    assert "test" in at_first.cli("show version")
    assert at_first.dumps() == before
    state = machine.run(["python3", "-c", STATE]).stdout
    assert "version 9.1.0 of the agent doesn't start" in state
    assert "half-configured" in machine.run(["dpkg", "--status", "connetos-agent"]).stdout
    # A good version over the bad one, and the trouble is over.
    at_first.install(newer)
    assert at_first.version_in_use() == "9.0.1"
    assert "doesn't start" not in machine.run(["python3", "-c", STATE]).stdout


STATE = """\
import socket
sock = socket.socket(socket.AF_UNIX)
sock.connect("/run/connetos/agent.sock")
sock.sendall(b"GET /api/v1/state/system HTTP/1.1\\r\\nhost: switch\\r\\nconnection: close\\r\\n\\r\\n")
print(sock.makefile().read())
"""


def test_a_crash_soon_after_the_start_goes_back_too(
    at_first: PackagedSwitch, package: Path, version: str, tmp_path: Path
) -> None:
    at_first.install(debian_package.repack(package, "9.2.0", tmp_path, dying_later))
    assert at_first.version_in_use() == "9.2.0"
    wait = f"while ! /usr/lib/connetos/version show | grep -q '^{version}-'; do sleep 0.2; done"
    at_first.machine.run(["sh", "-c", wait], timeout=60)
    assert "test" in at_first.cli("show version")
