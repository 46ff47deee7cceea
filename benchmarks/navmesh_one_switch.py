"""`navmesh-one-switch`, milliseconds: the slowest of a hundred questions where a flow goes through a switch.

* ours: `Switch.navmesh` over REST with TLS: ports, VLANs, the MAC table, what changes, and the lines behind it.
* peer: `ovs-appctl ofproto/trace` of the same frame, started for each question, which tells a part of that.

Both are 99th percentiles, asked in turn.
"""

from __future__ import annotations

import os
import statistics
import subprocess

from benchmarks.measure import Progress, milliseconds
from benchmarks.rig import BenchmarkError, Rig
from benchmarks.rows import Row
from connetos_sdk.lab import LabHost
from connetos_sdk.lab.topology import netdev_name
from connetos_sdk.navmesh import FiveTuple

NAME = "navmesh-one-switch"
AIM = 1.0
QUESTIONS, WARM_UP = 300, 20


def run(rig: Rig, progress: Progress) -> Row:
    """Measure; see the module's description."""
    rig.reset()
    if not rig.sender.ping(_address(rig.receiver), count=2):
        raise BenchmarkError("the hosts don't reach each other")
    progress(f"{QUESTIONS} questions")
    macs = {host.name: _mac(host) for host in (rig.sender, rig.receiver)}
    port = rig.ports[-2]
    frame = {
        "ingress_port": port, "source_mac": macs["sender"], "destination_mac": macs["receiver"],
    }  # fmt: skip
    fields = (
        f"in_port={netdev_name(port)},dl_src={macs['sender']},dl_dst={macs['receiver']},tcp,"
        f"nw_src={_address(rig.sender)},nw_dst={_address(rig.receiver)},nw_ttl=64,tcp_dst=443,tcp_src="
    )
    ours, peer = [], []
    for number in range(QUESTIONS + WARM_UP):
        flow = FiveTuple(_address(rig.sender), _address(rig.receiver), "tcp", 20000 + number, 443)
        ours.append(milliseconds(lambda flow=flow: _ask(rig, flow, frame)))  # type: ignore[misc]
        peer.append(milliseconds(lambda number=number: _trace(rig, f"{fields}{20000 + number}")))  # type: ignore[misc]
    values = [statistics.quantiles(times[WARM_UP:], n=100)[-1] for times in (ours, peer)]
    medians = [statistics.median(times[WARM_UP:]) for times in (ours, peer)]
    return Row.compared(NAME, *values, "ms", AIM, note=f"medians {medians[0]:.2f} and {medians[1]:.2f} ms")


def _ask(rig: Rig, flow: FiveTuple, frame: dict[str, str]) -> None:
    answer = rig.sdk.navmesh(flow, **frame)
    if answer.paths[0].out != (rig.ports[-1],):
        raise BenchmarkError(f"navmesh says {answer.paths[0]}")


def _trace(rig: Rig, fields: str) -> None:
    done = subprocess.run(
        ["ovs-appctl", "-t", str(rig.leaf.control), "ofproto/trace", "br0", fields],
        capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    if "forwarding to learned port" not in done.stdout:
        raise BenchmarkError(f"ofproto/trace says {done.stdout}{done.stderr}")


def _address(host: LabHost) -> str:
    if host.spec.address is None:
        raise BenchmarkError(f"{host.name} has no address")
    return str(host.spec.address.ip)


def _mac(host: LabHost) -> str:
    return host.run(["cat", "/sys/class/net/eth0/address"]).stdout.strip()
