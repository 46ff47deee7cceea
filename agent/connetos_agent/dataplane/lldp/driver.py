"""The LLDP driver: one lldpd in the switch's network namespace, which the agent starts and speaks with.

| object | in lldpd |
|---|---|
| lldp | the daemon: intervals, system name and description, capabilities, management addresses |
| lldp-port | a port: status, port ID (its name), description, and its native VLAN as a TLV of IEEE 802.1 |

lldpd knows nothing of Open vSwitch's VLANs, hence a custom TLV carries the native VLAN (802.1Q, D.2.1).
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from connetos_agent.dataplane.base import TIMEOUT, DriverError, ObjectKey, Step, Suspect
from connetos_agent.dataplane.lldp.library import Atom, Connection, Key
from connetos_agent.dataplane.lldp.neighbors import read
from connetos_agent.dataplane.platform import Platform
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.lldp import Lldp, LldpPort
from connetos_agent.dataplane.states.ports import LinkStatus
from connetos_agent.services.daemons import Daemons, Program
from connetos_sdk import __version__

NAME = "lldpd"
STATUSES = {"tx-only": 1, "rx-only": 2, "disabled": 3, "tx-rx": 4}
"""`lldpd`'s numbers of what a port does."""
IEEE_8021 = bytes.fromhex("0080c2")
PORT_VLAN_ID = 1
ALWAYS_SENT = ("port-description", "mac-phy-cfg")
RESOLVER = {"RES_OPTIONS": "timeout:1 attempts:1 no-aaaa"}
"""lldpd looks its own host name up in DNS and answers nobody meanwhile: a server that is away mustn't stop it."""
SEND_NOW = -1
MAX_TTL_SECONDS = 65535
"""What the TLV has room for (IEEE 802.1AB, 8.5.4)."""
REINIT_SECONDS, TRANSMIT_DELAY_SECONDS = 2, 2
_BRIDGE_AND_ROUTER = 0x04 | 0x10
"""Capabilities of IEEE 802.1AB, 8.5.8.1."""


def description(platform: Platform) -> str:
    """The system description that neighbours get."""
    return f"ConnetOS switch software, Release version {__version__}, Product name {platform.model}"


