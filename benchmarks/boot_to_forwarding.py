"""`boot-to-forwarding`, ms: from the start of the switch's programs until it is as configured and packets cross it.

One host pings another through the switch every 5 ms while the switch, 48 ports, is off. Medians of five boots of:

* ours: Open vSwitch and the agent are started; the run directory is empty, so the startup configuration is loaded.
  The agent has said that it is ready: everything is read back, LLDP runs, every surface answers.
* peer: Open vSwitch alone is started; its database has the bridge and all ports already.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import time
from collections.abc import Callable

from benchmarks.measure import Progress
from benchmarks.rig import BenchmarkError, Rig
from benchmarks.rows import Row
from connetos_sdk.lab.processes import search_path

NAME = "boot-to-forwarding"
AIM = 15.0
BOOTS = 5
WAIT_SECONDS = 30.0
INTERVAL = "0.005"
_REPLY = re.compile(r"^\[(\d+\.\d+)\] \d+ bytes from")


def run(rig: Rig, progress: Progress) -> Row:
    """Measure; see the module's description."""
    rig.reset()
    rig.sdk.save()
    if rig.leaf.ovs is None:
        raise BenchmarkError("the switch has no Open vSwitch")
    ours, peer = [], []
    for number in range(BOOTS):
        progress(f"boot {number + 1} of {BOOTS}")
        ours.append(_until_forwarding(rig, rig.leaf.reboot))
        rig.leaf.stop_agent()
        rig.leaf.ovs.stop()
        peer.append(_until_forwarding(rig, rig.leaf.ovs.start))
        rig.leaf.start_agent()
    return Row.compared(NAME, statistics.median(ours), statistics.median(peer), "ms", AIM)


def _until_forwarding(rig: Rig, boot: Callable[[], object]) -> float:
    """Milliseconds until `boot` is done and a reply has come."""
    assert rig.leaf.ovs is not None
    target = str(rig.receiver.spec.address).partition("/")[0]
    rig.leaf.stop_agent()
    rig.leaf.ovs.stop()
    argv = ["ip", "netns", "exec", rig.sender.namespace, "ping", "-n", "-D", "-i", INTERVAL, target]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env={"PATH": search_path()}) as ping:
        try:
            begin = time.time()
            boot()
            ready = time.time()
            return (max(ready, _first_reply(ping, begin)) - begin) * 1000
        finally:
            ping.kill()


def _first_reply(ping: subprocess.Popen[str], begin: float) -> float:
    assert ping.stdout is not None
    for line in ping.stdout:
        reply = _REPLY.match(line)
        if reply is not None and float(reply[1]) > begin:
            return float(reply[1])
        if time.time() > begin + WAIT_SECONDS:
            break
    raise BenchmarkError("the switch doesn't forward")
