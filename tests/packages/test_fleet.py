"""Twenty switches, changed in waves that stop when one of them isn't well."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from connetos_sdk import Fleet, Switch
from connetos_sdk.errors import BadRequest, ConnetosError, PackageError
from connetos_sdk.fleet import FleetResult, Outcome
from connetos_sdk.lab import Lab
from tests.conftest import connect, topology
from tests.packages.debian import DebianRoot, Repository, debian_root

NAMES = [f"leaf{number}" for number in range(1, 21)]


def offline(name: str) -> Switch:
    """A switch that nobody connects to."""
    return Switch(f"https://{name}.invalid")


def test_waves_go_on_as_long_as_nothing_fails() -> None:
    lock, running, most = threading.Lock(), 0, 0
    begun: list[str] = []

    def work(switch: Switch) -> str:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
            begun.append(switch.url)
        with lock:
            running -= 1
        return switch.url

    fleet = Fleet({name: offline(name) for name in NAMES})
    result = fleet.run(work, wave=(1, 4, 5))
    assert [outcome.wave for outcome in result.outcomes.values()] == [1] + [2] * 4 + [3] * 5 + [4] * 5 + [
        5
    ] * 5
    assert list(result.done) == NAMES
    assert most <= 5
    assert result.done["leaf3"].value == "https://leaf3.invalid"
    result.check()


def test_a_failure_stops_the_waves_after_it() -> None:
    told: list[Outcome[None]] = []

    def work(switch: Switch) -> None:
        if "leaf7." in switch.url:
            raise ConnetosError("this one is ill")

    fleet = Fleet({name: offline(name) for name in NAMES})
    result = fleet.run(work, wave=5, progress=told.append)
    assert list(result.failed) == ["leaf7"]
    assert list(result.done) == [*NAMES[:6], *NAMES[7:10]]
    assert list(result.skipped) == NAMES[10:]
    assert {outcome.name for outcome in told} == set(NAMES[:10])
    with pytest.raises(ConnetosError, match="1 of 20 switches failed: leaf7: this one is ill") as caught:
        result.check()
    assert caught.value.hint == "10 switches were left alone"
    assert not fleet.run(work, wave=5, max_failures=1).skipped


def test_what_can_not_be_connected_is_a_failure() -> None:
    result = Fleet({"gone": lambda: Switch("ftp://gone")}).run(lambda switch: switch.system())
    assert "gone" in result.failed


@pytest.mark.parametrize("wave", [0, -1, (), (5, 0)])
def test_waves_that_are_none(wave: int | tuple[int, ...]) -> None:
    with pytest.raises(BadRequest, match="is nothing"):
        Fleet({"leaf1": offline("leaf1")}).run(lambda switch: None, wave=wave)


@pytest.fixture(scope="module")
def twenty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, dict[str, DebianRoot]]]:
    directory = tmp_path_factory.mktemp("fleet")
    with ExitStack() as stack:
        roots = {name: stack.enter_context(debian_root(directory / name, 64)) for name in NAMES}
        switches = "".join(f"  {name}: {{ports: 2, packages: {roots[name].path}}}\n" for name in NAMES)
        text = f"name: fleet-{os.getpid()}\ndataplane: memory\nswitches:\n{switches}"
        yield stack.enter_context(Lab(topology(text, directory))), roots


def prepare(root: DebianRoot, repository: Repository) -> None:
    """The repository as the tests of other modules add it, and its lists, without asking twenty agents."""
    (root.path / "etc/apt/keyrings").mkdir(parents=True, exist_ok=True)
    (root.path / "etc/apt/keyrings/tests.asc").write_text(repository.key.armoured)
    (root.path / "etc/apt/sources.list.d/tests.sources").write_text(
        f"Types: deb\nURIs: {repository.url}\nSuites: stable\nComponents: main\nSigned-By: /etc/apt/keyrings/tests.asc\n"
    )


@pytest.mark.root
@pytest.mark.slow
def test_twenty_switches_are_upgraded_in_waves_that_stop_at_the_first_ill_one(
    twenty: tuple[Lab, dict[str, DebianRoot]], repository: Repository
) -> None:
    lab, roots = twenty
    for root in roots.values():
        prepare(root, repository)
    fleet = Fleet({name: lambda name=name: connect(lab.switch(name)) for name in NAMES}, parallel=5)

    def install(switch: Switch) -> list[str]:
        switch.packages.update()
        return [change.name for change in switch.packages.install("tool").changes]

    everywhere: FleetResult[list[str]] = fleet.run(install)
    everywhere.check()
    assert all(outcome.value == ["good", "tool"] for outcome in everywhere.outcomes.values())

    pid = (lab.switch("leaf8").files.run / "agent.pid").read_text()
    (Path(roots["leaf8"].path) / "etc/agent.pid").write_text(pid)  # only there the package stops the agent
    result = fleet.run(lambda switch: switch.packages.install("sick", health_s=1), wave=5)
    assert list(result.failed) == ["leaf8"]
    error = result.failed["leaf8"].error
    assert isinstance(error, PackageError) and "the agent doesn't answer" in error.reason
    assert list(result.skipped) == NAMES[10:]
    having = [name for name, root in roots.items() if root.version("sick") == "1.0"]
    assert having == [*NAMES[:7], *NAMES[8:10]]
    for name in NAMES:
        with connect(lab.switch(name)) as switch:
            assert switch.packages.installed()["tool"].version == "1.0"
            assert switch.system().troubles == []
