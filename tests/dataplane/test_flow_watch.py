"""Open vSwitch refuses to tell of flows, or tells nonsense: that is logged, and nothing is missed meanwhile."""

from __future__ import annotations

import logging
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from connetos_agent.dataplane.base import ObjectKey
from connetos_agent.dataplane.openvswitch import flow_watch
from connetos_agent.dataplane.openvswitch.flow_watch import FlowWatch
from connetos_agent.dataplane.openvswitch.openflow_connection import OpenFlow
from connetos_agent.dataplane.openvswitch.pipeline import Area, cookie
from tests.waiting import until

EVERYTHING = {ObjectKey(kind, "*") for kind in ("firewall-filter", "storm-control", "rate-limit")}
ERROR, MULTIPART_REPLY, REMOVED = 1, 19, 2


def message(kind: int, payload: bytes = b"", *, length: int | None = None) -> bytes:
    size = 8 + len(payload) if length is None else length
    return struct.pack("!BBHI", 6, kind, size, 1) + payload


def told(updates: bytes = b"") -> bytes:
    """An answer to a flow monitor (OpenFlow 1.5, 7.3.5.17)."""
    return message(MULTIPART_REPLY, struct.pack("!HH4x", 16, 0) + updates)


REFUSED = message(ERROR, struct.pack("!HH", 1, 2))
CUT = told(struct.pack("!HH4x", 8, REMOVED))
ENDLESS = message(MULTIPART_REPLY, length=0)
BEGUN = told()
RATE_REMOVED = told(struct.pack("!HHBBHHH4xQ", 32, REMOVED, 1, 0, 0, 0, 0, cookie(Area.RATE, 1)) + bytes(8))


@contextmanager
def bridge(path: Path, answers: Sequence[Sequence[bytes]]) -> Iterator[threading.Event]:
    """A management socket that gives each connection in turn its answers and hangs up, but keeps the last; the event is
    set when that has been answered."""
    done, over = threading.Event(), threading.Event()

    def serve(listening: socket.socket) -> None:
        for place, messages in enumerate(answers):
            connection, _ = listening.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(message(0))
                connection.recv(4096)
                connection.sendall(b"".join(messages))
                if place == len(answers) - 1:
                    done.set()
                    over.wait(60)

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        try:
            yield done
        finally:
            over.set()
            thread.join(60)


def test_a_refusal_is_told_once_and_the_gap_is_looked_at(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow_watch, "RETRY_SECONDS", 0.01)
    path = tmp_path / "br0.mgmt"
    answers = [[REFUSED], [REFUSED], [CUT], [ENDLESS], [REFUSED], [BEGUN, RATE_REMOVED]]
    touched: list[set[ObjectKey]] = []
    with caplog.at_level(logging.WARNING), bridge(path, answers) as done:
        watch = FlowWatch(OpenFlow(path), lambda found: touched.append({*found}))
        watch.start()
        assert done.wait(60), "it was given up"
        until(lambda: len(touched) == 2, lambda: touched)
        watch.close()
    assert touched == [EVERYTHING, {ObjectKey("rate-limit", "*")}]
    logged = [record.getMessage() for record in caplog.records]
    assert len(logged) == 3, logged
    for line, reason in zip(
        logged, ("refused to tell of them: 00010002", "in another form", "of 0 octets"), strict=True
    ):
        assert reason in line


def test_who_listens_from_the_beginning_has_missed_nothing(tmp_path: Path) -> None:
    path = tmp_path / "br0.mgmt"
    touched: list[set[ObjectKey]] = []
    with bridge(path, [[BEGUN, RATE_REMOVED]]):
        watch = FlowWatch(OpenFlow(path), lambda found: touched.append({*found}))
        watch.start()
        until(lambda: touched)
        watch.close()
    assert touched == [{ObjectKey("rate-limit", "*")}]
