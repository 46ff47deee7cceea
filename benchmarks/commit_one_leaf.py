"""`commit-one-leaf`, ms: changing the native VLAN of one port.

* ours: `Switch.merge` of one leaf over an open REST connection. The answer comes after validation, one OVSDB
  transaction that ovs-vswitchd has taken over, reading it back, and a revision that is flushed to disk.
* peer: one `ovs-vsctl set port … tag=N` process, which ends when ovs-vswitchd has taken it over.

Both go back and forth between two VLANs on a switch of 48 ports. Medians.
"""

from __future__ import annotations

from benchmarks.measure import Progress, medians
from benchmarks.rig import Rig
from benchmarks.rows import Row

NAME = "commit-one-leaf"
AIM = 3.0
RUNS = 101
WARM_UP = 10
VLANS = (10, 20)
LEAF = "interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id"


def run(rig: Rig, progress: Progress) -> Row:
    """Measure; see the module's description."""
    rig.reset()
    prepare(rig)
    ours, peer = medians(
        lambda number: commit(rig, number),
        lambda number: rig.vsctl(["set", "port", "te-1-1-1", f"tag={VLANS[number % 2]}"]),
        runs=RUNS,
        warm_up=WARM_UP,
        progress=progress,
    )
    rig.require_equal_ports()
    return Row.compared(NAME, ours, peer, "ms", AIM)


def prepare(rig: Rig) -> None:
    """Make the VLANs that the port is put into."""
    rig.sdk.merge({str(vlan): {} for vlan in VLANS}, "vlans vlan-id")


def commit(rig: Rig, number: int) -> None:
    """One commit through the SDK: even numbers choose the one VLAN, odd ones the other."""
    rig.sdk.merge(VLANS[number % 2], LEAF)
