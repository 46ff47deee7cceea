"""Navmesh against the ports on which packets are seen: random flows through a fabric, half of the time broken.

`NAVMESH_TRUTH_SEED=... NAVMESH_TRUTH_ROUNDS=...` repeat a run or make it longer; the seed is printed. A round is one
state of the fabric with a dozen and a half flows.
"""

from __future__ import annotations

import os
import random
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from connetos_agent.services.diagnostics.icmp import checksum
from connetos_sdk.errors import ConnetosError
from connetos_sdk.lab.topology import netdev_name
from connetos_sdk.navmesh import FiveTuple
from connetos_sdk.navmesh.trips import Branch, Hop, Trip
from tests.navmesh.conftest import Site
from tests.navmesh.fabric import AGGREGATED, STRETCHED, between

pytestmark = [pytest.mark.ovs, pytest.mark.timeout(3600)]

ROUNDS = int(os.environ.get("NAVMESH_TRUTH_ROUNDS", "8"))
SEED = int(os.environ.get("NAVMESH_TRUTH_SEED", str(random.randrange(1 << 31))))
FLOWS = 18
TROUBLES_AT_ONCE = 5
QUIET_SECONDS = 0.7
PROGRAM = str(Path(__file__).with_name("sniffer.py"))
ICMP, TCP, UDP, SCTP = 1, 6, 17, 132

Key = tuple[str, str, int, int, int]
Place = tuple[str, str, str]
"""Switch, port, `in` or `out`."""


class Sightings:
    """What is seen on the ports of all switches."""

    def __init__(self, site: Site) -> None:
        self.seen: dict[Key, set[Place]] = {}
        self.last = time.monotonic()
        self._processes: list[subprocess.Popen[str]] = []
        ports = {netdev_name(f"te-1/1/{n}"): f"te-1/1/{n}" for n in range(1, 9)}
        for node in site.lab.switches:
            process = node.node.start([sys.executable, "-I", PROGRAM])
            assert process.stdout
            assert process.stdout.readline() == "ready\n", process.stderr and process.stderr.read()
            threading.Thread(target=self._read, args=(node.name, process, ports), daemon=True).start()
            self._processes.append(process)

    def _read(self, switch: str, process: subprocess.Popen[str], ports: dict[str, str]) -> None:
        assert process.stdout
        for line in process.stdout:
            device, way, source, destination, *numbers = line.split()
            protocol, first, second = map(int, numbers)
            place = (switch, ports[device], way)
            self.seen.setdefault((source, destination, protocol, first, second), set()).add(place)
            self.last = time.monotonic()

    def settle(self) -> None:
        """Wait until nothing more comes."""
        self.last = time.monotonic()
        while time.monotonic() - self.last < QUIET_SECONDS:
            time.sleep(0.05)

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()


@pytest.fixture
def sightings(site: Site) -> Iterator[Sightings]:
    watching = Sightings(site)
    yield watching
    watching.close()


# -- frames -------------------------------------------------------------------------------------------


def frame(flow: FiveTuple, source_mac: str, destination_mac: str, number: int) -> str:
    """The frame that a host sends, in hexadecimal digits; `number` is the identifier of ICMP."""
    protocol = int(flow.protocol)
    if protocol == ICMP:
        body = struct.pack("!BBHHH", 8, 0, 0, number, 1)
        body = struct.pack("!BBHHH", 8, 0, checksum(body), number, 1)
    elif protocol == TCP:
        body = struct.pack("!HHIIBBHHH", flow.source_port, flow.destination_port, 1, 0, 80, 2, 1000, 0, 0)
    elif protocol == UDP:
        body = struct.pack("!HHHH", flow.source_port, flow.destination_port, 8, 0)
    else:
        body = struct.pack("!HHII", flow.source_port, flow.destination_port, 0, 0)
    addresses = b"".join(bytes(map(int, address.split("."))) for address in (flow.source, flow.destination))
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, protocol, 0) + addresses
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    ethernet = bytes.fromhex((destination_mac + source_mac).replace(":", "")) + b"\x08\x00"
    return (ethernet + head + body).ljust(60, b"\0").hex()


_SEND = """
import socket, sys
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sock.bind(("eth0", 0))
for line in sys.stdin:
    try:
        sock.send(bytes.fromhex(line))
    except OSError as error:
        if error.errno not in (100, 105):  # the link is down
            raise
"""


@dataclass
class Case:
    flow: FiveTuple
    host: str
    number: int
    trip: Trip | None = None

    @property
    def key(self) -> Key:
        ports = (
            (self.number, 0)
            if self.flow.protocol == ICMP
            else (self.flow.source_port, self.flow.destination_port)
        )
        return (self.flow.source, self.flow.destination, int(self.flow.protocol), *ports)


def send(site: Site, cases: list[Case]) -> None:
    for host in sorted({case.host for case in cases}):
        lines = []
        for case in (case for case in cases if case.host == host):
            first = site.fabric.first_frame(site.fabric.hosts[host], case.flow)
            lines.append(frame(case.flow, first.source_mac, first.destination_mac, case.number))
        done = site.lab.host(host).run([sys.executable, "-I", "-c", _SEND], stdin="\n".join(lines))
        assert done.returncode == 0, done.stderr


