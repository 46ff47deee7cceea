"""The kernel driver.

| object | in the kernel |
|---|---|
| link | a port's device: IFF_UP, MTU (frame size less 18 bytes), alias; with the userspace datapath also the guard |
| vlan-interface-link | device of a VLAN interface: up, MTU, alias, group `GROUP` which marks it as ours |
| management | the management port's device: its address and default route, or a DHCP client |
| addresses | IPv4 addresses of a VLAN interface or a loopback |
| route | routes of protocol `xorp` in the main table, one for each metric |
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from connetos_agent.dataplane.base import DriverError, ObjectKey, Step
from connetos_agent.dataplane.kernel import guard, sharing
from connetos_agent.dataplane.kernel.changes import (
    delete_address,
    delete_route,
    put_address,
    put_route,
    set_link,
)
from connetos_agent.dataplane.kernel.dhcp import DhcpClient
from connetos_agent.dataplane.kernel.identity import GROUP, LOOPBACK_GROUP, MAIN_TABLE, PROTOCOL
from connetos_agent.dataplane.kernel.links import Device, LinkReader
from connetos_agent.dataplane.kernel.rtnetlink import Netlink
from connetos_agent.dataplane.kernel.tables import UNICAST, addresses, routes
from connetos_agent.dataplane.platform import Platform
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.ports import Link, LinkStatus, Management
from connetos_agent.dataplane.states.routing import Addresses, Route
from connetos_agent.dataplane.states.vlans import VlanInterfaceLink

FRAME_OVERHEAD_BYTES = 18
"""Ethernet header (14) and frame check sequence (4), which a device's MTU doesn't count."""

DEFAULT = "0.0.0.0/0"
MANAGEMENT_METRIC = 20000
"""Metric of the management port's default route, so that a static default route wins over it."""


