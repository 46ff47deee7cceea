"""One `Switch` for several threads: calls, progress and events at the same time, each on a connection of its own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import TransportError
from connetos_sdk.lab import Lab
from connetos_sdk.transports.connections import Connections
from connetos_sdk.transports.http import Client, Endpoint, HttpClient
from tests.conftest import connect

CALLERS, CALLS, LISTENERS = 6, 40, 2


def test_calls_and_events_at_the_same_time(memory_lab: Lab) -> None:
    commits = 5
    with connect(memory_lab.switch("leaf1")) as switch:
        before = switch.revision()
        listening = threading.Barrier(LISTENERS + 1)

        def listen() -> list[int]:
            found: list[int] = []
            listening.wait()
            for event in switch.events():
                if event.kind == "commit":
                    found.append(event.data["revision"])
                if found and found[-1] >= before + commits:
                    return found
            return found

        def call(number: int) -> set[str]:
            return {
                switch.system().hostname if number % 2 else switch.cli("show version") for _ in range(CALLS)
            }

        with ThreadPoolExecutor(CALLERS + LISTENERS) as threads:
            heard = [threads.submit(listen) for _ in range(LISTENERS)]
            listening.wait()
            asked = [threads.submit(call, number) for number in range(CALLERS)]
            while switch.revision() < before + commits or not all(one.done() for one in (*heard, *asked)):
                switch.apply_lines(f"set system hostname name-{switch.revision()}")
        for one in heard:
            assert one.result()[-1] >= before + commits
        assert all(one.result() for one in asked)
        switch.rollback(revision=before)


def test_a_connection_is_one_threads_at_a_time() -> None:
    made: list[HttpClient] = []

    def make() -> HttpClient:
        made.append(HttpClient(Endpoint("nowhere")))
        return made[-1]

    connections = Connections(make)
    users: dict[Client, int] = {}
    together = threading.Barrier(4)

    def use() -> bool:
        alone = True
        for _ in range(200):
            with connections.one() as client:
                users[client] = users.get(client, 0) + 1
                alone &= users[client] == 1
                together.wait()
                users[client] -= 1
        return alone

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(lambda _: use(), range(4)))
    assert len(made) == 4
    connections.close()
    assert all(client.closed for client in made)


def test_closing_ends_what_another_thread_waits_for(memory_lab: Lab) -> None:
    switch: Switch = connect(memory_lab.switch("leaf1"))
    began = threading.Event()

    def listen() -> None:
        for _ in switch.events():
            began.set()

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(listen)
        while not began.is_set():
            switch.apply_lines("set system hostname one")
            switch.apply_lines("delete system hostname")
        switch.close()
        with pytest.raises(TransportError):
            waiting.result(timeout=70)
