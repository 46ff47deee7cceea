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
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from connetos_agent import logs, settings
from connetos_agent.config.manager import ConfigManager
from connetos_agent.config.operations import add_operations
from connetos_agent.config.store import Store
from connetos_agent.config.transaction import Dataplane
from connetos_agent.dataplane.access import AccessDriver
from connetos_agent.dataplane.accounts import AccountsDriver
from connetos_agent.dataplane.base import Driver
from connetos_agent.dataplane.clock import ClockDriver
from connetos_agent.dataplane.intents import KINDS
from connetos_agent.dataplane.memory import MemoryDriver
from connetos_agent.dataplane.rsyslog import RsyslogDriver
from connetos_agent.dataplane.stack import StackDriver
from connetos_agent.events import Events
from connetos_agent.northbound.auth import Authenticator
from connetos_agent.northbound.cli.operation import add_operation as add_cli_operation
from connetos_agent.northbound.cli.server import CliServer
from connetos_agent.northbound.cli.tech_support import TechSupport
from connetos_agent.northbound.http import HttpServer
from connetos_agent.northbound.logins import Logins
from connetos_agent.northbound.problems import problem
from connetos_agent.northbound.rest import RestApi
from connetos_agent.northbound.tls import Tls
from connetos_agent.services.catalogue import make_services
from connetos_agent.services.daemons import Daemons
from connetos_agent.services.operations import Operations
from connetos_agent.services.packages.service import PackageService
from connetos_agent.settings import Settings
from connetos_agent.show.state import StateReader
from connetos_agent.sockets import ListeningSockets, tcp_socket
from connetos_agent.switch_log import SwitchLog
from connetos_agent.systemd import KeptSockets, notify
from connetos_sdk import __version__
from connetos_sdk.errors import ConnetosError
from connetos_sdk.model.tree import effective

if TYPE_CHECKING:
    from connetos_agent.northbound.xrl.service import XrlService

log = logging.getLogger(__name__)

MAX_NOTE_BYTES = 400
SWITCH_SECONDS = 0.0005
M_ARENA_MAX = -8
"""Parameter of mallopt(3)."""


class Own:
    """What the agent realises itself, on every data plane: who may log in and how, its log, its time zone."""

    def __init__(self, config: Settings) -> None:
        self.accounts = _accounts(config)
        self.access = AccessDriver()
        self.log = SwitchLog(config.state_directory / "log", RsyslogDriver.socket_in(config.run_directory))
        self.clock = ClockDriver(Path("/") if config.host.dedicated else None)

    @property
    def drivers(self) -> list[Driver]:
        """Their drivers."""
        return [self.accounts, self.access, self.log.driver, self.clock, StackDriver()]


def _accounts(config: Settings) -> AccountsDriver:
    if not config.host.dedicated:
        return AccountsDriver()
    from connetos_agent.dataplane.linux_accounts import LinuxAccountsDriver

    return LinuxAccountsDriver()


def make_dataplane(config: Settings, own: Own, daemons: Daemons) -> Dataplane:
    """The drivers that the settings ask for."""
    drivers: list[Driver]
    if config.dataplane == "memory":
        realised = {kind for driver in own.drivers for kind in driver.kinds}
        drivers = [MemoryDriver(KINDS.keys() - realised), *own.drivers]
    else:
        from connetos_agent.dataplane.chrony import ChronyDriver
        from connetos_agent.dataplane.dnsmasq import DnsmasqDriver
        from connetos_agent.dataplane.host import HostDriver
        from connetos_agent.dataplane.kernel import KernelDriver, KernelSettingsDriver
        from connetos_agent.dataplane.kernel.arp import ArpDriver
        from connetos_agent.dataplane.kernel.inband import InbandDriver
        from connetos_agent.dataplane.kernel.loopback import LoopbackDriver
        from connetos_agent.dataplane.lldp import LldpDriver
        from connetos_agent.dataplane.openvswitch import OpenVSwitchDriver

        vswitch = config.openvswitch
        drivers = [
            OpenVSwitchDriver(
                config.platform, vswitch.database, vswitch.control, vswitch.bridge, vswitch.datapath_type
            ),
            KernelDriver(
                config.platform,
                config.run_directory,
                config.state_directory,
                guard_ports=vswitch.datapath_type == "netdev",
            ),
            KernelSettingsDriver(config.platform),
            LoopbackDriver(),
            ArpDriver(),
            InbandDriver(),
            HostDriver(),
            LldpDriver(config.platform, config.run_directory, daemons),
            *own.drivers,
            ChronyDriver(daemons, config.run_directory, sets_clock=config.host.dedicated),
            RsyslogDriver(daemons, config.run_directory),
            DnsmasqDriver(daemons, config.run_directory),
        ]
    return Dataplane(drivers, config.platform)


