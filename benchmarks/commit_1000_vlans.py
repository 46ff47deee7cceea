"""`commit-1000-vlans`, ms: 1,000 VLANs on 48 trunk ports.

* ours: one `Switch.merge` of a document with 1,000 VLANs and 48 trunk ports that list them as members, with all
  that a commit does (see `commit-one-leaf`).
* peer: one `ovs-vsctl` process that sets mode, tag and trunks of 48 ports in one transaction. It keeps no
  record of the VLANs themselves and checks none of them.

Both switches are empty again before each run, which isn't measured, and have the same rows in their databases
afterwards, which is checked. Medians.
"""

from __future__ import annotations

from typing import Any

from benchmarks.measure import Progress, medians
from benchmarks.rig import Rig, set_ports
from benchmarks.rows import Row

NAME = "commit-1000-vlans"
AIM = 3.0
RUNS = 9
WARM_UP = 1
NATIVE = 1
VLANS = range(2, 1002)


def run(rig: Rig, progress: Progress) -> Row:
    """Measure; see the module's description."""
    whole = document(rig)
    trunks = ",".join(map(str, (NATIVE, *VLANS)))
    arguments = set_ports(rig.devices, "vlan_mode=native-untagged", f"tag={NATIVE}", f"trunks={trunks}")
    ours, peer = medians(
        lambda _: rig.sdk.merge(whole),
        lambda _: rig.vsctl(arguments),
        runs=RUNS,
        warm_up=WARM_UP,
        progress=progress,
        between=rig.reset,
    )
    rig.require_equal_ports()
    rig.reset()
    return Row.compared(NAME, ours, peer, "ms", AIM)


def document(rig: Rig) -> dict[str, Any]:
    """The configuration that is merged."""
    trunk = {"port-mode": "trunk", "vlan": {"members": list(VLANS)}}
    return {
        "vlans": {"vlan-id": {str(vlan): {} for vlan in VLANS}},
        "interface": {
            "gigabit-ethernet": {port: {"family": {"ethernet-switching": trunk}} for port in rig.ports}
        },
    }
