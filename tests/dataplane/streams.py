"""A stream of datagrams through a lab's switches beside a bare cable: what the machine loses isn't the switch's loss."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from connetos_sdk.lab import Lab

STREAM = Path(__file__).resolve().parents[2] / "benchmarks" / "stream.py"
HERTZ, MOST, LEAST = 500, 60000, 500
CABLED = "198.19.0.2"


def assert_hitless(lab: Lab, sender: str, receiver: str, address: str, change: Callable[[], object]) -> None:
    """While something is changed, each datagram from `sender` to the address of `receiver` comes once."""
    told, sent = _stream(lab, sender, receiver, address, change)
    assert told["overflowed"] == 0, f"the receiver was too slow for this to mean anything: {told}"
    streams = told["streams"]
    cabled, switched = (streams.get(way, {"received": 0, "repeated": 0}) for way in (CABLED, address))
    assert cabled["received"] == sent, f"{sent} were sent, this machine itself loses some on a cable: {told}"
    assert (switched["received"], switched["repeated"]) == (sent, 0), f"{sent} were sent: {told}"


def _stream(
    lab: Lab, sender: str, receiver: str, address: str, change: Callable[[], object]
) -> tuple[dict[str, Any], int]:
    python = [sys.executable, "-I", str(STREAM)]
    with ExitStack() as stack:
        stack.enter_context(_cable(lab, sender, receiver))
        receiving = stack.enter_context(_running(lab, receiver, [*python, "receive", str(MOST)]))
        arguments = ["send", f"{address},{CABLED}", str(MOST), str(HERTZ), str(LEAST)]
        sending = stack.enter_context(_running(lab, sender, [*python, *arguments]))
        change()
        assert sending.poll() is None, "the stream ended before the change"
        sending.terminate()
        sent = _line(sending)["sent"]
        return _line(receiving), sent


@contextmanager
def _cable(lab: Lab, one: str, other: str) -> Iterator[None]:
    far = lab.host(other).namespace
    made = lab.host(one).run(
        ["ip", "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", far]
    )
    assert made.returncode == 0, made.stderr
    try:
        for host, own in ((one, "198.19.0.1"), (other, CABLED)):
            lab.host(host).run(["ip", "address", "add", f"{own}/24", "dev", "cable"])
            lab.host(host).run(["ip", "link", "set", "cable", "up"])
        yield
    finally:
        lab.host(one).run(["ip", "link", "delete", "cable"])


@contextmanager
def _running(lab: Lab, host: str, argv: list[str]) -> Iterator[subprocess.Popen[str]]:
    process = lab.host(host).start(argv)
    try:
        assert _line(process) == "ready"
        yield process
    finally:
        process.kill()
        process.communicate()


def _line(process: subprocess.Popen[str]) -> Any:
    line = process.stdout.readline() if process.stdout else ""
    assert line, f"the stream ended early: {process.stderr.read() if process.stderr else ''}"
    return json.loads(line)
