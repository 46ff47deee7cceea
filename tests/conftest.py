"""Fixtures: switches on the memory data plane, and labs of namespaces with real Open vSwitch."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from connetos_sdk import Switch
from connetos_sdk.lab import Lab, Topology
from connetos_sdk.lab.lab import LabSwitch

# Hypothesis without deadlines, for two cores are shared, and with a bounded number of examples.
settings.register_profile(
    "connetos",
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
settings.load_profile("connetos")

ROOT = Path(__file__).parent.parent
CAN_USE_OVS = os.geteuid() == 0 and shutil.which("ovs-vswitchd") is not None
_ran: Counter[str] = Counter()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without root or Open vSwitch the tests that need them are skipped, loudly; CI forbids it (CI=true)."""
    for item in items:
        needs = {mark.name for mark in item.iter_markers()} & {"root", "ovs"}
        if needs and not CAN_USE_OVS:
            if os.environ.get("CI") == "true":
                pytest.exit(
                    "CI must run as root with Open vSwitch: tests that need them may not be skipped", 3
                )
            item.add_marker(pytest.mark.skip(reason="needs root and Open vSwitch (make setup, as root)"))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" and report.outcome == "passed":
        kind = "Open vSwitch" if "ovs" in report.keywords else "no Open vSwitch"
        _ran[kind] += 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counts = ", ".join(f"{_ran[kind]} on {kind}" for kind in ("Open vSwitch", "no Open vSwitch"))
    terminalreporter.write_line(f"data planes: {counts}")


def connect(switch: LabSwitch, **options: object) -> Switch:
    """An SDK connection to a lab switch."""
    arguments = {
        "username": switch.username,
        "password": switch.password,
        "ca_file": switch.ca_file,
        **options,
    }
    return Switch(switch.url, **arguments)  # type: ignore[arg-type]


@contextmanager
def connected(lab: Lab) -> Iterator[dict[str, Switch]]:
    """Connections to all switches of a lab; their configurations are put back afterwards."""
    with ExitStack() as stack:
        switches = {s.name: stack.enter_context(connect(s)) for s in lab.switches}
        before = {name: switch.revision() for name, switch in switches.items()}
        yield switches
        for name, switch in switches.items():
            switch.rollback(revision=before[name])


def topology(text: str, directory: Path) -> Topology:
    """The topology that YAML `text` describes."""
    path = directory / "lab.yaml"
    path.write_text(text)
    return Topology.load(path)


@pytest.fixture(scope="module")
def memory_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab with one switch `leaf1` of 8 ports on the memory data plane."""
    text = f"name: mem-{os.getpid()}\ndataplane: memory\nswitches:\n  leaf1: {{ports: 8}}\n"
    with Lab(topology(text, tmp_path_factory.mktemp("lab"))) as lab:
        yield lab


@pytest.fixture
def switch(memory_lab: Lab) -> Iterator[Switch]:
    """A connection to `leaf1` of `memory_lab`; its configuration is put back afterwards."""
    with connect(memory_lab.switch("leaf1")) as switch:
        before = switch.revision()
        yield switch
        switch.rollback(revision=before)


TWO_LEAVES = """\
name: {name}
dataplane: openvswitch
switches:
  leaf1: {{ports: 4}}
  leaf2: {{ports: 4}}
hosts:
  h1: {{link: "leaf1:te-1/1/1", address: 198.18.10.1/24}}
  h2: {{link: "leaf1:te-1/1/2", address: 198.18.10.2/24}}
  h3: {{link: "leaf2:te-1/1/1", address: 198.18.10.3/24}}
  h4: {{link: "leaf2:te-1/1/2", address: 198.18.10.4/24}}
links:
  - [leaf1:te-1/1/4, leaf2:te-1/1/4]
"""


@pytest.fixture(scope="module")
def two_leaves(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Two Open vSwitch switches with a cable between their ports 4, and four hosts in one subnet."""
    text = TWO_LEAVES.format(name=f"two-{os.getpid()}")
    with Lab(topology(text, tmp_path_factory.mktemp("lab"))) as lab:
        yield lab


@pytest.fixture
def leaves(two_leaves: Lab) -> Iterator[tuple[Switch, Switch]]:
    """Connections to `leaf1` and `leaf2` of `two_leaves`; their configurations are put back afterwards."""
    with connect(two_leaves.switch("leaf1")) as leaf1, connect(two_leaves.switch("leaf2")) as leaf2:
        before = leaf1.revision(), leaf2.revision()
        yield leaf1, leaf2
        leaf1.rollback(revision=before[0])
        leaf2.rollback(revision=before[1])
