"""`napalm-getters`, ms to open a connection and ask for facts and interfaces, over HTTPS with a new login.

* ours: the NAPALM driver: `open`, `get_facts`, `get_interfaces`, `close`.
* peer: the SDK: a new `Switch`, the same parts of the state and of the configuration, each asked for once.
"""

from __future__ import annotations

from benchmarks.measure import Progress, medians
from benchmarks.rig import BenchmarkError, Rig
from benchmarks.rows import Row
from connetos_sdk import Switch
from napalm_connetos import ConnetOSDriver

NAME = "napalm-getters"
AIM = 1.5
RUNS = 25


def run(rig: Rig, progress: Progress) -> Row:
    """Measure; see the module's description."""
    leaf = rig.leaf

    def ours(_: int) -> None:
        options = {"url": leaf.url, "ca_file": str(leaf.ca_file)}
        with ConnetOSDriver("leaf", leaf.username, leaf.password, optional_args=options) as device:
            if len(device.get_interfaces()) < len(device.get_facts()["interface_list"]):
                raise BenchmarkError("the driver doesn't tell all interfaces")

    def peer(_: int) -> None:
        with Switch(leaf.url, username=leaf.username, password=leaf.password, ca_file=leaf.ca_file) as switch:
            switch.system()
            switch.state("system serial-number")
            switch.interfaces()
            switch.vlan_interfaces()
            switch.loopbacks()
            switch.management()

    took = medians(ours, peer, runs=RUNS, warm_up=3, progress=progress)
    return Row.compared(NAME, *took, "ms", AIM)
