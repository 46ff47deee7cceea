"""Random filters, random packets: what Open vSwitch does is what the documents say, evaluated here in a few lines."""

from __future__ import annotations

import ipaddress
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from connetos_agent.dataplane.openvswitch.control import Control
from connetos_agent.dataplane.openvswitch.filter_flows import port_masks
from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from tests.conftest import connect, topology

SEED = int(os.environ.get("FILTER_TEST_SEED") or random.randrange(1 << 32))
FILTERS = int(os.environ.get("FILTER_TEST_FILTERS", "12"))
PACKETS = int(os.environ.get("FILTER_TEST_PACKETS", "150"))

NAMES = {
    "tcp": 6,
    "udp": 17,
    "icmp": 1,
    "ospf": 89,
    "https": 443,
    "telnet": 23,
    "arp": 0x0806,
    "ipv4": 0x0800,
}
NATIVE, OTHER = 10, 20


@dataclass(frozen=True)
class Packet:
    """A frame; `vlan` is the one it is switched in, the fields of IP are None where it hasn't any."""

    source_mac: str
    target_mac: str
    vlan: int
    priority: int | None
    ether_type: int
    source: str | None = None
    target: str | None = None
    dscp: int | None = None
    protocol: int | None = None
    ports: tuple[int, int] | None = None

    def leaving(self) -> Packet:
        """As it leaves a trunk: untagged in the native VLAN."""
        return Packet(**{**vars(self), "priority": None if self.vlan == NATIVE else self.priority})

    def flow(self) -> str:
        """For ofproto/trace (ovs-fields(7))."""
        text = f"dl_src={self.source_mac},dl_dst={self.target_mac},dl_type={self.ether_type:#06x}"
        if self.priority is not None:
            text += f",dl_vlan={self.vlan},dl_vlan_pcp={self.priority}"
        if self.protocol is not None:
            kind = "nw" if self.ether_type == 0x0800 else "ipv6"
            text += f",{kind}_src={self.source},{kind}_dst={self.target}"
            text += f",nw_proto={self.protocol},nw_tos={(self.dscp or 0) << 2}"
        if self.ports is not None:
            name = {6: "tcp", 17: "udp", 132: "sctp"}[self.protocol or 0]
            text += f",{name}_src={self.ports[0]},{name}_dst={self.ports[1]}"
        return text


def meets(packet: Packet, condition: tuple[str, str, str]) -> bool:
    """Whether a packet meets one condition of a term."""
    field, form, value = condition
    if form == "range":
        low, high = map(int, value.split(":"))
        numbers = range(low, high + 1)
    else:
        plain = form in ("name", "number", "value")
        numbers = range(0)
        if plain:
            number = NAMES[value] if form == "name" else int(value)
            numbers = range(number, number + 1)
    if field.endswith("-mac"):
        return value == (packet.source_mac if field == "source-mac" else packet.target_mac)
    if field.endswith("-ipv4"):
        address = packet.source if field == "source-ipv4" else packet.target
        network = ipaddress.ip_network(value, strict=False)
        return packet.ether_type == 0x0800 and ipaddress.ip_address(address or "") in network
    if field.startswith("l4-"):
        return packet.ports is not None and packet.ports[field == "l4-dest-port"] in numbers
    own = {
        "cos": packet.priority, "dscp": packet.dscp, "ether-type": packet.ether_type,
        "protocol": packet.protocol, "vlan": packet.vlan,
    }[field]  # fmt: skip
    return own in numbers


Term = tuple[str, str, list[tuple[str, str, str]]]


def passes(packet: Packet, terms: list[Term]) -> bool:
    """The first term of which one condition is met decides; what meets none passes."""
    for _, action, conditions in terms:
        if any(meets(packet, condition) for condition in conditions):
            return action == "forward"
    return True


