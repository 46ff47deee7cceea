"""`cli-completion`, ms: from a key to the list of words that may come next, 99th percentile.

* ours: a completion request on the agent's command line socket, over lines that lead through the whole grammar, on a
  switch of 48 ports whose configuration has every VLAN there is; lists end after 1,000 names.
* peer: there is none; it stands at 1 ms, so that the ratio is milliseconds and the aim is the time a person notices.
"""

from __future__ import annotations

import json
import socket
import statistics
import time

from benchmarks.measure import Progress
from benchmarks.rig import Rig
from benchmarks.rows import Row

NAME = "cli-completion"
AIM = 20.0
ROUNDS = 25
PORT = "set interface gigabit-ethernet te-1/1/1"
LINES = (
    "", "s", "set ", "set in", "set interface gigabit-ethernet ", f"{PORT} ", f"{PORT} fam",
    f"{PORT} family ethernet-switching port-mode ", f"{PORT} family ethernet-switching native-vlan-id ",
    f"{PORT} family ethernet-switching vlan members 20", "set vlans vlan-id ", "set vlans vlan-id 4094 ",
    "delete ", "delete vlans vlan-id ", "delete vlans vlan-id 7", "edit protocols ", "show ", "show vlans vlan-id ",
    "run show ", "commit ", "rollback ", "show vlans | ",
)  # fmt: skip


def run(rig: Rig, progress: Progress) -> Row:
    """Measure; see the module's description."""
    rig.reset()
    rig.sdk.merge({str(vlan): {"vlan-name": f"tenant-{vlan}"} for vlan in range(2, 4095)}, "vlans vlan-id")
    line = _CommandLine(str(rig.leaf.directory / "run" / "cli.sock"))
    try:
        line.ask({"id": 0, "line": "configure"})
        times = []
        for number in range(ROUNDS):
            progress(f"round {number + 1} of {ROUNDS}")
            for text in LINES:
                started = time.perf_counter()
                found = line.ask({"id": 1, "complete": text})["completions"]
                times.append((time.perf_counter() - started) * 1000)
                assert found, text
    finally:
        line.close()
    rig.reset()
    p99 = statistics.quantiles(times, n=100)[98]
    note = f"median {statistics.median(times):.2f} ms; {len(times)} completions, 4,094 VLANs to choose from"
    return Row.compared(NAME, p99, 1.0, "ms", AIM, note=note)


class _CommandLine:
    """The agent's command line socket."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(60)
        self._socket.connect(path)
        self._file = self._socket.makefile("rwb")
        self.ask({"hello": {"user": "root", "authenticated": True, "via": "benchmark"}})

    def ask(self, message: dict[str, object]) -> dict[str, list[object]]:
        """The answer to one message."""
        self._file.write(json.dumps(message).encode() + b"\n")
        self._file.flush()
        answer: dict[str, list[object]] = json.loads(self._file.readline())
        return answer

    def close(self) -> None:
        """Disconnect, which drops the candidate."""
        self._file.close()
        self._socket.close()
