"""`port-down-event`, ms: from a port's loss of carrier to whoever waits for it.

A host takes its end of the cable down. Measured from just before, 200 times, 99th percentile of:

* ours: the event of kind `link` at a subscriber of the SDK, over REST with TLS;
* peer: the line that `ip monitor link` prints in the switch's namespace.

Both hear of the same moments.
"""

from __future__ import annotations

import queue
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread

from benchmarks.measure import Progress
from benchmarks.rig import BenchmarkError, Rig
from benchmarks.rows import Row
from connetos_sdk import Switch
from connetos_sdk.errors import ConnetosError
from connetos_sdk.lab.processes import search_path
from connetos_sdk.lab.topology import netdev_name

NAME = "port-down-event"
AIM = 4.0
LIMIT_MS = 5.0
ROUNDS = 200
WARM_UP = 10
WAIT_SECONDS = 20.0
PAUSE_SECONDS = 0.02
PROGRAM = str(Path(__file__).with_name("cable.py"))

Heard = queue.Queue[tuple[str, float]]


def run(rig: Rig, progress: Progress) -> Row:
    """Measure; see the module's description."""
    rig.reset()
    port = rig.ports[-2]
    ours: Heard = queue.Queue()
    peer: Heard = queue.Queue()
    with Switch(
        rig.leaf.url, username=rig.leaf.username, password=rig.leaf.password, ca_file=rig.leaf.ca_file
    ) as subscriber:
        _start(lambda: _listen(subscriber, port, ours))
        argv = ["ip", "netns", "exec", str(rig.leaf.namespace), "ip", "-o", "monitor", "link"]
        with (
            subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env={"PATH": search_path()}) as monitor,
            rig.sender.start([sys.executable, "-I", PROGRAM, "eth0"]) as cable,
        ):
            _start(lambda: _read(monitor, netdev_name(port), peer))
            try:
                time.sleep(1)
                taken = _rounds(cable, ours, peer, progress)
            finally:
                monitor.terminate()
                cable.terminate()
    own, other = (sorted(side)[int(ROUNDS * 0.99) - 1] for side in zip(*taken, strict=True))
    medians = [f"{sorted(side)[ROUNDS // 2]:.2f}" for side in zip(*taken, strict=True)]
    note = f"medians {medians[0]} and {medians[1]} ms; aim besides: below {LIMIT_MS:.0f} ms"
    return Row.compared(NAME, own, other, "ms", AIM, note=note)


def _start(work: Callable[[], None]) -> None:
    Thread(target=work, daemon=True).start()


def _listen(subscriber: Switch, port: str, heard: Heard) -> None:
    with suppress(ConnetosError):  # the connection is closed when all is measured
        for event in subscriber.events():
            if event.kind == "link" and event.data["port"] == port:
                heard.put((event.data["state"], time.perf_counter()))


def _read(monitor: subprocess.Popen[str], device: str, heard: Heard) -> None:
    assert monitor.stdout is not None
    for line in monitor.stdout:
        if f" {device}@" in line:
            heard.put(("down" if "NO-CARRIER" in line else "up", time.perf_counter()))


def _pull(cable: subprocess.Popen[str], state: str) -> float:
    """Take the host's end of the cable `down` or `up`; the moment just before."""
    assert cable.stdin is not None
    assert cable.stdout is not None
    cable.stdin.write(f"{state}\n")
    cable.stdin.flush()
    return float(cable.stdout.readline())


def _rounds(
    cable: subprocess.Popen[str], ours: Heard, peer: Heard, progress: Progress
) -> list[tuple[float, float]]:
    assert cable.stdout is not None
    cable.stdout.readline()
    taken = []
    for number in range(WARM_UP + ROUNDS):
        progress(f"round {number + 1} of {WARM_UP + ROUNDS}")
        begin = _pull(cable, "down")
        moments = [(_next(heard, "down") - begin) * 1000 for heard in (ours, peer)]
        _pull(cable, "up")
        for heard in (ours, peer):
            _next(heard, "up")
        if number >= WARM_UP:
            taken.append((moments[0], moments[1]))
        time.sleep(PAUSE_SECONDS)
    return taken


def _next(heard: Heard, state: str) -> float:
    """When that state was first told."""
    while True:
        try:
            found, moment = heard.get(timeout=WAIT_SECONDS)
        except queue.Empty:
            raise BenchmarkError(f"nobody told that the link went {state}") from None
        if found == state:
            return moment
