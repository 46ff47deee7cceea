"""The driver on lab switches."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import napalm
import pytest
from napalm.base.test import conftest as suite

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from connetos_sdk.lab.lab import LabSwitch
from napalm_connetos import ConnetOSDriver

SOMETHING = """\
set vlans vlan-id 10 vlan-name web
set vlans vlan-id 10 l3-interface vlan10
set vlans vlan-id 20 vlan-name storage
set vlan-interface interface vlan10 address 198.18.10.254 prefix-length 24
set vlan-interface interface vlan10 description gateway
set loopback-interface interface lo7 address 203.0.113.7/32
set loopback-interface interface lo7 description router-id
set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 10
set interface gigabit-ethernet te-1/1/1 description server-1
set interface gigabit-ethernet te-1/1/4 family ethernet-switching port-mode trunk
set interface gigabit-ethernet te-1/1/4 family ethernet-switching vlan members 10,20
set protocols static route 198.18.20.0/24 next-hop 198.18.10.1
"""
LIVE = """\
set system ntp-server-ip 198.18.10.1
set protocols lldp enable true
set protocols lldp advertisement-interval 5
"""
"""What makes further getters tell something, once h1 has talked to the switch."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    suite.pytest_generate_tests(metafunc, inspect.getfile(inspect.currentframe()))  # type: ignore[arg-type]


def arguments(switch: LabSwitch, **optional: Any) -> dict[str, Any]:
    """Arguments of the driver for a lab switch."""
    return {
        "hostname": "127.0.0.1",
        "username": switch.username,
        "password": switch.password,
        "optional_args": {"url": switch.url, "ca_file": str(switch.ca_file), **optional},
    }


def driver(switch: LabSwitch, **optional: Any) -> ConnetOSDriver:
    """The driver as NAPALM's users get it, not opened yet."""
    return napalm.get_network_driver("connetos")(**arguments(switch, **optional))  # type: ignore[no-any-return]


@pytest.fixture
def leaf(memory_lab: Lab) -> LabSwitch:
    return memory_lab.switch("leaf1")


@pytest.fixture
def device(leaf: LabSwitch, switch: Switch) -> Iterator[ConnetOSDriver]:
    with driver(leaf) as device:
        yield device
