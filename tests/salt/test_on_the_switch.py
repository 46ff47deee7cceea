"""A minion on the switch itself: a real salt-minion in the switch's namespaces, a real master in its management network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from tests.salt.conftest import write
from tests.salt.documented import blocks, replay
from tests.salt.site import Site
from tests.salt.test_openvswitch import PORT, leaf, switch
from tests.waiting import until

__all__ = ["leaf", "switch"]
pytestmark = [pytest.mark.ovs, pytest.mark.slow, pytest.mark.timeout(600)]

MOTD = "/etc/motd"


def documented() -> dict[str, Any]:
    """What docs/salt.md configures of beacons and engines, with beacons that look every second."""
    found: dict[str, Any] = {}
    for block in blocks():
        if block["name"].startswith("/etc/salt/proxy.d/"):
            found |= yaml.safe_load(block["body"])
    for options in found["beacons"].values():
        for option in options:
            option.update({"interval": 1} if "interval" in option else {"packets": 3})
    assert found["beacons"].keys() == {f"connetos_{kind}" for kind in ("link", "drift", "drops")}
    return found


@pytest.fixture(scope="module")
def site(salt_bin: Path, leaf: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The minion is told nothing of the switch: it finds the agent's socket."""
    address = str(leaf.topology.management_address.ip)
    site = Site(salt_bin, tmp_path_factory.mktemp("site"), address=address, place=leaf.node("mgmt"))
    site.pillar(leaf1={})
    site.start()
    site.minion_on(
        leaf.switch("leaf1"),
        **documented(),
    )
    try:
        site.wait("leaf1")
        yield site
    finally:
        site.stop()


def test_one_state_file_for_debian_and_the_switch(
    site: Site, leaf: Lab, switch: Switch, tmp_path: Path
) -> None:
    h1, note = leaf.host("h1"), tmp_path / "note"
    until(lambda: h1.ping("198.18.10.2"))
    site.sls(
        "storage",
        {
            str(note): {"file.managed": [{"contents": "port 1 is storage"}]},
            "storage": {
                "connetos_config.managed": [
                    {"lines": ["set vlans vlan-id 20 vlan-name storage"]},
                    {"require": [{"file": str(note)}]},
                ]
            },
            PORT: {
                "connetos_l2_interface.present": [
                    {"native_vlan_id": 20},
                    {"require": [{"connetos_config": "storage"}]},
                ]
            },
        },
    )
    port = f"connetos_l2_interface_|-{PORT}_|-{PORT}_|-present"
    planned = site.salt("leaf1", "state.apply", "storage", "test=True")["leaf1"]
    assert not note.exists() and h1.ping("198.18.10.2") and 20 not in switch.vlans()
    done = site.salt("leaf1", "state.apply", "storage")["leaf1"]
    assert all(one["result"] is True for one in done.values()), done
    assert note.exists() and not h1.ping("198.18.10.2")
    assert done[port]["changes"]["commands"] == [
        f"set interface gigabit-ethernet {PORT} family ethernet-switching native-vlan-id 20"
    ]
    assert {planned[name]["result"] for name in planned if "storage_|-storage" in name} == {None}
    assert {revision.user for revision in switch.revisions()[:2]} == {"root"}
    again = site.salt("leaf1", "state.apply", "storage")["leaf1"]
    assert all(one["result"] is True and one["changes"] == {} for one in again.values()), again


def test_documented_session(site: Site, switch: Switch, tmp_path: Path) -> None:
    """That of a minion on the switch in docs/salt.md, but for the file of this machine that it would write."""
    for block in blocks():
        body = block["body"].replace(MOTD, str(tmp_path / "motd"))
        if block["name"] == "/srv/salt/machine.sls":
            write(site.directory / "states/machine.sls", body)
        elif "state.apply machine" in body:
            replay(site, body)
    assert switch.vlans()[20].name == "storage" and (tmp_path / "motd").exists()


def test_grains_are_those_of_both(site: Site, leaf: Lab) -> None:
    grains = site.salt("leaf1", "grains.item", "os_family", "connetos")["leaf1"]
    assert grains["os_family"] == "Debian"
    assert grains["connetos"]["dataplane"] == "openvswitch"
    assert grains["connetos"]["ports"] == ["te-1/1/1", "te-1/1/2"]


def test_beacons_and_engine_reach_the_master(site: Site, leaf: Lab, switch: Switch) -> None:
    h1, node = leaf.host("h1"), leaf.switch("leaf1")
    until(lambda: h1.ping("198.18.10.2"))
    with site.listening("salt/beacon/leaf1/connetos_") as beacons, site.listening("connetos/leaf1/") as bus:
        switch.apply_lines(
            [
                "set firewall term ping protocol name icmp",
                "set firewall filter edge matching term ping action discard",
                f"set firewall filter edge input gigabit-ethernet {PORT}",
            ]
        )
        assert until(lambda: bus.one(revision=switch.revision()))["tag"] == "connetos/leaf1/commit"
        # What is dropped before the beacon first looks at the filter is what it compares with.
        dropped = until(
            lambda: (
                not h1.ping("198.18.10.2", count=3, timeout=0.2)
                and beacons.one(place="filter", name="edge", reason="ping")
            )
        )
        assert dropped["tag"] == "salt/beacon/leaf1/connetos_drops/filter/edge/ping"
        h1.run(["ip", "link", "set", "eth0", "down"])
        try:
            assert until(lambda: beacons.one(port=PORT, state="down"))["data"]["was"] == "up"
        finally:
            h1.run(["ip", "link", "set", "eth0", "up"])
        node.run(["ovs-vsctl", f"--db={node.database}", "set", "port", "te-1-1-2", "tag=99"])
        begun = until(lambda: beacons.one(object="port te-1/1/2"))
        assert begun["tag"] == "salt/beacon/leaf1/connetos_drift/begun"
        site.salt("leaf1", "connetos_system.operation", "drift/repair")
        until(lambda: not switch.state("system drift")["objects"])


def test_the_minion_outlives_its_agent(site: Site, leaf: Lab, switch: Switch) -> None:
    node = leaf.switch("leaf1")
    node.stop_agent()
    try:
        told = site.salt("leaf1", "connetos.facts")["leaf1"]
        assert "is the agent running" in told, told
        assert site.salt("leaf1", "test.echo", "Debian") == {"leaf1": "Debian"}
    finally:
        node.start_agent()
    assert site.salt("leaf1", "connetos.facts")["leaf1"]["hostname"] == "leaf1"
