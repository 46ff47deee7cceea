"""Operational state, as the data plane has it now."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from connetos_agent.config.manager import ConfigManager
from connetos_agent.dataplane.base import ObjectKey, Observer
from connetos_agent.dataplane.states import Addresses, Link, LinkStatus, Port, Route, State, VlanInterface
from connetos_sdk import __version__
from connetos_sdk.errors import NotFound
from connetos_sdk.model.paths import Path
from connetos_sdk.model.ranges import port_order
from connetos_sdk.model.rules import ROUTES, VLANS
from connetos_sdk.model.tree import Document, get


class StateReader:
    """Reads the state through observers of its own, so that it never waits for a commit.

    Args:
        manager: for the running configuration, whose objects are looked at.
    """

    def __init__(self, manager: ConfigManager) -> None:
        self._manager = manager
        self._observers: dict[str, Observer] = {}
        self._started = time.monotonic()
        self._areas: dict[str, Callable[[], Any]] = {
            "system": self.system,
            "interface": self.interfaces,
            "vlans": self.vlans,
            "vlan-interface": self.vlan_interfaces,
            "route": self.routes,
        }

    def open(self) -> None:
        """Take an observer of each driver; called in the thread that will read."""
        self._observers = {driver.name: driver.observer() for driver in self._manager.dataplane.drivers}

    def close(self) -> None:
        """Give the observers back."""
        for observer in self._observers.values():
            observer.close()

    def at(self, path: Path) -> Any:
        """State at `path`: an area and words below it; the empty path is everything.

        Raises:
            NotFound: there is no such state.
        """
        if not path:
            return {name: area() for name, area in self._areas.items()}
        if path[0] not in self._areas:
            raise NotFound("there is no such state", path=path, hint="one of " + ", ".join(self._areas))
        return get(self._areas[path[0]](), path[1:]) if path[1:] else self._areas[path[0]]()

    def _observe(self, targets: list[ObjectKey]) -> dict[ObjectKey, State | None]:
        found: dict[ObjectKey, State | None] = {}
        for driver in self._manager.dataplane.drivers:
            mine = [target for target in targets if target.kind in driver.kinds]
            if mine:
                found.update(self._observers[driver.name].observe(mine))
        return found

    def _links(self) -> Mapping[str, LinkStatus]:
        found: dict[str, LinkStatus] = {}
        for observer in self._observers.values():
            found.update(observer.link_status())
        return found

    @property
    def _running(self) -> Document:
        return self._manager.running.document

    def system(self) -> dict[str, Any]:
        """Version, data plane, uptime of the agent in seconds, running revision, what isn't as configured."""
        target = ObjectKey("hostname", "system")
        hostname = self._observe([target])[target]
        dataplane = self._manager.dataplane
        pending = self._manager.confirmation
        return {
            "hostname": getattr(hostname, "name", ""),
            "version": __version__,
            "model": dataplane.platform.model,
            "dataplane": dataplane.name,
            "forwarding": dataplane.name != "memory",
            "uptime_s": round(time.monotonic() - self._started, 3),
            "revision": self._manager.running.revision,
            "confirm": None
            if pending is None
            else {"revision": pending.revision, "deadline": pending.deadline},
            "troubles": list(self._manager.troubles),
        }

    def interfaces(self) -> dict[str, Any]:
        """Ports by name: admin and oper state, mtu in bytes (frame), VLANs; oper is `unknown` without a device."""
        names = sorted(self._manager.dataplane.platform.ports, key=port_order)
        states = self._observe([ObjectKey(kind, name) for name in names for kind in ("link", "port")])
        links = self._links()
        ports: dict[str, Any] = {}
        for name in names:
            link, port, status = (
                states[ObjectKey("link", name)],
                states[ObjectKey("port", name)],
                links.get(name),
            )
            entry: dict[str, Any] = {"oper": _oper(status)}
            if isinstance(link, Link):
                entry |= {
                    "admin": "up" if link.enabled else "down",
                    "mtu": link.frame_bytes,
                    "description": link.description,
                }
            if isinstance(port, Port):
                entry |= {
                    "port-mode": port.mode,
                    "native-vlan-id": port.native_vlan,
                    "vlans": list(port.vlans),
                }
            if status is not None:
                entry["mac"] = status.mac
            ports[name] = entry
        return {"gigabit-ethernet": ports, "management-ethernet": self._management(links)}

    def _management(self, links: Mapping[str, LinkStatus]) -> dict[str, Any]:
        if self._manager.dataplane.platform.management is None:
            return {}
        target = ObjectKey("management", "eth0")
        state = self._observe([target])[target]
        shown = {} if state is None else state.shown()
        return {"eth0": {**shown, "oper": _oper(links.get("eth0"))}}

    def vlans(self) -> dict[str, Any]:
        """VLANs by id: name, description, and the ports that carry them tagged and untagged."""
        entries = get(self._running, VLANS, {})
        ids = sorted({*entries, "1"}, key=int)
        vlans: dict[str, Any] = {
            vlan: {
                "vlan-name": entries.get(vlan, {}).get("vlan-name", "default"),
                "description": entries.get(vlan, {}).get("description", ""),
                "l3-interface": entries.get(vlan, {}).get("l3-interface", ""),
                "tagged": [],
                "untagged": [],
            }
            for vlan in ids
        }
        names = sorted(self._manager.dataplane.platform.ports, key=port_order)
        states = self._observe([ObjectKey("port", name) for name in names])
        for name in names:
            port = states[ObjectKey("port", name)]
            for vlan in port.vlans if isinstance(port, Port) else ():
                if str(vlan) in vlans and isinstance(port, Port):
                    vlans[str(vlan)]["untagged" if vlan == port.native_vlan else "tagged"].append(name)
        return {"vlan-id": vlans}

    def vlan_interfaces(self) -> dict[str, Any]:
        """VLAN interfaces by name: VLAN, addresses, mtu in bytes (IP packet), oper state and MAC address."""
        names = sorted(
            (e["l3-interface"] for e in get(self._running, VLANS, {}).values() if "l3-interface" in e),
            key=port_order,
        )
        states = self._observe([ObjectKey(k, n) for n in names for k in ("vlan-interface", "addresses")])
        links = self._links()
        interfaces: dict[str, Any] = {}
        for name in names:
            interface, addresses = (
                states[ObjectKey("vlan-interface", name)],
                states[ObjectKey("addresses", name)],
            )
            status = links.get(name)
            interfaces[name] = {
                "vlan-id": interface.vlan if isinstance(interface, VlanInterface) else None,
                "mtu": interface.mtu_bytes if isinstance(interface, VlanInterface) else None,
                "address": list(addresses.addresses) if isinstance(addresses, Addresses) else [],
                "oper": _oper(status),
                "mac": status.mac if status else "",
            }
        return {"interface": interfaces}

    def routes(self) -> dict[str, Any]:
        """Static routes by prefix, with the next hops that the kernel has for them."""
        prefixes = list(get(self._running, ROUTES, {}))
        states = self._observe([ObjectKey("route", prefix) for prefix in prefixes])
        routes: dict[str, Any] = {}
        for prefix in prefixes:
            route = states[ObjectKey("route", prefix)]
            hops = route.next_hops if isinstance(route, Route) else ()
            routes[prefix] = {
                "installed": isinstance(route, Route),
                "next-hop": [{"address": a, "metric": metric, "interface": i} for metric, a, i in hops],
            }
        return {"static": routes}


def _oper(status: LinkStatus | None) -> str:
    if status is None:
        return "unknown"
    return "up" if status.up and status.carrier else "down"
