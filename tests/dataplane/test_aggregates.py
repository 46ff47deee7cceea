"""Aggregates between two switches through real Open vSwitch: who hears whom, by which cable, and what a loss costs."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator

import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import ConfigError, ConnetosError
from connetos_sdk.lab import Lab
from tests.conftest import connect, topology
from tests.dataplane.packets import frame, reaches, who_hears
from tests.dataplane.switching import cables_taken, udp
from tests.waiting import until

pytestmark = pytest.mark.ovs
Leaves = tuple[Switch, Switch]

TWO_LEAVES = """\
name: {name}
dataplane: openvswitch
switches:
  leaf1: {{ports: 6, config: {start}}}
  leaf2: {{ports: 6, config: {start}}}
hosts:
  h1: {{link: "leaf1:te-1/1/1", address: 198.18.10.1/24}}
  h2: {{link: "leaf2:te-1/1/1", address: 198.18.10.2/24}}
links:
  - [leaf1:te-1/1/4, leaf2:te-1/1/4]
  - [leaf1:te-1/1/5, leaf2:te-1/1/5]
  - [leaf1:te-1/1/6, leaf2:te-1/1/6]
"""
CABLES = ("te-1-1-4", "te-1-1-5", "te-1-1-6")
STATIC = [
    "set interface aggregate-ethernet ae7",
    "set interface gigabit-ethernet te-1/1/4:6 ether-options 802.3ad ae7",
]
LACP = [*STATIC, "set interface aggregate-ethernet ae7 ether-options lacp enable true"]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Two switches with three cables between them, which are an aggregate from the start: alone they were a loop."""
    members = {f"te-1/1/{n}": {"ether-options": {"802.3ad": "ae7"}} for n in (4, 5, 6)}
    start = json.dumps({"interface": {"aggregate-ethernet": {"ae7": {}}, "gigabit-ethernet": members}})
    text = TWO_LEAVES.format(name=f"lag-{os.getpid()}", start=start)
    with Lab(topology(text, tmp_path_factory.mktemp("lab"))) as lab:
        yield lab


@pytest.fixture
def leaves(lab: Lab) -> Iterator[Leaves]:
    """Both switches, the cables one aggregate without LACP; their configurations are put back afterwards."""
    with connect(lab.switch("leaf1")) as leaf1, connect(lab.switch("leaf2")) as leaf2:
        before = leaf1.revision(), leaf2.revision()
        yield leaf1, leaf2
        for leaf, revision in zip((leaf1, leaf2), before, strict=True):
            until(lambda leaf=leaf: leaf.system().troubles == [])  # type: ignore[misc]
            leaf.rollback(revision=revision)


def conversations(count: int) -> list[tuple[int, int]]:
    """So many different pairs of UDP ports."""
    pairs = random.Random(7).sample(range(1024, 60000), 2 * count)
    return list(zip(pairs[::2], pairs[1::2], strict=True))


def there_and_back(lab: Lab, count: int) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """By which cable each conversation went from h1 to h2, and by which its answer came back."""
    macs = {
        host: lab.host(host).run(["cat", "/sys/class/net/eth0/address"]).stdout.strip()
        for host in ("h1", "h2")
    }
    assert reaches(lab, "h1", "198.18.10.2")
    talks = conversations(count)
    one = [udp((macs["h1"], "198.18.10.1", a), (macs["h2"], "198.18.10.2", b)) for a, b in talks]
    two = [udp((macs["h2"], "198.18.10.2", b), (macs["h1"], "198.18.10.1", a)) for a, b in talks]
    return cables_taken(lab, "h1", "leaf1", CABLES, one), cables_taken(lab, "h2", "leaf2", CABLES, two)


@pytest.mark.parametrize("lines", [STATIC, LACP], ids=["static", "lacp"])
def test_an_aggregate_is_one_port(lab: Lab, leaves: Leaves, lines: list[str]) -> None:
    for leaf in leaves:
        leaf.apply_lines(lines)
    assert reaches(lab, "h1", "198.18.10.2")
    hello = [frame(f"hello {n}", source=n) for n in range(20)]
    heard = who_hears(lab, "h1", hello, listeners=["h2"])
    assert sorted(heard["h2"]) == sorted((None, f"hello {n}") for n in range(20)), (
        "each once, none comes back"
    )