class Agent:
    """One running agent."""

    def __init__(self, config: Settings) -> None:
        self._config = config
        self._own = Own(config)
        self._daemons = Daemons(config.run_directory)
        self.manager = ConfigManager(
            Store(config.state_directory),
            make_dataplane(config, self._own, self._daemons),
            Events(),
            config.run_directory / "resume",
        )
        self.operations = Operations()
        add_operations(self.operations, self.manager)
        self.ended = asyncio.Event()
        self.boots_again = False
        """Whether the agent ends to begin as after a boot."""
        self._own.log.hostname = self._hostname
        self._services = make_services(config, self.manager, self._own.log, self._boot_again)
        for service in self._services:
            service.add_operations(self.operations)
        self._logins = Logins()
        authenticator, state = Authenticator(self._own.accounts, self._own.access), self._state_reader()
        uploads = next((s.uploads for s in self._services if isinstance(s, PackageService)), None)
        self._rest = RestApi(self.manager, state, self.operations, authenticator, uploads)
        self._cli = CliServer(
            self.manager,
            state,
            self._rest.reader,
            self.operations,
            authenticator,
            logins=self._logins,
            log=self._own.log,
            access=self._own.access,
        )
        TechSupport(
            self._cli.terminal, config.state_directory / "tech-support", self._own.log
        ).add_operations(self.operations)
        add_cli_operation(self.operations, self._cli.open_session)
        self._xrl: XrlService | None = None
        self._sockets = ListeningSockets()
        self._server = HttpServer(self._rest.handle, problem)
        self._tls: Tls | None = None

    def _hostname(self) -> str:
        return str(effective(self.manager.running.document, ("system", "hostname")))

    def _boot_again(self) -> None:
        self.boots_again = True
        self.ended.set()

    def _state_reader(self) -> StateReader:
        areas = {"daemons": self._daemons.state}
        areas |= {name: read for service in self._services for name, read in service.areas.items()}
        return StateReader(self.manager, areas, self._logins.state)

    async def start(self) -> None:
        """Start everything; when this returns the switch is as configured and answers."""
        self._config.run_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        logging.getLogger("connetos_agent").addHandler(self._own.log)
        await self.manager.start()
        if rejected := _note(self._config.state_directory / "upgrade" / "rejected"):
            self.manager.tell_trouble(rejected)
        for service in self._services:
            await service.start()
        await self._rest.open()
        await self._cli.start(self._sockets.local(self._config.run_directory / "cli.sock"))
        await self._listen()
        if self._config.xrl.enabled:
            await self._start_xrl()
        (self._config.run_directory / "agent.pid").write_text(f"{os.getpid()}\n", "ascii")
        gc.collect()
        gc.freeze()

    async def _start_xrl(self) -> None:
        from connetos_agent.northbound.xrl.service import XrlService

        state = self._state_reader()  # of its own: its observers belong to its own thread
        self._xrl = XrlService(self.manager, state, self.operations, self._config.xrl)
        await self._xrl.start()

    async def _listen(self) -> None:
        await self._server.listen(self._sockets.local(self._config.run_directory / "agent.sock"), None)
        for path in self._sockets.unknown():
            log.warning("a socket was handed over that isn't served: %s", path)
        handed = self._sockets.handed_tcp
        if handed or self._config.listen:
            self._tls = Tls(
                self._config.state_directory / "tls",
                self._hostname,
                [host for host, _ in self._config.listen],
                None if self._config.dataplane == "memory" else self._config.platform,
                self.manager.events,
            )
            await self._tls.start()
            for sock in [*handed, *map(tcp_socket, self._config.listen)]:
                await self._server.listen(sock, self._tls.context)
                log.info("listening", extra={"address": sock.getsockname()})
            if not self._own.accounts.any_accounts():
                log.warning(
                    "no user has a password, so nobody can log in from elsewhere; use the local socket"
                )

    async def stop(self) -> None:
        """Tell the sessions, answer what is under way, stop; the data plane goes on as it is."""
        note = self._config.run_directory / "stop-reason"
        reason = _note(note)
        note.unlink(missing_ok=True)
        self.manager.events.publish("agent-stopping", reason=reason)
        self.operations.stop()
        if self._xrl is not None:
            await self._xrl.stop()
        await asyncio.gather(self._server.close(), self._cli.stop(reason))
        if self._tls is not None:
            await self._tls.stop()
        await self._rest.close()
        for service in reversed(self._services):
            await service.stop()
        await self.manager.stop()
        self._daemons.close()
        (self._config.run_directory / "agent.pid").unlink(missing_ok=True)
        self._sockets.remove()
        logging.getLogger("connetos_agent").removeHandler(self._own.log)
        if self.boots_again:
            (self._config.run_directory / "resume").unlink(missing_ok=True)


