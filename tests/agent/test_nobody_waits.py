"""Whoever asked for a change goes away while it is made: it is made whole, and the next one finds the switch free."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

from connetos_agent.config.commit import CommitOptions
from connetos_agent.config.manager import ConfigManager
from connetos_agent.config.sessions import Caller
from connetos_agent.config.store import Store
from connetos_agent.config.transaction import Dataplane
from connetos_agent.dataplane.base import Step
from connetos_agent.dataplane.intents import KINDS
from connetos_agent.dataplane.memory import MemoryDriver
from connetos_agent.dataplane.platform import Platform
from connetos_agent.events import MAX_LISTENERS, Events

ADMIN = Caller("admin", "super-user", "rest")


class SlowDriver(MemoryDriver):
    """Takes its time over a change until it is told to go on."""

    def __init__(self) -> None:
        super().__init__(KINDS)
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    def apply(self, steps: Sequence[Step]) -> None:
        self.begun.set()
        assert self.go_on.wait(20)
        super().apply(steps)


def test_a_change_goes_on_to_its_end(tmp_path: Path) -> None:
    driver = SlowDriver()

    async def session() -> None:
        platform = Platform(ports={"te-1/1/1": "te-1-1-1"})
        manager = ConfigManager(Store(tmp_path), Dataplane([driver], platform), Events(), tmp_path / "resume")
        await manager.start()
        driver.begun.clear()
        driver.go_on.clear()
        change = asyncio.create_task(
            manager.change(ADMIN, lambda _: {"vlans": {"vlan-id": {"10": {}}}}, CommitOptions("left alone"))
        )
        await asyncio.to_thread(driver.begun.wait, 20)
        change.cancel()
        await asyncio.wait([change])
        assert change.cancelled()
        driver.go_on.set()
        await manager.change(
            ADMIN, lambda now: {"vlans": {"vlan-id": {**now["vlans"]["vlan-id"], "20": {}}}}, CommitOptions()
        )
        assert manager.running.document == {"vlans": {"vlan-id": {"10": {}, "20": {}}}}
        assert [facts["comment"] for facts in manager.revisions()][:2] == ["", "left alone"]
        assert not manager.under_way
        await manager.stop()

    asyncio.run(session())


def test_listeners_from_outside_dont_use_up_the_agents_own() -> None:
    events = Events()
    queues = [events.listen() for _ in range(MAX_LISTENERS)]
    for queue in queues:
        queue.__enter__()
    assert events.full
    with events.listen(own=True) as own:
        events.publish("link", port="te-1/1/1", status="down")
        assert own.get_nowait().data["port"] == "te-1/1/1"
    queues.pop().__exit__(None, None, None)
    with events.listen(own=True):
        assert not events.full
