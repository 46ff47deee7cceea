"""Limits, static addresses, ageing and mirrors through real Open vSwitch: frames decide."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import ConnetosError, NotRealisable, RuleViolation
from connetos_sdk.lab import Lab
from tests.conftest import connect, topology
from tests.dataplane.packets import EXPERIMENTAL, frame, reaches, who_hears
from tests.dataplane.switching import rate_through
from tests.waiting import until

pytestmark = pytest.mark.ovs
PORT = "set interface gigabit-ethernet te-1/1/{}"
BROADCAST = "ffffffffffff020000000001" + f"{EXPERIMENTAL:04x}"
MULTICAST = "01005e000105020000000001" + f"{EXPERIMENTAL:04x}"
UNICAST = "020000000099020000000001" + f"{EXPERIMENTAL:04x}"

ONE_LEAF = """\
name: {name}
dataplane: openvswitch
switches:
  leaf: {{ports: 4}}
hosts:
  h1: {{link: "leaf:te-1/1/1", address: 198.18.10.1/24}}
  h2: {{link: "leaf:te-1/1/2", address: 198.18.10.2/24}}
  h3: {{link: "leaf:te-1/1/3", address: 198.18.10.3/24}}
  h4: {{link: "leaf:te-1/1/4", address: 198.18.10.4/24}}
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One switch with four hosts in one VLAN."""
    text = ONE_LEAF.format(name=f"one-{os.getpid()}")
    with Lab(topology(text, tmp_path_factory.mktemp("lab"))) as lab:
        yield lab


@pytest.fixture
def leaf(lab: Lab) -> Iterator[Switch]:
    with connect(lab.switch("leaf")) as switch:
        before = switch.revision()
        yield switch
        switch.rollback(revision=before)
        assert switch.system().troubles == []


def held_rate(lab: Lab, head: str) -> float:
    """What comes through of four times as much, in bit/s: of three measurements that nearest to the limit.

    A machine that is busy with something else takes frames late, and those that wait too long are lost.
    """
    measured = []
    for _ in range(3):
        measured.append(rate_through(lab, "h1", "h2", head, offered=8e6))
        if abs(measured[-1] / 2e6 - 1) < 0.1:
            break
    return min(measured, key=lambda rate: abs(rate - 2e6))


@pytest.mark.parametrize(
    ("sort", "head", "other"), [("broadcast", BROADCAST, MULTICAST), ("multicast", MULTICAST, BROADCAST)]
)
def test_storm_control_lets_its_rate_through_and_leaves_other_frames_alone(
    lab: Lab, leaf: Switch, sort: str, head: str, other: str
) -> None:
    leaf.apply_lines(f"{PORT.format(1)} storm-control {sort} kilobits 2000")
    assert held_rate(lab, head) == pytest.approx(2e6, rel=0.1)
    assert rate_through(lab, "h1", "h2", other, offered=4e6, seconds=2) > 3.5e6
    assert rate_through(lab, "h3", "h2", head, offered=4e6, seconds=2) > 3.5e6, "another port"


def test_rate_limits_hold_in_both_directions(lab: Lab, leaf: Switch) -> None:
    leaf.apply_lines(f"{PORT.format(1)} rate-limiting ingress kilobits 2000")
    assert held_rate(lab, UNICAST) == pytest.approx(2e6, rel=0.1)
    leaf.apply_lines(
        [
            f"delete {PORT.format(1).removeprefix('set ')} rate-limiting",
            f"{PORT.format(2)} rate-limiting egress kilobits 2000",
        ]
    )
    assert held_rate(lab, UNICAST) == pytest.approx(2e6, rel=0.1)
    assert rate_through(lab, "h1", "h3", UNICAST, offered=4e6, seconds=2) > 3.5e6


def test_the_cookie_of_a_drop_names_the_line_of_the_configuration(lab: Lab, leaf: Switch) -> None:
    from connetos_agent.dataplane.openvswitch import pipeline

    leaf.apply_lines(f"{PORT.format(3)} storm-control broadcast kilobits 64")
    node = lab.switch("leaf").node
    flows = node.run(["ovs-ofctl", "-O", "OpenFlow15", "dump-flows", "br0", "table=0"]).stdout
    cookies = [
        int(part.removeprefix("cookie=").rstrip(","), 0)
        for line in flows.splitlines() if "meter:" in line
        for part in line.split() if part.startswith("cookie=")
    ]  # fmt: skip
    path = ("interface", "gigabit-ethernet", "te-1/1/3", "storm-control", "broadcast", "kilobits")
    assert [pipeline.line(cookie, {3: "te-1/1/3"}) for cookie in cookies] == [path]


def test_a_static_address_is_where_it_was_put_whoever_uses_it(lab: Lab, leaf: Switch) -> None:
    leaf.apply_lines(f"{PORT.format(2)} static-mac-address 02:00:00:00:00:99")
    to_it = UNICAST + b"to 99".hex()
    heard = who_hears(lab, "h1", [to_it.ljust(120, "0")], listeners=["h2", "h3"])
    assert heard == {"h2": [(None, "to 99")], "h3": []}
    # h3 pretends to be it: nothing moves.
    who_hears(lab, "h3", [frame("liar", source=0x99)], listeners=["h1"], seconds=0.3)
    heard = who_hears(lab, "h1", [to_it.ljust(120, "0")], listeners=["h2", "h3"])
    assert heard == {"h2": [(None, "to 99")], "h3": []}
    leaf.delete("interface gigabit-ethernet te-1/1/2 static-mac-address")
    heard = who_hears(lab, "h1", [to_it.ljust(120, "0")], listeners=["h2", "h3"])
    assert heard == {"h2": [(None, "to 99")], "h3": [(None, "to 99")]}, "unknown again, so flooded"


def test_static_entries_and_limits_are_back_after_a_restart_of_open_vswitch(lab: Lab, leaf: Switch) -> None:
    leaf.apply_lines(
        [
            f"{PORT.format(2)} static-mac-address 02:00:00:00:00:99",
            f"{PORT.format(1)} storm-control broadcast kilobits 1000",
        ]
    )
    switch = lab.switch("leaf")

    def there() -> bool:
        table = switch.run(["ovs-appctl", "-t", str(switch.control), "fdb/show", "br0"]).stdout
        meters = switch.run(["ovs-ofctl", "-O", "OpenFlow15", "dump-meters", "br0"]).stdout
        return "02:00:00:00:00:99  static" in table and "rate=1000" in meters

    assert there()
    assert switch.ovs is not None
    switch.run(["kill", "-9", str(switch.ovs.switch_pid)])
    until(lambda: switch.ovs is not None and switch.ovs.switch_pid is None)
    switch.ovs.start()
    until(there)
    until(lambda: leaf.system().troubles == [])
    assert reaches(lab, "h1", "198.18.10.2")


def test_a_mirror_copies_what_a_port_hears_and_says(lab: Lab, leaf: Switch) -> None:
    def heard_by_h4(source: str) -> list[str]:
        to_h2 = "02000000000202000000000188b5" + source.encode().hex()
        return [text for _, text in who_hears(lab, source, [to_h2.ljust(120, "0")], listeners=["h4"])["h4"]]

    learned = frame("here I am", source=2)
    leaf.apply_lines(
        ["set analyzer instance span output te-1/1/4", "set analyzer instance span input ingress te-1/1/1"]
    )
    who_hears(lab, "h2", [learned], listeners=["h1"], seconds=0.3)
    assert heard_by_h4("h1") == ["h1"], "what te-1/1/1 takes in"
    assert heard_by_h4("h3") == [], "what another port takes in"
    leaf.apply_lines(
        [
            "delete analyzer instance span input ingress te-1/1/1",
            "set analyzer instance span input egress te-1/1/2",
        ]
    )
    who_hears(lab, "h2", [learned], listeners=["h1"], seconds=0.3)
    assert heard_by_h4("h3") == ["h3"], "what te-1/1/2 sends"
    assert who_hears(lab, "h4", [frame("spy")], listeners=["h1"], seconds=0.5) == {"h1": []}
    leaf.delete("analyzer")
    who_hears(lab, "h2", [learned], listeners=["h1"], seconds=0.3)
    assert heard_by_h4("h3") == []


def test_ageing_is_what_is_configured(lab: Lab, leaf: Switch) -> None:
    leaf.apply_lines("set forwarding-options mac-aging-time 900")
    row = lab.switch("leaf").run(
        [
            "ovs-vsctl",
            f"--db={lab.switch('leaf').database}",
            "get",
            "bridge",
            "br0",
            "other_config:mac-aging-time",
        ]
    )
    assert row.stdout.strip() == '"900"'


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"{PORT.format(1)} speed 1000", "kernel-settings: the speed of network device te-1-1-1 can't be set"),
        (f"{PORT.format(1)} ether-options flow-control enable true", "te-1-1-1 knows no pause frames"),
        (f"{PORT.format(1)} ether-options mac-learning enable false", "openvswitch: Open vSwitch learns on every port"),
        (f"{PORT.format(1)} edge-port enable true", "openvswitch: there is no spanning tree"),
        (f"{PORT.format(1)} storm-control unicast kilobits 1", "openvswitch: unicast frames to unknown addresses"),
        ("set forwarding-options forwarding-mode cut-through", "openvswitch: Open vSwitch has a frame as a whole"),
        ("set forwarding-options mac-aging-time 3601", "at most 3600 seconds, not 3601"),
        ("set forwarding-options load-balance lag tunnel inner", "Open vSwitch hashes the outer ones"),
        ("set forwarding-options load-balance lag key ingress-interface enable true", "can't be a key"),
        ("set forwarding-options load-balance ecmp key dest-mac enable true", "dest-mac can't be a key"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_with_driver_and_reason(leaf: Switch, line: str, reason: str) -> None:
    with pytest.raises(NotRealisable, match=reason):
        leaf.apply_lines(line)
    assert leaf.system().troubles == []


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([f"{PORT.format(p)} static-mac-address 02:00:00:00:00:99" for p in (1, 2)], "behind te-1/1/1 in VLAN 1"),
        ([f"{PORT.format(1)} static-mac-address 01:00:00:00:00:99"], "can't be a host's address"),
        (["set analyzer instance s output te-1/1/1", "set analyzer instance s input ingress te-1/1/1"], "itself"),
        (["set analyzer instance s input ingress te-1/1/1"], "output is missing"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(leaf: Switch, lines: list[str], reason: str) -> None:
    with pytest.raises(RuleViolation, match=reason):
        leaf.apply_lines(lines)


def test_next_hops_are_chosen_by_the_configured_fields(lab: Lab, leaf: Switch) -> None:
    leaf.apply_lines(
        [
            f"set forwarding-options load-balance ecmp key {key} enable false"
            for key in ("l4-source-port", "source-ip")
        ]
    )
    node = lab.switch("leaf").node
    place = "/proc/sys/net/ipv4/fib_multipath_hash_"
    assert node.run(["cat", f"{place}policy", f"{place}fields"]).stdout.split() == ["3", "38"]
    leaf.delete("forwarding-options")
    assert node.run(["cat", f"{place}policy"]).stdout.strip() == "1"


def test_counters_count_frames_and_begin_at_zero_when_cleared(lab: Lab, leaf: Switch) -> None:
    leaf.cli("clear interface statistics te-1/1/1")
    frames = [frame(f"number {n}", size=100) for n in range(25)]
    who_hears(lab, "h1", frames, listeners=["h2"], seconds=0.5)
    shown = leaf.cli("show interface gigabit-ethernet te-1/1/1")
    assert "Input Packets.........................25\n" in shown
    assert "Input Octets..........................2500\n" in shown
    assert "Input Other Host Discards" in leaf.cli("show interface gigabit-ethernet te-1/1/1 detail")
    leaf.cli("clear interface statistics te-1/1/1")
    assert leaf.state("statistics te-1/1/1 in-packets") == 0
    lab.switch("leaf").restart_agent()
    assert leaf.state("statistics te-1/1/1 in-packets") < 25, "clearing outlives the agent"


def test_the_mac_table_is_shown_and_cleared(lab: Lab, leaf: Switch) -> None:
    leaf.apply_lines(f"{PORT.format(3)} static-mac-address 02:00:5e:10:00:07")
    for host, source in (("h1", 0x11), ("h2", 0x22)):
        who_hears(lab, host, [frame("here", source=source)], listeners=["h4"], seconds=0.3)

    def table() -> dict[str, list[str]]:
        rows = leaf.cli("show ethernet-switching table").splitlines()[3:]
        return {row.split()[1]: row.split()[2:] for row in rows}

    # What a cached flow has forwarded is learned from when it's counted, which is twice a second.
    until(lambda: {"02:00:00:00:00:11", "02:00:00:00:00:22"} <= set(table()))
    found = table()
    assert found["02:00:5e:10:00:07"] == ["Static", "0", "te-1/1/3"]
    assert found["02:00:00:00:00:11"][::2] == ["Dynamic", "te-1/1/1"]
    assert found["02:00:00:00:00:22"][::2] == ["Dynamic", "te-1/1/2"]
    leaf.cli("clear ethernet-switching table te-1/1/1")
    assert {"02:00:00:00:00:11", "02:00:00:00:00:22", "02:00:5e:10:00:07"} & set(table()) == {
        "02:00:00:00:00:22", "02:00:5e:10:00:07",
    }  # fmt: skip
    leaf.cli("clear ethernet-switching table all")
    assert "02:00:00:00:00:22" not in table()
    assert "02:00:5e:10:00:07" in table()
    with pytest.raises(ConnetosError, match="this switch has no port te-1/1/9"):
        leaf.cli("clear ethernet-switching table te-1/1/9")


def test_the_sdk_tells_and_clears_the_same(lab: Lab, leaf: Switch) -> None:
    leaf.apply_lines(f"{PORT.format(3)} static-mac-address 02:00:5e:10:00:07")
    who_hears(lab, "h1", [frame("here", source=0x11)], listeners=["h4"], seconds=0.3)

    def places() -> dict[str, tuple[str, bool]]:
        return {entry.mac_address: (entry.interface, entry.static) for entry in leaf.mac_table()}

    until(lambda: places().get("02:00:00:00:00:11") == ("te-1/1/1", False))
    assert places()["02:00:5e:10:00:07"] == ("te-1/1/3", True)
    assert leaf.clear_mac_table("te-1/1/1") >= 1
    assert "02:00:00:00:00:11" not in places()
    assert leaf.counters()["te-1/1/1"]["in-packets"] > 0
    assert leaf.clear_counters("te-1/1/1") == 1
    assert leaf.counters()["te-1/1/1"]["in-packets"] == 0
    assert leaf.aggregates() == {}


def test_a_static_address_may_have_been_learned_elsewhere_before(lab: Lab, leaf: Switch) -> None:
    who_hears(lab, "h3", [frame("here", source=0x99)], listeners=["h4"], seconds=0.3)
    leaf.apply_lines(f"{PORT.format(2)} static-mac-address 02:00:00:00:00:99")
    to_it = UNICAST + b"to 99".hex()
    assert who_hears(lab, "h1", [to_it.ljust(120, "0")], listeners=["h2", "h3"]) == {
        "h2": [(None, "to 99")],
        "h3": [],
    }


def test_a_mirror_is_shown_as_documented(leaf: Switch) -> None:
    leaf.apply_lines(
        [
            "set analyzer instance span-a output te-1/1/4",
            "set analyzer instance span-a input ingress te-1/1/3",
        ]
    )
    assert leaf.cli("show analyzer span-a") == (
        "Analyzer name: span-a\nOutput interface: <te-1/1/4>\n"
        "Ingress monitored interfaces: <te-1/1/3>\nEgress monitored interfaces:\n"
    )
