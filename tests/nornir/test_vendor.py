"""Nornir's tasks at a vendor's switch, over RCC."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from nornir import InitNornir
from nornir.core import Nornir

from connetos_sdk.integrations.nornir import (
    connetos_command,
    connetos_configure,
    connetos_rollback,
    connetos_state,
)
from tests.contract.vendor import PASSWORD, USER, VendorSwitch

WEB = "set vlans vlan-id 10 vlan-name web"


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[VendorSwitch]:
    vendor = VendorSwitch(tmp_path)
    yield vendor
    vendor.stop()


@pytest.fixture
def nornir(vendor: VendorSwitch, tmp_path: Path) -> Iterator[Nornir]:
    extras = {"transport": "rcc", "known_hosts": str(vendor.known_hosts)}
    leaf = {
        "hostname": "127.0.0.1", "port": vendor.port, "username": USER, "password": PASSWORD,
        "connection_options": {"connetos": {"extras": extras}},
    }  # fmt: skip
    (tmp_path / "hosts.yaml").write_text(yaml.safe_dump({"leaf-17": leaf}))
    inventory = {"plugin": "SimpleInventory", "options": {"host_file": str(tmp_path / "hosts.yaml")}}
    nornir = InitNornir(inventory=inventory, logging={"enabled": False})
    yield nornir
    nornir.close_connections()


def test_looking(nornir: Nornir, vendor: VendorSwitch) -> None:
    assert (
        nornir.run(connetos_command, command="show version")["leaf-17"].result
        == vendor.samples["show version"]
    )
    assert nornir.run(connetos_state, path="system serial-number board")["leaf-17"].result == "MB0001"


def test_a_change_and_the_same_again(nornir: Nornir, vendor: VendorSwitch) -> None:
    done = nornir.run(connetos_configure, config=WEB, comment="ticket-42")["leaf-17"]
    assert done.changed and "web" in done[0].diff, done[0].result
    assert vendor.commits == ["commit comment ticket-42"]
    again = nornir.run(connetos_configure, config=WEB)["leaf-17"]
    assert not again.failed and not again.changed and len(vendor.commits) == 1
    assert nornir.run(connetos_rollback)["leaf-17"].changed
    assert "10" not in vendor.running["vlans"]["vlan-id"]


def test_a_dry_run_tells_the_difference_and_leaves_nothing(nornir: Nornir, vendor: VendorSwitch) -> None:
    planned = nornir.run(connetos_configure, config=WEB, dry_run=True)["leaf-17"]
    assert planned.changed and "web" in planned[0].diff and not planned.failed, planned[0].result
    assert not vendor.commits and "10" not in vendor.running["vlans"]["vlan-id"]
