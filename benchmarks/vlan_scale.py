"""`vlan-scale`, ms: a switch of 64 trunk ports and all the VLANs there are is configured, read back and rolled back.

* ours: one `Switch.merge` of all VLANs with names and of 64 ports that carry all of them, reading all of the state of
  VLANs and ports, and rolling back, at three sizes: 1,024, 2,047 and 4,094 VLANs, VLAN 1 among them.
* peer: four times the smallest size, which is what the largest would cost if the cost grew with the number of VLANs.

A ratio above 1 is growth worse than linear. The table below the benchmarks has the parts, and the agent's memory.
"""

from __future__ import annotations

import gc
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.measure import Progress
from benchmarks.rig import BenchmarkError, Rig
from benchmarks.rows import Row
from connetos_sdk import Switch
from connetos_sdk.lab import Lab, LabSwitch, Topology

NAME = "vlan-scale"
AIM = 1.1
PORTS = 64
SIZES = (1023, 2046, 4093)
ROUNDS = 2
"""Of each size; the quicker one counts."""


def run(rig: Rig, progress: Progress) -> Row:  # noqa: ARG001 - it needs more ports than the rig has
    """Measure; see the module's description."""
    notes, totals = [], []
    with big_switch() as (node, switch):
        start = switch.revision()
        for size in SIZES:
            best: tuple[float, ...] = ()
            for number in range(ROUNDS):
                progress(f"{size} VLANs, round {number + 1} of {ROUNDS}")
                found = _round(node, switch, size, start)
                best = min(best, found, key=lambda parts: sum(parts[:3])) if best else found
            totals.append(sum(best[:3]))
            notes.append(
                f"{size + 1} VLANs: configured in {best[0]:.0f} ms, read in {best[1]:.0f} ms, "
                f"rolled back in {best[2]:.0f} ms, agent {best[3]:.0f} MiB"
            )
    linear = totals[0] * SIZES[-1] / SIZES[0]
    return Row.compared(NAME, totals[-1], linear, "ms", AIM, note="; ".join(notes))


def _round(
    node: LabSwitch, switch: Switch, size: int, start: int | None
) -> tuple[float, float, float, float]:
    gc.collect()
    times = [time.perf_counter()]
    switch.merge(document(node, size))
    times.append(time.perf_counter())
    vlans = switch.state("vlans")["vlan-id"]
    ports = switch.state("interface")["gigabit-ethernet"]
    times.append(time.perf_counter())
    carried = [len(port["vlans"]) for port in ports.values()]
    if len(vlans) != size + 1 or carried != [size + 1] * PORTS:
        raise BenchmarkError(f"{len(vlans)} VLANs on ports that carry {sorted(set(carried))}, not {size + 1}")
    memory = _resident(node.agent_pid)
    begin = time.perf_counter()
    switch.rollback(revision=start)
    end = time.perf_counter()
    configured, read = (1000 * (b - a) for a, b in pairwise(times))
    return configured, read, 1000 * (end - begin), memory


def document(node: LabSwitch, size: int) -> dict[str, Any]:
    """The configuration that is merged: so many VLANs besides VLAN 1."""
    vlans = list(range(2, size + 2))
    trunk = {"port-mode": "trunk", "vlan": {"members": vlans}}
    return {
        "vlans": {"vlan-id": {str(vlan): {"vlan-name": f"tenant-{vlan}"} for vlan in vlans}},
        "interface": {
            "gigabit-ethernet": {
                port: {"family": {"ethernet-switching": trunk}} for port in node.spec.port_names
            }
        },
    }


def _resident(pid: int | None) -> float:
    found = re.search(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


@contextmanager
def big_switch() -> Iterator[tuple[LabSwitch, Switch]]:
    """A switch of 64 ports, and a connection to it."""
    text = f"name: scale-{os.getpid()}\ndataplane: openvswitch\nswitches:\n  big: {{ports: {PORTS}}}\n"
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "lab.yaml"
        path.write_text(text)
        with Lab(Topology.load(path)) as lab:
            node = lab.switch("big")
            with Switch(
                node.url, username=node.username, password=node.password, ca_file=node.ca_file
            ) as switch:
                yield node, switch
