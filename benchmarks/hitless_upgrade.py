"""`hitless-upgrade`, packets: what a stream loses while dpkg upgrades the agent of the switch.

A Debian machine in namespaces, with systemd as process 1, is a switch by the package: Open vSwitch's own units, the
agent's own units. One host sends another UDP datagrams at 1 kHz (see `benchmarks.stream`), at least 10,000, until
dpkg has installed another version of the package and that version is in use.

* ours: datagrams lost of that stream, and of a second one during which the version before it is installed again.
* peer: datagrams lost of a stream of 10,000 during which nobody touches the switch.

A stream means nothing if the same datagrams are lost on a cable between the two hosts; then there is no row. The ratio
is the number of datagrams that we lost, because none is what it should be.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.measure import Progress
from benchmarks.rig import BenchmarkError, Rig
from benchmarks.rows import Row
from tools import debian_package
from tools.debian_machine import Machine, MachineError
from tools.debian_switch import PackagedSwitch

NAME = "hitless-upgrade"
AIM = 0.0
PACKETS = 10_000
HERTZ = 1000
NEWER = "9.0.1"


def run(rig: Rig, progress: Progress) -> Row:  # noqa: ARG001 - it has a machine of its own
    """Measure; see the module's description."""
    with tempfile.TemporaryDirectory(prefix="connetos-bench-") as directory:
        here = Path(directory)
        progress("building the package")
        package = debian_package.build(here, here / "work")
        newer = debian_package.repack(package, NEWER, here)
        progress("booting a machine")
        try:
            with Machine() as machine:
                return _measure(PackagedSwitch(machine), package, newer, progress)
        except MachineError as error:
            raise BenchmarkError(str(error)) from error


def _measure(switch: PackagedSwitch, package: Path, newer: Path, progress: Progress) -> Row:
    switch.plug_in()
    switch.install(package)
    switch.name_ports()
    switch.machine.run(["systemctl", "start", "connetos-agent"])
    if not switch.reaches("h1", "198.18.10.2"):
        raise BenchmarkError("the hosts don't reach each other")
    before = switch.dumps()
    sent = lost = 0
    for what, version in ((newer, NEWER), (package, package.name.split("_")[1])):
        progress(f"upgrade to {version} under a stream of {HERTZ} packets a second")
        loss = switch.lost_while(lambda what=what: switch.install(what), PACKETS, HERTZ)
        sent, lost = sent + loss.sent, lost + loss.lost
        if switch.version_in_use() != version:
            raise BenchmarkError(f"version {version} isn't in use after its installation")
        if switch.dumps() != before:
            raise BenchmarkError("the upgrade changed flows, ports, addresses, routes or neighbours")
    progress("switch left alone")
    peer = switch.lost_while(lambda: None, PACKETS, HERTZ).lost
    return Row(NAME, lost, peer, "packets", lost, AIM, f"2 upgrades within {sent} packets")