def test_an_aggregate_carries_vlans(lab: Lab, leaves: Leaves) -> None:
    for leaf in leaves:
        leaf.apply_lines(
            [
                "set vlans vlan-id 10,20",
                "set interface aggregate-ethernet ae7 family ethernet-switching port-mode trunk",
                "set interface aggregate-ethernet ae7 family ethernet-switching vlan members 10",
                "set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 10",
            ]
        )
    assert reaches(lab, "h1", "198.18.10.2")
    leaves[0].apply_lines(
        "set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 20"
    )
    assert who_hears(lab, "h1", [frame("of 20")], listeners=["h2"], seconds=0.5) == {"h2": []}
    assert leaves[0].vlans()[10].tagged == ["ae7"]


def test_load_is_shared_by_ports_and_both_directions_agree_when_symmetric(lab: Lab, leaves: Leaves) -> None:
    for leaf in leaves:
        leaf.apply_lines("set forwarding-options load-balance lag symmetric enable true")
    out, back = there_and_back(lab, 1000)
    assert len(out) == len(back) == 1000
    apart = [talk for talk, cable in out.items() if back[":".join(reversed(talk.split(":")))] != cable]
    assert apart == []
    shares = [sum(cables == [cable] for cables in out.values()) for cable in CABLES]
    assert sum(shares) == 1000
    assert min(shares) > 200, "every cable has its part"


def test_the_keys_decide(lab: Lab, leaves: Leaves) -> None:
    out, _ = there_and_back(lab, 300)
    assert {cables[0] for cables in out.values()} == set(CABLES), "ports are keys"
    ports = [
        f"set forwarding-options load-balance lag key l4-{end}-port enable false"
        for end in ("source", "dest")
    ]
    leaves[0].apply_lines(ports)
    out, _ = there_and_back(lab, 300)
    assert len({cables[0] for cables in out.values()}) == 1, "one pair of addresses, one cable"


def test_the_loss_of_members_costs_hardly_a_packet(lab: Lab, leaves: Leaves) -> None:
    for leaf in leaves:
        leaf.apply_lines(LACP)
    assert reaches(lab, "h1", "198.18.10.2")
    pings = lab.host("h1").start(["ping", "-q", "-i", "0.005", "-c", "400", "198.18.10.2"])
    node = lab.switch("leaf2").node
    for cable in CABLES[:2]:
        assert node.run(["sleep", "0.5"]).returncode == 0
        node.run(["ip", "link", "set", cable, "down"])
    output, _ = pings.communicate(timeout=60)
    received = int(output.split(" received")[0].rsplit(" ", 1)[1])
    assert received >= 390, output
    for cable in CABLES[:2]:
        node.run(["ip", "link", "set", cable, "up"])


def test_fewer_members_than_the_smallest_number_take_the_aggregate_down(lab: Lab, leaves: Leaves) -> None:
    for leaf in leaves:
        leaf.apply_lines([*LACP, "set interface aggregate-ethernet ae7 ether-options min-selected-port 2"])
    until(lambda: reaches(lab, "h1", "198.18.10.2"))
    node = lab.switch("leaf2").node
    node.run(["ip", "link", "set", CABLES[0], "down"])
    assert reaches(lab, "h1", "198.18.10.2")
    node.run(["ip", "link", "set", CABLES[1], "down"])
    until(lambda: not lab.host("h1").ping("198.18.10.2", timeout=0.3))
    node.run(["ip", "link", "set", CABLES[1], "up"])
    until(lambda: reaches(lab, "h1", "198.18.10.2"))
    node.run(["ip", "link", "set", CABLES[0], "up"])
    until(lambda: leaves[1].system().troubles == [])


def test_members_follow_their_aggregate(lab: Lab, leaves: Leaves) -> None:
    leaf1, _ = leaves
    leaf1.apply_lines("set interface aggregate-ethernet ae7 mtu 4000")
    assert {leaf1.interfaces()[f"te-1/1/{n}"].mtu_bytes for n in (4, 5, 6)} == {4000}
    leaf1.apply_lines("set interface aggregate-ethernet ae7 enable false")
    assert {leaf1.interfaces()[f"te-1/1/{n}"].admin for n in (4, 5, 6)} == {"down"}
    assert not lab.host("h1").ping("198.18.10.2", timeout=0.3)
    for line in ("mtu 2000", "storm-control broadcast kilobits 5"):
        with pytest.raises(ConfigError, match="te-1/1/4 is a member of ae7, so it has no"):
            leaf1.apply_lines(f"set interface gigabit-ethernet te-1/1/4 {line}")


