"""`interface-state`, ms: all that is known of 64 ports, counters included, over REST.

* ours: one read of the areas `interface` and `statistics`, 64 ports and some of them in an aggregate. The kernel is asked
  once for all devices and once for all counters, Open vSwitch's database not at all: what it told is kept.
* peer: there is none; it stands at 1 ms, so that the ratio is milliseconds.

That the agent started no process is checked.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from benchmarks.measure import Progress
from benchmarks.rig import BenchmarkError, Rig
from benchmarks.rows import Row
from benchmarks.vlan_scale import PORTS, big_switch
from connetos_sdk import Switch

NAME = "interface-state"
AIM = 20.0
READS = 200
COUNTERS = 8


def run(rig: Rig, progress: Progress) -> Row:  # noqa: ARG001 - it needs more ports than the rig has
    """Measure; see the module's description."""
    with big_switch() as (node, switch):
        switch.apply_lines(
            [
                "set interface aggregate-ethernet ae1",
                "set interface gigabit-ethernet te-1/1/1:4 ether-options 802.3ad ae1",
            ]
        )
        before = _children(node.agent_pid)
        times = []
        for number in range(READS):
            progress(f"read {number + 1} of {READS}")
            begin = time.perf_counter()
            _read(switch)
            times.append((time.perf_counter() - begin) * 1000)
        if _children(node.agent_pid) != before:
            raise BenchmarkError("the agent started a process to read the state")
    p99 = statistics.quantiles(times, n=100)[98]
    return Row.compared(NAME, statistics.median(times), 1.0, "ms", AIM, note=f"99th percentile {p99:.1f} ms")


def _read(switch: Switch) -> None:
    ports = switch.state("interface")["gigabit-ethernet"]
    counters = switch.state("statistics")
    if len(ports) != PORTS or any(len(counters[port]) < COUNTERS for port in ports):
        raise BenchmarkError("the state isn't whole")


def _children(pid: int | None) -> str:
    """Page faults of the agent's children that have ended (proc(5), cminflt): a process that was started adds some."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[8]
