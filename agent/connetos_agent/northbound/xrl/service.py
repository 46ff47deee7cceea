"""The XRL surface of the agent: its finder, its STCP listener, its targets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from connetos_agent.config.manager import ConfigManager
from connetos_agent.northbound.xrl.access import Access
from connetos_agent.northbound.xrl.finder import Finder
from connetos_agent.northbound.xrl.interfaces.common import common, diagnostics
from connetos_agent.northbound.xrl.interfaces.configuration import Configuration
from connetos_agent.northbound.xrl.interfaces.happenings import Happenings
from connetos_agent.northbound.xrl.interfaces.ifmgr import ifmgr
from connetos_agent.northbound.xrl.interfaces.operations import operations as operations_interface
from connetos_agent.northbound.xrl.interfaces.routes import fti, rib
from connetos_agent.northbound.xrl.interfaces.state import state as state_interface
from connetos_agent.northbound.xrl.link import FinderLink
from connetos_agent.northbound.xrl.reads import StateReads
from connetos_agent.northbound.xrl.settings import Address, XrlSettings
from connetos_agent.northbound.xrl.stcp import StcpListener
from connetos_agent.northbound.xrl.target import Interface, commands
from connetos_agent.services.operations import Operations
from connetos_agent.show.state import StateReader
from connetos_sdk.errors import ConnetosError

log = logging.getLogger(__name__)

READY_SECONDS = 5.0
"""How long a start waits for the targets to be at the agent's own finder."""


class XrlService:
    """Speaks XRL as the settings say; does nothing when they say not to.

    Args:
        manager: the configuration.
        state: operational state; a reader of its own, which nobody else opens.
        operations: what the switch does on request.
        settings: where to listen and register.
    """

    def __init__(
        self,
        manager: ConfigManager,
        state: StateReader,
        operations: Operations,
        settings: XrlSettings,
    ) -> None:
        self._manager = manager
        self._settings = settings
        self._reads = StateReads(state)
        self._reading = False
        self._configuration = Configuration(manager)
        self._operations = operations
        self._happenings = Happenings(manager.events)
        self._finder: Finder | None = None
        self._listener: StcpListener | None = None
        self.links: list[FinderLink] = []
        """The targets at finders, own ones first."""
        self.finder_address: Address | None = None
        """Where the own finder listens, once started."""
        self.stcp_address: Address | None = None
        """Where XRLs are answered, once started."""

    async def start(self) -> None:
        """Listen and register; targets at finders of others may come later, when those can be reached.

        Raises:
            ConnetosError: an address can't be listened on, or a setting is wrong.
        """
        settings = self._settings
        if not settings.enabled:
            return
        try:
            access = Access(settings.permitted)
            self._listener = StcpListener(access)
            self.stcp_address = await self._listener.start(*settings.stcp_listen)
            if settings.finder_listen is not None:
                self._finder = Finder(access)
                self.finder_address = await self._finder.start(*settings.finder_listen)
            links = self._make_links()
        except (OSError, ValueError) as error:
            await self.stop()
            raise ConnetosError(
                f"can't speak XRL: {error}", hint="see [xrl] in the agent's settings"
            ) from error
        await self._reads.open()
        self._reading = True
        self._happenings.start()
        self.links = links
        for link in self.links:
            link.start()
        await self._wait_until_ready()
        log.info("speaking XRL", extra={"finder": self.finder_address, "stcp": self.stcp_address})

    def _make_links(self) -> list[FinderLink]:
        wanted: list[tuple[Address, str]] = [
            (finder, name) for finder in self._settings.finders for name in self._settings.finder_classes
        ]
        if self.finder_address is not None:
            host, port = self.finder_address
            own = ({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port)
            wanted = [(own, name) for name in self._settings.classes] + wanted
        assert self._listener is not None and self.stcp_address is not None  # noqa: S101
        return [
            FinderLink(finder, name, commands(self._interfaces(name)), self._listener, self.stcp_address)
            for finder, name in wanted
        ]

    def _interfaces(self, class_name: str) -> Iterable[Interface]:
        base = common(class_name, self._manager)
        if class_name == "fea":
            return base, ifmgr(self._reads), fti(self._reads)
        if class_name == "rib":
            return base, rib(self._reads)
        if class_name != "connetos":
            raise ValueError(f"there is no target class {class_name}: connetos, fea, rib")
        return (
            base,
            self._configuration.interface(),
            state_interface(self._reads),
            operations_interface(self._operations),
            diagnostics(self._manager),
            self._happenings.interface(),
            ifmgr(self._reads),
            fti(self._reads),
            rib(self._reads),
        )

    async def _wait_until_ready(self) -> None:
        own = self.links[: len(self._settings.classes)] if self._finder is not None else []
        waiting = [asyncio.ensure_future(link.ready.wait()) for link in own]
        if not waiting:
            return
        _, late = await asyncio.wait(waiting, timeout=READY_SECONDS)
        for task in late:
            task.cancel()
        if late:
            log.error("%d targets aren't at the finder yet", len(late))

    async def stop(self) -> None:
        """Leave the finders, let calls end that run, close everything."""
        await asyncio.gather(*(link.stop() for link in self.links))
        self.links = []
        await self._happenings.stop()
        if self._listener is not None:
            await self._listener.stop()
        if self._finder is not None:
            await self._finder.stop()
        if self._reading:
            self._reading = False
            await self._reads.close()
