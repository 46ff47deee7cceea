"""The agent installs another version of itself, on a switch that forwards: by its own package service, for whoever asks."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import PackageError
from connetos_sdk.packages import PackageChange, Progress
from tests.package.test_upgrade import HERTZ, PACKETS, STATE, dying
from tests.packages.debian import Key, Repository, build
from tools import debian_package
from tools.debian_switch import PackagedSwitch

pytestmark = [pytest.mark.ovs, pytest.mark.slow, pytest.mark.timeout(600)]

NAME = "connetos-agent"
NEWER = "9.0.1"


@pytest.fixture(scope="module")
def repository(
    forwarding: PackagedSwitch, package: Path, newer: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Repository]:
    """A signed repository with both versions, on the machine's own disk."""
    directory = tmp_path_factory.mktemp("repository")
    made = Repository(directory / "served", Key(directory / "key"))
    made.pool.mkdir(parents=True)
    for path in (package, newer):
        (made.pool / path.name).hardlink_to(path)
    made.publish()
    archive = directory / "repository.tar"
    subprocess.run(["tar", "--create", "--file", archive, "--directory", made.directory, "."], check=True)
    forwarding.machine.take(archive, "/root/repository.tar")
    forwarding.machine.run(["mkdir", "/srv/repository"])
    forwarding.machine.run(
        ["tar", "--extract", "--file", "/root/repository.tar", "--directory", "/srv/repository"]
    )
    yield made
    made.key.close()


@pytest.fixture
def switch(at_first: PackagedSwitch) -> Iterator[Switch]:
    with Switch(f"unix://{at_first.machine.path('/run/connetos/agent.sock')}") as switch:
        yield switch


def test_it_upgrades_itself_while_the_switch_forwards(
    at_first: PackagedSwitch, switch: Switch, newer: Path, version: str
) -> None:
    before = at_first.dumps()
    told: list[Progress] = []
    name = switch.packages.upload(newer)
    done = []
    loss = at_first.lost_while(
        lambda: done.append(switch.packages.install(files=[name], progress=told.append)), PACKETS, HERTZ
    )
    assert loss.sent >= PACKETS
    assert loss.lost == 0, loss
    assert at_first.dumps() == before
    assert done[0].changes == (PackageChange(NAME, version, NEWER, "upgrade"),)
    assert at_first.version_in_use() == NEWER
    # Whoever asked was disconnected, and followed it to its end; each step was told once.
    steps = [progress.step for progress in told if progress.step]
    assert steps[0] == "Looking at the packages there are"
    assert steps[-1] == "Done"
    assert steps.count("Starting apt") == 1
    assert [progress.percent for progress in told] == sorted(progress.percent for progress in told)
    assert switch.packages.history(1)[0].state == "done"
    assert not switch.system().troubles


def test_the_way_back_is_a_transaction_too(
    at_first: PackagedSwitch, switch: Switch, newer: Path, version: str
) -> None:
    there = switch.packages.install(files=[switch.packages.upload(newer)])
    assert there.id is not None
    back = switch.packages.rollback(there.id)
    assert back.changes == (PackageChange(NAME, NEWER, version, "downgrade"),)
    assert at_first.version_in_use() == version
    assert "test" in at_first.cli("show version")


def test_what_runs_apt_is_outside_the_agents_unit_and_its_bounds(
    at_first: PackagedSwitch, switch: Switch, tmp_path: Path
) -> None:
    """The agent's unit may not write below /usr, load modules or gain privileges; a package's scripts may."""
    script = "cat /proc/self/cgroup /proc/self/status >/root/seen; touch /usr/lib/written"
    probe = build(tmp_path, "probe", scripts={"postinst": script})
    switch.packages.install(files=[switch.packages.upload(probe)])
    seen = at_first.machine.run(["cat", "/root/seen"]).stdout
    assert re.search(r"^0::/system\.slice/connetos-packages-[0-9]+\.service$", seen, re.MULTILINE)
    assert "NoNewPrivs:\t0" in seen
    assert "Seccomp:\t0" in seen
    at_first.machine.run(["test", "-e", "/usr/lib/written"])
    units = at_first.machine.run(
        ["systemctl", "list-units", "--all", "--quiet", "connetos-packages-*"]
    ).stdout
    assert units == ""
    switch.packages.remove("probe", purge=True)


def test_at_the_command_line_from_a_repository(
    at_first: PackagedSwitch, switch: Switch, repository: Repository, version: str
) -> None:
    machine = at_first.machine
    switch.packages.add_repository(
        "own", ["file:///srv/repository"], ["stable"], ["main"], key=repository.key.armoured
    )
    planned = at_first.cli("request packages plan upgrade")
    assert [NAME, version, NEWER] in [line.split()[:3] for line in planned.splitlines()]
    asked = machine.run(["cli", "-c", f"request packages upgrade {NAME}"], check=False, timeout=300)
    assert asked.returncode == 1
    assert asked.stdout.startswith("  1.0%  Looking at the packages there are\n")
    goes_on = re.search(
        r"the switch's agent is stopping; package transaction (\d+) goes on", asked.stdout + asked.stderr
    )
    assert goes_on, asked
    found = at_first.cli(f"request packages watch {goes_on[1]}")
    assert found.startswith(asked.stdout.split("ERROR")[0])
    assert found.split()[-4:] == [NAME, version, NEWER, "upgrade"]
    assert at_first.version_in_use() == NEWER
    assert f"upgrade {NAME}" in at_first.cli("show packages history")
    switch.packages.remove_repository("own")


def test_a_version_that_does_not_start_is_brought_back_whole(
    at_first: PackagedSwitch, switch: Switch, package: Path, version: str, tmp_path: Path
) -> None:
    before = at_first.dumps()
    bad = debian_package.repack(package, "9.1.0", tmp_path, dying)
    with pytest.raises(PackageError, match="the packages from before are back") as caught:
        switch.packages.install(files=[switch.packages.upload(bad)])
    assert NAME in caught.value.reason
    assert switch.packages.history(1)[0].state == "failed"
    assert at_first.version_in_use() == version
    status = at_first.machine.run(["dpkg-query", "-W", "-f=${Status} ${Version}", NAME]).stdout
    assert status == f"install ok installed {version}"
    assert at_first.dumps() == before
    assert "doesn't start" not in at_first.machine.run(["python3", "-c", STATE]).stdout


def test_an_agent_that_restarts_meanwhile_follows_what_goes_on(
    at_first: PackagedSwitch, switch: Switch, tmp_path: Path
) -> None:
    machine = at_first.machine
    wait = "touch /root/started; while [ ! -e /root/go ]; do sleep 0.1; done"
    name = switch.packages.upload(build(tmp_path, "waits", scripts={"postinst": wait}))
    done = []
    thread = threading.Thread(target=lambda: done.append(switch.packages.install(files=[name])))
    thread.start()
    machine.run(["sh", "-c", "while [ ! -e /root/started ]; do sleep 0.1; done"])
    machine.run(["systemctl", "kill", "--signal=SIGKILL", "connetos-agent.service"])
    machine.run(["sh", "-c", "until systemctl is-active --quiet connetos-agent; do sleep 0.1; done"])
    with Switch(f"unix://{machine.path('/run/connetos/agent.sock')}") as other:
        assert other.state("packages transaction state") == "running"
    machine.run(["touch", "/root/go"])
    thread.join()
    assert done[0].changes == (PackageChange("waits", None, "1.0", "install"),)
    switch.packages.remove("waits", purge=True)
