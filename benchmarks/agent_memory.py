"""`agent-memory`, MiB: resident memory (VmRSS) of the agent beside that of ovs-vswitchd of the same switch.

The switch, 48 ports, is switched off and on; then the agent does 50 commits of one leaf, one commit of 1,000
VLANs on all ports, and answers 200 reads of state over REST. Both processes serve the same 48 ports with the
same VLANs when they are looked at. Medians of three rounds.

PSS, which counts a page shared by n processes as 1/n of a page, is told for information.
"""

from __future__ import annotations

import re
import statistics
from pathlib import Path

from benchmarks import commit_1000_vlans, commit_one_leaf
from benchmarks.measure import Progress
from benchmarks.rig import BenchmarkError, Rig
from benchmarks.rows import Row

NAME = "agent-memory"
AIM = 2.5
ROUNDS = 3
COMMITS = 50
READS = 200
AREAS = ("interface", "vlans", "system", "vlan-interface", "route")
KIB_PER_MIB = 1024


def run(rig: Rig, progress: Progress) -> Row:
    """Measure; see the module's description."""
    resident: list[tuple[float, float]] = []
    proportional: list[tuple[float, float]] = []
    for number in range(ROUNDS):
        progress(f"round {number + 1} of {ROUNDS}")
        rig.leaf.reboot()
        _work(rig)
        pids = rig.leaf.agent_pid, rig.leaf.ovs_pid
        resident.append(_both(pids, "status", "VmRSS"))
        proportional.append(_both(pids, "smaps_rollup", "Pss"))
    rig.reset()
    agent, vswitchd = map(statistics.median, zip(*resident, strict=True))
    pss = [f"{statistics.median(side):.1f}" for side in zip(*proportional, strict=True)]
    note = f"PSS of agent and ovs-vswitchd: {pss[0]} and {pss[1]} MiB"
    return Row.compared(NAME, agent, vswitchd, "MiB", AIM, note=note)


def _work(rig: Rig) -> None:
    commit_one_leaf.prepare(rig)
    for number in range(COMMITS):
        commit_one_leaf.commit(rig, number)
    rig.sdk.merge(commit_1000_vlans.document(rig))
    for number in range(READS):
        rig.sdk.state(AREAS[number % len(AREAS)])


def _both(pids: tuple[int | None, int | None], file: str, field: str) -> tuple[float, float]:
    agent, vswitchd = (_mebibytes(pid, file, field) for pid in pids)
    return agent, vswitchd


def _mebibytes(pid: int | None, file: str, field: str) -> float:
    if pid is None:
        raise BenchmarkError("a process of the switch isn't running")
    found = re.search(rf"^{field}:\s+(\d+) kB$", Path(f"/proc/{pid}/{file}").read_text(), re.MULTILINE)
    if found is None:
        raise BenchmarkError(f"/proc/{pid}/{file} has no {field}")
    return int(found[1]) / KIB_PER_MIB
