"""`fabric-change-50`, ms to change 50 switches as one: plan on all, commit confirmed on all, check, confirm on all.

* ours: `FabricChange` over 50 connections.
* peer: the same change of one switch, with the same steps.

The switches are 50 agents on the memory data plane, each a process of its own; both sides have connections that stand.
"""

from __future__ import annotations

import os
from contextlib import ExitStack

from benchmarks.measure import Progress, medians
from benchmarks.rig import BenchmarkError, Rig
from benchmarks.rows import Row
from connetos_sdk import Switch
from connetos_sdk.fabric import FabricChange, answers
from connetos_sdk.lab import Lab, Topology

COUNT = 50
NAME = f"fabric-change-{COUNT}"
AIM = 5.0
RUNS = 9


def run(_rig: Rig, progress: Progress) -> Row:
    """Measure; see the module's description."""
    progress(f"starting {COUNT} switches")
    with Lab(_topology()) as lab, ExitStack() as stack:
        switches = {
            node.name: stack.enter_context(
                Switch(node.url, username=node.username, password=node.password, ca_file=node.ca_file)
            )
            for node in lab.switches
        }
        first = dict([next(iter(switches.items()))])
        took = medians(
            lambda number: _change(switches, f"all-{number}"),
            lambda number: _change(first, f"one-{number}"),
            runs=RUNS,
            warm_up=2,
            progress=progress,
        )
    return Row.compared(NAME, *took, "ms", AIM)


def _topology() -> Topology:
    switches = {f"s{number}": {"ports": 4} for number in range(COUNT)}
    name = f"bench-fabric-{os.getpid()}"
    return Topology.from_document({"name": name, "dataplane": "memory", "switches": switches}, "benchmarks")


def _change(switches: dict[str, Switch], vlan_name: str) -> None:
    lines = f"set vlans vlan-id 10 vlan-name {vlan_name}"
    report = FabricChange(switches, dict.fromkeys(switches, lines)).run(checks=[answers()])
    if not report.ok or not all(one.outcome == "changed" for one in report.switches.values()):
        raise BenchmarkError(report.text)
