"""Puts the agent together: settings, drivers, configuration manager, surfaces; one asyncio loop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import gc
import logging
import os
import signal
import socket
import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from connetos_agent import logs, settings
from connetos_agent.config.manager import ConfigManager
from connetos_agent.config.operations import add_operations
from connetos_agent.config.store import Store
from connetos_agent.config.transaction import Dataplane
from connetos_agent.dataplane.accounts import AccountsDriver
from connetos_agent.dataplane.base import Driver
from connetos_agent.dataplane.intents import KINDS
from connetos_agent.dataplane.memory import MemoryDriver
from connetos_agent.events import Events
from connetos_agent.northbound import certificate
from connetos_agent.northbound.auth import Authenticator
from connetos_agent.northbound.cli.server import CliServer
from connetos_agent.northbound.http import HttpServer
from connetos_agent.northbound.problems import problem
from connetos_agent.northbound.rest import RestApi
from connetos_agent.services.catalogue import make_services
from connetos_agent.services.operations import Operations
from connetos_agent.settings import Settings
from connetos_agent.show.state import StateReader
from connetos_sdk import __version__
from connetos_sdk.errors import ConnetosError

if TYPE_CHECKING:
    from connetos_agent.northbound.xrl.service import XrlService

log = logging.getLogger(__name__)

LISTEN_FDS_START = 3
"""First file descriptor that systemd hands over (sd_listen_fds(3))."""
BACKLOG = 128
M_ARENA_MAX = -8
"""Parameter of mallopt(3)."""


def make_dataplane(config: Settings, accounts: AccountsDriver) -> Dataplane:
    """The drivers that the settings ask for."""
    drivers: list[Driver]
    if config.dataplane == "memory":
        drivers = [MemoryDriver(KINDS.keys() - accounts.kinds), accounts]
    else:
        from connetos_agent.dataplane.host import HostDriver
        from connetos_agent.dataplane.kernel import KernelDriver
        from connetos_agent.dataplane.openvswitch import OpenVSwitchDriver

        vswitch = config.openvswitch
        drivers = [
            OpenVSwitchDriver(config.platform, vswitch.database, vswitch.bridge, vswitch.datapath_type),
            KernelDriver(
                config.platform,
                config.run_directory,
                config.state_directory,
                guard_ports=vswitch.datapath_type == "netdev",
            ),
            HostDriver(),
            accounts,
        ]
    return Dataplane(drivers, config.platform)


class Agent:
    """One running agent."""

    def __init__(self, config: Settings) -> None:
        self._config = config
        self._accounts = AccountsDriver()
        self.manager = ConfigManager(
            Store(config.state_directory),
            make_dataplane(config, self._accounts),
            Events(),
            config.run_directory / "resume",
        )
        self.operations = Operations()
        add_operations(self.operations, self.manager)
        self._services = make_services(config, self.manager)
        for service in self._services:
            service.add_operations(self.operations)
        authenticator, state = Authenticator(self._accounts), self._state_reader()
        self._rest = RestApi(self.manager, state, self.operations, authenticator)
        self._cli = CliServer(self.manager, state, self._rest.reader, self.operations, authenticator)
        self._xrl: XrlService | None = None
        self._server = HttpServer(self._rest.handle, problem)

    def _state_reader(self) -> StateReader:
        areas = {name: read for service in self._services for name, read in service.areas.items()}
        return StateReader(self.manager, areas)

    async def start(self) -> None:
        """Start everything; when this returns the switch is as configured and answers."""
        self._config.run_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        await self.manager.start()
        for service in self._services:
            await service.start()
        await self._rest.open()
        await self._cli.start(_unix_socket(self._config.run_directory / "cli.sock"))
        await self._listen()
        if self._config.xrl.enabled:
            await self._start_xrl()
        (self._config.run_directory / "agent.pid").write_text(f"{os.getpid()}\n", "ascii")
        gc.collect()
        gc.freeze()

    async def _start_xrl(self) -> None:
        from connetos_agent.northbound.xrl.service import XrlService

        state = self._state_reader()  # of its own: its observers belong to its own thread
        self._xrl = XrlService(self.manager, state, self.manager.events, self._config.xrl)
        await self._xrl.start()

    async def _listen(self) -> None:
        await self._server.listen(_unix_socket(self._config.run_directory / "agent.sock"), None)
        handed = _handed_sockets()
        if handed or self._config.listen:
            tls = self._tls()
            for sock in [*handed, *map(_tcp_socket, self._config.listen)]:
                await self._server.listen(sock, tls)
                log.info("listening", extra={"address": sock.getsockname()})
            if not self._accounts.any_accounts():
                log.warning(
                    "no user has a password, so nobody can log in from elsewhere; use the local socket"
                )

    def _tls(self) -> ssl.SSLContext:
        addresses = [host for host, _ in self._config.listen if host not in ("0.0.0.0", "::")]
        files = certificate.ensure(self._config.state_directory / "tls", socket.gethostname(), addresses)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(*files)
        return context

    async def stop(self) -> None:
        """Stop answering; the data plane goes on as it is."""
        if self._xrl is not None:
            await self._xrl.stop()
        await self._server.close()
        await self._cli.stop()
        await self._rest.close()
        for service in reversed(self._services):
            await service.stop()
        await self.manager.stop()
        for name in ("agent.pid", "agent.sock", "cli.sock"):
            (self._config.run_directory / name).unlink(missing_ok=True)


def _unix_socket(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o177)
    try:
        sock.bind(str(path))
    finally:
        os.umask(mask)
    sock.listen(BACKLOG)
    return sock


def _tcp_socket(address: tuple[str, int]) -> socket.socket:
    host, port = address
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=BACKLOG
        )
    except OSError as error:
        raise ConnetosError(f"can't listen on {host} port {port}: {error.strerror}") from error


def _handed_sockets() -> list[socket.socket]:
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = int(os.environ.get("LISTEN_FDS", "0"))
    return [socket.socket(fileno=LISTEN_FDS_START + n) for n in range(count)]


def notify(state: str) -> None:
    """Tell whoever started the agent (sd_notify(3)); nothing if nobody asked to be told."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.connect("\0" + address[1:] if address.startswith("@") else address)
        sock.sendall(state.encode())


async def _run(config: Settings) -> None:
    agent = Agent(config)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    await agent.start()
    log.info("ready", extra={"version": __version__, "revision": agent.manager.running.revision})
    notify("READY=1")
    await ended.wait()
    notify("STOPPING=1")
    await agent.stop()


def _use_one_arena() -> None:
    """Let all threads share one heap: each heap of its own would keep some megabytes after a large commit."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def main() -> None:
    """Run the agent until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(
        prog="connetos-agent", description="The ConnetOS agent: makes this machine a switch."
    )
    parser.add_argument(
        "--config", type=Path, default=Path("/etc/connetos/agent.toml"), help="settings file (%(default)s)"
    )
    parser.add_argument("--version", action="version", version=f"connetos-agent {__version__}")
    arguments = parser.parse_args()
    try:
        config = settings.load(arguments.config)
    except settings.SettingsError as error:
        sys.exit(f"connetos-agent: {error}")
    logs.configure(config.log_level)
    _use_one_arena()
    try:
        asyncio.run(_run(config))
    except ConnetosError as error:
        log.error("the agent can't start: %s", error)
        sys.exit(1)