def _note(path: Path) -> str:
    """One line that the package's scripts left; empty if there is none."""
    try:
        with path.open("rb") as file:
            return " ".join(file.read(MAX_NOTE_BYTES).decode("utf-8", "replace").split())
    except OSError:
        return ""


async def _run(config: Settings) -> bool:
    """Run an agent to its end; whether it shall begin again as after a boot."""
    agent = Agent(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, agent.ended.set)
    await agent.start()
    log.info("ready", extra={"version": __version__, "revision": agent.manager.running.revision})
    notify("READY=1")
    await agent.ended.wait()
    notify("RELOADING=1" if agent.boots_again else "STOPPING=1")
    await agent.stop()
    return agent.boots_again


def _let_the_loop_go_first() -> None:
    """A thread that computes gives way sooner: what happens is told, and requests are answered, meanwhile."""
    sys.setswitchinterval(SWITCH_SECONDS)


def _use_one_arena() -> None:
    """Let all threads share one heap: each heap of its own would keep some megabytes after a large commit."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def options() -> argparse.ArgumentParser:
    """The program's options."""
    parser = argparse.ArgumentParser(
        prog="connetos-agent", description="The ConnetOS agent: makes this machine a switch."
    )
    parser.add_argument(
        "--config", type=Path, default=Path("/etc/connetos/agent.toml"), help="settings file (%(default)s)"
    )
    parser.add_argument("--version", action="version", version=f"connetos-agent {__version__}")
    return parser


def main() -> None:
    """Run the agent until SIGTERM or SIGINT."""
    arguments = options().parse_args()
    try:
        config = settings.load(arguments.config)
    except settings.SettingsError as error:
        sys.exit(f"connetos-agent: {error}")
    logs.configure(config.log_level)
    _use_one_arena()
    _let_the_loop_go_first()
    kept = KeptSockets()
    try:
        if asyncio.run(_run(config)):
            kept.hand_over()
            again = [sys.executable, "-m", "connetos_agent", "--config", str(arguments.config)]
            os.execv(again[0], again)  # noqa: S606 - no shell
    except ConnetosError as error:
        log.error("the agent can't start: %s", error)
        sys.exit(1)
