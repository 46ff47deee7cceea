"""A switch on the memory data plane that speaks XRL, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from connetos_agent.config.commit import CommitOptions
from connetos_agent.config.manager import ConfigManager
from connetos_agent.config.operations import add_operations
from connetos_agent.config.sessions import Caller
from connetos_agent.config.store import Store
from connetos_agent.config.transaction import Dataplane
from connetos_agent.dataplane.accounts import AccountsDriver
from connetos_agent.dataplane.intents import KINDS
from connetos_agent.dataplane.memory import MemoryDriver
from connetos_agent.dataplane.platform import Platform
from connetos_agent.events import Events
from connetos_agent.northbound.xrl.service import XrlService
from connetos_agent.northbound.xrl.settings import XrlSettings
from connetos_agent.services.operations import Operations
from connetos_agent.show.state import StateReader
from connetos_sdk.transports.xrl_client import XrlClient

T = TypeVar("T")
ROOT = Caller("root", "super-user", "local")


class XrlSwitch:
    """A switch of 4 ports."""

    def __init__(self, directory: Path, **settings: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        accounts = AccountsDriver()
        ports = {f"te-1/1/{number}": f"te-1-1-{number}" for number in range(1, 5)}
        plane = Dataplane([MemoryDriver(KINDS.keys() - accounts.kinds), accounts], Platform(ports=ports))
        self.manager = ConfigManager(Store(directory), plane, Events(), directory / "resume")
        chosen = XrlSettings(**{"enabled": True, "finder_listen": ("127.0.0.1", 0), **settings})
        self.operations = Operations()
        add_operations(self.operations, self.manager)
        self.service = XrlService(self.manager, StateReader(self.manager), self.operations, chosen)
        self.run(self.manager.start())
        self.run(self.service.start())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    @property
    def finder(self) -> tuple[str, int]:
        assert self.service.finder_address
        return self.service.finder_address

    @property
    def stcp(self) -> str:
        assert self.service.stcp_address
        host, port = self.service.stcp_address
        return f"{host}:{port}"

    def client(self, **options: Any) -> XrlClient:
        return XrlClient(self.finder, **options)

    def reset(self) -> None:
        for session in self.manager.sessions.all():
            self.manager.sessions.close(session)
        self.run(self.manager.change(ROOT, lambda _: {}, CommitOptions()))

    def stop(self) -> None:
        self.run(self.service.stop())
        self.run(self.manager.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture(scope="session")
def shared_switch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[XrlSwitch]:
    switch = XrlSwitch(tmp_path_factory.mktemp("xrl"))
    yield switch
    switch.stop()


@pytest.fixture
def switch(shared_switch: XrlSwitch) -> Iterator[XrlSwitch]:
    """A switch with nothing configured; shared, so its configuration is emptied afterwards."""
    yield shared_switch
    shared_switch.reset()


@pytest.fixture
def client(switch: XrlSwitch) -> Iterator[XrlClient]:
    with switch.client() as client:
        yield client


@pytest.fixture
def another_switch(tmp_path: Path) -> Iterator[Callable[..., XrlSwitch]]:
    """Makes switches with settings of their own."""
    made: list[XrlSwitch] = []

    def make(**settings: Any) -> XrlSwitch:
        directory = tmp_path / f"switch-{len(made)}"
        directory.mkdir()
        made.append(XrlSwitch(directory, **settings))
        return made[-1]

    yield make
    for switch in made:
        switch.stop()
