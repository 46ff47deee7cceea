"""`restart-loss`, packets: what a stream loses while the agent of the switch restarts.

Two hosts in namespaces, plugged into one switch; one sends the other 10,000 UDP datagrams at 1 kHz (see
`benchmarks.stream`). While a stream flows, the agent restarts again and again.

* ours: datagrams lost of two streams: the agent is stopped and started in the one, killed with SIGKILL and
  started in the other.
* peer: datagrams lost of two streams, sent in turn with those, during which nobody touches the agent.

The ratio is the number of datagrams that we lost, because none is what it should be.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.measure import Progress
from benchmarks.rig import BenchmarkError, Rig
from benchmarks.rows import Row
from connetos_sdk.lab import LabSwitch

NAME = "restart-loss"
AIM = 0.0
PACKETS = 10_000
HERTZ = 1000
PAUSE_SECONDS = 0.5
MAX_SECONDS = 1.5 * PACKETS / HERTZ
PROGRAM = str(Path(__file__).with_name("stream.py"))

Disturbance = Callable[[LabSwitch], None]


def run(rig: Rig, progress: Progress) -> Row:
    """Measure; see the module's description."""
    rig.reset()
    if not rig.sender.ping(str(_address(rig)), count=2):
        raise BenchmarkError("the hosts don't reach each other")
    lost = {True: 0, False: 0}
    restarts = 0
    kinds: tuple[tuple[str, Disturbance], ...] = (
        ("restart", LabSwitch.restart_agent),
        ("SIGKILL", _kill_and_start),
    )
    for name, disturb in kinds:
        for disturbed in (True, False):
            progress(f"{PACKETS} packets, {f'{name} of the agent' if disturbed else 'agent left alone'}")
            missing, times = _stream(rig, disturb if disturbed else None)
            lost[disturbed] += missing
            restarts += times
    note = f"{restarts} restarts within {2 * PACKETS} packets"
    return Row(NAME, lost[True], lost[False], "packets", lost[True], AIM, note)


def _address(rig: Rig) -> str:
    address = rig.receiver.spec.address
    if address is None:
        raise BenchmarkError("the receiving host has no address")
    return str(address.ip)


def _kill_and_start(switch: LabSwitch) -> None:
    switch.kill_agent()
    switch.start_agent()


def _stream(rig: Rig, disturb: Disturbance | None) -> tuple[int, int]:
    """How many datagrams of one stream don't arrive, and how often `disturb` was done meanwhile."""
    receive = [sys.executable, "-I", PROGRAM, "receive", str(PACKETS)]
    send = [sys.executable, "-I", PROGRAM, "send", _address(rig), str(PACKETS), str(HERTZ)]
    with _ended(rig.receiver.start(receive)) as receiver:
        _line(receiver)
        times = 0
        with _ended(rig.sender.start(send)) as sender:
            _line(sender)
            while disturb and sender.poll() is None:
                time.sleep(PAUSE_SECONDS)
                disturb(rig.leaf)
                times += 1
            seconds: float = _line(sender)["seconds"]
        streams = _line(receiver)["streams"]
        received: int = streams[_address(rig)]["received"] if streams else 0
    if seconds > MAX_SECONDS:
        raise BenchmarkError(f"the stream took {seconds:.1f} s: this machine is too busy for {HERTZ} Hz")
    if disturb and times < 2:
        raise BenchmarkError("the stream ended before the agent had restarted")
    return PACKETS - received, times


@contextlib.contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    with process:
        try:
            yield process
        finally:
            process.kill()


def _line(process: subprocess.Popen[str]) -> Any:
    output = process.stdout.readline() if process.stdout else ""
    if not output:
        error = process.stderr.read() if process.stderr else ""
        raise BenchmarkError(f"the stream ended early: {error.strip()[-500:]}")
    return json.loads(output)