# -- what goes wrong ------------------------------------------------------------------------------------


def uplink_down(dice: random.Random) -> tuple[str, str]:
    return (
        f"leaf{dice.randint(1, 4)}",
        f"set interface gigabit-ethernet te-1/1/{dice.choice((7, 8))} enable false",
    )


def host_port_down(dice: random.Random) -> tuple[str, str]:
    return (
        f"leaf{dice.randint(1, 3)}",
        f"set interface gigabit-ethernet te-1/1/{dice.choice((1, 2))} enable false",
    )


def route_gone(dice: random.Random) -> tuple[str, str]:
    leaf, other = dice.sample((1, 2, 3, 4), 2)
    return dice.choice(
        (f"leaf{leaf}", "spine1", "spine2")
    ), f"delete protocols static route 198.18.{other}.0/24"


def next_hop_gone(dice: random.Random) -> tuple[str, str]:
    leaf, other = dice.sample((1, 2, 3, 4), 2)
    route = f"protocols static route 198.18.{other}.0/24"
    return f"leaf{leaf}", f"delete {route}\nset {route} next-hop 198.18.{100 + 10 * leaf + 1}.77"


def vlan_missing_on_trunk(dice: random.Random) -> tuple[str, str]:
    leaf = dice.randint(1, 3)
    switch, port = dice.choice(((f"leaf{leaf}", 7), ("spine1", leaf)))
    return (
        switch,
        f"delete interface gigabit-ethernet te-1/1/{port} family ethernet-switching vlan members {STRETCHED}",
    )


def wrong_native_vlan(dice: random.Random) -> tuple[str, str]:
    port = f"set interface gigabit-ethernet te-1/1/{dice.choice((1, 2, 8))}"
    return (
        f"leaf{dice.randint(1, 3)}",
        f"set vlans vlan-id 999\n{port} family ethernet-switching native-vlan-id 999",
    )


def gateway_gone(dice: random.Random) -> tuple[str, str]:
    leaf = dice.randint(1, 4)
    return f"leaf{leaf}", f"delete vlan-interface interface vlan{leaf} address 198.18.{leaf}.254"


def routes_in_a_circle(dice: random.Random) -> tuple[str, str]:
    leaf, other = dice.sample((1, 2, 3, 4), 2)
    route = f"protocols static route 198.18.{other}.0/24"
    spine = dice.choice((1, 2))
    return f"spine{spine}", f"delete {route}\nset {route} next-hop 198.18.{100 + 10 * leaf + spine}.1"


def aggregate_member_down(dice: random.Random) -> tuple[str, str]:
    switch = dice.choice(("leaf4", "spine2"))
    port = dice.choice(AGGREGATED[switch])
    return switch, f"set interface gigabit-ethernet {port} enable false"


def filtered(dice: random.Random) -> tuple[str, str]:
    """A filter somewhere, at the hosts, between the switches, at an aggregate or a VLAN interface."""
    leaf, spine, name = dice.randint(1, 4), dice.randint(1, 2), f"f{dice.randrange(1000)}"
    switch, kind, interface = dice.choice(
        (
            (f"leaf{leaf}", "gigabit-ethernet", f"te-1/1/{dice.choice((1, 2, 7))}"),
            ("leaf4", "gigabit-ethernet", "ae1"),
            (f"leaf{leaf}", "vlan-interface", f"vlan{dice.choice((leaf, between(leaf, 1)))}"),
            (f"spine{spine}", "vlan-interface", f"vlan{between(leaf, spine)}"),
            ("spine1", "gigabit-ethernet", f"te-1/1/{leaf}"),
        )
    )
    conditions = (
        f"dest-ipv4 network 198.18.{dice.choice((1, 2, 3, 4, 50))}.0/24",
        f"source-ipv4 network 198.18.{dice.choice((1, 2, 3, 4, 50))}.{dice.randint(1, 3)}/32",
        f"l4-dest-port range {dice.randrange(20000)}:{dice.randint(20000, 65535)}",
        f"protocol number {dice.choice((ICMP, TCP, UDP, SCTP))}",
    )
    passed, stopped = dice.sample(conditions, 2)
    filter_ = f"set firewall filter {name}"
    return switch, "\n".join(
        (
            f"set firewall term {name}-1 {passed}",
            f"set firewall term {name}-2 {stopped}",
            f"{filter_} matching term {name}-1 action {dice.choice(('forward', 'discard'))}",
            f"{filter_} matching term {name}-2 action discard",
            f"{filter_} {dice.choice(('input', 'output'))} {kind} {interface}",
        )
    )


TROUBLES: tuple[Callable[[random.Random], tuple[str, str]], ...] = (
    uplink_down, host_port_down, route_gone, next_hop_gone, vlan_missing_on_trunk, wrong_native_vlan, gateway_gone,
    routes_in_a_circle, aggregate_member_down, filtered,
)  # fmt: skip
FILTERS_BESIDES = 6