class LldpDriver:
    """Realises LLDP. See `connetos_agent.dataplane.base.Driver`.

    Args:
        platform: the ports and their network devices.
        run_directory: where lldpd's socket goes.
        daemons: runs lldpd.
    """

    name = "lldp"
    kinds = frozenset({"lldp", "lldp-port"})

    def __init__(self, platform: Platform, run_directory: Path, daemons: Daemons) -> None:
        self.platform = platform
        self.socket = str(run_directory / "lldpd.sock")
        self._daemons = daemons
        self._program: Program | None = None
        self._suspect: Suspect = lambda _targets, _lost: None
        self.devices = ",".join(platform.ports.values())
        self.running = threading.Event()
        """Set while lldpd has been asked to run; it may still have ended by itself a moment ago."""

    def open(self) -> None:
        """See `Driver.open`; adopts the lldpd that an agent before has left running."""
        path = shutil.which(NAME)
        if path is None:
            return
        chassis = next(iter(self.platform.ports.values()), "*")
        self._program = Program(
            NAME,
            (path, "-dd", "-L", "", "-O", "/dev/null", "-u", self.socket, "-C", chassis, "-I", self.devices),
            environment=dict(RESOLVER),
            ready=self._answers,
            restarted=lambda: self._suspect(None, True),
        )
        if self._daemons.pid(NAME) is not None:
            self._start(self._program)

    def watch(self, suspect: Suspect) -> None:
        """See `Watching.watch`: an lldpd that had to be started again has forgotten what it was told."""
        self._suspect = suspect

    def close(self) -> None:
        """See `Driver.close`; lldpd goes on."""

    def refuse(self, wanted: Mapping[ObjectKey, State]) -> Mapping[ObjectKey, str]:
        """See `Driver.refuse`: what lldpd has no setting for."""
        return {target: reason for target, want in wanted.items() if (reason := self._refuse(want))}

    def _refuse(self, want: State) -> str:
        if self._program is None:
            return (
                "lldpd isn't installed (Debian package lldpd); set protocols lldp enable false to do without"
            )
        if isinstance(want, Lldp):
            for tlv in ALWAYS_SENT:
                if tlv not in want.tlvs:
                    return f"lldpd always sends the {tlv} TLV"
            if want.advertisement_interval * want.hold_time_multiplier > MAX_TTL_SECONDS:
                return (
                    f"a time to live of {want.advertisement_interval} x {want.hold_time_multiplier} s doesn't fit into "
                    f"an advertisement, and lldpd wouldn't cut it to {MAX_TTL_SECONDS} s but send another one"
                )
            if want.reinit_delay != REINIT_SECONDS:
                return (
                    f"lldpd has no adjustable reinit-delay; only the default of {REINIT_SECONDS} is accepted"
                )
            if want.transmit_delay != TRANSMIT_DELAY_SECONDS:
                return f"lldpd has no adjustable transmit-delay; only the default of {TRANSMIT_DELAY_SECONDS} is accepted"
        return ""

    def present(self) -> Iterable[ObjectKey]:
        """See `Driver.present`."""
        return [ObjectKey("lldp", "system")] if self._daemons.pid(NAME) is not None else []

    def observe(self, targets: Collection[ObjectKey]) -> Mapping[ObjectKey, State | None]:
        """See `Driver.observe`."""
        if self._daemons.pid(NAME) is None:
            return dict.fromkeys(targets)
        states: dict[ObjectKey, State | None] = {}
        with Connection(self.socket) as lldpd:
            interfaces = lldpd.interfaces() if any(t.kind == "lldp-port" for t in targets) else {}
            for target in targets:
                if target.kind == "lldp":
                    states[target] = _observe(lldpd.configuration())
                else:
                    interface = interfaces.get(self.platform.ports.get(target.key, ""))
                    states[target] = (
                        None if interface is None else _observe_port(target.key, interface.port())
                    )
        return states

    def observer(self) -> LldpDriver:
        """See `Driver.observer`: every look has a connection of its own."""
        return self

    def link_status(self) -> Mapping[str, LinkStatus]:
        """The kernel knows the devices better."""
        return {}

    def apply(self, steps: Sequence[Step]) -> None:
        """See `Driver.apply`; lldpd has no transactions, so one setting after the other."""
        if any(step.target.kind == "lldp" and step.want is None for step in steps):
            self.running.clear()
            self._daemons.stop(NAME)
            return
        if self._program is None:
            raise DriverError("lldpd isn't installed (Debian package lldpd)")
        self._start(self._program)
        with Connection(self.socket) as lldpd:
            interfaces = lldpd.interfaces()
            for step in steps:
                if isinstance(step.want, Lldp):
                    self._apply(lldpd.configuration(), step.want)
                    lldpd.chassis().set(Key.CHASSIS_CAP_ENABLED, _BRIDGE_AND_ROUTER)
                elif isinstance(step.want, LldpPort):
                    interface = interfaces.get(self.platform.ports[step.target.key])
                    if interface is None:
                        raise DriverError(f"{step.target}: lldpd doesn't see its network device")
                    _apply_port(step.target.key, interface.port(), step.want)
            lldpd.configuration().set(Key.TX_INTERVAL, SEND_NOW)

    def send(self) -> None:
        """Have lldpd send an advertisement on every port now; nothing while LLDP is off.

        Raises:
            DriverError: lldpd can't be asked.
        """
        if self.running.is_set():
            with Connection(self.socket) as lldpd:
                lldpd.configuration().set(Key.TX_INTERVAL, SEND_NOW)

    @property
    def pid(self) -> int | None:
        """The lldpd that runs."""
        return self._daemons.pid(NAME)

    def forget(self, ports: Collection[str]) -> dict[str, list[dict[str, Any]]]:
        """Have lldpd forget the neighbours at `ports`; those that were there, by network device.

        lldpd forgets them when a device isn't its business for a moment; what is set for the port stays.

        Raises:
            DriverError: it doesn't.
        """
        chosen = {self.platform.ports[port] for port in ports}
        before = {d: found for d, found in read(self.socket).neighbors.items() if d in chosen and found}
        if not before:
            return {}
        others = [d for d in self.platform.ports.values() if d not in chosen]
        with Connection(self.socket) as lldpd:
            lldpd.configuration().set(Key.INTERFACE_PATTERN, ",".join(others) or "!*")
            try:
                deadline = time.monotonic() + TIMEOUT
                while any(read(self.socket).neighbors.get(device) for device in before):
                    if time.monotonic() > deadline:
                        raise DriverError("lldpd doesn't forget its neighbours")
                    time.sleep(0.02)
            finally:
                lldpd.configuration().set(Key.INTERFACE_PATTERN, self.devices)
        return before

    def _start(self, program: Program) -> None:
        self._daemons.start(program)
        self.running.set()

    def _apply(self, settings: Atom, want: Lldp) -> None:
        settings.set(Key.PERMANENT_PATTERN, self.devices)  # what is set for a port stays when its device goes
        settings.set(Key.TX_INTERVAL, want.advertisement_interval)
        settings.set(Key.TX_HOLD, want.hold_time_multiplier)
        settings.set(Key.HOSTNAME, want.system_name)
        shown = description(self.platform) if "system-description" in want.tlvs else ""
        settings.set(Key.SYSTEM_DESCRIPTION, shown)
        settings.set(Key.CAPABILITIES_OVERRIDE, 1)
        settings.set(Key.CAPABILITIES_ADVERTISED, int("system-capabilities" in want.tlvs))
        settings.set(Key.ADDRESSES_ADVERTISED, int("management-address" in want.tlvs))

    def _answers(self) -> bool:
        try:
            Connection(self.socket).close()
        except DriverError:
            return False
        return True


