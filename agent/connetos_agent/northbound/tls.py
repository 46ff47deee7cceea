"""TLS of the surfaces: a certificate for the names and addresses that the switch has, renewed while it runs.

Clients trust the switch's own authority (`certificate`), so they notice nothing of it; connections that are open go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING

from connetos_agent.dataplane.platform import Platform
from connetos_agent.events import Events
from connetos_agent.northbound import certificate

if TYPE_CHECKING:
    from connetos_agent.dataplane.kernel.monitor import Monitor

log = logging.getLogger(__name__)

MOST_ADDRESSES = 64
SETTLE_SECONDS = 0.2
"""Addresses come several at a time."""
ANY = ("0.0.0.0", "::")
EVERYWHERE = ("localhost", "127.0.0.1", "::1")


class Tls:
    """What TLS connections of the agent are made with.

    Args:
        directory: of the certificates.
        hostname: tells the switch's name.
        listen: addresses that the settings name.
        platform: of a switch whose addresses are the kernel's; None for one in memory, which has none.
        events: tell of commits, which may change the name.
    """

    def __init__(
        self,
        directory: Path,
        hostname: Callable[[], str],
        listen: Iterable[str],
        platform: Platform | None,
        events: Events,
    ) -> None:
        self._directory = directory
        self._hostname = hostname
        self._listen = [address for address in listen if address not in ANY]
        self._platform = platform
        self._events = events
        self._monitor: Monitor | None = None
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._names: list[str] = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        """For new connections; each gets the certificate that is shown at that time."""
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.sni_callback = self._choose
        self._shown: ssl.SSLContext | None = None

    async def start(self) -> None:
        """Have a certificate, and renew it when names or addresses change.

        Raises:
            RuntimeError, OSError: there can't be one.
        """
        if self._platform is not None:
            from connetos_agent.dataplane.kernel.monitor import ADDRESSES, Monitor

            self._monitor = Monitor(ADDRESSES)
            asyncio.get_running_loop().add_reader(self._monitor.fileno(), self._heard)
        there = certificate.shown(self._directory)
        if there is None:
            await self._renew()
        else:  # it may be right, and if it isn't, it is renewed while the switch starts
            self._show(there)
            self._changed.set()
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._work()), loop.create_task(self._after_commits())]

    async def stop(self) -> None:
        """Renew it no more."""
        for task in self._tasks:
            task.cancel()
        if self._monitor is not None:
            asyncio.get_running_loop().remove_reader(self._monitor.fileno())
            self._monitor.close()

    def _heard(self) -> None:
        assert self._monitor is not None  # noqa: S101 - it is what called
        with contextlib.suppress(OSError):  # some was lost: everything is looked at anyway
            for _ in self._monitor.read():
                pass
        self._changed.set()

    async def _after_commits(self) -> None:
        with self._events.listen(own=True) as queue:
            while True:
                event = await queue.get()
                if event.kind == "commit" and self._hostname() not in self._names:
                    self._changed.set()

    async def _work(self) -> None:
        while True:
            await self._changed.wait()
            await asyncio.sleep(SETTLE_SECONDS)
            self._changed.clear()
            try:
                await self._renew()
            except Exception:
                log.exception("the TLS certificate can't be renewed; the one before it is shown")

    async def _renew(self) -> None:
        names = await asyncio.to_thread(self._all_names)
        if names == self._names:
            return
        before = self._names
        self._show(await asyncio.to_thread(certificate.ensure, self._directory, names))
        self._names = names
        if before:
            log.info("TLS certificate renewed", extra={"names": names})

    def _show(self, shown: certificate.Shown) -> None:
        # A context of its own: OpenSSL keeps a certificate of each type of key, so an older one might be shown on.
        self._shown = shown.context()
        self._names = list(shown.names)

    def _choose(self, connection: ssl.SSLObject, _name: str | None, _listening: ssl.SSLContext) -> None:
        """Called in each handshake, also for clients that don't name whom they want (RFC 6066, 3)."""
        if self._shown is not None:
            connection.context = self._shown

    def _all_names(self) -> list[str]:
        names = [self._hostname(), socket.gethostname(), *EVERYWHERE, *self._listen, *self._addresses()]
        return list(dict.fromkeys(names))

    def _addresses(self) -> list[str]:
        """The switch's own addresses: of the management port, of loopbacks, of VLAN interfaces, not more than some."""
        if self._platform is None:
            return []
        from connetos_agent.dataplane.kernel.identity import GROUP, LOOPBACK_GROUP
        from connetos_agent.dataplane.kernel.links import LinkReader
        from connetos_agent.dataplane.kernel.tables import addresses

        with contextlib.closing(LinkReader()) as links:
            ranks = {
                device.index: (device.name != self._platform.management, device.group != LOOPBACK_GROUP)
                for device in links.all().values()
                if device.name == self._platform.management or device.group in (GROUP, LOOPBACK_GROUP)
            }
        own = [(known.address.partition("/")[0], ranks.get(known.index)) for known in addresses()]
        ordered = sorted((rank, IPv4Address(address)) for address, rank in own if rank is not None)
        return [str(address) for _, address in ordered[:MOST_ADDRESSES]]