@contextmanager
def broken(site: Site, dice: random.Random, troubles: int) -> Iterator[list[tuple[str, str]]]:
    """Break the fabric in some ways, and mend it afterwards."""
    before = {name: switch.revision() for name, switch in site.switches.items()}
    made = [dice.choice(TROUBLES)(dice) for _ in range(troubles)]
    made += [filtered(dice) for _ in range(FILTERS_BESIDES if troubles else 0)]
    try:
        for switch, lines in made:
            with suppress(ConnetosError):  # it is broken in this way already
                site.switches[switch].apply_lines(lines)
        yield made
    finally:
        for switch in {switch for switch, _ in made}:
            site.switches[switch].rollback(revision=before[switch])


def random_cases(dice: random.Random, site: Site, first: int) -> list[Case]:
    cases = []
    for number in range(first, first + FLOWS):
        stretched = dice.random() < 0.3
        names = [name for name in site.fabric.hosts if name.startswith("w" if stretched else "h")]
        here, there = dice.sample(names, 2)
        source, destination = site.fabric.hosts[here].ip, site.fabric.hosts[there].ip
        if dice.random() < 0.05:
            destination = "203.0.113.7" if not stretched else "198.18.50.77"
        protocol = dice.choices((UDP, TCP, ICMP, SCTP), (5, 5, 2, 1))[0]
        ports = (0, 0) if protocol == ICMP else (20000 + number, dice.randint(1, 65535))
        cases.append(Case(FiveTuple(source, destination, protocol, *ports), here, number))
    return cases


# -- the comparison -----------------------------------------------------------------------------------


def places(branches: Sequence[Branch], depth: int = 0) -> list[set[Place]]:
    """For each way that navmesh says is possible from here on, the ports that the packet passes.

    Branches that differ in what a switch does are alternatives; those that differ only in its ports are a flood, whose
    copies take all of them.
    """
    ways: list[set[Place]] = []
    there = [branch for branch in branches if len(branch.hops) > depth]
    for path in {str(branch.hops[depth].path) for branch in there}:
        taken = [branch for branch in there if str(branch.hops[depth].path) == path]
        copies: list[set[Place]] = [set(_hop(taken[0].hops[depth]))]
        for egress in {branch.hops[depth].egress for branch in taken}:
            copy = [branch for branch in taken if branch.hops[depth].egress == egress]
            out = set(_hop(copy[0].hops[depth]))
            copies = [way | out | more for way in copies for more in places(copy, depth + 1)]
        ways += copies
    return ways or [set()]


def _hop(hop: Hop) -> Iterator[Place]:
    if hop.path is None or hop.path.ingress is None or not hop.path.ingress.up:
        return
    yield hop.switch, hop.ingress, "in"
    if hop.egress:
        yield hop.switch, hop.egress, "out"


@dataclass
class Score:
    right: int = 0
    broken: int = 0
    lost: int = 0
    filtered: int = 0
    wrong: list[str] = field(default_factory=list)


def test_navmesh_says_where_the_packets_are_seen(site: Site, sightings: Sightings) -> None:
    print(f"NAVMESH_TRUTH_SEED={SEED} NAVMESH_TRUTH_ROUNDS={ROUNDS}")
    dice, score = random.Random(SEED), Score()
    for number in range(ROUNDS):
        with broken(site, dice, TROUBLES_AT_ONCE if number % 2 else 0) as troubles:
            cases = random_cases(dice, site, 1 + number * FLOWS)
            send(site, cases)  # neighbours are asked for, addresses are learned
            sightings.settle()
            for case in cases:
                case.trip = site.fabric.follow(case.flow, case.host)
            for case in cases:
                sightings.seen.pop(case.key, None)
            send(site, cases)
            sightings.settle()
            for case in cases:
                judge(case, sightings, troubles, score)
    total = score.right + len(score.wrong)
    print(
        f"{score.right} of {total} right; {score.broken} in a broken fabric, {score.lost} didn't arrive, "
        f"{score.filtered} met a filter that discards"
    )
    assert not score.wrong, f"seed {SEED}: {len(score.wrong)} of {total} wrong\n" + "\n".join(
        score.wrong[:10]
    )
    assert score.lost > 0


def judge(case: Case, sightings: Sightings, troubles: list[tuple[str, str]], score: Score) -> None:
    assert case.trip is not None
    seen = sightings.seen.get(case.key, set())
    score.broken += bool(troubles)
    score.lost += case.trip.outcome != "delivered"
    score.filtered += any("discards it" in branch.reason for branch in case.trip.branches)
    told = places((*case.trip.branches, *case.trip.stray))
    if seen in told:
        score.right += 1
        return
    outcomes = [
        (branch.outcome, branch.reason, branch.ports) for branch in (*case.trip.branches, *case.trip.stray)
    ]
    score.wrong.append(
        f"{case.flow} from {case.host}, {troubles}\n  told {told}\n  seen {sorted(seen)}\n  {outcomes}"
    )