def _observe(settings: Atom) -> Lldp:
    sent = {
        **dict.fromkeys(ALWAYS_SENT, True),
        "system-name": settings.text(Key.HOSTNAME) != "",
        "system-description": settings.text(Key.SYSTEM_DESCRIPTION) != "",
        "system-capabilities": settings.number(Key.CAPABILITIES_ADVERTISED) == 1,
        "management-address": settings.number(Key.ADDRESSES_ADVERTISED) == 1,
    }
    order = ("port-description", "system-name", "system-description", "system-capabilities")
    return Lldp(
        advertisement_interval=settings.number(Key.TX_INTERVAL),
        hold_time_multiplier=settings.number(Key.TX_HOLD),
        reinit_delay=REINIT_SECONDS,
        transmit_delay=TRANSMIT_DELAY_SECONDS,
        tlvs=tuple(tlv for tlv in (*order, "management-address", "mac-phy-cfg") if sent[tlv]),
        system_name=settings.text(Key.HOSTNAME),
    )


def _vlans(port: Atom) -> list[int]:
    listed = port.atom(Key.CUSTOM_TLVS)
    return [
        int.from_bytes(tlv.data(Key.CUSTOM_INFO), "big")
        for tlv in listed or ()
        if tlv.data(Key.CUSTOM_OUI) == IEEE_8021 and tlv.number(Key.CUSTOM_SUBTYPE) == PORT_VLAN_ID
    ]


def _observe_port(name: str, port: Atom) -> State | None:
    numbers = {number: status for status, number in STATUSES.items()}
    status, vlans = numbers.get(port.number(Key.PORT_STATUS)), _vlans(port)
    if port.text(Key.PORT_ID) != name or status is None or len(vlans) > 1:
        return None
    return LldpPort(status, port.text(Key.PORT_DESCRIPTION), vlans[0] if vlans else 0)


def _apply_port(name: str, port: Atom, want: LldpPort) -> None:
    port.set(Key.PORT_ID, name)
    port.set(Key.PORT_DESCRIPTION, want.description)
    port.set(Key.PORT_STATUS, STATUSES[want.status])
    if _vlans(port) != ([want.pvid] if want.pvid else []):
        tlv = port.create_tlv()
        tlv.set(Key.CUSTOM_OUI, IEEE_8021)
        tlv.set(Key.CUSTOM_SUBTYPE, PORT_VLAN_ID)
        if want.pvid:
            tlv.set(Key.CUSTOM_INFO, want.pvid.to_bytes(2, "big"))
        tlv.set(Key.CUSTOM_OPERATION, "replace" if want.pvid else "remove")
        port.set(Key.CUSTOM_TLV, tlv)
