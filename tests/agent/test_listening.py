"""Who listens to events in a thread, and what becomes of that when the connection is closed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count

import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import TransportError
from connetos_sdk.lab import Lab
from connetos_sdk.results import Event
from tests.conftest import connect


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as thread:
        yield thread


def something_happens(switch: Switch, heard: Future[Event]) -> None:
    """Commit until the listener has heard of it: it listens from some moment on."""
    for number in count():
        if heard.done():
            return
        switch.apply_lines(f"set system hostname leaf{number}")


def test_closing_ends_listening_in_another_thread(
    memory_lab: Lab, switch: Switch, thread: ThreadPoolExecutor
) -> None:
    with connect(memory_lab.switch("leaf1")) as listener:
        events = listener.events()
        first = thread.submit(next, events)
        something_happens(switch, first)
        assert first.result().kind == "commit"
        rest = thread.submit(lambda: [event.kind for event in events])
    with pytest.raises(TransportError):
        rest.result(30)


def test_closing_between_two_events_waits_for_nobody(
    memory_lab: Lab, switch: Switch, thread: ThreadPoolExecutor
) -> None:
    with connect(memory_lab.switch("leaf1")) as listener:
        events = listener.events()
        first = thread.submit(next, events)
        something_happens(switch, first)
    with pytest.raises((TransportError, StopIteration)):
        for _ in range(100):
            next(events)