class Chance:
    """Makes filters and packets out of few values, so that they have something to do with each other."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def mac(self) -> str:
        return f"02:00:5e:10:00:{self.random.randrange(3):02x}"

    def address(self) -> str:
        return f"198.18.{self.random.randrange(3)}.{self.random.randrange(4)}"

    def port(self) -> int:
        return self.random.choice([0, 22, 23, 80, 443, 1023, 1024, 2000, 2050, 2100, 65535])

    def condition(self) -> tuple[str, str, str]:
        pick = self.random
        side = pick.choice(["source", "dest"])
        return pick.choice(
            [
                lambda: ("cos", "value", str(pick.randrange(8))),
                lambda: ("dscp", "value", str(pick.choice([0, 26, 46]))),
                lambda: (f"{side}-mac", "hwaddr", self.mac()),
                lambda: (f"{side}-ipv4", "network", f"{self.address()}/{pick.choice([0, 8, 23, 24, 30, 31, 32])}"),
                lambda: ("ether-type", "name", pick.choice(["arp", "ipv4"])),
                lambda: ("ether-type", "number", str(pick.choice([0x0800, 0x86DD, 0x88B5]))),
                lambda: (f"l4-{side}-port", "name", pick.choice(["https", "telnet"])),
                lambda: (f"l4-{side}-port", "number", str(self.port())),
                lambda: (f"l4-{side}-port", "range", ":".join(map(str, sorted((self.port(), self.port()))))),
                lambda: ("protocol", "name", pick.choice(["tcp", "udp", "icmp", "ospf"])),
                lambda: ("protocol", "number", str(pick.choice([1, 6, 17, 47, 132]))),
                lambda: ("vlan", "number", str(pick.choice([NATIVE, OTHER]))),
            ]
        )()  # fmt: skip

    def terms(self, prefix: str) -> list[Term]:
        return [
            (
                f"{prefix}-{n}",
                self.random.choice(["discard", "forward"]),
                [self.condition() for _ in range(self.random.randrange(4))],
            )
            for n in range(1, self.random.randint(2, 12))
        ]

    def packet(self) -> Packet:
        pick = self.random
        vlan = pick.choice([NATIVE, OTHER])
        priority = None if vlan == NATIVE and pick.random() < 0.7 else pick.randrange(8)
        frame = (self.mac(), self.mac(), vlan, priority)
        family = pick.choice([0x0800, 0x0800, 0x0800, 0x86DD, 0x0806, 0x88B5])
        if family not in (0x0800, 0x86DD):
            return Packet(*frame, family)
        ends = self.address(), self.address()
        if family == 0x86DD:
            ends = "2001:db8::1", "2001:db8::2"
        protocol = pick.choice([1, 6, 6, 17, 17, 47, 89, 132])
        ports = (self.port(), self.port()) if protocol in (6, 17, 132) else None
        return Packet(*frame, family, *ends, pick.choice([0, 26, 46]), protocol, ports)


def lines(name: str, terms: list[Term]) -> list[str]:
    out = [f"set firewall filter {name}"] if not terms else []
    for term, action, conditions in terms:
        out += [
            f"set firewall term {term}",
            f"set firewall filter {name} matching term {term} action {action}",
        ]
        out += [f"set firewall term {term} {' '.join(condition)}" for condition in conditions]
    return out


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    text = f"name: sem-{os.getpid()}\ndataplane: openvswitch\nswitches:\n  leaf: {{ports: 2}}\n"
    text += 'hosts:\n  h1: {link: "leaf:te-1/1/1"}\n  h2: {link: "leaf:te-1/1/2"}\n'
    with Lab(topology(text, tmp_path_factory.mktemp("lab"))) as lab:
        yield lab


@pytest.fixture
def leaf(lab: Lab) -> Iterator[Switch]:
    with connect(lab.switch("leaf")) as switch:
        yield switch


@pytest.mark.ovs
def test_open_vswitch_does_what_the_documents_say(lab: Lab, leaf: Switch) -> None:
    print(f"FILTER_TEST_SEED={SEED}")
    chance = Chance(SEED)
    trunk = "set interface gigabit-ethernet te-1/1/{} family ethernet-switching {}"
    leaf.apply_lines(
        [f"set vlans vlan-id {vlan}" for vlan in (NATIVE, OTHER)]
        + [
            trunk.format(port, rest)
            for port in (1, 2)
            for rest in ("port-mode trunk", f"native-vlan-id {NATIVE}", f"vlan members {OTHER}")
        ]
    )
    switch = lab.switch("leaf")
    control = Control(str(switch.control), Path("/nowhere"))
    (number,) = (
        line.split("/")[1].split(":")[0]
        for line in control.call("dpif/show").splitlines()
        if line.split()[0] == "te-1-1-2"
    )
    decided = {True: 0, False: 0}
    for _ in range(FILTERS):
        coming, going = chance.terms("in"), chance.terms("out")
        leaf.apply_lines(
            [
                *lines("coming", coming),
                *lines("going", going),
                "set firewall filter coming input gigabit-ethernet te-1/1/1",
                "set firewall filter going output gigabit-ethernet te-1/1/2",
            ]
        )
        for _ in range(PACKETS):
            packet = chance.packet()
            expected = passes(packet, coming) and passes(packet.leaving(), going)
            answer = control.call("ofproto/trace", "br0", f"in_port=te-1-1-1,{packet.flow()}")
            actions = answer.rpartition("Datapath actions: ")[2].strip().split(",")
            assert (number in actions) == expected, f"seed {SEED}: {packet}\n{coming}\n{going}\n{answer}"
            decided[expected] += 1
        leaf.delete("firewall")
    assert min(decided.values()) > FILTERS * PACKETS / 20, f"seed {SEED}: too few of one sort: {decided}"
    control.close()


def test_masks_cover_a_range_of_ports_and_nothing_else() -> None:
    chance = random.Random(SEED)
    for _ in range(200):
        first, last = sorted(chance.choice([0, 65535, chance.randrange(65536)]) for _ in range(2))
        masks = list(port_masks(first, last))
        assert len(masks) <= 30
        covered = [port for value, mask in masks for port in range(value, value + (mask ^ 0xFFFF) + 1)]
        assert covered == list(range(first, last + 1)), f"seed {SEED}: {first}:{last}"
