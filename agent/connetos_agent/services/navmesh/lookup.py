"""Follows one flow through the switch: in at a port, over layer 2 or through the router, out at ports.

Every step names the table and the entry that decides it. What the tables don't tell is said to be unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from connetos_agent.services.navmesh.bridge import Output, Verdict
from connetos_agent.services.navmesh.filters import discard, note
from connetos_agent.services.navmesh.flow import Address, Flow
from connetos_agent.services.navmesh.kernel import NextHop
from connetos_agent.services.navmesh.path import DROPPED, FLOODED, FORWARDED, LOCAL, UNKNOWN, Path
from connetos_agent.services.navmesh.tables import Interface, Tables


@dataclass(frozen=True)
class Given:
    """What the caller knows besides the flow; empty where nothing: port, VLAN (None: the port's own choice), MACs."""

    port: str = ""
    vlan: int | None = None
    source_mac: str = ""
    destination_mac: str = ""


def given_of(arguments: Mapping[str, Any]) -> Given:
    """What an operation's arguments say of the frame."""
    return Given(
        port=arguments.get("ingress_port", ""),
        vlan=arguments.get("ingress_vlan"),
        source_mac=arguments.get("source_mac", "").lower(),
        destination_mac=arguments.get("destination_mac", "").lower(),
    )


class Lookup:
    """Looks one flow up.

    Args:
        tables: of this switch.
        flow: which.
        given: what is known of the frame.
    """

    def __init__(self, tables: Tables, flow: Flow, given: Given) -> None:
        self._tables = tables
        self._flow = flow
        self._given = given

    def paths(self) -> list[Path]:
        """All ways that the flow may take here; exactly one where the tables decide it."""
        if self._given.port:
            return list(self._from_port(self._given.port))
        return [path for start in self._starts() for path in self._from_start(*start)]

    # -- where it comes in ----------------------------------------------------------------------------

    def _starts(self) -> Iterator[tuple[Path, Interface | None, str, str]]:
        """Path so far, interface in whose VLAN it arrives, port, source MAC address; no port: it ends here."""
        flow, tables = self._flow, self._tables
        answer = tables.kernel.way_to(flow.source)
        if answer.kind == "local":
            path = Path(ingress={"port": "", "interface": "local", "vlan": None, "tagged": False, "up": True})
            path.step("route", str(flow.source), "an address of the switch itself")
            yield path, None, "", ""
            return
        if answer.kind != "unicast":
            yield (
                Path().end(UNKNOWN, f"where {flow.source} is isn't known: {answer.reason or answer.kind}"),
                None,
                "",
                "",
            )
            return
        for hop in answer.hops:
            path, interface, port, mac = self._start(hop)
            aggregate = tables.aggregate_of(port) if port else ""
            if not aggregate:
                yield path, interface, port, mac
            for member in tables.members(aggregate) if aggregate else ():
                ahead = path.fork()
                ahead.step("lag", aggregate, f"the sender chooses the member, which may be {member}")
                yield ahead, interface, member, mac

    def _start(self, hop: NextHop) -> tuple[Path, Interface | None, str, str]:
        flow, tables, path = self._flow, self._tables, Path()
        interface = tables.interface_at(hop.interface)
        if interface is None:
            return (
                path.end(UNKNOWN, f"{flow.source} is behind an interface that isn't a VLAN's"),
                None,
                "",
                "",
            )
        sender = hop.gateway or flow.source
        path.step("route", str(flow.source), f"comes over {interface.name} from {sender}")
        entry = tables.neighbour(interface, sender)
        path.step(
            "neighbour", f"{sender} on {interface.name}", f"{entry.mac or 'no address'} ({entry.state})"
        )
        if not entry.mac:
            reason = f"where {sender} is isn't known: no neighbour entry on {interface.name}"
            return path.end(UNKNOWN, reason), None, "", ""
        outputs = [o for o in tables.ports_to(interface, entry.mac) if tables.is_port(o.device)]
        if len(outputs) != 1:
            reason = f"at which port {sender} is isn't known: {entry.mac} isn't in the MAC table of VLAN {interface.vlan}"
            return path.end(UNKNOWN, reason), None, "", ""
        port = tables.port_of(outputs[0].device)
        path.step("mac", f"{entry.mac} in VLAN {interface.vlan}", port)
        return path, interface, port, entry.mac

    def _from_start(
        self, path: Path, interface: Interface | None, port: str, source_mac: str
    ) -> Iterator[Path]:
        if path.reason:
            yield path
        elif interface is None:
            yield from self._route(path, None)
        else:
            yield from self._enter_addressed(path, interface, port, source_mac)

    def _enter_addressed(
        self, path: Path, interface: Interface, port: str, source_mac: str
    ) -> Iterator[Path]:
        """Enter in the interface's VLAN with the MAC address that the sender gives the frame, if that is known."""
        destination_mac = self._given.destination_mac or self._addressed_to(path, interface)
        if not destination_mac:
            yield path.end(
                UNKNOWN,
                f"to which MAC address {self._flow.destination} is sent isn't known: no neighbour entry "
                f"on {interface.name}",
            )
            return
        yield from self._enter(path, port, interface.vlan, source_mac, destination_mac)

    def _addressed_to(self, path: Path, interface: Interface) -> str:
        """The MAC address that a sender in the interface's VLAN gives the frame: the destination's or the router's."""
        destination = self._flow.destination
        answer = self._tables.kernel.way_to(destination)
        direct = [
            hop for hop in answer.hops if hop.interface == interface.device.index and hop.gateway is None
        ]
        if answer.kind != "unicast" or not direct:
            path.step(
                "sender", str(destination), f"is sent to the switch's own address {interface.device.mac}"
            )
            return interface.device.mac
        entry = self._tables.neighbour(interface, destination)
        path.step(
            "sender", str(destination), f"is in the same subnet: sent to {entry.mac or 'an unknown address'}"
        )
        return entry.mac

    def _from_port(self, port: str) -> Iterator[Path]:
        given, tables = self._given, self._tables
        state = tables.vlans_of(port)
        vlan = given.vlan if given.vlan is not None else state.native_vlan if state else 0
        interface = tables.interface_in(vlan)
        destination_mac = given.destination_mac or (interface.device.mac if interface else "")
        path = Path()
        if given.source_mac and destination_mac:
            yield from self._enter(path, port, vlan, given.source_mac, destination_mac)
            return
        if interface is None:
            yield path.end(
                UNKNOWN, f"VLAN {vlan} has no VLAN interface here: give the MAC addresses of the frame"
            )
            return
        source_mac = given.source_mac or tables.neighbour(interface, self._sender(interface)).mac
        if not source_mac:
            yield path.end(UNKNOWN, f"the MAC address of {self._flow.source} isn't known here: give it")
            return
        yield from self._enter_addressed(path, interface, port, source_mac)

    def _sender(self, interface: Interface) -> Address:
        hops = self._tables.kernel.way_to(self._flow.source).hops
        behind = [hop.gateway for hop in hops if hop.interface == interface.device.index and hop.gateway]
        return behind[0] if behind else self._flow.source

    # -- through the bridge ---------------------------------------------------------------------------

    def _enter(
        self, path: Path, port: str, vlan: int, source_mac: str, destination_mac: str
    ) -> Iterator[Path]:
        tables = self._tables
        device = tables.device_of(port)
        state = tables.vlans_of(port)
        native = state.native_vlan if state else 0
        tagged = self._given.vlan is not None and (state is None or vlan != native or state.mode == "access")
        tagged = tagged or (self._given.vlan is None and vlan != native)
        down = tables.down(device)
        path.ingress = {"port": port, "interface": "", "vlan": vlan, "tagged": tagged, "up": not down}
        path.frame = {"ttl": self._flow.ttl, "source_mac": source_mac, "destination_mac": destination_mac}
        if state is not None:
            members = ",".join(map(str, state.vlans))
            path.step(
                "vlan",
                port,
                f"{state.mode}, native VLAN {native}, carries {members}",
                tables.port_lines(port),
            )
        if down:
            lines = tables.port_lines(port, part=("enable",))
            yield path.end(DROPPED, f"nothing arrives at {port}: {down}", lines)
            return
        verdict = tables.bridge.trace(
            device, source_mac, destination_mac, self._flow.header(), vlan if tagged else None
        )
        interface = tables.interface_in(vlan)
        path.step(
            "openflow",
            verdict.rules[0] if verdict.rules else "table 0",
            "; ".join(verdict.remarks) or "no remark",
        )
        note(path, verdict, tables)
        reached = [
            o.device for o in verdict.outputs if not tables.is_port(o.device) or not tables.down(o.device)
        ]
        if interface is not None and interface.name in reached and not any(map(tables.is_port, reached)):
            path.step("mac", f"{destination_mac} in VLAN {vlan}", f"the switch itself ({interface.name})")
            yield from self._route(path, interface)
        else:
            yield self._leave(path, verdict, port, vlan if tagged else None, vlan)

    def _leave(self, path: Path, verdict: Verdict, port: str, tag: int | None, vlan: int) -> Path:
        """The frame goes out of ports, or nowhere."""
        tables = self._tables
        if verdict.dropped:
            return self._dropped(path, verdict, port, vlan)
        outputs = [o for o in verdict.outputs if tables.is_port(o.device)]
        for output in outputs:
            path.egress.append(self._egress(output, vlan))
            name = path.egress[-1]["port"]
            if aggregate := tables.aggregate_of(name):
                path.step(
                    "lag",
                    aggregate,
                    f"member {name}, by the hash of this frame",
                    tables.port_lines(name, part=()),
                )
        if len(outputs) == 1:
            path.change("vlan-tag", tag, outputs[0].vlan)
        up = [e for e in path.egress if e["up"]]
        if verdict.learned:
            if not up:
                name = path.egress[0]["port"] if path.egress else "the port"
                reason = tables.down(tables.device_of(name)) if path.egress else "it isn't there"
                lines = tables.port_lines(name, part=("enable",)) if path.egress else []
                return path.end(DROPPED, f"{name} leads there, but {reason}", lines)
            return path.end(FORWARDED)
        if verdict.hashed:
            return path.end(
                UNKNOWN, "a link aggregation group leads there; which member isn't known from the tables"
            )
        if not up and (discarded := discard(path, verdict, tables)):
            return discarded
        reason = f"the MAC table of VLAN {vlan} doesn't have the destination: the frame goes to all its ports"
        return path.end(
            FLOODED if up else DROPPED, reason if up else f"VLAN {vlan} has no other port that is up"
        )

    def _egress(self, output: Output, vlan: int) -> dict[str, Any]:
        return {
            "port": self._tables.port_of(output.device),
            "vlan": vlan,
            "tagged": output.vlan is not None,
            "up": not self._tables.down(output.device),
        }

    def _dropped(self, path: Path, verdict: Verdict, port: str, vlan: int) -> Path:
        """Says why, in the switch's words where ovs-vswitchd's are about its own insides."""
        tables = self._tables
        if discarded := discard(path, verdict, tables):
            return discarded
        said = "; ".join(verdict.remarks)
        switching = f"set interface gigabit-ethernet {port} family ethernet-switching"
        state = tables.vlans_of(port) if port else None
        if "disallowed VLAN VID" in said or "dropping VLAN" in said:
            lines = tables.port_lines(port)
            if state is not None and state.mode == "access":
                reason = f"{port} is an access port of VLAN {state.native_vlan} not a trunk, and got VLAN {vlan} tagged"
                return path.end(DROPPED, reason, lines, f"{switching} port-mode trunk")
            return path.end(
                DROPPED,
                f"VLAN {vlan} isn't carried by trunk {port}",
                lines,
                f"{switching} vlan members {vlan}",
            )
        if "learned port is input port" in said:
            return path.end(
                DROPPED, f"the destination is at {port} too: a frame doesn't go back where it came from"
            )
        if "no learned MAC" in said:
            return path.end(
                DROPPED, f"VLAN {vlan} has no other port", tables.port_lines(port) if port else []
            )
        return path.end(DROPPED, f"Open vSwitch drops it: {said or 'without a reason (spanning tree?)'}")

    # -- through the router ---------------------------------------------------------------------------

    def _route(self, path: Path, interface: Interface | None) -> Iterator[Path]:
        flow, tables = self._flow, self._tables
        answer = tables.kernel.route(flow, interface.device.index if interface else 0)
        if answer.kind == "local":
            path.step("route", str(flow.destination), "an address of the switch itself")
            yield path.end(LOCAL)
            return
        if answer.kind != "unicast":
            missing = ""
            if answer.kind == "none" and flow.destination.version == 4:
                missing = f"set protocols static route {flow.destination}/32 next-hop <router>"
            yield path.end(DROPPED, answer.reason or f"its route is {answer.kind}", missing=missing)
            return
        lines = tables.route_lines(answer.prefix)
        if interface is not None and flow.ttl <= 1:
            yield path.end(DROPPED, "its time to live ends here")
            return
        hops = (answer.taken,) if answer.taken else answer.hops
        for hop in hops:
            ahead = path.fork()
            out = tables.interface_at(hop.interface)
            name = out.name if out else f"interface {hop.interface}"
            via = f"via {hop.gateway} " if hop.gateway else "directly "
            share = f", one of {len(answer.hops)} next hops" if len(answer.hops) > 1 else ""
            how = "" if answer.taken or not share else ": which one isn't known for this protocol"
            ahead.step(
                "route", f"{flow.destination} in {answer.prefix}", f"{via}on {name}{share}{how}", lines
            )
            yield self._send(ahead, interface, out, hop)

    def _send(self, path: Path, came: Interface | None, out: Interface | None, hop: NextHop) -> Path:
        flow, tables = self._flow, self._tables
        if out is None:
            path.egress.append({"port": "eth0", "vlan": None, "tagged": False, "up": True})
            return path.end(FORWARDED, "out of the management port")
        target = hop.gateway or flow.destination
        path.next_hop = str(target) if hop.gateway else ""
        if not out.device.up:
            return path.end(DROPPED, f"{out.name} is down", tables.interface_lines(out.name))
        entry = tables.neighbour(out, target)
        path.step("neighbour", f"{target} on {out.name}", f"{entry.mac or 'no address'} ({entry.state})")
        if not entry.usable:
            asked = entry.state in ("failed", "incomplete")
            reason = (
                f"{target} doesn't answer on {out.name}" if asked
                else f"nobody has asked yet for {target} on {out.name}: a packet makes the switch ask"
            )  # fmt: skip
            lines = tables.interface_lines(out.name)
            return path.end(DROPPED if asked else UNKNOWN, reason, lines if asked else [])
        if came is not None:
            path.change("ttl", flow.ttl, flow.ttl - 1)
            path.change("source-mac", path.frame["source_mac"], out.device.mac)
            path.change("destination-mac", path.frame["destination_mac"], entry.mac)
        path.frame = {
            "ttl": flow.ttl - 1 if came else flow.ttl, "source_mac": out.device.mac, "destination_mac": entry.mac,
        }  # fmt: skip
        leaving = replace(flow, ttl=flow.ttl - 1 if came else flow.ttl)
        verdict = tables.bridge.trace(out.name, out.device.mac, entry.mac, leaving.header())
        path.step(
            "mac", f"{entry.mac} in VLAN {out.vlan}",
            ", ".join(tables.port_of(o.device) for o in verdict.outputs) or "; ".join(verdict.remarks),
        )  # fmt: skip
        note(path, verdict, tables)
        tag = path.ingress["vlan"] if path.ingress and path.ingress.get("tagged") else None
        return self._leave(path, verdict, "", tag, out.vlan)