class KernelDriver:
    """Realises devices, addresses and routes. See `connetos_agent.dataplane.base.Driver`.

    Args:
        platform: the ports and their network devices.
        run_directory: for files that a reboot may lose.
        state_directory: for files that a reboot keeps.
        guard_ports: keep the host's stack away from switch ports (see `guard`).
    """

    name = "kernel"
    kinds = frozenset({"link", "vlan-interface-link", "management", "addresses", "route"})

    def __init__(
        self, platform: Platform, run_directory: Path, state_directory: Path, *, guard_ports: bool
    ) -> None:
        self.platform = platform
        self._directories = (run_directory, state_directory)
        self._guard_ports = guard_ports
        self._guard = -1
        self._held = contextlib.ExitStack()
        self._netlink: Netlink
        self._links: LinkReader
        self._guards: guard.GuardReader
        device = platform.management
        self._dhcp = DhcpClient(device, run_directory, state_directory) if device else None
        self._appliers: dict[str, Callable[[str, Any, Any], None]] = {
            "link": self._apply_link,
            "vlan-interface-link": self._apply_vlan_interface_link,
            "management": self._apply_management,
            "addresses": self._apply_addresses,
            "route": self._apply_route,
        }

    def open(self) -> None:
        """See `Driver.open`: netlink, forwarding, the guard program."""
        try:
            self._connect()
            self._sysctl("ipv4/ip_forward", "1")
            self._sysctl("ipv4/conf/all/promote_secondaries", "1")
            # An address is answered for on its own interface only, as on any router: not on another VLAN's.
            self._sysctl("ipv4/conf/all/arp_ignore", "1")
            self._sysctl("ipv4/conf/all/arp_announce", "2")
            if sharing.observe() is None:  # else it was configured
                self._sysctl("ipv4/fib_multipath_hash_policy", sharing.FIVE_TUPLE)
        except OSError as error:
            raise DriverError(
                f"the kernel's network can't be configured: {error.strerror}; is the agent root?"
            ) from error
        if self._guard_ports:
            self._guard = guard.load()
        for device in self.platform.ports.values():
            with contextlib.suppress(OSError):  # IPv6 may be absent, and so may the device
                self._sysctl(f"ipv6/conf/{device}/disable_ipv6", "1")

    def _connect(self) -> None:
        hold = self._held.enter_context
        self._netlink = hold(contextlib.closing(Netlink()))
        self._links = hold(contextlib.closing(LinkReader()))
        self._guards = hold(contextlib.closing(guard.GuardReader()))

    def close(self) -> None:
        """See `Driver.close`."""
        self._held.close()
        if self._guard >= 0:
            os.close(self._guard)

    @staticmethod
    def _sysctl(name: str, value: str) -> None:
        path = Path("/proc/sys/net") / name
        if path.read_text("ascii").strip() != value:
            path.write_text(value, "ascii")

    def refuse(self, wanted: Mapping[ObjectKey, State]) -> Mapping[ObjectKey, str]:
        """See `Driver.refuse`: devices that aren't there, sizes that a device can't do, a missing dhclient."""
        ports = {self.platform.ports[target.key] for target in wanted if target.kind == "link"}
        devices = self._links.named(ports)
        return {
            target: reason
            for target, want in wanted.items()
            if (reason := self._refuse(target, want, devices))
        }

    def _refuse(self, target: ObjectKey, want: State, devices: Mapping[str, Device]) -> str:
        if isinstance(want, Link):
            device = devices.get(self.platform.ports[target.key])
            if device is None:
                return f"its network device {self.platform.ports[target.key]} isn't there"
            low, high = device.min_mtu + FRAME_OVERHEAD_BYTES, device.max_mtu + FRAME_OVERHEAD_BYTES
            if not low <= want.frame_bytes <= high:
                return f"its network device can do an mtu from {low} to {high} bytes, not {want.frame_bytes}"
        if isinstance(want, VlanInterfaceLink) and want.mtu_bytes < 68:
            return f"an IPv4 interface needs an mtu of at least 68 bytes (RFC 791), not {want.mtu_bytes}"
        if isinstance(want, Management) and want.dhcp and not DhcpClient.installed():
            return "DHCP needs dhclient, which isn't installed (Debian package isc-dhcp-client)"
        return ""

    # -- looking --------------------------------------------------------------------------------------

    def present(self) -> Iterable[ObjectKey]:
        """See `Driver.present`."""
        found = [ObjectKey("route", prefix) for prefix in self._routes()]
        if self.platform.management:
            found.append(ObjectKey("management", "eth0"))
        found += [ObjectKey("link", port) for port in self.platform.ports]
        for device in self._links.all().values():
            if device.group == GROUP:
                found.append(ObjectKey("vlan-interface-link", device.name))
            if device.group in (GROUP, LOOPBACK_GROUP):
                found.append(ObjectKey("addresses", device.name))
        return found

    def observe(self, targets: Collection[ObjectKey]) -> Mapping[ObjectKey, State | None]:
        """See `Driver.observe`."""
        named = {t: self.platform.ports.get(t.key, "") if t.kind == "link" else t.key for t in targets}
        devices = self._links.named({named[t] for t in targets if t.kind not in ("route", "management")})
        known = self._routes() if any(t.kind == "route" for t in targets) else {}
        states: dict[ObjectKey, State | None] = {}
        for target in targets:
            device = devices.get(named[target])
            if target.kind == "route":
                states[target] = known.get(target.key)
            elif target.kind == "management":
                states[target] = self._observe_management()
            elif device is None:
                states[target] = None
            elif target.kind == "link":
                states[target] = self._observe_link(device)
            elif target.kind == "addresses":
                states[target] = self._observe_addresses(device)
            else:
                ours = device.up and device.group == GROUP
                states[target] = VlanInterfaceLink(device.mtu, device.alias) if ours else None
        return states

    def _observe_link(self, device: Device) -> State | None:
        if self._guard_ports and not self._guards.is_on(device.index):
            return None
        return Link(device.up, device.mtu + FRAME_OVERHEAD_BYTES, device.alias)

    @staticmethod
    def _ipv4(index: int) -> list[str]:
        return [known.address for known in addresses(index) if known.permanent]

    def _observe_addresses(self, device: Device) -> State | None:
        found = sorted(self._ipv4(device.index), key=_address_order)
        return Addresses(tuple(found)) if found else None

    def _observe_management(self) -> State | None:
        if self._dhcp is None or (device := self._links.one(self._dhcp.device)) is None:
            return None
        present = self._ipv4(device.index)
        gateways = [
            gateway
            for route in routes(MAIN_TABLE, PROTOCOL)
            for gateway, index in route.hops
            if route.prefix == DEFAULT and index == device.index
        ]
        return Management(
            address=present[0] if present else None,
            gateway=gateways[0] if gateways else None,
            dhcp=self._dhcp.running(),
        )

    def _routes(self) -> dict[str, Route]:
        names: dict[int, str] = {}
        hops: dict[str, list[tuple[int, str, str]]] = {}
        for route in routes(MAIN_TABLE, PROTOCOL):
            names = names or {device.index: device.name for device in self._links.all().values()}
            ways = [(gateway or "direct", names.get(index, "")) for gateway, index in route.hops]
            if route.kind == UNICAST and not any(out and out == self.platform.management for _, out in ways):
                hops.setdefault(route.prefix, []).extend((route.metric, *way) for way in ways)
        return {prefix: Route(tuple(sorted(found))) for prefix, found in hops.items()}

    def observer(self) -> KernelDriver:
        """See `Driver.observer`: another driver with a netlink socket of its own, used for looking only."""
        twin = KernelDriver(
            self.platform, self._directories[0], self._directories[1], guard_ports=self._guard_ports
        )
        twin._connect()
        return twin

    def link_status(self) -> Mapping[str, LinkStatus]:
        """See `Observer.link_status`."""
        ports = {device: port for port, device in self.platform.ports.items()}
        if self.platform.management:
            ports[self.platform.management] = "eth0"
        return {
            ports.get(device.name, device.name): LinkStatus(
                device.up, device.carrier, device.mac, device.index
            )
            for device in self._links.all().values()
            if device.name in ports or device.group == GROUP
        }

    # -- changing -------------------------------------------------------------------------------------

    def apply(self, steps: Sequence[Step]) -> None:
        """See `Driver.apply`; the kernel has no transactions, so one message after the other."""
        for step in steps:
            try:
                self._appliers[step.target.kind](step.target.key, step.have, step.want)
            except OSError as error:
                raise DriverError(f"{step.target}: the kernel says: {error.strerror}") from error

    def _need(self, name: str) -> Device:
        device = self._links.one(name)
        if device is None:
            raise DriverError(f"network device {name} isn't there")
        return device

    def _apply_link(self, port: str, _have: Link | None, want: Link | None) -> None:
        if want is None:
            return
        device = self._need(self.platform.ports[port])
        if self._guard_ports and not self._guards.is_on(device.index):
            guard.put_on(self._netlink, device.index, self._guard)
        mtu = want.frame_bytes - FRAME_OVERHEAD_BYTES
        changes: dict[str, Any] = {}
        if device.mtu != mtu:
            changes["mtu"] = mtu
        if device.alias != want.description:
            changes["alias"] = want.description
        if device.up != want.enabled:
            changes["up"] = want.enabled
        if changes:
            set_link(self._netlink, device.index, **changes)

    def _apply_vlan_interface_link(
        self, name: str, _have: State | None, want: VlanInterfaceLink | None
    ) -> None:
        if want is None:
            return  # the device goes away with its port in Open vSwitch
        device = self._need(name)
        changes: dict[str, Any] = {"up": True, "group": GROUP, "alias": want.description}
        if device.mtu != want.mtu_bytes:
            changes["mtu"] = want.mtu_bytes
        set_link(self._netlink, device.index, **changes)

    def _apply_management(self, _key: str, have: Management | None, want: Management | None) -> None:
        if self._dhcp is None or want is None:
            return
        device = self._need(self._dhcp.device)
        if not device.up:
            set_link(self._netlink, device.index, up=True)
        if self._dhcp.running() and not want.dhcp:
            self._dhcp.stop()
            for known in addresses(device.index):
                delete_address(self._netlink, device.index, known.address)
        if have is None or have.address != want.address:
            if want.address is not None:
                put_address(self._netlink, device.index, want.address)
            for address in self._ipv4(device.index):
                if address != want.address:
                    delete_address(self._netlink, device.index, address)
        known_as = {"table": MAIN_TABLE, "protocol": PROTOCOL, "metric": MANAGEMENT_METRIC}
        if want.gateway is not None:
            put_route(self._netlink, DEFAULT, [(want.gateway, device.index)], **known_as)
        elif have is not None and have.gateway is not None:
            delete_route(self._netlink, DEFAULT, index=device.index, **known_as)
        if want.dhcp and not self._dhcp.running():
            self._dhcp.start()

    def _apply_addresses(self, name: str, _have: State | None, want: Addresses | None) -> None:
        device = self._links.one(name)
        if device is None:
            if want is None:
                return
            raise DriverError(f"network device {name} isn't there")
        present, wanted = self._ipv4(device.index), want.addresses if want else ()
        for address in wanted:
            if address not in present:
                put_address(self._netlink, device.index, address)
        for address in present:
            if address not in wanted:
                delete_address(self._netlink, device.index, address)

    def _apply_route(self, prefix: str, have: Route | None, want: Route | None) -> None:
        wanted, present = _by_metric(want), _by_metric(have)
        for metric, hops in wanted.items():
            ways = [(gateway, self._need(interface).index) for gateway, interface in hops]
            put_route(self._netlink, prefix, ways, table=MAIN_TABLE, protocol=PROTOCOL, metric=metric)
        for metric in present.keys() - wanted.keys():
            delete_route(self._netlink, prefix, table=MAIN_TABLE, protocol=PROTOCOL, metric=metric)


def _by_metric(route: Route | None) -> dict[int, list[tuple[str, str]]]:
    groups: dict[int, list[tuple[str, str]]] = {}
    for metric, gateway, interface in route.next_hops if route else ():
        groups.setdefault(metric, []).append((gateway, interface))
    return groups


def _address_order(address: str) -> tuple[tuple[int, ...], int]:
    ip, _, length = address.partition("/")
    return tuple(map(int, ip.split("."))), int(length)