def test_lacp_keeps_away_from_a_neighbour_that_does_not_speak_it(lab: Lab, leaves: Leaves) -> None:
    leaves[0].apply_lines(LACP)
    until(lambda: not lab.host("h1").ping("198.18.10.2", timeout=0.3))
    leaves[1].apply_lines(LACP)
    assert reaches(lab, "h1", "198.18.10.2", within=40)


def test_it_forwards_again_after_a_restart_of_open_vswitch(lab: Lab, leaves: Leaves) -> None:
    for leaf in leaves:
        leaf.apply_lines(LACP)
    assert reaches(lab, "h1", "198.18.10.2")
    switch = lab.switch("leaf1")
    assert switch.ovs is not None
    switch.run(["kill", "-9", str(switch.ovs.switch_pid)])
    until(lambda: switch.ovs is not None and switch.ovs.switch_pid is None)
    switch.ovs.start()
    assert reaches(lab, "h1", "198.18.10.2", within=20)

    def flows() -> str:
        return switch.run(["ovs-ofctl", "-O", "OpenFlow15", "dump-groups", "lag-ae7"]).stdout

    until(lambda: flows().count("watch_port") == 6)


def test_the_agent_finds_its_aggregates_again(lab: Lab, leaves: Leaves) -> None:
    leaf1, _ = leaves
    switch = lab.switch("leaf1")
    show = ["ovs-vsctl", f"--db={switch.database}", "--columns=_uuid,name", "list", "port"]
    before = switch.run(show).stdout
    switch.restart_agent()
    assert switch.run(show).stdout == before, "nothing was made anew"
    assert leaf1.system().troubles == []
    switch.run(["ovs-ofctl", "-O", "OpenFlow15", "del-flows", "lag-ae7"])
    switch.restart_agent()
    assert reaches(lab, "h1", "198.18.10.2")


def test_show_lacp_tells_both_ends_and_counts_from_zero_after_clearing(lab: Lab, leaves: Leaves) -> None:
    for leaf in leaves:
        leaf.apply_lines(LACP)
    assert reaches(lab, "h1", "198.18.10.2")
    leaf1, leaf2 = leaves
    until(lambda: leaf1.cli("show lacp internal").count("{ACDEF}") == 3)
    internal = leaf1.cli("show lacp internal").splitlines()
    assert internal[3].startswith("LACP System ID: 32768,")
    assert internal[4:7] == [
        "Aggregated interface: ae7",
        "Port Number   Priority   Admin Key   Oper Key   Flag",
        "-----------   --------   ---------   --------   -------------",
    ]
    assert internal[7].split() == ["te-1/1/4", "32768", "0x07", "0x07", "{ACDEF}"]
    system = leaf2.cli("show lacp internal").splitlines()[3].removeprefix("LACP System ID: ")
    expected = ["te-1/1/5", system, "5", "32768", "0x00", "0x07", "{ACDEF}"]

    def neighbor() -> list[str]:
        return leaf1.cli("show lacp neighbor gigabit-ethernet te-1/1/5").splitlines()[-1].split()

    until(lambda: neighbor() == expected, "the partner's last word, with its next frame")
    before = leaf1.cli("show lacp statistics").splitlines()
    assert [int(word) > 0 for word in before[3].split()[1:3]] == [True, True]

    def cleared() -> list[str]:
        leaf1.cli("clear lacp statistics aggregate-ethernet ae7")
        return leaf1.cli("show lacp statistics aggregate-ethernet ae7").splitlines()[3].split()

    until(lambda: cleared() == ["te-1/1/4", *"00000000"], "cleared, but for a frame that comes in between")
    with pytest.raises(ConnetosError, match="LACP doesn't run on te-1/1/1"):
        leaf1.cli("show lacp neighbor gigabit-ethernet te-1/1/1")


def test_an_aggregate_shows_its_members_and_the_sum_of_what_they_count(lab: Lab, leaves: Leaves) -> None:
    leaf1, _ = leaves
    assert reaches(lab, "h1", "198.18.10.2")
    shown = leaf1.cli("show interface aggregate-ethernet ae7")
    assert "Members: te-1/1/4,  te-1/1/5,  te-1/1/6,\n" in shown
    assert "State: Up" in shown
    counted = leaf1.state("statistics")
    members = sum(counted[f"te-1/1/{n}"]["out-packets"] for n in (4, 5, 6))
    assert counted["ae7"]["out-packets"] == members > 0
    brief = leaf1.cli("show interface brief").splitlines()
    assert brief[-1].split() == ["ae7", "Up", "Up", "access", "1", "1518"]
