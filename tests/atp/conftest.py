"""A spine with hints in its port descriptions, a leaf out of its box, and a provisioning server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from connetos_sdk.lab.lab import LabSwitch
from tests.conftest import connect, topology
from tests.waiting import until

OWN, SERVER = "198.18.255.21", "198.18.255.1"
FILE = f"{OWN}_yunqi.cfg"
HINT = f"leaf@{OWN}@1"
TOPOLOGY = """
name: atp-{pid}
dataplane: openvswitch
provisioning: {{}}
switches:
  spine: {{ports: 2, management: 198.18.255.11/24}}
  leaf:
    ports: 4
    management: 198.18.255.12/24
    blank: true
    settings: {{atp: {{retry-seconds: 1, confirm-seconds: 6}}}}
links:
  - [spine:te-1/1/1, leaf:te-1/1/1]
  - [spine:te-1/1/2, leaf:te-1/1/2]
"""


def configuration(address: str = f"{OWN}/24", more: str = "") -> str:
    return f"set system hostname leaf\nset interface management-ethernet eth0 address {address}\n{more}"


@dataclass(frozen=True)
class Rack:
    """The lab, and what one does at a rack."""

    lab: Lab
    spine: Switch
    leaf: Switch

    @property
    def machine(self) -> LabSwitch:
        return self.lab.switch("leaf")

    def describe(self, **descriptions: str) -> None:
        """Set the spine's port descriptions: `one` and `two` are its ports."""
        ports = {
            f"te-1/1/{n}": text
            for n, name in enumerate(("one", "two"), 1)
            if (text := descriptions.get(name))
        }
        documents: dict[str, Any] = {
            "gigabit-ethernet": {port: {"description": text} for port, text in ports.items()}
        }
        self.spine.replace(documents["gigabit-ethernet"], ("interface", "gigabit-ethernet"))

    def serve(self, text: str | bytes | None, name: str = FILE) -> None:
        """Put a file on the server; None removes it."""
        assert self.lab.provisioning is not None
        path = self.lab.provisioning.files / name
        if text is None:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
            path.chmod(0o644)

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.leaf.state("atp")
        return found

    def show(self) -> str:
        """`show atp` at the leaf."""
        return str(self.leaf.transport.call("cli", {"command": "show atp"})["text"])

    def until(self, state: str, reason: str = "", seconds: float = 60) -> dict[str, Any]:
        """Wait until ATP is in this state, with this in its reason."""
        return until(
            lambda: (s := self.state())["state"] == state and reason in s["reason"] and s, self.state, seconds
        )

    def provisioned(self) -> None:
        """Wait until the leaf is as the file says, now and at the next boot."""
        self.until("SUCCESS")
        assert self.show() == "State: SUCCESS\n"
        assert self.leaf.config("system hostname") == "leaf"
        assert self.leaf.config(source="startup") == self.leaf.config()
        assert self.leaf.system().troubles == []


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(topology(TOPOLOGY.format(pid=os.getpid()), tmp_path_factory.mktemp("lab"))) as lab:
        yield lab


@pytest.fixture
def rack(lab: Lab) -> Iterator[Rack]:
    """The leaf is new out of its box; the spine gives a hint; nothing is on the server yet."""
    assert lab.provisioning is not None
    lab.provisioning.start()
    with connect(lab.switch("spine")) as spine, Switch(lab.switch("leaf").local_url) as leaf:
        rack = Rack(lab, spine, leaf)
        for path in lab.provisioning.files.iterdir():
            path.unlink()
        rack.describe(one=HINT)
        lab.switch("leaf").swap()
        yield rack
