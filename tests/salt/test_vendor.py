"""States at a vendor's switch, over RCC."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.vendor import PASSWORD, USER, VendorSwitch
from tests.salt.conftest import Minion, start, stop


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[VendorSwitch]:
    vendor = VendorSwitch(tmp_path)
    yield vendor
    vendor.stop()


@pytest.fixture
def minion(salt_bin: Path, vendor: VendorSwitch, tmp_path: Path) -> Iterator[Minion]:
    settings = {
        "url": f"rcc://127.0.0.1:{vendor.port}", "username": USER, "password": PASSWORD,
        "known_hosts": str(vendor.known_hosts),
    }  # fmt: skip
    minion = start(salt_bin, tmp_path / "minion", settings)
    yield minion
    stop(minion)


def test_states(minion: Minion, vendor: VendorSwitch) -> None:
    wanted = {"name": "10", "vlan_name": "web"}
    planned = minion.state("connetos_vlan.present", test=True, **wanted)
    assert planned["result"] is None and planned["changes"]["commands"] == [
        "set vlans vlan-id 10 vlan-name web"
    ]
    assert "what its commit checks besides isn't known" in planned["comment"] and not vendor.commits
    made = minion.state("connetos_vlan.present", comment="ticket-42", **wanted)
    assert made["result"] is True and made["changes"] == planned["changes"], made
    again = minion.state("connetos_vlan.present", **wanted)
    assert again["result"] is True and not again["changes"]
    assert vendor.commits == ["commit comment ticket-42"]
    assert vendor.running["vlans"]["vlan-id"]["10"] == {"vlan-name": "web"}
    wrong = minion.state("connetos_vlan.present", name="5000")
    assert wrong["result"] is False and "5000" in wrong["comment"]
    gone = minion.state("connetos_vlan.absent", name="10")
    assert gone["result"] is True and "10" not in vendor.running["vlans"]["vlan-id"]
    assert not vendor.exclusive


def test_lines(minion: Minion, vendor: VendorSwitch) -> None:
    lines = ["set vlans vlan-id 20"]
    assert minion.state("connetos_config.managed", test=True, lines=lines)["result"] is None
    assert minion.state("connetos_config.managed", lines=lines)["changes"]["commands"] == lines
    assert not minion.state("connetos_config.managed", lines=lines)["changes"]
    assert vendor.commits == ["commit"]
