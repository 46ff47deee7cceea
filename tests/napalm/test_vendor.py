"""The driver at a vendor's switch, over RCC: what its documented command line tells, and nothing invented."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import napalm
import pytest
from napalm.base import exceptions, models
from napalm.base.test.helpers import test_model as is_of_model

from napalm_connetos import ConnetOSDriver
from tests.contract.vendor import PASSWORD, USER, VendorSwitch

WEB = "set vlans vlan-id 10 vlan-name web"


@pytest.fixture(scope="module")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VendorSwitch]:
    vendor = VendorSwitch(tmp_path_factory.mktemp("vendor"))
    yield vendor
    vendor.stop()


def driver(vendor: VendorSwitch, password: str = PASSWORD) -> ConnetOSDriver:
    options = {"transport": "rcc", "port": vendor.port, "known_hosts": str(vendor.known_hosts)}
    made: ConnetOSDriver = napalm.get_network_driver("connetos")(
        "127.0.0.1", USER, password, optional_args=options
    )
    return made


@pytest.fixture
def device(vendor: VendorSwitch) -> Iterator[ConnetOSDriver]:
    before = vendor.running
    with driver(vendor) as device:
        yield device
    vendor.running = before
    vendor.archive.clear()
    vendor.commits.clear()


def test_facts(device: ConnetOSDriver) -> None:
    facts = device.get_facts()
    assert is_of_model(models.FactsDict, facts)
    assert (facts["hostname"], facts["model"], facts["os_version"]) == ("leaf-17", "X1000", "9.9.9")
    assert facts["serial_number"] == "MB0001" and facts["uptime"] > 0
    assert {"te-1/1/1", "ae7", "vlan210", "lo7", "eth0"} <= set(facts["interface_list"])
    assert device.is_alive() == {"is_alive": True}


def test_tables(device: ConnetOSDriver) -> None:
    assert device.get_vlans()["210"]["interfaces"] == ["ae7", "te-1/1/3"]
    (neighbor, *_) = device.get_arp_table()
    assert is_of_model(models.ARPTableDict, neighbor) and neighbor["interface"] == "vlan210"
    (static,) = device.get_route_to("203.0.113.9")["203.0.113.0/24"]
    assert is_of_model(models.RouteDict, static)
    assert (static["protocol"], static["next_hop"]) == ("static", "192.0.2.66")
    assert static["outgoing_interface"] == "vlan210" and static["preference"] == 1
    assert device.get_interfaces_ip()["vlan210"]["ipv4"] == {"192.0.2.65": {"prefix_length": 26}}


def test_machine(device: ConnetOSDriver) -> None:
    environment = device.get_environment()
    assert environment["fans"] == {"Fan 1": {"status": True}, "Fan 2": {"status": True}}
    assert environment["power"]["RPSU 1"] == {"status": True, "output": 72.0, "capacity": -1.0}
    assert environment["power"]["RPSU 2"] == {"status": False, "output": -1.0, "capacity": -1.0}
    assert environment["temperature"]["Sensor 1"]["temperature"] == 32.0
    assert environment["memory"]["used_ram"] < environment["memory"]["available_ram"]
    optics: Any = device.get_optics()
    (channel,) = optics["te-1/1/3"]["physical_channels"]["channel"]
    assert channel["state"]["output_power"]["instant"] == -2.0
    assert optics["qe-1/1/50"]["physical_channels"]["channel"] == []


def test_a_change(device: ConnetOSDriver, vendor: VendorSwitch) -> None:
    device.load_merge_candidate(config=WEB)
    assert 'vlan-name: "web"' in device.compare_config()
    device.commit_config(message="ticket-42")
    assert vendor.commits == ["commit comment ticket-42"]
    assert vendor.running["vlans"]["vlan-id"]["10"] == {"vlan-name": "web"}
    device.rollback()
    assert "10" not in vendor.running["vlans"]["vlan-id"]


def test_a_confirmed_commit(device: ConnetOSDriver, vendor: VendorSwitch) -> None:
    device.load_merge_candidate(config=WEB)
    device.commit_config(revert_in=90)
    assert vendor.commits == ["commit confirmed 90"]
    with pytest.raises(NotImplementedError, match="doesn't tell whether a commit waits"):
        device.has_pending_commit()
    with pytest.raises(exceptions.CommitConfirmException, match="confirm"):
        device.confirm_commit()


def test_what_the_switch_refuses(device: ConnetOSDriver, vendor: VendorSwitch) -> None:
    with pytest.raises(exceptions.MergeConfigException, match="vlan-idd"):
        device.load_merge_candidate(config="set vlans vlan-idd 5")
    device.discard_config()
    device.load_merge_candidate(config=WEB)
    with pytest.raises(exceptions.CommitError, match="one word"):
        device.commit_config(message="two words")
    assert not vendor.commits


def test_what_its_documents_dont_tell_isnt_answered(device: ConnetOSDriver) -> None:
    for getter in (
        device.get_interfaces,
        device.get_interfaces_counters,
        device.get_mac_address_table,
        device.get_lldp_neighbors,
        device.get_ntp_stats,
        device.get_users,
    ):
        with pytest.raises(NotImplementedError, match=r"vendor's switch|shows no secrets"):
            getter()
    with pytest.raises(NotImplementedError, match="startup"):
        device.get_config(retrieve="startup", sanitized=True)


def test_a_wrong_password(vendor: VendorSwitch) -> None:
    with pytest.raises(exceptions.ConnectAuthError):
        driver(vendor, "wrong").open()
