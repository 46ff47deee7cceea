"""`navmesh-fabric`, milliseconds: the way of a flow over five routers, from a host to another.

* ours: `Fabric.follow`, which asks the five switches at once, over REST with TLS.
* peer: `traceroute -n -q 1` of the same way, at the host; routers and host
  may send as many ICMP errors as they want.

Medians, measured in turn, in a lab of its own.
"""

from __future__ import annotations

import contextlib
import itertools
import os

from benchmarks.measure import Progress, medians
from benchmarks.rig import BenchmarkError, Rig
from benchmarks.rows import Row
from connetos_sdk import Switch
from connetos_sdk.lab import Lab, Topology
from connetos_sdk.navmesh import Fabric, FiveTuple

NAME = "navmesh-fabric"
AIM = 0.5
ROUTERS = 5
RUNS, WARM_UP = 30, 3
SENDER, RECEIVER = "198.18.100.1", "198.18.200.1"


def run(_rig: Rig, progress: Progress) -> Row:
    """Measure; see the module's description."""
    progress(f"setting up {ROUTERS} routers in a row")
    with Lab(_topology()) as lab, contextlib.ExitStack() as stack:
        switches = {
            node.name: stack.enter_context(
                Switch(node.url, username=node.username, password=node.password, ca_file=node.ca_file)
            )
            for node in lab.switches
        }
        for number, (name, switch) in enumerate(switches.items()):
            switch.apply_lines(_lines(number))
            lab.switch(name).run(["sysctl", "-qw", "net.ipv4.icmp_ratelimit=0"])
        host = lab.host("sender")
        lab.host("receiver").run(["sysctl", "-qw", "net.ipv4.icmp_ratelimit=0"])
        if not any(host.ping(RECEIVER, timeout=3) for _ in range(5)):
            raise BenchmarkError("the hosts don't reach each other")
        fabric = Fabric.of_lab(lab, switches)

        def ours(number: int) -> None:
            trip = fabric.follow(FiveTuple(SENDER, RECEIVER, "udp", 20000 + number, 33434), "sender")
            if trip.outcome != "delivered" or len(trip.branches[0].hops) != ROUTERS:
                raise BenchmarkError(f"navmesh says {trip}")

        def peer(_number: int) -> None:
            done = host.run(["traceroute", "-n", "-q", "1", RECEIVER])
            if f"{ROUTERS + 1}  {RECEIVER}" not in done.stdout or "*" in done.stdout:
                raise BenchmarkError(f"traceroute says {done.stdout}{done.stderr}")

        own, other = medians(ours, peer, runs=RUNS, warm_up=WARM_UP, progress=progress)
    return Row.compared(NAME, own, other, "ms", AIM)


def _topology() -> Topology:
    names = [f"r{n}" for n in range(ROUTERS)]
    return Topology.from_document(
        {
            "name": f"bench-row-{os.getpid()}",
            "dataplane": "openvswitch",
            "switches": {name: {"ports": 2} for name in names},
            "hosts": {
                "sender": {"link": "r0:te-1/1/1", "address": f"{SENDER}/24", "gateway": "198.18.100.254"},
                "receiver": {
                    "link": f"r{ROUTERS - 1}:te-1/1/2", "address": f"{RECEIVER}/24", "gateway": "198.18.200.254",
                },
            },
            "links": [[f"{a}:te-1/1/2", f"{b}:te-1/1/1"] for a, b in itertools.pairwise(names)],
        },
        "benchmarks",
    )  # fmt: skip


def _lines(number: int) -> str:
    """Router `number` of the row: subnet 198.18.<10 + n> between it and the next one."""
    left = "198.18.100.254" if number == 0 else f"198.18.{9 + number}.2"
    right = "198.18.200.254" if number == ROUTERS - 1 else f"198.18.{10 + number}.1"
    lines = [line for port, address in ((1, left), (2, right)) for line in _interface(port, address)]
    if number > 0:
        lines.append(f"set protocols static route 198.18.100.0/24 next-hop 198.18.{9 + number}.1")
    if number < ROUTERS - 1:
        lines.append(f"set protocols static route 198.18.200.0/24 next-hop 198.18.{10 + number}.2")
    return "\n".join(lines)


def _interface(port: int, address: str) -> list[str]:
    vlan = 10 * port
    return [
        f"set vlans vlan-id {vlan} l3-interface vlan{vlan}",
        f"set vlan-interface interface vlan{vlan} address {address} prefix-length 24",
        f"set interface gigabit-ethernet te-1/1/{port} family ethernet-switching native-vlan-id {vlan}",
    ]
