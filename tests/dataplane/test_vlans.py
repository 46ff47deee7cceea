"""Who hears whom: access, trunk and native VLANs through real Open vSwitch."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from tests.dataplane.packets import frame, reaches, silent, who_hears

pytestmark = pytest.mark.ovs
Leaves = tuple[Switch, Switch]
PORT = "interface gigabit-ethernet te-1/1/{}"


def access(port: int, vlan: int) -> list[str]:
    return [f"set {PORT.format(port)} family ethernet-switching native-vlan-id {vlan}"]


def trunk(port: int, members: str, native: int | None = None) -> list[str]:
    switching = f"set {PORT.format(port)} family ethernet-switching"
    lines = [f"{switching} port-mode trunk", f"{switching} vlan members {members}"]
    return lines + ([f"{switching} native-vlan-id {native}"] if native else [])


VLANS = ["set vlans vlan-id 10,20,30"]


def test_out_of_the_box_all_ports_are_in_one_vlan(two_leaves: Lab, leaves: Leaves) -> None:
    heard = who_hears(two_leaves, "h1", [frame("hello")], listeners=["h2", "h3", "h4"])
    assert heard == {host: [(None, "hello")] for host in ("h2", "h3", "h4")}


def test_frames_stay_in_their_vlan_across_a_trunk(two_leaves: Lab, leaves: Leaves) -> None:
    for leaf in leaves:
        leaf.apply_lines([*VLANS, *access(1, 10), *access(2, 20), *trunk(4, "10,20")])
    heard = who_hears(two_leaves, "h1", [frame("from vlan 10")], listeners=["h2", "h3", "h4"])
    assert heard == {"h2": [], "h3": [(None, "from vlan 10")], "h4": []}
    assert reaches(two_leaves, "h2", "198.18.10.4")
    assert silent(two_leaves, "h2", "198.18.10.3")


def test_a_trunk_tags_all_but_the_native_vlan(two_leaves: Lab, leaves: Leaves) -> None:
    leaf1, _ = leaves
    leaf1.apply_lines([*VLANS, *access(1, 10), *trunk(2, "20", native=10)])
    heard = who_hears(two_leaves, "h1", [frame("native")], listeners=["h2"])
    assert heard == {"h2": [(None, "native")]}
    leaf1.apply_lines(["set " + PORT.format(1) + " family ethernet-switching native-vlan-id 20"])
    heard = who_hears(two_leaves, "h1", [frame("member")], listeners=["h2"])
    assert heard == {"h2": [(20, "member")]}


def test_a_trunk_takes_tagged_frames_of_its_members_only(two_leaves: Lab, leaves: Leaves) -> None:
    leaf1, _ = leaves
    leaf1.apply_lines([*VLANS, *trunk(1, "10,20"), *trunk(2, "10,20,30")])
    frames = [frame(f"vlan {vlan}", vlan=vlan) for vlan in (10, 20, 30)]
    heard = who_hears(two_leaves, "h1", frames, listeners=["h2"])
    assert heard == {"h2": [(10, "vlan 10"), (20, "vlan 20")]}


def test_an_access_port_drops_tagged_frames_of_another_vlan(two_leaves: Lab, leaves: Leaves) -> None:
    leaf1, _ = leaves
    leaf1.apply_lines([*VLANS, *access(1, 10), *trunk(2, "10,20")])
    frames = [frame("into 20", vlan=20), frame("untagged")]
    assert who_hears(two_leaves, "h1", frames, listeners=["h2"]) == {"h2": [(10, "untagged")]}


class PortVlans(NamedTuple):
    """What a port is configured for: as an access port its native VLAN, as a trunk its members besides."""

    native: int
    members: frozenset[int] | None = None

    def lines(self, port: int) -> list[str]:
        if self.members is None:
            return access(port, self.native)
        return trunk(port, ",".join(map(str, sorted(self.members))), self.native)

    def takes(self, tag: int | None) -> int | None:
        """The VLAN that a frame with this tag belongs to (IEEE 802.1Q, 6.9); None if it is dropped."""
        if not tag:  # none, or one of priority only
            return self.native
        return tag if self.members is not None and tag in {self.native, *self.members} else None

    def sends(self, vlan: int | None) -> tuple[int | None] | None:
        """The tag that it sends a frame of this VLAN with, None for untagged; None if it sends none."""
        if vlan == self.native:
            return (None,)
        return (vlan,) if vlan is not None and vlan in (self.members or ()) else None


HEARERS = {
    "h2": PortVlans(10, frozenset({20})),
    "h3": PortVlans(20),
    "h4": PortVlans(30, frozenset({10, 20})),
}


@pytest.mark.parametrize(
    "port",
    [PortVlans(10), PortVlans(20), PortVlans(10, frozenset({20})), PortVlans(30, frozenset({10, 20}))],
    ids=["access-10", "access-20", "trunk-native-10", "trunk-native-30"],
)
def test_which_port_sends_what_another_takes_and_with_which_tag(
    two_leaves: Lab, leaves: Leaves, port: PortVlans
) -> None:
    leaf1, leaf2 = leaves
    between = trunk(4, "10,20,30", native=1)
    leaf1.apply_lines([*VLANS, *between, *port.lines(1), *HEARERS["h2"].lines(2)])
    leaf2.apply_lines([*VLANS, *between, *HEARERS["h3"].lines(1), *HEARERS["h4"].lines(2)])
    tags = (None, 0, 10, 20, 30, 40)
    heard = who_hears(two_leaves, "h1", [frame(f"tag {t}", vlan=t) for t in tags], listeners=HEARERS)
    assert all(len(found) == len(set(found)) for found in heard.values()), "no frame comes twice"
    expected = {
        host: {(*sent, f"tag {tag}") for tag in tags if (sent := hearer.sends(port.takes(tag)))}
        for host, hearer in HEARERS.items()
    }
    # a tag of priority only may stay one (VLAN 0): it says nothing of a VLAN
    assert {h: {(tag or None, text) for tag, text in found} for h, found in heard.items()} == expected


def test_taking_a_vlan_off_a_trunk_cuts_it_there_and_nowhere_else(two_leaves: Lab, leaves: Leaves) -> None:
    for leaf in leaves:
        leaf.apply_lines([*VLANS, *access(1, 10), *access(2, 20), *trunk(4, "10,20")])
    leaves[1].apply_lines(
        ["delete interface gigabit-ethernet te-1/1/4 family ethernet-switching vlan members 10"]
    )
    assert silent(two_leaves, "h1", "198.18.10.3")
    assert reaches(two_leaves, "h2", "198.18.10.4")


def test_a_disabled_port_passes_nothing(two_leaves: Lab, leaves: Leaves) -> None:
    leaf1, _ = leaves
    assert reaches(two_leaves, "h1", "198.18.10.2")
    leaf1.merge(False, "interface gigabit-ethernet te-1/1/1 enable")
    assert leaf1.interfaces()["te-1/1/1"].admin == "down"
    assert silent(two_leaves, "h1", "198.18.10.2")
    leaf1.merge(True, "interface gigabit-ethernet te-1/1/1 enable")
    assert reaches(two_leaves, "h1", "198.18.10.2")


def test_mtu_decides_which_frames_pass(two_leaves: Lab, leaves: Leaves) -> None:
    leaf1, _ = leaves
    for host in ("h1", "h2"):
        two_leaves.host(host).run(["ip", "link", "set", "eth0", "mtu", "9000"])
    large = frame("large", size=2000)
    assert who_hears(two_leaves, "h1", [large], listeners=["h2"]) == {"h2": []}
    leaf1.apply_lines([f"set {PORT.format(port)} mtu 4000" for port in (1, 2)])
    assert who_hears(two_leaves, "h1", [large], listeners=["h2"]) == {"h2": [(None, "large")]}


def test_labels_stand_in_the_data_plane(two_leaves: Lab, leaves: Leaves) -> None:
    leaf1, _ = leaves
    leaf1.apply_lines(
        [
            'set vlans vlan-id 10 vlan-name "web tier"',
            "set vlans vlan-id 10 description rack-7",
            f"set {PORT.format(1)} description uplink-a",
        ]
    )
    switch = two_leaves.switch("leaf1")
    link = switch.run(["cat", "/sys/class/net/te-1-1-1/ifalias"])
    assert link.stdout.strip() == "uplink-a"
    ids = switch.run(["ovs-vsctl", f"--db={switch.database}", "get", "bridge", "br0", "external_ids"])
    assert "web tier" in ids.stdout
    assert "rack-7" in ids.stdout


def test_state_tells_members_of_each_vlan(leaves: Leaves) -> None:
    leaf1, _ = leaves
    leaf1.apply_lines([*VLANS, *access(1, 10), *trunk(4, "10,20")])
    vlans = leaf1.vlans()
    assert vlans[10].untagged == ["te-1/1/1"]
    assert vlans[10].tagged == ["te-1/1/4"]
    assert vlans[20].tagged == ["te-1/1/4"]
    assert vlans[1].untagged == ["te-1/1/2", "te-1/1/3", "te-1/1/4"]
